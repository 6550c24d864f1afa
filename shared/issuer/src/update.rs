//! Update: a corrected event comes in, a new certificate takes the place of the old one in the same transaction. Any field may change but those that name
//! the slot (beneficiary, programme, dose). The work itself is [`crate::certify::issue`].

use crate::{
    App, Error,
    auth::{By, Caller, Correctors},
    batch::{self, Request},
    certify::{Mandate, Outcome, Plan, answer, issue_all, readable, with_occupants},
    http::{Json, RespondAsync},
    keys,
    ports::{Follows, Occupant, Reason},
};
use axum::{
    Router,
    extract::{Query, State},
    response::Response,
    routing::put,
};
use credential::{Event, Schema, Status};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use time::OffsetDateTime;

/// DIVOC's update routes.
pub fn routes() -> Router<App> {
    Router::new().route("/divoc/api/v1/certificate", put(v1)).route("/divoc/api/v3/certificate", put(v3))
}

async fn v1(
    State(app): State<App>,
    By(caller, ..): By<Correctors>,
    Query(why): Query<Why>,
    later: RespondAsync,
    body: Json,
) -> Result<Response, Error> {
    update(&app, &caller, &why, later, &body.0, Schema::V1).await
}

async fn v3(
    State(app): State<App>,
    By(caller, ..): By<Correctors>,
    Query(why): Query<Why>,
    later: RespondAsync,
    body: Json,
) -> Result<Response, Error> {
    update(&app, &caller, &why, later, &body.0, Schema::V3).await
}

/// Why a certificate is changed: a query string.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Why {
    /// A code of [`Reason`].
    pub(crate) reason: Option<String>,
}

impl Why {
    /// The reason, or `usual` where none is given.
    pub(crate) fn or(&self, usual: Reason) -> Result<Reason, Error> {
        let Some(code) = &self.reason else { return Ok(usual) };
        Reason::parse(code).ok_or_else(|| {
            let known: Vec<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
            Error::Parameter("reason", format!("one of {}", known.join(", ")).into())
        })
    }
}

async fn update(
    app: &App,
    caller: &Caller,
    why: &Why,
    RespondAsync(asked): RespondAsync,
    body: &Value,
    schema: Schema,
) -> Result<Response, Error> {
    let reason = why.or(Reason::Correction)?;
    let work = accept(app, body, schema, asked).await?;
    keys::current(app).await?;
    // One that is made at once may not overtake another that waits for its turn.
    let is_behind = asked || batch::is_behind_another(app, &work).await?;
    if batch::is_for_later(app, is_behind, &work).await? {
        let request = Request { caller, correction: Some(reason), schema, body, asked };
        return batch::accept(app, &request, &work).await;
    }
    let outcomes = issue_all(app, &Mandate::to_correct(caller, reason), work).await;
    answer(app, &outcomes)
}

/// The events of a body, each with what it corrects, once nothing about any of them speaks against it. Who does not wait may correct what is still to come.
async fn accept(app: &App, body: &Value, schema: Schema, may_wait: bool) -> Result<Vec<(Event, Plan)>, Error> {
    let events = readable(app, body, schema).await?;
    let mut faults = Vec::new();
    let mut work = Vec::with_capacity(events.len());
    for (index, (event, occupant)) in with_occupants(app, events).await?.into_iter().enumerate() {
        let plan = match occupant {
            None if may_wait => Ok(Plan::Wait),
            occupant => plan(&event, occupant, app.config.update_limit, (app.clock)()),
        };
        match plan {
            Ok(plan) => work.push((event, plan)),
            Err(why) => faults.push((format!("/{index}"), why)),
        }
    }
    if faults.is_empty() { Ok(work) } else { Err(Error::NotCorrectable(faults)) }
}

/// What to do about an event whose slot holds this, or why nothing can be done.
pub(crate) fn plan(
    event: &Event,
    occupant: Option<Occupant>,
    limit: u32,
    now: OffsetDateTime,
) -> Result<Plan, Cow<'static, str>> {
    let there = occupant.ok_or("this dose has no certificate yet: certify it")?;
    match there.status.at(now) {
        Status::Revoked | Status::Superseded => Err("this dose's certificate was revoked: certify it anew")?,
        Status::Suspended { .. } => Err("this dose's certificate is suspended: lift the suspension first")?,
        Status::Valid => {}
    }
    if there.is_made_of(event.digest()) {
        let id = there.current.certificate_id;
        return Ok(Plan::Settled(Outcome::AlreadyIssued { id, status: Status::Valid }));
    }
    if there.version > limit {
        return Err(format!("this dose's certificate was corrected {limit} times already").into());
    }
    Ok(Plan::Issue(Follows::Corrects { version: there.version, issuance: there.current }))
}
