use super::*;
use crate::keys::Suite;
use time::macros::datetime;

fn method(id: &str, path: &str) -> VerificationMethod {
    let path = format!("{}/../../tests/vectors/{path}.public.pem", env!("CARGO_MANIFEST_DIR"));
    VerificationMethod::new(id, PublicKey::from_pem(&std::fs::read_to_string(path).unwrap()).unwrap())
}

/// A key in use, a retired one under two names, a compromised one, another country's, and the lists'.
fn all() -> Vec<VerificationMethod> {
    let life = Life {
        from: Some(datetime!(2021-01-16 0:00 UTC)),
        until: Some(datetime!(2026-01-31 23:59:59.5 UTC)),
        compromised: None,
    };
    let retired = VerificationMethod { life, chain: vec![vec![0x30, 0]], ..method("did:india", "keys/rsa2048") };
    let compromised = Life { compromised: Some(datetime!(2026-03-01 12:00 +05:30)), ..Life::default() };
    let lists = PublicKey::from_jwk(&json!({ "kty": "OKP", "crv": "Ed25519", "x": RFC_8037 })).unwrap();
    vec![
        method("did:india", "keys/p256"),
        retired.clone(),
        VerificationMethod { id: "did:india#old".into(), ..retired },
        VerificationMethod { life: compromised, ..method("did:india", "ecdsa/secp256k1/secp256k1") },
        VerificationMethod { origin: Origin::Foreign, ..method("did:ceylon", "keys/ed25519") },
        VerificationMethod { purpose: Purpose::StatusLists, ..VerificationMethod::new("did:india#status", lists) },
    ]
}

/// The public key of RFC 8037 appendix A.
const RFC_8037: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

#[test]
fn a_did_document_lists_every_key_once_under_an_id_of_its_own() {
    let methods = all();
    let document = did_document("did:web:health.example", &methods);
    let id = |place: usize| format!("did:web:health.example#{}", methods[place].key.thumbprint());
    let entry = |place: usize, more: Value| {
        let mut entry = json!({
            "id": id(place),
            "type": "JsonWebKey2020",
            "controller": "did:web:health.example",
            "publicKeyJwk": methods[place].key.jwk(),
            "publicKeyPem": methods[place].key.to_pem(),
            "proofVerificationMethod": [methods[place].id],
            "signs": "certificates",
            "origin": "own",
        });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let mut with_chain = methods[1].key.jwk();
    with_chain["x5c"] = json!(["MAA="]);
    let retired = json!({
        "publicKeyJwk": with_chain,
        "proofVerificationMethod": ["did:india", "did:india#old"],
        "validFrom": "2021-01-16T00:00:00Z",
        "validUntil": "2026-01-31T23:59:59Z",
    });
    let entries = [
        entry(0, json!({})),
        entry(1, retired),
        entry(3, json!({ "revoked": "2026-03-01T06:30:00Z" })),
        entry(4, json!({ "origin": "foreign" })),
        entry(5, json!({ "signs": "statusLists" })),
    ];
    assert_eq!(document["verificationMethod"], json!(entries));
    assert_eq!(document["id"], "did:web:health.example");
    assert_eq!(document["assertionMethod"], json!([id(0), id(1), id(5)]));
    // No member of an entry is without a meaning.
    for name in ["revoked", "validFrom", "validUntil", "signs", "origin", "proofVerificationMethod", "publicKeyPem"] {
        assert!(document["@context"][2].get(name).is_some(), "{name}");
    }
}

#[test]
fn key_set_and_pem_hold_what_anyone_may_believe() {
    let methods = all();
    let mut retired = methods[1].key.jwk();
    retired["nbf"] = json!(1_610_755_200);
    retired["exp"] = json!(1_769_903_999);
    retired["x5c"] = json!(["MAA="]);
    assert_eq!(key_set(&methods), json!({ "keys": [methods[0].key.jwk(), retired, methods[4].key.jwk()] }));
    let pem = |place: usize| methods[place].key.to_pem();
    let expected = format!(
        "did:india EcdsaSecp256r1Signature2019 (ES256)\n{}\ndid:india did:india#old RsaSignature2018 (PS256) from \
         2021-01-16T00:00:00Z until 2026-01-31T23:59:59Z\n{}\ndid:ceylon Ed25519Signature2018 (EdDSA)\n{}\n",
        pem(0),
        pem(1),
        pem(4)
    );
    assert_eq!(pem_list(&methods), expected);
}

#[test]
fn a_did_document_is_read_as_it_was_written() {
    let mut expected = all();
    for old in &mut expected[1..3] {
        old.life.until = Some(datetime!(2026-01-31 23:59:59 UTC));
    }
    let text = did_document("did:india", &all()).to_string();
    assert_eq!(from_did_document(&text), Ok(expected));
}

#[test]
fn a_key_of_two_names_lives_as_long_as_either_and_is_compromised_under_both() {
    let (early, late) = (datetime!(2021-01-16 0:00 UTC), datetime!(2026-01-16 0:00 UTC));
    let live = |id: &str, from, until, compromised| VerificationMethod {
        life: Life { from, until, compromised },
        ..method(id, "keys/p256")
    };
    let merged = |one, other| {
        let text = did_document("did:india", &[one, other]).to_string();
        let read = from_did_document(&text).unwrap();
        assert_eq!(read.iter().map(|method| method.id.as_str()).collect::<Vec<_>>(), ["a:1", "a:2"]);
        assert_eq!(read[0].life, read[1].life);
        read[0].life
    };
    let union = merged(live("a:1", Some(late), Some(early), None), live("a:2", Some(early), Some(late), Some(late)));
    assert_eq!(union, Life { from: Some(early), until: Some(late), compromised: Some(late) });
    let open = merged(live("a:1", None, Some(early), Some(late)), live("a:2", Some(early), None, Some(early)));
    assert_eq!(open, Life { from: None, until: None, compromised: Some(early) });
}

#[test]
fn other_parties_documents_are_read_too() {
    let document = |entry: Value| json!({ "id": "did:web:x.example", "verificationMethod": [entry] }).to_string();
    let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": RFC_8037 });
    let entry =
        json!({ "id": "#one", "type": "JsonWebKey2020", "controller": "did:web:x.example", "publicKeyJwk": jwk });
    let read = from_did_document(&document(entry.clone())).unwrap();
    assert_eq!(read, [VerificationMethod::new("did:web:x.example#one", PublicKey::from_jwk(&jwk).unwrap())]);

    let mut ends = entry.clone();
    ends["expires"] = json!("2026-01-01T00:00:00Z");
    ends["validUntil"] = json!("2027-01-01T00:00:00Z");
    let read = from_did_document(&document(ends)).unwrap();
    assert_eq!(read[0].life.until, Some(datetime!(2026-01-01 0:00 UTC)));

    let x25519 = json!({ "id": "#two", "publicKeyJwk": { "kty": "OKP", "crv": "X25519", "x": RFC_8037 } });
    let both = json!({ "id": "did:web:x.example", "verificationMethod": [x25519, entry] });
    assert_eq!(from_did_document(&both.to_string()).unwrap().len(), 1);
}

#[test]
fn what_cannot_be_understood_wholly_is_refused() {
    let good = did_document("did:india", &all());
    let with = |pointer: &str, value: Value| {
        let mut document = good.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        document.to_string()
    };
    let first = "/verificationMethod/0";
    let jwk = all()[4].key.jwk();
    for (text, why) in [
        (String::new(), "it is not JSON"),
        (" ".repeat(MOST_BYTES + 1), "it is too long"),
        (with("/id", json!("india")), "its id is no DID"),
        (with("/id", json!(1)), "its id is no DID"),
        (with("/verificationMethod", json!({})), "it has no list verificationMethod"),
        (with("/verificationMethod", json!(vec![1; MOST_ENTRIES + 1])), "it has too many keys"),
        (with("/verificationMethod", json!([])), "it has no key that a suite could use"),
        (with(first, json!("did:india#one")), "a verification method is no object"),
        (with(&format!("{first}/id"), json!(null)), "a verification method has no id"),
        (with(&format!("{first}/publicKeyJwk"), jwk), "the two forms of a key differ"),
        (with(&format!("{first}/publicKeyPem"), json!("none")), "the two forms of a key differ"),
        (with(&format!("{first}/signs"), json!("everything")), "it says something unknown of a key"),
        (with(&format!("{first}/origin"), json!(null)), "it says something unknown of a key"),
        (
            with(&format!("{first}/proofVerificationMethod"), json!([])),
            "a list of a key's names is none, is empty or too long",
        ),
        (with(&format!("{first}/proofVerificationMethod"), json!([1])), "a name of a key is no text"),
        (with("/verificationMethod/1/validUntil", json!("2026-02-30T00:00:00Z")), "a time is not RFC 3339"),
        (with("/verificationMethod/1/validFrom", json!(1_610_755_200)), "a time is not RFC 3339"),
        (with("/verificationMethod/2/revoked", json!(true)), "a time is not RFC 3339"),
        (with("/verificationMethod/1/validUntil", json!("9999-12-31T23:59:59-01:00")), "a time is not RFC 3339"),
        (with("/verificationMethod/1/publicKeyJwk/x5c", json!("MAA=")), "x5c is no list"),
        (with("/verificationMethod/1/publicKeyJwk/x5c/0", json!("%")), "x5c holds something that is not base64"),
    ] {
        assert_eq!(from_did_document(&text), Err(NotADidDocument(why)));
    }
}

#[test]
fn a_jwk_is_read_as_it_was_written_and_no_number_may_be_short() {
    for method in all() {
        assert_eq!(PublicKey::from_jwk(&method.key.jwk()).unwrap(), method.key);
    }
    // x one byte shorter and y one longer are the same bytes in a row.
    let jwk = method("did:india", "keys/p256").key.jwk();
    let part =
        |name: &str| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let (mut x, y) = (part("x"), part("y"));
    let y = [&[x.pop().unwrap()], &y[..]].concat();
    let text = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    let mut moved = jwk.clone();
    moved["x"] = json!(text(&x));
    moved["y"] = json!(text(&y));
    assert!(PublicKey::from_jwk(&moved).is_err());
    for name in ["kty", "crv", "x", "y"] {
        let mut without = jwk.clone();
        without.as_object_mut().unwrap().remove(name);
        assert!(PublicKey::from_jwk(&without).is_err(), "{name}");
    }
    let mut exponent = method("did:india", "keys/rsa2048").key.jwk();
    assert_eq!(PublicKey::from_jwk(&exponent).unwrap().suite(), Suite::Ps256);
    exponent["e"] = json!("Aw");
    assert!(PublicKey::from_jwk(&exponent).is_err(), "e = 3");
}
