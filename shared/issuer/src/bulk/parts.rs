//! A file lies in parts of 32 MiB, each put once by its owner and never changed after: an interrupted upload goes on with the part that is missing, and what was
//! counted is what is certified.

use super::{scan::Scanner, table::Table, upload::Upload};
use crate::{App, Error};
use anyhow::{Result, ensure};
use serde_json::{Value, json};
use std::time::Duration;

/// Parts of a file of that length.
pub(super) fn count(bytes: u64) -> u64 {
    bytes.div_ceil(PART)
}

/// Where a part is kept.
pub(super) fn key(upload: &Upload, part: u64) -> String {
    format!("uploads/{}/part-{part:04}", upload.id)
}

/// The parts that are not there yet, each with where it is put.
pub(super) async fn left(app: &App, upload: &Upload) -> Result<Vec<Value>> {
    let mut left = Vec::new();
    for part in 0..count(upload.bytes) {
        let key = key(upload, part);
        let (from, until) = (part * PART, ((part + 1) * PART).min(upload.bytes));
        if app.uploads.length(&key).await? != Some(until - from) {
            let url = app.uploads.entrance(&key, until - from, OPEN).await?;
            left.push(json!({
                "part": part, "from": from, "until": until, "method": "PUT", "url": url, "headers": { "if-none-match": "*" }
            }));
        }
    }
    Ok(left)
}

/// The bytes from `from` to before `until`, wherever parts end.
pub(super) async fn read(app: &App, upload: &Upload, from: u64, until: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut at = from;
    while at < until {
        let (part, begins) = (at / PART, at - at % PART);
        let end = until.min(begins + PART);
        let read = app.uploads.part(&key(upload, part), at - begins, end - begins).await?;
        ensure!(u64::try_from(read.len())? == end - at, "a part of an upload is shorter than it was");
        if bytes.is_empty() {
            bytes = read;
        } else {
            bytes.extend_from_slice(&read);
        }
        at = end;
    }
    Ok(bytes)
}

/// What the file begins with: its first line, and some rows if they are short.
pub(super) async fn head(app: &App, upload: &Upload) -> Result<Vec<u8>, Error> {
    let end = upload.bytes.min(PART);
    if app.uploads.length(&key(upload, 0)).await? != Some(end) {
        return Err(Error::UploadState("the first part of the file is not there yet"));
    }
    Ok(read(app, upload, 0, end.min(HEAD)).await?)
}

/// The table that the file's first line makes of it, and where the first row begins.
pub(super) async fn table(app: &App, upload: &Upload) -> Result<(Table, u64), Error> {
    let head = head(app, upload).await?;
    Table::read(&head, upload.bytes <= HEAD, upload.kind()).map_err(|fault| Error::Template(fault.to_string()))
}

/// Bytes of a part.
pub(super) const PART: u64 = 32 << 20;
/// Bytes that a preview looks at: the first line and a dozen of the longest rows.
const HEAD: u64 = 12 * Scanner::LONGEST;
/// How long a place to put a part is open.
const OPEN: Duration = Duration::from_hours(1);
