//! The log of everything that was done: written in the transaction of what is done, sealed into a chain some minutes later.
//!
//! Whoever may write the table could still change an entry. Sealed ones not without breaking the chain, and whoever keeps a seal's hash proves it: see
//! [`credential::chain`] and `make verify-log`.

use crate::{
    App, Error,
    auth::{Admins, By},
    ports::Commit,
};
use anyhow::{Context, Result};
use axum::{
    Router,
    extract::{Query, State},
    response::{IntoResponse, Response},
    routing::get,
};
use credential::chain::{Entry, Seal};
use serde::{Deserialize, Serialize};
use time::{
    Duration, OffsetDateTime, UtcOffset,
    format_description::{StaticFormatDescription, well_known::Rfc3339},
    macros::format_description,
};

/// The log, page by page.
pub fn routes() -> Router<App> {
    Router::new().route("/divoc/api/v1/log", get(page))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct From {
    /// Number of the first seal.
    from: u64,
}

/// Some seals with their entries, and where to go on.
#[derive(Serialize)]
struct Page {
    seals: Vec<Sealed>,
    /// The number to ask for next; none after the last seal.
    next: Option<u64>,
}

#[derive(Serialize)]
struct Sealed {
    #[serde(flatten)]
    seal: Seal,
    entries: Vec<Entry>,
}

async fn page(
    State(app): State<App>,
    By(..): By<Admins>,
    Query(From { from }): Query<From>,
) -> Result<Response, Error> {
    let mut seals: Vec<Sealed> = Vec::new();
    let mut entries = 0;
    let mut next = None;
    for seal in app.ledger.seals(from, SEALS_A_PAGE + 1).await? {
        let count = usize::try_from(seal.count).unwrap_or(usize::MAX);
        if seals.len() == SEALS_A_PAGE || (!seals.is_empty() && entries + count > Seal::MOST) {
            next = Some(seal.number);
            break;
        }
        entries += count;
        let entries = entries_under(&app, &seal).await?;
        seals.push(Sealed { seal, entries });
    }
    Ok(axum::Json(Page { seals, next }).into_response())
}

/// Seals everything that is old enough, an hour of the log at a time; answers how many seals it made.
///
/// 1. The last seal tells where to go on: with the rest of its minutes, if it is full, else with the minutes after it.
/// 2. Entries are read up to some minutes ago: until then every write has ended, for a function ends after half a minute.
/// 3. The next seals are appended, each under the next number. If there is one of that number, another run was faster and goes on.
///
/// A crash between two seals leaves a chain that the next run continues.
///
/// # Errors
/// When the log can't be read or written. The next run goes on.
pub async fn seal(app: &App) -> Result<u64> {
    let mut made = 0;
    loop {
        let last = app.ledger.last_seal().await?;
        let Some((range, entries)) = unsealed(app, last.as_ref()).await? else { return Ok(made) };
        let mut previous = last;
        let mut skipped = range.skipped;
        for chunk in chunks(&entries) {
            let seal = Seal::over(previous.as_ref(), &minute(range.from)?, &minute(range.until)?, skipped, chunk);
            if app.ledger.append(&seal).await? == Commit::Lost {
                return Ok(made);
            }
            made += 1;
            skipped += seal.count;
            previous = Some(seal);
        }
    }
}

/// Minutes of the log, without the entries that are sealed already.
struct Range {
    from: OffsetDateTime,
    until: OffsetDateTime,
    skipped: u64,
}

/// The next minutes to seal and their entries that have no seal yet; `None` when there is nothing to do now.
async fn unsealed(app: &App, last: Option<&Seal>) -> Result<Option<(Range, Vec<Entry>)>> {
    let now = (app.clock)().to_offset(UtcOffset::UTC);
    let from = match last {
        Some(last) => {
            if last.count == u64::try_from(Seal::MOST)? {
                let skipped = last.skipped + last.count;
                let (from, until) = (instant(&last.from)?, instant(&last.until)?);
                let rest = rest(app.ledger.entries(from, until).await?, skipped);
                if !rest.is_empty() {
                    return Ok(Some((Range { from, until, skipped }, rest)));
                }
            }
            instant(&last.until)?
        }
        None => now - BEFORE_THE_FIRST,
    };
    let until = (now - SETTLED).min(from + AT_A_TIME);
    let until = instant(&minute(until)?)?;
    if until <= from {
        return Ok(None);
    }
    let entries = app.ledger.entries(from, until).await?;
    // Some minutes without entries get a seal too, so that the next run has less to look through.
    let worth = !entries.is_empty() || until - from >= QUIET;
    Ok(worth.then_some((Range { from, until, skipped: 0 }, entries)))
}

/// At least one, for minutes without entries are sealed as such.
fn chunks(entries: &[Entry]) -> Vec<&[Entry]> {
    if entries.is_empty() { vec![entries] } else { entries.chunks(Seal::MOST).collect() }
}

async fn entries_under(app: &App, seal: &Seal) -> Result<Vec<Entry>> {
    if seal.count == 0 {
        return Ok(Vec::new());
    }
    let mut entries = rest(app.ledger.entries(instant(&seal.from)?, instant(&seal.until)?).await?, seal.skipped);
    // What lies under no seal must show: a full one ends where the next begins, any other one ends its minutes.
    if seal.count == u64::try_from(Seal::MOST)? {
        entries.truncate(Seal::MOST);
    }
    Ok(entries)
}

fn rest(mut entries: Vec<Entry>, skipped: u64) -> Vec<Entry> {
    let skipped = usize::try_from(skipped).unwrap_or(usize::MAX).min(entries.len());
    entries.split_off(skipped)
}

/// RFC 3339 to the minute.
fn minute(instant: OffsetDateTime) -> Result<String> {
    const FORM: StaticFormatDescription = format_description!("[year]-[month]-[day]T[hour]:[minute]Z");
    instant.format(FORM).context("a time beyond the year 9999")
}

fn instant(minute: &str) -> Result<OffsetDateTime> {
    let whole = minute.replace('Z', ":00Z");
    OffsetDateTime::parse(&whole, &Rfc3339).context("a seal's minute is none")
}

/// After that long every write of a minute has ended.
const SETTLED: Duration = Duration::minutes(2);
/// How much of the log is sealed at a time.
const AT_A_TIME: Duration = Duration::HOUR;
/// After how long without entries a seal says so.
const QUIET: Duration = Duration::minutes(5);
/// How long before the first run the chain begins: certificates may have been issued before anyone sealed.
const BEFORE_THE_FIRST: Duration = Duration::minutes(15);
/// Seals in an answer.
const SEALS_A_PAGE: usize = 100;
