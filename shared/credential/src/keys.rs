//! Public keys: PEM, JWK, thumbprint (RFC 7638), DID document and key set for verifiers.

use crate::Suite;
use serde_json::Value;

/// A public key together with the suite it verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {}

/// A text that is no usable public key.
#[derive(Debug, thiserror::Error)]
#[error("not a usable public key: {0}")]
pub struct NotAKey(pub &'static str);

impl PublicKey {
    /// From a `SubjectPublicKeyInfo` in DER: RSA-2048 (e = 65537), P-256, secp256k1 or Ed25519.
    ///
    /// # Errors
    /// Any other key.
    pub fn from_der(_spki: &[u8]) -> Result<Self, NotAKey> {
        todo!()
    }

    /// From the same in PEM.
    ///
    /// # Errors
    /// Any other text.
    pub fn from_pem(_pem: &str) -> Result<Self, NotAKey> {
        todo!()
    }

    /// `SubjectPublicKeyInfo` in PEM.
    pub fn to_pem(&self) -> String {
        todo!()
    }

    /// What it verifies.
    pub fn suite(&self) -> Suite {
        todo!()
    }

    /// RFC 7638 thumbprint, base64url.
    pub fn thumbprint(&self) -> String {
        todo!()
    }

    /// Whether `signature` (raw JWS form) over `message` is this key's.
    pub fn verifies(&self, _message: &[u8], _signature: &[u8]) -> bool {
        todo!()
    }
}

/// A key under the name that proofs use for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationMethod {
    /// `proof.verificationMethod`, such as `did:india`.
    pub id: String,
    /// The key.
    pub key: PublicKey,
}

/// The DID document (W3C DID Core) that lists `methods`, the current one first.
pub fn did_document(_did: &str, _methods: &[VerificationMethod]) -> Value {
    todo!()
}

/// The JSON Web Key Set (RFC 7517) of `methods`.
pub fn key_set(_methods: &[VerificationMethod]) -> Value {
    todo!()
}
