//! Certify: events come in, certificates are stored and fetchable when the call returns. The whole story of a certificate stands in [`issue`].
//!
//! A body is checked as a whole before anything is stored. The same body again completes what was left unfinished and gives the first answer for the rest.

use crate::{
    App, Error,
    auth::{By, Caller, Certifiers, contact_hash},
    http::Json,
    keys,
    ports::{Audit, Certificate, Commit, Intent, Reservation},
};
use anyhow::{Context, Result};
use aws_lc_rs::rand;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use credential::{CertificateId, Code, Event, Fault, Faults, Issuance, Schema, qr::Payload};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use time::OffsetDateTime;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

/// DIVOC's certify routes: vaccinations in two schemas, and tests.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/v1/certify", post(v1))
        .route("/divoc/api/v3/certify", post(v3))
        .route("/divoc/api/v1/test/certify", post(test))
}

async fn v1(State(app): State<App>, By(caller, ..): By<Certifiers>, body: Json) -> Result<Response, Error> {
    certify(&app, &caller, &body.0, Schema::V1).await
}

async fn v3(State(app): State<App>, By(caller, ..): By<Certifiers>, body: Json) -> Result<Response, Error> {
    certify(&app, &caller, &body.0, Schema::V3).await
}

async fn test(State(app): State<App>, By(caller, ..): By<Certifiers>, body: Json) -> Result<Response, Error> {
    certify(&app, &caller, &body.0, Schema::Test).await
}

async fn certify(app: &App, caller: &Caller, body: &Value, schema: Schema) -> Result<Response, Error> {
    let events = accept(app, body, schema).await?;
    let outcomes = issue_all(app, caller, events).await;
    answer(app, &outcomes)
}

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A certificate was made.
    Created(CertificateId),
    /// The same event had been certified before.
    AlreadyIssued(CertificateId),
    /// Another event has been certified for the dose or the sample.
    Conflict,
    /// Not issued yet; the same event again completes it.
    Unfinished,
}

/// Issues the certificate of one event, exactly once however often and however concurrently it is asked for.
///
/// 1. The intent is stored first: a slot per programme, beneficiary and dose or sample, leased to this attempt. It fixes certificate id and time of issue,
///    so whoever finishes the work prepares the same bytes.
/// 2. Only the holder of the lease signs, and only as long as the lease surely lasts: nothing is signed twice.
/// 3. Certificate, look-ups, audit entry and the closed slot are stored in one transaction, which checks the lease.
///
/// A crash before the transaction leaves an expired lease: the same event again takes the slot over. A crash after it leaves nothing to do.
///
/// # Errors
/// When store or signer fail; the slot is given back.
pub async fn issue(app: &App, actor: &str, event: &Event) -> Result<Outcome> {
    let patience = Instant::now() + LEASE + LEASE / 4;
    let mut pause = Duration::from_millis(10);
    loop {
        let intent = intent(app, event)?;
        match app.store.reserve(&intent).await? {
            Reservation::Issued(there) if there.digest == intent.digest => {
                return Ok(Outcome::AlreadyIssued(there.certificate_id));
            }
            Reservation::Issued(_) => return Ok(Outcome::Conflict),
            Reservation::Ours(issuance) => match sign_and_store(app, actor, event, &intent, issuance.clone()).await {
                Ok(Commit::Stored) => return Ok(Outcome::Created(issuance.certificate_id)),
                Ok(Commit::Lost) => {}
                Err(fault) => {
                    // If the release fails too, the lease ends by itself.
                    let _ = app.store.release(&intent).await;
                    return Err(fault);
                }
            },
            Reservation::Busy => {}
        }
        if Instant::now() >= patience {
            return Ok(Outcome::Unfinished);
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}

/// How long an attempt may hold a slot.
const LEASE: Duration = Duration::from_secs(8);
/// How long the key may take: well within the lease, so that the next holder never signs beside us.
const SIGNING: Duration = Duration::from_secs(5);
/// How long one request works before it answers with what is done: below the 30 s of an HTTP API.
const WORKING: Duration = Duration::from_secs(24);
/// Certificates of one request that are worked on at a time.
const AT_A_TIME: usize = 16;

async fn sign_and_store(app: &App, actor: &str, event: &Event, intent: &Intent, issuance: Issuance) -> Result<Commit> {
    let method = keys::current(app).await.context("publishing the signing key")?;
    let unsigned = event.credential(&app.config.profile, &issuance);
    let prepared =
        unsigned.prepare(method.key.suite(), &method.id, issuance.issued_at).context("preparing a credential")?;
    let signature = timeout(SIGNING, app.signer.sign(prepared.signing_input()))
        .await
        .context("the key took too long")?
        .context("signing")?;
    let signed = prepared.seal(&signature).context("sealing")?;

    let pepper = app.pepper.contact_key().await.context("reading the contact key")?;
    let contacts = event.contacts().iter().map(|contact| contact_hash(&pepper, contact)).collect();
    let certificate = Certificate { slot: intent.slot.clone(), issuance, signed, contacts };
    let audit = Audit { actor: actor.to_owned(), key: method.key.thumbprint() };
    let commit = app.store.commit(intent, &certificate, &audit).await.context("storing a certificate")?;
    if commit == Commit::Stored {
        tracing::info!(certificate.id = certificate.issuance.certificate_id.as_str(), "issued");
    }
    Ok(commit)
}

fn intent(app: &App, event: &Event) -> Result<Intent> {
    let now = (app.clock)();
    Ok(Intent {
        slot: event.slot(),
        digest: event.digest(),
        issuance: new_issuance(event, now)?,
        holder: random()?,
        now,
        lease_until: now + LEASE,
    })
}

fn new_issuance(event: &Event, now: OffsetDateTime) -> Result<Issuance> {
    let issued_at = now.replace_millisecond(now.millisecond()).unwrap_or(now);
    Ok(Issuance {
        certificate_id: CertificateId::from_random(random()?),
        issued_at,
        kind: event.slot().occasion.kind(),
    })
}

fn random() -> Result<u128> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).ok().context("the system gives no randomness")?;
    Ok(u128::from_le_bytes(bytes))
}

/// The events of a body, once nothing about any of them speaks against issuing: all well-formed, none too large for a QR code, nothing certified otherwise.
async fn accept(app: &App, body: &Value, schema: Schema) -> Result<Vec<Event>, Error> {
    let events = Event::parse_all(body, schema, (app.clock)(), &app.config.rules)?;
    refuse_what_no_qr_code_holds(app, &events).await?;
    refuse_other_events_for_certified_slots(app, &events).await?;
    Ok(events)
}

async fn refuse_what_no_qr_code_holds(app: &App, events: &[Event]) -> Result<(), Error> {
    let signature = app.signer.public_key().await?.suite().signature_length();
    let mut faults = Vec::new();
    for (index, event) in events.iter().enumerate() {
        let sample = event.credential(&app.config.profile, &new_issuance(event, (app.clock)())?);
        let unsigned =
            serde_json::to_string(sample.document()).context("writing a credential").map_err(Error::Internal)?;
        let bytes = Payload::estimate(&unsigned, &app.config.verification_method, signature, app.config.qr_form);
        if bytes + Payload::MARGIN > Payload::MOST {
            faults.push(Fault {
                pointer: format!("/{index}"),
                code: Code::TooLong,
                detail: format!(
                    "the certificate would need a QR code of about {bytes} bytes, and {} fit: shorten names or addresses",
                    Payload::MOST - Payload::MARGIN
                ),
            });
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Faults(faults).into()) }
}

async fn refuse_other_events_for_certified_slots(app: &App, events: &[Event]) -> Result<(), Error> {
    let slots: Vec<_> = events.iter().map(Event::slot).collect();
    let occupants = app.store.occupants(&slots).await?;
    let taken = events.iter().zip(&occupants).enumerate().filter_map(|(index, (event, occupant))| {
        let other = occupant.as_ref().is_some_and(|there| there.digest != event.digest());
        other.then(|| format!("/{index}"))
    });
    let pointers: Vec<String> = taken.collect();
    if pointers.is_empty() { Ok(()) } else { Err(Error::Conflict { pointers, items: None }) }
}

/// Issues every event, several at a time, each on its own: one that fails takes none with it. The outcomes are in the order of the events.
async fn issue_all(app: &App, caller: &Caller, events: Vec<Event>) -> Vec<Outcome> {
    let deadline = Instant::now() + WORKING;
    let actor: Arc<str> = caller.subject.as_str().into();
    let mut outcomes = vec![Outcome::Unfinished; events.len()];
    let mut waiting = events.into_iter().enumerate();
    let mut working = JoinSet::new();
    loop {
        while working.len() < AT_A_TIME && Instant::now() < deadline {
            let Some((index, event)) = waiting.next() else { break };
            let (app, actor) = (app.clone(), Arc::clone(&actor));
            working.spawn(async move {
                let outcome = tokio::time::timeout_at(deadline, issue(&app, &actor, &event)).await;
                (index, outcome.unwrap_or(Ok(Outcome::Unfinished)))
            });
        }
        let Some(done) = working.join_next().await else { return outcomes };
        let Ok((index, outcome)) = done else { continue };
        let outcome = outcome.unwrap_or_else(|cause| {
            tracing::error!(cause = format!("{cause:#}"), "a certificate was not issued");
            Outcome::Unfinished
        });
        if let Some(place) = outcomes.get_mut(index) {
            *place = outcome;
        }
    }
}

/// 200 when every certificate exists; else a problem with the state of each item. DIVOC's clients look at the status alone.
fn answer(app: &App, outcomes: &[Outcome]) -> Result<Response, Error> {
    let items: Value = outcomes.iter().enumerate().map(|(index, outcome)| item(app, index, outcome)).collect();
    if outcomes.contains(&Outcome::Unfinished) {
        return Err(Error::Unfinished { items });
    }
    let conflicts = outcomes.iter().enumerate().filter(|(_, outcome)| **outcome == Outcome::Conflict);
    let pointers: Vec<String> = conflicts.map(|(index, _)| format!("/{index}")).collect();
    if !pointers.is_empty() {
        return Err(Error::Conflict { pointers, items: Some(items) });
    }
    Ok(axum::Json(json!({ "certificates": items })).into_response())
}

fn item(app: &App, index: usize, outcome: &Outcome) -> Value {
    let (status, id) = match outcome {
        Outcome::Created(id) => ("created", id),
        Outcome::AlreadyIssued(id) => ("alreadyIssued", id),
        Outcome::Conflict => return json!({ "index": index, "status": "conflict" }),
        Outcome::Unfinished => return json!({ "index": index, "status": "unfinished" }),
    };
    let (base, id) = (&app.config.public_url, id.as_str());
    json!({
        "index": index,
        "certificateId": id,
        "status": status,
        "links": {
            "pdf": format!("{base}/certificate/api/certificate/{id}"),
            "qr": format!("{base}/certificate/api/certificate/QRCode/{id}"),
            "credential": format!("{base}/certificate/api/credential/{id}"),
        },
    })
}
