//! Declarations: a source says what it sent on a day, part by part, so that the check can say what is missing.

use super::{
    entry::{Buckets, Declared, Slot, letters},
    recent_day, soon_gone,
};
use crate::{
    App, Error,
    auth::{By, Certifiers},
    body::Body,
    fetch::fingerprint,
    http::{body, essence},
    ports::{Commit, Drawer, Sheet},
};
use anyhow::Result;
use axum::{
    extract::{Path, Query, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use credential::{
    BeneficiaryCode, Code, Dose, Event, EventDigest, Fault, Faults, Occasion, ProgrammeId, Schema, SlotKey,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use time::Date;

/// In which schema whole events were sent.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct How {
    schema: Option<String>,
}

impl How {
    fn schema(&self) -> Result<Schema, Error> {
        match self.schema.as_deref() {
            None | Some("v1") => Ok(Schema::V1),
            Some("v3") => Ok(Schema::V3),
            Some("test") => Ok(Schema::Test),
            Some(_) => Err(Error::Parameter("schema", "v1, v3 or test".into())),
        }
    }
}

/// JSON lines: whole events as they were sent, or who and what alone (`preEnrollmentCode`, `programId`, `dose` or `sampleCollectionTimestamp`). Checked as a
/// whole; the same part again is the first one.
pub(super) async fn declare(
    State(app): State<App>,
    By(caller, ..): By<Certifiers>,
    Path(day): Path<String>,
    Query(how): Query<How>,
    request: Request,
) -> Result<Response, Error> {
    let day = recent_day(&day, (app.clock)())?;
    let schema = how.schema()?;
    if !MEDIA_TYPES.contains(&essence(request.headers()).as_str()) {
        return Err(Error::MediaType("application/jsonl"));
    }
    let bytes = body(request, app.config.most_bytes).await?;
    let id = fingerprint(&[day.to_string().as_bytes(), caller.subject.as_bytes(), &bytes]);
    let declared = read(&app, &String::from_utf8_lossy(&bytes), schema)?;
    let mut sheets = sheets(&app, day, &id, &declared).await?;
    let part = json!({ "actor": caller.subject, "lines": declared.len() }).to_string();
    sheets.push(Sheet::new(Drawer::Checks, parts_folder(day), &id, part).until(soon_gone(day)));
    // Lost: it was declared before.
    if app.cabinet.put(&sheets, (app.clock)()).await? == Commit::Stored {
        tracing::info!(declaration.id = id, lines = declared.len(), "declared");
    }
    let told = json!({ "declarationId": id, "day": day.to_string(), "lines": declared.len() });
    Ok((StatusCode::CREATED, axum::Json(told)).into_response())
}

/// The rows of an uploaded file, which so say that they were sent: looked for like all that is declared. It makes nobody a source whose every certificate must
/// be declared. A second call under the same name changes nothing.
pub(crate) async fn declare_rows(
    app: &App,
    name: &str,
    rows: impl IntoIterator<Item = (&SlotKey, &EventDigest)>,
) -> Result<()> {
    let now = (app.clock)();
    let line = |(slot, digest): (&SlotKey, &EventDigest)| {
        let (slot, digest) = (Slot::of(slot)?, Some(letters(digest)));
        Ok(Declared { slot, digest, line: None, declaration: String::new() })
    };
    let declared = rows.into_iter().map(line).collect::<Result<Vec<_>>>()?;
    let sheets = sheets(app, now.date(), name, &declared).await?;
    if !sheets.is_empty() {
        app.cabinet.put(&sheets, now).await?;
    }
    Ok(())
}

/// The lines, all of them, or all their faults; a fault's pointer begins with the line's number, from 0.
fn read(app: &App, text: &str, schema: Schema) -> Result<Vec<Declared>, Error> {
    let (mut declared, mut faults) = (Vec::new(), Vec::new());
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match read_line(app, line, schema) {
            Ok((slot, digest)) => {
                let line = u64::try_from(index).ok().map(|index| index + 1);
                declared.push(Declared { slot: Slot::of(&slot)?, digest, line, declaration: String::new() });
            }
            Err(found) => faults.extend(found.0.into_iter().map(|fault| {
                let pointer = format!("/{index}{}", fault.pointer);
                Fault { pointer, ..fault }
            })),
        }
    }
    if declared.is_empty() && faults.is_empty() || declared.len() > MOST_LINES {
        let detail = format!("a part has 1 to {MOST_LINES} lines");
        faults.push(Fault { pointer: String::new(), code: Code::TooLong, detail });
    }
    if faults.is_empty() { Ok(declared) } else { Err(Error::Invalid(Faults(faults))) }
}

fn read_line(app: &App, line: &str, schema: Schema) -> Result<(SlotKey, Option<String>), Faults> {
    let fault = |pointer: &str, code, detail: &str| {
        Faults(vec![Fault { pointer: pointer.to_owned(), code, detail: detail.to_owned() }])
    };
    let item: Value = serde_json::from_str(line).map_err(|_| fault("", Code::Type, "the line is no JSON"))?;
    if item.get("recipient").is_some() {
        let events = Event::parse_all(&json!([item]), schema, (app.clock)(), &app.config.rules);
        let events = events.map_err(|Faults(faults)| {
            let inside = |fault: Fault| Fault { pointer: fault.pointer.replacen("/0", "", 1), ..fault };
            Faults(faults.into_iter().map(inside).collect())
        })?;
        let event = events.first().ok_or_else(|| fault("", Code::Type, "the line is no event"))?;
        return Ok((event.slot(), Some(letters(&event.digest()))));
    }
    let mut body = Body::of(&item);
    let code = body.required("preEnrollmentCode").and_then(BeneficiaryCode::parse);
    let programme = ProgrammeId::parse(body.text("programId").unwrap_or_default());
    let occasion = if body.member("sampleCollectionTimestamp").is_some() {
        body.time("sampleCollectionTimestamp").map(Occasion::Sample)
    } else {
        body.required_number("dose", 1..=Dose::MAX.into()).and_then(Dose::new).map(Occasion::Dose)
    };
    let slot = code.zip(programme).zip(occasion);
    let slot = slot.map(|((beneficiary, programme), occasion)| SlotKey { programme, beneficiary, occasion });
    match body.done(slot) {
        Ok(slot) => Ok((slot, None)),
        Err(Error::Invalid(faults)) if !faults.0.is_empty() => Err(faults),
        Err(_) => Err(fault("", Code::Format, "the code or the programme is none")),
    }
}

/// The lines of a declaration, each in its bucket.
async fn sheets(app: &App, day: Date, id: &str, declared: &[Declared]) -> Result<Vec<Sheet>> {
    let buckets = Buckets::new(&app.pepper.contact_key().await?);
    let mut filled: BTreeMap<u8, Vec<&Declared>> = BTreeMap::new();
    for line in declared {
        filled.entry(buckets.of(&line.slot)).or_default().push(line);
    }
    let sheet = |(bucket, lines): (u8, Vec<&Declared>)| {
        let text = serde_json::to_string(&lines)?;
        Ok(Sheet::new(Drawer::Checks, folder(day, bucket), id, text).until(soon_gone(day)))
    };
    filled.into_iter().map(sheet).collect()
}

/// Where the declarations of a day are named.
pub(super) fn parts_folder(day: Date) -> String {
    format!("{day}-parts")
}

/// Where their lines of a bucket are.
pub(super) fn folder(day: Date, bucket: u8) -> String {
    format!("{day}-declared-{bucket:02}")
}

const MEDIA_TYPES: [&str; 2] = ["application/jsonl", "application/x-ndjson"];
/// As many as fit into one item, should they all be of one bucket.
const MOST_LINES: usize = 1_000;
