use super::*;
use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        Ed25519KeyPair, KeyPair as _, RSA_PSS_SHA256,
    },
};

const MESSAGE: &[u8] = b"what is signed";

/// A key and a signature of its own over [`MESSAGE`].
struct Sample {
    suite: Suite,
    spki: Vec<u8>,
    signature: Vec<u8>,
}

fn samples() -> [Sample; 4] {
    [rsa(), ecdsa(Suite::Es256), ecdsa(Suite::Es256k), edwards()]
}

fn rsa() -> Sample {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let mut signature = vec![0; 256];
    pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), MESSAGE, &mut signature).unwrap();
    let spki: PublicKeyX509Der = pair.public_key().as_der().unwrap();
    Sample { suite: Suite::Ps256, spki: spki.as_ref().to_vec(), signature }
}

fn ecdsa(suite: Suite) -> Sample {
    let algorithm: &EcdsaSigningAlgorithm =
        if suite == Suite::Es256 { &ECDSA_P256_SHA256_FIXED_SIGNING } else { &ECDSA_P256K1_SHA256_FIXED_SIGNING };
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let signature = pair.sign(&SystemRandom::new(), MESSAGE).unwrap().as_ref().to_vec();
    let spki: PublicKeyX509Der = pair.public_key().as_der().unwrap();
    Sample { suite, spki: spki.as_ref().to_vec(), signature }
}

fn edwards() -> Sample {
    let pair = Ed25519KeyPair::generate().unwrap();
    let spki: PublicKeyX509Der = pair.public_key().as_der().unwrap();
    Sample { suite: Suite::Ed25519, spki: spki.as_ref().to_vec(), signature: pair.sign(MESSAGE).as_ref().to_vec() }
}

/// What both libraries answer, under the rules of this module.
fn both(suite: Suite, spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let fits = signature.len() == suite.signature_length();
    let answers = [
        fits && native::verifies(suite, spki, message, signature),
        fits && portable::verifies(suite, spki, message, signature),
    ];
    assert_eq!(answers[0], answers[1], "{suite:?} key {spki:02x?} signature {signature:02x?}");
    assert_eq!(answers[0], verifies(suite, spki, message, signature));
    answers[0]
}

fn key_for_both(suite: Suite, spki: &[u8]) -> bool {
    let sound = is_sound(suite, spki);
    let answers = [sound && native::is_key(suite, spki), sound && portable::is_key(suite, spki)];
    assert_eq!(answers[0], answers[1], "{suite:?} key {spki:02x?}");
    assert_eq!(answers[0], is_key(suite, spki));
    answers[0]
}

fn with(bytes: &[u8], at: usize, mask: u8) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[at] ^= mask;
    changed
}

/// One number minus another, big-endian, 32 bytes each.
fn minus(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut borrow = 0;
    let mut result: Vec<u8> = (0..32)
        .rev()
        .map(|at| {
            let difference = i16::from(one[at]) - i16::from(other[at]) - borrow;
            borrow = i16::from(difference < 0);
            u8::try_from(difference.rem_euclid(256)).unwrap()
        })
        .collect();
    result.reverse();
    result
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// From SEC 2 § 2.4: how many points the curve has.
fn order(suite: Suite) -> Vec<u8> {
    bytes(match suite {
        Suite::Es256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        _ => "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
    })
}

#[test]
fn a_signature_holds_for_its_message_and_key_alone() {
    let keys = samples();
    for sample in &keys {
        let Sample { suite, spki, signature } = sample;
        assert!(both(*suite, spki, MESSAGE, signature), "{suite:?}");
        assert!(!both(*suite, spki, b"another", signature), "{suite:?}");
        assert!(!both(*suite, spki, b"", signature), "{suite:?}");
        let other = samples().into_iter().find(|other| other.suite == *suite).unwrap();
        assert!(!both(*suite, &other.spki, MESSAGE, signature), "{suite:?}");
    }
}

#[test]
fn no_bit_of_a_signature_can_be_changed() {
    for Sample { suite, spki, signature } in samples() {
        let step = if suite == Suite::Ps256 { 5 } else { 1 };
        for at in (0..signature.len()).step_by(step) {
            assert!(!both(suite, &spki, MESSAGE, &with(&signature, at, 1 << (at % 8))), "{suite:?}, byte {at}");
        }
        for fill in [0, 1, 0x7F, 0xFF] {
            assert!(!both(suite, &spki, MESSAGE, &vec![fill; signature.len()]), "{suite:?}, all {fill}");
        }
    }
}

#[test]
fn a_signature_has_the_suites_length() {
    for Sample { suite, spki, signature } in samples() {
        let end = signature.len() - 1;
        for other in [&[][..], &signature[..end], &[&signature[..], &[0]].concat(), &[&[0], &signature[..]].concat()] {
            assert!(!both(suite, &spki, MESSAGE, other), "{suite:?}, {} bytes", other.len());
        }
    }
}

#[test]
fn ecdsa_takes_either_s_and_numbers_below_the_order_only() {
    for suite in [Suite::Es256, Suite::Es256k] {
        let Sample { spki, signature, .. } = ecdsa(suite);
        let order = order(suite);
        let (r, s) = signature.split_at(32);
        let signature = |r: &[u8], s: &[u8]| [r, s].concat();
        assert!(both(suite, &spki, MESSAGE, &signature(r, s)));
        assert!(both(suite, &spki, MESSAGE, &signature(r, &minus(&order, s))), "the other S");
        let (zero, most) = ([0; 32], [0xFF; 32]);
        for (r, s) in [(r, &zero[..]), (&zero, s), (r, &order), (&order, s), (r, &most), (&most, s), (&zero, &zero)] {
            assert!(!both(suite, &spki, MESSAGE, &signature(r, s)));
        }
    }
}

#[test]
fn an_edwards_signature_has_one_spelling() {
    let Sample { suite, spki, signature } = edwards();
    // From RFC 8032 § 5.1: L, the order of the group, little-endian.
    let order = bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let mut carry = 0;
    let sum: Vec<u8> = (0..32)
        .map(|at| {
            let sum = u16::from(signature[32 + at]) + u16::from(order[at]) + carry;
            carry = sum >> 8;
            u8::try_from(sum & 0xFF).unwrap()
        })
        .collect();
    assert!(!both(suite, &spki, MESSAGE, &[&signature[..32], &sum].concat()), "S + L");
    assert!(!both(suite, &spki, MESSAGE, &[&signature[..32], &order].concat()), "S = L");
    for small in SMALL {
        assert!(!both(suite, &spki, MESSAGE, &[&small[..], &signature[32..]].concat()), "R of small order");
        assert!(!both(suite, &spki, MESSAGE, &[&small[..], &[0; 32]].concat()), "R of small order, S = 0");
    }
}

#[test]
fn a_salt_is_as_long_as_the_digest_and_a_signature_below_the_modulus() {
    let vector = |name: &str| std::fs::read(format!("{VECTORS}/pss/{name}")).unwrap();
    let pem = String::from_utf8(vector("public.pem")).unwrap();
    let spki = crate::PublicKey::from_pem(&pem).unwrap().to_der().to_vec();
    let message = vector("message.txt");
    assert!(both(Suite::Ps256, &spki, &message, &vector("salt32.sig")));
    assert!(!both(Suite::Ps256, &spki, &message, &vector("salt20.sig")));
    let modulus = &spki[spki.len() - 261..spki.len() - 5];
    assert!(!both(Suite::Ps256, &spki, &message, modulus));
}

#[test]
fn both_libraries_agree_on_what_a_key_is() {
    for Sample { suite, spki, .. } in samples() {
        assert!(key_for_both(suite, &spki), "{suite:?}");
        let (numbers, tail) = if suite == Suite::Ps256 { (256, 5) } else { (suite.signature_length(), 0) };
        let numbers = if suite == Suite::Ed25519 { 32 } else { numbers };
        let start = spki.len() - tail - numbers;
        let points = (start..spki.len() - tail).step_by(numbers / 32);
        let keys = points.filter(|at| key_for_both(suite, &with(&spki, *at, 1 << (at % 8)))).count();
        match suite {
            // A point beside the curve is none.
            Suite::Es256 | Suite::Es256k => assert_eq!(keys, 0, "{suite:?}"),
            // Nobody can tell a modulus from another odd number; an Edwards point is computed later.
            Suite::Ed25519 | Suite::Ps256 => assert_eq!(keys, 32, "{suite:?}"),
        }
        let filled = |fill: u8| [&spki[..start], &vec![fill; numbers], &spki[spki.len() - tail..]].concat();
        for fill in [0, 0xFF] {
            assert_eq!(key_for_both(suite, &filled(fill)), suite == Suite::Ps256 && fill == 0xFF, "{suite:?}, {fill}");
        }
    }
    let Sample { suite, spki, .. } = rsa();
    assert!(!key_for_both(suite, &with(&spki, spki.len() - 6, 1)), "an even modulus");
}

#[test]
fn nothing_is_verified_under_another_key_of_almost_the_same_bytes() {
    for Sample { suite, spki, signature } in samples() {
        let last = spki.len() - if suite == Suite::Ps256 { 5 } else { 0 };
        for at in last - 32..last {
            assert!(!both(suite, &with(&spki, at, 1 << (at % 8)), MESSAGE, &signature), "{suite:?}, byte {at}");
        }
    }
}

#[test]
fn an_edwards_key_has_one_spelling_and_a_large_order() {
    let spki = edwards().spki;
    let key = |point: &[u8]| key_for_both(Suite::Ed25519, &[&spki[..12], point].concat());
    for sign in [0, 0x80] {
        for y in SMALL {
            assert!(!key(&with(&y, 31, sign)), "small order {y:02x?}");
            // The same y, written with p on top where that fits.
            let above: Vec<u8> = PRIME.iter().zip(y).map(|(prime, y)| prime.wrapping_add(y)).collect();
            assert!(y[1..] != [0; 31] || !key(&with(&above, 31, sign)), "above the prime");
        }
        assert!(!key(&with(&PRIME, 31, sign)), "the prime");
    }
}

#[test]
fn hashes_are_the_same_whole_or_in_parts() {
    // From FIPS 180-4's examples, and RFC 4231 test case 2 with its key filled up with zeros to 32 bytes, which leaves HMAC the same.
    let hash = bytes("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(sha256("abc").to_vec(), hash);
    let (mut one, mut other) = (native::Sha256::new(), portable::Sha256::new());
    for part in [&b"a"[..], b"", b"bc"] {
        one.update(part);
        other.update(part);
    }
    assert_eq!((one.finish().to_vec(), other.finish().to_vec()), (hash.clone(), hash));

    let mut secret = [0; 32];
    secret[..4].copy_from_slice(b"Jefe");
    let tag = bytes("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    let message = b"what do ya want for nothing?";
    assert_eq!(native::HmacKey::new(&secret).sign(message).to_vec(), tag);
    assert_eq!(portable::HmacKey::new(&secret).sign(message).to_vec(), tag);
}

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors");
