//! Where certificates stand, for verifiers: signed lists to carry along, lists in the W3C's form, and DIVOC's question for one certificate. Open to all.
//!
//! Lists are files that [`publish`] makes; nothing is signed when somebody asks. DIVOC's question is answered from the records and so is never late.

mod publish;

pub(crate) use publish::positions_secret;
pub use publish::publish;

use crate::{
    App, Error,
    http::{Json, not_modified},
};
use anyhow::Context;
use aws_lc_rs::digest;
use axum::{
    Router,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::{CertificateId, Status, bitstring::Purpose};
use publish::{JOSE, LATEST, VC_JWT, bitstring_key, delta_key, list_key};
use serde_json::{Value, json};

/// Lists, deltas, the W3C's lists, and the question for one certificate.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/status/latest", get(pointer).head(pointer))
        .route("/status/revocations", get(newest_list).head(newest_list))
        .route("/status/revocations/{number}", get(numbered_list).head(numbered_list))
        .route("/status/deltas/{from}", get(delta).head(delta))
        .route("/status/lists/{number}/{purpose}", get(bitstring).head(bitstring))
        .route("/divoc/api/v1/certificate/revoked", post(is_revoked))
        .route("/cert/api/certificate/revoked", post(is_revoked))
}

async fn pointer(State(app): State<App>, headers: HeaderMap) -> Result<Response, Error> {
    file(&app, &headers, LATEST, "application/json", SOON).await
}

async fn newest_list(State(app): State<App>, headers: HeaderMap) -> Result<Response, Error> {
    let pointer = app.public_files.read(LATEST).await?.ok_or(Error::NoList)?;
    let pointer: Value = serde_json::from_slice(&pointer).context("the pointer is no JSON")?;
    let number = pointer.get("number").and_then(Value::as_u64).context("the pointer names no list")?;
    file(&app, &headers, &list_key(number), JOSE, SOON).await
}

async fn numbered_list(State(app): State<App>, Path(number): Path<u64>, headers: HeaderMap) -> Result<Response, Error> {
    file(&app, &headers, &list_key(number), JOSE, NEVER).await
}

async fn delta(State(app): State<App>, Path(from): Path<u64>, headers: HeaderMap) -> Result<Response, Error> {
    file(&app, &headers, &delta_key(from), JOSE, NEVER).await
}

async fn bitstring(
    State(app): State<App>,
    Path((number, purpose)): Path<(u64, String)>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    let purpose = Purpose::ALL.into_iter().find(|known| known.as_str() == purpose).ok_or(Error::NoList)?;
    file(&app, &headers, &bitstring_key(number, purpose), VC_JWT, SOON).await
}

/// DIVOC's question, under DIVOC's statuses: 200 for a certificate that is revoked, superseded or suspended, 404 for one that is not. The certificate's id
/// decides alone; dose and beneficiary, by which DIVOC looked too, can be altered under its signature.
async fn is_revoked(State(app): State<App>, body: Json) -> Result<Response, Error> {
    let id = body.0.pointer("/evidence/0/certificateId").and_then(Value::as_str);
    let id = id.and_then(CertificateId::parse).ok_or(Error::NoEvidence)?;
    let status = app.journal.status_of(&id).await?.unwrap_or_default().at((app.clock)());
    if status == Status::Valid {
        return Err(Error::NotRevoked);
    }
    let answer = json!({ "certificateId": id.as_str(), "status": status.as_str() });
    Ok(axum::Json(answer).into_response())
}

/// How long anyone may keep what changes: half of the minute within which a change is published.
const SOON: &str = "public, max-age=30";
/// The same for what stays as it is.
const NEVER: &str = "public, max-age=31536000, immutable";

/// A public file, which anyone may keep for a while.
async fn file(
    app: &App,
    headers: &HeaderMap,
    key: &str,
    media_type: &'static str,
    changes: &'static str,
) -> Result<Response, Error> {
    let bytes = app.public_files.read(key).await?.ok_or(Error::NoList)?;
    let etag = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &bytes));
    let mut response = not_modified(headers, &etag).unwrap_or_else(|| {
        let headers = [(header::CONTENT_TYPE, media_type.to_owned()), (header::ETAG, format!("\"{etag}\""))];
        (headers, bytes).into_response()
    });
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(changes));
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}
