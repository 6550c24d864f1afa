//! Dead letters: messages of the queue whose work was given up, for an administrator to see and to send again. What they carry is shown to nobody.

use crate::{
    App, Error,
    auth::{Admins, By},
    batch,
    error::rfc3339,
    http::{After, Json},
    ports::{Commit, Drawer, Lane, Message, Sheet},
    random, work,
};
use anyhow::Result;
use axum::{
    Router,
    extract::{Query, State},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// To see them, and to send them again.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/v1/dead-letters", get(list))
        .route("/divoc/api/v1/dead-letters/replay", post(replay))
}

/// A page of them, lane by lane.
async fn list(
    State(app): State<App>,
    By(..): By<Admins>,
    Query(After { after }): Query<After>,
) -> Result<Response, Error> {
    let after = after.as_deref().map(place).transpose()?;
    let found = dead(&app, after, A_PAGE).await?;
    let next = (found.len() == A_PAGE).then(|| found.last().map(id)).flatten();
    let told: Vec<_> = found.iter().map(told).collect();
    Ok(axum::Json(json!({ "messages": told, "next": next })).into_response())
}

/// `{"messageId": …}` sends one again, `{"all": true}` all of them, as many as there is time for.
async fn replay(State(app): State<App>, By(caller, ..): By<Admins>, body: Json) -> Result<Response, Error> {
    let one = body.0.get("messageId").and_then(Value::as_str);
    let all = body.0.get("all").and_then(Value::as_bool).unwrap_or_default();
    let (replayed, complete) = match (one, all) {
        (Some(message), false) => (u64::from(replay_one(&app, message).await? == Commit::Stored), true),
        (None, true) => replay_all(&app).await?,
        _ => return Err(Error::Field("/messageId", "a message's id, or all be true")),
    };
    tracing::info!(actor = caller.subject, replayed, "dead messages were sent again");
    Ok(axum::Json(json!({ "replayed": replayed, "complete": complete })).into_response())
}

async fn replay_one(app: &App, id: &str) -> Result<Commit, Error> {
    let (lane, name) = place(id)?;
    let found = app.cabinet.sheet(Drawer::DeadMessages, lane.as_str(), &name, (app.clock)()).await?;
    Ok(revive(app, lane, &found.ok_or(Error::NoMessage)?).await?)
}

async fn replay_all(app: &App) -> Result<(u64, bool), Error> {
    let deadline = Instant::now() + REPLAYING;
    let (mut replayed, mut after) = (0, None);
    loop {
        let found = dead(app, after.take(), A_PAGE).await?;
        for (lane, sheet) in &found {
            if Instant::now() >= deadline {
                return Ok((replayed, false));
            }
            replayed += u64::from(revive(app, *lane, sheet).await? == Commit::Stored);
        }
        match found.last() {
            Some((lane, last)) if found.len() == A_PAGE => after = Some((*lane, last.name.clone())),
            _ => return Ok((replayed, true)),
        }
    }
}

/// Sends a dead message again, under a name that the queue has not seen, and only then takes it away: whoever works on it twice finds it done.
async fn revive(app: &App, lane: Lane, sheet: &Sheet) -> Result<Commit> {
    let (group, body) = work::dead(sheet)?;
    let fresh = random::bytes::<8>()?;
    // The name that it had before it was sent again for the first time.
    let first = sheet.name.split(AGAIN).next().unwrap_or_default();
    let id = format!("{first}{AGAIN}{:016x}", u64::from_le_bytes(fresh));
    let message = Message { lane, group, id, body };
    if lane == Lane::Certify {
        batch::try_again(app, &message).await?;
    }
    app.queue.send(&[message]).await?;
    app.cabinet.take(sheet).await
}

/// Dead messages after that place, lane by lane.
async fn dead(app: &App, after: Option<(Lane, String)>, most: usize) -> Result<Vec<(Lane, Sheet)>> {
    let (first, mut name) = after.map_or((None, None), |(lane, name)| (Some(lane), Some(name)));
    let mut found = Vec::new();
    for lane in Lane::ALL.into_iter().skip_while(|lane| first.is_some_and(|first| first != *lane)) {
        let left = most - found.len();
        if left == 0 {
            break;
        }
        let after = name.take();
        let sheets =
            app.cabinet.sheets(Drawer::DeadMessages, lane.as_str(), after.as_deref(), left, (app.clock)()).await?;
        found.extend(sheets.into_iter().map(|sheet| (lane, sheet)));
    }
    Ok(found)
}

fn id((lane, sheet): &(Lane, Sheet)) -> String {
    format!("{}:{}", lane.as_str(), sheet.name)
}

/// Lane and name of the message with that id.
fn place(id: &str) -> Result<(Lane, String), Error> {
    let (lane, name) = id.split_once(':').ok_or(Error::NoMessage)?;
    Ok((Lane::parse(lane).ok_or(Error::NoMessage)?, name.to_owned()))
}

fn told(dead: &(Lane, Sheet)) -> Value {
    let (lane, sheet) = dead;
    let since = sheet.until.map(|until| rfc3339(until - work::KEPT));
    json!({ "messageId": id(dead), "lane": lane.as_str(), "deadSince": since })
}

const A_PAGE: usize = 100;
/// What stands between a message's first name and what makes its next one new.
const AGAIN: &str = "_again_";
/// Below the 30 s of an HTTP API.
const REPLAYING: Duration = Duration::from_secs(20);
