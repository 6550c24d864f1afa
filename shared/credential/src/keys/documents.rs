//! What verifiers are given: DID document, key set, PEM. And back: the keys of a DID document.
//!
//! The DID document lists every key with its life. Key set and PEM are for verifiers who look at keys alone: a key whose marks must not be overlooked, one
//! that was compromised or signs no certificates, is not in them.

use super::{Life, Origin, PublicKey, Purpose, VerificationMethod};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// The DID document (W3C DID Core) that lists `methods`, the current one first.
///
/// Proofs may name several keys alike (DIVOC's name is the DID itself), ids in a DID document may not: they are `{did}#{thumbprint}`, and
/// `proofVerificationMethod` lists the names that proofs use. A key that is given twice is one entry, which lives as long as any of the two.
///
/// `validFrom` and `validUntil` (schema.org's terms) limit the times at which the key signs. Not `expires` of W3C's Controlled Identifiers: from that instant
/// on nothing that the key ever signed may be verified, and a country's certificates outlive its keys. A compromised key has `revoked` of the same
/// specification, which says exactly that, and stands outside `assertionMethod`, as foreign keys do: they assert nothing in this DID's name.
pub fn did_document(did: &str, methods: &[VerificationMethod]) -> Value {
    let listed = merged(methods);
    let entries: Vec<Value> = listed.iter().map(|listed| listed.entry(did)).collect();
    let assert = listed
        .iter()
        .filter(|listed| listed.method.life.compromised.is_none() && listed.method.origin == Origin::Own)
        .map(|listed| listed.id(did));
    json!({
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/suites/jws-2020/v1",
            {
                "publicKeyPem": "https://w3id.org/security#publicKeyPem",
                "proofVerificationMethod": "https://w3id.org/security#verificationMethod",
                "revoked": { "@id": "https://w3id.org/security#revoked", "@type": DATE_TIME },
                "validFrom": { "@id": "https://schema.org/validFrom", "@type": DATE_TIME },
                "validUntil": { "@id": "https://schema.org/validThrough", "@type": DATE_TIME },
                "signs": "urn:divoc:terms:signs",
                "origin": "urn:divoc:terms:origin"
            }
        ],
        "id": did,
        "assertionMethod": assert.collect::<Vec<_>>(),
        "verificationMethod": entries,
    })
}

/// The JSON Web Key Set (RFC 7517) of the certificates' keys that are believed, each once.
///
/// `nbf` and `exp` limit the times at which the key signs: seconds since 1970, as in OpenID Federation's historical keys. `x5c` holds its certificates.
pub fn key_set(methods: &[VerificationMethod]) -> Value {
    let keys: Vec<Value> = merged(methods).iter().filter(|listed| listed.is_plain()).map(Listed::jwk).collect();
    json!({ "keys": keys })
}

/// The same keys in PEM, each after a line about it. Text before a block is explanatory and skipped by readers (RFC 7468 § 2).
pub fn pem_list(methods: &[VerificationMethod]) -> String {
    let mut text = String::new();
    for listed in merged(methods).iter().filter(|listed| listed.is_plain()) {
        let VerificationMethod { key, life, .. } = &listed.method;
        let suite = key.suite();
        let _ = write!(text, "{} {} ({})", listed.names.join(" "), suite.proof_type(), suite.algorithm());
        for (word, limit) in [("from", life.from), ("until", life.until)] {
            if let Some(limit) = limit {
                let _ = write!(text, " {word} {}", stamp(limit));
            }
        }
        let _ = writeln!(text, "\n{}", key.to_pem());
    }
    text
}

/// The keys in a DID document, under every name that proofs may give them: those of `proofVerificationMethod`, or else the entry's own id.
///
/// Takes our documents and other parties': keys as `publicKeyPem` or `publicKeyJwk`. A kind of key that no suite has is left out; `expires` counts as the
/// end of the time at which the key signs.
///
/// # Errors
/// When the text is too long, no DID document, has a member that does not say what it must, or no key at all that a suite could use.
pub fn from_did_document(text: &str) -> Result<Vec<VerificationMethod>, NotADidDocument> {
    if text.len() > MOST_BYTES {
        return Err(NotADidDocument("it is too long"));
    }
    let document: Value = serde_json::from_str(text).map_err(|_| NotADidDocument("it is not JSON"))?;
    let did = document.get("id").and_then(Value::as_str);
    let did = did.filter(|did| did.starts_with("did:")).ok_or(NotADidDocument("its id is no DID"))?;
    let entries = document.get("verificationMethod").and_then(Value::as_array);
    let entries = entries.ok_or(NotADidDocument("it has no list verificationMethod"))?;
    if entries.len() > MOST_ENTRIES {
        return Err(NotADidDocument("it has too many keys"));
    }
    let mut methods = Vec::new();
    for entry in entries {
        let entry = entry.as_object().ok_or(NotADidDocument("a verification method is no object"))?;
        methods.extend(read_entry(did, entry)?);
    }
    if methods.is_empty() { Err(NotADidDocument("it has no key that a suite could use")) } else { Ok(methods) }
}

/// A text that is no usable DID document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a usable DID document: {0}")]
pub struct NotADidDocument(pub &'static str);

/// The longest document that is read, in bytes, the most entries and the most names of one. A key with its CA's certificates has about 8 kB.
const MOST_BYTES: usize = 1024 * 1024;
const MOST_ENTRIES: usize = 100;
const MOST_NAMES: usize = 16;
const DATE_TIME: &str = "http://www.w3.org/2001/XMLSchema#dateTime";

/// One key as it is published: once, under all its names.
struct Listed {
    /// The names that proofs use.
    names: Vec<String>,
    /// The key and all else that is said of it.
    method: VerificationMethod,
}

impl Listed {
    fn id(&self, did: &str) -> String {
        format!("{did}#{}", self.method.key.thumbprint())
    }

    /// Whether someone who overlooks every mark may believe it for certificates.
    fn is_plain(&self) -> bool {
        self.method.life.compromised.is_none() && self.method.purpose == Purpose::Certificates
    }

    fn jwk(&self) -> Value {
        let mut jwk = self.bare_jwk();
        if let Some(members) = jwk.as_object_mut() {
            let Life { from, until, .. } = self.method.life;
            members.extend(from.map(|from| ("nbf".to_owned(), from.unix_timestamp().into())));
            members.extend(until.map(|until| ("exp".to_owned(), until.unix_timestamp().into())));
        }
        jwk
    }

    fn bare_jwk(&self) -> Value {
        let mut jwk = self.method.key.jwk();
        if let (Some(members), false) = (jwk.as_object_mut(), self.method.chain.is_empty()) {
            let chain: Vec<String> = self.method.chain.iter().map(|certificate| STANDARD.encode(certificate)).collect();
            members.insert("x5c".to_owned(), chain.into());
        }
        jwk
    }

    fn entry(&self, did: &str) -> Value {
        let VerificationMethod { key, life, purpose, origin, .. } = &self.method;
        let mut entry = json!({
            "id": self.id(did),
            "type": "JsonWebKey2020",
            "controller": did,
            "publicKeyJwk": self.bare_jwk(),
            "publicKeyPem": key.to_pem(),
            "proofVerificationMethod": self.names,
            "signs": purpose.as_str(),
            "origin": origin.as_str(),
        });
        let times = [("validFrom", life.from), ("validUntil", life.until), ("revoked", life.compromised)];
        if let Some(members) = entry.as_object_mut() {
            members.extend(
                times.into_iter().filter_map(|(name, time)| Some((name.to_owned(), Value::from(stamp(time?))))),
            );
        }
        entry
    }
}

/// Each key once for each purpose, in order. Its life is the union of its lives, for any of its names is believed; a compromise is the key's under all of them.
fn merged(methods: &[VerificationMethod]) -> Vec<Listed> {
    let mut all: Vec<Listed> = Vec::with_capacity(methods.len());
    for method in methods {
        let same = |listed: &&mut Listed| listed.method.key == method.key && listed.method.purpose == method.purpose;
        match all.iter_mut().find(same) {
            Some(listed) => listed.add(method),
            None => all.push(Listed { names: vec![method.id.clone()], method: method.clone() }),
        }
    }
    all
}

impl Listed {
    fn add(&mut self, other: &VerificationMethod) {
        if !self.names.contains(&other.id) {
            self.names.push(other.id.clone());
        }
        let (life, more) = (&mut self.method.life, &other.life);
        life.from = life.from.zip(more.from).map(|(one, other)| one.min(other));
        life.until = life.until.zip(more.until).map(|(one, other)| one.max(other));
        life.compromised = life.compromised.into_iter().chain(more.compromised).min();
        if other.origin == Origin::Own {
            self.method.origin = Origin::Own;
        }
        if self.method.chain.is_empty() {
            self.method.chain.clone_from(&other.chain);
        }
    }
}

/// The key of one entry, once for each of its names; nothing where no suite knows such a key.
fn read_entry(did: &str, entry: &Map<String, Value>) -> Result<Vec<VerificationMethod>, NotADidDocument> {
    let Some(key) = read_key(entry)? else { return Ok(Vec::new()) };
    let ends = [time(entry, "validUntil")?, time(entry, "expires")?];
    let life = Life {
        from: time(entry, "validFrom")?,
        until: ends.into_iter().flatten().min(),
        compromised: time(entry, "revoked")?,
    };
    let purpose = one_of(entry, "signs", Purpose::ALL, Purpose::as_str)?.unwrap_or(Purpose::Certificates);
    let origin = one_of(entry, "origin", Origin::ALL, Origin::as_str)?.unwrap_or(Origin::Own);
    let method = VerificationMethod { id: String::new(), key, life, purpose, origin, chain: chain(entry)? };
    Ok(names(did, entry)?.into_iter().map(|id| VerificationMethod { id, ..method.clone() }).collect())
}

/// What proofs call the key.
fn names(did: &str, entry: &Map<String, Value>) -> Result<Vec<String>, NotADidDocument> {
    let id = entry.get("id").and_then(Value::as_str).ok_or(NotADidDocument("a verification method has no id"))?;
    match entry.get("proofVerificationMethod") {
        // A relative DID URL (DID Core § 3.2.2).
        None if id.starts_with('#') => Ok(vec![format!("{did}{id}")]),
        None => Ok(vec![id.to_owned()]),
        Some(Value::String(name)) => Ok(vec![name.clone()]),
        Some(Value::Array(names)) if !names.is_empty() && names.len() <= MOST_NAMES => {
            let names: Option<Vec<String>> = names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
            names.ok_or(NotADidDocument("a name of a key is no text"))
        }
        Some(_) => Err(NotADidDocument("a list of a key's names is none, is empty or too long")),
    }
}

fn one_of<T: Copy, const N: usize>(
    entry: &Map<String, Value>,
    member: &str,
    all: [T; N],
    name: fn(T) -> &'static str,
) -> Result<Option<T>, NotADidDocument> {
    let Some(value) = entry.get(member) else { return Ok(None) };
    let known = all.into_iter().find(|one| value == name(*one));
    known.map(Some).ok_or(NotADidDocument("it says something unknown of a key"))
}

/// The entry's key. Written twice, it must be the same twice: other readers may take the other.
fn read_key(entry: &Map<String, Value>) -> Result<Option<PublicKey>, NotADidDocument> {
    let text = |value: &Value| value.as_str().and_then(|pem| PublicKey::from_pem(pem).ok());
    match (entry.get("publicKeyPem").map(text), entry.get("publicKeyJwk").map(|jwk| PublicKey::from_jwk(jwk).ok())) {
        (Some(one), Some(other)) if one != other => Err(NotADidDocument("the two forms of a key differ")),
        (Some(key), _) | (None, Some(key)) => Ok(key),
        (None, None) => Ok(None),
    }
}

fn chain(entry: &Map<String, Value>) -> Result<Vec<Vec<u8>>, NotADidDocument> {
    let Some(chain) = entry.get("publicKeyJwk").and_then(|jwk| jwk.get("x5c")) else { return Ok(Vec::new()) };
    let chain = chain.as_array().ok_or(NotADidDocument("x5c is no list"))?;
    let decoded: Option<Vec<Vec<u8>>> =
        chain.iter().map(|certificate| STANDARD.decode(certificate.as_str()?).ok()).collect();
    decoded.ok_or(NotADidDocument("x5c holds something that is not base64"))
}

/// A time that can't be read must not count as none: none is no limit.
fn time(entry: &Map<String, Value>, name: &str) -> Result<Option<OffsetDateTime>, NotADidDocument> {
    let Some(value) = entry.get(name) else { return Ok(None) };
    let time = value.as_str().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    // The last hours of the year 9999 are those of a year in UTC that can't be written.
    let time = time.and_then(|time| time.checked_to_offset(UtcOffset::UTC));
    time.map(Some).ok_or(NotADidDocument("a time is not RFC 3339"))
}

/// RFC 3339 in UTC, to the second: that is how limits are compared.
fn stamp(time: OffsetDateTime) -> String {
    let utc = time.checked_to_offset(UtcOffset::UTC).unwrap_or(time);
    // Only a year before 0 can't be written: no key signed then.
    utc.replace_nanosecond(0).unwrap_or(utc).format(&Rfc3339).unwrap_or_default()
}

#[cfg(test)]
mod tests;
