//! From event to document: member by member as DIVOC's two signers lay it out, in its order, with empty texts where the event says nothing.

use super::{
    Event, Schema,
    dates::{full_years, utc, write_day, write_instant},
    parts::{Act, Address, Birth, Facility, Vaccination},
    test_details::TestDetails,
};
use crate::{Issuance, Profile, Unsigned, binding, vaccine};
use serde_json::{Map, Value, json};
use time::Date;

/// The credential of `event`, bound and not yet signed.
pub(super) fn credential(event: &Event, profile: &Profile, issuance: &Issuance) -> Unsigned {
    let (context, proof) = match event.schema {
        Schema::V1 => (&profile.context_v1, "ProofOfVaccinationCredential"),
        Schema::V3 => (&profile.context_v2, "ProofOfVaccinationCredential"),
        Schema::Test => (&profile.context_test, "ProofOfTestCertificateCredential"),
    };
    let mut document = object([
        ("@context", json!(["https://www.w3.org/2018/credentials/v1", context])),
        ("type", json!(["VerifiableCredential", proof])),
        ("credentialSubject", subject(event, profile, issuance).into()),
        ("issuer", json!(profile.issuer)),
        ("issuanceDate", write_instant(issuance.issued_at).into()),
        ("evidence", json!([evidence(event, profile, issuance)])),
        ("nonTransferable", "true".into()),
    ]);
    binding::bind(&mut document);
    Unsigned(document)
}

fn subject(event: &Event, profile: &Profile, issuance: &Issuance) -> Map<String, Value> {
    let recipient = &event.recipient;
    let today = utc(issuance.issued_at).date();
    let mut subject = object([
        ("type", "Person".into()),
        ("id", recipient.identity.subject(&profile.did, &event.beneficiary).into()),
        ("refId", event.beneficiary.as_str().into()),
        ("name", recipient.name.as_str().into()),
        ("gender", recipient.gender.as_str().into()),
    ]);
    if event.schema != Schema::Test {
        subject.insert("age".into(), recipient.birth.age(today).into());
    }
    if event.schema != Schema::V1 {
        subject.insert("dob".into(), recipient.birth.day(today).into());
    }
    subject.insert("nationality".into(), recipient.nationality.as_str().into());
    subject.insert("address".into(), address(&recipient.address, "").into());
    subject
}

fn evidence(event: &Event, profile: &Profile, issuance: &Issuance) -> Map<String, Value> {
    let id = issuance.certificate_id.as_str();
    let (base_url, name, details) = match &event.act {
        Act::Vaccination(vaccination) => (&profile.base_url, "Vaccination", dose(vaccination)),
        Act::Test(test) => (&profile.test_base_url, "TestDetails", test_details(test)),
    };
    let mut evidence = object([
        ("id", format!("{base_url}{id}").into()),
        ("feedbackUrl", format!("{}{id}", profile.feedback_base_url).into()),
        ("infoUrl", format!("{}{id}", profile.info_base_url).into()),
        ("certificateId", id.into()),
        ("type", json!([name])),
    ]);
    evidence.extend(details);
    evidence.insert("verifier".into(), json!({ "name": event.verifier.as_str() }));
    evidence.insert("facility".into(), facility(&event.facility, profile).into());
    if let (Schema::V3, Act::Vaccination(vaccination)) = (event.schema, &event.act) {
        let class = vaccine::icd11(vaccination.name.as_str());
        evidence.insert("icd11Code".into(), class.map_or("", |class| class.code).into());
        evidence.insert("prophylaxis".into(), class.map_or("", |class| class.term).into());
    }
    evidence
}

fn dose(vaccination: &Vaccination) -> Map<String, Value> {
    object([
        ("batch", vaccination.batch.as_str().into()),
        ("vaccine", vaccination.name.as_str().into()),
        ("manufacturer", vaccination.manufacturer.as_str().into()),
        ("date", write_instant(vaccination.date).into()),
        ("effectiveStart", write_day(vaccination.effective_start).into()),
        ("effectiveUntil", write_day(vaccination.effective_until).into()),
        ("dose", vaccination.dose.number().into()),
        ("totalDoses", vaccination.total_doses.number().into()),
    ])
}

fn test_details(test: &TestDetails) -> Map<String, Value> {
    object([
        ("batch", test.batch.as_str().into()),
        ("testName", test.test_name.as_str().into()),
        ("testType", test.test_type.as_str().into()),
        ("manufacturer", test.manufacturer.as_str().into()),
        ("disease", test.disease.as_str().into()),
        ("sampleOrigin", test.sample_origin.as_str().into()),
        ("sampleCollectionTimestamp", write_instant(test.sampled_at).into()),
        ("resultTimestamp", write_instant(test.result_at).into()),
        ("result", test.result.as_str().into()),
    ])
}

fn facility(facility: &Facility, profile: &Profile) -> Map<String, Value> {
    object([
        ("name", facility.name.as_str().into()),
        ("address", address(&facility.address, &profile.facility_country).into()),
    ])
}

fn address(address: &Address, country: &str) -> Map<String, Value> {
    let country = if address.country.is_empty() { country } else { address.country.as_str() };
    object([
        ("streetAddress", address.line1.as_str().into()),
        ("streetAddress2", address.line2.as_str().into()),
        ("district", address.district.as_str().into()),
        ("city", address.city.as_str().into()),
        ("addressRegion", address.state.as_str().into()),
        ("addressCountry", country.into()),
        ("postalCode", address.postal_code.as_str().into()),
    ])
}

impl Birth {
    /// `age`: as sent, or the full years on `today`.
    fn age(self, today: Date) -> String {
        match self {
            Self::Age(age) | Self::DayAndAge(_, age) => age.to_string(),
            // A child may be born today where the day has begun already.
            Self::Day(day) => full_years(day, today).max(0).to_string(),
            Self::Unknown => String::new(),
        }
    }

    /// `dob`: as sent, or DIVOC's administrative one, the first day of the year that the age makes likely.
    fn day(self, today: Date) -> String {
        match self {
            Self::Day(day) | Self::DayAndAge(day, _) => write_day(day),
            Self::Age(age) => format!("{:04}-01-01", today.year().saturating_sub(i32::from(age))),
            Self::Unknown => String::new(),
        }
    }
}

fn object<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
