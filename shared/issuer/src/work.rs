//! Where messages of the queue arrive: each goes to the feature that does its lane's work, and to the dead ones if that fails for too long.

use crate::{
    App,
    ports::{Commit, Drawer, Lane, Message, Sheet},
};
use anyhow::{Result, bail};
use serde_json::json;
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
const KEPT: Duration = Duration::days(90);

async fn perform(_app: &App, message: &Message) -> Result<()> {
    match message.lane {
        Lane::Certify | Lane::Bulk => bail!("nobody does this work"),
    }
}

/// Keeps a message whose work was given up. One that lies there already is kept as it is.
async fn bury(app: &App, message: &Message) -> Result<Commit> {
    let now = (app.clock)();
    let text = json!({ "group": message.group, "body": message.body }).to_string();
    let sheet = Sheet::new(Drawer::DeadMessages, message.lane.as_str(), &message.id, text).until(now + KEPT);
    app.cabinet.put(&[sheet], now).await
}
