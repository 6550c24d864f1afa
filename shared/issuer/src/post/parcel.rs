//! A parcel: one thing to be told to one receiver, and how far telling it came.

use crate::{
    auth::{contact_hash, derived_secret},
    config::Channel,
    ports::{Certificate, Drawer, Sheet},
};
use anyhow::{Context, Result, anyhow};
use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use base64::{Engine, prelude::BASE64_STANDARD};
use credential::{BeneficiaryCode, CertificateId, Contact, Dose};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// What is kept of it. Personal data: the beneficiary's code; the contact is sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Parcel {
    pub(super) to: To,
    certificate: String,
    beneficiary: String,
    /// `vaccination` or `test`.
    pub(super) kind: String,
    /// The dose; a test has none.
    pub(super) dose: Option<u8>,
    pub(super) event: Event,
    /// When the certificate was stored, in milliseconds of Unix time.
    at: i64,
    /// How often it was tried in vain.
    pub(super) tries: u32,
    /// When it is tried again, in milliseconds of Unix time.
    pub(super) not_before: i64,
    /// What came of the last try: a short code of our own.
    pub(super) reason: Option<String>,
}

/// What happened to the certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Event {
    Created,
    Corrected,
}

impl Event {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Corrected => "corrected",
        }
    }
}

/// Whom it is for.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum To {
    /// The vaccinating system.
    Acknowledgement,
    /// The person, at one of their contacts.
    Citizen { channel: Channel, contact: Sealed },
}

impl To {
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Acknowledgement => "acknowledgement",
            Self::Citizen { channel, .. } => channel.as_str(),
        }
    }
}

impl Parcel {
    pub(super) fn new(certificate: &Certificate, event: Event, to: To, at: OffsetDateTime) -> Self {
        let occasion = certificate.slot.occasion;
        Self {
            to,
            certificate: certificate.issuance.certificate_id.as_str().to_owned(),
            beneficiary: certificate.slot.beneficiary.as_str().to_owned(),
            kind: occasion.kind().as_str().to_owned(),
            dose: occasion.dose().map(Dose::number),
            event,
            at: milliseconds(at),
            tries: 0,
            not_before: 0,
            reason: None,
        }
    }

    /// The sheet that it begins as. Names are in order of time; two receivers of one certificate have two.
    pub(super) fn first_sheet(&self, shard: &str) -> Result<Sheet> {
        let receiver = match &self.to {
            To::Acknowledgement => "ack".to_owned(),
            To::Citizen { contact, .. } => contact.tag.clone(),
        };
        let name = format!("{:013}-{}-{receiver}", self.at, self.certificate);
        Ok(Sheet::new(Drawer::Parcels, shard, name, self.text()?))
    }

    pub(super) fn parse(sheet: &Sheet) -> Result<Self> {
        serde_json::from_str(&sheet.text).map_err(|_| anyhow!("a parcel that is none"))
    }

    pub(super) fn text(&self) -> Result<String> {
        serde_json::to_string(self).context("writing a parcel")
    }

    pub(super) fn certificate(&self) -> Result<CertificateId> {
        CertificateId::parse(&self.certificate).context("a parcel without certificate")
    }

    pub(super) fn beneficiary(&self) -> Result<BeneficiaryCode> {
        BeneficiaryCode::parse(&self.beneficiary).context("a parcel of nobody")
    }

    /// Parcels with the same line are told one after the other: of one beneficiary, to one receiver.
    pub(super) fn line(&self) -> String {
        let receiver = match &self.to {
            To::Acknowledgement => "",
            To::Citizen { contact, .. } => contact.tag.as_str(),
        };
        format!("{receiver}#{}", self.beneficiary)
    }

    /// The same after one more try in vain.
    pub(super) fn tried(&self, reason: &str, not_before: OffsetDateTime) -> Self {
        let not_before = milliseconds(not_before);
        Self { tries: self.tries + 1, not_before, reason: Some(reason.to_owned()), ..self.clone() }
    }

    /// The same as if it had never been tried.
    pub(super) fn untried(self) -> Self {
        Self { tries: 0, not_before: 0, reason: None, ..self }
    }

    /// When the certificate was stored.
    pub(super) fn at(&self) -> OffsetDateTime {
        instant(self.at)
    }
}

/// The instant at so many milliseconds of Unix time.
pub(crate) fn instant(milliseconds: i64) -> OffsetDateTime {
    let nanoseconds = i128::from(milliseconds) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanoseconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// Milliseconds of Unix time.
pub(crate) fn milliseconds(instant: OffsetDateTime) -> i64 {
    i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// Seals contacts, so that the table holds none in clear.
pub(super) struct SealingKey {
    key: RandomizedNonceKey,
    tags: [u8; 32],
}

/// A contact that only a [`SealingKey`] opens.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Sealed {
    /// A keyed hash, so that a receiver's parcels are known from each other's.
    tag: String,
    nonce: String,
    bytes: String,
}

impl SealingKey {
    pub(super) fn new(pepper: &[u8; 32]) -> Result<Self> {
        let key = derived_secret(pepper, b"contacts in parcels, version 1");
        let key = RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|_| anyhow!("a key of another length"))?;
        Ok(Self { key, tags: derived_secret(pepper, b"tags of contacts in parcels, version 1") })
    }

    pub(super) fn seal(&self, contact: &Contact) -> Result<Sealed> {
        let tag: String = contact_hash(&self.tags, contact).chars().take(16).collect();
        let mut bytes = contact.normal_form().into_bytes();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(tag.as_bytes()), &mut bytes)
            .map_err(|_| anyhow!("a contact cannot be sealed"))?;
        Ok(Sealed { tag, nonce: BASE64_STANDARD.encode(nonce.as_ref()), bytes: BASE64_STANDARD.encode(bytes) })
    }

    /// The contact; `None` if it was sealed with another key, or altered.
    pub(super) fn open(&self, sealed: &Sealed) -> Option<Contact> {
        let nonce = BASE64_STANDARD.decode(&sealed.nonce).ok()?;
        let nonce = Nonce::try_assume_unique_for_key(&nonce).ok()?;
        let mut bytes = BASE64_STANDARD.decode(&sealed.bytes).ok()?;
        let opened = self.key.open_in_place(nonce, Aad::from(sealed.tag.as_bytes()), &mut bytes).ok()?;
        let (kind, value) = std::str::from_utf8(opened).ok()?.split_once(':')?;
        match kind {
            "tel" => Some(Contact::Telephone(value.to_owned())),
            "email" => Some(Contact::Email(value.to_owned())),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_contact_is_opened_by_its_key_alone() {
        let key = SealingKey::new(&[7; 32]).unwrap();
        for contact in [Contact::Telephone("919000000001".into()), Contact::Email("nobody@example.org".into())] {
            let sealed = key.seal(&contact).unwrap();
            assert_eq!(key.open(&sealed), Some(contact.clone()));
            assert!(SealingKey::new(&[8; 32]).unwrap().open(&sealed).is_none());
            let other = Sealed { tag: "another".into(), ..sealed.clone() };
            assert!(key.open(&other).is_none());
            // One contact has one tag and another seal each time.
            let again = key.seal(&contact).unwrap();
            assert_eq!(sealed.tag, again.tag);
            assert_ne!(sealed.bytes, again.bytes);
            assert!(!serde_json::to_string(&sealed).unwrap().contains("9000000001"));
        }
    }
}
