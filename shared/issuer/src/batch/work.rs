//! The work of a message: its events become certificates, one after the other, however often and in whatever order messages come.

use super::{
    made,
    manifest::{Failure, Item, Kind, fail, forget},
    names::Names,
    order::{Order, Ordered},
    turn,
};
use crate::{
    App,
    certify::{self, Mandate, Outcome, Plan},
    ports::{Message, Occupant},
    quota, update,
};
use anyhow::{Result, bail};
use credential::{Event, Rules};
use std::borrow::Cow;

/// Does what a message asks for.
///
/// Each event is looked at as it stands now: what was made of it already is left, what another took the place of or refuses is written down, and the rest is
/// issued at the key's pace, exactly once ([`certify::issue`]). A correction that finds nothing to correct stands aside, so that it holds nobody up, not even
/// the event that it waits for; it comes again until that is there or its time is over.
///
/// # Errors
/// When an event is not settled: it is delivered again, and what was settled is found so.
pub async fn perform(app: &App, message: &Message) -> Result<()> {
    let order = Order::parse(&message.body)?;
    let mandate = order.mandate()?;
    // What was accepted was few enough then.
    let rules = Rules { most_events: usize::MAX, ..app.config.rules.clone() };
    for ordered in &order.events {
        let Some(event) = order.event(ordered, &rules)? else {
            let changed = "the service's rules changed before it was its turn, and refuse it; send it again to see why";
            fail(app, &order.batch, ordered.index, &Failure::new("invalid-events", changed)).await?;
            continue;
        };
        settle(app, &order, &mandate, ordered, &event).await?;
    }
    let lag = ((app.clock)() - order.accepted()?).whole_seconds();
    tracing::info!(issuance_lag_seconds = lag, batch.id = order.batch, events = order.events.len(), "events settled");
    Ok(())
}

/// Writes down that a message is not tried any more.
///
/// # Errors
/// When the records do not answer.
pub(crate) async fn give_up(app: &App, message: &Message) -> Result<()> {
    let Ok(order) = Order::parse(&message.body) else { return Ok(()) };
    for ordered in &order.events {
        fail(app, &order.batch, ordered.index, &Failure::new(GIVEN_UP, IN_VAIN)).await?;
    }
    Ok(())
}

/// Takes that back, for the message is tried again.
///
/// # Errors
/// When the records do not answer.
pub(crate) async fn try_again(app: &App, message: &Message) -> Result<()> {
    let Ok(order) = Order::parse(&message.body) else { return Ok(()) };
    for ordered in &order.events {
        forget(app, &order.batch, ordered.index, GIVEN_UP).await?;
    }
    Ok(())
}

async fn settle(app: &App, order: &Order, mandate: &Mandate, ordered: &Ordered, event: &Event) -> Result<()> {
    let item = Item { slot: event.slot(), digest: event.digest(), since: ordered.since };
    let occupant = app.store.occupants(std::slice::from_ref(&item.slot)).await?.into_iter().next().flatten();
    if made(&item, occupant.as_ref()).is_some() {
        return Ok(());
    }
    let plan = match order.kind() {
        Kind::Certify => certify::plan(event, occupant.as_ref()).ok_or(Failure::new("already-certified", OTHER)),
        Kind::Correct => correction(app, order, &item, event, occupant).await?,
    };
    match plan {
        Ok(Plan::Issue(follows)) => {
            quota::take(app, 1).await?;
            match certify::issue(app, mandate, event, follows).await? {
                Outcome::Created { .. } | Outcome::AlreadyIssued { .. } => Ok(()),
                // Somebody came between: the next delivery sees what they did.
                Outcome::Conflict | Outcome::Unfinished => bail!("the slot is not ours yet"),
            }
        }
        Ok(Plan::Wait) => stand_aside(app, order, ordered, &item).await,
        Ok(Plan::Settled(_)) => Ok(()),
        Err(failure) => fail(app, &order.batch, ordered.index, &failure).await,
    }
}

async fn correction(
    app: &App,
    order: &Order,
    item: &Item,
    event: &Event,
    occupant: Option<Occupant>,
) -> Result<Result<Plan, Failure>> {
    let (now, is_overtaken) = ((app.clock)(), turn::is_overtaken(app, item, order).await?);
    if occupant.is_none() && !is_overtaken && now < order.accepted()? + app.config.pace.update_wait {
        return Ok(Ok(Plan::Wait));
    }
    let refused = |why: Cow<'static, str>| Failure::new("not-correctable", why);
    let plan = update::plan(event, occupant, app.config.update_limit, now).map_err(refused);
    if !is_overtaken {
        return Ok(plan);
    }
    if let Ok(Plan::Issue(follows)) = plan
        && !certify::cut_off(app, event, follows).await?
    {
        bail!("an attempt at it is under way");
    }
    Ok(Err(Failure::new("overtaken", LATER)))
}

/// Sends an event to a group of its slot's own; one that stands there already is delivered again, later.
async fn stand_aside(app: &App, order: &Order, ordered: &Ordered, item: &Item) -> Result<()> {
    if order.is_aside {
        bail!("what it corrects is not there yet");
    }
    let group = format!("aside-{}", Names::of(app).await?.slot(&item.slot));
    app.queue.send(&[order.aside(ordered.clone()).message(group)?]).await
}

const LATER: &str = "a later correction of the same certificate was accepted and counts";
const GIVEN_UP: &str = "given-up";
const IN_VAIN: &str = "it was tried too often in vain; an administrator can send it again";
const OTHER: &str = "this is already certified with other details; correct a vaccination's certificate with PUT /divoc/api/v1/certificate";
