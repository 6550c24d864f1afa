//! What is open to all beside the keys: health, the API's description, DIVOC's contexts, and a start page that shows what runs.

use crate::App;
use axum::{
    Router,
    http::header,
    response::{Html, IntoResponse, Response},
    routing::get,
};

/// The open routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/", get(async || Html(include_str!("site.html"))))
        .route("/health", get(async || text("application/json", r#"{"status":"ok"}"#)))
        .route("/openapi.yaml", get(async || text("application/yaml", OPENAPI)))
        .route(
            "/credentials/vaccination/v1",
            get(async || text("application/ld+json", credential::context::VACCINATION_V1)),
        )
        .route(
            "/credentials/vaccination/v2",
            get(async || text("application/ld+json", credential::context::VACCINATION_V2)),
        )
        .route(
            "/credentials/testCertificate/v1",
            get(async || text("application/ld+json", credential::context::TEST_CERTIFICATE_V1)),
        )
}

/// The API's description (OpenAPI 3.1).
pub const OPENAPI: &str = include_str!("../openapi.yaml");

fn text(media_type: &'static str, body: &'static str) -> Response {
    (
        [
            (header::CONTENT_TYPE, media_type),
            (header::CACHE_CONTROL, "public, max-age=300"),
            (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        ],
        body,
    )
        .into_response()
}
