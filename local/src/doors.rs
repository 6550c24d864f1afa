//! Two doors: what is signed goes in by one, everything else by the other, so that a flood of events leaves those alive who fetch and verify.
//!
//! Behind each some requests are worked on at a time. The others wait with their bodies unread, so that a flood costs no memory, and after a while are sent
//! away with 503 and when to come back.

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Response},
};
use issuer::Error;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::timeout};

/// How many may be inside.
pub(crate) struct Doors {
    signing: Semaphore,
    others: Semaphore,
}

impl Default for Doors {
    fn default() -> Self {
        Self { signing: Semaphore::new(SIGNING), others: Semaphore::new(OTHERS) }
    }
}

/// Lets a request in by its door.
pub(crate) async fn admit(State(doors): State<Arc<Doors>>, request: Request, next: Next) -> Response {
    let door = if is_signed(&request) { &doors.signing } else { &doors.others };
    match timeout(PATIENCE, door.acquire()).await {
        Ok(Ok(_inside)) => next.run(request).await,
        Ok(Err(_)) | Err(_) => Error::Busy.into_response(),
    }
}

/// Whether certificates come of it.
fn is_signed(request: &Request) -> bool {
    let path = request.uri().path();
    match *request.method() {
        Method::POST => path.ends_with("/certify") || path.ends_with("Certify") || path.contains("/uploads"),
        Method::PUT => path.ends_with("/certificate"),
        _ => false,
    }
}

/// Requests for certificates that are worked on at a time, each with up to a hundred events.
const SIGNING: usize = 32;
/// All others.
const OTHERS: usize = 64;
/// How long one stands before a door: less than callers wait, and more than a crowd needs.
const PATIENCE: Duration = Duration::from_secs(3);
