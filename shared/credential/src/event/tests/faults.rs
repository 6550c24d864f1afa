//! What is refused, where, and with which number.

use super::*;
use proptest::prelude::*;

#[test]
fn every_required_member_is_missed_when_it_is_absent_or_null() {
    let both = [
        "/preEnrollmentCode",
        "/recipient",
        "/recipient/name",
        "/recipient/nationality",
        "/recipient/identity",
        "/recipient/contact",
        "/recipient/address/addressLine1",
        "/recipient/address/district",
        "/recipient/address/state",
        "/recipient/address/pincode",
        "/vaccination",
        "/vaccination/name",
        "/vaccination/manufacturer",
        "/vaccination/date",
        "/vaccination/effectiveStart",
        "/vaccination/effectiveUntil",
        "/vaccination/dose",
        "/vaccination/totalDoses",
        "/vaccinator/name",
        "/facility",
        "/facility/name",
        "/facility/address/addressLine1",
        "/facility/address/district",
        "/facility/address/state",
        "/facility/address/pincode",
    ];
    let relaxed = ["/recipient/gender", "/recipient/address", "/vaccinator", "/facility/address"];
    for absent in [None, Some(Value::Null)] {
        for pointer in both {
            for schema in [Schema::V1, Schema::V3] {
                assert_eq!(
                    faults_of(with(pointer, absent.clone()), schema),
                    [at(&format!("/0{pointer}"), Code::Required)]
                );
            }
        }
        for pointer in relaxed {
            assert_eq!(
                faults_of(with(pointer, absent.clone()), Schema::V1),
                [at(&format!("/0{pointer}"), Code::Required)]
            );
            assert_eq!(faults_of(with(pointer, absent.clone()), Schema::V3), []);
        }
    }
}

#[test]
fn every_optional_member_may_be_absent_or_null() {
    for pointer in [
        "/enrollmentType",
        "/programId",
        "/comorbidities",
        "/meta",
        "/recipient/dob",
        "/recipient/age",
        "/recipient/address/addressLine2",
        "/recipient/address/country",
        "/vaccination/batch",
        "/facility/address/addressLine2",
    ] {
        for absent in [None, Some(Value::Null)] {
            assert_eq!(faults_of(with(pointer, absent), Schema::V1), [], "{pointer}");
        }
    }
}

#[test]
fn each_fault_has_its_place_and_its_number() {
    for (pointer, value, code) in [
        ("/preEnrollmentCode", json!(""), Code::TooShort),
        ("/preEnrollmentCode", json!(77), Code::Type),
        ("/preEnrollmentCode", json!("7".repeat(129)), Code::TooLong),
        ("/enrollmentType", json!(""), Code::TooShort),
        ("/programId", json!("p".repeat(129)), Code::TooLong),
        ("/comorbidities", json!("Diabetes"), Code::Type),
        ("/meta", json!([]), Code::Type),
        ("/recipient", json!("Juan"), Code::Type),
        ("/recipient/name", json!(" "), Code::TooShort),
        ("/recipient/name", json!("Juan\u{202e}"), Code::Format),
        ("/recipient/name", json!("n".repeat(257)), Code::TooLong),
        ("/recipient/gender", json!(""), Code::TooShort),
        ("/recipient/nationality", json!(true), Code::Type),
        ("/recipient/identity", json!("did:in.gov.passport:P 12"), Code::Format),
        ("/recipient/contact", json!("tel:9999900001"), Code::Type),
        ("/recipient/contact", json!(vec!["9999900001"; 11]), Code::TooLong),
        ("/recipient/dob", json!("1988-02-30"), Code::Format),
        ("/recipient/age", json!("33.5"), Code::Format),
        ("/recipient/age", json!(33.5), Code::Type),
        ("/recipient/age", json!(151), Code::TooLarge),
        ("/recipient/age", json!(40), Code::Contradiction),
        ("/recipient/dob", json!("2021-06-30"), Code::MissingFields),
        ("/recipient/age", json!(-1), Code::MissingFields),
        ("/recipient/address/district", json!(""), Code::TooShort),
        ("/recipient/address/pincode", json!([]), Code::Type),
        ("/recipient/address/country", json!("I"), Code::TooShort),
        ("/vaccination/date", json!("2021-06-28"), Code::Format),
        ("/vaccination/date", json!("2021-07-28T05:30:28.187Z"), Code::Format),
        ("/vaccination/effectiveUntil", json!("2021-04-20"), Code::Contradiction),
        ("/vaccination/dose", json!(1.5), Code::Type),
        ("/vaccination/totalDoses", json!(0), Code::TooSmall),
        ("/vaccinator/name", json!(""), Code::TooShort),
        ("/facility/address/pincode", json!(""), Code::TooShort),
    ] {
        let place = if code == Code::MissingFields { "/0/recipient".to_owned() } else { format!("/0{pointer}") };
        assert_eq!(faults_of(with(pointer, Some(value.clone())), Schema::V1), [at(&place, code)], "{pointer} {value}");
    }
    let contacts = json!(["tel:9999900001", "fax:1", 3]);
    let expected = [at("/0/recipient/contact/1", Code::Format), at("/0/recipient/contact/2", Code::Type)];
    assert_eq!(faults_of(with("/recipient/contact", Some(contacts)), Schema::V1), expected);
}

#[test]
fn all_faults_of_all_events_come_back_at_once_in_the_bodys_order() {
    let mut first = with("/recipient/name", Some(json!(7)));
    first["facility"]["name"] = Value::Null;
    first["vaccination"]["dose"] = json!("one");
    first["recipient"]["age"] = json!("old");
    let second = json!("no event");
    let third = with("/preEnrollmentCode", None);
    assert_eq!(
        parse(vec![first, second, third], Schema::V1).unwrap_err(),
        [
            at("/0/recipient/name", Code::Type),
            at("/0/recipient/age", Code::Format),
            at("/0/vaccination/dose", Code::Format),
            at("/0/facility/name", Code::Required),
            at("/1", Code::Type),
            at("/2/preEnrollmentCode", Code::Required),
        ]
    );
}

#[test]
fn a_body_is_an_array_of_as_many_events_as_the_country_allows() {
    let refused = |body: Value| Event::parse_all(&body, Schema::V1, NOW, &rules()).unwrap_err().0.remove(0);
    for (body, code) in [
        (event(), Code::Type),
        (json!([]), Code::TooShort),
        (json!([event(), event(), event(), event()]), Code::TooLong),
    ] {
        let fault = refused(body);
        assert_eq!((fault.pointer.as_str(), fault.code), ("", code));
    }
}

#[test]
fn the_age_or_the_date_of_birth_must_be_there() {
    for (dob, age) in [(Value::Null, Value::Null), (json!("0001-01-01"), json!("")), (json!("1900-01-01"), Value::Null)]
    {
        let mut event = with("/recipient/dob", Some(dob));
        event["recipient"]["age"] = age;
        assert_eq!(faults_of(event, Schema::V3), [at("/0/recipient", Code::MissingFields)]);
    }
}

#[test]
fn a_dose_before_birth_is_a_contradiction() {
    let mut event = with("/recipient/dob", Some(json!("2021-06-20")));
    event["recipient"]["age"] = Value::Null;
    event["vaccination"]["date"] = json!("2021-06-18T05:30:28.187Z");
    assert_eq!(faults_of(event, Schema::V1), [at("/0/vaccination/date", Code::Contradiction)]);
}

#[test]
fn the_age_may_be_that_of_the_vaccination_or_that_of_today() {
    let given_long_ago = |age: u8| {
        let mut event = with("/recipient/age", Some(json!(age)));
        event["vaccination"]["date"] = json!("2001-06-28T05:30:28.187Z");
        faults_of(event, Schema::V1)
    };
    // Twelve then, thirty-two now.
    for age in [11, 13, 31, 33] {
        assert_eq!(given_long_ago(age), []);
    }
    for age in [10, 14, 30, 34] {
        assert_eq!(given_long_ago(age), [at("/0/recipient/age", Code::Contradiction)]);
    }
}

#[test]
fn no_text_of_a_fault_and_no_debug_output_repeats_a_value() {
    let mut secret = event();
    for pointer in [
        "/preEnrollmentCode",
        "/recipient/name",
        "/recipient/identity",
        "/vaccination/date",
        "/recipient/dob",
        "/recipient/age",
    ] {
        *secret.pointer_mut(pointer).unwrap() = json!("did:secret \u{202e}");
    }
    let faults = Event::parse_all(&json!([secret]), Schema::V1, NOW, &rules()).unwrap_err();
    assert_eq!(faults.0.len(), 6);
    assert!(!format!("{faults:?} {faults}").contains("secret"));
    assert_eq!(format!("{:?}", one(event(), Schema::V1)), "Event(…)");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2}))?".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,3}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect::<Value>()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_value_in_any_place_is_taken_or_refused_there(place in any::<prop::sample::Index>(), value in any_value(), v3 in any::<bool>()) {
        let mut places = Vec::new();
        collect(&event(), "", &mut places);
        let pointer = place.get(&places);
        let schema = if v3 { Schema::V3 } else { Schema::V1 };
        match parse(vec![with(pointer, Some(value))], schema) {
            Ok(events) => prop_assert!(document(&events[0])["credentialSubject"]["id"].is_string()),
            Err(faults) => {
                let place = format!("/0{pointer}");
                // A fault may concern two members that contradict one another; it stands at the other one or at their parent then.
                prop_assert!(faults.iter().all(|(at, code)| at.starts_with(&place) || matches!(code, Code::Contradiction | Code::MissingFields)));
            }
        }
    }
}
