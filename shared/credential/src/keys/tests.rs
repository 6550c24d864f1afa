use super::*;
use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::json;

fn bytes(path: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/vectors/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn pem(path: &str) -> String {
    String::from_utf8(bytes(path)).unwrap()
}

fn key(path: &str) -> PublicKey {
    PublicKey::from_pem(&pem(path)).unwrap()
}

const PEMS: [(&str, Suite); 6] = [
    ("keys/rsa2048.public.pem", Suite::Ps256),
    ("divoc/dev_public.pem", Suite::Ps256),
    ("divoc/cowin_public.pem", Suite::Ps256),
    ("keys/p256.public.pem", Suite::Es256),
    ("ecdsa/secp256k1/secp256k1.public.pem", Suite::Es256k),
    ("keys/ed25519.public.pem", Suite::Ed25519),
];

#[test]
fn a_key_is_written_as_it_was_read() {
    for (path, suite) in PEMS {
        let key = key(path);
        assert_eq!(key.suite(), suite, "{path}");
        assert_eq!(PublicKey::from_der(&key.spki).unwrap(), key);
        assert!(key.to_pem().lines().all(|line| line.len() <= 64));
        assert_eq!(PublicKey::from_pem(&key.to_pem()).unwrap(), key);
    }
    // OpenSSL's own lines.
    assert_eq!(key("pss/public.pem").to_pem(), pem("pss/public.pem"));
}

#[test]
fn keys_of_other_kinds_are_refused() {
    let refused = |der: &[u8]| PublicKey::from_der(der).is_err();
    let rsa = RsaKeyPair::generate(KeySize::Rsa3072).unwrap();
    let der: PublicKeyX509Der = rsa.public_key().as_der().unwrap();
    assert!(refused(der.as_ref()), "RSA-3072");
    let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let der: PublicKeyX509Der = p384.public_key().as_der().unwrap();
    assert!(refused(der.as_ref()), "P-384");

    let spki = key("keys/rsa2048.public.pem").spki;
    let end = spki.len() - 1;
    assert!(refused(&[&spki[..end], &[3]].concat()), "e = 65539");
    assert!(refused(&[&spki[..], &[0]].concat()), "more behind it");
    assert!(refused(&spki[..end]), "cut off");
    assert!(refused(&[]), "nothing");

    let mut point = key("keys/p256.public.pem").spki;
    *point.last_mut().unwrap() ^= 1;
    assert!(refused(&point), "a point beside the curve");
}

#[test]
fn a_text_that_is_no_public_key_in_pem_is_refused() {
    let good = pem("keys/p256.public.pem");
    for bad in ["", "-----BEGIN PUBLIC KEY-----", &good.replace("PUBLIC", "PRIVATE"), &good.replace("MFk", "MF*")] {
        assert!(PublicKey::from_pem(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_salt_is_as_long_as_the_digest() {
    // Made with: openssl dgst -sha256 -sign … -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:{20,32}
    let key = key("pss/public.pem");
    let message = bytes("pss/message.txt");
    assert!(key.verifies(&message, &bytes("pss/salt32.sig")));
    assert!(!key.verifies(&message, &bytes("pss/salt20.sig")));
    assert!(!key.verifies(b"another", &bytes("pss/salt32.sig")));
}

#[test]
fn thumbprints_are_those_of_the_rfcs() {
    // From RFC 7638 § 3.1.
    let modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64t\
        Z_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyr\
        dkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    let rsa = [RSA_2048, &URL_SAFE_NO_PAD.decode(modulus).unwrap(), RSA_65537].concat();
    let rsa = PublicKey::from_der(&rsa).unwrap();
    assert_eq!(rsa.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(rsa.jwk()["n"], modulus);
    // From RFC 8037 appendix A.
    let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let edwards = [ED25519_KEY, &URL_SAFE_NO_PAD.decode(x).unwrap()].concat();
    let edwards = PublicKey::from_der(&edwards).unwrap();
    assert_eq!(edwards.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let kid = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    assert_eq!(
        edwards.jwk(),
        json!({ "crv": "Ed25519", "kty": "OKP", "x": x, "alg": "EdDSA", "use": "sig", "kid": kid })
    );
}

#[test]
fn an_ecdsa_signature_in_der_becomes_r_and_s() {
    let integer = |bytes: &[u8]| [&[2, u8::try_from(bytes.len()).unwrap()], bytes].concat();
    let signature = |r: &[u8], s: &[u8]| {
        let body = [integer(r), integer(s)].concat();
        [&[0x30, u8::try_from(body.len()).unwrap()], &body[..]].concat()
    };
    let large = [&[0][..], &[0xFF; 32]].concat();
    let raw = raw_ecdsa(&signature(&large, &[1])).unwrap();
    assert_eq!(raw[..32], [0xFF; 32]);
    assert_eq!(raw[32..], [&[0; 31][..], &[1]].concat());

    for (bad, why) in [
        (vec![], "nothing"),
        (signature(&[0xFF; 32], &[1]), "negative"),
        (signature(&[0, 1], &[1]), "a needless zero"),
        (signature(&[0], &[1]), "zero"),
        (signature(&[1; 33], &[1]), "too long"),
        ([signature(&[1], &[1]), vec![0]].concat(), "more behind it"),
        (signature(&[1], &[1])[..7].to_vec(), "cut off"),
        (integer(&[1]), "no sequence"),
    ] {
        assert_eq!(raw_ecdsa(&bad), None, "{why}");
    }
}
