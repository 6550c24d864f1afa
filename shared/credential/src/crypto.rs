//! SHA-256, HMAC and the checking of signatures, from one of two libraries with one behaviour.
//!
//! `native` is AWS-LC, which is fast. `portable` is RustCrypto, all Rust, for WebAssembly: a browser's verifier runs this crate too. Both are compiled into the
//! tests, which hold them to the same answer on good and mutated keys and signatures (`tests.rs`): a credential must not be valid in one place and not in the
//! other. Where the libraries differ, this module states the rule for both. Neither side makes keys or signatures, so no randomness is needed.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(any(target_arch = "wasm32", test))]
mod portable;

#[cfg(not(target_arch = "wasm32"))]
use native as backend;
#[cfg(target_arch = "wasm32")]
use portable as backend;

use crate::Suite;
pub(crate) use backend::{HmacKey, Sha256};

/// SHA-256 of the whole.
pub(crate) fn sha256(message: impl AsRef<[u8]>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(message.as_ref());
    hash.finish()
}

/// Whether the numbers of a key are a key of that suite, such as a point on its curve. `spki` has the suite's one DER form ([`crate::PublicKey::from_der`]).
/// Half of all Edwards keys that pass have no point; nothing is ever verified under them.
pub(crate) fn is_key(suite: Suite, spki: &[u8]) -> bool {
    is_sound(suite, spki) && backend::is_key(suite, spki)
}

/// Whether `signature` (raw JWS form) over `message` is the key's. RSA-PSS: salts of 32 bytes only (RFC 7518). ECDSA: either of the two values of S, since
/// key management services give both.
pub(crate) fn verifies(suite: Suite, spki: &[u8], message: &[u8], signature: &[u8]) -> bool {
    signature.len() == suite.signature_length() && backend::verifies(suite, spki, message, signature)
}

/// Rules about keys that one of the libraries leaves out.
fn is_sound(suite: Suite, spki: &[u8]) -> bool {
    match suite {
        // An even modulus is a product of no two odd primes. Behind it stands the exponent, in five bytes.
        Suite::Ps256 => spki.iter().rev().nth(5).is_some_and(|last| last % 2 == 1),
        Suite::Ed25519 => spki.last_chunk().is_some_and(is_sound_point),
        Suite::Es256 | Suite::Es256k => true,
    }
}

/// Whether an Edwards point is written in its one canonical form (RFC 8032 § 5.1.3) and is none of the eight points of small order, under which anybody can
/// make signatures.
fn is_sound_point(point: &[u8; 32]) -> bool {
    let mut y = *point;
    if let Some(highest) = y.last_mut() {
        *highest &= 0x7F;
    }
    y.iter().rev().lt(PRIME.iter().rev()) && !SMALL.contains(&y)
}

/// 2²⁵⁵ − 19, little-endian.
const PRIME: [u8; 32] = *b"\xED\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\
    \xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F";

/// y of the points of small order: 0, 1, −1 and those of order 8, little-endian.
const SMALL: [[u8; 32]; 5] = [
    [0; 32],
    *b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    *b"\xEC\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\
       \xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F",
    *b"\x26\xE8\x95\x8F\xC2\xB2\x27\xB0\x45\xC3\xF4\x89\xF2\xEF\x98\xF0\
       \xD5\xDF\xAC\x05\xD3\xC6\x33\x39\xB1\x38\x02\x88\x6D\x53\xFC\x05",
    *b"\xC7\x17\x6A\x70\x3D\x4D\xD8\x4F\xBA\x3C\x0B\x76\x0D\x10\x67\x0F\
       \x2A\x20\x53\xFA\x2C\x39\xCC\xC6\x4E\xC7\xFD\x77\x92\xAC\x03\x7A",
];

#[cfg(test)]
mod tests;
