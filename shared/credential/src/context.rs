//! The pinned JSON-LD contexts as term tables. Nothing is ever fetched.
//!
//! W3C's credentials v1 and DIVOC's three contexts (vaccination v1 and v2, test certificate v1) are all that a credential can name. DIVOC's are served under
//! many hosts with the same content, so any `http(s)` URL that ends as theirs do is taken for them. The documents that a verifier may fetch from this service
//! are [`VACCINATION_V1`], [`VACCINATION_V2`] and [`TEST_CERTIFICATE_V1`]; tests hold them and the tables against one another, and the tables against the
//! W3C's document.
//!
//! DIVOC's own documents also define `vac` as a term. Its IRI ends in no delimiter, so JSON-LD 1.1 never takes it for a prefix and `vac:city` is already the
//! whole IRI. Ours leave the term out: older processors, which would expand it, then agree too.

mod tables;

use tables::{CREDENTIALS_V1_TERMS, TEST_CERTIFICATE_V1_TERMS, VACCINATION_V1_TERMS, VACCINATION_V2_TERMS};

/// What a credential's terms mean at one place: type-scoped and property-scoped contexts hang below their terms. Every term is `@protected`.
#[derive(Debug, PartialEq)]
pub struct Context {
    terms: &'static [(&'static str, Term)],
}

/// What one term means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Term {
    /// The IRI, or `@id` and `@type` for their aliases.
    pub iri: &'static str,
    /// How its text is read.
    pub coercion: Coercion,
    /// Whether the term may stand before a colon, as `schema` in `schema:name`.
    pub prefix: bool,
    /// What holds inside nodes of this type, or inside this property's value.
    pub scope: Option<&'static Context>,
}

/// How the text of a term's value is read (`@type` and `@container` of its definition).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coercion {
    /// As a plain literal.
    Plain,
    /// As an IRI.
    Id,
    /// As an `xsd:dateTime` literal.
    DateTime,
    /// Not at all: the term belongs to proofs and presentations, and no credential needs it.
    Refused,
}

impl Context {
    /// The definition of `term` in this context alone.
    pub fn term(&self, term: &str) -> Option<&'static Term> {
        self.terms.iter().find(|(name, _)| *name == term).map(|(_, definition)| definition)
    }

    pub(crate) fn terms(&self) -> impl Iterator<Item = (&'static str, &'static Term)> + use<> {
        self.terms.iter().map(|(name, term)| (*name, term))
    }

    /// Whether there is a term that `self` and `other` define differently; JSON-LD forbids it, since all are protected.
    pub(crate) fn contradicts(&'static self, other: &'static Context) -> bool {
        !std::ptr::eq(self, other)
            && self.terms().any(|(name, ours)| other.term(name).is_some_and(|theirs| theirs != ours))
    }
}

/// W3C's <https://www.w3.org/2018/credentials/v1>.
pub const CREDENTIALS_V1_URL: &str = "https://www.w3.org/2018/credentials/v1";

/// The JSON-LD document of [`pinned`]`(".../credentials/vaccination/v1")`: domestic certificates.
pub const VACCINATION_V1: &str = include_str!("../contexts/vaccination-v1.json");
/// The JSON-LD document of `.../credentials/vaccination/v2`: international ones, with date of birth, ICD-11 code and prophylaxis.
pub const VACCINATION_V2: &str = include_str!("../contexts/vaccination-v2.json");
/// The JSON-LD document of `.../credentials/testCertificate/v1`.
pub const TEST_CERTIFICATE_V1: &str = include_str!("../contexts/test-certificate-v1.json");

/// Our contexts: the end of the URL, the table and the document.
const OURS: [(&str, &Context, &str); 3] = [
    ("/credentials/vaccination/v1", &VACCINATION_V1_TERMS, VACCINATION_V1),
    ("/credentials/vaccination/v2", &VACCINATION_V2_TERMS, VACCINATION_V2),
    ("/credentials/testCertificate/v1", &TEST_CERTIFICATE_V1_TERMS, TEST_CERTIFICATE_V1),
];

/// The term table behind a context's URL; `None` if it is not pinned. Hosts of our three contexts are not looked at: their content is the same everywhere,
/// and the URL itself is never part of what is signed.
pub fn pinned(url: &str) -> Option<&'static Context> {
    if url == CREDENTIALS_V1_URL {
        return Some(&CREDENTIALS_V1_TERMS);
    }
    OURS.iter().find(|(end, ..)| is_below_a_host(url, end)).map(|(_, table, _)| *table)
}

/// The JSON-LD document to serve for a URL or path that ends as one of our contexts does, such as `/credentials/vaccination/v1`.
pub fn document(url: &str) -> Option<&'static str> {
    OURS.iter().find(|(end, ..)| url.ends_with(end)).map(|(.., document)| *document)
}

fn is_below_a_host(url: &str, end: &str) -> bool {
    let after_scheme = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    after_scheme.and_then(|rest| rest.strip_suffix(end)).is_some_and(|host| {
        !host.is_empty() && !host.starts_with('/') && !host.contains(|c: char| "?#\\".contains(c) || c.is_whitespace())
    })
}

#[cfg(test)]
mod tests;
