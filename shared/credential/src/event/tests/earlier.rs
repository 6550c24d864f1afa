//! Earlier doses in a later report, and the way back from an event to its request.

use super::*;
use crate::{EarlierDose, Facts, facts};
use time::UtcOffset;

const INDIA: UtcOffset = time::macros::offset!(+5:30);

/// A second dose whose report says this of others.
fn reporting(entries: &Value) -> Value {
    let second = replaced(event(), "/vaccination/dose", Some(2.into()));
    replaced(second, "/meta", Some(json!({ "vaccinations": entries })))
}

fn told(entries: &Value) -> Vec<Value> {
    one(reporting(entries), Schema::V1).earlier().iter().map(EarlierDose::told).collect()
}

fn first(entry: &Value) -> EarlierDose {
    one(reporting(&json!([entry])), Schema::V1).earlier()[0].clone()
}

fn certified() -> Facts {
    let evidence = facts::Evidence {
        batch: "MB3428BX".into(),
        vaccine: "CoVax".into(),
        manufacturer: "COVPharma".into(),
        date: "2020-12-02T19:21:18.646Z".into(),
        ..facts::Evidence::default()
    };
    Facts { evidence: vec![evidence], ..Facts::default() }
}

#[test]
fn fillers_and_doses_that_are_not_earlier_are_passed_over() {
    let entries = json!([
        { "dose": 1, "batch": "" , "date": "garbage that nobody reads" },
        { "dose": 0, "batch": "A" },
        { "dose": "", "batch": "A" },
        { "batch": "A" },
        {},
        { "dose": 2, "batch": "its own" },
        { "dose": 3, "batch": "a later one" },
        { "dose": "1", "batch": "A", "name": "CoVax", "manufacturer": null, "date": "" },
        { "dose": 1, "batch": "B", "name": "CoVax", "date": "2020-12-02" },
    ]);
    let kept = json!([{ "dose": 1, "batch": "B", "name": "CoVax", "manufacturer": "", "date": "2020-12-02" }]);
    assert_eq!(Value::from(told(&entries)), kept);
    // What is kept is read back.
    let again = EarlierDose::read(&kept[0], NOW).unwrap();
    assert_eq!(again.told(), kept[0]);
}

#[test]
fn what_is_wrong_is_named_member_by_member() {
    let entries = json!([
        { "dose": 1.5, "batch": "A" },
        { "dose": 1, "batch": 7 },
        { "dose": 1, "batch": "A", "name": 1, "manufacturer": "a\nb", "date": "2020-13-01" },
        { "dose": 1, "batch": "A", "date": "2021-06-30" },
        "none",
    ]);
    let place = |end: &str| format!("/0/meta/vaccinations/{end}");
    let expected = [
        ("0/dose", Code::Type),
        ("1/batch", Code::Type),
        ("2/name", Code::Type),
        ("2/manufacturer", Code::Format),
        ("2/date", Code::Format),
        ("3/date", Code::Format),
        ("4", Code::Type),
    ];
    let expected: Vec<_> = expected.into_iter().map(|(end, code)| (place(end), code)).collect();
    assert_eq!(faults_of(reporting(&entries), Schema::V1), expected);
    assert_eq!(faults_of(reporting(&json!({})), Schema::V3), [at("/0/meta/vaccinations", Code::Type)]);
}

#[test]
fn what_is_said_of_others_makes_no_other_event() {
    let silent = one(replaced(event(), "/vaccination/dose", Some(2.into())), Schema::V1);
    let said = one(reporting(&json!([{ "dose": 1, "batch": "A" }])), Schema::V1);
    assert_eq!(silent.digest(), said.digest());
}

#[test]
fn a_certificate_agrees_to_the_letter_and_to_the_day() {
    let same =
        json!({ "dose": 1, "batch": "MB3428BX", "name": "CoVax", "manufacturer": "COVPharma", "date": "2020-12-02" });
    // Half past midnight in India, and still the day before in UTC: both days are right.
    for date in ["2020-12-02", "2020-12-03", "2020-12-02T00:00:00.000Z", "2020-12-03T08:00:00+05:30", ""] {
        let mut entry = same.clone();
        entry["date"] = date.into();
        assert_eq!(first(&entry).differences(&certified(), INDIA), [], "{date}");
    }
    let other = json!({ "dose": 1, "batch": "mb3428bx", "name": "", "manufacturer": "Another", "date": "2020-12-04" });
    let differences = first(&other).differences(&certified(), INDIA);
    let told: Vec<_> = differences.iter().map(|it| (it.member, it.certified.as_str(), it.reported.as_str())).collect();
    assert_eq!(
        told,
        [
            ("batch", "MB3428BX", "mb3428bx"),
            ("manufacturer", "COVPharma", "Another"),
            ("date", "2020-12-02T19:21:18.646Z", "2020-12-04"),
        ]
    );
}

#[test]
fn a_correction_says_what_was_reported_and_leaves_all_else() {
    // The country is the service's where an event names none; here it does.
    let event = replaced(event(), "/facility/address/country", Some("IN".into()));
    for schema in [Schema::V1, Schema::V3] {
        let before = one(event.clone(), schema);
        let issuance =
            Issuance { certificate_id: CertificateId::parse("1").unwrap(), issued_at: NOW, kind: Kind::Vaccination };
        let facts: Facts =
            serde_json::from_value(before.credential(&profile(), &issuance).document().clone().into()).unwrap();
        assert_eq!(facts.schema(), schema);
        let reported = first(&json!({ "dose": 1, "batch": "another", "name": "", "date": "2020-11-30" }));
        let request = reported.correction(&before.slot(), &before.recipient(), &facts, INDIA);
        let changed = replaced(event.clone(), "/vaccination/batch", Some("another".into()));
        let changed = replaced(changed, "/vaccination/date", Some("2020-11-30T12:00:00.000Z".into()));
        assert_eq!(one(request, schema).digest(), one(changed, schema).digest(), "{schema:?}");
    }
}

#[test]
fn a_person_is_written_as_they_were_read() {
    let least = json!({ "name": "Asha", "age": "7", "nationality": "Indian", "identity": "na", "contact": [] });
    let most = json!({
        "name": "Asha", "dob": "1990-02-28", "age": 31, "gender": "Female", "nationality": "Indian", "identity": "P 12/3",
        "contact": ["98765 43210", "mailto:Asha@Example.org"],
        "address": { "addressLine1": "", "district": "d", "city": "c", "state": "s", "pincode": 56, "country": "IN" },
    });
    for recipient in [least, most] {
        let read = one(replaced(event(), "/recipient", Some(recipient)), Schema::V3);
        let again = one(replaced(event(), "/recipient", Some(read.recipient())), Schema::V3);
        assert_eq!(again.digest(), read.digest());
    }
}
