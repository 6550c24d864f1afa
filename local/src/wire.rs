//! Answers to the SDK, made in this process.

use aws_smithy_runtime_api::{client::orchestrator::HttpResponse, http::StatusCode};
use aws_smithy_types::body::SdkBody;

/// An answer with this status and body.
pub(crate) fn response(status: u16, body: impl Into<SdkBody>) -> HttpResponse {
    let status = StatusCode::try_from(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR.into());
    HttpResponse::new(status, body.into())
}
