//! The check of a day, every night: what its sources say they sent (in declarations, and in the files they uploaded), what the log says was certified, and
//! what the certificates say. Whatever fits only two of the three is found, and the report is signed.
//!
//! | folder | name | what |
//! |---|---|---|
//! | `runs` | day | how far its check came |
//! | `reports` | day | what it found, signed |
//! | `{day}-parts` | a declaration's id | who made it, and of how many lines |
//! | `{day}-declared-{bucket}` | the same | those of its lines that fall into the bucket |
//! | `{day}-{attempt}-logged-{bucket}` | place in the log | certificates of the log that do |
//! | `{day}-{attempt}-findings` | step | what did not fit |
//!
//! A beneficiary's keyed hash says into which of sixty-four buckets they fall, on both sides: so a day of any size is compared a bucket at a time.

mod declare;
mod entry;
mod look;
mod run;
mod work;

pub(crate) use declare::declare_rows;
pub use work::work;

use crate::{
    App, Error,
    auth::{Admins, By},
    body::Body,
    http::{After, Json},
    ports::{Drawer, Sheet},
};
use anyhow::Result;
use axum::{
    Router,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use run::Run;
use serde_json::json;
use time::{Date, Duration, OffsetDateTime, macros::format_description};

/// What sources declare, and what administrators see of checks.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/v1/declarations/{day}", post(declare::declare))
        .route("/divoc/api/v1/checks", get(list).post(begin))
        .route("/divoc/api/v1/checks/{day}", get(progress))
        .route("/divoc/api/v1/checks/{day}/report", get(report))
}

/// Some of them in order of day; `next` is where the next page begins.
async fn list(
    State(app): State<App>,
    By(..): By<Admins>,
    Query(After { after }): Query<After>,
) -> Result<Response, Error> {
    let sheets = app.cabinet.sheets(Drawer::Checks, RUNS, after.as_deref(), A_PAGE, (app.clock)()).await?;
    let next = (sheets.len() == A_PAGE).then(|| sheets.last().map(|sheet| sheet.name.clone())).flatten();
    let told = sheets.iter().map(|sheet| Ok(Run::parse(sheet)?.told())).collect::<Result<Vec<_>>>()?;
    Ok(axum::Json(json!({ "checks": told, "next": next })).into_response())
}

/// 202 with where to ask for progress. A day that was checked already is checked anew, for declarations may come late; one that is being checked goes on.
async fn begin(State(app): State<App>, By(..): By<Admins>, body: Json) -> Result<Response, Error> {
    let mut body = Body::of(&body.0);
    let day = body.required("day");
    let day = recent_day(body.done(day)?, (app.clock)())?;
    let run = run::begun(&app, day, true).await?.ok_or(Error::NoCheck)?;
    let place = format!("{}/divoc/api/v1/checks/{}", app.config.public_url, run.day);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], axum::Json(run.told())).into_response())
}

async fn progress(State(app): State<App>, By(..): By<Admins>, Path(day): Path<String>) -> Result<Response, Error> {
    Ok(axum::Json(Run::parse(&sheet(&app, RUNS, &day).await?)?.told()).into_response())
}

/// The newest report of a day, a compact JWS by the status key.
async fn report(State(app): State<App>, By(..): By<Admins>, Path(day): Path<String>) -> Result<Response, Error> {
    let report = sheet(&app, REPORTS, &day).await?.text;
    let name = format!("attachment; filename=\"check-{day}.jws\"");
    Ok(([(header::CONTENT_TYPE, "application/jose".to_owned()), (header::CONTENT_DISPOSITION, name)], report)
        .into_response())
}

async fn sheet(app: &App, folder: &str, day: &str) -> Result<Sheet, Error> {
    app.cabinet.sheet(Drawer::Checks, folder, day, (app.clock)()).await?.ok_or(Error::NoCheck)
}

/// `YYYY-MM-DD` in UTC: not in the future, and not so long ago that its declarations are gone.
fn recent_day(text: &str, now: OffsetDateTime) -> Result<Date, Error> {
    let day = parse_day(text).filter(|day| *day <= now.date() && *day > now.date() - Duration::days(RECENT));
    day.ok_or_else(|| Error::Parameter("day", format!("a day such as 2027-01-31, one of the last {RECENT}").into()))
}

fn parse_day(text: &str) -> Option<Date> {
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok()
}

/// When what is kept of a day for comparing is gone.
fn soon_gone(day: Date) -> OffsetDateTime {
    day.midnight().assume_utc() + Duration::days(RECENT + 2)
}

/// When its report is.
fn gone(day: Date) -> OffsetDateTime {
    day.midnight().assume_utc() + Duration::days(KEPT)
}

/// Days whose declarations are kept, and that can be checked.
const RECENT: i64 = 40;
/// Days for which reports are kept: a year and a month.
const KEPT: i64 = 400;

const RUNS: &str = "runs";
const REPORTS: &str = "reports";
const A_PAGE: usize = 31;
