//! Import: certificates of a running DIVOC are taken over one by one, as its registry has them, so that what is printed stays valid and its addresses answer.
//!
//! A line of the registry's dump is one row, `VaccinationCertificate` or `TestCertificate`; a line of revocations is one of `RevokedCertificate`. Nothing is
//! signed: a certificate keeps its id, its text and its signature, and is taken only if a published key verifies it, for one that is not to be believed at a
//! border is of no use here either. The keys are those that administrators recognised ([`crate::keys::admin`]): they verify, and never sign.
//!
//! Rows may come in any order and again, while the other instance still runs: a second time changes nothing.

use crate::{
    auth::contact_hash,
    ports::{Adopted, Adoptions, Audit, AuditEvent, Certificate, Deed, Disowned},
};
use anyhow::Result;
use aws_lc_rs::digest;
use credential::{
    BeneficiaryCode, CertificateId, Contact, Dose, EventDigest, Facts, Issuance, Kind, Occasion, ProgrammeId, Refusal,
    Signed, SlotKey, Status, VerificationMethod, verify,
};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::{borrow::Cow, sync::Arc};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// Takes rows over.
pub struct Importer {
    /// Where to.
    pub adoptions: Arc<dyn Adoptions>,
    /// Whom to believe.
    pub methods: Vec<VerificationMethod>,
    /// The secret behind contact hashes.
    pub pepper: [u8; 32],
    /// Digits before telephone numbers without country code.
    pub calling_code: String,
    /// Who takes them over: what the log says.
    pub actor: String,
    /// Now, UTC.
    pub clock: fn() -> OffsetDateTime,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken over.
    Taken,
    /// It had been before.
    AlreadyThere,
    /// It was not, and why; nothing of a person.
    Refused(Cow<'static, str>),
}

impl Importer {
    /// Takes one certificate over.
    ///
    /// # Errors
    /// When the records do not answer: the same row again.
    pub async fn certificate(&self, row: &str) -> Result<Outcome> {
        let (certificate, key) = match self.read(row) {
            Ok(read) => read,
            Err(why) => return Ok(Outcome::Refused(why)),
        };
        let digest = unrepeatable(&certificate.signed);
        let deed = self.deed(AuditEvent::Imported);
        let certificate = Certificate { deeds: vec![deed.clone()], ..certificate };
        Ok(told(self.adoptions.adopt(&certificate, digest, &Audit { deed, key: Some(key) }).await?))
    }

    /// Takes over that a certificate was revoked, or replaced by another.
    ///
    /// # Errors
    /// As [`Importer::certificate`].
    pub async fn revocation(&self, row: &str) -> Result<Outcome> {
        let disowned = match disowned(row) {
            Ok(disowned) => disowned,
            Err(why) => return Ok(Outcome::Refused(why)),
        };
        let event = if disowned.status == Status::Revoked { AuditEvent::Revoked } else { AuditEvent::Superseded };
        Ok(told(self.adoptions.disown(&disowned, &Audit { deed: self.deed(event), key: None }).await?))
    }

    fn deed(&self, event: AuditEvent) -> Deed {
        Deed { event, at: (self.clock)(), actor: self.actor.clone(), reason: None }
    }

    /// The certificate of a row, and the thumbprint of the key that signed it.
    fn read(&self, row: &str) -> Result<(Certificate, String), Cow<'static, str>> {
        let row: Row = serde_json::from_str(row).map_err(|_| "the row is not one of DIVOC's registry")?;
        let signed = row.text()?;
        let verified = verify(&signed, &self.methods).map_err(refusal)?;
        let facts = verified.facts;
        let evidence = facts.evidence().ok_or("the credential names nothing")?;
        if evidence.certificate_id != row.certificate_id || facts.credential_subject.ref_id != row.pre_enrollment_code {
            return Err("the row names another certificate or person than its credential".into());
        }
        let certificate_id = foreign_id(&row.certificate_id)?;
        let occasion = occasion(&facts).ok_or("the credential names neither a dose nor a sample")?;
        let slot = SlotKey {
            programme: ProgrammeId::parse(row.program_id.as_deref().unwrap_or_default()).ok_or("no programme")?,
            beneficiary: BeneficiaryCode::parse(&row.pre_enrollment_code).ok_or(NO_CODE)?,
            occasion,
        };
        let issued_at = instant(&facts.issuance_date).ok_or("the credential does not say when it was issued")?;
        let certificate = Certificate {
            issuance: Issuance { certificate_id, issued_at, kind: slot.occasion.kind() },
            slot,
            signed: Signed::from_stored(signed),
            contacts: self.contacts(&row),
            status: Status::Valid,
            successor: None,
            predecessor: row.predecessor(),
            deeds: Vec::new(),
        };
        Ok((certificate, verified.method.key.thumbprint()))
    }

    /// Those that can be read: DIVOC took any text, and a certificate is not refused for it.
    fn contacts(&self, row: &Row) -> Vec<String> {
        let listed = opened(&row.contact);
        let entries = listed.as_array().into_iter().flatten().chain([&row.mobile]);
        let hashes = entries
            .filter_map(|entry| Contact::parse(entry.as_str()?, &self.calling_code))
            .map(|contact| contact_hash(&self.pepper, &contact));
        hashes.fold(Vec::new(), |mut kept, hash| {
            if !kept.contains(&hash) {
                kept.push(hash);
            }
            kept
        })
    }
}

fn told(adopted: Adopted) -> Outcome {
    match adopted {
        Adopted::Stored => Outcome::Taken,
        Adopted::AlreadyThere => Outcome::AlreadyThere,
        Adopted::Contradicts => Outcome::Refused("another certificate or person has that certificate's id".into()),
    }
}

/// A row of DIVOC's registry. Personal data.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    #[serde(deserialize_with = "text")]
    certificate_id: String,
    #[serde(deserialize_with = "text")]
    pre_enrollment_code: String,
    /// The signed credential: its text, or the object itself.
    certificate: Value,
    #[serde(default)]
    program_id: Option<String>,
    /// A list, or the text of one.
    #[serde(default)]
    contact: Value,
    #[serde(default)]
    mobile: Value,
    /// An object, or the text of one.
    #[serde(default)]
    meta: Value,
}

impl Row {
    /// The credential to the letter; an object is written as it stands, which its signature does not mind.
    fn text(&self) -> Result<String, Cow<'static, str>> {
        match &self.certificate {
            Value::String(text) => Ok(text.clone()),
            Value::Object(_) => Ok(self.certificate.to_string()),
            _ => Err("the row has no credential".into()),
        }
    }

    /// The certificate that this one corrected.
    fn predecessor(&self) -> Option<CertificateId> {
        opened(&self.meta).get("previousCertificateId")?.as_str().and_then(CertificateId::parse)
    }
}

/// What a text is the JSON of; any other value as it is.
fn opened(value: &Value) -> Cow<'_, Value> {
    let read = value.as_str().and_then(|text| serde_json::from_str(text).ok());
    read.map_or(Cow::Borrowed(value), Cow::Owned)
}

/// A row of `RevokedCertificate`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Revoked {
    #[serde(deserialize_with = "text")]
    pre_enrollment_code: String,
    /// The one that was taken back or replaced.
    #[serde(deserialize_with = "text")]
    previous_certificate_id: String,
    /// The one that took its place; empty if none did.
    #[serde(default)]
    certificate_id: Option<String>,
}

fn disowned(row: &str) -> Result<Disowned, Cow<'static, str>> {
    let row: Revoked = serde_json::from_str(row).map_err(|_| "the row is not one of DIVOC's revocations")?;
    let successor = row.certificate_id.filter(|id| !id.is_empty());
    let successor = successor.map(|id| CertificateId::parse(&id).ok_or(NO_ID)).transpose()?;
    Ok(Disowned {
        certificate_id: foreign_id(&row.previous_certificate_id)?,
        beneficiary: BeneficiaryCode::parse(&row.pre_enrollment_code).ok_or(NO_CODE)?,
        status: if successor.is_some() { Status::Superseded } else { Status::Revoked },
        successor,
    })
}

/// An id of DIVOC's. One in the form of ours would claim the place of another certificate in the status lists.
fn foreign_id(text: &str) -> Result<CertificateId, Cow<'static, str>> {
    let id = CertificateId::parse(text).ok_or(NO_ID)?;
    if id.position().is_some() { Err("the certificate's id has the form of this service's own".into()) } else { Ok(id) }
}

fn occasion(facts: &Facts) -> Option<Occasion> {
    let evidence = facts.evidence()?;
    match if facts.is_test() { Kind::Test } else { Kind::Vaccination } {
        Kind::Test => instant(&evidence.sample_collection_timestamp).map(Occasion::Sample),
        Kind::Vaccination => Dose::new(evidence.dose).map(Occasion::Dose),
    }
}

/// UTC, to the millisecond.
fn instant(text: &str) -> Option<OffsetDateTime> {
    let instant = OffsetDateTime::parse(text, &Rfc3339).ok()?.checked_to_offset(UtcOffset::UTC)?;
    instant.replace_millisecond(instant.millisecond()).ok()
}

/// The event that an imported certificate was made of is not known to the letter; no event that is reported here is taken for it.
fn unrepeatable(signed: &Signed) -> EventDigest {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(b"divoc-import-1");
    hash.update(signed.as_str().as_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    EventDigest(bytes)
}

fn refusal(refusal: Refusal) -> Cow<'static, str> {
    match refusal {
        // It would name members of the credential.
        Refusal::Canonical(_) => "the credential has a term that its contexts do not define".into(),
        refusal => refusal.to_string().into(),
    }
}

/// DIVOC's registries wrote ids and codes as texts and as numbers.
fn text<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    match Value::deserialize(source)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(serde::de::Error::custom("neither a text nor a number")),
    }
}

const NO_ID: &str = "the certificate's id is none";
const NO_CODE: &str = "the beneficiary's code is none";
