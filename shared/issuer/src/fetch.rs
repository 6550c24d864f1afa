//! Fetch: the certificate of a beneficiary as PDF, QR code or credential, and whether there is one.
//!
//! "The" certificate of a beneficiary is the highest dose's newest version; their test is the one whose sample is the newest. A citizen sees only what is
//! registered to their own telephone number; to them a stranger's certificate and none at all look the same.

use crate::{
    App, Error,
    analytics::Use,
    auth::{Askers, By, Caller, Fetchers},
    certify::links,
    http::{Personal, not_modified, preferred},
    ports::Certificate,
    print::{Wish, picture},
};
use anyhow::Context;
use aws_lc_rs::digest;
use axum::{
    Extension, Router,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, head},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::{
    BeneficiaryCode, CertificateId, Dose, Kind, Status,
    qr::{Form, Payload, Symbol},
};
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;

/// PDF by beneficiary, by dose, by certificate.
pub fn pdf_routes() -> Router<App> {
    Router::new()
        .route("/certificate/api/certificatePDF/{beneficiaryId}", get(pdf_of_beneficiary))
        .route("/certificate/api/certificatePDF", get(pdf_by_query))
        .route("/certificate/api/certificate/{certificateId}", get(pdf_of_certificate))
        .route("/cert/api/certificatePDF/{beneficiaryId}", get(pdf_of_beneficiary))
        .route("/cert/api/v2/certificatePDF/{beneficiaryId}", get(pdf_of_beneficiary))
        .route("/cert/api/certificatePDF/{beneficiaryId}/{dose}", get(pdf_of_dose))
        .route("/cert/api/v3/ddcc/certificatePDF/{beneficiaryId}", get(pdf_for_travel))
        .route("/certificate/api/test/certificatePDF/{beneficiaryId}", get(pdf_of_test))
}

/// Whether there is a certificate.
pub fn head_routes() -> Router<App> {
    Router::new()
        .route("/certificate/api/certificatePDF/{beneficiaryId}", head(exists))
        .route("/cert/api/certificate/{beneficiaryId}", head(exists))
        .route("/cert/api/certificate/{beneficiaryId}/{dose}", head(dose_exists))
        .route("/certificate/api/test/certificatePDF/{beneficiaryId}", head(test_exists))
}

/// QR code by beneficiary or certificate, PNG or SVG.
pub fn qr_routes() -> Router<App> {
    Router::new()
        .route("/certificate/api/certificateQRCode/{beneficiaryId}", get(qr_of_beneficiary))
        .route("/certificate/api/certificate/QRCode/{certificateId}", get(qr_of_certificate))
        .route("/certificate/api/test/certificateQRCode/{beneficiaryId}", get(qr_of_test))
}

/// The signed credential itself, and the id of a dose's certificate.
pub fn credential_routes() -> Router<App> {
    Router::new()
        .route("/certificate/api/credential/{certificateId}", get(credential_of_certificate))
        .route("/cert/api/certificateId/{beneficiaryId}/{dose}", get(id_of_dose))
}

async fn pdf_of_beneficiary(
    State(app): State<App>,
    By(caller, ..): By<Fetchers>,
    Path(code): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    picture(&app, &latest(&app, &caller, &code, Kind::Vaccination, None).await?, &wish, &headers).await
}

async fn pdf_for_travel(
    State(app): State<App>,
    By(caller, ..): By<Fetchers>,
    Path(code): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    picture(&app, &latest(&app, &caller, &code, Kind::Vaccination, None).await?, &wish.for_travel(), &headers).await
}

async fn pdf_of_dose(
    State(app): State<App>,
    By(caller, ..): By<Fetchers>,
    Path((code, dose)): Path<(String, u64)>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    picture(&app, &latest(&app, &caller, &code, Kind::Vaccination, Some(dose)).await?, &wish, &headers).await
}

async fn pdf_of_test(
    State(app): State<App>,
    By(caller, ..): By<Fetchers>,
    Path(code): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    picture(&app, &latest(&app, &caller, &code, Kind::Test, None).await?, &wish, &headers).await
}

async fn pdf_of_certificate(
    State(app): State<App>,
    By(caller, ..): By<Fetchers>,
    Path(id): Path<String>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    picture(&app, &exactly(&app, &caller, &id).await?, &wish, &headers).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByCertificate {
    certificate_id: String,
}

async fn pdf_by_query(
    State(app): State<App>,
    By(caller, ..): By<Fetchers>,
    Query(query): Query<ByCertificate>,
    Query(wish): Query<Wish>,
    headers: HeaderMap,
) -> Answer {
    picture(&app, &exactly(&app, &caller, &query.certificate_id).await?, &wish, &headers).await
}

async fn exists(State(app): State<App>, By(caller, ..): By<Askers>, Path(code): Path<String>) -> Answer {
    existence(&app, &caller, &code, Kind::Vaccination, None).await
}

async fn dose_exists(
    State(app): State<App>,
    By(caller, ..): By<Askers>,
    Path((code, dose)): Path<(String, u64)>,
) -> Answer {
    existence(&app, &caller, &code, Kind::Vaccination, Some(dose)).await
}

async fn test_exists(State(app): State<App>, By(caller, ..): By<Askers>, Path(code): Path<String>) -> Answer {
    existence(&app, &caller, &code, Kind::Test, None).await
}

async fn qr_of_beneficiary(
    State(app): State<App>,
    By(caller, ..): By<Fetchers>,
    Path(code): Path<String>,
    Query(look): Query<Look>,
    headers: HeaderMap,
) -> Answer {
    qr(&app, &latest(&app, &caller, &code, Kind::Vaccination, None).await?, &look, &headers)
}

async fn qr_of_test(
    State(app): State<App>,
    By(caller, ..): By<Fetchers>,
    Path(code): Path<String>,
    Query(look): Query<Look>,
    headers: HeaderMap,
) -> Answer {
    qr(&app, &latest(&app, &caller, &code, Kind::Test, None).await?, &look, &headers)
}

async fn qr_of_certificate(
    State(app): State<App>,
    By(caller, ..): By<Fetchers>,
    Path(id): Path<String>,
    Query(look): Query<Look>,
    headers: HeaderMap,
) -> Answer {
    qr(&app, &exactly(&app, &caller, &id).await?, &look, &headers)
}

async fn credential_of_certificate(
    State(app): State<App>,
    By(caller, ..): By<Fetchers>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer {
    credential(&app, &exactly(&app, &caller, &id).await?, &headers)
}

pub(crate) fn credential(app: &App, selection: &Selection, headers: &HeaderMap) -> Answer {
    let certificate = &selection.certificate;
    let media_type = preferred(headers, &CREDENTIAL_TYPES).ok_or(Error::NotAcceptable(CREDENTIAL_TYPES_TOLD))?;
    let etag = fingerprint(&[certificate.signed.as_str().as_bytes(), media_type.as_bytes()]);
    if let Some(unchanged) = not_modified(headers, &etag) {
        return Ok(unchanged);
    }
    let extension = if media_type == PLAIN_JSON { "json" } else { "vc.json" };
    let file_name = format!("certificate-{}.{extension}", certificate.issuance.certificate_id.as_str());
    let bytes = certificate.signed.as_str().as_bytes().to_vec();
    let document = Personal { media_type, etag, file_name, bytes };
    let used = Extension(Use::fetched(app, certificate, "credential"));
    Ok((used, [(header::VARY, "accept")], document).into_response())
}

/// What DIVOC's callers get, and what says that it is a credential. `application/vc` is registered for version 2 of the data model, which DIVOC's documents
/// are not; `application/vc+ld+json` is what those of version 1.1 are called in the field, and `application/ld+json` is true of both.
const CREDENTIAL_TYPES: [&str; 3] = [PLAIN_JSON, "application/vc+ld+json", "application/ld+json"];
const CREDENTIAL_TYPES_TOLD: &str = "application/json, application/vc+ld+json, application/ld+json";
const PLAIN_JSON: &str = "application/json";

async fn id_of_dose(
    State(app): State<App>,
    By(caller, ..): By<Fetchers>,
    Path((code, dose)): Path<(String, u64)>,
) -> Answer {
    let selection = latest(&app, &caller, &code, Kind::Vaccination, Some(dose)).await?;
    Ok(axum::Json(json!({ "certificateId": selection.certificate.issuance.certificate_id.as_str() })).into_response())
}

type Answer = Result<Response, Error>;

/// A certificate to show, and what stands beside it.
pub(crate) struct Selection {
    pub(crate) certificate: Certificate,
    /// The valid certificate of each dose up to the shown one, in order of dose; the shown one is the last. A test stands alone.
    pub(crate) history: Vec<Certificate>,
}

/// The beneficiary's certificate of this kind: highest dose (or exactly `dose`) or newest sample, newest version; none that was taken back.
pub(crate) async fn latest(
    app: &App,
    caller: &Caller,
    code: &str,
    kind: Kind,
    dose: Option<u64>,
) -> Result<Selection, Error> {
    let code = BeneficiaryCode::parse(code).ok_or(Error::NoCertificate)?;
    let theirs = caller.only_theirs(app, app.store.certificates(&code, Some(kind)).await?).await?;
    let standing = standing(theirs, (app.clock)());
    let number = |certificate: &Certificate| certificate.slot.occasion.dose().map(|dose| dose.number().into());
    let wanted = standing.iter().rev().find(|certificate| dose.is_none() || number(certificate) == dose);
    shown(wanted.cloned().ok_or(Error::NoCertificate)?, standing)
}

/// The certificate with this id and no other.
pub(crate) async fn exactly(app: &App, caller: &Caller, id: &str) -> Result<Selection, Error> {
    let (mut certificate, theirs) = with_siblings(app, caller, id).await?;
    certificate.status = certificate.status.at((app.clock)());
    let current = theirs.iter().rfind(|other| other.slot == certificate.slot && other.status != Status::Superseded);
    match certificate.status {
        Status::Revoked => Err(Error::Gone { status: Status::Revoked, current: None }),
        Status::Superseded => {
            let valid = current.filter(|other| other.status != Status::Revoked);
            let current = valid.map(|other| links(app, &other.issuance.certificate_id));
            Err(Error::Gone { status: Status::Superseded, current })
        }
        Status::Valid | Status::Suspended { .. } => shown(certificate, standing(theirs, (app.clock)())),
    }
}

/// `None` for whatever keeps a certificate from being shown: to those who are only told that there is nothing for them.
pub(crate) fn if_shown(found: Result<Selection, Error>) -> Result<Option<Selection>, Error> {
    match found {
        Ok(selection) => Ok(Some(selection)),
        Err(Error::NoCertificate | Error::Gone { .. } | Error::Suspended { .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// The certificate with this id, whatever its status, and everything of its beneficiary that the caller may see.
pub(crate) async fn with_siblings(
    app: &App,
    caller: &Caller,
    id: &str,
) -> Result<(Certificate, Vec<Certificate>), Error> {
    let id = CertificateId::parse(id).ok_or(Error::NoCertificate)?;
    let code = app.store.beneficiary_of(&id).await?.ok_or(Error::NoCertificate)?;
    let theirs = caller.only_theirs(app, app.store.certificates(&code, None).await?).await?;
    let wanted = theirs.iter().find(|certificate| certificate.issuance.certificate_id == id);
    Ok((wanted.cloned().ok_or(Error::NoCertificate)?, theirs))
}

/// Those that are valid or suspended now, each with that status.
pub(crate) fn standing(mut certificates: Vec<Certificate>, now: OffsetDateTime) -> Vec<Certificate> {
    for certificate in &mut certificates {
        certificate.status = certificate.status.at(now);
    }
    certificates.retain(|certificate| matches!(certificate.status, Status::Valid | Status::Suspended { .. }));
    certificates
}

/// `standing` is in order of dose, then of issue; earlier doses of the same programme become the history.
fn shown(certificate: Certificate, standing: Vec<Certificate>) -> Result<Selection, Error> {
    if let Status::Suspended { until } = certificate.status {
        return Err(Error::Suspended { until });
    }
    let mut history: Vec<Certificate> = Vec::new();
    let shown = &certificate.slot;
    let is_earlier = |other: &Certificate| {
        let doses = other.slot.occasion.dose().zip(shown.occasion.dose());
        other.status == Status::Valid
            && other.slot.programme == shown.programme
            && doses.is_some_and(|(theirs, shown)| theirs < shown)
    };
    for earlier in standing.into_iter().filter(is_earlier) {
        history.pop_if(|last| last.slot.occasion == earlier.slot.occasion);
        history.push(earlier);
    }
    history.push(certificate.clone());
    Ok(Selection { certificate, history })
}

async fn existence(app: &App, caller: &Caller, code: &str, kind: Kind, dose: Option<u64>) -> Answer {
    let code = BeneficiaryCode::parse(code).ok_or(Error::NoCertificate)?;
    let dose = match dose {
        Some(number) => Some(Dose::new(number).ok_or(Error::NoCertificate)?),
        None => None,
    };
    let there = if caller.sees_all() {
        app.store.has_certificate(&code, kind, dose, (app.clock)()).await?
    } else {
        let theirs = caller.only_theirs(app, app.store.certificates(&code, Some(kind)).await?).await?;
        standing(theirs, (app.clock)()).iter().any(|certificate| {
            certificate.status == Status::Valid && (dose.is_none() || certificate.slot.occasion.dose() == dose)
        })
    };
    if there { Ok(StatusCode::OK.into_response()) } else { Err(Error::NoCertificate) }
}

/// How a caller wants a QR code to look.
#[derive(Deserialize)]
#[serde(default)]
pub(crate) struct Look {
    /// `png` or `svg`.
    format: String,
    /// PNG: pixels a module, 1 to 16.
    scale: u32,
    /// SVG: width in CSS pixels, 64 to 4096.
    size: u32,
    /// Light modules around, 0 to 16; readers want 4.
    margin: u32,
}

impl Default for Look {
    fn default() -> Self {
        Self { format: "png".into(), scale: 4, size: 512, margin: 4 }
    }
}

pub(crate) fn qr(app: &App, selection: &Selection, look: &Look, headers: &HeaderMap) -> Answer {
    if !(1..=16).contains(&look.scale) {
        return Err(Error::Parameter("scale", "1 to 16 pixels a module".into()));
    }
    if !(64..=4096).contains(&look.size) {
        return Err(Error::Parameter("size", "64 to 4096".into()));
    }
    if look.margin > 16 {
        return Err(Error::Parameter("margin", "0 to 16 modules".into()));
    }
    let certificate = &selection.certificate;
    let wanted = format!("{} {} {} {}", look.format, look.scale, look.size, look.margin);
    let etag = fingerprint(&[certificate.signed.as_str().as_bytes(), wanted.as_bytes()]);
    if let Some(unchanged) = not_modified(headers, &etag) {
        return Ok(unchanged);
    }
    let id = certificate.issuance.certificate_id.as_str();
    let (media_type, bytes) = match look.format.as_str() {
        "png" => ("image/png", symbol(app, certificate)?.png(look.scale, look.margin)),
        "svg" => ("image/svg+xml", symbol(app, certificate)?.svg(look.size, look.margin).into_bytes()),
        _ => return Err(Error::Parameter("format", "png or svg".into())),
    };
    let file_name = format!("certificate-{id}-qr.{}", look.format);
    let used = Extension(Use::fetched(app, certificate, "qr"));
    Ok((used, Personal { media_type, etag, file_name, bytes }).into_response())
}

pub(crate) fn symbol(app: &App, certificate: &Certificate) -> Result<Symbol, Error> {
    // Certify leaves room for the signature's spread; should one exceed it, the denser form still fits and is read by the same verifiers.
    let payload =
        Payload::of(&certificate.signed, app.config.qr_form).or_else(|_| Payload::of(&certificate.signed, Form::Raw));
    let payload = payload.context("making a QR code").map_err(Error::Internal)?;
    Ok(Symbol::of(&payload))
}

/// SHA-256 over length-prefixed parts, base64url: names content without telling it.
pub(crate) fn fingerprint(parts: &[&[u8]]) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    for part in parts {
        hash.update(&part.len().to_le_bytes());
        hash.update(part);
    }
    URL_SAFE_NO_PAD.encode(hash.finish())
}
