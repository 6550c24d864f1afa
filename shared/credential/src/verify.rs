//! Verification with typed reasons: what DIVOC's verifier checks, and the binding digest that it does not know.

use crate::{Facts, Suite, VerificationMethod};

/// A credential whose signature holds.
pub struct Verified {
    /// What it says.
    pub facts: Facts,
    /// The suite of the proof.
    pub suite: Suite,
    /// Whether the binding digest was there and right. `false`: a foreign certificate whose values could have been swapped.
    pub bound: bool,
}

/// Why a credential is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not JSON, or not an object with one proof.
    #[error("not a signed credential: {0}")]
    Malformed(&'static str),
    /// No canonical form.
    #[error(transparent)]
    Canonical(#[from] crate::canonical::CanonicalError),
    /// A proof type that is none of the four suites.
    #[error("proof type is not supported")]
    UnknownSuite,
    /// Purpose is not `assertionMethod`.
    #[error("proof purpose is not assertionMethod")]
    WrongPurpose,
    /// JWS is not detached, or its header is not exactly the suite's.
    #[error("the JWS is malformed or its header is not the suite's")]
    BadJws,
    /// None of the given keys has the proof's verification method and suite.
    #[error("no known key matches the proof's verification method")]
    UnknownKey,
    /// The subject's or issuer's id is no absolute IRI, so what it says is outside the signature.
    #[error("the subject or the issuer is outside the signature: its id is no absolute IRI")]
    Unsigned,
    /// The signature does not fit.
    #[error("the signature does not fit the credential")]
    BadSignature,
    /// The binding digest does not fit: values were swapped.
    #[error("the credential was altered: its binding digest does not fit")]
    Altered,
}

/// Verifies one signed credential against the keys a verifier trusts.
///
/// # Errors
/// The first reason not to believe it.
pub fn verify(_json: &str, _methods: &[VerificationMethod]) -> Result<Verified, Refusal> {
    todo!()
}
