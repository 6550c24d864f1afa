//! Partner applications: they fetch the certificates of a person who gave them beneficiary id and mobile number. DIVOC's external routes.
//!
//! A partner sees whom it asks for with both, and nobody else. It must be registered, with the scope of the route and within its quota, and what it is
//! given stands in the log before it leaves. That a number is not the right one is told apart from an unknown id, as DIVOC's integrators rely on; so tries at
//! one person are few a day, and those that failed stand in the log too.

mod kyc;
mod register;

use crate::{
    App, Error,
    auth::{By, Caller, Partners, Systems, contact_hash},
    fetch::{fingerprint, if_shown, latest, standing},
    http::{Json, retold},
    limits::Limit,
    ports::{Certificate, Remark, RemarkEvent},
    print::{Wish, picture},
};
use axum::{
    Router,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::{delete, get, post, put},
};
use credential::{BeneficiaryCode, Code, Contact, Fault, Faults, Kind, Status};
use register::{Scope, admitted};
use serde_json::{Value, json};
use time::Duration;

/// What partners ask, and India's routes of the same kind for systems of the country's own (DIVOC's `api`).
pub fn routes() -> Router<App> {
    Router::new()
        .route("/cert/external/api/certificates", post(certificates))
        .route("/cert/external/pdf/certificate", post(pdf))
        .route("/cert/external/kyc", post(kyc))
        .route("/cert/external/kyc/{beneficiaryId}", get(kyc_of))
        .route("/cert/pdf/certificate", post(pdf_for_systems))
}

/// The register of partners.
pub fn admin_routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/v1/partners", get(register::list))
        .route("/divoc/api/v1/partners/{partnerId}", get(register::one))
        .route("/divoc/api/v1/partners/{partnerId}", put(register::set))
        .route("/divoc/api/v1/partners/{partnerId}", delete(register::remove))
}

async fn certificates(State(app): State<App>, By(caller, ..): By<Partners>, body: Json) -> Answer {
    let asked = asked_by_partner(&app, &caller, Scope::Certificates, &body.0).await?;
    told(&asked, rows(&app, &asked).await)
}

async fn pdf(State(app): State<App>, By(caller, ..): By<Partners>, headers: HeaderMap, body: Json) -> Answer {
    let asked = asked_by_partner(&app, &caller, Scope::Pdf, &body.0).await?;
    told(&asked, page(&app, &asked, &headers).await)
}

async fn kyc(State(app): State<App>, By(caller, ..): By<Partners>, body: Json) -> Answer {
    let asked = asked_by_partner(&app, &caller, Scope::Kyc, &body.0).await?;
    told(&asked, summary(&app, &asked).await)
}

async fn pdf_for_systems(
    State(app): State<App>,
    By(caller, ..): By<Systems>,
    headers: HeaderMap,
    body: Json,
) -> Answer {
    let asked = Asked::read(&app, caller.subject, &body.0)?;
    told(&asked, page(&app, &asked, &headers).await)
}

async fn kyc_of(State(app): State<App>, By(caller, ..): By<Systems>, Path(code): Path<String>) -> Answer {
    let code = BeneficiaryCode::parse(&code).ok_or(Error::NoCertificate)?;
    let asked = Asked { by: caller.subject, code, mobile: None };
    told(&asked, summary(&app, &asked).await)
}

type Answer = Result<Response, Error>;

/// Who asks for whom. Personal data.
struct Asked {
    by: String,
    code: BeneficiaryCode,
    /// The number that the certificate must be registered to: as it was sent, and what it is. Systems of the country's own may ask without.
    mobile: Option<(String, Contact)>,
}

impl Asked {
    /// DIVOC's `{mobile, beneficiaryId}`.
    fn read(app: &App, by: String, body: &Value) -> Result<Self, Error> {
        let text = |name: &str| match body.get(name) {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let sent = text("mobile");
        let mobile = Contact::telephone(&sent, &app.config.identity.calling_code);
        match (BeneficiaryCode::parse(&text("beneficiaryId")), mobile) {
            (Some(code), Some(mobile)) => Ok(Self { by, code, mobile: Some((sent, mobile)) }),
            (code, mobile) => {
                let fault = |there: bool, pointer: &str, detail: &str| {
                    (!there).then(|| Fault { pointer: pointer.into(), code: Code::Required, detail: detail.into() })
                };
                let code = fault(code.is_some(), "/beneficiaryId", "the beneficiary's id, a text");
                let mobile = fault(mobile.is_some(), "/mobile", "a telephone number, a text");
                Err(Error::AsksForNobody(Faults(code.into_iter().chain(mobile).collect())))
            }
        }
    }

    /// Whether the certificate is registered to the number asked with.
    async fn may_see(&self, app: &App, certificate: &Certificate) -> Result<bool, Error> {
        let Some((_, mobile)) = &self.mobile else { return Ok(true) };
        Ok(certificate.contacts.contains(&contact_hash(&app.pepper.contact_key().await?, mobile)))
    }

    /// Writes into the log what became of certificates.
    async fn log(&self, app: &App, event: RemarkEvent, certificates: &[Certificate]) -> Result<(), Error> {
        let at = (app.clock)();
        let about = |certificate: &Certificate| certificate.issuance.certificate_id.as_str().to_owned();
        let remark = |certificate| Remark { event, about: about(certificate), actor: self.by.clone(), at };
        let remarks: Vec<Remark> = certificates.iter().map(remark).collect();
        Ok(app.ledger.remark(&remarks).await?)
    }
}

/// What a registered partner asks, if it may ask that, that often, and of this person.
async fn asked_by_partner(app: &App, caller: &Caller, scope: Scope, body: &Value) -> Result<Asked, Error> {
    let partner = admitted(app, caller, scope).await?;
    let asked = Asked::read(app, partner.id, body)?;
    let person = fingerprint(&[asked.by.as_bytes(), asked.code.as_str().as_bytes()]);
    Limit { what: "partner-person", window: Duration::DAY, most: TRIES_AT_A_PERSON }.count(app, &person).await?;
    Ok(asked)
}

/// Every valid vaccination certificate on that number, in order of dose, each as DIVOC's registry has it.
async fn rows(app: &App, asked: &Asked) -> Answer {
    let all = app.store.certificates(&asked.code, Some(Kind::Vaccination)).await?;
    let mut valid = standing(all, (app.clock)());
    valid.retain(|certificate| certificate.status == Status::Valid);
    let newest = valid.last().cloned().ok_or(Error::NoCertificate)?;
    let mut theirs = Vec::new();
    for certificate in valid {
        if asked.may_see(app, &certificate).await? {
            theirs.push(certificate);
        }
    }
    if theirs.is_empty() {
        asked.log(app, RemarkEvent::Withheld, &[newest]).await?;
        return Err(Error::OtherMobile);
    }
    asked.log(app, RemarkEvent::Shown, &theirs).await?;
    let rows: Vec<Value> = theirs.iter().map(|certificate| row(asked, certificate)).collect();
    Ok(axum::Json(json!({ "certificates": rows })).into_response())
}

fn row(asked: &Asked, certificate: &Certificate) -> Value {
    let issued_at = crate::error::rfc3339(certificate.issuance.issued_at);
    json!({
        "certificateId": certificate.issuance.certificate_id.as_str(),
        "preEnrollmentCode": asked.code.as_str(),
        "programId": certificate.slot.programme.as_str(),
        "name": certificate.signed.facts().credential_subject.name,
        "mobile": asked.mobile.as_ref().map(|(sent, _)| sent),
        "dose": certificate.slot.occasion.dose().map(credential::Dose::number),
        "certificate": certificate.signed.as_str(),
        "osCreatedAt": issued_at,
        "osUpdatedAt": issued_at,
    })
}

/// The newest certificate as PDF.
async fn page(app: &App, asked: &Asked, headers: &HeaderMap) -> Answer {
    let found = latest(app, &Caller::proven(&asked.by), asked.code.as_str(), Kind::Vaccination, None).await;
    let selection = if_shown(found)?.ok_or(Error::NoCertificate)?;
    checked(app, asked, &selection.certificate).await?;
    picture(app, &selection, &Wish::default(), headers).await
}

/// What the newest certificate says in short; of a person who was tested only, that they are not vaccinated.
async fn summary(app: &App, asked: &Asked) -> Answer {
    let (system, code) = (Caller::proven(&asked.by), asked.code.as_str());
    let mut found = if_shown(latest(app, &system, code, Kind::Vaccination, None).await)?;
    if found.is_none() {
        found = if_shown(latest(app, &system, code, Kind::Test, None).await)?;
    }
    let selection = found.ok_or(Error::NoCertificate)?;
    checked(app, asked, &selection.certificate).await?;
    Ok(axum::Json(kyc::summary(app, &selection)?).into_response())
}

/// The number is the right one; either way it is in the log.
async fn checked(app: &App, asked: &Asked, certificate: &Certificate) -> Result<(), Error> {
    let may = asked.may_see(app, certificate).await?;
    let event = if may { RemarkEvent::Shown } else { RemarkEvent::Withheld };
    asked.log(app, event, std::slice::from_ref(certificate)).await?;
    if may { Ok(()) } else { Err(Error::OtherMobile) }
}

/// That there is nothing is told as DIVOC's integrators know it.
fn told(asked: &Asked, answer: Answer) -> Answer {
    let (code, message) = match &answer {
        Err(Error::NoCertificate) => {
            (1, format!("No certificate found for the given beneficiary Id {}", asked.code.as_str()))
        }
        Err(Error::OtherMobile) => (2, "Mobile number is not matching for the given beneficiary Id".to_owned()),
        _ => return answer,
    };
    let body = json!({ "status": "not_found", "errorCode": code, "message": message }).to_string();
    answer.or_else(|fault| Ok(retold(fault, "application/json", body)))
}

/// How often a day a partner may ask for one person: an application asks for its user a few times, a thief of numbers would ask for thousands.
const TRIES_AT_A_PERSON: u64 = 30;
