//! Revoke, suspend, lift: a certificate's status changes in one transaction with the entry in the log and the note for the published lists.

use crate::{
    App, Error,
    auth::{Admins, By, Caller, Correctors},
    error::rfc3339,
    http::{Json, with_member},
    ports::{Audit, AuditEvent, Certificate, Change, Commit, Deed, Reason},
    update::Why,
};
use anyhow::anyhow;
use axum::{
    Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
    routing::{delete, put},
};
use credential::{BeneficiaryCode, CertificateId, Kind, ProgrammeId, Status};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

/// DIVOC's route by beneficiary, and ours by certificate.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/v1/certificates/{beneficiaryId}", delete(revoke_doses))
        .route("/divoc/api/v1/certificate/{certificateId}", delete(revoke_certificate))
        .route("/divoc/api/v1/certificate/{certificateId}/suspension", put(suspend).delete(lift))
}

/// Which doses DIVOC's route takes back.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Chosen {
    /// `1,2`: consecutive, up to the highest that the beneficiary has.
    doses: Option<String>,
    /// `true`: every dose.
    all_doses: bool,
    /// Only those of this programme.
    program_id: Option<String>,
}

async fn revoke_doses(
    State(app): State<App>,
    By(caller, ..): By<Correctors>,
    Path(code): Path<String>,
    Query(which): Query<Chosen>,
    Query(why): Query<Why>,
) -> Result<Response, Error> {
    let code = BeneficiaryCode::parse(&code).ok_or(Error::NoCertificate)?;
    let act = Act { to: Status::Revoked, event: AuditEvent::Revoked, reason: why.or(Reason::IssuedInError)? };
    apply(&app, &caller, &code, &act, |all| which.among(all)).await
}

async fn revoke_certificate(
    State(app): State<App>,
    By(caller, ..): By<Correctors>,
    Path(id): Path<String>,
    Query(why): Query<Why>,
) -> Result<Response, Error> {
    let act = Act { to: Status::Revoked, event: AuditEvent::Revoked, reason: why.or(Reason::IssuedInError)? };
    apply_to(&app, &caller, &id, &act).await
}

async fn suspend(
    State(app): State<App>,
    By(caller, ..): By<Admins>,
    Path(id): Path<String>,
    Query(why): Query<Why>,
    body: Json,
) -> Result<Response, Error> {
    let until = until(&body.0, (app.clock)())?;
    let to = Status::Suspended { until };
    apply_to(&app, &caller, &id, &Act { to, event: AuditEvent::Suspended, reason: why.or(Reason::Investigation)? })
        .await
}

async fn lift(
    State(app): State<App>,
    By(caller, ..): By<Admins>,
    Path(id): Path<String>,
    Query(why): Query<Why>,
) -> Result<Response, Error> {
    let act = Act { to: Status::Valid, event: AuditEvent::Lifted, reason: why.or(Reason::Other)? };
    apply_to(&app, &caller, &id, &act).await
}

/// What is done to certificates.
pub(crate) struct Act {
    /// Where they shall stand.
    pub(crate) to: Status,
    /// What the log calls it.
    pub(crate) event: AuditEvent,
    /// Why.
    pub(crate) reason: Reason,
}

impl Act {
    /// The change of a certificate with that status: some, none because it is done already, or why it can't be.
    fn change(&self, certificate: &Certificate, now: OffsetDateTime) -> Result<Option<Change>, Error> {
        let from = certificate.status;
        match (from, self.to) {
            (Status::Superseded, _) => Err(Error::WrongStatus("another certificate took its place: name that one")),
            (Status::Revoked, Status::Revoked) => Ok(None),
            (Status::Revoked, _) => Err(Error::WrongStatus("it was revoked for good")),
            _ if from.at(now) == self.to => Ok(None),
            _ => Ok(Some(Change {
                slot: certificate.slot.clone(),
                issuance: certificate.issuance.clone(),
                from,
                to: self.to,
            })),
        }
    }
}

async fn apply_to(app: &App, caller: &Caller, id: &str, act: &Act) -> Result<Response, Error> {
    let id = CertificateId::parse(id).ok_or(Error::NoCertificate)?;
    let code = app.store.beneficiary_of(&id).await?.ok_or(Error::NoCertificate)?;
    apply(app, caller, &code, act, |all| {
        let wanted: Vec<_> = all.iter().filter(|it| it.issuance.certificate_id == id).cloned().collect();
        if wanted.is_empty() { Err(Error::NoCertificate) } else { Ok(wanted) }
    })
    .await
}

/// Does it to those of the beneficiary's certificates that `choose` names, all or none, and tells where they stand. What is done already is not done again.
async fn apply(
    app: &App,
    caller: &Caller,
    code: &BeneficiaryCode,
    act: &Act,
    choose: impl Fn(&[Certificate]) -> Result<Vec<Certificate>, Error>,
) -> Result<Response, Error> {
    for _ in 0..TRIES {
        let now = (app.clock)();
        let chosen = choose(&app.store.certificates(code, None).await?)?;
        let changes: Vec<Option<Change>> =
            chosen.iter().map(|certificate| act.change(certificate, now)).collect::<Result<_, _>>()?;
        let changes: Vec<Change> = changes.into_iter().flatten().collect();
        if changes.is_empty() || change(app, &caller.subject, &changes, act, now).await? == Commit::Stored {
            return Ok(axum::Json(told(&chosen, act.to)).into_response());
        }
    }
    Err(Error::Unavailable(anyhow!("a status changed {TRIES} times while it was being changed")))
}

/// One transaction; [`Commit::Lost`] if a certificate's status is not what it was.
pub(crate) async fn change(
    app: &App,
    actor: &str,
    changes: &[Change],
    act: &Act,
    now: OffsetDateTime,
) -> anyhow::Result<Commit> {
    let deed = Deed { event: act.event, at: now, actor: actor.to_owned(), reason: Some(act.reason) };
    let commit = app.store.change(changes, &Audit { deed, key: None }).await?;
    if commit == Commit::Stored {
        for change in changes {
            tracing::info!(
                certificate.id = change.issuance.certificate_id.as_str(),
                status = act.to.as_str(),
                "changed"
            );
        }
    }
    Ok(commit)
}

fn told(certificates: &[Certificate], status: Status) -> Value {
    let told = certificates.iter().map(|certificate| {
        let told = json!({
            "certificateId": certificate.issuance.certificate_id.as_str(),
            "dose": certificate.slot.occasion.dose().map(credential::Dose::number),
            "status": status.as_str(),
        });
        with_member(told, "until", status.until().map(rfc3339))
    });
    json!({ "certificates": told.collect::<Vec<_>>() })
}

impl Chosen {
    /// The newest certificates of the doses asked for, by DIVOC's rules: consecutive doses that include the highest, or all.
    fn among(&self, all: &[Certificate]) -> Result<Vec<Certificate>, Error> {
        let programme = match &self.program_id {
            Some(text) => Some(ProgrammeId::parse(text).ok_or(Error::NoCertificate)?),
            None => None,
        };
        let newest: Vec<&Certificate> = all
            .iter()
            .filter(|it| it.slot.occasion.kind() == Kind::Vaccination && it.status != Status::Superseded)
            .filter(|it| programme.as_ref().is_none_or(|programme| it.slot.programme == *programme))
            .collect();
        let there: BTreeSet<u8> =
            newest.iter().filter_map(|it| it.slot.occasion.dose().map(credential::Dose::number)).collect();
        let highest = there.last().copied().ok_or(Error::NoCertificate)?;
        let wanted = match (&self.doses, self.all_doses) {
            (_, true) => there.clone(),
            (Some(doses), false) => consecutive(doses)?,
            (None, false) => return Err(Error::Parameter("doses", "name doses, or allDoses=true".into())),
        };
        if !wanted.iter().any(|dose| there.contains(dose)) {
            return Err(Error::NoCertificate);
        }
        if !wanted.contains(&highest) {
            let why = format!("the highest dose, {highest}, must be among them");
            return Err(Error::Parameter("doses", why.into()));
        }
        let is_wanted =
            |it: &&&Certificate| it.slot.occasion.dose().is_some_and(|dose| wanted.contains(&dose.number()));
        let mut chosen: Vec<Certificate> = newest.iter().filter(is_wanted).map(|it| (*it).clone()).collect();
        // A dose that was certified anew after a revocation has both; the one that stands is meant.
        let standing: BTreeSet<_> = chosen.iter().filter(|it| it.status != Status::Revoked).map(slot_name).collect();
        chosen.retain(|it| it.status != Status::Revoked || !standing.contains(&slot_name(it)));
        Ok(chosen)
    }
}

fn slot_name(certificate: &Certificate) -> (ProgrammeId, credential::Occasion) {
    (certificate.slot.programme.clone(), certificate.slot.occasion)
}

/// `1,2,3`, in any order, without gaps.
fn consecutive(text: &str) -> Result<BTreeSet<u8>, Error> {
    let numbers: Option<BTreeSet<u8>> = text.split(',').map(|one| one.trim().parse().ok()).collect();
    let gapless = |numbers: &BTreeSet<u8>| match (numbers.first(), numbers.last()) {
        (Some(first), Some(last)) => usize::from(last - first) + 1 == numbers.len() && *first > 0,
        _ => false,
    };
    numbers.filter(gapless).ok_or_else(|| Error::Parameter("doses", "consecutive numbers of doses, such as 1,2".into()))
}

/// `{"until": "2027-01-31T00:00:00Z"}`: RFC 3339, in the future and within ten years.
fn until(body: &Value, now: OffsetDateTime) -> Result<OffsetDateTime, Error> {
    let until = body.get("until").and_then(Value::as_str).and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    let until = until.ok_or(Error::Field("/until", "an instant such as 2027-01-31T00:00:00Z"))?;
    if until <= now || until > now + TEN_YEARS {
        return Err(Error::Field("/until", "an instant in the future, within ten years"));
    }
    Ok(until)
}

const TEN_YEARS: Duration = Duration::days(3653);
/// How often a change that met another is tried again.
const TRIES: u32 = 5;
