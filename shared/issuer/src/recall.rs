//! Recall: revoke or suspend every certificate of a batch, of a facility, or signed within a time by a key; or sign again what a key signed that is not to be
//! trusted. A preview counts, a job does, and tells how far it is.
//!
//! The job's story stands in [`work`]. No table is ever looked through: lots and places have an index, times have the log.

mod job;
mod work;

pub use job::{Job, Task};
pub use work::work;

use crate::{
    App, Error,
    auth::{Admins, By, Caller},
    http::Json,
    ports::{Commit, StoredJob},
};
use anyhow::{Context, Result};
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use credential::{Fault, Faults, Status};
use job::{State as JobState, Wish};
use serde_json::json;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::Instant;

/// Preview, start, progress, cancel.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/v1/recalls/preview", post(preview))
        .route("/divoc/api/v1/recalls", post(start))
        .route("/divoc/api/v1/recalls", get(list))
        .route("/divoc/api/v1/recalls/{recallId}", get(progress).delete(cancel))
}

/// Counts what the job would meet. A count that takes longer than an answer may stops, and says that it is not complete.
async fn preview(State(app): State<App>, By(..): By<Admins>, body: Json) -> Result<Response, Error> {
    let wish = Wish::parse(&body.0, (app.clock)()).map_err(|faults| Error::Invalid(Faults(faults)))?;
    let (mut found, mut standing) = (0_u64, 0_u64);
    let (mut after, deadline) = (None, Instant::now() + COUNTING);
    loop {
        let page = work::page(&app, &wish, after.as_deref()).await?;
        let stands = |status: Status| matches!(status.at((app.clock)()), Status::Valid | Status::Suspended { .. });
        found += u64::try_from(page.found.len()).unwrap_or_default();
        standing += u64::try_from(page.found.iter().filter(|it| stands(it.status)).count()).unwrap_or_default();
        after = page.next;
        if after.is_none() || Instant::now() >= deadline {
            break;
        }
    }
    let counted = json!({ "found": found, "standing": standing, "complete": after.is_none() });
    Ok(axum::Json(counted).into_response())
}

/// 202 with where to ask for progress. The same wish again gives the same job.
async fn start(State(app): State<App>, By(caller, ..): By<Admins>, body: Json) -> Result<Response, Error> {
    let wish = Wish::parse(&body.0, (app.clock)()).map_err(|faults| Error::Invalid(Faults(faults)))?;
    let job = begun(&app, &caller, wish).await?;
    let place = format!("{}/divoc/api/v1/recalls/{}", app.config.public_url, job.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, place)], axum::Json(job.told())).into_response())
}

async fn begun(app: &App, caller: &Caller, wish: Wish) -> Result<Job, Error> {
    let job = Job::new(wish, &caller.subject, (app.clock)())?;
    let stored = StoredJob { id: job.id.clone(), text: job.text()?, revision: 1 };
    if app.recalls.save(&stored).await? == Commit::Stored {
        tracing::info!(recall.id = job.id, "recall begun");
        return Ok(job);
    }
    let there = app.recalls.job(&job.id).await?.context("a recall that is there and is not")?;
    Ok(Job::parse(&there.text)?)
}

async fn list(State(app): State<App>, By(..): By<Admins>) -> Result<Response, Error> {
    let jobs = app.recalls.jobs().await?;
    let told = jobs.iter().map(|stored| Ok(Job::parse(&stored.text)?.told())).collect::<Result<Vec<_>>>()?;
    Ok(axum::Json(json!({ "recalls": told })).into_response())
}

async fn progress(State(app): State<App>, By(..): By<Admins>, Path(id): Path<String>) -> Result<Response, Error> {
    let stored = app.recalls.job(&id).await?.ok_or(Error::NoRecall)?;
    Ok(axum::Json(Job::parse(&stored.text)?.told()).into_response())
}

/// Stops a job after the page that it is at. What it changed stays changed; a job that is done stays done.
async fn cancel(State(app): State<App>, By(..): By<Admins>, Path(id): Path<String>) -> Result<Response, Error> {
    for _ in 0..TRIES {
        let stored = app.recalls.job(&id).await?.ok_or(Error::NoRecall)?;
        let mut job = Job::parse(&stored.text)?;
        if job.state == JobState::Running {
            job.state = JobState::Cancelled;
            let next = StoredJob { text: job.text()?, revision: stored.revision + 1, ..stored };
            if app.recalls.save(&next).await? == Commit::Lost {
                continue;
            }
        }
        return Ok(axum::Json(job.told()).into_response());
    }
    Err(Error::Unavailable(anyhow::anyhow!("a recall was saved {TRIES} times while it was being cancelled")))
}

fn fault(pointer: &str, detail: &str) -> Fault {
    Fault { pointer: pointer.to_owned(), code: credential::Code::Type, detail: detail.to_owned() }
}

/// Whether `now` is before the instant and the instant is near enough to be meant.
fn soon(until: OffsetDateTime, now: OffsetDateTime) -> bool {
    until > now && until <= now + time::Duration::days(3653)
}

const TRIES: u32 = 20;
/// Below the 30 s of an HTTP API, with a page to spare.
const COUNTING: Duration = Duration::from_secs(20);
