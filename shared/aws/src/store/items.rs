//! Items and what they say: attribute values in, the domain's types out. An item that says something else is an error without its content.

use super::{DEEDS, HOLDER, LOT, PARTITION, PLACE, STATUS, SUCCESSOR, UNTIL, keys};
use anyhow::{Context, Result, bail};
use aws_lc_rs::digest;
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use credential::{
    BeneficiaryCode, CertificateId, Dose, EventDigest, Issuance, Kind, Occasion, ProgrammeId, Signed, SlotKey, Status,
    traits::{Lot, Place},
};
use issuer::ports::{AuditEvent, Candidate, Certificate, Deed, Follows, Intent, Occupant, Reason};
use std::collections::HashMap;
use time::{
    OffsetDateTime, UtcOffset,
    format_description::{StaticFormatDescription, well_known::Rfc3339},
    macros::format_description,
};

/// A row of the table.
pub(crate) type Item = HashMap<String, AttributeValue>;

/// The certificate's row.
pub(super) fn of_certificate(certificate: &Certificate) -> Result<Item> {
    let mut item = keys::certificate(&certificate.slot, &certificate.issuance)?;
    let deeds = certificate.deeds.iter().map(of_deed).collect::<Result<_>>()?;
    item.extend(
        [
            ("id", text(certificate.issuance.certificate_id.as_str())),
            ("issued_at", instant(certificate.issuance.issued_at)?),
            ("kind", text(certificate.slot.occasion.kind().as_str())),
            ("programme", text(certificate.slot.programme.as_str())),
            of_occasion(certificate.slot.occasion)?,
            ("credential", text(certificate.signed.as_str())),
            ("contacts", AttributeValue::L(certificate.contacts.iter().map(text).collect())),
            (DEEDS, AttributeValue::L(deeds)),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let (facts, shard) = (certificate.signed.facts(), keys::index_shard(&certificate.issuance.certificate_id));
    if let Some(lot) = Lot::in_facts(&facts) {
        item.insert(LOT.to_owned(), text(keys::common(lot.as_str(), shard)));
    }
    if let Some(place) = Place::in_facts(&facts) {
        item.insert(PLACE.to_owned(), text(keys::common(place.as_str(), shard)));
    }
    if let Some(predecessor) = &certificate.predecessor {
        item.insert("predecessor".to_owned(), text(predecessor.as_str()));
    }
    Ok(item)
}

/// The certificate in a row of its beneficiary.
pub(super) fn certificate(item: &Item, beneficiary: &BeneficiaryCode) -> Result<Certificate> {
    let occasion = occasion(item)?;
    Ok(Certificate {
        slot: SlotKey {
            programme: ProgrammeId::parse(&string(item, "programme")?).context("a programme breaks its rule")?,
            beneficiary: beneficiary.clone(),
            occasion,
        },
        issuance: issuance(item, "", occasion.kind())?,
        signed: Signed::from_stored(string(item, "credential")?),
        contacts: list(item, "contacts").iter().filter_map(|contact| contact.as_s().ok().cloned()).collect(),
        status: status(item)?,
        successor: other_certificate(item, SUCCESSOR)?,
        predecessor: other_certificate(item, "predecessor")?,
        deeds: deeds(item)?,
    })
}

/// The certificate in a whole row, wherever it was read.
pub(crate) fn stored_certificate(item: &Item) -> Result<Certificate> {
    let code = string(item, PARTITION)?;
    let beneficiary = code.strip_prefix("B#").and_then(BeneficiaryCode::parse).context("a row of nobody")?;
    certificate(item, &beneficiary)
}

/// The certificate in a row of an index.
pub(super) fn candidate(item: &Item) -> Result<Candidate> {
    let occasion = occasion(item)?;
    let code = string(item, PARTITION)?;
    let beneficiary = code.strip_prefix("B#").and_then(BeneficiaryCode::parse).context("a row of nobody")?;
    Ok(Candidate {
        slot: SlotKey {
            programme: ProgrammeId::parse(&string(item, "programme")?).context("a programme breaks its rule")?,
            beneficiary,
            occasion,
        },
        issuance: issuance(item, "", occasion.kind())?,
        status: status(item)?,
    })
}

fn other_certificate(item: &Item, name: &str) -> Result<Option<CertificateId>> {
    item.get(name).map(|_| certificate_id(item, name)).transpose()
}

/// What was done to a certificate, as it stands in its row and in the log.
pub(super) fn of_deed(deed: &Deed) -> Result<AttributeValue> {
    let mut members = HashMap::from([
        ("event".to_owned(), text(deed.event.as_str())),
        ("at".to_owned(), instant(deed.at)?),
        ("actor".to_owned(), text(&deed.actor)),
    ]);
    if let Some(reason) = deed.reason {
        members.insert("reason".to_owned(), text(reason.as_str()));
    }
    Ok(AttributeValue::M(members))
}

/// What was done to whatever a row is about, in order.
pub(super) fn deeds(item: &Item) -> Result<Vec<Deed>> {
    list(item, DEEDS).iter().map(deed).collect()
}

fn deed(value: &AttributeValue) -> Result<Deed> {
    let members = value.as_m().ok().context("a deed is no map")?;
    let event = string(members, "event")?;
    Ok(Deed {
        event: AuditEvent::ALL.into_iter().find(|known| known.as_str() == event).context("a deed that is unknown")?,
        at: time(members, "at")?,
        actor: string(members, "actor")?,
        reason: string(members, "reason").ok().and_then(|code| Reason::parse(&code)),
    })
}

/// The status in a row: none means valid.
pub(super) fn status(item: &Item) -> Result<Status> {
    let Some(name) = item.get(STATUS).and_then(|value| value.as_s().ok()) else { return Ok(Status::Valid) };
    Ok(match name.as_str() {
        "valid" => Status::Valid,
        "superseded" => Status::Superseded,
        "revoked" => Status::Revoked,
        "suspended" => Status::Suspended { until: since_1970(item, UNTIL)? },
        _ => bail!("a status that is unknown"),
    })
}

/// What a slot fixed for its next certificate (`next_`), or what its newest one has (no prefix).
pub(super) fn issuance(item: &Item, prefix: &str, kind: Kind) -> Result<Issuance> {
    let named = |name: &str| format!("{prefix}{name}");
    Ok(Issuance {
        certificate_id: certificate_id(item, &named("id"))?,
        issued_at: time(item, &named("issued_at"))?,
        kind,
    })
}

/// Certificates that a slot had so far.
pub(super) fn version(slot: &Item) -> u32 {
    slot.get("version").and_then(|value| value.as_n().ok()?.parse().ok()).unwrap_or_default()
}

/// Who stands in a slot that had a certificate.
pub(super) fn occupant(slot: &Item, kind: Kind) -> Result<Occupant> {
    Ok(Occupant {
        version: version(slot),
        current: issuance(slot, "", kind)?,
        status: status(slot)?,
        history: list(slot, "history").iter().map(past).collect::<Result<_>>()?,
    })
}

fn past(entry: &AttributeValue) -> Result<(EventDigest, CertificateId)> {
    let entry = entry.as_m().ok().context("a slot's history is none")?;
    let digest = entry.get("digest").and_then(|value| value.as_b().ok()).context("a certificate without digest")?;
    let digest = digest.as_ref().try_into().ok().context("a digest has not 32 bytes")?;
    Ok((EventDigest(digest), certificate_id(entry, "id")?))
}

/// Whether the slot holds what the intent follows.
pub(super) fn fits(slot: &Item, intent: &Intent) -> Result<bool> {
    let as_it_was = version(slot) == intent.follows.version();
    let status = status(slot)?.at(intent.now);
    Ok(as_it_was
        && match intent.follows {
            Follows::Nothing => true,
            Follows::Revoked { .. } => status == Status::Revoked,
            Follows::Corrects { .. } => status == Status::Valid,
        })
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

/// The log's entry for what was done to a certificate.
pub(super) fn of_audit(certificate: &CertificateId, deed: &Deed, key: Option<&str>) -> Result<Item> {
    let mut item = keys::audit(deed.at, certificate, deed.event)?;
    item.insert("id".to_owned(), text(certificate.as_str()));
    if let AttributeValue::M(members) = of_deed(deed)? {
        item.extend(members);
    }
    if let Some(key) = key {
        item.insert("key".to_owned(), text(key));
    }
    Ok(item)
}

/// The note for the publication of status lists.
pub(super) fn of_note(certificate: &CertificateId, status: Status, at: OffsetDateTime) -> Result<Item> {
    let mut item = keys::note(at, certificate)?;
    item.insert("id".to_owned(), text(certificate.as_str()));
    item.insert("status".to_owned(), text(status.as_str()));
    if let Status::Suspended { until } = status {
        item.insert("until".to_owned(), instant(until)?);
    }
    Ok(item)
}

/// Whether the slot was closed by this attempt, with this certificate to the letter.
pub(super) fn is_own_work(slot: &Item, intent: &Intent, certificate: &Certificate) -> bool {
    version(slot) == intent.follows.version() + 1
        && is(slot, HOLDER, &keys::holder(intent))
        && is(slot, "id", certificate.issuance.certificate_id.as_str())
        && slot.get("seal") == Some(&seal(certificate))
}

/// Values that the slot's closing write names.
pub(super) fn closing(intent: &Intent, certificate: &Certificate) -> Result<Item> {
    let id = text(certificate.issuance.certificate_id.as_str());
    let made = HashMap::from([("digest".to_owned(), binary(&intent.digest.0)), ("id".to_owned(), id.clone())]);
    let mut values = HashMap::from([
        (":holder".to_owned(), text(keys::holder(intent))),
        (":next".to_owned(), number(intent.follows.version() + 1)),
        (":id".to_owned(), id),
        (":issued_at".to_owned(), instant(certificate.issuance.issued_at)?),
        (":valid".to_owned(), text(Status::Valid.as_str())),
        (":seal".to_owned(), seal(certificate)),
        (":none".to_owned(), AttributeValue::L(Vec::new())),
        (":made".to_owned(), AttributeValue::L(vec![AttributeValue::M(made)])),
    ]);
    values.extend(of_version(&intent.follows));
    Ok(values)
}

/// The value behind [`keys::same_version`].
pub(super) fn of_version(follows: &Follows) -> Option<(String, AttributeValue)> {
    (*follows != Follows::Nothing).then(|| (":version".to_owned(), number(follows.version())))
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

pub(super) fn number(value: impl Into<u64>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
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

/// The list under a name; empty where there is none.
fn list<'i>(item: &'i Item, name: &str) -> &'i [AttributeValue] {
    item.get(name).and_then(|list| list.as_l().ok()).map(Vec::as_slice).unwrap_or_default()
}

fn certificate_id(item: &Item, name: &str) -> Result<CertificateId> {
    CertificateId::parse(&string(item, name)?).context("a certificate's id breaks its rule")
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

/// A time of [`milliseconds`].
fn since_1970(item: &Item, name: &str) -> Result<OffsetDateTime> {
    let milliseconds: Option<i128> = item.get(name).and_then(|value| value.as_n().ok()?.parse().ok());
    let milliseconds = milliseconds.with_context(|| format!("an item without {name}"))?;
    Ok(OffsetDateTime::from_unix_timestamp_nanos(milliseconds * 1_000_000)?)
}

pub(super) fn time(item: &Item, name: &str) -> Result<OffsetDateTime> {
    OffsetDateTime::parse(&string(item, name)?, &Rfc3339).context("a time is none")
}

fn dose(item: &Item) -> Option<Dose> {
    Dose::new(item.get("dose")?.as_n().ok()?.parse().ok()?)
}

fn kind(name: &str) -> Result<Kind> {
    [Kind::Vaccination, Kind::Test].into_iter().find(|kind| kind.as_str() == name).context("a kind that is unknown")
}
