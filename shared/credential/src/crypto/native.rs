//! AWS-LC.

use crate::Suite;
use aws_lc_rs::{
    digest, hmac,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256K1_SHA256_FIXED, ED25519, ParsedPublicKey, RSA_PSS_2048_8192_SHA256,
        VerificationAlgorithm,
    },
};

/// SHA-256 of what comes in parts.
#[derive(Clone)]
pub(crate) struct Sha256(digest::Context);

impl Sha256 {
    pub(crate) fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    pub(crate) fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        // SHA-256 always gives 32 bytes.
        self.0.finish().as_ref().try_into().unwrap_or_default()
    }
}

/// A key of HMAC-SHA-256.
pub(crate) struct HmacKey(hmac::Key);

impl HmacKey {
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 32] {
        // HMAC-SHA-256 always gives 32 bytes.
        hmac::sign(&self.0, message).as_ref().try_into().unwrap_or_default()
    }
}

pub(super) fn is_key(suite: Suite, spki: &[u8]) -> bool {
    parsed(suite, spki).is_some()
}

pub(super) fn verifies(suite: Suite, spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    parsed(suite, spki).is_some_and(|key| key.verify_sig(message, signature).is_ok())
}

fn parsed(suite: Suite, spki: &[u8]) -> Option<ParsedPublicKey> {
    let algorithm: &'static dyn VerificationAlgorithm = match suite {
        Suite::Ps256 => &RSA_PSS_2048_8192_SHA256,
        Suite::Es256 => &ECDSA_P256_SHA256_FIXED,
        Suite::Es256k => &ECDSA_P256K1_SHA256_FIXED,
        Suite::Ed25519 => &ED25519,
    };
    ParsedPublicKey::new(algorithm, spki).ok()
}
