//! Canonical N-Quads of a credential: strict JSON-LD expansion over the pinned contexts, then URDNA2015, byte for byte as DIVOC's libraries write them.

use serde_json::{Map, Value};

/// Why a document has no canonical form here. Paths name members, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// A member that no active context defines: signing would silently leave it out.
    #[error("{path} is not defined by the credential's contexts")]
    UndefinedTerm {
        /// JSON Pointer.
        path: String,
    },
    /// A context that is not pinned here.
    #[error("context {url} is not one of the pinned contexts")]
    UnknownContext {
        /// The URL.
        url: String,
    },
    /// A shape that credentials never have (keywords, context objects, nested lists …).
    #[error("{path} has a shape that is not supported: {reason}")]
    Shape {
        /// JSON Pointer.
        path: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Too deep, too large or too symmetric to be canonicalised in bounded time.
    #[error("the document exceeds the bounds of canonicalisation: {0}")]
    Bounds(&'static str),
}

/// The canonical N-Quads of `document` (without its `proof`), every line ended by `\n`.
///
/// # Errors
/// See [`CanonicalError`].
pub fn canonicalise(_document: &Map<String, Value>) -> Result<String, CanonicalError> {
    todo!()
}
