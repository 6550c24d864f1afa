//! Recovery with the paper. Three things are asked for, each of which another thief lacks: the paper (whoever stole the telephone), the number that it is
//! registered to, which stands on no paper (whoever stole the paper), and a telephone of their own that is proven and can be found (whoever guesses).
//!
//! Somebody who has all three may still be the wrong one: a relative, an employer. So the registered number is told before anything happens, and its owner has
//! three days (`RECOVERY_WAIT_SECONDS`) to object, with one tap or after logging in. Whoever holds the registered number opens its certificates anyway; they
//! gain nothing here.

use super::{
    id, keyed, messages,
    request::{
        Case, KEPT, Kept, OBJECTED, Recovery, State as At, away_from, first, instant, leads, number_of, objection,
        telephone,
    },
    sheet,
    shown::Shown,
    unsent,
};
use crate::{
    App, Error,
    auth::{By, Citizens, contact_hash},
    body::Body,
    client::Client,
    error::rfc3339,
    http::Json,
    limits::Limit,
    login::codes::{self, Purpose},
    ports::{Certificate, Commit, Drawer, Refused, Sheet},
};
use anyhow::{Context, anyhow};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::{
    extract::{Path, Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use credential::{Code, Contact};
use serde_json::{Value, json};
use time::Duration;

/// 202 and a code to the new number, whatever the rest is worth.
pub(super) async fn ask(State(app): State<App>, client: Client, request: Request) -> Result<Response, Error> {
    // Before anything is read, for looking for a QR code is work.
    FROM_ADDRESS.count(&app, &keyed(&app, "address", &[&client.network()]).await?).await?;
    let Json(body) = Json::read(request, MOST_BYTES).await?;
    let mut wish = Wish::read(&body, &app.config.rules.calling_code)?;
    wish.language = wish.language.or_else(|| client.language().map(str::to_owned));
    let new = wish.new.clone();
    let id = begin(&app, wish).await?;
    codes::send(&app, Purpose::BindNumber, &new, &client).await?;
    let until = (app.clock)() + codes::VALID;
    // Whole seconds, so that all answers are of one length.
    let until = until.replace_nanosecond(0).unwrap_or(until);
    let answer = json!({ "recoveryId": id, "codeExpiresAt": rfc3339(until) });
    Ok((StatusCode::ACCEPTED, axum::Json(answer)).into_response())
}

/// 202 once the new number is proven, if the rest fits.
pub(super) async fn prove(State(app): State<App>, Path(id): Path<String>, body: Json) -> Result<Response, Error> {
    let otp = body.0.get("otp").and_then(Value::as_str).ok_or(Error::Field("/otp", "the code that was sent"))?;
    loop {
        let kept = Kept::read(&app, &id).await?;
        // Whoever loses against another request of theirs finds what that one did.
        match kept.recovery.state.clone() {
            At::Asked(case) => {
                let proven = codes::prove(&app, Purpose::BindNumber, &telephone(&kept.recovery.new)?, otp).await;
                proven.map_err(|fault| if matches!(fault, Error::WrongCode) { Error::NotProven } else { fault })?;
                let next = case.map_or(At::Unfit, At::Proven);
                kept.follow(&app, next, (app.clock)() + ASKED, Vec::new()).await?
            }
            At::Proven(case) => wait(&app, &kept, case).await?,
            _ => return Ok((StatusCode::ACCEPTED, axum::Json(kept.told()?)).into_response()),
        };
    }
}

/// How far it is, for whoever knows its id.
pub(super) async fn progress(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Error> {
    Ok(axum::Json(Kept::read(&app, &id).await?.told()?).into_response())
}

/// What takes certificates away from the caller's number.
pub(super) async fn pending(State(app): State<App>, By(caller, ..): By<Citizens>) -> Result<Response, Error> {
    let mut waiting = Vec::new();
    if let Some(own) = caller.contact(&app).await? {
        let folder = away_from(&own);
        for lead in app.cabinet.sheets(Drawer::Rebindings, &folder, None, MOST_PENDING, (app.clock)()).await? {
            let Ok(kept) = Kept::read(&app, &lead.name).await else { continue };
            if let At::Waiting { until, .. } = kept.recovery.state {
                waiting.push((until, kept.told()?));
            }
        }
    }
    waiting.sort_by_key(|(until, _)| *until);
    let recoveries: Vec<Value> = waiting.into_iter().map(|(_, told)| told).collect();
    Ok(axum::Json(json!({ "recoveries": recoveries })).into_response())
}

/// The owner of the registered number objects, logged in.
pub(super) async fn stop(
    State(app): State<App>,
    By(caller, ..): By<Citizens>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let own = caller.contact(&app).await?.ok_or(Error::NoRecovery)?;
    // A lead stays when what it leads to is stopped, so that a second call finds the same.
    sheet(&app, &away_from(&own), &id).await?.ok_or(Error::NoRecovery)?;
    stopped(&app, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The owner of the registered number objects, with the link that was sent there.
pub(super) async fn object(State(app): State<App>, body: Json) -> Result<Response, Error> {
    let token = body.0.get("token").and_then(Value::as_str).ok_or(Error::Field("/token", "what the link ends in"))?;
    let (id, _) = token.split_once('.').ok_or(Error::NoRecovery)?;
    let right = objection(&app, id).await?;
    verify_slices_are_equal(right.as_bytes(), token.as_bytes()).map_err(|_| Error::NoRecovery)?;
    Ok(axum::Json(stopped(&app, id).await?.told()?).into_response())
}

/// What a citizen asks for.
struct Wish {
    shown: Shown,
    registered: Contact,
    new: Contact,
    language: Option<String>,
}

impl Wish {
    fn read(body: &Value, calling_code: &str) -> Result<Self, Error> {
        let mut body = Body::of(body);
        let mut number = |name: &str| {
            let number = Contact::telephone(body.required(name)?, calling_code);
            if number.is_none() {
                body.fault(&format!("/{name}"), Code::Format, "it is no telephone number, such as +91 99999 00001");
            }
            number
        };
        let numbers = number("registeredPhone").zip(number("newPhone"));
        if numbers.as_ref().is_some_and(|(registered, new)| registered == new) {
            body.fault("/newPhone", Code::Enum, "it is the registered number");
        }
        let language = body.text("language").map(|tag| tag.chars().take(MOST_LANGUAGE).collect());
        let shown = Shown::read(&mut body);
        let wish = numbers.zip(shown);
        body.done(wish.map(|((registered, new), shown)| Self { shown, registered, new, language }))
    }
}

/// Keeps the request with what it comes to, and tells nobody.
async fn begin(app: &App, wish: Wish) -> Result<String, Error> {
    let key = app.pepper.contact_key().await?;
    let (from, to) = (contact_hash(&key, &wish.registered), contact_hash(&key, &wish.new));
    OF_NUMBER.count(app, &from).await?;
    TO_NUMBER.count(app, &to).await?;
    let certificate = wish.shown.certificate(app).await?;
    match &certificate {
        Some(genuine) => OF_CERTIFICATE.count(app, genuine.issuance.certificate_id.as_str()).await?,
        None => WITHOUT_PAPER.count(app, "all").await?,
    }
    let objected = sheet(app, &away_from(&from), OBJECTED).await?.is_some();
    let fitting = certificate.filter(|it| is_registered(it, &from) && !objected);
    let case = fitting.map(|it| Case::new(&it.slot.beneficiary, &it.issuance.certificate_id, from, &wish.registered));
    let recovery = Recovery { new: number_of(&wish.new), language: wish.language, state: At::Asked(case) };
    let (id, now) = (id()?, (app.clock)());
    let sheet = first(&id, &recovery, now + ASKED)?;
    let put = app.cabinet.put(&[sheet], now).await?;
    if put == Commit::Stored { Ok(id) } else { Err(Error::Internal(anyhow!("an id was given twice"))) }
}

/// Each contact is compared whole, in a time that says nothing of how much is right.
fn is_registered(certificate: &Certificate, from: &str) -> bool {
    certificate.contacts.iter().any(|contact| verify_slices_are_equal(contact.as_bytes(), from.as_bytes()).is_ok())
}

/// Tells the registered number, then lets the clock run: nothing takes effect of which its owner was not told for the whole time. After a crash between the
/// two they are told twice.
async fn wait(app: &App, kept: &Kept, case: Case) -> Result<Commit, Error> {
    let effective_at = instant(((app.clock)() + app.config.recovery_wait).unix_timestamp())?;
    let registered = case.registered.as_deref().context("a case whose number was told")?;
    let link = format!("{}/portal/#objection={}", app.config.public_url, objection(app, &kept.id).await?);
    let text = messages::objection(kept.recovery.language.as_deref(), effective_at, &link)?;
    if let Err(fault) = app.sender.sms(&telephone(registered)?, &text).await {
        // Of what can't be told to its owner nothing comes; officers may see the person.
        return if fault.is::<Refused>() {
            Ok(kept.follow(app, At::Unfit, (app.clock)() + ASKED, Vec::new()).await?)
        } else {
            Err(unsent().into())
        };
    }
    let case = case.told();
    let leads = leads(&kept.id, &case, effective_at);
    let waiting = At::Waiting { case, until: effective_at.unix_timestamp() };
    let commit = kept.follow(app, waiting, effective_at + KEPT, leads).await?;
    if commit == Commit::Stored {
        tracing::info!(recovery.id = kept.id, "recovery waits");
    }
    Ok(commit)
}

/// Stops what waits. For a month nothing else is moved away from that number with a paper: who lost both to a thief goes to the officers.
async fn stopped(app: &App, id: &str) -> Result<Kept, Error> {
    loop {
        let kept = Kept::read(app, id).await?;
        let At::Waiting { case, .. } = &kept.recovery.state else {
            let over = matches!(kept.recovery.state, At::Stopped);
            return if over { Ok(kept) } else { Err(Error::NoRecovery) };
        };
        let until = (app.clock)() + KEPT;
        let (folder, before) = (away_from(&case.from), sheet(app, &away_from(&case.from), OBJECTED).await?);
        let objected = match before {
            Some(before) => before.saying("").until(until),
            None => Sheet::new(Drawer::Rebindings, folder, OBJECTED, "").until(until),
        };
        if kept.follow(app, At::Stopped, until, vec![objected]).await? == Commit::Stored {
            tracing::info!(recovery.id = id, "recovery stopped");
        }
    }
}

/// Tries of one address: mobile operators have many people share one.
const FROM_ADDRESS: Limit = Limit { what: "recoveries-from-address", window: Duration::HOUR, most: 20 };
/// Tries with one registered number.
const OF_NUMBER: Limit = Limit { what: "recoveries-of-number", window: Duration::DAY, most: 5 };
/// Tries for one new number.
const TO_NUMBER: Limit = Limit { what: "recoveries-to-number", window: Duration::DAY, most: 5 };
/// Tries with one genuine paper: so many guesses of the registered number has who stole it. A week is long enough that guessing is hopeless, and short enough to come back.
const OF_CERTIFICATE: Limit = Limit { what: "recoveries-of-certificate", window: Duration::WEEK, most: 5 };
/// Tries of everybody without a genuine paper: each costs the country a message to a number that anyone may choose.
const WITHOUT_PAPER: Limit = Limit { what: "recoveries-without-paper", window: Duration::HOUR, most: 300 };
/// How long the new number may be proven: some codes' time.
const ASKED: Duration = Duration::minutes(15);
/// A picture of 3 MiB in base64, and the rest.
const MOST_BYTES: usize = 4 * 1024 * 1024 + 64 * 1024;
const MOST_LANGUAGE: usize = 16;
/// More than the limits let come together.
const MOST_PENDING: usize = 100;
