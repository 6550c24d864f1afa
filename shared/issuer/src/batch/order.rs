//! What a message asks for: some events of one beneficiary, in their order, on whose behalf, and of which batch they are.

use super::manifest::{Kind, instant};
use crate::{
    certify::Mandate,
    ports::{Lane, Message, Reason},
};
use anyhow::{Context, Result};
use credential::{Event, Rules, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// The body of a message of lane [`Lane::Certify`]. Personal data.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) batch: String,
    actor: String,
    /// The code of the reason, where the events correct what was certified.
    correction: Option<String>,
    schema: String,
    /// Milliseconds of the Unix age.
    pub(super) accepted_at: i64,
    /// Whether it stands aside from its beneficiary's other messages, for what it corrects is not there yet.
    pub(super) is_aside: bool,
    pub(super) events: Vec<Ordered>,
}

/// An event, with its place in the batch.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Ordered {
    pub(super) index: usize,
    /// As of the [`Item`](super::manifest::Item).
    pub(super) since: u32,
    event: Value,
}

impl Ordered {
    pub(super) fn new(index: usize, since: u32, event: &Value) -> Self {
        Self { index, since, event: event.clone() }
    }

    /// How much of a message it takes, about.
    pub(super) fn bytes(&self) -> usize {
        self.event.to_string().len() + 64
    }
}

impl Order {
    /// For events of a batch that the actor sent.
    pub(super) fn new(batch: &str, actor: &str, correction: Option<Reason>, schema: Schema, accepted_at: i64) -> Self {
        Self {
            batch: batch.to_owned(),
            actor: actor.to_owned(),
            correction: correction.map(|reason| reason.as_str().to_owned()),
            schema: name(schema).to_owned(),
            accepted_at,
            is_aside: false,
            events: Vec::new(),
        }
    }

    pub(super) fn parse(body: &str) -> Result<Self> {
        // A fault's own text would show what it stumbled over.
        serde_json::from_str(body).ok().context("a message that asks for nothing")
    }

    pub(super) fn kind(&self) -> Kind {
        if self.correction.is_some() { Kind::Correct } else { Kind::Certify }
    }

    pub(super) fn accepted(&self) -> Result<OffsetDateTime> {
        instant(self.accepted_at).context("a time of another age")
    }

    pub(super) fn mandate(&self) -> Result<Mandate> {
        let reason = |code: &String| Reason::parse(code).context("a reason that is none");
        Ok(Mandate::of(&self.actor, self.correction.as_ref().map(reason).transpose()?))
    }

    /// The event as it was accepted; `None` if the rules changed since, and refuse it.
    pub(super) fn event(&self, ordered: &Ordered, rules: &Rules) -> Result<Option<Event>> {
        let body = json!([ordered.event]);
        let read = Event::parse_all(&body, schema(&self.schema)?, self.accepted()?, rules);
        Ok(read.ok().and_then(|events| events.into_iter().next()))
    }

    /// The same for these events alone.
    pub(super) fn with(&self, events: Vec<Ordered>) -> Self {
        Self { events, ..self.clone() }
    }

    /// The same for one event, aside from its beneficiary's others.
    pub(super) fn aside(&self, event: Ordered) -> Self {
        Self { is_aside: true, ..self.with(vec![event]) }
    }

    /// The message that asks for it. Of a batch, no two have the same first event.
    pub(super) fn message(&self, group: String) -> Result<Message> {
        let first = self.events.first().context("an order for nothing")?.index;
        let id = format!("{}-{first}{}", self.batch, if self.is_aside { "-aside" } else { "" });
        Ok(Message { lane: Lane::Certify, group, id, body: serde_json::to_string(self)? })
    }
}

/// The schema's name in messages.
pub(super) fn name(schema: Schema) -> &'static str {
    match schema {
        Schema::V1 => "v1",
        Schema::V3 => "v3",
        Schema::Test => "test",
    }
}

fn schema(of: &str) -> Result<Schema> {
    [Schema::V1, Schema::V3, Schema::Test].into_iter().find(|schema| name(*schema) == of).context("an unknown schema")
}
