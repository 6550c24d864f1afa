//! Certifying later, as thin as it can be: where the service's own way (a 202, messages of lane `certify`, the state of a batch) is not simulated yet, this
//! stands in its place. [`accept`] takes reports in, [`work`] does what a message asks for, [`told`] answers what became of a report.

use crate::country::{Report, Told};
use anyhow::{Context, Result, bail};
use credential::{Event, Schema};
use issuer::{
    App,
    auth::Caller,
    certify::{self, Mandate, Outcome},
    ports::{Drawer, Follows, Lane, Message, Occupant, Reason, Sheet},
};
use serde_json::json;

/// Takes reports in, durably: a message each, a group for each beneficiary.
pub(crate) async fn accept(app: &App, reports: &[Report]) -> Result<()> {
    let messages: Vec<_> = reports.iter().map(message).collect();
    app.queue.send(&messages).await
}

fn message(report: &Report) -> Message {
    let body = json!({ "correction": report.revision > 0, "event": report.event(), "id": report.id() });
    Message { lane: Lane::Certify, group: report.group(), id: report.id(), body: body.to_string() }
}

/// Does what a message asks for.
pub(crate) async fn work(app: &App, message: &Message) -> Result<()> {
    let order: serde_json::Value = serde_json::from_str(&message.body).context("a message that is none")?;
    let event = parsed(app, order.get("event"))?;
    let there = occupant(app, &event).await?;
    if there.as_ref().and_then(|there| there.made_of(event.digest())).is_some() {
        return Ok(());
    }
    let is_correction = order.get("correction") == Some(&json!(true));
    let caller = Caller::shown_by("a-reporting-system".to_owned());
    let (mandate, follows) = match (is_correction, there) {
        (false, None) => (Mandate::to_issue(&caller), Follows::Nothing),
        (false, Some(_)) => return refuse(app, message).await,
        (true, None) => bail!("what it corrects is not there yet"),
        (true, Some(there)) => (
            Mandate::to_correct(&caller, Reason::Correction),
            Follows::Corrects { version: there.version, issuance: there.current },
        ),
    };
    match certify::issue(app, &mandate, &event, follows).await? {
        Outcome::Created { .. } | Outcome::AlreadyIssued { .. } => Ok(()),
        Outcome::Conflict | Outcome::Unfinished => bail!("somebody came between"),
    }
}

/// What became of each report so far.
pub(crate) async fn told(app: &App, reports: &[Report]) -> Result<Vec<Option<Told>>> {
    let mut all = Vec::new();
    for report in reports {
        let event = parsed(app, Some(&report.event()))?;
        let there = occupant(app, &event).await?;
        let made = there.as_ref().and_then(|there| there.made_of(event.digest()));
        let told = match made {
            Some(id) => Some(Told::Already(id.as_str().to_owned())),
            None => {
                let refused = app.cabinet.sheet(Drawer::Requests, REFUSED, &report.id(), (app.clock)()).await?;
                refused.map(|_| Told::Conflict)
            }
        };
        all.push(told);
    }
    Ok(all)
}

async fn refuse(app: &App, message: &Message) -> Result<()> {
    app.cabinet.put(&[Sheet::new(Drawer::Requests, REFUSED, &message.id, "")], (app.clock)()).await?;
    Ok(())
}

async fn occupant(app: &App, event: &Event) -> Result<Option<Occupant>> {
    Ok(app.store.occupants(&[event.slot()]).await?.into_iter().next().flatten())
}

fn parsed(app: &App, event: Option<&serde_json::Value>) -> Result<Event> {
    let events = Event::parse_all(&json!([event]), Schema::V1, (app.clock)(), &app.config.rules);
    events.ok().and_then(|events| events.into_iter().next()).context("an event that is none")
}

const REFUSED: &str = "refused";
