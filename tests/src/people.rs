//! Synthetic people, as many as wanted: events like those of `events/`, each with its own code and number.

use serde_json::{Value, json};

/// An event for dose `dose` of 2 of the person with this number, in the v1 schema.
pub fn event(person: u64, dose: u64) -> Value {
    json!({
        "preEnrollmentCode": format!("SYN-{person:09}"),
        "programId": "C19",
        "recipient": {
            "name": format!("Asha Example {person}"),
            "age": "41",
            "gender": "Female",
            "nationality": "Indian",
            "identity": format!("did:in.gov.uidai.aadhaar:9999{person:08}"),
            "contact": [telephone(person)],
            "address": { "addressLine1": "12 Sample Street", "addressLine2": "", "district": "Bengaluru South", "state": "Karnataka", "pincode": 560_034 }
        },
        "vaccination": {
            "name": "Covishield",
            "batch": format!("B{dose}-4120Z"),
            "manufacturer": "Serum Institute of India",
            "date": format!("2021-0{}-05T09:30:00.000Z", dose.min(9)),
            "effectiveStart": format!("2021-0{}-05", dose.min(9)),
            "effectiveUntil": "2031-03-05",
            "dose": dose,
            "totalDoses": 2
        },
        "vaccinator": { "name": "Sister Example" },
        "facility": {
            "name": "Sample Health Centre",
            "address": { "addressLine1": "1 Station Road", "addressLine2": "", "district": "Bengaluru South", "state": "Karnataka", "pincode": "560034", "country": "IN" }
        }
    })
}

/// An event for the negative test of a sample taken from this person on this day of July 2021.
pub fn test(person: u64, day: u64) -> Value {
    json!({
        "preEnrollmentCode": code(person),
        "programId": "C19",
        "recipient": {
            "name": format!("Asha Example {person}"),
            "dob": "1980-01-02",
            "gender": "Female",
            "nationality": "Indian",
            "identity": format!("did:in.gov.uidai.aadhaar:9999{person:08}"),
            "contact": [telephone(person)],
            "address": { "addressLine1": "12 Sample Street", "addressLine2": "", "district": "Bengaluru South", "state": "Karnataka", "pincode": 560_034 }
        },
        "testDetails": {
            "testType": "RT-PCR",
            "disease": "COVID-19",
            "sampleCollectionTimestamp": format!("2021-07-{day:02}T09:30:00.000Z"),
            "resultTimestamp": format!("2021-07-{day:02}T18:00:00.000Z"),
            "result": "Negative",
            "testName": "Viral RNA detection",
            "batch": "T-4120Z",
            "manufacturer": "Sample Diagnostics",
            "sampleOrigin": "Nasopharyngeal swab"
        },
        "verifier": { "name": "Sister Example" },
        "facility": {
            "name": "Sample Laboratory",
            "address": { "addressLine1": "1 Station Road", "addressLine2": "", "district": "Bengaluru South", "state": "Karnataka", "pincode": "560034", "country": "IN" }
        }
    })
}

/// The person's contact.
pub fn telephone(person: u64) -> String {
    format!("tel:+9199{:08}", person % 100_000_000)
}

/// The person's beneficiary code.
pub fn code(person: u64) -> String {
    format!("SYN-{person:09}")
}
