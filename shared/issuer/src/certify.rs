//! stub

use crate::App;
use axum::Router;

/// Routes.
pub fn routes() -> Router<App> {
    Router::new()
}
