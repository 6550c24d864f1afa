//! A certificate as people see it in a list: what it attests and of whom, where it stands, where its documents are. Personal data.

use crate::{App, certify::links, error::rfc3339, ports::Certificate};
use credential::Dose;
use serde_json::{Value, json};

/// The members of one certificate. What it does not have is null: a test has no dose, and its date is that of its sample; only a suspended one
/// has an end of that.
pub(crate) fn overview(app: &App, certificate: &Certificate) -> Value {
    let facts = certificate.signed.facts();
    let attested = facts.evidence().cloned().unwrap_or_default();
    let status = certificate.status.at((app.clock)());
    let given = !facts.is_test();
    json!({
        "certificateId": certificate.issuance.certificate_id.as_str(),
        "beneficiaryId": certificate.slot.beneficiary.as_str(),
        "name": facts.credential_subject.name,
        "kind": certificate.slot.occasion.kind().as_str(),
        "dose": certificate.slot.occasion.dose().map(Dose::number),
        "totalDoses": given.then_some(attested.total_doses),
        "vaccine": given.then_some(attested.vaccine),
        "date": if given { attested.date } else { attested.sample_collection_timestamp },
        "status": status.as_str(),
        "until": status.until().map(rfc3339),
        "issuedAt": rfc3339(certificate.issuance.issued_at),
        "links": links(app, &certificate.issuance.certificate_id),
    })
}
