//! The published JSON Schemas and the reader refuse the same bodies, wherever a schema can say the rule.

use super::*;
use jsonschema::Validator;
use std::collections::BTreeSet;

pub(super) fn published(schema: Schema) -> Validator {
    let text = match schema {
        Schema::V1 => include_str!("../../../schema/certify-v1.json"),
        Schema::V3 => include_str!("../../../schema/certify-v3.json"),
        Schema::Test => include_str!("../../../schema/certify-test.json"),
    };
    let document: Value = serde_json::from_str(text).unwrap();
    assert!(jsonschema::meta::is_valid(&document));
    jsonschema::options().should_validate_formats(true).build(&document).unwrap()
}

/// Values that are right in one place and wrong in another; none that only a clock or another member makes wrong.
fn replacements() -> Vec<Option<Value>> {
    let long = "x".repeat(257);
    let texts =
        ["", " ", "5", "I", "IN", "a\0b", "a\nb", "a\u{202e}b", "2021-02-30", "0001-01-01", "x", "tel:9999900001"];
    let others = [
        json!(null),
        json!(5),
        json!(-5),
        json!(1.5),
        json!(5.0),
        json!(true),
        json!([]),
        json!({}),
        json!(["x"]),
        json!([5]),
        json!(long),
    ];
    texts.into_iter().map(Value::from).chain(others).map(Some).chain([None]).collect()
}

/// Values for one member each, on both sides of its limits.
fn limits() -> Vec<(&'static str, Value)> {
    let mut limits = Vec::new();
    let mut add = |pointer, values: &[Value]| limits.extend(values.iter().map(|value| (pointer, value.clone())));
    let doses = [
        json!(1),
        json!(20),
        json!(21),
        json!(0),
        json!("20"),
        json!("21"),
        json!("007"),
        json!("0"),
        json!("1.0"),
        json!("+1"),
        json!(1e300),
    ];
    add("/vaccination/dose", &doses);
    add("/vaccination/totalDoses", &doses);
    let days = [
        json!("2021-04-21T00:00:00.000Z"),
        json!("2021-04-21T00:00:00+05:30"),
        json!("2021-04-21T00:00:00"),
        json!("2021-4-21"),
        json!("2021-04-21 "),
    ];
    add("/vaccination/effectiveStart", &days);
    let instants = [
        json!("2021-06-28T11:00:28+05:30"),
        json!("2021-06-28T05:30Z"),
        json!("2021-06-28 05:30:28Z"),
        json!("2021-06-28T05:30:28"),
        json!("2021-06-28t05:30:28z"),
    ];
    add("/vaccination/date", &instants);
    let contacts = [
        json!(["tel:9999900001"]),
        json!(["EMAIL:a@b.example", "+91 (0) 99999-00001"]),
        json!(["a@b.example"]),
        json!(["fax:1"]),
        json!(["tel:"]),
        json!(["mailto:@b"]),
        json!(vec!["9999900001"; 10]),
        json!(vec!["9999900001"; 11]),
        json!([null]),
    ];
    add("/recipient/contact", &contacts);
    add("/recipient/address/pincode", &[json!(560_034), json!("560 034"), json!(1e300)]);
    add("/preEnrollmentCode", &[json!("ठ".repeat(128)), json!("ठ".repeat(129))]);
    add("/programId", &[json!("p".repeat(128)), json!("p".repeat(129))]);
    add(
        "/recipient/name",
        &[json!("ठ".repeat(256)), json!("ठ".repeat(257)), json!("\u{2028}"), json!("a\u{200d}b\"\\")],
    );
    add("/comorbidities", &[json!(["", "Diabetes"]), json!([null]), json!(vec!["x"; 101])]);
    limits
}

/// The same for tests.
fn limits_of_tests() -> Vec<(&'static str, Value)> {
    let of_vaccinations = limits().into_iter().filter(|(pointer, _)| tested().pointer(pointer).is_some());
    let results = ["Positive", "Negative", "Inconclusive", "Void", "negative", "Negative ", "Unknown"];
    let results = results.map(|word| ("/testDetails/result", json!(word)));
    let instants = [
        json!("2021-06-28T08:45:00+05:30"),
        json!("2021-06-28T03:15Z"),
        json!("2021-06-28 03:15:00Z"),
        json!("2021-06-28T03:15:00"),
        json!("2021-06-28t03:15:00z"),
    ];
    let instants = instants.map(|instant| ("/testDetails/resultTimestamp", instant));
    of_vaccinations.chain(results).chain(instants).collect()
}

/// Holds the reader's verdict on `base` with one member replaced against the schema's; whether they both take it, and `None` where a schema cannot judge.
fn verdict(schema: Schema, validator: &Validator, base: &Value, pointer: &str, value: Option<&Value>) -> Option<bool> {
    let body = json!([replaced(base.clone(), pointer, value.cloned())]);
    let faults = Event::parse_all(&body, schema, NOW, &rules()).err().map(|faults| faults.0).unwrap_or_default();
    // An age that contradicts the date of birth is beyond a schema.
    if faults.iter().all(|fault| fault.code == Code::Contradiction) && !faults.is_empty() {
        return None;
    }
    assert_eq!(validator.is_valid(&body), faults.is_empty(), "{schema:?} {pointer} {value:?}: {faults:?}");
    Some(faults.is_empty())
}

#[test]
fn the_published_schema_of_tests_and_the_reader_refuse_the_same_bodies() {
    let mut places = Vec::new();
    collect(&tested(), "", &mut places);
    let everywhere =
        places.iter().flat_map(|place| replacements().into_iter().map(move |value| (place.as_str(), value)));
    let limits = limits_of_tests().into_iter().map(|(pointer, value)| (pointer, Some(value)));
    let validator = published(Schema::Test);
    let verdicts: Vec<bool> = everywhere
        .chain(limits)
        .filter_map(|(pointer, value)| verdict(Schema::Test, &validator, &tested(), pointer, value.as_ref()))
        .collect();
    let taken = verdicts.iter().filter(|taken| **taken).count();
    assert!(taken > 60 && verdicts.len() - taken > 300, "{taken} of {}", verdicts.len());
}

#[test]
fn the_published_schemas_and_the_reader_refuse_the_same_bodies() {
    let born = |dob: Value, age: Value| {
        let mut event = event();
        event["recipient"]["dob"] = dob;
        event["recipient"]["age"] = age;
        event
    };
    // Five years old on the day of vaccination: the replacement 5 contradicts nothing.
    let bases = [born(json!("2016-03-01"), Value::Null), born(Value::Null, json!("5"))];
    let mut places = Vec::new();
    collect(&event(), "", &mut places);
    let everywhere =
        places.iter().flat_map(|place| replacements().into_iter().map(move |value| (place.as_str(), value)));
    let mut cases: Vec<_> =
        everywhere.chain(limits().into_iter().map(|(pointer, value)| (pointer, Some(value)))).collect();
    for age in [json!(0), json!(150), json!(151), json!("150"), json!("151"), json!("007"), json!("5.0"), json!(" 5")] {
        cases.push(("/recipient/age", Some(age)));
    }
    let mut verdicts = BTreeSet::new();
    for schema in [Schema::V1, Schema::V3] {
        let validator = published(schema);
        for base in &bases {
            for (pointer, value) in &cases {
                let Some(taken) = verdict(schema, &validator, base, pointer, value.as_ref()) else { continue };
                verdicts.insert((format!("{schema:?} {pointer} {value:?}"), taken));
            }
        }
    }
    let taken = verdicts.iter().filter(|(_, taken)| *taken).count();
    assert!(taken > 60 && verdicts.len() - taken > 600, "{taken} of {}", verdicts.len());
}

#[test]
fn a_body_is_an_array_with_an_event_for_the_schemas_too() {
    for (schema, event) in [(Schema::V1, event()), (Schema::V3, event()), (Schema::Test, tested())] {
        let validator = published(schema);
        let verdicts = [json!([]), event.clone(), json!("text"), json!([event, 7]), json!([event, event])]
            .map(|body| validator.is_valid(&body));
        assert_eq!(verdicts, [false, false, false, false, true]);
    }
}
