//! Takes a batch in: durable before it is acknowledged, and the same one again if it is sent again.

use super::{
    manifest::{self, Head, Item, Kind, milliseconds},
    names::Names,
    order::{self, Order, Ordered},
    status_link, turn,
};
use crate::{
    App, Error,
    auth::Caller,
    certify::Plan,
    ports::{Message, Reason},
    quota,
};
use anyhow::{Context, Result};
use axum::{
    http::{HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};
use credential::{Code, Event, Fault, Faults, Schema};
use serde_json::{Value, json};

/// A request whose events are checked and found good.
pub(crate) struct Request<'r> {
    pub(crate) caller: &'r Caller,
    /// Why, where the events correct what was certified.
    pub(crate) correction: Option<Reason>,
    pub(crate) schema: Schema,
    pub(crate) body: &'r Value,
    /// Whether the caller asked not to wait.
    pub(crate) asked: bool,
}

/// Whether there is something to be done, and it is not done now: because the caller does not want to wait, there is much of it, or the signing quota is spent.
pub(crate) async fn is_for_later(app: &App, asked: bool, work: &[(Event, Plan)]) -> Result<bool> {
    let open = work.iter().filter(|(_, plan)| !matches!(plan, Plan::Settled(_))).count();
    let most = app.config.pace.async_above;
    Ok(open > 0 && (asked || work.len() > most || !quota::take_now(app, open).await?))
}

/// Keeps the events of a request to be worked on later, and answers 202 with where to ask for them.
///
/// 1. What is kept of the batch is stored: whose it is, and which slot and event each item is. Its name is made of that, so the same request again finds it.
/// 2. The events are sent to the queue, a message for each beneficiary.
/// 3. Of corrections it is noted which one is the last for its slot.
///
/// Only then it is acknowledged. A crash before that leaves work that is done although nobody was told; the same request again goes through all steps again,
/// and whoever works finds done what is done.
pub(crate) async fn accept(app: &App, request: &Request<'_>, work: &[(Event, Plan)]) -> Result<Response, Error> {
    let events = events(request.body, work)?;
    let names = Names::of(app).await?;
    let items: Vec<Item> = work.iter().map(|(event, plan)| Item::of(event, plan)).collect();
    let id = name(&names, request, &items);
    let kind = if request.correction.is_some() { Kind::Correct } else { Kind::Certify };
    let mut accepted_at = milliseconds((app.clock)());
    if request.correction.is_some() {
        accepted_at = accepted_at.max(turn::next(app, &names, &items).await?);
    }
    let client = request.caller.client.clone();
    let head = Head { client, kind, accepted_at, items: items.len() };
    let head = manifest::keep(app, &names, &id, head, &items).await?;
    let order = Order::new(&id, &request.caller.subject, request.correction, request.schema, head.accepted_at);
    app.queue.send(&messages(&names, &order, &items, events)?).await.context("queueing events")?;
    if request.correction.is_some() {
        turn::take(app, &names, &order, &items).await?;
    }
    tracing::info!(batch.id = id, batch.items = items.len(), "batch accepted");
    let place = status_link(app, &id);
    let answer = json!({ "batchId": id, "items": items.len(), "links": { "status": place } });
    let response = (StatusCode::ACCEPTED, [(header::LOCATION, place)], axum::Json(answer)).into_response();
    Ok(if request.asked { ([(PREFERENCE_APPLIED, "respond-async")], response).into_response() } else { response })
}

/// The open events of a body, each with its place; none larger than a message.
fn events(body: &Value, work: &[(Event, Plan)]) -> Result<Vec<Ordered>, Error> {
    let open = body.as_array().into_iter().flatten().zip(work).enumerate();
    let open = open.filter(|(_, (_, (_, plan)))| !matches!(plan, Plan::Settled(_)));
    let events: Vec<_> =
        open.map(|(index, (value, (event, plan)))| Ordered::new(index, Item::of(event, plan).since, value)).collect();
    let fault = |event: &Ordered| Fault {
        pointer: format!("/{}", event.index),
        code: Code::TooLong,
        detail: format!("an event that is certified later has at most {MOST_BYTES} bytes"),
    };
    let faults: Vec<_> = events.iter().filter(|event| event.bytes() > MOST_BYTES).map(fault).collect();
    if faults.is_empty() { Ok(events) } else { Err(Faults(faults).into()) }
}

/// The same client, kind and items: the same batch.
fn name(names: &Names, request: &Request<'_>, items: &[Item]) -> String {
    let reason = request.correction.map_or("", Reason::as_str);
    let says = [request.caller.client.as_str(), reason, order::name(request.schema)];
    let since: Vec<_> = items.iter().map(|item| item.since.to_be_bytes()).collect();
    let items = items.iter().zip(&since).flat_map(|(item, since)| [item.digest.0.as_slice(), since.as_slice()]);
    names.name("batch", says.map(str::as_bytes).into_iter().chain(items))
}

/// A message for each beneficiary with their events in order; several of one group where they do not fit one.
fn messages(names: &Names, order: &Order, items: &[Item], events: Vec<Ordered>) -> Result<Vec<Message>> {
    let mut orders: Vec<(String, Vec<Ordered>)> = Vec::new();
    for event in events {
        let item = items.get(event.index).context("an event that is no item")?;
        let group = names.beneficiary(&item.slot.beneficiary);
        let fits = |there: &[Ordered]| there.iter().map(Ordered::bytes).sum::<usize>() + event.bytes() <= MOST_BYTES;
        match orders.iter_mut().rev().find(|(of, _)| *of == group) {
            Some((_, there)) if fits(there) => there.push(event),
            _ => orders.push((group, vec![event])),
        }
    }
    orders.into_iter().map(|(group, events)| order.with(events).message(group)).collect()
}

/// Bytes of events in a message: what it takes, with room for who sent them.
const MOST_BYTES: usize = Message::MOST_BYTES - (8 << 10);
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
