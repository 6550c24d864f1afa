//! Verify: what somebody shows, as JSON, QR code, picture or PDF, and the report on it.
//!
//! DIVOC specified `POST /divoc/api/v1/verify` for the role `verifier` with the answers 200, 401 and 400, and never built it. Here:
//!
//! - Whatever is shown is answered with 200 and a report, garbage included: "is this a valid certificate?" has an answer, which is no. To a border a forgery
//!   and a torn photograph are the same, and a client that took the one for an error would try again instead of refusing. 400 is left for a request that asks
//!   nothing: an empty body, an empty or too long batch.
//! - Several credentials: `{"credentials": […]}`, each an object, or a text as a QR code holds it. An envelope, not a bare array, so that it can't be mistaken
//!   for a credential, and may grow. Each is judged as the bytes that were sent, not as they would be written again.
//! - Where a certificate is ours, its status is what the table says now. Nothing of what is shown is stored or logged.

use crate::{
    App, Error,
    analytics::Use,
    auth,
    auth::By,
    http::{body, essence},
};
use anyhow::Context as _;
use axum::{
    Extension, Json, Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use credential::{CertificateId, Facts, Status};
use serde::Deserialize;
use serde_json::{json, value::RawValue};
use verifier::{Report, Standing, Trust, Unreadable, examine, gravity, read};

/// The one route.
pub fn routes() -> Router<App> {
    Router::new().route("/divoc/api/v1/verify", post(verify))
}

async fn verify(State(app): State<App>, By(..): By<auth::Verifiers>, request: Request) -> Result<Response, Error> {
    let shown = Shown::read(&app, request).await?;
    let trust = Trust::new(app.key_ring.keys().await?.into_iter().map(|key| key.method).collect());
    match shown {
        Shown::One(bytes) => {
            let (report, facts) = judged(&app, &trust, readable(bytes).await?).await?;
            let used = Use::verified(&app, [(report.verdict.as_str(), facts)]);
            Ok((Extension(used), Json(report)).into_response())
        }
        Shown::Several(texts) => {
            let (mut reports, mut verdicts) = (Vec::with_capacity(texts.len()), Vec::with_capacity(texts.len()));
            for text in texts {
                let json = read(text.as_bytes()).map(|reading| reading.json);
                let (report, facts) = judged(&app, &trust, json).await?;
                verdicts.push((report.verdict.as_str(), facts));
                reports.push(report);
            }
            let used = Use::verified(&app, verdicts);
            Ok((Extension(used), Json(json!({ "reports": reports }))).into_response())
        }
    }
}

/// What a request shows.
enum Shown {
    One(Vec<u8>),
    Several(Vec<String>),
}

impl Shown {
    async fn read(app: &App, request: Request) -> Result<Self, Error> {
        let media_type = essence(request.headers());
        let is_text = media_type == "text/plain" || media_type == "application/json" || media_type.ends_with("+json");
        if !is_text && !BINARY.contains(&media_type.as_str()) {
            return Err(Error::MediaType(TAKEN));
        }
        let bytes = body(request, if is_text { app.config.most_bytes } else { MOST_BYTES }).await?;
        if bytes.is_empty() {
            return Err(Error::Parameter("body", "it is empty".into()));
        }
        match serde_json::from_slice::<Batch>(&bytes) {
            Ok(batch) if media_type == "application/json" => batch.texts().map(Self::Several),
            _ => Ok(Self::One(bytes.into())),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch<'b> {
    #[serde(borrow)]
    credentials: Vec<&'b RawValue>,
}

impl Batch<'_> {
    fn texts(self) -> Result<Vec<String>, Error> {
        if !(1..=MOST_CREDENTIALS).contains(&self.credentials.len()) {
            return Err(Error::Parameter("credentials", format!("1 to {MOST_CREDENTIALS} of them").into()));
        }
        let text = |raw: &&RawValue| serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned());
        Ok(self.credentials.iter().map(text).collect())
    }
}

/// The credential in what was shown. Looking for a QR code takes up to some seconds of one processor, so that it must not hold up other callers.
pub(crate) async fn readable(bytes: Vec<u8>) -> Result<Result<String, Unreadable>, Error> {
    let reading = tokio::task::spawn_blocking(move || read(&bytes).map(|reading| reading.json)).await;
    reading.context("reading what was shown").map_err(Error::Internal)
}

/// The report, and what it may be counted by: what the credential says, where a trusted key signed it.
async fn judged(app: &App, trust: &Trust, json: Result<String, Unreadable>) -> Result<(Report, Option<Facts>), Error> {
    let json = match json {
        Ok(json) => json,
        Err(why) => return Ok((Report::unreadable(&why), None)),
    };
    let report = match examine(&json, trust) {
        Ok(examined) => {
            let standing = standing(app, &examined.certificate_ids()).await?;
            examined.report(standing, (app.clock)())
        }
        Err(report) => *report,
    };
    let facts = report.facts.as_ref().and_then(|_| serde_json::from_str(&json).ok());
    Ok((report, facts))
}

/// What the table says of certificates under these ids; the gravest counts.
async fn standing(app: &App, ids: &[CertificateId]) -> Result<Standing, Error> {
    let mut found: Option<Status> = None;
    for id in ids {
        let status = app.journal.status_of(id).await?.map(|status| status.at((app.clock)()));
        found = found.into_iter().chain(status).max_by_key(|status| gravity(*status));
    }
    Ok(found.map_or(Standing::NotChecked, Standing::Recorded))
}

/// The most credentials of one batch: as many as one call may certify.
const MOST_CREDENTIALS: usize = 100;
/// The most bytes of a picture or PDF: what API Gateway and Lambda pass on, coded in base64, is a little less.
const MOST_BYTES: usize = 5 * 1024 * 1024;
const BINARY: [&str; 4] = ["application/octet-stream", "image/png", "image/jpeg", "application/pdf"];
const TAKEN: &str = "application/json, text/plain, application/octet-stream, image/png, image/jpeg or application/pdf";
