//! RustCrypto. The numbers of a key stand at the end of its one DER form, each at a fixed length.

use crate::Suite;
use ed25519_dalek::Verifier as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rsa::{BoxedUint, PublicKey, pss};
use sha2::Digest as _;

/// SHA-256 of what comes in parts.
#[derive(Clone)]
pub(crate) struct Sha256(sha2::Sha256);

impl Sha256 {
    pub(crate) fn new() -> Self {
        Self(sha2::Sha256::new())
    }

    pub(crate) fn update(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    pub(crate) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

/// A key of HMAC-SHA-256.
pub(crate) struct HmacKey(Hmac<sha2::Sha256>);

impl HmacKey {
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        // HMAC fills a key that is shorter than a block up with zeros.
        let mut block = [0; 64];
        block.iter_mut().zip(secret).for_each(|(byte, part)| *byte = *part);
        Self(Hmac::new(&block.into()))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 32] {
        let mut tag = self.0.clone();
        tag.update(message);
        tag.finalize().into_bytes().into()
    }
}

pub(super) fn is_key(suite: Suite, spki: &[u8]) -> bool {
    match suite {
        Suite::Ps256 => rsa(spki).is_some(),
        Suite::Es256 => p256(spki).is_some(),
        Suite::Es256k => p256k1(spki).is_some(),
        // As AWS-LC: whether there is a point to it shows when a signature is checked.
        Suite::Ed25519 => true,
    }
}

pub(super) fn verifies(suite: Suite, spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    holds(suite, spki, message, signature).is_some()
}

/// `None` where key or signature cannot be read, or do not fit.
fn holds(suite: Suite, spki: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
    match suite {
        Suite::Ps256 => rsa(spki)?.verify(message, &pss::Signature::try_from(signature).ok()?),
        Suite::Es256 => p256(spki)?.verify(message, &p256::ecdsa::Signature::from_slice(signature).ok()?),
        // k256 takes the lower S only.
        Suite::Es256k => {
            p256k1(spki)?.verify(message, &k256::ecdsa::Signature::from_slice(signature).ok()?.normalize_s())
        }
        Suite::Ed25519 => ed25519(spki)?.verify(message, &ed25519_dalek::Signature::from_slice(signature).ok()?),
    }
    .ok()
}

/// The modulus stands before the exponent 65537, which takes five bytes.
fn rsa(spki: &[u8]) -> Option<pss::VerifyingKey<sha2::Sha256>> {
    let modulus = spki.last_chunk::<{ 256 + 5 }>()?.first_chunk::<256>()?;
    let key = PublicKey::new(BoxedUint::from_be_slice_vartime(modulus), BoxedUint::from(65_537_u32)).ok()?;
    Some(pss::VerifyingKey::new(key))
}

fn p256(spki: &[u8]) -> Option<p256::ecdsa::VerifyingKey> {
    p256::ecdsa::VerifyingKey::from_sec1_bytes(spki.last_chunk::<POINT>()?).ok()
}

fn p256k1(spki: &[u8]) -> Option<k256::ecdsa::VerifyingKey> {
    k256::ecdsa::VerifyingKey::from_sec1_bytes(spki.last_chunk::<POINT>()?).ok()
}

fn ed25519(spki: &[u8]) -> Option<ed25519_dalek::VerifyingKey> {
    ed25519_dalek::VerifyingKey::from_bytes(spki.last_chunk()?).ok()
}

/// Bytes of an uncompressed point: its mark and two coordinates.
const POINT: usize = 65;
