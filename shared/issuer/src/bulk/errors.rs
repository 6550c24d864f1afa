//! The rows that failed, as a file of the form that came in, in the order of the file.

use super::{
    outcome::{self, Outcome, chunk_of},
    row::Failed,
    upload::{self, Upload},
};
use crate::{
    App, Error,
    auth::{By, Uploaders},
    ports::Drawer,
};
use anyhow::{Context, Result};
use axum::{
    extract::{Path, Query, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Place {
    after: Option<u32>,
}

/// A part of the file, as large as an answer may be; `Link` says where it goes on. Put one behind the other the parts are the file: the first alone has the
/// first line.
pub(super) async fn errors(
    State(app): State<App>,
    By(caller, ..): By<Uploaders>,
    Path(id): Path<String>,
    Query(place): Query<Place>,
) -> Result<Response, Error> {
    let upload = upload::of(&app, &caller, &id).await?.upload;
    let (rows, next) = part(&app, &upload, place.after).await?;
    let first_line = match place.after {
        None if !upload.names.is_empty() => Failed::first_line(&upload.table()?)?,
        _ => Vec::new(),
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    let name = HeaderValue::try_from(format!("attachment; filename=\"{}.errors.csv\"", upload.id));
    headers.insert(header::CONTENT_DISPOSITION, name.context("a file's name")?);
    if let Some(next) = next {
        let link = HeaderValue::try_from(format!("<{}/errors?after={next}>; rel=\"next\"", upload.place(&app)));
        headers.insert(header::LINK, link.context("a link")?);
    }
    Ok((headers, [first_line, rows].concat()).into_response())
}

/// Rows of the chunks after that one, and the chunk after which more may come.
pub(super) async fn part(app: &App, upload: &Upload, after: Option<u32>) -> Result<(Vec<u8>, Option<u32>)> {
    // A number no chunk has: sheets after it are those of chunks, and others behind them.
    let mut after = after;
    let mut rows = Vec::new();
    loop {
        let from = after.map_or_else(|| "chunk".to_owned(), outcome::name);
        let sheets = app.cabinet.sheets(Drawer::Uploads, &upload.id, Some(&from), AT_A_TIME, (app.clock)()).await?;
        for sheet in &sheets {
            let Some(chunk) = chunk_of(&sheet.name) else { return Ok((rows, None)) };
            let outcome: Outcome = serde_json::from_str(&sheet.text).context("an outcome that is none")?;
            if let Some(key) = outcome.errors {
                rows.extend(app.uploads.read(&key).await?.context("a file of errors that is gone")?);
            }
            after = Some(chunk);
            if rows.len() >= ENOUGH {
                return Ok((rows, after));
            }
        }
        if sheets.len() < AT_A_TIME {
            return Ok((rows, None));
        }
    }
}

/// Bytes after which a part is long enough; with another chunk's, at most 2 MB with their faults, it stays below the 6 MB of a function's answer.
const ENOUGH: usize = 2 << 20;
const AT_A_TIME: usize = 1000;
