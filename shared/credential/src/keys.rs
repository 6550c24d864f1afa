//! Public keys: PEM, JWK, thumbprint (RFC 7638), their names and lives, and the documents that tell verifiers of them.
//!
//! Only the four kinds that DIVOC and its successors use are taken, each in the one DER form that RFC 5280 and its companions give it, so a key is told by
//! its first bytes and no general ASN.1 reader is needed.

use crate::{Suite, crypto};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value};

mod documents;
mod life;

pub use documents::{NotADidDocument, did_document, from_did_document, key_set, pem_list};
pub use life::{Life, Origin, Purpose, VerificationMethod};

/// A public key together with the suite it verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    suite: Suite,
    /// The whole `SubjectPublicKeyInfo`.
    spki: Vec<u8>,
    /// The members of a JWK that a thumbprint is made of, in its order.
    parts: Vec<(&'static str, String)>,
}

/// A text that is no usable public key.
#[derive(Debug, thiserror::Error)]
#[error("not a usable public key: {0}")]
pub struct NotAKey(pub &'static str);

impl PublicKey {
    /// From a `SubjectPublicKeyInfo` in DER: RSA-2048 (e = 65537), P-256, secp256k1 or Ed25519.
    ///
    /// # Errors
    /// Any other key.
    pub fn from_der(spki: &[u8]) -> Result<Self, NotAKey> {
        let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (suite, parts) = match Form::of(spki)? {
            Form::Rsa(n) => (Suite::Ps256, vec![("e", "AQAB".to_owned()), ("kty", "RSA".to_owned()), ("n", part(n))]),
            Form::P256(x, y) => (Suite::Es256, curve("P-256", "EC", [("x", part(x)), ("y", part(y))])),
            Form::P256k1(x, y) => (Suite::Es256k, curve("secp256k1", "EC", [("x", part(x)), ("y", part(y))])),
            Form::Ed25519(x) => (Suite::Ed25519, curve("Ed25519", "OKP", [("x", part(x))])),
        };
        if !crypto::is_key(suite, spki) {
            return Err(NotAKey("its numbers are no key, such as a point beside the curve"));
        }
        Ok(Self { suite, spki: spki.to_vec(), parts })
    }

    /// From the same in PEM.
    ///
    /// # Errors
    /// Any other text.
    pub fn from_pem(pem: &str) -> Result<Self, NotAKey> {
        // Text outside the block is explanatory (RFC 7468 § 2); of several blocks the first counts.
        let body = pem
            .split_once("-----BEGIN PUBLIC KEY-----")
            .and_then(|(_, rest)| rest.split_once("-----END PUBLIC KEY-----"));
        let (body, _) = body.ok_or(NotAKey("no PUBLIC KEY in PEM"))?;
        let body: String = body.split_ascii_whitespace().collect();
        let der = STANDARD.decode(body).map_err(|_| NotAKey("the PEM's base64 is broken"))?;
        Self::from_der(&der)
    }

    /// From a JSON Web Key of one of the four kinds; members that say nothing of the key itself are not looked at.
    ///
    /// # Errors
    /// Any other value.
    pub fn from_jwk(jwk: &Value) -> Result<Self, NotAKey> {
        let text = |name| jwk.get(name).and_then(Value::as_str);
        let number = |name, length: usize| {
            let bytes = text(name).and_then(|digits| URL_SAFE_NO_PAD.decode(digits).ok());
            bytes.filter(|bytes| bytes.len() == length).ok_or(NotAKey("a number of the JWK is not as long as its kind"))
        };
        let spki = match (text("kty"), text("crv")) {
            (Some("RSA"), _) if text("e") == Some("AQAB") => [RSA_2048, &number("n", 256)?, RSA_65537].concat(),
            (Some("EC"), Some("P-256")) => [P256, &number("x", 32)?, &number("y", 32)?].concat(),
            (Some("EC"), Some("secp256k1")) => [P256K1, &number("x", 32)?, &number("y", 32)?].concat(),
            (Some("OKP"), Some("Ed25519")) => [ED25519_KEY, &number("x", 32)?].concat(),
            _ => return Err(NotAKey("the JWK is neither RSA with e = 65537, P-256, secp256k1 nor Ed25519")),
        };
        Self::from_der(&spki)
    }

    /// `SubjectPublicKeyInfo` in PEM, lines of 64 characters.
    pub fn to_pem(&self) -> String {
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        let body = STANDARD.encode(&self.spki);
        let mut rest = body.as_str();
        while !rest.is_empty() {
            let (line, after) = rest.split_at_checked(64).unwrap_or((rest, ""));
            pem.push_str(line);
            pem.push('\n');
            rest = after;
        }
        pem.push_str("-----END PUBLIC KEY-----\n");
        pem
    }

    /// `SubjectPublicKeyInfo` in DER.
    pub fn to_der(&self) -> &[u8] {
        &self.spki
    }

    /// What it verifies.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The public JSON Web Key (RFC 7517, 7518, 8037, 8812) with `alg`, `use` and its thumbprint as `kid`.
    pub fn jwk(&self) -> Value {
        let mut jwk: Map<String, Value> =
            self.parts.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
        jwk.insert("alg".to_owned(), self.suite.algorithm().into());
        jwk.insert("use".to_owned(), "sig".into());
        jwk.insert("kid".to_owned(), self.thumbprint().into());
        Value::Object(jwk)
    }

    /// RFC 7638 thumbprint, base64url.
    pub fn thumbprint(&self) -> String {
        let members: Vec<_> = self.parts.iter().map(|(name, value)| format!("\"{name}\":\"{value}\"")).collect();
        URL_SAFE_NO_PAD.encode(crypto::sha256(format!("{{{}}}", members.join(","))))
    }

    /// Whether `signature` (raw JWS form) over `message` is this key's.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        crypto::verifies(self.suite, &self.spki, message, signature)
    }
}

/// R‖S of an ECDSA signature in DER (`ECDSA-Sig-Value`, RFC 3279) over a curve of 256 bits: what a key management service answers, as JWS wants it.
pub fn raw_ecdsa(der: &[u8]) -> Option<[u8; 64]> {
    let (body, []) = tagged(0x30, der)? else { return None };
    let (r, rest) = tagged(0x02, body)?;
    let (s, []) = tagged(0x02, rest)? else { return None };
    [unsigned_32(r)?, unsigned_32(s)?].concat().try_into().ok()
}

/// One DER value with this tag and a length below 128, and what follows it.
fn tagged(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let [found, length @ 0..=127, rest @ ..] = der else { return None };
    rest.split_at_checked(usize::from(*length)).filter(|_| *found == tag)
}

/// A positive DER integer, filled up to 32 bytes.
fn unsigned_32(integer: &[u8]) -> Option<[u8; 32]> {
    let digits = match integer {
        [0, rest @ ..] if is_large(rest) => rest,
        [1..=0x7F, ..] => integer,
        // Zero, negative numbers and needless zeros in front.
        _ => return None,
    };
    let padding = vec![0; 32_usize.checked_sub(digits.len())?];
    [padding.as_slice(), digits].concat().try_into().ok()
}

/// Whether the first bit is set: such a number needs a zero before it in DER.
fn is_large(number: &[u8]) -> bool {
    number.first().is_some_and(|first| *first >= 0x80)
}

fn curve<const N: usize>(
    name: &str,
    kind: &str,
    coordinates: [(&'static str, String); N],
) -> Vec<(&'static str, String)> {
    [("crv", name.to_owned()), ("kty", kind.to_owned())].into_iter().chain(coordinates).collect()
}

/// A key's numbers, big-endian.
enum Form<'k> {
    Rsa(&'k [u8]),
    P256(&'k [u8], &'k [u8]),
    P256k1(&'k [u8], &'k [u8]),
    Ed25519(&'k [u8]),
}

/// `rsaEncryption` with NULL, a modulus of exactly 2048 bits (its first bit is set, hence the zero before it).
const RSA_2048: &[u8] =
    b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00\
      \x30\x82\x01\x0a\x02\x82\x01\x01\x00";
/// The exponent 65537 behind it.
const RSA_65537: &[u8] = b"\x02\x03\x01\x00\x01";
/// `id-ecPublicKey` on `prime256v1`, an uncompressed point.
const P256: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04";
/// `id-ecPublicKey` on `secp256k1`, an uncompressed point.
const P256K1: &[u8] =
    b"\x30\x56\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x0a\x03\x42\x00\x04";
/// `id-Ed25519`.
const ED25519_KEY: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

impl<'k> Form<'k> {
    fn of(spki: &'k [u8]) -> Result<Self, NotAKey> {
        let point = |start| spki.strip_prefix(start).filter(|point| point.len() == 64)?.split_at_checked(32);
        if let Some((x, y)) = point(P256) {
            return Ok(Self::P256(x, y));
        }
        if let Some((x, y)) = point(P256K1) {
            return Ok(Self::P256k1(x, y));
        }
        if let Some(key) = spki.strip_prefix(ED25519_KEY).filter(|key| key.len() == 32) {
            return Ok(Self::Ed25519(key));
        }
        let modulus = spki.strip_prefix(RSA_2048).and_then(|rest| rest.strip_suffix(RSA_65537));
        match modulus {
            Some(n) if n.len() == 256 && is_large(n) => Ok(Self::Rsa(n)),
            _ => Err(NotAKey("neither RSA-2048 with e = 65537, P-256, secp256k1 nor Ed25519")),
        }
    }
}

#[cfg(test)]
mod tests;
