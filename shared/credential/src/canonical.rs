//! Canonical N-Quads of a credential: strict JSON-LD expansion over the pinned contexts, then URDNA2015, byte for byte as DIVOC's libraries write them.
//!
//! What DIVOC runs is jsonld.js 2.0.2 with a strict expansion map over rdf-canonize 1.2.0; where those two and the standards part, they are followed, since
//! every verifier in the field computes their bytes: `2.0` is the integer "2", values that JavaScript holds for different stay different quads even when
//! they read the same, a node whose id is relative loses its statements, and literals escape `\`, `"`, LF and CR only (RDFC-1.0 would escape more).
//!
//! Refused, where they would take anything: members that no context defines, contexts that are not pinned or stand inside the document, keywords, and IRIs
//! with angle brackets or control characters, which would let one document write another one's quads.

mod active;
mod expand;
mod number;
mod path;
mod quad;
mod urdna;

pub(crate) use active::is_absolute_iri;
pub(crate) use number::ecmascript;
pub(crate) use quad::{escape, utf16_order};

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
pub fn canonicalise(document: &Map<String, Value>) -> Result<String, CanonicalError> {
    canonical_form(document).map(|form| form.quads)
}

/// A document's canonical form, and what of the document it does not speak of.
#[derive(Debug)]
pub(crate) struct CanonicalForm {
    /// N-Quads.
    pub(crate) quads: String,
    /// JSON Pointer of the first id or reference that is no absolute IRI: statements with it are in no quad, so no signature covers them.
    pub(crate) uncovered: Option<String>,
}

pub(crate) fn canonical_form(document: &Map<String, Value>) -> Result<CanonicalForm, CanonicalError> {
    let expanded = expand::expand(document)?;
    let quads = urdna::canonicalise(&expanded.quads, expanded.blanks)?;
    Ok(CanonicalForm { quads, uncovered: expanded.uncovered })
}

#[cfg(test)]
mod tests;
