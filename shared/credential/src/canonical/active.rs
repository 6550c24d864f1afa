//! The contexts that hold at one place of a document, and what texts mean under them.

use super::{
    CanonicalError,
    path::{Path, Step},
};
use crate::context::{self, Context, Term};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The contexts that the document names; one that is named again changes nothing.
pub(super) fn base_contexts(value: Option<&Value>) -> Result<Vec<&'static Context>, CanonicalError> {
    let path = Path::TOP.child(Step::Member("@context"))?;
    let names = match value {
        None => &[],
        Some(Value::Array(names)) => names.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let mut contexts: Vec<&'static Context> = Vec::with_capacity(2);
    for name in names {
        let url = name.as_str().ok_or_else(|| path.shape("only names of pinned contexts are taken"))?;
        let context = context::pinned(url).ok_or_else(|| CanonicalError::UnknownContext { url: url.to_owned() })?;
        if contexts.iter().any(|known| known.contradicts(context)) {
            return Err(path.shape("two contexts define a protected term differently"));
        }
        if !contexts.iter().any(|known| std::ptr::eq(*known, context)) {
            contexts.push(context);
        }
    }
    Ok(contexts)
}

/// The contexts that hold at one place, later ones before earlier ones.
pub(super) struct Active<'c> {
    pub(super) contexts: &'c [&'static Context],
    pub(super) outer: Option<&'c Active<'c>>,
}

impl Active<'_> {
    pub(super) fn term(&self, name: &str) -> Option<&'static Term> {
        let here = self.contexts.iter().rev().find_map(|context| context.term(name));
        here.or_else(|| self.outer.and_then(|outer| outer.term(name)))
    }

    /// Whether a node object names a node and says nothing about it.
    pub(super) fn is_reference(&self, object: &Map<String, Value>) -> bool {
        let mut members = object.keys();
        let only = members.next().filter(|_| members.next().is_none());
        only.is_some_and(|name| name == "@id" || self.term(name).is_some_and(|term| term.iri == "@id"))
    }

    /// `text` as an IRI: a compact one is written out, a relative one is none.
    pub(super) fn iri<'a>(&self, text: &'a str) -> Option<Cow<'a, str>> {
        let (start, rest) = text.split_once(':')?;
        let is_compact = start != "_" && !rest.starts_with("//");
        if let Some(prefix) = self.term(start).filter(|term| is_compact && term.prefix) {
            return Some(Cow::Owned(format!("{}{rest}", prefix.iri)));
        }
        is_scheme(start).then_some(Cow::Borrowed(text))
    }
}

/// Whether `text` can name a node as it stands: it has a scheme and nothing that would end the IRI within a quad.
pub(crate) fn is_absolute_iri(text: &str) -> bool {
    let scheme = text.split_once(':').is_some_and(|(start, _)| start != "_" && is_scheme(start));
    scheme && !breaks_quads(text)
}

/// Whether an IRI, which N-Quads of DIVOC's libraries write as it stands, would end within its quad.
pub(super) fn breaks_quads(iri: &str) -> bool {
    iri.bytes().any(|byte| matches!(byte, b'<' | b'>' | 0..0x20))
}

/// What jsonld.js takes for the start of an absolute IRI. The comma is its own.
fn is_scheme(start: &str) -> bool {
    start == "_"
        || (start.starts_with(|first: char| first.is_ascii_alphabetic())
            && start.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+,-.".contains(&byte)))
}
