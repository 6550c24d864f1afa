//! The CA's answer: the signing key's certificate, then each one that certifies the one before, the root last.

use super::der::{BOOLEAN, INTEGER, OBJECT_ID, OCTET_STRING, SEQUENCE, context, read, tagged, time};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use credential::PublicKey;
use rustls_pki_types::{CertificateDer, UnixTime};
use std::time::Duration;
use time::OffsetDateTime;
use webpki::{
    ALL_VERIFICATION_ALGS, EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, anchor_from_trusted_cert,
};

/// A chain whose every part was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    certificates: Vec<Vec<u8>>,
    expires: OffsetDateTime,
}

/// What is wrong with a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ChainFault(pub &'static str);

impl Chain {
    /// From `CERTIFICATE` blocks in PEM: see [`Chain::check`].
    ///
    /// # Errors
    /// When there is no block, one is broken, or as [`Chain::check`].
    pub fn from_pem(pem: &str, key: &PublicKey, now: OffsetDateTime) -> Result<Self, ChainFault> {
        let mut certificates = Vec::new();
        for block in pem.split("-----BEGIN CERTIFICATE-----").skip(1) {
            let body =
                block.split_once("-----END CERTIFICATE-----").ok_or(ChainFault("a CERTIFICATE block has no end"))?;
            let body: String = body.0.split_ascii_whitespace().collect();
            certificates.push(STANDARD.decode(body).map_err(|_| ChainFault("the PEM's base64 is broken"))?);
        }
        Self::check(certificates, key, now)
    }

    /// Certificates in DER. The first must certify `key` and be certified by the second, and so on in this order; the last, a CA of the country's choice, is
    /// what trust rests on: nothing here certifies it. All must be valid `now`. Extended key usages may be any: borders agree on theirs.
    ///
    /// # Errors
    /// The first thing that is not so.
    pub fn check(certificates: Vec<Vec<u8>>, key: &PublicKey, now: OffsetDateTime) -> Result<Self, ChainFault> {
        if certificates.len() > MOST {
            return Err(ChainFault("there are too many certificates"));
        }
        let [leaf, between @ .., root] = certificates.as_slice() else {
            return Err(ChainFault("it needs the key's certificate and at least the one of the CA that made it"));
        };
        let expires = valid_until(&certificates, now)?;
        let leaf = CertificateDer::from(leaf.as_slice());
        let end = EndEntityCert::try_from(&leaf).map_err(|_| ChainFault("a certificate is none of X.509 version 3"))?;
        if end.subject_public_key_info().as_ref() != key.to_der() {
            return Err(ChainFault("the first certificate is another key's"));
        }
        let is_ca = Facts::of(root).is_some_and(|facts| facts.is_ca && facts.key != key.to_der());
        let root = CertificateDer::from(root.as_slice());
        let anchor = anchor_from_trusted_cert(&root).ok().filter(|_| is_ca);
        let anchor = [anchor.ok_or(ChainFault("the last certificate is not one of a CA"))?];
        let intermediate: Vec<CertificateDer> = between.iter().map(|one| one.as_slice().into()).collect();
        let at = u64::try_from(now.unix_timestamp()).unwrap_or_default();
        let at = UnixTime::since_unix_epoch(Duration::from_secs(at));
        let path = end.verify_for_usage(ALL_VERIFICATION_ALGS, &anchor, &intermediate, at, AnyUsage, None, None);
        let path = path.map_err(|_| ChainFault("a certificate is not certified by the one after it"))?;
        if !path.intermediate_certificates().map(webpki::Cert::der).eq(intermediate.iter().cloned()) {
            return Err(ChainFault("the certificates are not in order, or some are not needed"));
        }
        Ok(Self { certificates, expires })
    }

    /// The certificates in DER, the key's own first.
    pub fn certificates(&self) -> &[Vec<u8>] {
        &self.certificates
    }

    /// Until when all of them are valid.
    pub fn expires(&self) -> OffsetDateTime {
        self.expires
    }
}

/// Until when all of them are valid, if they are `now`.
fn valid_until(certificates: &[Vec<u8>], now: OffsetDateTime) -> Result<OffsetDateTime, ChainFault> {
    let mut first = None;
    for certificate in certificates {
        let Facts { from, until, .. } =
            Facts::of(certificate).ok_or(ChainFault("a certificate is none of X.509 version 3"))?;
        if now < from {
            return Err(ChainFault("a certificate is not valid yet"));
        }
        if until < now {
            return Err(ChainFault("a certificate has expired"));
        }
        first = first.into_iter().chain([until]).min();
    }
    first.ok_or(ChainFault("there is no certificate"))
}

/// When the first of these certificates expires; `None` if there is none, or one that can't be read.
pub fn expiry(certificates: &[Vec<u8>]) -> Option<OffsetDateTime> {
    let times = certificates.iter().map(|certificate| Some(Facts::of(certificate)?.until));
    times.collect::<Option<Vec<_>>>()?.into_iter().min()
}

/// Any purpose, or none.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, mut purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        purposes.try_for_each(|purpose| purpose.map(|_| ()))
    }
}

/// What a certificate says of itself, checked or not.
struct Facts<'c> {
    from: OffsetDateTime,
    until: OffsetDateTime,
    /// `SubjectPublicKeyInfo`.
    key: &'c [u8],
    is_ca: bool,
}

impl<'c> Facts<'c> {
    /// The members of `TBSCertificate` in the order of RFC 5280 § 4.1.
    fn of(certificate: &'c [u8]) -> Option<Self> {
        let (certificate, []) = tagged(SEQUENCE, certificate)? else { return None };
        let (body, _) = tagged(SEQUENCE, certificate)?;
        let (_version, rest) = tagged(context(0), body)?;
        let (_serial, rest) = tagged(INTEGER, rest)?;
        let (_algorithm, rest) = tagged(SEQUENCE, rest)?;
        let (_issuer, rest) = tagged(SEQUENCE, rest)?;
        let (validity, rest) = tagged(SEQUENCE, rest)?;
        let (from, validity) = time(validity)?;
        let (until, []) = time(validity)? else { return None };
        let (_subject, key) = tagged(SEQUENCE, rest)?;
        let (_, mut rest) = tagged(SEQUENCE, key)?;
        let key = key.get(..key.len().checked_sub(rest.len())?)?;
        let mut is_ca = false;
        while let Some((tag, content, after)) = read(rest) {
            is_ca |= tag == context(3) && says_ca(content)?;
            rest = after;
        }
        Some(Self { from, until, key, is_ca })
    }
}

/// Whether the extensions hold basic constraints that say so (RFC 5280 § 4.2.1.9).
fn says_ca(extensions: &[u8]) -> Option<bool> {
    let (mut extensions, _) = tagged(SEQUENCE, extensions)?;
    while let Some((extension, rest)) = tagged(SEQUENCE, extensions) {
        let (id, value) = tagged(OBJECT_ID, extension)?;
        if id == BASIC_CONSTRAINTS {
            let value = tagged(BOOLEAN, value).map_or(value, |(_critical, value)| value);
            let (constraints, _) = tagged(SEQUENCE, tagged(OCTET_STRING, value)?.0)?;
            return Some(tagged(BOOLEAN, constraints).is_some_and(|(is_ca, _)| is_ca == [0xFF]));
        }
        extensions = rest;
    }
    Some(false)
}

/// 2.5.29.19
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 0x13];
/// The most certificates of a chain. Two or three are usual.
const MOST: usize = 6;

#[cfg(test)]
mod tests;
