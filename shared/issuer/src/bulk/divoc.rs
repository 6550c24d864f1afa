//! DIVOC's own routes of uploads: the file as a form's field in one request, and its answers. What is done with the file is the same.

use super::{
    begin,
    errors::part,
    outcome::Tally,
    parts::{self, PART},
    row::Failed,
    table::rows,
    upload::{self, State as Stage, Upload},
};
use crate::{
    App, Error,
    auth::{By, Caller, Uploaders},
    error::rfc3339,
    http::{body, essence},
};
use anyhow::Result;
use axum::{
    body::{Body, Bytes},
    extract::{Path, Request, State},
    http::header,
    response::{IntoResponse, Response},
};
use credential::Kind;
use serde_json::{Map, Value, json};

pub(super) async fn vaccinations(
    State(app): State<App>,
    By(caller, ..): By<Uploaders>,
    request: Request,
) -> Result<Response, Error> {
    take(&app, &caller, Kind::Vaccination, request).await
}

pub(super) async fn tests(
    State(app): State<App>,
    By(caller, ..): By<Uploaders>,
    request: Request,
) -> Result<Response, Error> {
    take(&app, &caller, Kind::Test, request).await
}

/// 200 once the file is kept, has the right first line, and is sure to be worked on.
async fn take(app: &App, caller: &Caller, kind: Kind, request: Request) -> Result<Response, Error> {
    let (name, file) = file(request).await?;
    let bytes = u64::try_from(file.len()).unwrap_or(u64::MAX);
    if bytes > app.config.uploading.most_bytes {
        return Err(Error::BodyTooLarge(usize::try_from(app.config.uploading.most_bytes).unwrap_or(usize::MAX)));
    }
    // Said before anything is kept.
    super::table::Table::read(&file, true, kind).map_err(|fault| Error::Template(fault.to_string()))?;
    let upload = upload::keep(app, caller, &name, kind, bytes).await?;
    app.uploads.write(&parts::key(&upload, 0), &file, "text/csv").await?;
    let held = begin(app, upload::of(app, caller, &upload.id).await?).await?;
    Ok(([(header::LOCATION, held.upload.place(app))], axum::Json(held.upload.told(app, &[])?)).into_response())
}

/// Name and content of the field `file`.
async fn file(request: Request) -> Result<(String, Bytes), Error> {
    if essence(request.headers()) != FORM {
        return Err(Error::MediaType(FORM));
    }
    let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = multer::parse_boundary(media_type.unwrap_or_default());
    let boundary = boundary.map_err(|_| Error::Template("The form has no boundary.".into()))?;
    let form = body(request, usize::try_from(PART).unwrap_or(usize::MAX)).await?;
    let mut form = multer::Multipart::new(Body::from(form).into_data_stream(), boundary);
    let broken = |_| Error::Template("The form is broken.".into());
    while let Some(field) = form.next_field().await.map_err(broken)? {
        if field.name() == Some("file") {
            let name = field.file_name().unwrap_or("rows.csv").chars().take(256).collect();
            return Ok((name, field.bytes().await.map_err(broken)?));
        }
    }
    Err(Error::Template("The form has no field named file.".into()))
}

pub(super) async fn vaccination_uploads(
    State(app): State<App>,
    By(caller, ..): By<Uploaders>,
) -> Result<Response, Error> {
    uploads(&app, &caller, Kind::Vaccination).await
}

pub(super) async fn test_uploads(State(app): State<App>, By(caller, ..): By<Uploaders>) -> Result<Response, Error> {
    uploads(&app, &caller, Kind::Test).await
}

/// The caller's newest of a kind.
async fn uploads(app: &App, caller: &Caller, kind: Kind) -> Result<Response, Error> {
    let (uploads, _) = upload::own(app, caller, None).await?;
    let of_kind = uploads.iter().filter(|(upload, _)| upload.kind() == kind);
    let told = of_kind.map(|(upload, tallies)| row(upload, tallies)).collect::<Result<Value>>()?;
    Ok(axum::Json(told).into_response())
}

fn row(upload: &Upload, tallies: &[Tally]) -> Result<Value> {
    let failed = Tally::sum(tallies).failed;
    let status = match upload.state {
        Stage::Refused | Stage::Cancelled => "Failed",
        _ if !upload.is_done(tallies) => "Processing",
        _ if failed > 0 => "Failed",
        _ => "Success",
    };
    let at = rfc3339(upload.begun()?);
    Ok(json!({
        "ID": upload.id, "CreatedAt": at, "UpdatedAt": at, "DeletedAt": null, "Filename": upload.file_name, "UserID": upload.owner,
        "TotalRecords": upload.rows, "TotalErrorRows": failed, "Status": status,
    }))
}

/// The first of the rows that failed, by column, as DIVOC's page shows them.
pub(super) async fn errors(
    State(app): State<App>,
    By(caller, ..): By<Uploaders>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let upload = upload::of(&app, &caller, &id).await?.upload;
    if upload.names.is_empty() {
        return Ok(axum::Json(json!({ "columns": [], "errorRows": [] })).into_response());
    }
    let line = Failed::first_line(&upload.table()?)?;
    let (file, _) = part(&app, &upload, None).await?;
    let texts = |bytes: &[u8]| -> Vec<Vec<String>> {
        let texts = |row: csv::ByteRecord| row.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
        rows(bytes).filter_map(Result::ok).map(texts).collect()
    };
    let columns = texts(&line).into_iter().next().unwrap_or_default();
    let by_column = |row: Vec<String>| {
        Value::Object(columns.iter().cloned().zip(row.into_iter().map(Value::String)).collect::<Map<_, _>>())
    };
    let rows: Vec<_> = texts(&file).into_iter().map(by_column).collect();
    Ok(axum::Json(json!({ "columns": columns, "errorRows": rows })).into_response())
}

const FORM: &str = "multipart/form-data";
