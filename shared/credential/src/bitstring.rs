//! W3C's Bitstring Status List v1.0 (Recommendation of 2025): for wallets and verifiers that know the standard and nothing of DIVOC. A list has a bit for each
//! of 131,072 certificates, one credential a purpose.
//!
//! It is secured with JOSE (W3C's Securing Verifiable Credentials using JOSE and COSE, `vc+jwt`) and not with a proof inside: the standard wants the
//! vocabulary of credentials v2, for which the suites of DIVOC's proofs are not defined, while every verifier of JWTs can check this with the key set.
//!
//! Some positions of every list are never given to a certificate ([`Position::reserved`]); as many of them are set as if they had been, so a bit that is set
//! does not prove that there is a certificate. Which ones is fixed by the secret, so nothing tells them from the others by coming and going.

use crate::{CertificateId, Position, PublicKey, RevocationList, Status, VerificationMethod, jws, jws::Prepared};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compression, GzBuilder, read::MultiGzDecoder};
use serde_json::{Value, json};
use std::io::{self, Read as _, Write as _};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

pub use crate::jws::BadJws;

/// What a set bit means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Revoked or superseded: for ever.
    Revocation,
    /// Suspended for now.
    Suspension,
}

impl Purpose {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Revocation, Self::Suspension];

    /// `statusPurpose`, and the last step of the list's URL.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Revocation => "revocation",
            Self::Suspension => "suspension",
        }
    }

    fn holds(self, status: Status) -> bool {
        match status {
            Status::Revoked | Status::Superseded => self == Self::Revocation,
            Status::Suspended { .. } => self == Self::Suspension,
            Status::Valid => false,
        }
    }
}

/// Where the list lies below the service's URL.
pub fn path(list: u64, purpose: Purpose) -> String {
    format!("/status/lists/{list}/{}", purpose.as_str())
}

/// The `BitstringStatusListEntry` of a certificate: where in which list to look. `None` for an imported certificate, which has no position.
pub fn entry(base_url: &str, id: &CertificateId, purpose: Purpose) -> Option<Value> {
    let position = id.position()?;
    let url = format!("{base_url}{}", path(position.list(), purpose));
    Some(json!({
        "id": format!("{url}#{}", position.entry()),
        "type": "BitstringStatusListEntry",
        "statusPurpose": purpose.as_str(),
        "statusListIndex": position.entry().to_string(),
        "statusListCredential": url,
    }))
}

/// The bits of one list for one purpose, the first entry in the highest bit of the first byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitstring {
    list: u64,
    purpose: Purpose,
    bytes: Vec<u8>,
}

/// Bytes of a list: 16 KiB.
const LENGTH: u64 = Position::ENTRIES / 8;
/// JWS `typ`.
const TYPE: &str = "vc+jwt";
/// The longest credential that is looked at. A list of random bits has 22 KiB in base64url, 30 KiB in that of the JWS.
const MOST: usize = 64 << 10;

impl Bitstring {
    /// What `revocations` says of one list, and decoys drawn by the secret that positions are drawn by.
    pub fn of(revocations: &RevocationList, list: u64, purpose: Purpose, secret: &[u8; 32]) -> Self {
        let mut bits = Self { list, purpose, bytes: vec![0; usize::try_from(LENGTH).unwrap_or_default()] };
        let mut set = 0;
        for (position, _) in revocations.in_list(list).filter(|(_, status)| purpose.holds(*status)) {
            bits.set(position);
            set += 1;
        }
        let decoys = usize::try_from((set * Position::RESERVED).div_ceil(Position::GIVEN)).unwrap_or_default();
        let reserved = Position::reserved(list, secret);
        // From both ends: a position that is set for both purposes could be no certificate's.
        match purpose {
            Purpose::Revocation => reserved.take(decoys).for_each(|position| bits.set(position)),
            Purpose::Suspension => reserved.rev().take(decoys).for_each(|position| bits.set(position)),
        }
        bits
    }

    fn set(&mut self, position: Position) {
        let byte = usize::try_from(position.entry() / 8).ok().and_then(|at| self.bytes.get_mut(at));
        if let Some(byte) = byte {
            *byte |= 0x80 >> (position.entry() % 8);
        }
    }

    /// Whether the bit of `position` is set; `false` for a position of another list.
    pub fn is_set(&self, position: Position) -> bool {
        let byte = usize::try_from(position.entry() / 8).ok().and_then(|at| self.bytes.get(at));
        position.list() == self.list && byte.is_some_and(|byte| byte << (position.entry() % 8) & 0x80 != 0)
    }

    /// How many bits are set.
    pub fn count(&self) -> u32 {
        self.bytes.iter().map(|byte| byte.count_ones()).sum()
    }

    /// The credential, ready for one signature by the status key of `did`.
    pub fn prepare(&self, did: &str, base_url: &str, valid_from: OffsetDateTime, key: &PublicKey) -> Prepared {
        let url = format!("{base_url}{}", path(self.list, self.purpose));
        let utc = valid_from.to_offset(UtcOffset::UTC);
        let credential = json!({
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "id": url,
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": did,
            "validFrom": utc.replace_nanosecond(0).unwrap_or(utc).format(&Rfc3339).unwrap_or_default(),
            "credentialSubject": {
                "id": format!("{url}#list"),
                "type": "BitstringStatusList",
                "statusPurpose": self.purpose.as_str(),
                "encodedList": self.encoded(),
            },
        });
        Prepared::new(key, TYPE, &kid(did, key), &credential.to_string())
    }

    /// The bits in a credential that one of `methods` signed for `did` as the list of that number and purpose.
    ///
    /// # Errors
    /// When it is another list, or not signed by such a key.
    pub fn open(
        text: &str,
        did: &str,
        list: u64,
        purpose: Purpose,
        methods: &[VerificationMethod],
    ) -> Result<Self, BadBitstring> {
        let (payload, _) = jws::open(text, TYPE, MOST, methods, |key| kid(did, key))?;
        let credential: Value = serde_json::from_slice(&payload).map_err(|_| BadBitstring::Malformed("no JSON"))?;
        let says = |pointer: &str| credential.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let same = says("/issuer") == did
            && says("/id").ends_with(&path(list, purpose))
            && says("/credentialSubject/statusPurpose") == purpose.as_str();
        if !same {
            return Err(BadBitstring::OtherList);
        }
        Ok(Self { list, purpose, bytes: decoded(says("/credentialSubject/encodedList"))? })
    }

    /// `encodedList`: gzip in multibase base64url.
    fn encoded(&self) -> String {
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
        // Writing into memory does not fail.
        let zipped = gzip.write_all(&self.bytes).and_then(|()| gzip.finish()).unwrap_or_default();
        format!("u{}", URL_SAFE_NO_PAD.encode(zipped))
    }
}

/// Why a text is no status list to go by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBitstring {
    /// It is not signed by a key that was given.
    #[error(transparent)]
    Jws(#[from] BadJws),
    /// It is another issuer's, or another list.
    #[error("it is another list than the one that was asked for")]
    OtherList,
    /// It is not in the standard's form.
    #[error("it is no bitstring status list: {0}")]
    Malformed(&'static str),
}

/// The key's id in the DID document.
fn kid(did: &str, key: &PublicKey) -> String {
    format!("{did}#{}", key.thumbprint())
}

/// Unpacks no more than a list has bytes.
fn decoded(encoded: &str) -> Result<Vec<u8>, BadBitstring> {
    let zipped = encoded.strip_prefix('u').and_then(|rest| URL_SAFE_NO_PAD.decode(rest).ok());
    let zipped = zipped.ok_or(BadBitstring::Malformed("its list is no base64url"))?;
    let mut bytes = Vec::new();
    let read: io::Result<usize> = MultiGzDecoder::new(zipped.as_slice()).take(LENGTH + 1).read_to_end(&mut bytes);
    match read.map(u64::try_from) {
        Ok(Ok(LENGTH)) => Ok(bytes),
        Ok(_) => Err(BadBitstring::Malformed("its list has another length")),
        Err(_) => Err(BadBitstring::Malformed("its list does not unpack")),
    }
}

#[cfg(test)]
mod tests;
