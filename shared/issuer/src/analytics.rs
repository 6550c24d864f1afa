//! Analytics: how much was issued, updated, revoked, fetched and verified, by day and by where, for whom and with what; exactly once, and of nobody.
//!
//! What was done becomes an anonymous fact (`fact`). On AWS the table's stream tells of it; where there is no stream, the log does (`gather`). Both name
//! a fact alike, so it is counted once whoever tells of it ([`Tally`](crate::ports::Tally)). Counters are read as tables (`table`), by everyone without
//! small numbers (`public`), in DIVOC's words too (`divoc`); facts are read by the hour (`feed`) and kept for Athena (`export`).

mod columns;
mod divoc;
mod export;
pub mod fact;
mod feed;
mod gather;
mod public;
mod table;
mod uses;

pub use export::{Exported, export};
pub use gather::Gatherer;
pub use uses::facts_of_note;
pub(crate) use uses::{Use, noted};

use crate::App;
use axum::{
    Router,
    routing::{get, post},
};

/// Tables for administrators and for everyone, the feed of facts, and DIVOC's routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/v1/analytics", get(table::table))
        .route("/divoc/api/v1/analytics/public", get(public::table))
        .route("/divoc/api/v1/analytics/facts", get(feed::facts))
        .route("/divoc/api/v1/events", post(divoc::events))
        .route("/divoc/admin/api/v1/analytics", get(divoc::analytics))
        .route("/divoc/admin/api/v1/public", get(divoc::public))
        .route("/public/dashboards/{key}", get(divoc::dashboard))
}
