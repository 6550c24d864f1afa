//! History: who touched a certificate, when and why. A citizen asks about their own, an administrator about any.

use crate::{
    App, Error,
    auth::{By, Historians},
    error::rfc3339,
    fetch::with_siblings,
    http::with_member,
    ports::{Certificate, Deed},
};
use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

/// The route by certificate.
pub fn routes() -> Router<App> {
    Router::new().route("/divoc/api/v1/certificate/{certificateId}/history", get(history))
}

/// Every certificate that ever stood in the slot, in order of issue, each with what was done to it.
async fn history(
    State(app): State<App>,
    By(caller, ..): By<Historians>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let (certificate, theirs) = with_siblings(&app, &caller, &id).await?;
    let lineage: Vec<Value> = theirs.iter().filter(|other| other.slot == certificate.slot).map(told).collect();
    Ok(axum::Json(json!({ "certificates": lineage })).into_response())
}

fn told(certificate: &Certificate) -> Value {
    let told = json!({
        "certificateId": certificate.issuance.certificate_id.as_str(),
        "issuedAt": rfc3339(certificate.issuance.issued_at),
        "status": certificate.status.as_str(),
        "previousCertificateId": certificate.predecessor.as_ref().map(credential::CertificateId::as_str),
        "nextCertificateId": certificate.successor.as_ref().map(credential::CertificateId::as_str),
        "events": certificate.deeds.iter().map(event).collect::<Vec<_>>(),
    });
    with_member(told, "until", certificate.status.until().map(rfc3339))
}

fn event(deed: &Deed) -> Value {
    json!({
        "event": deed.event.as_str(),
        "at": rfc3339(deed.at),
        "actor": deed.actor,
        "reason": deed.reason.map(crate::ports::Reason::as_str),
    })
}
