//! The first rows of a file as they will be certified, before anything is: a column in the wrong place shows here, not on a million certificates.

use super::{
    parts,
    row::{RowFault, event, is_blank},
    table::{self, Table},
    upload,
};
use crate::{
    App, Error,
    auth::{By, Uploaders},
    certify::{sample, too_large_for_a_qr_code},
};
use axum::{
    extract::{Path, State},
    response::{IntoResponse, Response},
};
use csv::ByteRecord;
use serde_json::{Value, json};

pub(super) async fn preview(
    State(app): State<App>,
    By(caller, ..): By<Uploaders>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let upload = upload::of(&app, &caller, &id).await?.upload;
    let (table, rows_from) = parts::table(&app, &upload).await?;
    let head = parts::head(&app, &upload).await?;
    let from = usize::try_from(rows_from).unwrap_or(usize::MAX);
    let mut told = Vec::new();
    for (index, row) in table::rows(head.get(from..).unwrap_or_default()).take(ROWS).enumerate() {
        // What cannot be read from memory is not there.
        let Ok(row) = row else { break };
        if !is_blank(&row) {
            told.push(one(&app, &table, index + 2, &row).await?);
        }
    }
    let passed_over = table.names.iter().zip(&table.columns).filter(|(_, column)| column.is_none());
    let passed_over: Vec<_> = passed_over.map(|(name, _)| name).collect();
    Ok(axum::Json(json!({ "kind": table.kind.as_str(), "passedOver": passed_over, "rows": told })).into_response())
}

/// One row: what its certificate will say, or what is wrong. The first line is row 1, as spreadsheets count.
async fn one(app: &App, table: &Table, number: usize, row: &ByteRecord) -> Result<Value, Error> {
    let read = event(table, row, (app.clock)(), &app.config.rules);
    let faults = match read {
        Ok(event) => {
            let sample = sample(app, &event)?;
            match too_large_for_a_qr_code(app, &sample).await? {
                Some(fault) => vec![RowFault::of_row(fault)],
                None => return Ok(json!({ "row": number, "certificate": shown(sample.document()) })),
            }
        }
        Err(faults) => faults,
    };
    let faults: Vec<_> = faults.iter().map(|fault| json!({ "column": fault.column, "detail": fault.detail })).collect();
    Ok(json!({ "row": number, "errors": faults }))
}

/// What a credential says, without what only a certificate that exists can have.
fn shown(document: &serde_json::Map<String, Value>) -> Value {
    let evidence = document.get("evidence").and_then(|evidence| evidence.get(0)).cloned();
    let mut evidence = evidence.unwrap_or_default();
    if let Some(members) = evidence.as_object_mut() {
        for name in ["id", "certificateId", "feedbackUrl", "infoUrl"] {
            members.shift_remove(name);
        }
    }
    json!({ "credentialSubject": document.get("credentialSubject"), "evidence": evidence })
}

/// Enough to see that each column is where it should be.
const ROWS: usize = 10;
