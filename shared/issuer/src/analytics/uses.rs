//! Uses of certificates: that one was fetched, or something verified. A handler attaches the fact to its answer; a layer notes it.
//!
//! The note is a sheet for two days, of which the stream or the log's reader makes a counted fact. A use is answered whether it could be noted or not: where
//! records fail or are slow, uses are counted too few, never twice.

use super::fact::{at_time, hour_name, id, values};
use crate::{
    App,
    config::Uses,
    ports::{Certificate, Dimension, Drawer, Fact, FactKind, Sheet},
    random,
};
use anyhow::{Context as _, Result, anyhow};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::Facts;
use serde_json::Value;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::timeout;

/// What an answer is a use of; an extension of the response.
#[derive(Clone)]
pub(crate) struct Use(Vec<Fact>);

impl Use {
    /// A certificate was handed out, in this way.
    pub(crate) fn fetched(app: &App, certificate: &Certificate, way: &str) -> Self {
        let mut fact = blank(app, FactKind::Fetched, way);
        let known =
            values(&app.config.analytics, &certificate.signed.facts(), certificate.slot.programme.as_str(), fact.day);
        fact.values.extend(known);
        Self(vec![fact])
    }

    /// Things were verified: what each came to, and what it says where a trusted key signed it.
    pub(crate) fn verified(app: &App, verdicts: impl IntoIterator<Item = (&'static str, Option<Facts>)>) -> Self {
        let fact = |(verdict, facts): (&str, Option<Facts>)| {
            let mut fact = blank(app, FactKind::Verified, verdict);
            let known = facts.map(|facts| values(&app.config.analytics, &facts, "", fact.day));
            fact.values.extend(known.unwrap_or_default());
            fact
        };
        Self(verdicts.into_iter().map(fact).collect())
    }

    /// An application says that this happened there, so often.
    pub(super) fn reported(app: &App, happened: impl IntoIterator<Item = (&'static str, u32)>) -> Self {
        let fact = |(what, times): (&str, u32)| Fact { times, ..blank(app, FactKind::Reported, what) };
        Self(happened.into_iter().map(fact).collect())
    }

    /// Writes it down if that is quickly done; whoever used the certificate has it either way.
    pub(crate) async fn note_if_possible(&self, app: &App) {
        let noted = timeout(PATIENCE, self.note(app)).await.unwrap_or_else(|_| Err(anyhow!("it took too long")));
        if let Err(cause) = noted {
            tracing::warn!(cause = format!("{cause:#}"), "a use was not noted");
        }
    }

    /// Writes it down, unless uses are not counted.
    pub(super) async fn note(&self, app: &App) -> Result<()> {
        if app.config.analytics.uses == Uses::Ignored || self.0.is_empty() {
            return Ok(());
        }
        let random = random::bytes::<16>()?;
        let now = (app.clock)();
        let text = Value::Array(self.0.iter().map(Fact::json).collect()).to_string();
        let name = format!("{}-{}", place(now), URL_SAFE_NO_PAD.encode(random));
        let sheet = Sheet::new(
            Drawer::Uses,
            folder(now, u32::from(random.first().copied().unwrap_or_default()) % SHARDS),
            name,
            text,
        );
        app.cabinet.put(&[sheet.until(now + KEPT)], now).await.map(drop)
    }
}

/// The facts in a note; each is named by the note and its place in it.
///
/// # Errors
/// When the note was not written by `Use::note`.
pub fn facts_of_note(name: &str, text: &str) -> Result<Vec<Fact>> {
    let told: Vec<Value> = serde_json::from_str(text).context("a note is no list")?;
    let named = |(place, told): (usize, &Value)| Fact::from_json(id(&[name, &place.to_string()]), told);
    told.iter().enumerate().map(named).collect()
}

fn blank(app: &App, kind: FactKind, way: &str) -> Fact {
    let mut fact = at_time(&app.config.analytics, String::new(), kind, (app.clock)());
    fact.values.insert(Dimension::Way, way.to_owned());
    fact
}

/// Answers, and notes what the answer is a use of. An answer waits for its note a moment at most.
pub(crate) async fn noted(State(app): State<App>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if let Some(used) = response.extensions().get::<Use>() {
        used.note_if_possible(&app).await;
    }
    response
}

/// The folder of an hour's notes, one of [`SHARDS`].
pub(super) fn folder(at: OffsetDateTime, shard: u32) -> String {
    format!("{}-{shard:02x}", hour_name(at))
}

/// What the names of a minute's notes begin with, and those of later ones are greater than.
pub(super) fn place(at: OffsetDateTime) -> String {
    format!("{:02}", at.minute())
}

/// Folders of one hour: a partition of the table takes a thousand writes a second.
pub(super) const SHARDS: u32 = 32;
/// How long a note is kept: longer than a stream remembers.
const KEPT: time::Duration = time::Duration::days(2);
/// A note takes some milliseconds.
const PATIENCE: Duration = Duration::from_millis(250);
