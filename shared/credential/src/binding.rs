//! The binding digest: DIVOC's terms share IRIs, so values can be swapped under a valid signature. A truncated SHA-256 over the RFC 8785 form of the whole
//! credential, carried as the fragment of `evidence[0].id`, is signed with it and forbids that.
//!
//! The fragment is `#b1=` and 22 characters: the first 16 bytes of the digest in base64url. An id that has a fragment of its own gets `&b1=…` behind it.
//! What is digested is the credential without `proof` and without those 26 characters.
//!
//! Why it holds: `evidence[0].id` names a node of the signed graph, so nobody can change, add or take away its fragment without breaking the signature, and
//! whoever changes anything else changes the digest. 16 bytes leave 2¹²⁸ tries to find another document that fits a given fragment. Nobody can hide the
//! fragment either: JSON-LD reads one graph from many shapes (`evidence` as an object, in another order, `@id` for `id`), but in each of them the signed IRI
//! stands at the end of some text, so a credential with our fragment anywhere but in its place is [`Binding::Broken`], never [`Binding::Absent`].

use crate::{
    canonical::{ecmascript, utf16_order},
    crypto::sha256,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Number, Value};

/// Opens the fragment, after `#` or `&`.
const MARK: &str = "b1=";
/// Characters of the digest.
const DIGEST_LENGTH: usize = 22;
/// The bytes of SHA-256 that are kept.
const KEPT: usize = 16;

/// What a credential's binding digest says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// There is none: a foreign certificate.
    Absent,
    /// It fits.
    Fits,
    /// It does not fit: values were altered.
    Broken,
}

/// Appends the digest of `document` (no proof) to `evidence[0].id` as its fragment; a fragment of ours that is already there is replaced.
///
/// A document without `evidence[0].id` has no place for it and stays as it is.
pub fn bind(document: &mut Map<String, Value>) {
    let Some(base) = evidence_id(document).map(|id| split(id).map_or(id, |(base, _)| base).to_owned()) else {
        return;
    };
    let bound = format!("{base}{}{MARK}{}", separator(&base), digest(document, &base));
    let evidence = document.get_mut("evidence").and_then(|evidence| evidence.get_mut(0));
    if let Some(id) = evidence.and_then(|first| first.get_mut("id")) {
        *id = Value::String(bound);
    }
}

/// Recomputes the digest of a credential, whose `proof` and fragment are left out.
pub fn check(document: &Map<String, Value>) -> Binding {
    match evidence_id(document).and_then(split) {
        Some((base, found)) if digest(document, base) == found => Binding::Fits,
        Some(_) => Binding::Broken,
        None if document.iter().any(|(name, value)| name != "proof" && carries(value)) => Binding::Broken,
        None => Binding::Absent,
    }
}

fn evidence_id(document: &Map<String, Value>) -> Option<&str> {
    document.get("evidence")?.get(0)?.get("id")?.as_str()
}

/// An id's part before our fragment, and the digest in it; `None` if it has no such fragment.
fn split(id: &str) -> Option<(&str, &str)> {
    let (marked, digest) = id.split_at_checked(id.len().checked_sub(DIGEST_LENGTH)?)?;
    let base = marked.strip_suffix(MARK).and_then(|rest| rest.strip_suffix(['#', '&']))?;
    let is_base64url = digest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let is_ours = is_base64url && marked.strip_prefix(base)?.starts_with(separator(base));
    is_ours.then_some((base, digest))
}

fn separator(base: &str) -> char {
    if base.contains('#') { '&' } else { '#' }
}

/// Whether any text in `value` ends in a fragment of ours.
fn carries(value: &Value) -> bool {
    match value {
        Value::String(text) => split(text).is_some(),
        Value::Array(items) => items.iter().any(carries),
        Value::Object(members) => members.values().any(carries),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// The digest of `document` with `base` for its `evidence[0].id`.
fn digest(document: &Map<String, Value>, base: &str) -> String {
    let mut form = String::with_capacity(2048);
    // A proof is about the credential, not part of it.
    let members = document.iter().filter(|(name, _)| *name != "proof");
    write_members(members, &mut form, |name, value, form| match (name, value) {
        ("evidence", Value::Array(items)) => write_evidence(items, base, form),
        _ => write(value, form),
    });
    let hash = sha256(&form);
    URL_SAFE_NO_PAD.encode(hash.get(..KEPT).unwrap_or(&hash))
}

fn write_evidence(items: &[Value], base: &str, form: &mut String) {
    write_items(items, form, |index, item, form| match (index, item) {
        (0, Value::Object(first)) => write_members(first.iter(), form, |name, value, form| match name {
            "id" => write_text(base, form),
            _ => write(value, form),
        }),
        _ => write(item, form),
    });
}

/// RFC 8785: no white space, members in the order of their UTF-16 code units, numbers and texts as JavaScript writes them.
fn write(value: &Value, form: &mut String) {
    match value {
        Value::Null => form.push_str("null"),
        Value::Bool(true) => form.push_str("true"),
        Value::Bool(false) => form.push_str("false"),
        Value::Number(number) => write_number(number, form),
        Value::String(text) => write_text(text, form),
        Value::Array(items) => write_items(items, form, |_, item, form| write(item, form)),
        Value::Object(members) => write_members(members.iter(), form, |_, value, form| write(value, form)),
    }
}

fn write_items(items: &[Value], form: &mut String, item: impl Fn(usize, &Value, &mut String)) {
    form.push('[');
    for (index, value) in items.iter().enumerate() {
        if index > 0 {
            form.push(',');
        }
        item(index, value, form);
    }
    form.push(']');
}

/// Writes an object; `member` writes a value.
fn write_members<'a>(
    members: impl Iterator<Item = (&'a String, &'a Value)>,
    form: &mut String,
    member: impl Fn(&str, &Value, &mut String),
) {
    let mut sorted: Vec<_> = members.collect();
    sorted.sort_unstable_by(|(one, _), (other, _)| utf16_order(one, other));
    form.push('{');
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            form.push(',');
        }
        write_text(name, form);
        form.push(':');
        member(name, value, form);
    }
    form.push('}');
}

fn write_number(number: &Number, form: &mut String) {
    form.push_str(&ecmascript(number.as_f64().unwrap_or_default()));
}

/// serde_json escapes what ECMAScript's `JSON.stringify` escapes, and in the same way.
fn write_text(text: &str, form: &mut String) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        form.push('"');
        form.push_str(text);
        form.push('"');
    } else {
        form.push_str(&Value::from(text).to_string());
    }
}

#[cfg(test)]
mod tests;
