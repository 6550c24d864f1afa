//! Verification with typed reasons: what DIVOC's verifier checks, and the binding digest that it does not know.

use crate::{
    Facts, Suite, VerificationMethod,
    binding::{self, Binding},
    canonical,
    crypto::sha256,
    keys::Purpose,
    proof,
    revocations::is_status_method,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};
use std::fmt;

/// A credential whose signature holds.
pub struct Verified {
    /// What it says.
    pub facts: Facts,
    /// The suite of the proof.
    pub suite: Suite,
    /// Whether the binding digest was there and right. `false`: a foreign certificate whose values could have been swapped ([`crate::exchange`]).
    pub bound: bool,
    /// The key that signed it.
    pub method: VerificationMethod,
    /// When it was signed, as the proof says: RFC 3339, or any text under a key without limits.
    pub created: String,
    /// How many proofs it has; one holds.
    pub proofs: usize,
    /// The credential itself, proof included. Personal data.
    pub document: Map<String, Value>,
}

/// Why a credential is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not JSON, or not an object with one proof.
    #[error("not a signed credential: {0}")]
    Malformed(Flaw),
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
    /// None of the given keys for certificates has the proof's verification method and suite.
    #[error("no known key matches the proof's verification method")]
    UnknownKey,
    /// The key that signed is known to be in other hands too. It may have been signed by its owner: a certificate signed anew has another key's proof.
    #[error("the key that signed it was compromised: it needs a new signature")]
    KeyCompromised,
    /// The key that signed was not in use when the proof says it was made.
    #[error("the key that signed it was not in use at that time")]
    KeyNotValidThen,
    /// An id, the subject's, the issuer's or the evidence's, is no absolute IRI, so what is said with it is outside the signature.
    #[error(
        "part of the credential is outside the signature: the id of its subject, issuer or evidence is no absolute IRI"
    )]
    Unsigned,
    /// The signature does not fit.
    #[error("the signature does not fit the credential")]
    BadSignature,
    /// The binding digest does not fit: values were swapped.
    #[error("the credential was altered: its binding digest does not fit")]
    Altered,
}

/// What makes a text no signed credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// More than 64 KiB.
    #[error("it is too long")]
    TooLong,
    /// Not JSON, or nested deeper than any credential.
    #[error("not JSON")]
    NotJson,
    /// JSON of another kind.
    #[error("not a JSON object")]
    NotAnObject,
    /// Readers differ about which of two members of one name counts.
    #[error("a member stands twice")]
    MemberTwice,
    /// Nobody signed it.
    #[error("it has no proof")]
    NoProof,
    /// More than anyone would try.
    #[error("it has too many proofs")]
    TooManyProofs,
    /// A proof of another shape.
    #[error("a proof is no object")]
    ProofNotAnObject,
    /// What the signature says of such a member can't be known.
    #[error("the proof has a member that no suite knows")]
    ProofMember,
    /// `created` is missing.
    #[error("the proof does not say when it was made")]
    ProofTime,
}

/// The largest credential that is looked at, in bytes. A QR code holds 3 kB.
const MAX_LENGTH: usize = 64 * 1024;
/// The most proofs that are tried.
const MAX_PROOFS: usize = 4;

/// Verifies one signed credential against the keys a verifier trusts.
///
/// As with DIVOC, one of several proofs is enough, and neither `created` nor `expirationDate` is held against a clock. Unlike DIVOC, it is refused when a
/// member stands twice, when a proof has members that its suite does not sign for, and when anything of the credential stands outside the signature.
///
/// Several keys may have one name: all of them are tried, and one that may have signed is enough. Where none is, the reason is the gravest: a compromised key
/// before one that was not in use, before a signature that fits no key.
///
/// # Errors
/// The first reason not to believe it.
pub fn verify(json: &str, methods: &[VerificationMethod]) -> Result<Verified, Refusal> {
    let credential = parse(json)?;
    let Value::Object(document) = credential else { return Err(Refusal::Malformed(Flaw::NotAnObject)) };

    let read: Vec<_> = proofs(&document)?.into_iter().map(|proof| Proof::read(proof, methods)).collect();
    let proofs = read.len();
    if !read.iter().any(Result::is_ok) {
        return Err(read.into_iter().find_map(Result::err).unwrap_or(Refusal::Malformed(Flaw::NoProof)));
    }
    let form = canonical::canonical_form(&document)?;
    if form.uncovered.is_some() {
        return Err(Refusal::Unsigned);
    }
    let digest = sha256(&form.quads);
    let judged = read.into_iter().flatten().map(|proof| (proof.judge(&digest, methods), proof.created));
    let best = judged.min_by_key(|((verdict, _), _)| *verdict).ok_or(Refusal::Malformed(Flaw::NoProof))?;
    let ((verdict, method), created) = best;
    verdict.refusal().map_or(Ok(()), Err)?;
    let (method, created) = (method.ok_or(Refusal::BadSignature)?.clone(), created.to_owned());

    let bound = match binding::check(&document) {
        Binding::Fits => true,
        Binding::Absent => false,
        Binding::Broken => return Err(Refusal::Altered),
    };
    let facts = Facts::deserialize(&document).unwrap_or_default();
    Ok(Verified { facts, suite: method.key.suite(), bound, method, created, proofs, document })
}

/// A proof whose every part is in order; only the signature is still to be checked.
struct Proof<'a> {
    suite: Suite,
    created: &'a str,
    method: &'a str,
    keys: Vec<&'a VerificationMethod>,
    signature: Vec<u8>,
}

impl<'a> Proof<'a> {
    fn read(proof: &'a Map<String, Value>, methods: &'a [VerificationMethod]) -> Result<Self, Refusal> {
        // Any other member would be part of what is signed, or would not be: neither can be said without its context.
        if !proof.keys().all(|name| MEMBERS.contains(&name.as_str())) {
            return Err(Refusal::Malformed(Flaw::ProofMember));
        }
        let text = |name| proof.get(name).and_then(Value::as_str);
        let suite = Suite::ALL.into_iter().find(|suite| text("type") == Some(suite.proof_type()));
        let suite = suite.ok_or(Refusal::UnknownSuite)?;
        if text("proofPurpose") != Some(proof::PURPOSE) {
            return Err(Refusal::WrongPurpose);
        }
        let created = text("created").ok_or(Refusal::Malformed(Flaw::ProofTime))?;
        let signature = text("jws").and_then(|jws| signature(jws, suite)).ok_or(Refusal::BadJws)?;
        let method = text("verificationMethod").ok_or(Refusal::UnknownKey)?;
        // A status key signs lists, never certificates: told by its purpose, and by its name where nobody says a purpose.
        let fits = |known: &&VerificationMethod| {
            known.id == method
                && known.key.suite() == suite
                && known.purpose == Purpose::Certificates
                && !is_status_method(&known.id)
        };
        let keys: Vec<_> = methods.iter().filter(fits).collect();
        if keys.is_empty() {
            return Err(Refusal::UnknownKey);
        }
        Ok(Self { suite, created, method, keys, signature })
    }

    /// The best that any of the keys says about the signature over these options and a document with this digest. A key that is compromised under one of
    /// its names is so under all.
    fn judge(&self, digest: &[u8], methods: &[VerificationMethod]) -> (Verdict, Option<&'a VerificationMethod>) {
        let Ok(input) = proof::signing_input(self.suite, self.method, self.created, digest) else {
            return (Verdict::FitsNoKey, None);
        };
        let signed = self.keys.iter().filter(|known| known.key.verifies(&input, &self.signature));
        let verdicts = signed.map(|known| {
            let verdict = if methods.iter().any(|other| other.life.compromised.is_some() && other.key == known.key) {
                Verdict::Compromised
            } else if known.life.covers_text(self.created) {
                Verdict::Fits
            } else {
                Verdict::NotThen
            };
            (verdict, Some(*known))
        });
        verdicts.min_by_key(|(verdict, _)| *verdict).unwrap_or((Verdict::FitsNoKey, None))
    }
}

/// What became of a proof, the best first; among those that are refused, the gravest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Fits,
    Compromised,
    NotThen,
    FitsNoKey,
}

impl Verdict {
    fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Fits => None,
            Self::Compromised => Some(Refusal::KeyCompromised),
            Self::NotThen => Some(Refusal::KeyNotValidThen),
            Self::FitsNoKey => Some(Refusal::BadSignature),
        }
    }
}

const MEMBERS: [&str; 5] = ["type", "created", "verificationMethod", "proofPurpose", "jws"];

/// The raw signature of a detached JWS whose header is exactly the suite's.
fn signature(jws: &str, suite: Suite) -> Option<Vec<u8>> {
    let encoded = jws.strip_prefix(suite.header())?.strip_prefix("..")?;
    URL_SAFE_NO_PAD.decode(encoded).ok().filter(|signature| signature.len() == suite.signature_length())
}

fn proofs(document: &Map<String, Value>) -> Result<Vec<&Map<String, Value>>, Refusal> {
    let proofs = document.get("proof").ok_or(Refusal::Malformed(Flaw::NoProof))?;
    let proofs = proofs.as_array().map_or(std::slice::from_ref(proofs), Vec::as_slice);
    if proofs.len() > MAX_PROOFS {
        return Err(Refusal::Malformed(Flaw::TooManyProofs));
    }
    proofs.iter().map(|proof| proof.as_object().ok_or(Refusal::Malformed(Flaw::ProofNotAnObject))).collect()
}

fn parse(json: &str) -> Result<Value, Refusal> {
    if json.len() > MAX_LENGTH {
        return Err(Refusal::Malformed(Flaw::TooLong));
    }
    // The only rule beside JSON's own is that of the members.
    let reason = |error: serde_json::Error| if error.is_data() { Flaw::MemberTwice } else { Flaw::NotJson };
    serde_json::from_str::<Unambiguous>(json).map(|read| read.0).map_err(|error| Refusal::Malformed(reason(error)))
}

/// JSON in which no object has two members of one name: readers differ about which of them counts, so what was verified might not be what is shown.
struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("JSON without members of the same name")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Unambiguous(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Unambiguous(value))) = members.next_entry::<String, _>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests;
