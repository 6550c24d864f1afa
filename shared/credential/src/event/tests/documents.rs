//! The document: DIVOC's, member by member.

use super::*;

#[test]
fn a_v1_document_is_divocs_to_the_letter() {
    let vector: Value =
        serde_json::from_str(include_str!("../../../../../tests/vectors/rsa/v1_did_subject/input.json")).unwrap();
    // Compared as text: the order of members counts.
    assert_eq!(document(&one(event(), Schema::V1)).to_string(), vector.to_string());
}

#[test]
fn a_v3_document_is_divocs_but_for_the_vaccines_class() {
    let mut vector: Value =
        serde_json::from_str(include_str!("../../../../../tests/vectors/rsa/v2_did_subject/input.json")).unwrap();
    vector["evidence"][0]["icd11Code"] = "XM0GQ8".into();
    vector["evidence"][0]["prophylaxis"] = "COVID-19 vaccine, RNA based vaccine".into();
    assert_eq!(document(&one(event(), Schema::V3)).to_string(), vector.to_string());
}

#[test]
fn what_v3_lets_be_absent_is_an_empty_text_in_the_document() {
    let mut least = event();
    for (parent, name) in [
        ("/recipient", "gender"),
        ("/recipient", "address"),
        ("/recipient", "dob"),
        ("", "vaccinator"),
        ("/facility", "address"),
    ] {
        least.pointer_mut(parent).unwrap().as_object_mut().unwrap().shift_remove(name);
    }
    least["vaccination"]["name"] = "BCG".into();
    let empty = |country: &str| json!({ "streetAddress": "", "streetAddress2": "", "district": "", "city": "", "addressRegion": "", "addressCountry": country, "postalCode": "" });
    let document = document(&one(least, Schema::V3));
    let (subject, evidence) = (&document["credentialSubject"], &document["evidence"][0]);
    assert_eq!((&subject["gender"], &subject["address"]), (&json!(""), &empty("")));
    assert_eq!((&evidence["verifier"], &evidence["facility"]["address"]), (&json!({ "name": "" }), &empty("IN")));
    assert_eq!((&evidence["icd11Code"], &evidence["prophylaxis"]), (&json!(""), &json!("")));
    // DIVOC's administrative date of birth: 33 years before 2021.
    assert_eq!((&subject["age"], &subject["dob"]), (&json!("33"), &json!("1988-01-01")));
}

#[test]
fn an_age_that_was_not_sent_is_counted_at_issuance() {
    let document = document(&one(with("/recipient/age", None), Schema::V1));
    // The thirty-third birthday is a month ahead.
    assert_eq!(document["credentialSubject"]["age"], json!("32"));
    assert_eq!(document["credentialSubject"].get("dob"), None);
}

#[test]
fn a_city_reaches_the_document() {
    let document = document(&one(with("/recipient/address/city", Some("Kottawa".into())), Schema::V1));
    assert_eq!(document["credentialSubject"]["address"]["city"], json!("Kottawa"));
}

#[test]
fn a_precaution_dose_goes_beyond_the_total() {
    let mut event = with("/vaccination/dose", Some(json!("3")));
    event["vaccination"]["totalDoses"] = json!(2.0);
    let document = document(&one(event, Schema::V1));
    assert_eq!((&document["evidence"][0]["dose"], &document["evidence"][0]["totalDoses"]), (&json!(3), &json!(2)));
}

#[test]
fn a_document_is_the_same_in_whatever_offset_the_clock_is_read() {
    let event = one(with("/recipient/age", None), Schema::V3);
    let at = |issued_at| {
        let issuance =
            Issuance { certificate_id: CertificateId::parse("1").unwrap(), issued_at, kind: Kind::Vaccination };
        event.credential(&profile(), &issuance)
    };
    // The thirty-third birthday has begun in India and not yet in UTC.
    assert_eq!(at(datetime!(2021-07-30 01:00 +05:30)), at(datetime!(2021-07-29 19:30 UTC)));
}
