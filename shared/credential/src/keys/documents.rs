//! What verifiers are given: the DID document and the key set.

use super::{PublicKey, VerificationMethod};
use serde_json::{Value, json};

/// The DID document (W3C DID Core) that lists `methods`, the current one first.
///
/// Proofs may name several keys alike (DIVOC's name is the DID itself), ids in a DID document may not: they are `{did}#{thumbprint}`, and
/// `proofVerificationMethod` lists the names that proofs use. A key that is given twice is one entry.
pub fn did_document(did: &str, methods: &[VerificationMethod]) -> Value {
    let entries: Vec<Value> = keys(methods).into_iter().map(|key| entry(did, key, methods)).collect();
    let ids: Vec<&Value> = entries.iter().filter_map(|entry| entry.get("id")).collect();
    json!({
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/suites/jws-2020/v1",
            {
                "publicKeyPem": "https://w3id.org/security#publicKeyPem",
                "proofVerificationMethod": "https://w3id.org/security#verificationMethod"
            }
        ],
        "id": did,
        "assertionMethod": ids,
        "verificationMethod": entries,
    })
}

fn entry(did: &str, key: &PublicKey, methods: &[VerificationMethod]) -> Value {
    let names: Vec<&str> =
        methods.iter().filter(|method| method.key == *key).map(|method| method.id.as_str()).collect();
    json!({
        "id": format!("{did}#{}", key.thumbprint()),
        "type": "JsonWebKey2020",
        "controller": did,
        "publicKeyJwk": key.jwk(),
        "publicKeyPem": key.to_pem(),
        "proofVerificationMethod": names,
    })
}

/// The JSON Web Key Set (RFC 7517) of `methods`, each key once.
pub fn key_set(methods: &[VerificationMethod]) -> Value {
    json!({ "keys": keys(methods).into_iter().map(PublicKey::jwk).collect::<Vec<_>>() })
}

/// Each key once, in order.
fn keys(methods: &[VerificationMethod]) -> Vec<&PublicKey> {
    let mut keys: Vec<&PublicKey> = Vec::with_capacity(methods.len());
    for method in methods {
        if !keys.contains(&&method.key) {
            keys.push(&method.key);
        }
    }
    keys
}
