//! Proofs as DIVOC writes them: Linked Data Proofs of 2018 with a detached JWS (RFC 7797) over `SHA-256(options) ‖ SHA-256(document)`.
//!
//! [`Unsigned::prepare`] gives the bytes to sign, someone who holds a key signs them, [`Prepared::seal`] consumes itself: what was prepared is sealed once.

use crate::{Facts, canonical::CanonicalError};
use serde_json::{Map, Value};
use time::OffsetDateTime;

/// A signature suite: proof type, JWS algorithm and key type in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suite {
    /// RsaSignature2018 with PS256: DIVOC's default. RSA-2048, e = 65537, salt 32 bytes.
    Ps256,
    /// EcdsaSecp256r1Signature2019 with ES256, raw R‖S.
    Es256,
    /// EcdsaSecp256k1Signature2019 with ES256K, raw R‖S.
    Es256k,
    /// Ed25519Signature2018 with EdDSA.
    Ed25519,
}

impl Suite {
    /// `proof.type`.
    pub fn proof_type(self) -> &'static str {
        todo!()
    }

    /// JWS `alg`.
    pub fn algorithm(self) -> &'static str {
        todo!()
    }
}

/// A credential without a proof.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsigned(pub(crate) Map<String, Value>);

/// A credential made ready for one signature.
pub struct Prepared {}

/// A signed credential: the JSON exactly as stored, zipped and shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed(String);

/// Why a signature cannot close a prepared credential.
#[derive(Debug, thiserror::Error)]
#[error("a {suite:?} signature has {expected} bytes, this one has {found}")]
pub struct WrongLength {
    /// The suite.
    pub suite: Suite,
    /// What it wants.
    pub expected: usize,
    /// What came.
    pub found: usize,
}

impl Unsigned {
    /// Canonicalises the document and the proof's options. `method` is `proof.verificationMethod`, `created` is cut to the second.
    ///
    /// # Errors
    /// When the document has a term that its contexts do not define.
    pub fn prepare(self, _suite: Suite, _method: &str, _created: OffsetDateTime) -> Result<Prepared, CanonicalError> {
        todo!()
    }
}

impl Prepared {
    /// What the key must sign: `ASCII(header) "." SHA-256(options) SHA-256(document)`.
    pub fn signing_input(&self) -> &[u8] {
        todo!()
    }

    /// Closes the credential with the raw JWS signature over [`Prepared::signing_input`].
    ///
    /// # Errors
    /// When the signature is not as long as the suite's.
    pub fn seal(self, _signature: &[u8]) -> Result<Signed, WrongLength> {
        todo!()
    }
}

impl Signed {
    /// A credential that was stored before, as text.
    pub fn from_stored(json: String) -> Self {
        Self(json)
    }

    /// The JSON text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it says; empty facts if the text is no credential.
    pub fn facts(&self) -> Facts {
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}
