//! What the service does: one module per thing a caller can ask for, each with its routes, request, response and story.
//!
//! The same [`axum::Router`] is served by the Lambda functions (each its own part) and by the local service (all of it). [`routes`] is the list of every route.

pub mod analytics;
pub mod app;
pub mod audit;
pub mod auth;
pub mod batch;
mod body;
pub mod bulk;
pub mod certify;
pub mod client;
pub mod config;
pub mod dead_letters;
pub mod digilocker;
mod edge;
pub mod error;
pub mod family;
pub mod fetch;
pub mod history;
pub mod http;
pub mod import;
pub mod keys;
mod lease;
pub mod limits;
pub mod log;
pub mod login;
pub mod messages;
mod overview;
pub mod page;
pub mod partner;
pub mod ports;
pub mod post;
pub mod print;
pub mod quota;
mod random;
pub mod recall;
pub mod reconcile;
pub mod recovery;
pub mod requests;
pub mod revoke;
mod sealed;
pub mod share;
pub mod site;
pub mod status;
pub mod update;
pub mod verify;
pub mod wallet;
pub mod work;
pub mod x509;

pub use app::App;
pub use config::Config;
pub use error::Error;

use axum::Router;

/// Every route of the service.
pub fn routes() -> Router<App> {
    Router::new()
        .merge(certify::routes())
        .merge(update::routes())
        .merge(revoke::routes())
        .merge(history::routes())
        .merge(recall::routes())
        .merge(audit::routes())
        .merge(fetch::pdf_routes())
        .merge(fetch::head_routes())
        .merge(fetch::qr_routes())
        .merge(fetch::credential_routes())
        .merge(status::routes())
        .merge(verify::routes())
        .merge(keys::routes())
        .merge(keys::admin::routes())
        .merge(share::routes())
        .merge(site::routes())
        .merge(page::routes())
        .merge(login::routes())
        .merge(family::routes())
        .merge(requests::routes())
        .merge(digilocker::routes())
        .merge(partner::routes())
        .merge(partner::admin_routes())
        .merge(post::routes())
        .merge(wallet::routes())
        .merge(recovery::routes())
        .merge(batch::routes())
        .merge(dead_letters::routes())
        .merge(reconcile::routes())
        .merge(reconcile::check::routes())
        .merge(bulk::routes())
        .merge(analytics::routes())
}
