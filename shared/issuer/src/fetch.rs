//! stub

use crate::App;
use axum::Router;

/// Routes.
pub fn pdf_routes() -> Router<App> {
    Router::new()
}

/// Routes.
pub fn head_routes() -> Router<App> {
    Router::new()
}

/// Routes.
pub fn qr_routes() -> Router<App> {
    Router::new()
}

/// Routes.
pub fn credential_routes() -> Router<App> {
    Router::new()
}
