//! What a report shows of a certificate: the lines that DIVOC's verifiers show, and no others. Every one is read from where the signature covers it.

use serde::Serialize;
use serde_json::{Map, Value};

/// The statements of one verified certificate. Personal data. Absent ones are left out; texts stand as the issuer wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "each field is the credential's member that `TABLE` names for it")]
pub struct Facts {
    /// `vaccination` or `test`.
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_birth: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gender: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub beneficiary_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vaccine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vaccine_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_of_issue: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dose: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_doses: Option<String>,
    /// What dose and total doses come to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub course: Option<Course>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub test_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disease: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_collected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result_known: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facility: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// India's "vaccination status".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Course {
    /// Doses are missing.
    Partial,
    /// The last dose of the course.
    Full,
    /// A dose after the course.
    Booster,
}

/// Why a signed credential has no facts to show.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoFacts {
    /// Neither one vaccination nor one test.
    OtherKind,
    /// The member at this JSON Pointer is neither text nor number; a list is a set in what is signed, in no order that could be shown.
    Shape(&'static str),
}

type Field = fn(&mut Facts) -> &mut Option<String>;

/// Every fact and where it stands.
const TABLE: [(&str, Field); 20] = [
    ("/credentialSubject/name", |facts| &mut facts.name),
    ("/credentialSubject/age", |facts| &mut facts.age),
    ("/credentialSubject/dob", |facts| &mut facts.date_of_birth),
    ("/credentialSubject/gender", |facts| &mut facts.gender),
    ("/credentialSubject/refId", |facts| &mut facts.beneficiary_id),
    ("/evidence/0/certificateId", |facts| &mut facts.certificate_id),
    ("/evidence/0/vaccine", |facts| &mut facts.vaccine),
    ("/evidence/0/prophylaxis", |facts| &mut facts.vaccine_type),
    ("/evidence/0/date", |facts| &mut facts.date),
    ("/evidence/0/effectiveStart", |facts| &mut facts.date_of_issue),
    ("/evidence/0/effectiveUntil", |facts| &mut facts.valid_until),
    ("/evidence/0/dose", |facts| &mut facts.dose),
    ("/evidence/0/totalDoses", |facts| &mut facts.total_doses),
    ("/evidence/0/testType", |facts| &mut facts.test_type),
    ("/evidence/0/testName", |facts| &mut facts.test_name),
    ("/evidence/0/disease", |facts| &mut facts.disease),
    ("/evidence/0/sampleCollectionTimestamp", |facts| &mut facts.sample_collected),
    ("/evidence/0/resultTimestamp", |facts| &mut facts.result_known),
    ("/evidence/0/result", |facts| &mut facts.result),
    ("/evidence/0/facility/name", |facts| &mut facts.facility),
];
const COUNTRY: &str = "/evidence/0/facility/address/addressCountry";

impl Facts {
    /// The facts of a verified document.
    pub(crate) fn of(document: &Map<String, Value>) -> Result<Self, NoFacts> {
        let kind = kind(document).ok_or(NoFacts::OtherKind)?;
        let mut facts = Self { kind, ..Self::default() };
        for (pointer, field) in TABLE {
            *field(&mut facts) = text(document, pointer)?;
        }
        facts.country = text(document, COUNTRY)?;
        facts.course = facts.dose.as_deref().zip(facts.total_doses.as_deref()).and_then(course);
        Ok(facts)
    }
}

/// Of one vaccination or one test; of a credential with several nobody could say which is shown.
fn kind(document: &Map<String, Value>) -> Option<&'static str> {
    let [Value::Object(_)] = document.get("evidence")?.as_array()?.as_slice() else { return None };
    document.get("credentialSubject")?.as_object()?;
    let types = document.get("type")?.as_array()?;
    let is = |name: &str| types.iter().any(|found| found == name);
    match (is("ProofOfVaccinationCredential"), is("ProofOfTestCertificateCredential")) {
        (true, false) => Some("vaccination"),
        (false, true) => Some("test"),
        _ => None,
    }
}

/// A member as text; the empty text is none.
fn text(document: &Map<String, Value>, pointer: &'static str) -> Result<Option<String>, NoFacts> {
    let mut steps = pointer.trim_start_matches('/').split('/');
    let first = steps.next().and_then(|step| document.get(step));
    let found = steps.try_fold(first, |at, step| match at {
        Some(Value::Array(items)) => Ok(step.parse::<usize>().ok().and_then(|index| items.get(index))),
        Some(Value::Object(members)) => Ok(members.get(step)),
        None | Some(Value::Null) => Ok(None),
        Some(_) => Err(NoFacts::Shape(pointer)),
    })?;
    match found {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(NoFacts::Shape(pointer)),
    }
}

fn course((dose, total): (&str, &str)) -> Option<Course> {
    let (dose, total) = (dose.trim().parse::<u64>().ok()?, total.trim().parse::<u64>().ok()?);
    Some(match dose.cmp(&total) {
        std::cmp::Ordering::Less => Course::Partial,
        std::cmp::Ordering::Equal => Course::Full,
        std::cmp::Ordering::Greater => Course::Booster,
    })
}
