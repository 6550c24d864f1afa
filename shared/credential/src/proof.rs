//! Proofs as DIVOC writes them: Linked Data Proofs of 2018 with a detached JWS (RFC 7797) over `SHA-256(options) ‖ SHA-256(document)`.
//!
//! [`Unsigned::prepare`] gives the bytes to sign, someone who holds a key signs them, [`Prepared::seal`] consumes itself: what was prepared is sealed once.

use crate::{
    Facts,
    canonical::{self, CanonicalError},
    crypto::sha256,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use time::{OffsetDateTime, UtcOffset};

/// `proof.proofPurpose` of every credential.
pub(crate) const PURPOSE: &str = "assertionMethod";

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
    /// All four, DIVOC's default first.
    pub const ALL: [Self; 4] = [Self::Ps256, Self::Es256, Self::Es256k, Self::Ed25519];

    /// `proof.type`.
    pub fn proof_type(self) -> &'static str {
        match self {
            Self::Ps256 => "RsaSignature2018",
            Self::Es256 => "EcdsaSecp256r1Signature2019",
            Self::Es256k => "EcdsaSecp256k1Signature2019",
            Self::Ed25519 => "Ed25519Signature2018",
        }
    }

    /// JWS `alg`.
    pub fn algorithm(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::Es256k => "ES256K",
            Self::Ed25519 => "EdDSA",
        }
    }

    /// Bytes of a raw JWS signature (RFC 7518): as long as the RSA modulus, or R‖S.
    pub fn signature_length(self) -> usize {
        match self {
            Self::Ps256 => 256,
            Self::Es256 | Self::Es256k | Self::Ed25519 => 64,
        }
    }

    /// `{"alg":…,"b64":false,"crit":["b64"]}` in base64url: DIVOC's bytes, which are signed as they stand.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Ps256 => "eyJhbGciOiJQUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19",
            Self::Es256 => "eyJhbGciOiJFUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19",
            Self::Es256k => "eyJhbGciOiJFUzI1NksiLCJiNjQiOmZhbHNlLCJjcml0IjpbImI2NCJdfQ",
            Self::Ed25519 => "eyJhbGciOiJFZERTQSIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19",
        }
    }
}

/// A credential without a proof.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsigned(pub(crate) Map<String, Value>);

/// A credential made ready for one signature.
pub struct Prepared {
    suite: Suite,
    /// The credential's JSON up to its last brace.
    open: String,
    method: String,
    created: String,
    input: Vec<u8>,
}

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
    /// A document as it stands, but without a `proof` that it may carry.
    pub fn new(mut document: Map<String, Value>) -> Self {
        document.shift_remove("proof");
        Self(document)
    }

    /// The document.
    pub fn document(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Canonicalises the document and the proof's options. `method` is `proof.verificationMethod`, an absolute IRI; `created` is cut to the second.
    ///
    /// # Errors
    /// When the document has a term that its contexts do not define, or an id that is no absolute IRI: DIVOC would sign around what it says.
    pub fn prepare(self, suite: Suite, method: &str, created: OffsetDateTime) -> Result<Prepared, CanonicalError> {
        let form = canonical::canonical_form(&self.0)?;
        if let Some(path) = form.uncovered {
            return Err(CanonicalError::Shape { path, reason: "an id that is no absolute IRI would stay unsigned" });
        }
        let created = seconds(created);
        let input = signing_input(suite, method, &created, &sha256(&form.quads))?;
        let mut open = Value::Object(self.0).to_string();
        open.pop();
        Ok(Prepared { suite, open, method: method.to_owned(), created, input })
    }
}

impl Prepared {
    /// What the key must sign: `ASCII(header) "." SHA-256(options) SHA-256(document)`, 121 bytes or (ES256K) 123.
    pub fn signing_input(&self) -> &[u8] {
        &self.input
    }

    /// Closes the credential with the raw JWS signature over [`Prepared::signing_input`].
    ///
    /// # Errors
    /// When the signature is not as long as the suite's.
    pub fn seal(self, signature: &[u8]) -> Result<Signed, WrongLength> {
        let (suite, expected, found) = (self.suite, self.suite.signature_length(), signature.len());
        if found != expected {
            return Err(WrongLength { suite, expected, found });
        }
        let mut json = self.open;
        json.reserve(700);
        // DIVOC's order of members.
        json.push_str(if json.len() > 1 { ",\"proof\":{\"type\":\"" } else { "\"proof\":{\"type\":\"" });
        json.push_str(suite.proof_type());
        json.push_str("\",\"created\":\"");
        json.push_str(&self.created);
        json.push_str("\",\"verificationMethod\":");
        json.push_str(&Value::String(self.method).to_string());
        json.push_str(",\"proofPurpose\":\"assertionMethod\",\"jws\":\"");
        json.push_str(suite.header());
        json.push_str("..");
        URL_SAFE_NO_PAD.encode_string(signature, &mut json);
        json.push_str("\"}}");
        Ok(Signed(json))
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

/// The bytes under a signature, for the SHA-256 of a document's canonical form.
pub(crate) fn signing_input(
    suite: Suite,
    method: &str,
    created: &str,
    document: &[u8],
) -> Result<Vec<u8>, CanonicalError> {
    let options = sha256(&options(suite, method, created)?);
    Ok([suite.header().as_bytes(), b".", &options, document].concat())
}

/// The canonical form of the proof's options, under W3C's security v2 context: always these four quads in this order.
pub(crate) fn options(suite: Suite, method: &str, created: &str) -> Result<String, CanonicalError> {
    if !canonical::is_absolute_iri(method) {
        let path = "/proof/verificationMethod".to_owned();
        return Err(CanonicalError::Shape { path, reason: "it is no absolute IRI" });
    }
    let mut quads = String::with_capacity(512);
    quads.push_str("_:c14n0 <http://purl.org/dc/terms/created> \"");
    canonical::escape(created, &mut quads);
    quads.push_str("\"^^<http://www.w3.org/2001/XMLSchema#dateTime> .\n");
    quads.push_str("_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/security#");
    quads.push_str(suite.proof_type());
    quads.push_str("> .\n_:c14n0 <https://w3id.org/security#proofPurpose> <https://w3id.org/security#");
    quads.push_str(PURPOSE);
    quads.push_str("> .\n_:c14n0 <https://w3id.org/security#verificationMethod> <");
    quads.push_str(method);
    quads.push_str("> .\n");
    Ok(quads)
}

/// `YYYY-MM-DDThh:mm:ssZ`.
fn seconds(instant: OffsetDateTime) -> String {
    let utc = instant.to_offset(UtcOffset::UTC);
    let (year, month, day) = (utc.year(), u8::from(utc.month()), utc.day());
    let (hour, minute, second) = utc.to_hms();
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests;
