//! Re-binding by two officers of a facility, for people who cannot know the registered number because it was taken down wrong, or who have no paper.
//!
//! One officer asks, another one of the same facility types the new number once more and approves; it takes effect at once. Both see the person and their
//! identity document. What the tokens say decides who they are: `sub` for the person, the facility's claim for the place. One of them alone, two of different
//! facilities, or one under two facilities' names change nothing.

use super::{Move, Moved, Replaced, apply, crowded, keyed};
use crate::{
    App, Error,
    auth::{By, Caller, Officers, contact_hash},
    body::Body,
    error::rfc3339,
    http::{Json, with_member},
    limits::Limit,
    ports::{Commit, Drawer, Sheet},
};
use anyhow::Context;
use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use credential::{BeneficiaryCode, Code, Contact};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::Duration;

/// 201 with what waits for the other officer. The same again finds it there.
pub(super) async fn ask(State(app): State<App>, By(caller, ..): By<Officers>, body: Json) -> Result<Response, Error> {
    let desk = Desk::of(&app, caller).await?;
    let (beneficiary, to) = wish(&app, &body.0).await?;
    ASKED_BY.count(&app, &desk.officer).await?;
    ASKED_AT.count(&app, &desk.folder).await?;
    if app.store.certificates(&beneficiary, None).await?.is_empty() {
        return Err(Error::NoCertificate);
    }
    let asked = Rebinding {
        beneficiary: beneficiary.as_str().to_owned(),
        to,
        by: desk.officer.clone(),
        actor: desk.actor.clone(),
        done: false,
    };
    let kept = kept(&app, &desk, asked).await?;
    let place = format!("{}/divoc/api/v1/rebindings/{}", app.config.public_url, kept.name);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], axum::Json(told(&kept, &desk)?)).into_response())
}

/// What waits in the caller's facility.
pub(super) async fn waiting(State(app): State<App>, By(caller, ..): By<Officers>) -> Result<Response, Error> {
    let desk = Desk::of(&app, caller).await?;
    let sheets = app.cabinet.sheets(Drawer::Rebindings, &desk.folder, None, MOST_WAITING, (app.clock)()).await?;
    let mut rebindings = Vec::new();
    for sheet in sheets {
        if !Rebinding::read(&sheet)?.done {
            rebindings.push(told(&sheet, &desk)?);
        }
    }
    Ok(axum::Json(json!({ "rebindings": rebindings })).into_response())
}

pub(super) async fn withdraw(
    State(app): State<App>,
    By(caller, ..): By<Officers>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let desk = Desk::of(&app, caller).await?;
    let sheet = desk.sheet(&app, &id).await?;
    if Rebinding::read(&sheet)?.done || app.cabinet.take(&sheet).await? == Commit::Lost {
        return Err(Error::NoRebinding);
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// 200 once the certificates are registered to the new number. The same again finds them so.
pub(super) async fn approve(
    State(app): State<App>,
    By(caller, ..): By<Officers>,
    Path(id): Path<String>,
    body: Json,
) -> Result<Response, Error> {
    let desk = Desk::of(&app, caller).await?;
    let to = hash_of(&app, number(&mut Body::of(&body.0), &app.config.rules.calling_code)).await?;
    APPROVED_BY.count(&app, &desk.officer).await?;
    for _ in 0..TURNS {
        let sheet = desk.sheet(&app, &id).await?;
        let asked = Rebinding::read(&sheet)?;
        if asked.by == desk.officer {
            return Err(Error::SameOfficer);
        }
        let to = to.as_ref().filter(|to| **to == asked.to);
        let to = to.ok_or(Error::Field("/phone", "the number that the other officer typed"))?;
        if asked.done {
            return Ok(axum::Json(told(&sheet, &desk)?).into_response());
        }
        let beneficiary = BeneficiaryCode::parse(&asked.beneficiary).context("a request for nobody")?;
        let actor = format!("{} and {}", asked.actor, desk.actor);
        let moving = Move { beneficiary: &beneficiary, from: Replaced::Anything, to, actor };
        let done = sheet.saying(Rebinding { done: true, ..asked }.text()?);
        if apply(&app, &moving, &done).await? == Moved::Nothing {
            return Err(Error::NoCertificate);
        }
    }
    Err(Error::Unavailable(crowded()))
}

/// An officer at work in a facility.
struct Desk {
    /// The officer's keyed hash: a `sub` may be a name.
    officer: String,
    /// The `sub`, for the log.
    actor: String,
    /// The facility's folder: what waits there is another facility's business never.
    folder: String,
}

impl Desk {
    async fn of(app: &App, caller: Caller) -> Result<Self, Error> {
        let facility = caller.facility.ok_or(Error::NoFacility)?;
        if caller.subject.is_empty() {
            return Err(Error::Unauthenticated("it names nobody (sub)"));
        }
        let officer = keyed(app, "officer", &[&caller.subject]).await?;
        let folder = format!("facility-{}", keyed(app, "facility", &[&facility]).await?);
        Ok(Self { officer, actor: caller.subject, folder })
    }

    async fn sheet(&self, app: &App, id: &str) -> Result<Sheet, Error> {
        // Ids have one length; nothing longer becomes part of a key.
        let there = if id.len() <= 64 { super::sheet(app, &self.folder, id).await? } else { None };
        there.ok_or(Error::NoRebinding)
    }
}

/// What is kept of a request.
#[derive(Deserialize, Serialize)]
struct Rebinding {
    beneficiary: String,
    /// The keyed hash of the new number.
    to: String,
    by: String,
    actor: String,
    done: bool,
}

impl Rebinding {
    fn read(sheet: &Sheet) -> Result<Self, Error> {
        Ok(serde_json::from_str(&sheet.text).context("reading a re-binding")?)
    }

    fn text(&self) -> Result<String, Error> {
        Ok(serde_json::to_string(self).context("writing a re-binding")?)
    }
}

/// The sheet that waits for the other officer: the one that is there already, or a new one.
async fn kept(app: &App, desk: &Desk, asked: Rebinding) -> Result<Sheet, Error> {
    let name = keyed(app, "rebinding", &[&asked.beneficiary, &asked.to, &asked.by]).await?;
    for _ in 0..TURNS {
        let now = (app.clock)();
        let sheet = match super::sheet(app, &desk.folder, &name).await? {
            Some(there) if !Rebinding::read(&there)?.done => return Ok(there),
            // It was done before, and something else since: it is asked for anew.
            Some(there) => there.saying(asked.text()?),
            None => Sheet::new(Drawer::Rebindings, desk.folder.clone(), name.clone(), asked.text()?),
        };
        let sheet = sheet.until(now + STAYS);
        if app.cabinet.put(std::slice::from_ref(&sheet), now).await? == Commit::Stored {
            return Ok(sheet);
        }
    }
    Err(Error::Unavailable(crowded()))
}

/// Whose certificates, and the keyed hash of the new number.
async fn wish(app: &App, body: &Value) -> Result<(BeneficiaryCode, String), Error> {
    let mut body = Body::of(body);
    let beneficiary = body.required("beneficiaryId").and_then(|code| {
        let parsed = BeneficiaryCode::parse(code);
        if parsed.is_none() {
            body.fault("/beneficiaryId", Code::Format, "it is no beneficiary's code");
        }
        parsed
    });
    let number = number(&mut body, &app.config.rules.calling_code);
    let (beneficiary, number) = body.done(beneficiary.zip(number))?;
    let to = hash_of(app, Some(number)).await?.context("a number without hash")?;
    Ok((beneficiary, to))
}

fn number(body: &mut Body<'_>, calling_code: &str) -> Option<Contact> {
    let number = Contact::telephone(body.required("phone")?, calling_code);
    if number.is_none() {
        body.fault("/phone", Code::Format, "it is no telephone number, such as +91 99999 00001");
    }
    number
}

async fn hash_of(app: &App, number: Option<Contact>) -> Result<Option<String>, Error> {
    let key = app.pepper.contact_key().await?;
    Ok(number.map(|number| contact_hash(&key, &number)))
}

/// Without the number: a list of what waits is no list of numbers.
fn told(sheet: &Sheet, desk: &Desk) -> Result<Value, Error> {
    let asked = Rebinding::read(sheet)?;
    let state = if asked.done { "done" } else { "waiting" };
    let told = json!({
        "rebindingId": sheet.name, "beneficiaryId": asked.beneficiary, "state": state, "mine": asked.by == desk.officer,
    });
    let until = sheet.until.filter(|_| !asked.done);
    Ok(with_member(told, "expiresAt", until.map(rfc3339)))
}

/// Requests of one officer, of one facility, and approvals of one officer, wrong numbers included.
const ASKED_BY: Limit = Limit { what: "rebindings-by", window: Duration::DAY, most: 50 };
const ASKED_AT: Limit = Limit { what: "rebindings-at", window: Duration::DAY, most: 300 };
const APPROVED_BY: Limit = Limit { what: "approvals-by", window: Duration::DAY, most: 100 };
/// How long a request waits: until the same time tomorrow, when other officers may be there.
const STAYS: Duration = Duration::DAY;
/// More than a facility may ask for.
const MOST_WAITING: usize = 500;
const TURNS: usize = 8;
