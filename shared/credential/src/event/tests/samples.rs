//! The sample events of the repository are taken as they are.

use super::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

fn read(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(file);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Every sample: its name and its events. The published schemas take it, too.
fn samples() -> BTreeMap<String, Vec<Event>> {
    let rules = Rules { most_events: 20, calling_code: "91".into() };
    let sample = |entry: &Value| {
        let schema = match entry["schema"].as_str().unwrap() {
            "v1" => Schema::V1,
            "v3" => Schema::V3,
            "v1/test" => Schema::Test,
            other => panic!("{other} is no schema"),
        };
        let events =
            Event::parse_all(&read(entry["file"].as_str().unwrap()), schema, datetime!(2026-01-01 00:00 UTC), &rules);
        (entry["name"].as_str().unwrap().to_owned(), events.unwrap())
    };
    read("index.json").as_array().unwrap().iter().map(sample).collect()
}

#[test]
fn every_sample_is_taken_and_listed() {
    let taken: BTreeMap<_, _> = samples().into_iter().map(|(name, events)| (name, events.len())).collect();
    let expected = [
        ("hard-names", 13),
        ("international", 2),
        ("one-dose", 1),
        ("precaution-dose", 3),
        ("published-sample", 1),
        ("test-result", 3),
        ("two-doses", 2),
    ];
    assert_eq!(taken, expected.map(|(name, count)| (name.to_owned(), count)).into());
    let folder = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/certify")).unwrap();
    let files: BTreeSet<_> =
        folder.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(files, taken.into_keys().collect());
}

#[test]
fn the_published_sample_becomes_the_vectors_document() {
    let event = one(event(), Schema::V3);
    assert_eq!(document(&samples()["published-sample"][0]).to_string(), document(&event).to_string());
}

#[test]
fn every_beneficiary_of_the_samples_has_a_code_and_a_telephone_of_their_own() {
    let events = samples().into_values().flatten();
    let pairs: BTreeSet<_> =
        events.map(|event| (event.contacts()[0].normal_form(), event.slot().beneficiary.as_str().to_owned())).collect();
    let telephones: BTreeSet<_> = pairs.iter().map(|(telephone, _)| telephone).collect();
    let codes: BTreeSet<_> = pairs.iter().map(|(_, code)| code).collect();
    assert_eq!((pairs.len(), telephones.len(), codes.len()), (20, 20, 20));
    assert!(telephones.iter().all(|telephone| telephone.starts_with("tel:91999990")));
}

#[test]
fn hard_names_reach_the_document_as_sent() {
    let sent = read("certify/hard-names.json");
    for (event, sent) in samples()["hard-names"].iter().zip(sent.as_array().unwrap()) {
        assert_eq!(document(event)["credentialSubject"]["name"], sent["recipient"]["name"]);
    }
}
