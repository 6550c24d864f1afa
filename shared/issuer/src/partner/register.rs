//! The register of partners: an administrator says who they are, what they may ask and how often. Whoever is not in it has no access.

use crate::{
    App, Error,
    auth::{Admins, By, Caller},
    fetch::fingerprint,
    http::Json,
    limits::Limit,
    ports::{Commit, Drawer, Remark, RemarkEvent, Sheet},
};
use anyhow::{Context, anyhow};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use credential::{Code, Fault, Faults};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use time::{Duration, OffsetDateTime};

/// A partner as it is registered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Partner {
    /// The client of its tokens: `azp`, `client_id` or `sub`.
    #[serde(rename = "partnerId")]
    pub(super) id: String,
    name: String,
    scopes: BTreeSet<Scope>,
    per_minute: u64,
    per_day: u64,
    enabled: bool,
}

/// What a partner may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Scope {
    /// Credentials.
    Certificates,
    /// The newest certificate as PDF.
    Pdf,
    /// The summary.
    Kyc,
}

/// The partner behind a token, if it may ask that now; the call counts.
pub(super) async fn admitted(app: &App, caller: &Caller, scope: Scope) -> Result<Partner, Error> {
    let (partner, _) = registered(app, &caller.client).await?.ok_or(Error::NotAdmitted)?;
    if !partner.enabled || !partner.scopes.contains(&scope) {
        return Err(Error::NotAdmitted);
    }
    let who = name_of(&partner.id);
    Limit { what: "partner-minute", window: Duration::MINUTE, most: partner.per_minute }.count(app, &who).await?;
    Limit { what: "partner-day", window: Duration::DAY, most: partner.per_day }.count(app, &who).await?;
    Ok(partner)
}

pub(super) async fn list(State(app): State<App>, By(..): By<Admins>) -> Result<Response, Error> {
    let sheets = app.cabinet.sheets(Drawer::Partners, FOLDER, None, MOST_PARTNERS, (app.clock)()).await?;
    let mut partners = sheets.iter().map(partner).collect::<Result<Vec<_>, _>>()?;
    partners.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(axum::Json(json!({ "partners": partners })).into_response())
}

pub(super) async fn one(State(app): State<App>, By(..): By<Admins>, Path(id): Path<String>) -> Result<Response, Error> {
    let (partner, _) = registered(&app, &id).await?.ok_or(Error::NoPartner)?;
    Ok(axum::Json(partner).into_response())
}

/// Registers a partner, or puts other rights in the place of its own.
pub(super) async fn set(
    State(app): State<App>,
    By(caller, ..): By<Admins>,
    Path(id): Path<String>,
    body: Json,
) -> Result<Response, Error> {
    let wanted = Partner::read(id, &body.0)?;
    let text = serde_json::to_string(&wanted).context("writing a partner").map_err(Error::Internal)?;
    let mut entered = false;
    for _ in 0..ATTEMPTS {
        let before = registered(&app, &wanted.id).await?;
        if before.as_ref().is_some_and(|(partner, _)| *partner == wanted) {
            return Ok(axum::Json(wanted).into_response());
        }
        if !entered {
            // First the log: rights that nobody can be asked about must not exist.
            enter(&app, &caller, RemarkEvent::PartnerSet, &wanted.id).await?;
            entered = true;
        }
        let sheet = match &before {
            Some((_, sheet)) => sheet.saying(text.as_str()),
            None => Sheet::new(Drawer::Partners, FOLDER, name_of(&wanted.id), text.as_str()),
        };
        if app.cabinet.put(&[sheet], (app.clock)()).await? == Commit::Stored {
            let status = if before.is_some() { StatusCode::OK } else { StatusCode::CREATED };
            return Ok((status, axum::Json(wanted)).into_response());
        }
    }
    Err(Error::Unavailable(anyhow!("others change the same partner all the time")))
}

/// Takes a partner off the register; one that is not there is off it.
pub(super) async fn remove(
    State(app): State<App>,
    By(caller, ..): By<Admins>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    for _ in 0..ATTEMPTS {
        let Some((partner, sheet)) = registered(&app, &id).await? else {
            return Ok(StatusCode::NO_CONTENT.into_response());
        };
        enter(&app, &caller, RemarkEvent::PartnerRemoved, &partner.id).await?;
        if app.cabinet.take(&sheet).await? == Commit::Stored {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    }
    Err(Error::Unavailable(anyhow!("others change the same partner all the time")))
}

impl Partner {
    /// What an administrator sends, all of it required.
    fn read(id: String, body: &Value) -> Result<Self, Error> {
        let mut faults = Vec::new();
        let mut wants = |fine: bool, pointer: &str, detail: &str| {
            if !fine {
                faults.push(Fault { pointer: pointer.to_owned(), code: Code::Format, detail: detail.to_owned() });
            }
        };
        let text = body.get("name").and_then(Value::as_str).unwrap_or_default().trim();
        let named = (1..=MOST_LETTERS).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        let scopes = body.get("scopes").map(BTreeSet::<Scope>::deserialize);
        let scopes = scopes.and_then(Result::ok).filter(|scopes| !scopes.is_empty());
        let number = |name: &str| body.get(name).and_then(Value::as_u64).filter(|number| (1..=MOST).contains(number));
        let (per_minute, per_day) = (number("perMinute"), number("perDay"));
        let enabled = body.get("enabled").and_then(Value::as_bool);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:@".contains(&byte);
        wants(
            (1..=MOST_LETTERS).contains(&id.len()) && id.bytes().all(plain),
            "",
            "the path names no client of tokens",
        );
        wants(named, "/name", "a name of 1 to 128 letters");
        wants(scopes.is_some(), "/scopes", "some of certificates, pdf, kyc");
        wants(per_minute.is_some(), "/perMinute", "a whole number from 1 to 1000000");
        wants(per_day.is_some(), "/perDay", "a whole number from 1 to 1000000");
        wants(enabled.is_some(), "/enabled", "true or false");
        match (scopes, per_minute, per_day, enabled) {
            (Some(scopes), Some(per_minute), Some(per_day), Some(enabled)) if faults.is_empty() => {
                Ok(Self { id, name: text.to_owned(), scopes, per_minute, per_day, enabled })
            }
            _ => Err(Error::Invalid(Faults(faults))),
        }
    }
}

async fn registered(app: &App, id: &str) -> Result<Option<(Partner, Sheet)>, Error> {
    let now: OffsetDateTime = (app.clock)();
    let found = app.cabinet.sheet(Drawer::Partners, FOLDER, &name_of(id), now).await?;
    found.map(|sheet| Ok((partner(&sheet)?, sheet))).transpose()
}

fn partner(sheet: &Sheet) -> Result<Partner, Error> {
    serde_json::from_str(&sheet.text).context("a partner that is none").map_err(Error::Internal)
}

async fn enter(app: &App, caller: &Caller, event: RemarkEvent, id: &str) -> Result<(), Error> {
    let remark = Remark { event, about: id.to_owned(), actor: caller.subject.clone(), at: (app.clock)() };
    Ok(app.ledger.remark(&[remark]).await?)
}

/// A partner's name in keys.
fn name_of(id: &str) -> String {
    fingerprint(&[id.as_bytes()])
}

const FOLDER: &str = "registered";
/// In one answer: a country has some dozens.
const MOST_PARTNERS: usize = 1000;
const MOST_LETTERS: usize = 128;
/// Calls.
const MOST: u64 = 1_000_000;
/// How often two administrators may meet.
const ATTEMPTS: usize = 5;
