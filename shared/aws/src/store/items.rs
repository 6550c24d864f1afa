//! Items and what they say: attribute values in, the domain's types out. An item that says something else is an error without its content.

use super::{HOLDER, ISSUED, RESERVED, SINCE, STATE, keys};
use anyhow::{Context, Result};
use aws_lc_rs::digest;
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use credential::{
    BeneficiaryCode, CertificateId, Dose, EventDigest, Issuance, Kind, Occasion, ProgrammeId, PublicKey, Signed,
    SlotKey, VerificationMethod,
};
use issuer::ports::{Audit, Certificate, Intent, Occupant};
use std::collections::HashMap;
use time::{
    OffsetDateTime, UtcOffset,
    format_description::{StaticFormatDescription, well_known::Rfc3339},
    macros::format_description,
};

/// A row of the table.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The certificate's row.
pub(super) fn of_certificate(certificate: &Certificate) -> Result<Item> {
    let mut item = keys::certificate(certificate)?;
    item.extend(
        [
            ("id", text(certificate.issuance.certificate_id.as_str())),
            ("issued_at", instant(certificate.issuance.issued_at)?),
            ("kind", text(certificate.slot.occasion.kind().as_str())),
            ("programme", text(certificate.slot.programme.as_str())),
            of_occasion(certificate.slot.occasion)?,
            ("credential", text(certificate.signed.as_str())),
            ("contacts", AttributeValue::L(certificate.contacts.iter().map(text).collect())),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    Ok(item)
}

/// The certificate in a row of its beneficiary.
pub(super) fn certificate(item: &Item, beneficiary: &BeneficiaryCode) -> Result<Certificate> {
    let occasion = occasion(item)?;
    let contacts = item.get("contacts").and_then(|list| list.as_l().ok()).map(Vec::as_slice).unwrap_or_default();
    Ok(Certificate {
        slot: SlotKey {
            programme: ProgrammeId::parse(&string(item, "programme")?).context("a programme breaks its rule")?,
            beneficiary: beneficiary.clone(),
            occasion,
        },
        issuance: issuance(item, occasion.kind())?,
        signed: Signed::from_stored(string(item, "credential")?),
        contacts: contacts.iter().filter_map(|contact| contact.as_s().ok().cloned()).collect(),
    })
}

/// What a slot fixed.
pub(super) fn issuance(item: &Item, kind: Kind) -> Result<Issuance> {
    Ok(Issuance { certificate_id: certificate_id(item)?, issued_at: time(item, "issued_at")?, kind })
}

/// Who stands in a slot.
pub(super) fn occupant(item: &Item) -> Result<Occupant> {
    let digest = item.get("digest").and_then(|value| value.as_b().ok()).context("a slot without digest")?;
    let digest = digest.as_ref().try_into().ok().context("a digest has not 32 bytes")?;
    Ok(Occupant { certificate_id: certificate_id(item)?, digest: EventDigest(digest) })
}

/// The row that leads from a certificate's id to its beneficiary.
pub(super) fn of_id(certificate: &Certificate) -> Item {
    let mut item = keys::id(&certificate.issuance.certificate_id);
    item.insert("code".to_owned(), text(certificate.slot.beneficiary.as_str()));
    item
}

/// The beneficiary that such a row leads to.
pub(super) fn beneficiary(item: &Item) -> Result<BeneficiaryCode> {
    BeneficiaryCode::parse(&string(item, "code")?).context("a beneficiary's code breaks its rule")
}

/// Who had the certificate issued.
pub(super) fn of_audit(certificate: &Certificate, audit: &Audit, intent: &Intent) -> Result<Item> {
    let mut item = keys::audit(&certificate.issuance.certificate_id, intent)?;
    item.insert("actor".to_owned(), text(&audit.actor));
    item.insert("key".to_owned(), text(&audit.key));
    Ok(item)
}

/// The row of a key that is published.
pub(super) fn published_key(method: &VerificationMethod, since: OffsetDateTime) -> Result<Item> {
    let mut item = keys::published(method);
    item.insert("method".to_owned(), text(&method.id));
    item.insert("pem".to_owned(), text(method.key.to_pem()));
    item.insert(SINCE.to_owned(), instant(since)?);
    Ok(item)
}

/// The key in such a row.
pub(super) fn verification_method(item: &Item) -> Result<VerificationMethod> {
    Ok(VerificationMethod::new(string(item, "method")?, PublicKey::from_pem(&string(item, "pem")?)?))
}

/// Whether the slot was issued by this attempt, with this certificate to the letter.
pub(super) fn is_own_work(slot: &Item, intent: &Intent, certificate: &Certificate) -> bool {
    is(slot, STATE, ISSUED)
        && is(slot, HOLDER, &keys::holder(intent))
        && is(slot, "id", certificate.issuance.certificate_id.as_str())
        && slot.get("seal") == Some(&seal(certificate))
}

/// Values that the slot's closing write names.
pub(super) fn closing(intent: &Intent, certificate: &Certificate) -> Item {
    HashMap::from([
        (":holder".to_owned(), text(keys::holder(intent))),
        (":reserved".to_owned(), text(RESERVED)),
        (":issued".to_owned(), text(ISSUED)),
        (":seal".to_owned(), seal(certificate)),
    ])
}

/// What tells a credential from another one of the same slot: SHA-256 of its text.
fn seal(certificate: &Certificate) -> AttributeValue {
    binary(digest::digest(&digest::SHA256, certificate.signed.as_str().as_bytes()).as_ref())
}

/// Whether the attribute has this text.
pub(super) fn is(item: &Item, name: &str, wanted: &str) -> bool {
    item.get(name).and_then(|value| value.as_s().ok()).is_some_and(|found| found == wanted)
}

/// The text of an attribute.
pub(super) fn string(item: &Item, name: &str) -> Result<String> {
    item.get(name).and_then(|value| value.as_s().ok()).cloned().with_context(|| format!("an item without {name}"))
}

pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(super) fn number(value: u8) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(super) fn binary(value: &[u8]) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// A time that is compared in conditions: milliseconds since 1970.
pub(super) fn milliseconds(time: OffsetDateTime) -> AttributeValue {
    AttributeValue::N((time.unix_timestamp_nanos() / 1_000_000).to_string())
}

/// A time that is read back: RFC 3339.
pub(super) fn instant(time: OffsetDateTime) -> Result<AttributeValue> {
    stamp(time).map(AttributeValue::S)
}

/// RFC 3339 to the millisecond in UTC: one width, so that the order of the texts is the order of time.
pub(super) fn stamp(time: OffsetDateTime) -> Result<String> {
    const FORM: StaticFormatDescription =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    time.to_offset(UtcOffset::UTC).format(FORM).context("a time beyond the year 9999")
}

fn certificate_id(item: &Item) -> Result<CertificateId> {
    CertificateId::parse(&string(item, "id")?).context("a certificate's id breaks its rule")
}

/// The dose of a vaccination, or when a test's sample was taken.
fn of_occasion(occasion: Occasion) -> Result<(&'static str, AttributeValue)> {
    Ok(match occasion {
        Occasion::Dose(dose) => ("dose", number(dose.number())),
        Occasion::Sample(time) => ("sampled_at", instant(time)?),
    })
}

fn occasion(item: &Item) -> Result<Occasion> {
    Ok(match kind(&string(item, "kind")?)? {
        Kind::Vaccination => Occasion::Dose(dose(item).context("a dose breaks its rule")?),
        Kind::Test => Occasion::Sample(time(item, "sampled_at")?),
    })
}

fn time(item: &Item, name: &str) -> Result<OffsetDateTime> {
    OffsetDateTime::parse(&string(item, name)?, &Rfc3339).context("a time is none")
}

fn dose(item: &Item) -> Option<Dose> {
    Dose::new(item.get("dose")?.as_n().ok()?.parse().ok()?)
}

fn kind(name: &str) -> Result<Kind> {
    [Kind::Vaccination, Kind::Test].into_iter().find(|kind| kind.as_str() == name).context("a kind that is unknown")
}
