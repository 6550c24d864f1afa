//! Family: every certificate on a citizen's own number, for a page that lists them, and in the two shapes in which DIVOC's callers know the same.
//!
//! A number may have been taken from certificates since (a correction named another one): those are nobody's here. Nothing found looks the same whatever the
//! reason, and says what to do.

use crate::{
    App, Error,
    auth::{By, Caller, Citizens, contact_hash},
    error::rfc3339,
    http::with_member,
    overview::overview,
    ports::Certificate,
};
use anyhow::Context;
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use credential::{Facts, Status};
use serde_json::{Value, json};

/// Our list and DIVOC's two.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/citizen/certificates", get(list))
        .route("/divoc/api/v1/certificates", get(rows_of_all))
        .route("/cert/api/certificates", get(rows_of_latest))
}

/// Every certificate but those that a correction took the place of.
async fn list(State(app): State<App>, By(caller, ..): By<Citizens>) -> Result<Response, Error> {
    let family = Family::of(&app, &caller).await?;
    let certificates: Vec<Value> = family.current().map(|certificate| overview(&app, certificate)).collect();
    let nothing =
        certificates.is_empty().then(|| json!({ "detail": NOTHING, "recovery": "/divoc/api/citizen/recovery" }));
    let answer = json!({ "certificates": certificates });
    Ok(axum::Json(with_member(answer, "nothingFound", nothing)).into_response())
}

/// DIVOC's registry rows, as an array.
async fn rows_of_all(State(app): State<App>, By(caller, ..): By<Citizens>) -> Result<Response, Error> {
    let family = Family::of(&app, &caller).await?;
    let rows = family.valid(&app).map(|certificate| row(&caller, certificate)).collect::<Result<Vec<_>, _>>()?;
    Ok(axum::Json(rows).into_response())
}

/// DIVOC's registry rows, the newest vaccination of each beneficiary.
async fn rows_of_latest(State(app): State<App>, By(caller, ..): By<Citizens>) -> Result<Response, Error> {
    let family = Family::of(&app, &caller).await?;
    let vaccinations = family.valid(&app).filter(|certificate| certificate.slot.occasion.dose().is_some());
    let mut latest: Vec<&Certificate> = Vec::new();
    for certificate in vaccinations {
        // In order of dose within a beneficiary, and of beneficiary.
        latest.pop_if(|last| last.slot.beneficiary == certificate.slot.beneficiary);
        latest.push(certificate);
    }
    if latest.is_empty() {
        return Err(Error::NoFamily { moved: family.moved });
    }
    let rows = latest.into_iter().map(|certificate| row(&caller, certificate)).collect::<Result<Vec<_>, _>>()?;
    Ok(axum::Json(json!({ "certificates": rows })).into_response())
}

/// What is registered to a citizen's number.
pub(crate) struct Family {
    /// By beneficiary, then by kind, dose or sample, and issue; whatever their status.
    certificates: Vec<Certificate>,
    /// Whether certificates that were once registered to the number are not any more.
    moved: bool,
}

impl Family {
    pub(crate) async fn of(app: &App, caller: &Caller) -> Result<Self, Error> {
        let mut family = Self { certificates: Vec::new(), moved: false };
        let Some(phone) = caller.phone() else { return Ok(family) };
        let contact = contact_hash(&app.pepper.contact_key().await?, phone);
        for beneficiary in app.registrations.beneficiaries_of(&contact).await?.iter().take(MOST) {
            let theirs = caller.only_theirs(app, app.store.certificates(beneficiary, None).await?).await?;
            let current = theirs.iter().any(|certificate| certificate.status != Status::Superseded);
            family.moved |= !current;
            family.certificates.extend(theirs);
        }
        Ok(family)
    }

    /// Those whose place no correction took.
    pub(crate) fn current(&self) -> impl Iterator<Item = &Certificate> {
        self.certificates.iter().filter(|certificate| certificate.status != Status::Superseded)
    }

    fn valid(&self, app: &App) -> impl Iterator<Item = &Certificate> {
        let now = (app.clock)();
        self.certificates.iter().filter(move |certificate| certificate.status.at(now) == Status::Valid)
    }
}

/// A row of DIVOC's registry, with the credential as an object. The number is the caller's own: no other is kept.
fn row(caller: &Caller, certificate: &Certificate) -> Result<Value, Error> {
    let text = certificate.signed.as_str();
    let facts: Facts = serde_json::from_str(text).context("reading a certificate")?;
    let credential: Value = serde_json::from_str(text).context("reading a certificate")?;
    let mobile = caller.phone().map(|phone| phone.normal_form().replace("tel:", "+"));
    Ok(json!({
        "name": facts.credential_subject.name,
        "mobile": mobile,
        "contact": mobile.iter().map(|mobile| format!("tel:{mobile}")).collect::<Vec<_>>(),
        "preEnrollmentCode": certificate.slot.beneficiary.as_str(),
        "certificateId": certificate.issuance.certificate_id.as_str(),
        "programId": certificate.slot.programme.as_str(),
        "dose": certificate.slot.occasion.dose().map(credential::Dose::number),
        "certificate": credential,
        "osCreatedAt": rfc3339(certificate.issuance.issued_at),
    }))
}

/// People with certificates on one number; where a village shares the health worker's, that many are shown.
const MOST: usize = 200;
const NOTHING: &str = "no certificate is registered to this number; another number may have been written down: ask for recovery, or at the facility that vaccinated you";
