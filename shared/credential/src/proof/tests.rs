use super::*;
use serde_json::json;
use time::{Duration, format_description::well_known::Rfc3339, macros::datetime};

fn vector(path: &str) -> String {
    let path = format!("{}/../../tests/vectors/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn unsigned(path: &str) -> Unsigned {
    Unsigned::new(serde_json::from_str(&vector(path)).unwrap())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

const CREATED: OffsetDateTime = datetime!(2026-11-21 20:15:50 UTC);

/// Prepares the vector's input and seals it with the vector's own signature.
fn resealed(suite: Suite, case: &str) -> (String, Signed) {
    let known: Value = serde_json::from_str(&vector(&format!("{case}/signed.json"))).unwrap();
    let proof = |name| known["proof"][name].as_str().unwrap();
    let created = OffsetDateTime::parse(proof("created"), &Rfc3339).unwrap() + Duration::milliseconds(999);
    let jws = proof("jws");
    let signature = URL_SAFE_NO_PAD.decode(jws.rsplit('.').next().unwrap()).unwrap();
    let prepared =
        unsigned(&format!("{case}/input.json")).prepare(suite, proof("verificationMethod"), created).unwrap();
    (hex(prepared.signing_input()), prepared.seal(&signature).unwrap())
}

#[test]
fn what_divoc_signed_is_prepared_and_sealed_to_the_same_bytes() {
    for (suite, case) in [
        (Suite::Ps256, "rsa/v1_did_subject"),
        (Suite::Ps256, "rsa/v2_did_subject"),
        (Suite::Ps256, "rsa/hard_strings"),
        (Suite::Ed25519, "ed25519/v1_did_subject"),
    ] {
        let facts: Value = serde_json::from_str(&vector(&format!("{case}/facts.json"))).unwrap();
        let (input, signed) = resealed(suite, case);
        assert_eq!(input, facts["jws_signing_input_hex"].as_str().unwrap(), "{case}");
        assert_eq!(signed.as_str(), vector(&format!("{case}/signed.json")).trim_end(), "{case}");
    }
}

#[test]
fn the_options_are_the_four_quads_of_the_vectors() {
    for (suite, case) in [
        (Suite::Ps256, "rsa/v1_did_subject"),
        (Suite::Ed25519, "ed25519/v1_did_subject"),
        (Suite::Es256, "ecdsa/p256"),
        (Suite::Es256k, "ecdsa/secp256k1"),
    ] {
        let signed: Value = serde_json::from_str(&vector(&format!("{case}/signed.json"))).unwrap();
        let proof = |name| signed["proof"][name].as_str().unwrap();
        let quads = options(suite, proof("verificationMethod"), proof("created")).unwrap();
        assert_eq!(quads, vector(&format!("{case}/canonical_proof_options.nq")), "{case}");
        assert!(proof("jws").starts_with(&format!("{}..", suite.header())), "{case}");
    }
}

#[test]
fn headers_are_divocs_bytes() {
    for suite in Suite::ALL {
        let header = format!("{{\"alg\":\"{}\",\"b64\":false,\"crit\":[\"b64\"]}}", suite.algorithm());
        assert_eq!(URL_SAFE_NO_PAD.encode(header), suite.header());
    }
}

#[test]
fn a_signature_of_another_length_seals_nothing() {
    for (suite, length) in [(Suite::Ps256, 255), (Suite::Ps256, 64), (Suite::Es256, 72), (Suite::Ed25519, 0)] {
        let prepared = unsigned("rsa/v1_did_subject/input.json").prepare(suite, "did:india", CREATED).unwrap();
        let Err(refused) = prepared.seal(&vec![0; length]) else { panic!("{suite:?} took {length} bytes") };
        assert_eq!((refused.expected, refused.found), (suite.signature_length(), length));
    }
}

#[test]
fn what_would_stay_unsigned_is_not_prepared() {
    let path = |document, method| match unsigned(document).prepare(Suite::Ps256, method, CREATED) {
        Err(CanonicalError::Shape { path, .. }) => path,
        other => panic!("{:?}", other.err()),
    };
    assert_eq!(path("rsa/seed_no_dob/input.json", "did:india"), "/credentialSubject/id");
    assert_eq!(path("rsa/v1_did_subject/input.json", "india"), "/proof/verificationMethod");
}

#[test]
fn an_older_proof_is_left_out() {
    let signed = unsigned("rsa/v1_did_subject/signed.json");
    assert_eq!(signed, unsigned("rsa/v1_did_subject/input.json"));
    assert!(!signed.document().contains_key("proof"));
}

#[test]
fn created_is_utc_to_the_second() {
    assert_eq!(seconds(datetime!(2021-01-01 00:30:09.75 +5:30)), "2020-12-31T19:00:09Z");
}

#[test]
fn a_method_is_written_as_json() {
    let Value::Object(document) = json!({}) else { panic!("not an object") };
    let prepared = Unsigned::new(document).prepare(Suite::Ed25519, "did:x:\"1\"", CREATED).unwrap();
    let signed: Value = serde_json::from_str(prepared.seal(&[0; 64]).unwrap().as_str()).unwrap();
    assert_eq!(signed["proof"]["verificationMethod"], "did:x:\"1\"");
}
