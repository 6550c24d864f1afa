//! Keys that sign, for tests.

use super::*;
use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::{KeyPair as RsaKeyPair, KeySize},
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
        Ed25519KeyPair, KeyPair as _, RSA_PSS_SHA256,
    },
};

/// A key that signs, and what verifiers know of it.
pub(crate) struct Signer {
    pub(crate) method: VerificationMethod,
    sign: Sign,
}

type Sign = Box<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

impl Signer {
    /// A new key of that name.
    pub(crate) fn new(suite: Suite, id: &str) -> Self {
        let (der, sign) = match suite {
            Suite::Es256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
            Suite::Es256k => ecdsa(&ECDSA_P256K1_SHA256_FIXED_SIGNING),
            Suite::Ed25519 => ed25519(),
            Suite::Ps256 => rsa(),
        };
        let key = PublicKey::from_der(&der).unwrap();
        Self { method: VerificationMethod::new(id, key), sign }
    }

    pub(crate) fn seal(&self, prepared: Prepared) -> String {
        let signature = (self.sign)(prepared.signing_input());
        prepared.seal(&signature).unwrap()
    }

    pub(crate) fn methods(&self) -> &[VerificationMethod] {
        std::slice::from_ref(&self.method)
    }
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> (Vec<u8>, Sign) {
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let public = der(pair.public_key());
    (public, Box::new(move |message| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()))
}

fn ed25519() -> (Vec<u8>, Sign) {
    let pair = Ed25519KeyPair::generate().unwrap();
    let public = der(pair.public_key());
    (public, Box::new(move |message| pair.sign(message).as_ref().to_vec()))
}

fn rsa() -> (Vec<u8>, Sign) {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = der(pair.public_key());
    let sign = move |message: &[u8]| {
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    };
    (public, Box::new(sign))
}

fn der(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Vec<u8> {
    key.as_der().unwrap().as_ref().to_vec()
}

#[test]
fn a_signature_of_another_length_seals_nothing() {
    let signer = Signer::new(Suite::Es256, "did:india#status");
    let Err(refused) = Prepared::new(&signer.method.key, "x", "k", "{}").seal(&[0; 70]) else { panic!("sealed") };
    assert_eq!((refused.expected, refused.found), (64, 70));
}
