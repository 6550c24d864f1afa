//! Where messages of the queue arrive: each goes to the feature that does its lane's work, and to the dead ones if that fails for too long.

use crate::{
    App, batch, bulk,
    ports::{Commit, Drawer, Lane, Message, Sheet},
};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use time::Duration;

/// Does what a message asks for; `delivery` counts from 1. After an error it is delivered again, later, unless it was for the last time: then it is put with the
/// dead ones, and taken as done.
///
/// # Errors
/// When it could not be done this time.
pub async fn take(app: &App, message: &Message, delivery: u32) -> Result<()> {
    let Err(fault) = perform(app, message).await else { return Ok(()) };
    tracing::warn!(lane = message.lane.as_str(), message.id, delivery, cause = format!("{fault:#}"), "not done yet");
    if delivery < MOST_DELIVERIES {
        return Err(fault);
    }
    bury(app, message).await?;
    tracing::error!(lane = message.lane.as_str(), message.id, "given up; an administrator may send it again");
    Ok(())
}

/// With growing pauses, more than an hour.
pub const MOST_DELIVERIES: u32 = 20;
/// How long the dead are kept for somebody to send them again.
pub(crate) const KEPT: Duration = Duration::days(90);

async fn perform(app: &App, message: &Message) -> Result<()> {
    match message.lane {
        Lane::Certify => batch::perform(app, message).await,
        Lane::Bulk => bulk::work(app, &message.body).await,
    }
}

/// Keeps a message whose work was given up. One that lies there already is kept as it is.
async fn bury(app: &App, message: &Message) -> Result<Commit> {
    if message.lane == Lane::Certify {
        batch::give_up(app, message).await?;
    }
    let now = (app.clock)();
    let text = serde_json::to_string(&Kept { group: message.group.clone(), body: message.body.clone() })?;
    let sheet = Sheet::new(Drawer::DeadMessages, message.lane.as_str(), &message.id, text).until(now + KEPT);
    app.cabinet.put(&[sheet], now).await
}

/// Group and body of a message that lies with the dead ones.
pub(crate) fn dead(sheet: &Sheet) -> Result<(String, String)> {
    let kept: Kept = serde_json::from_str(&sheet.text).ok().context("a dead message that is none")?;
    Ok((kept.group, kept.body))
}

/// What is kept of a message.
#[derive(Serialize, Deserialize)]
struct Kept {
    group: String,
    body: String,
}
