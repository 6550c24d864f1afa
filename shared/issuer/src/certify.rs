//! Certify: events come in, certificates are stored and fetchable when the call returns. The whole story of a certificate stands in [`issue`].
//!
//! A body is checked as a whole before anything is stored. The same body again completes what was left unfinished and gives the first answer for the rest.

use crate::{
    App, Error,
    auth::{By, Caller, Certifiers, contact_hash},
    batch::{self, Request},
    http::{Json, RespondAsync, with_member},
    keys,
    ports::{Audit, AuditEvent, Certificate, Commit, Deed, Follows, Intent, Occupant, Reason, Reservation},
    post::parcels,
    quota, random,
    reconcile::statements,
    status::positions_secret,
};
use anyhow::{Context, Result, ensure};
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use credential::{
    CertificateId, Code, Event, EventDigest, Fault, Faults, Issuance, Position, Schema, Status, Unsigned, qr::Payload,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use time::OffsetDateTime;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout, timeout_at},
};

/// DIVOC's certify routes: vaccinations in two schemas, and tests.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/v1/certify", post(v1))
        .route("/divoc/api/v3/certify", post(v3))
        .route("/divoc/api/v1/test/certify", post(test))
}

async fn v1(
    State(app): State<App>,
    By(caller, ..): By<Certifiers>,
    later: RespondAsync,
    body: Json,
) -> Result<Response, Error> {
    certify(&app, &caller, later, &body.0, Schema::V1).await
}

async fn v3(
    State(app): State<App>,
    By(caller, ..): By<Certifiers>,
    later: RespondAsync,
    body: Json,
) -> Result<Response, Error> {
    certify(&app, &caller, later, &body.0, Schema::V3).await
}

async fn test(
    State(app): State<App>,
    By(caller, ..): By<Certifiers>,
    later: RespondAsync,
    body: Json,
) -> Result<Response, Error> {
    certify(&app, &caller, later, &body.0, Schema::Test).await
}

async fn certify(
    app: &App,
    caller: &Caller,
    RespondAsync(asked): RespondAsync,
    body: &Value,
    schema: Schema,
) -> Result<Response, Error> {
    let work = accept(app, body, schema).await?;
    // A key that must not sign is said at once, with its reason, and not found out by each event.
    keys::current(app).await?;
    if batch::is_for_later(app, asked, &work).await? {
        return batch::accept(app, &Request { caller, correction: None, schema, body, asked }, &work).await;
    }
    let outcomes = issue_all(app, &Mandate::to_issue(caller), work).await;
    answer(app, &outcomes)
}

/// What became of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A certificate was made, in place of another if it corrects one.
    Created {
        /// The certificate.
        id: CertificateId,
        /// The one it corrects.
        predecessor: Option<CertificateId>,
    },
    /// The same event had been certified before.
    AlreadyIssued {
        /// The certificate that was made of it.
        id: CertificateId,
        /// Where that certificate stands today.
        status: Status,
    },
    /// Another event has been certified for the dose or the sample.
    Conflict,
    /// Not issued yet; the same event again completes it.
    Unfinished,
}

/// What is to be done about one event.
#[derive(Clone, Debug)]
pub enum Plan {
    /// Issue its certificate, after what stands in its slot.
    Issue(Follows),
    /// Nothing yet: what it corrects is not there, and may still come.
    Wait,
    /// Nothing: it is settled.
    Settled(Outcome),
}

/// On whose behalf certificates are issued, and why.
#[derive(Clone, Debug)]
pub struct Mandate {
    actor: String,
    event: AuditEvent,
    reason: Option<Reason>,
}

impl Mandate {
    /// To issue what the caller reports.
    pub fn to_issue(caller: &Caller) -> Self {
        Self::of(&caller.subject, None)
    }

    /// To issue what somebody reported earlier, by the `sub` of their token.
    pub(crate) fn to_issue_later(actor: &str) -> Self {
        Self { actor: actor.to_owned(), event: AuditEvent::Issued, reason: None }
    }

    /// To correct what the caller had issued.
    pub fn to_correct(caller: &Caller, reason: Reason) -> Self {
        Self::of(&caller.subject, Some(reason))
    }

    /// The same for whoever asked for it some time ago: to correct, if there is a reason.
    pub fn of(actor: &str, reason: Option<Reason>) -> Self {
        let event = if reason.is_some() { AuditEvent::Corrected } else { AuditEvent::Issued };
        Self { actor: actor.to_owned(), event, reason }
    }

    /// To make an earlier dose's certificate say what `actor` reported of it with a later dose, or decided on.
    pub(crate) fn to_reconcile(actor: &str) -> Self {
        Self { actor: actor.to_owned(), event: AuditEvent::Corrected, reason: Some(Reason::Reconciliation) }
    }
}

/// Issues the certificate of one event, exactly once however often and however concurrently it is asked for.
///
/// 1. The intent is stored first: a slot per programme, beneficiary and dose or sample, leased to this attempt. It fixes certificate id and time of issue,
///    so whoever finishes the work prepares the same bytes.
/// 2. Only the holder of the lease signs, and only as long as the lease surely lasts: nothing is signed twice.
/// 3. Certificate, look-ups, audit entry, what is to be told of it, the closed slot and the end of the certificate that it corrects are stored in one
///    transaction, which checks the lease and that nothing else happened to the slot. There is no moment with two valid certificates, or none.
///
/// A crash before the transaction leaves an expired lease: the same event again takes the slot over. A crash after it leaves nothing to do.
///
/// # Errors
/// When store or signer fail; the slot is given back.
pub async fn issue(app: &App, mandate: &Mandate, event: &Event, follows: Follows) -> Result<Outcome> {
    let patience = Instant::now() + LEASE + LEASE / 4;
    let mut pause = Duration::from_millis(10);
    let issuance = fresh_issuance(app, event).await?;
    loop {
        // From before the lease begins: an answer that is long on its way uses the lease up too.
        let surely_ours = Instant::now() + SIGNING;
        let intent = intent(app, event, &follows, &issuance)?;
        match app.store.reserve(&intent).await? {
            Reservation::Taken(there) => return Ok(already_issued(&there, intent.digest).unwrap_or(Outcome::Conflict)),
            Reservation::Ours(issuance) => {
                match sign_and_store(app, mandate, event, &intent, issuance.clone(), surely_ours).await {
                    Ok(Commit::Stored) => {
                        let predecessor = follows.corrected().map(|corrected| corrected.certificate_id.clone());
                        return Ok(Outcome::Created { id: issuance.certificate_id, predecessor });
                    }
                    Ok(Commit::Lost) => app.store.release(&intent).await?,
                    Err(fault) => {
                        // If the release fails too, the lease ends by itself.
                        let _ = app.store.release(&intent).await;
                        return Err(fault);
                    }
                }
            }
            Reservation::Busy => {}
        }
        if Instant::now() >= patience {
            return Ok(Outcome::Unfinished);
        }
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}

/// Makes sure that no certificate comes of an earlier attempt at the event: what one that was given up still has on its way finds its lease gone. `false`: an
/// attempt is under way, or the slot changed.
///
/// # Errors
/// When the store does not answer.
pub(crate) async fn cut_off(app: &App, event: &Event, follows: Follows) -> Result<bool> {
    let issuance = fresh_issuance(app, event).await?;
    let intent = intent(app, event, &follows, &issuance)?;
    let is_ours = matches!(app.store.reserve(&intent).await?, Reservation::Ours(_));
    if is_ours {
        app.store.release(&intent).await?;
    }
    Ok(is_ours)
}

/// How long an attempt may hold a slot.
const LEASE: Duration = Duration::from_secs(8);
/// How long a slot and the key may take together: well within the lease, so that the next holder never signs beside us, though clocks are some seconds apart.
const SIGNING: Duration = Duration::from_secs(5);
/// How long one request works before it answers with what is done: below the 30 s of an HTTP API.
const WORKING: Duration = Duration::from_secs(24);
/// Certificates of one request that are worked on at a time.
const AT_A_TIME: usize = 16;

async fn sign_and_store(
    app: &App,
    mandate: &Mandate,
    event: &Event,
    intent: &Intent,
    issuance: Issuance,
    surely_ours: Instant,
) -> Result<Commit> {
    let method = keys::current(app).await.context("publishing the signing key")?;
    let unsigned = event.credential(&app.config.profile, &issuance);
    let created = method.life.created(issuance.issued_at);
    let prepared = unsigned.prepare(method.key.suite(), &method.id, created).context("preparing a credential")?;
    ensure!(Instant::now() < surely_ours, "the slot took too long");
    let signature = timeout_at(surely_ours, app.signer.sign(prepared.signing_input()))
        .await
        .context("the key took too long")?
        .context("signing")?;
    let signed = prepared.seal(&signature).context("sealing")?;

    let pepper = app.pepper.contact_key().await.context("reading the contact key")?;
    let deed = Deed { event: mandate.event, at: (app.clock)(), actor: mandate.actor.clone(), reason: mandate.reason };
    let certificate = Certificate {
        slot: intent.slot.clone(),
        issuance,
        signed,
        contacts: event.contacts().iter().map(|contact| contact_hash(&pepper, contact)).collect(),
        status: Status::Valid,
        successor: None,
        predecessor: intent.follows.corrected().map(|corrected| corrected.certificate_id.clone()),
        deeds: vec![deed.clone()],
    };
    let mut sheets = parcels(app, &pepper, &certificate, event.contacts(), deed.at)?;
    sheets.extend(statements(app, &pepper, &certificate, event, &deed)?);
    let audit = Audit { deed, key: Some(method.key.thumbprint()) };
    let commit = app.store.commit(intent, &certificate, &audit, &sheets).await.context("storing a certificate")?;
    if commit == Commit::Stored {
        tracing::info!(certificate.id = certificate.issuance.certificate_id.as_str(), "issued");
    }
    Ok(commit)
}

/// Signs a certificate's document again, with the key that signs now: id, content and place stay. For certificates of a key that is not to be trusted.
///
/// # Errors
/// When store or signer fail; the first signature stands.
pub async fn sign_again(app: &App, actor: &str, reason: Reason, certificate: &Certificate) -> Result<Commit> {
    quota::take(app, 1).await.context("waiting for the signing quota")?;
    let method = keys::current(app).await.context("reading the signing key")?;
    let document = serde_json::from_str(certificate.signed.as_str()).context("a stored credential is no document")?;
    let now = (app.clock)();
    let prepared = Unsigned::new(document)
        .prepare(method.key.suite(), &method.id, method.life.created(now))
        .context("preparing a credential")?;
    let signature = timeout(SIGNING, app.signer.sign(prepared.signing_input()))
        .await
        .context("the key took too long")?
        .context("signing")?;
    let after = Certificate { signed: prepared.seal(&signature).context("sealing")?, ..certificate.clone() };
    let deed = Deed { event: AuditEvent::Resigned, at: now, actor: actor.to_owned(), reason: Some(reason) };
    let audit = Audit { deed, key: Some(method.key.thumbprint()) };
    let commit = app.store.replace_signature(&after, &certificate.signed, &audit).await?;
    if commit == Commit::Stored {
        tracing::info!(certificate.id = certificate.issuance.certificate_id.as_str(), "signed again");
    }
    Ok(commit)
}

fn intent(app: &App, event: &Event, follows: &Follows, issuance: &Issuance) -> Result<Intent> {
    let now = (app.clock)();
    Ok(Intent {
        slot: event.slot(),
        follows: follows.clone(),
        digest: event.digest(),
        issuance: issuance.clone(),
        holder: random::number()?,
        now,
        lease_until: now + LEASE,
    })
}

/// For an attempt that may be the first: id and time that count if no earlier one has set them.
async fn fresh_issuance(app: &App, event: &Event) -> Result<Issuance> {
    let certificate_id = CertificateId::new(position(app).await?, random::number()?);
    Ok(new_issuance(event, certificate_id, (app.clock)()))
}

fn new_issuance(event: &Event, certificate_id: CertificateId, now: OffsetDateTime) -> Issuance {
    let issued_at = now.replace_millisecond(now.millisecond()).unwrap_or(now);
    Issuance { certificate_id, issued_at, kind: event.slot().occasion.kind() }
}

/// A place in the status lists that no other certificate gets. Numbers are taken from the store some at a time; what a process leaves unused stays empty.
async fn position(app: &App) -> Result<Position> {
    let secret = positions_secret(app).await?;
    let mut left = app.numbers.lock().await;
    if left.is_empty() {
        let first = app.store.numbers(NUMBERS_AT_A_TIME).await?;
        *left = first..first + NUMBERS_AT_A_TIME;
    }
    let number = left.next().context("no number")?;
    Position::of_number(number, &secret).context("the status lists are full")
}

/// Few enough that a function which makes one certificate wastes little, many enough that the counter is no bottleneck.
const NUMBERS_AT_A_TIME: u64 = 32;

/// The events of a body, once nothing about any of them speaks against issuing: all well-formed, none too large for a QR code, nothing certified otherwise.
async fn accept(app: &App, body: &Value, schema: Schema) -> Result<Vec<(Event, Plan)>, Error> {
    let events = readable(app, body, schema).await?;
    let mut pointers = Vec::new();
    let mut work = Vec::with_capacity(events.len());
    for (index, (event, occupant)) in with_occupants(app, events).await?.into_iter().enumerate() {
        match plan(&event, occupant.as_ref()) {
            Some(plan) => work.push((event, plan)),
            None => pointers.push(format!("/{index}")),
        }
    }
    if pointers.is_empty() { Ok(work) } else { Err(Error::Conflict { pointers, items: None }) }
}

/// What to do about an event whose slot holds this; `None`: another event stands there.
pub(crate) fn plan(event: &Event, occupant: Option<&Occupant>) -> Option<Plan> {
    let Some(there) = occupant else { return Some(Plan::Issue(Follows::Nothing)) };
    if let Some(settled) = already_issued(there, event.digest()) {
        return Some(Plan::Settled(settled));
    }
    (there.status == Status::Revoked).then_some(Plan::Issue(Follows::Revoked { version: there.version }))
}

fn already_issued(there: &Occupant, digest: EventDigest) -> Option<Outcome> {
    let id = there.made_of(digest)?.clone();
    let status = if id == there.current.certificate_id { there.status } else { Status::Superseded };
    Some(Outcome::AlreadyIssued { id, status })
}

/// The events of a body, all well-formed and none too large for a QR code.
pub(crate) async fn readable(app: &App, body: &Value, schema: Schema) -> Result<Vec<Event>, Error> {
    let events = Event::parse_all(body, schema, (app.clock)(), &app.config.rules)?;
    refuse_what_no_qr_code_holds(app, &events).await?;
    Ok(events)
}

/// Each event with what stands in its slot.
pub(crate) async fn with_occupants(app: &App, events: Vec<Event>) -> Result<Vec<(Event, Option<Occupant>)>, Error> {
    let slots: Vec<_> = events.iter().map(Event::slot).collect();
    let occupants = app.store.occupants(&slots).await?;
    Ok(events.into_iter().zip(occupants).collect())
}

async fn refuse_what_no_qr_code_holds(app: &App, events: &[Event]) -> Result<(), Error> {
    let mut faults = Vec::new();
    for (index, event) in events.iter().enumerate() {
        if let Some(detail) = too_large_for_a_qr_code(app, &sample(app, event)?).await? {
            faults.push(Fault { pointer: format!("/{index}"), code: Code::TooLong, detail });
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Faults(faults).into()) }
}

/// The credential as the event's would be, under an id that nobody gets.
pub(crate) fn sample(app: &App, event: &Event) -> Result<Unsigned> {
    let issuance = new_issuance(event, CertificateId::from_random(random::number()?), (app.clock)());
    Ok(event.credential(&app.config.profile, &issuance))
}

/// What to do about a certificate that would not fit into a QR code.
pub(crate) async fn too_large_for_a_qr_code(app: &App, sample: &Unsigned) -> Result<Option<String>, Error> {
    let signature = app.signer.public_key().await?.suite().signature_length();
    let unsigned = serde_json::to_string(sample.document()).context("writing a credential").map_err(Error::Internal)?;
    let bytes = Payload::estimate(&unsigned, &app.config.verification_method, signature, app.config.qr_form);
    let fit = Payload::MOST - Payload::MARGIN;
    Ok((bytes > fit).then(|| {
        format!(
            "the certificate would need a QR code of about {bytes} bytes, and {fit} fit: shorten names or addresses"
        )
    }))
}

/// Issues every event, several at a time, each on its own: one that fails takes none with it. The outcomes are in the order of the events.
pub(crate) async fn issue_all(app: &App, mandate: &Mandate, work: Vec<(Event, Plan)>) -> Vec<Outcome> {
    let deadline = Instant::now() + WORKING;
    let mandate = Arc::new(mandate.clone());
    let mut outcomes = vec![Outcome::Unfinished; work.len()];
    let mut waiting = work.into_iter().enumerate();
    let mut working = JoinSet::new();
    loop {
        while working.len() < AT_A_TIME && Instant::now() < deadline {
            let Some((index, (event, plan))) = waiting.next() else { break };
            let (app, mandate) = (app.clone(), Arc::clone(&mandate));
            working.spawn(async move {
                let outcome = match plan {
                    Plan::Settled(outcome) => Ok(outcome),
                    Plan::Wait => Ok(Outcome::Unfinished),
                    Plan::Issue(follows) => {
                        let issued = timeout_at(deadline, issue(&app, &mandate, &event, follows)).await;
                        issued.unwrap_or(Ok(Outcome::Unfinished))
                    }
                };
                (index, outcome)
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
pub(crate) fn answer(app: &App, outcomes: &[Outcome]) -> Result<Response, Error> {
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
        Outcome::Created { id, predecessor: None } => ("created", id),
        Outcome::Created { id, predecessor: Some(_) } => ("updated", id),
        Outcome::AlreadyIssued { id, .. } => ("alreadyIssued", id),
        Outcome::Conflict => return json!({ "index": index, "status": "conflict" }),
        Outcome::Unfinished => return json!({ "index": index, "status": "unfinished" }),
    };
    let item = json!({ "index": index, "certificateId": id.as_str(), "status": status, "links": links(app, id) });
    match outcome {
        Outcome::Created { predecessor, .. } => {
            with_member(item, "previousCertificateId", predecessor.as_ref().map(CertificateId::as_str))
        }
        Outcome::AlreadyIssued { status, .. } => {
            let told = (*status != Status::Valid).then_some(status.as_str());
            with_member(item, "certificateStatus", told)
        }
        Outcome::Conflict | Outcome::Unfinished => item,
    }
}

/// Where a certificate is fetched.
pub(crate) fn links(app: &App, id: &CertificateId) -> Value {
    let (base, id) = (&app.config.public_url, id.as_str());
    json!({
        "pdf": format!("{base}/certificate/api/certificate/{id}"),
        "qr": format!("{base}/certificate/api/certificate/QRCode/{id}"),
        "credential": format!("{base}/certificate/api/credential/{id}"),
    })
}
