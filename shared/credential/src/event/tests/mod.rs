//! Whole bodies. Here stands what the tests share: the person of the vectors, as a request and as a document.

mod documents;
mod earlier;
mod faults;
mod identities;
mod samples;
mod schema;
mod test_results;

use super::*;
use crate::{CertificateId, Dose, Fault, Kind};
use serde_json::json;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2021-06-28 07:21:39.684 UTC);

fn rules() -> Rules {
    Rules { most_events: 3, calling_code: "91".into() }
}

/// The person of the vectors.
fn event() -> Value {
    json!({
        "preEnrollmentCode": "77889950",
        "enrollmentType": "SELF_ENRL",
        "programId": "covid-19",
        "comorbidities": ["Diabetes"],
        "recipient": {
            "name": "Juan Dela Cruz ",
            "dob": "1988-07-30",
            "age": "33",
            "gender": "Female",
            "nationality": "India",
            "identity": "19882120590",
            "contact": ["tel:9999900001", "mailto:Juan@Example.org"],
            "address": {
                "addressLine1": "114/1/15,Horahena Road, Kottawa",
                "addressLine2": "",
                "district": "colombo",
                "state": "Western",
                "pincode": "121212",
                "country": "IN"
            }
        },
        "vaccination": {
            "name": "Pfizer",
            "batch": "batch-01",
            "manufacturer": "US",
            "date": "2021-06-28T05:30:28.187Z",
            "effectiveStart": "2021-04-21",
            "effectiveUntil": "2022-04-21",
            "dose": 1,
            "totalDoses": 2
        },
        "vaccinator": { "name": "ss" },
        "facility": {
            "name": "MOH Gothatuwa",
            "address": { "addressLine1": "df", "addressLine2": "", "district": "wew", "state": "w", "pincode": 121_212 }
        },
        "meta": { "anything": [1, null] },
        "unknown": { "is": "ignored" }
    })
}

/// A test of the same person: what `tests/vectors/test_certificate/input.json` was made of.
fn tested() -> Value {
    json!({
        "preEnrollmentCode": "77889951",
        "programId": "covid-19",
        "recipient": {
            "name": "Juan Dela Cruz ",
            "dob": "1988-07-30",
            "gender": "Female",
            "nationality": "India",
            "identity": "19882120590",
            "contact": ["tel:9999900001", "mailto:Juan@Example.org"],
            "address": {
                "addressLine1": "114/1/15,Horahena Road, Kottawa",
                "addressLine2": "",
                "district": "colombo",
                "state": "Western",
                "pincode": "121212",
                "country": "IN"
            }
        },
        "testDetails": {
            "testType": "RT-PCR",
            "disease": "COVID-19",
            "sampleCollectionTimestamp": "2021-06-27T05:30:28.187Z",
            "resultTimestamp": "2021-06-28T03:15:00.000Z",
            "result": "Negative",
            "testName": "Viral RNA detection",
            "batch": "batch-07",
            "manufacturer": "US",
            "sampleOrigin": "Nasopharyngeal swab"
        },
        "verifier": { "name": "ss" },
        "facility": {
            "name": "MOH Gothatuwa",
            "address": { "addressLine1": "df", "addressLine2": "", "district": "wew", "state": "w", "pincode": 121_212, "country": "IN" }
        },
        "meta": { "anything": [1, null] }
    })
}

/// The event with the member at `pointer` replaced, or removed by `None`.
fn with(pointer: &str, value: Option<Value>) -> Value {
    replaced(event(), pointer, value)
}

fn replaced(mut event: Value, pointer: &str, value: Option<Value>) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let members = event.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => members.insert(name.into(), value),
        None => members.shift_remove(name),
    };
    event
}

fn parse(events: Vec<Value>, schema: Schema) -> Result<Vec<Event>, Vec<(String, Code)>> {
    let located = |Fault { pointer, code, .. }: Fault| (pointer, code);
    Event::parse_all(&events.into(), schema, NOW, &rules())
        .map_err(|faults| faults.0.into_iter().map(located).collect())
}

fn one(event: Value, schema: Schema) -> Event {
    parse(vec![event], schema).unwrap().remove(0)
}

fn faults_of(event: Value, schema: Schema) -> Vec<(String, Code)> {
    parse(vec![event], schema).err().unwrap_or_default()
}

fn at(pointer: &str, code: Code) -> (String, Code) {
    (pointer.to_owned(), code)
}

fn profile() -> Profile {
    Profile {
        context_v1: "https://cowin.gov.in/credentials/vaccination/v1".into(),
        context_v2: "https://cowin.gov.in/credentials/vaccination/v2".into(),
        issuer: "https://cowin.gov.in/".into(),
        base_url: "https://cowin.gov.in/vaccine/".into(),
        info_base_url: "https://cowin.gov.in/?".into(),
        feedback_base_url: "https://cowin.gov.in/?".into(),
        ..Profile::default()
    }
}

/// The document; the binding digest, which the vectors do not have, is cut off.
fn document(event: &Event) -> Value {
    let certificate_id = CertificateId::parse("448086902").unwrap();
    let issuance = Issuance { certificate_id, issued_at: NOW, kind: event.slot().occasion.kind() };
    let Unsigned(mut document) = event.credential(&profile(), &issuance);
    let id = document["evidence"][0]["id"].as_str().unwrap().split('#').next().unwrap().to_owned();
    document["evidence"][0]["id"] = id.into();
    document.into()
}

/// Pointers of all members of objects, at every depth.
fn collect(value: &Value, pointer: &str, places: &mut Vec<String>) {
    for (name, member) in value.as_object().into_iter().flatten() {
        let place = format!("{pointer}/{name}");
        collect(member, &place, places);
        places.push(place);
    }
}
