//! The corpus in `tests/vectors/verdicts` (its README says what it holds).

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets the unexpected has failed")]

use base64::{Engine as _, prelude::BASE64_STANDARD};
use credential::{RevocationList, keys};
use serde_json::{Map, Value};
use std::collections::{BTreeSet, HashMap};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use verifier::{Code, Report, Trust, judge, read};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/verdicts");

fn cases() -> Vec<Value> {
    let text = std::fs::read_to_string(format!("{FOLDER}/verdicts.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn trusts() -> HashMap<String, Trust> {
    let text = std::fs::read_to_string(format!("{FOLDER}/trusts.json")).unwrap();
    let trusts: Map<String, Value> = serde_json::from_str(&text).unwrap();
    trusts.into_iter().map(|(name, trust)| (name, opened(&trust))).collect()
}

fn opened(trust: &Value) -> Trust {
    let methods = keys::from_did_document(trust["didDocument"].as_str().unwrap()).unwrap();
    let list = trust["list"].as_str().map(|text| RevocationList::open(text, &methods).unwrap());
    Trust { revocations: list, ..Trust::new(methods) }
}

fn shown(case: &Value) -> Vec<u8> {
    let shown = &case["shown"];
    if let Some(text) = shown["text"].as_str() {
        text.as_bytes().to_vec()
    } else if let Some(base64) = shown["base64"].as_str() {
        BASE64_STANDARD.decode(base64).unwrap()
    } else {
        std::fs::read(format!("{FOLDER}/{}", shown["file"].as_str().unwrap())).unwrap()
    }
}

fn report(case: &Value, trust: &Trust) -> Value {
    let now = OffsetDateTime::parse(case["now"].as_str().unwrap(), &Rfc3339).unwrap();
    let report = match read(&shown(case)) {
        Ok(reading) => judge(&reading.json, trust, now),
        Err(why) => Report::unreadable(&why),
    };
    serde_json::to_value(report).unwrap()
}

#[test]
fn every_case_is_reported_as_recorded() {
    let trusts = trusts();
    let cases = cases();
    assert!(cases.len() > 250, "{}", cases.len());
    for case in cases {
        assert_eq!(report(&case, &trusts[case["trust"].as_str().unwrap()]), case["report"], "{}", case["name"]);
    }
}

#[test]
fn no_altered_certificate_of_ours_is_valid_or_shown() {
    let altered = |name: &str| {
        name.starts_with("own ") && [" changed", " taken away", " exchanged"].iter().any(|end| name.ends_with(end))
    };
    let mut count = 0;
    for case in cases().iter().filter(|case| altered(case["name"].as_str().unwrap())) {
        let report = &case["report"];
        assert!(["invalid", "unknown-issuer"].contains(&report["verdict"].as_str().unwrap()), "{}", case["name"]);
        let hidden = report.get("facts").is_none() && report.get("signature").is_none();
        assert!(hidden && report["bound"] == false && !report["reasons"].as_array().unwrap().is_empty());
        count += 1;
    }
    // 51 members of the vaccination and 49 of the test, changed and taken away, and eleven exchanges.
    assert_eq!(count, 2 * (51 + 49) + 11);
}

#[test]
fn what_is_shown_of_a_certificate_stands_in_it() {
    for case in cases() {
        let Some(facts) = case["report"].get("facts") else { continue };
        let json = read(&shown(&case)).unwrap().json;
        for (name, fact) in facts.as_object().unwrap() {
            if ["kind", "course"].contains(&name.as_str()) {
                continue;
            }
            let text = fact.as_str().unwrap();
            let stands = json.contains(&fact.to_string()) || json.contains(&format!(":{text},"));
            assert!(stands, "{}: {name}", case["name"]);
        }
    }
}

#[test]
fn the_corpus_has_every_reason_that_a_text_can_give() {
    let mut found = BTreeSet::new();
    for case in cases() {
        for reason in case["report"]["reasons"].as_array().unwrap() {
            found.insert(reason["code"].as_str().unwrap().to_owned());
        }
    }
    let all = Code::ALL.iter().map(|code| serde_json::to_value(code).unwrap().as_str().unwrap().to_owned());
    let missing: Vec<_> = all.filter(|code| !found.contains(code)).collect();
    // These need more bytes than a corpus should have, or graphs that the credential's own tests build.
    assert_eq!(missing, ["too-large", "bomb", "too-complex-pdf", "not-an-object", "too-complex"]);
}
