//! The edge in front of the service (CloudFront with its firewall, `infra/edge.yaml`), where a country has one: a request that went around it is refused.

use crate::{App, Error};
use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Lets a request pass that brings the edge's secret, or any where there is no edge.
pub(crate) async fn passed(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(wanted) = &app.config.limits.origin_secret else { return next.run(request).await };
    let said = request.headers().get(HEADER).map(|said| digest::digest(&digest::SHA256, said.as_bytes()));
    if said.is_some_and(|said| verify_slices_are_equal(said.as_ref(), wanted).is_ok()) {
        next.run(request).await
    } else {
        Error::AroundTheEdge.into_response()
    }
}

const HEADER: &str = "x-origin-secret";
