//! Whose turn it is: of several corrections of one certificate the last that was accepted counts, in whatever order they are worked on.
//!
//! A note under each slot names the last correction that was queued for it. One that comes to its work later than it was accepted finds there whether another
//! took its place; and a correction that is not queued finds there whether it would overtake one that is.

use super::{
    made,
    manifest::{self, Item},
    names::Names,
    order::Order,
};
use crate::{
    App,
    certify::Plan,
    ports::{Commit, Drawer, Sheet},
};
use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::{Event, EventDigest, SlotKey};
use serde::{Deserialize, Serialize};
use time::Duration;

/// The last correction that was queued for a slot.
#[derive(Clone, Serialize, Deserialize)]
struct Last {
    batch: String,
    index: usize,
    accepted_at: i64,
    digest: String,
    since: u32,
}

/// Notes the corrections of a batch as the last of their slots, unless there are later ones.
pub(super) async fn take(app: &App, names: &Names, order: &Order, items: &[Item]) -> Result<()> {
    for (index, item) in items.iter().enumerate() {
        let last = Last {
            batch: order.batch.clone(),
            index,
            accepted_at: order.accepted_at,
            digest: URL_SAFE_NO_PAD.encode(item.digest.0),
            since: item.since,
        };
        note(app, &folder(names, &item.slot), &last).await?;
    }
    Ok(())
}

/// A time, in milliseconds, after those of all that was queued for these slots so far: clocks of processes differ, and the order is the callers'.
pub(super) async fn next(app: &App, names: &Names, items: &[Item]) -> Result<i64> {
    let mut next = 0;
    for item in items {
        let there = app.cabinet.sheet(Drawer::Batches, &folder(names, &item.slot), NAME, (app.clock)()).await?;
        let last = there.as_ref().map(parse).transpose()?;
        next = next.max(last.map_or(0, |last| last.accepted_at.saturating_add(1)));
    }
    Ok(next)
}

async fn note(app: &App, folder: &str, last: &Last) -> Result<()> {
    let now = (app.clock)();
    let text = serde_json::to_string(last)?;
    for _ in 0..TRIES {
        let there = app.cabinet.sheet(Drawer::Batches, folder, NAME, now).await?;
        let sheet = match &there {
            Some(sheet) if parse(sheet)?.accepted_at >= last.accepted_at => return Ok(()),
            Some(sheet) => sheet.saying(text.clone()),
            None => Sheet::new(Drawer::Batches, folder, NAME, text.clone()),
        };
        if app.cabinet.put(&[sheet.until(now + NOTED)], now).await? == Commit::Stored {
            return Ok(());
        }
    }
    bail!("a slot's last correction changed {TRIES} times while it was noted")
}

/// Whether another correction of the slot was accepted later than the order's. The same one does not overtake itself: who never heard an answer sends it again,
/// and of the batches that it then is in each says what became of it.
pub(super) async fn is_overtaken(app: &App, item: &Item, order: &Order) -> Result<bool> {
    let folder = folder(&Names::of(app).await?, &item.slot);
    let there = app.cabinet.sheet(Drawer::Batches, &folder, NAME, (app.clock)()).await?;
    let last = there.as_ref().map(parse).transpose()?;
    let digest = URL_SAFE_NO_PAD.encode(item.digest.0);
    Ok(last.is_some_and(|last| last.accepted_at > order.accepted_at && last.digest != digest))
}

/// Whether one of these corrections would overtake one that is queued and not made yet.
pub(crate) async fn is_behind_another(app: &App, work: &[(Event, Plan)]) -> Result<bool> {
    let names = Names::of(app).await?;
    for (event, _) in work.iter().filter(|(_, plan)| !matches!(plan, Plan::Settled(_))) {
        let (slot, now) = (event.slot(), (app.clock)());
        let Some(sheet) = app.cabinet.sheet(Drawer::Batches, &folder(&names, &slot), NAME, now).await? else {
            continue;
        };
        if is_open(app, slot, &parse(&sheet)?).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a correction was neither made nor failed so far.
async fn is_open(app: &App, slot: SlotKey, last: &Last) -> Result<bool> {
    let digest = URL_SAFE_NO_PAD.decode(&last.digest)?.try_into().ok().context("a digest that is none")?;
    let item = Item { slot, digest: EventDigest(digest), since: last.since };
    let occupants = app.store.occupants(std::slice::from_ref(&item.slot)).await?;
    let is_made = occupants.iter().any(|occupant| made(&item, occupant.as_ref()).is_some());
    Ok(!is_made && !manifest::has_failed(app, &last.batch, last.index).await?)
}

fn parse(sheet: &Sheet) -> Result<Last> {
    serde_json::from_str(&sheet.text).context("a note of no correction")
}

fn folder(names: &Names, slot: &SlotKey) -> String {
    format!("slot-{}", names.slot(slot))
}

const NAME: &str = "last";
const TRIES: u32 = 5;
/// Longer than anything waits in the queue, unless it is given up.
const NOTED: Duration = Duration::days(3);
