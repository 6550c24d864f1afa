//! Bulk: a file of many rows comes in, DIVOC's CSV of vaccinations or of tests, and every row that can become a certificate does. The others come back as a file
//! of the same form with what is wrong in a last column, to be mended and brought again.
//!
//! The file goes in parts straight to where it is kept (`parts`). Its rows are counted first, as a whole; then it is worked on in chunks of a thousand
//! (`work`). Memory is the same for ten rows and for ten million. A row goes the way of the certify route (`row`), so a file that is brought twice certifies
//! nobody twice.

mod divoc;
mod errors;
mod outcome;
mod parts;
mod preview;
mod row;
mod scan;
mod table;
mod upload;
mod work;

pub(crate) use work::work;

use crate::{
    App, Error,
    auth::{By, Uploaders},
    body::Body,
    http::Json,
};
use axum::{
    Router,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use credential::Kind;
use serde::Deserialize;
use serde_json::json;
use upload::Held;

/// Ours, and DIVOC's.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/v1/uploads", post(announce))
        .route("/divoc/api/v1/uploads", get(list))
        .route("/divoc/api/v1/uploads/{uploadId}", get(progress).delete(cancel))
        .route("/divoc/api/v1/uploads/{uploadId}/parts", get(left))
        .route("/divoc/api/v1/uploads/{uploadId}/preview", get(preview::preview))
        .route("/divoc/api/v1/uploads/{uploadId}/start", post(start))
        .route("/divoc/api/v1/uploads/{uploadId}/errors", get(errors::errors))
        .route("/divoc/api/v1/bulkCertify", post(divoc::vaccinations))
        .route("/divoc/api/v1/certify/uploads", get(divoc::vaccination_uploads))
        .route("/divoc/api/v1/certify/uploads/{uploadId}/errors", get(divoc::errors))
        .route("/divoc/api/v1/test/bulkCertify", post(divoc::tests))
        .route("/divoc/api/v1/test/certify/uploads", get(divoc::test_uploads))
        .route("/divoc/api/v1/test/certify/uploads/{uploadId}/errors", get(divoc::errors))
}

/// 201 with where the file's parts are put. Nothing is worked on before the caller has seen the preview and says so.
async fn announce(State(app): State<App>, By(caller, ..): By<Uploaders>, body: Json) -> Result<Response, Error> {
    let mut members = Body::of(&body.0);
    let name = members.text_of("fileName", 1..=256).unwrap_or("rows.csv");
    let kind = members.word("kind", [Kind::Vaccination, Kind::Test], Kind::as_str, Kind::Vaccination);
    let bytes = members.required_number("bytes", 1..=app.config.uploading.most_bytes);
    let (name, bytes) = members.done(bytes.map(|bytes| (name, bytes)))?;
    let upload = upload::keep(&app, &caller, name, kind, bytes).await?;
    let place = upload.place(&app);
    let told = json!({ "upload": upload.told(&app, &[])?, "parts": parts::left(&app, &upload).await? });
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], axum::Json(told)).into_response())
}

#[derive(Deserialize)]
struct Place {
    after: Option<String>,
}

/// The caller's own, the newest first.
async fn list(
    State(app): State<App>,
    By(caller, ..): By<Uploaders>,
    Query(place): Query<Place>,
) -> Result<Response, Error> {
    let (uploads, next) = upload::own(&app, &caller, place.after.as_deref()).await?;
    let told = uploads.iter().map(|(upload, tallies)| upload.told(&app, tallies)).collect::<Result<Vec<_>, _>>()?;
    Ok(axum::Json(json!({ "uploads": told, "next": next })).into_response())
}

async fn progress(
    State(app): State<App>,
    By(caller, ..): By<Uploaders>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let (upload, tallies) = upload::with_tallies(&app, &id).await?;
    upload.may_be_seen_by(&caller)?;
    Ok(axum::Json(upload.told(&app, &tallies)?).into_response())
}

/// The parts that are not there yet, each with a new place to put it: how an upload goes on that was interrupted.
async fn left(
    State(app): State<App>,
    By(caller, ..): By<Uploaders>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let held = upload::of(&app, &caller, &id).await?;
    Ok(axum::Json(json!({ "parts": parts::left(&app, &held.upload).await? })).into_response())
}

/// 202 once the work is sure to be done. A second call finds it begun, and sends for the worker again, should the first call not have come so far.
async fn start(
    State(app): State<App>,
    By(caller, ..): By<Uploaders>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let held = upload::of(&app, &caller, &id).await?;
    let begun = begin(&app, held).await?;
    let told = begun.upload.told(&app, &[])?;
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, begun.upload.place(&app))], axum::Json(told)).into_response())
}

/// Lets the work begin on a file that is there as a whole and has the right first line.
async fn begin(app: &App, held: Held) -> Result<Held, Error> {
    let mut held = held;
    if held.upload.state == upload::State::Waiting {
        if !parts::left(app, &held.upload).await?.is_empty() {
            return Err(Error::UploadState("parts of the file are not there yet"));
        }
        let (table, rows_from) = parts::table(app, &held.upload).await?;
        held = held.with(|upload| upload.counts_from(table, rows_from)).saved(app).await?.ok_or_else(upload::busy)?;
    }
    match held.upload.state {
        upload::State::Refused | upload::State::Cancelled => Err(Error::UploadState("the upload is over")),
        _ => {
            app.queue.send(&[work::first(&held.upload)?]).await?;
            Ok(held)
        }
    }
}

/// Nothing of it is worked on any more. What was certified stays so; an upload that is done stays done.
async fn cancel(
    State(app): State<App>,
    By(caller, ..): By<Uploaders>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    for _ in 0..TRIES {
        let held = upload::of(&app, &caller, &id).await?;
        let (upload, tallies) = upload::with_tallies(&app, &id).await?;
        if upload.is_done(&tallies) || upload.state == upload::State::Refused {
            return Err(Error::UploadState("the upload is over"));
        }
        let over = held.with(|upload| upload.state = upload::State::Cancelled);
        if let Some(held) = over.saved(&app).await? {
            return Ok(axum::Json(held.upload.told(&app, &tallies)?).into_response());
        }
    }
    Err(upload::busy())
}

/// An upload that is worked on changes some times in a second at most.
const TRIES: u32 = 20;
