//! Compact JSON Web Signatures (RFC 7515) whose payload is ours: prepared here, signed by a key outside, sealed once. And the way back.

use crate::{PublicKey, Suite, VerificationMethod, proof::WrongLength};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

/// A payload made ready for one signature.
#[derive(Debug)]
pub struct Prepared {
    suite: Suite,
    input: String,
}

impl Prepared {
    /// `{"alg":…,"typ":…,"kid":…}` of the key's algorithm, then the payload.
    pub(crate) fn new(key: &PublicKey, media_type: &str, kid: &str, payload: &str) -> Self {
        let mut input = header(key, media_type, kid);
        input.push('.');
        URL_SAFE_NO_PAD.encode_string(payload, &mut input);
        Self { suite: key.suite(), input }
    }

    /// What the key must sign.
    pub fn signing_input(&self) -> &[u8] {
        self.input.as_bytes()
    }

    /// The compact JWS, closed with the raw signature over [`Prepared::signing_input`].
    ///
    /// # Errors
    /// When the signature is not as long as the suite's.
    pub fn seal(self, signature: &[u8]) -> Result<String, WrongLength> {
        let (suite, expected, found) = (self.suite, self.suite.signature_length(), signature.len());
        if found != expected {
            return Err(WrongLength { suite, expected, found });
        }
        let mut text = self.input;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(text)
    }
}

/// Why a JWS is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadJws {
    /// Longer than anything that is signed in good faith.
    #[error("it is too long")]
    TooLong,
    /// Not three parts in base64url.
    #[error("it is no compact JWS")]
    Malformed,
    /// The header is not that of any given key: another type, another algorithm, another key.
    #[error("no known key has its header")]
    UnknownKey,
    /// The signature does not fit.
    #[error("its signature does not fit")]
    BadSignature,
}

/// The payload of a JWS whose header is exactly what [`Prepared::new`] writes for one of `methods`, and that key. `kid` names a key. No header is ever
/// parsed: whatever an attacker writes into it is unlike all of ours.
pub(crate) fn open<'m>(
    text: &str,
    media_type: &str,
    most: usize,
    methods: &'m [VerificationMethod],
    kid: impl Fn(&PublicKey) -> String,
) -> Result<(Vec<u8>, &'m PublicKey), BadJws> {
    if text.len() > most {
        return Err(BadJws::TooLong);
    }
    let (input, signature) = text.rsplit_once('.').ok_or(BadJws::Malformed)?;
    let (found, payload) = input.split_once('.').ok_or(BadJws::Malformed)?;
    // Of a compromised key nothing is believed; whoever trusts it no more gets lists by another.
    let known = methods.iter().filter(|method| method.life.compromised.is_none()).map(|method| &method.key);
    let key = known.into_iter().find(|key| header(key, media_type, &kid(key)) == found).ok_or(BadJws::UnknownKey)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| BadJws::Malformed)?;
    if !key.verifies(input.as_bytes(), &signature) {
        return Err(BadJws::BadSignature);
    }
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| BadJws::Malformed)?;
    Ok((payload, key))
}

fn header(key: &PublicKey, media_type: &str, kid: &str) -> String {
    URL_SAFE_NO_PAD.encode(json!({ "alg": key.suite().algorithm(), "typ": media_type, "kid": kid }).to_string())
}

#[cfg(test)]
pub(crate) mod tests;
