use super::*;
use serde_json::json;
use std::time::{Duration, Instant};

const V1: &str = "https://cowin.gov.in/credentials/vaccination/v1";
const V2: &str = "https://divoc.dev/credentials/vaccination/v2";

/// The vector at `path` below `tests/vectors`.
fn vector(path: &str) -> String {
    let path = format!("{}/../../tests/vectors/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).unwrap()
}

/// `members` beside W3C's and DIVOC's second context.
fn document(members: Value) -> Map<String, Value> {
    let mut document = object(&json!({ "@context": [crate::context::CREDENTIALS_V1_URL, V2] }).to_string());
    let Value::Object(members) = members else { panic!("not an object") };
    document.extend(members);
    document
}

/// A credential with `evidence` beside its type.
fn with_evidence(evidence: impl Into<Value>) -> Map<String, Value> {
    document(json!({ "id": "did:x:1", "type": "VerifiableCredential", "evidence": evidence.into() }))
}

fn refusal(members: &Value) -> CanonicalError {
    canonicalise(&document(members.clone())).unwrap_err()
}

fn undefined(path: &str) -> CanonicalError {
    CanonicalError::UndefinedTerm { path: path.to_owned() }
}

#[test]
fn divocs_own_documents_have_divocs_bytes() {
    for case in ["rsa/v1_did_subject", "rsa/v2_did_subject", "rsa/hard_strings", "rsa/seed_no_dob"].into_iter().chain([
        "ed25519/v1_did_subject",
        "ecdsa/p256",
        "ecdsa/secp256k1",
    ]) {
        let expected = vector(&format!("{case}/canonical_document.nq"));
        assert_eq!(canonicalise(&object(&vector(&format!("{case}/input.json")))).unwrap(), expected, "{case}");
        assert_eq!(canonicalise(&object(&vector(&format!("{case}/signed.json")))).unwrap(), expected, "{case}, signed");
    }
    let sample = object(&vector("divoc/sample_rsa.json"));
    assert_eq!(canonicalise(&sample).unwrap(), vector("divoc/sample_rsa.doc.nq"));
}

#[test]
fn random_documents_have_the_bytes_of_jsonld_js() {
    let lines = vector("random/documents.jsonl");
    assert_eq!(lines.lines().count(), 200);
    for (number, line) in lines.lines().enumerate() {
        let known = object(line);
        let canonical = canonicalise(known["document"].as_object().unwrap()).unwrap();
        assert_eq!(canonical, known["canonical"].as_str().unwrap(), "line {number}");
    }
}

#[test]
fn an_undefined_term_is_refused() {
    assert_eq!(refusal(&json!({ "nickname": "x" })), undefined("/nickname"));
    assert_eq!(
        refusal(&json!({ "type": "VerifiableCredential", "evidence": [{}, { "type": "Vaccination", "a/b~c": null }] })),
        undefined("/evidence/1/a~1b~0c")
    );
}

#[test]
fn a_term_of_the_second_context_is_undefined_under_the_first() {
    let subject =
        json!({ "type": "VerifiableCredential", "credentialSubject": { "type": "Person", "dob": "1990-01-01" } });
    let mut document = document(subject);
    assert!(canonicalise(&document).is_ok());
    document["@context"][1] = V1.into();
    assert_eq!(canonicalise(&document).unwrap_err(), undefined("/credentialSubject/dob"));
}

#[test]
fn a_types_terms_do_not_reach_into_its_values() {
    let inner =
        json!({ "type": "VerifiableCredential", "credentialSubject": { "type": "Person", "name": { "name": "x" } } });
    assert_eq!(refusal(&inner), undefined("/credentialSubject/name/name"));
}

#[test]
fn an_unknown_context_is_refused() {
    let document = object(r#"{"@context": "https://example.org/v1"}"#);
    let unknown = CanonicalError::UnknownContext { url: "https://example.org/v1".into() };
    assert_eq!(canonicalise(&document).unwrap_err(), unknown);
}

#[test]
fn shapes_that_no_credential_has_are_refused() {
    for (members, path) in [
        (json!({ "@context": { "name": "https://schema.org/name" } }), "/@context"),
        (json!({ "@context": [null] }), "/@context"),
        (json!({ "@context": [V1, V2] }), "/@context"),
        (json!({ "@graph": [] }), "/@graph"),
        (json!({ "evidence": { "@value": "x" }, "type": "VerifiableCredential" }), "/evidence/@value"),
        (json!({ "evidence": { "@context": V1 }, "type": "VerifiableCredential" }), "/evidence/@context"),
        (json!({ "evidence": { "proof": {} }, "type": "VerifiableCredential" }), "/evidence/proof"),
        (json!({ "type": "VerifiablePresentation" }), "/type"),
        (json!({ "type": "RsaSignature2018" }), "/type"),
        (json!({ "type": "@json" }), "/type"),
        (json!({ "type": [1] }), "/type"),
        (json!({ "type": null }), "/type"),
        (json!({ "type": [], "@type": [] }), "/@type"),
        (json!({ "id": "did:x:1", "@id": "did:x:1" }), "/@id"),
        (json!({ "id": 1 }), "/id"),
        (json!({ "id": null }), "/id"),
        (json!({ "id": "did:x:1> <a:b> <c:d> .\n<e:f" }), "/id"),
        (json!({ "a:b> <c:d": 1 }), "/a:b> <c:d"),
        (json!({ "_:p": 1 }), "/_:p"),
        (
            json!({ "http://www.w3.org/1999/02/22-rdf-syntax-ns#type": 1 }),
            "/http:~1~1www.w3.org~11999~102~122-rdf-syntax-ns#type",
        ),
    ] {
        let error = refusal(&members);
        assert!(matches!(&error, CanonicalError::Shape { path: found, .. } if found == path), "{members}: {error:?}");
    }
}

// The facts below: jsonld.js 2.0.2.

#[test]
fn keywords_and_their_aliases_are_the_same() {
    let aliased = document(json!({ "id": "did:x:1", "type": "Person", "name": "x" }));
    let keyword = document(json!({ "@id": "did:x:1", "@type": "Person", "name": "x" }));
    let expected = "<did:x:1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://schema.org/Person> .\n\
                    <did:x:1> <https://schema.org/name> \"x\" .\n";
    assert_eq!(canonicalise(&aliased).unwrap(), expected);
    assert_eq!(canonicalise(&keyword).unwrap(), expected);
}

#[test]
fn a_types_prefixes_reach_into_references_but_not_into_nodes() {
    let canonical = |subject: Value| {
        canonicalise(&document(json!({ "type": "VerifiableCredential", "credentialSubject": subject }))).unwrap()
    };
    assert!(
        canonical(json!({ "id": "xsd:x" })).contains("credentialSubject> <http://www.w3.org/2001/XMLSchema#x> .\n")
    );
    assert!(canonical(json!({ "id": "xsd:x", "type": "Person" })).contains("credentialSubject> <xsd:x> .\n"));
}

#[test]
fn a_verifiers_id_is_a_literal() {
    let evidence = with_evidence(json!({ "id": "did:x:2", "type": "Vaccination", "verifier": { "id": "did:x:3" } }));
    assert!(canonicalise(&evidence).unwrap().contains("_:c14n0 <https://schema.org/id> \"did:x:3\" .\n"));
}

#[test]
fn values_that_javascript_tells_apart_stay_apart_even_if_they_read_the_same() {
    let lines = |dose: Value| {
        let canonical = canonicalise(&with_evidence(json!({ "id": "did:x:2", "type": "Vaccination", "dose": dose })));
        canonical.unwrap().lines().filter(|line| line.contains("doseValue")).count()
    };
    assert_eq!(lines(json!([1, 1.0, 1, "1"])), 2);
    assert_eq!(lines(json!([0, -0.0, 1e-7, 2e-7])), 3);
    assert_eq!(lines(json!([0.1, 0.100_000_000_000_000_02])), 2);
    assert_eq!(lines(json!([true, "true", [[null], true]])), 2);
}

#[test]
fn a_node_with_a_relative_id_loses_its_statements_and_the_form_says_so() {
    let covered = |members: Value| canonical_form(&document(members)).unwrap().uncovered;
    let subject = json!({ "id": "198821", "type": "Person", "name": "x" });
    let dropped = document(json!({ "type": "VerifiableCredential", "credentialSubject": subject }));
    assert_eq!(canonical_form(&dropped).unwrap().uncovered.as_deref(), Some("/credentialSubject/id"));
    assert!(!canonicalise(&dropped).unwrap().contains("Person"));
    assert_eq!(covered(json!({ "type": "VerifiableCredential", "issuer": "x" })).as_deref(), Some("/issuer"));
    assert_eq!(covered(json!({ "type": ["VerifiableCredential", "Unknown"], "issuer": "x:y" })), None);
}

#[test]
fn nodes_that_cannot_be_told_apart_directly_are_told_apart_by_their_neighbours() {
    // Made with jsonld.js 2.0.2.
    let facility = |city: &str| json!({ "type": "Vaccination", "facility": { "address": { "city": city } } });
    let canonical = canonicalise(&with_evidence(json!([facility("a"), facility("b"), facility("a")]))).unwrap();
    assert_eq!(canonical, include_str!("tests/neighbours.nq"));
}

#[test]
fn graphs_made_to_be_hard_are_refused_at_once() {
    let started = Instant::now();
    // Hubs that cannot be told apart, each with neighbours that cannot: all orders of those would have to be tried.
    let hubs = |count, size| {
        let hub = json!({ "type": "Vaccination", "verifier": vec![json!({}); size] });
        canonicalise(&with_evidence(vec![hub; count]))
    };
    assert!(hubs(2, 5).is_ok());
    for size in [9, 12, 400] {
        let refused = hubs(3, size).unwrap_err();
        assert_eq!(refused, CanonicalError::Bounds("too many blank nodes that cannot be told apart"), "{size}");
    }
    // Unbounded it would take years; unoptimised and on a busy machine this takes well below a second.
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn a_document_that_is_too_large_or_too_deep_is_refused() {
    let many: Vec<Value> = (0..5000).map(Value::from).collect();
    let large = with_evidence(json!({ "id": "did:x:2", "type": "Vaccination", "dose": many }));
    assert_eq!(canonicalise(&large).unwrap_err(), CanonicalError::Bounds("too many statements"));
    let deep = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let nested = |depth| with_evidence(json!({ "id": "did:x:2", "type": "Vaccination", "dose": deep(depth) }));
    assert!(canonicalise(&nested(30)).is_ok());
    assert_eq!(canonicalise(&nested(31)).unwrap_err(), CanonicalError::Bounds("too deep"));
}
