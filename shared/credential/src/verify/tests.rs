use super::*;
use crate::{PublicKey, Signed, Unsigned};
use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use serde_json::json;
use time::macros::datetime;

mod lives;

fn vector(path: &str) -> String {
    let path = format!("{}/../../tests/vectors/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn divoc(path: &str) -> Vec<VerificationMethod> {
    vec![VerificationMethod::new("did:india", PublicKey::from_pem(&vector(path)).unwrap())]
}

fn read(path: &str) -> Value {
    serde_json::from_str(&vector(path)).unwrap()
}

fn refusal(credential: &Value, methods: &[VerificationMethod]) -> Refusal {
    refusal_of(&credential.to_string(), methods)
}

fn refusal_of(json: &str, methods: &[VerificationMethod]) -> Refusal {
    verify(json, methods).map(|verified| verified.suite).expect_err("believed")
}

/// A key that signs, and its method.
struct Issuer(Ed25519KeyPair, Vec<VerificationMethod>);

impl Issuer {
    fn new() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let der: PublicKeyX509Der = pair.public_key().as_der().unwrap();
        let key = PublicKey::from_der(der.as_ref()).unwrap();
        Self(pair, vec![VerificationMethod::new("did:x:issuer", key)])
    }

    fn sign(&self, document: &Value) -> Signed {
        let document = Unsigned::new(document.as_object().unwrap().clone());
        let prepared = document.prepare(Suite::Ed25519, "did:x:issuer", datetime!(2026-11-21 20:15:50 UTC)).unwrap();
        let signature = self.0.sign(prepared.signing_input());
        prepared.seal(signature.as_ref()).unwrap()
    }

    fn signed_value(&self, document: &Value) -> Value {
        serde_json::from_str(self.sign(document).as_str()).unwrap()
    }
}

fn bound_document() -> Value {
    let Value::Object(mut document) = read("rsa/v2_did_subject/input.json") else { panic!("not an object") };
    binding::bind(&mut document);
    Value::Object(document)
}

/// What DIVOC's verifier lets through (measured with it): values swapped between terms that share an IRI.
const SWAPS: [(&str, &str); 7] = [
    ("effectiveStart", "effectiveUntil"),
    ("date", "effectiveStart"),
    ("batch", "vaccine"),
    ("manufacturer", "certificateId"),
    ("icd11Code", "batch"),
    ("dose", "totalDoses"),
    ("infoUrl", "feedbackUrl"),
];

fn swapped(credential: &Value, (one, other): (&str, &str)) -> Value {
    let mut altered = credential.clone();
    let first = altered["evidence"][0].as_object_mut().unwrap();
    // Equal values would make the swap none.
    let (a, b) = (first[one].take(), first[other].take());
    first.insert(one.to_owned(), b);
    first.insert(other.to_owned(), a);
    altered
}

/// The same for tests, which DIVOC never bound either.
const SWAPS_OF_TESTS: [(&str, &str); 5] = [
    ("sampleCollectionTimestamp", "resultTimestamp"),
    ("result", "sampleOrigin"),
    ("testType", "disease"),
    ("batch", "certificateId"),
    ("manufacturer", "result"),
];

/// Pointers to every text of a document.
fn texts(value: &Value, pointer: &str) -> Vec<String> {
    let below = |(name, value): (String, &Value)| texts(value, &format!("{pointer}/{name}"));
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), value)).flat_map(below).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(at, value)| (at.to_string(), value)).flat_map(below).collect()
        }
        _ => vec![pointer.to_owned()],
    }
}

#[test]
fn no_word_of_a_bound_test_certificate_can_be_changed() {
    let Value::Object(mut document) = read("test_certificate/input.json") else { panic!("not an object") };
    let issuer = Issuer::new();
    let unbound = issuer.signed_value(&document.clone().into());
    binding::bind(&mut document);
    let credential = issuer.signed_value(&document.clone().into());
    let verified = verify(&credential.to_string(), &issuer.1).unwrap();
    assert!(verified.bound && verified.facts.is_test());
    assert_eq!(verified.facts.evidence().unwrap().result, "Negative");
    let places = texts(&document.into(), "");
    assert_eq!(places.len(), 44);
    for place in places {
        let mut changed = credential.clone();
        *changed.pointer_mut(&place).unwrap() = json!("urn:another");
        assert!(verify(&changed.to_string(), &issuer.1).is_err(), "{place}");
    }
    for swap in SWAPS_OF_TESTS {
        assert_eq!(refusal(&swapped(&credential, swap), &issuer.1), Refusal::Altered, "{swap:?}");
        assert!(verify(&swapped(&unbound, swap).to_string(), &issuer.1).is_ok(), "{swap:?} is no swap");
    }
}

#[test]
fn what_divoc_signed_is_believed() {
    for (case, key, suite) in [
        ("rsa/v1_did_subject/signed.json", "keys/rsa2048.public.pem", Suite::Ps256),
        ("rsa/v2_did_subject/signed.json", "keys/rsa2048.public.pem", Suite::Ps256),
        ("rsa/hard_strings/signed.json", "keys/rsa2048.public.pem", Suite::Ps256),
        ("divoc/sample_rsa.json", "divoc/dev_public.pem", Suite::Ps256),
        ("divoc/v2_signed.json", "divoc/dev_public.pem", Suite::Ps256),
        ("ed25519/v1_did_subject/signed.json", "keys/ed25519.public.pem", Suite::Ed25519),
    ] {
        let verified = verify(&vector(case), &divoc(key)).unwrap_or_else(|refusal| panic!("{case}: {refusal}"));
        assert_eq!((verified.suite, verified.bound), (suite, false), "{case}");
        assert!(!verified.facts.credential_subject.name.is_empty(), "{case}");
    }
}

#[test]
fn both_ecdsa_suites_are_believed() {
    for (case, key, suite) in [
        ("ecdsa/p256/signed.json", "ecdsa/p256/p256.public.pem", Suite::Es256),
        ("ecdsa/secp256k1/signed.json", "ecdsa/secp256k1/secp256k1.public.pem", Suite::Es256k),
    ] {
        let mut methods = divoc(key);
        methods[0].id = read(case)["proof"]["verificationMethod"].as_str().unwrap().to_owned();
        let verified = verify(&vector(case), &methods).unwrap_or_else(|refusal| panic!("{case}: {refusal}"));
        assert_eq!((verified.suite, verified.bound), (suite, false), "{case}");
    }
}

#[test]
fn a_subject_outside_the_signature_is_not_believed() {
    let methods = divoc("keys/rsa2048.public.pem");
    let mut seed = read("rsa/seed_no_dob/signed.json");
    assert_eq!(refusal(&seed, &methods), Refusal::Unsigned);
    seed["credentialSubject"]["name"] = "Another Name".into();
    assert_eq!(refusal(&seed, &methods), Refusal::Unsigned);
}

#[test]
fn swaps_pass_on_a_foreign_credential_and_not_on_a_bound_one() {
    let methods = divoc("keys/rsa2048.public.pem");
    let issuer = Issuer::new();
    let (foreign, bound) = (read("rsa/v2_did_subject/signed.json"), issuer.signed_value(&bound_document()));
    assert!(verify(&bound.to_string(), &issuer.1).unwrap().bound);
    for swap in SWAPS {
        let altered = swapped(&foreign, swap);
        assert!(!verify(&altered.to_string(), &methods).unwrap().bound, "{swap:?}");
        let altered = swapped(&bound, swap);
        let same = altered == bound;
        assert_eq!(verify(&altered.to_string(), &issuer.1).err(), (!same).then_some(Refusal::Altered), "{swap:?}");
    }
    let mut added = bound.clone();
    added["credentialSubject"]["uhid"] = added["credentialSubject"]["refId"].clone();
    assert_eq!(refusal(&added, &issuer.1), Refusal::Altered);
}

#[test]
fn no_shape_of_the_same_graph_takes_the_binding_away() {
    let issuer = Issuer::new();
    let bound = issuer.signed_value(&bound_document());
    let mut unwrapped = bound.clone();
    unwrapped["evidence"] = bound["evidence"][0].clone();
    let mut pushed_back = bound.clone();
    pushed_back["evidence"] = json!([null, bound["evidence"][0]]);
    let mut renamed = bound.clone();
    let evidence = renamed["evidence"][0].as_object_mut().unwrap();
    let id = evidence.remove("id").unwrap();
    evidence.insert("@id".to_owned(), id);
    for altered in [unwrapped, pushed_back, renamed] {
        assert_eq!(refusal(&altered, &issuer.1), Refusal::Altered, "{altered}");
    }
}

#[test]
fn every_changed_member_of_a_bound_credential_is_refused() {
    let issuer = Issuer::new();
    let bound = issuer.signed_value(&bound_document());
    let mut changed = 0;
    for pointer in leaves(&bound, String::new()) {
        for change in [json!("changed"), json!(7), json!(null)] {
            let mut altered = bound.clone();
            *altered.pointer_mut(&pointer).unwrap() = change.clone();
            let refused = verify(&altered.to_string(), &issuer.1).is_err();
            assert!(refused, "{pointer} became {change}");
            changed += 1;
        }
    }
    assert!(changed > 100, "{changed}");
}

fn leaves(value: &Value, pointer: String) -> Vec<String> {
    match value {
        Value::Object(members) => {
            members.iter().flat_map(|(name, value)| leaves(value, format!("{pointer}/{name}"))).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, item)| leaves(item, format!("{pointer}/{index}"))).collect()
        }
        _ => vec![pointer],
    }
}

#[test]
fn each_fault_of_a_proof_has_its_reason() {
    let methods = divoc("keys/rsa2048.public.pem");
    let good = read("rsa/v1_did_subject/signed.json");
    let jws = good["proof"]["jws"].as_str().unwrap();
    let other = jws.replacen(Suite::Ps256.header(), Suite::Es256.header(), 1);
    for (name, value, expected) in [
        ("type", json!("RsaSignature2017"), Refusal::UnknownSuite),
        ("type", json!("EcdsaSecp256r1Signature2019"), Refusal::BadJws),
        ("proofPurpose", json!("authentication"), Refusal::WrongPurpose),
        ("created", json!(1), Refusal::Malformed(Flaw::ProofTime)),
        ("created", json!("2026-11-21T20:15:51Z"), Refusal::BadSignature),
        ("verificationMethod", json!("did:india#1"), Refusal::UnknownKey),
        ("verificationMethod", json!(["did:india"]), Refusal::UnknownKey),
        ("jws", json!(other), Refusal::BadJws),
        ("jws", json!(jws.replacen("..", ".e30.", 1)), Refusal::BadJws),
        ("jws", json!(jws.replacen("..", ".", 1)), Refusal::BadJws),
        ("jws", json!(format!("{jws}=")), Refusal::BadJws),
        ("jws", json!(jws.get(..jws.len() - 4)), Refusal::BadJws),
        ("nonce", json!("x"), Refusal::Malformed(Flaw::ProofMember)),
        ("@context", json!("x"), Refusal::Malformed(Flaw::ProofMember)),
    ] {
        let mut altered = good.clone();
        altered["proof"][name] = value.clone();
        assert_eq!(refusal(&altered, &methods), expected, "{name}: {value}");
    }
}

#[test]
fn a_status_key_signs_no_certificates() {
    let pair = Issuer::new().0;
    let der: PublicKeyX509Der = pair.public_key().as_der().unwrap();
    let key = PublicKey::from_der(der.as_ref()).unwrap();
    let signed = |method: &str| {
        let document = Unsigned::new(bound_document().as_object().unwrap().clone());
        let prepared = document.prepare(Suite::Ed25519, method, datetime!(2026-11-21 20:15:50 UTC)).unwrap();
        let signature = pair.sign(prepared.signing_input());
        prepared.seal(signature.as_ref()).unwrap()
    };
    let believed = |method: &str| {
        let methods = [VerificationMethod::new(method, key.clone())];
        verify(signed(method).as_str(), &methods).map(|verified| verified.bound)
    };
    assert_eq!(believed("did:india#1"), Ok(true));
    assert_eq!(believed("did:india#status"), Err(Refusal::UnknownKey));
}

#[test]
fn a_key_of_another_name_or_kind_does_not_count() {
    let good = vector("rsa/v1_did_subject/signed.json");
    assert_eq!(refusal_of(&good, &[]), Refusal::UnknownKey);
    assert_eq!(refusal_of(&good, &divoc("keys/p256.public.pem")), Refusal::UnknownKey);
    assert_eq!(refusal_of(&good, &divoc("divoc/dev_public.pem")), Refusal::BadSignature);
    let both = [divoc("divoc/dev_public.pem"), divoc("keys/rsa2048.public.pem")].concat();
    assert!(verify(&good, &both).is_ok(), "two keys of one name are both tried");
}

#[test]
fn one_good_proof_of_several_is_enough() {
    let methods = divoc("keys/rsa2048.public.pem");
    let good = read("rsa/v1_did_subject/signed.json");
    let mut bad = good["proof"].clone();
    bad["created"] = "2020-01-01T00:00:00Z".into();
    let with = |proofs: Value| {
        let mut credential = good.clone();
        credential["proof"] = proofs;
        credential
    };
    for proofs in [json!([good["proof"]]), json!([bad, good["proof"]]), json!([{ "type": "x" }, bad, good["proof"]])] {
        assert!(verify(&with(proofs.clone()).to_string(), &methods).is_ok(), "{proofs}");
    }
    assert_eq!(refusal(&with(json!([bad])), &methods), Refusal::BadSignature);
    assert_eq!(refusal(&with(json!([])), &methods), Refusal::Malformed(Flaw::NoProof));
    assert_eq!(refusal(&with(json!("x")), &methods), Refusal::Malformed(Flaw::ProofNotAnObject));
    assert_eq!(
        refusal(&with(json!([bad, bad, bad, bad, good["proof"]])), &methods),
        Refusal::Malformed(Flaw::TooManyProofs)
    );
}

#[test]
fn what_is_no_credential_is_malformed() {
    let methods = divoc("keys/rsa2048.public.pem");
    let malformed = |json: &str| match refusal_of(json, &methods) {
        Refusal::Malformed(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(malformed(""), Flaw::NotJson);
    assert_eq!(malformed("{} {}"), Flaw::NotJson);
    assert_eq!(malformed(&"[".repeat(5000)), Flaw::NotJson);
    assert_eq!(malformed("[]"), Flaw::NotAnObject);
    assert_eq!(malformed(&vector("rsa/v1_did_subject/input.json")), Flaw::NoProof);
    assert_eq!(malformed(&" ".repeat(MAX_LENGTH + 1)), Flaw::TooLong);
}

#[test]
fn a_member_that_stands_twice_is_refused() {
    let methods = divoc("keys/rsa2048.public.pem");
    let good = vector("rsa/v1_did_subject/signed.json");
    for (once, twice) in [
        ("\"issuer\":", "\"issuer\":\"https://x.example/\",\"issuer\":"),
        ("\"dose\":1", "\"dose\":2,\"dose\":1"),
        ("\"dose\":1", "\"dose\":2,\"d\\u006fse\":1"),
        ("\"jws\":", "\"jws\":\"\",\"jws\":"),
    ] {
        let doubled = good.replacen(once, twice, 1);
        assert_ne!(doubled, good);
        assert_eq!(refusal_of(&doubled, &methods), Refusal::Malformed(Flaw::MemberTwice));
    }
}

#[test]
fn an_undefined_member_is_refused_before_any_signature_is_looked_at() {
    let mut altered = read("rsa/v1_did_subject/signed.json");
    altered["credentialSubject"]["dob"] = "1990-01-01".into();
    let refused = refusal(&altered, &divoc("keys/rsa2048.public.pem"));
    let expected = canonical::CanonicalError::UndefinedTerm { path: "/credentialSubject/dob".into() };
    assert_eq!(refused, Refusal::Canonical(expected));
}

#[test]
fn a_signature_fits_nothing_else() {
    let issuer = Issuer::new();
    let mut document = bound_document();
    let signed = issuer.signed_value(&document);
    document["credentialSubject"]["name"] = "Another Name".into();
    let Value::Object(mut rebound) = document else { panic!("not an object") };
    binding::bind(&mut rebound);
    rebound.insert("proof".to_owned(), signed["proof"].clone());
    assert_eq!(refusal(&Value::Object(rebound), &issuer.1), Refusal::BadSignature);
}
