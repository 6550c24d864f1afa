//! How items are named. The kind and the dose or the time of the sample come before the time of issue, so that one Query answers in that order.

use super::items::{Item, stamp, string, text};
use anyhow::{Context, Result};
use credential::{
    BeneficiaryCode, CertificateId, Dose, Issuance, Kind, Occasion, PublicKey, SlotKey, VerificationMethod,
};
use issuer::{
    analytics::fact::{day_name, hour_name},
    ports::{AuditEvent, Dimension, Drawer, Fact, Follows, Intent, Scope},
};
use std::collections::HashMap;
use time::{Date, OffsetDateTime};

pub(super) const PARTITION: &str = "PK";
pub(super) const SORT: &str = "SK";
/// The partition of published keys: there are a handful in a country's lifetime.
pub(super) const KEYS: &str = "KEYS";
/// What the partitions of noted changes start with, and how many a minute has.
pub(super) const NOTES: &str = "J#";
pub(super) const SHARDS: u32 = 8;
/// How many partitions a minute of the log has.
pub(super) const LOG_SHARDS: u32 = 16;
/// How many parts a lot or place has in its index.
pub(super) const INDEX_SHARDS: u32 = 16;
/// The partition of recalls' jobs.
pub(super) const RECALLS: &str = "RECALLS";
/// The partition of the log's seals: some hundred a day.
pub(super) const SEALS: &str = "LOG";
/// What every slot's sort key starts with.
pub(super) const SLOTS: &str = "S#";
/// What every certificate's sort key starts with.
pub(super) const CERTIFICATES: &str = "C#";

/// Everything about one beneficiary lies in one partition.
pub(super) fn beneficiary(code: &BeneficiaryCode) -> String {
    format!("B#{}", code.as_str())
}

/// A slot's key. The programme may hold any character; what follows it has a fixed width, so no two slots share a key.
pub(super) fn slot(slot: &SlotKey) -> Result<Item> {
    let (partition, sort) = slot_texts(slot)?;
    Ok(key(partition, sort))
}

/// The condition that the slot had as many certificates as the intent follows, whose number is `:version`.
pub(super) fn same_version(follows: &Follows) -> &'static str {
    match follows {
        Follows::Nothing => "attribute_not_exists(version)",
        Follows::Revoked { .. } | Follows::Corrects { .. } => "version = :version",
    }
}

/// The same as two texts.
pub(super) fn slot_texts(slot: &SlotKey) -> Result<(String, String)> {
    let kind = slot.occasion.kind().as_str();
    let sort = format!("{SLOTS}{kind}#{}#{}", slot.programme.as_str(), occasion(slot.occasion)?);
    Ok((beneficiary(&slot.beneficiary), sort))
}

/// The two texts of an item that was read.
pub(super) fn of(item: &Item) -> Result<(String, String)> {
    Ok((string(item, PARTITION)?, string(item, SORT)?))
}

/// What the sort key of every certificate of a kind starts with.
pub(super) fn kind(kind: Kind) -> String {
    format!("{CERTIFICATES}{}#", kind.as_str())
}

/// What was moved of a beneficiary's registrations, at the head of the certificates of a kind.
pub(super) fn registration(beneficiary: &BeneficiaryCode, kind: Kind) -> Item {
    key(self::beneficiary(beneficiary), self::kind(kind))
}

/// What the sort key of every certificate of a dose starts with.
pub(super) fn dose(of: Kind, dose: Dose) -> String {
    format!("{}{:02}#", kind(of), dose.number())
}

/// A dose zero-padded, a time to the millisecond: of one width within a kind, so that the order of the texts is theirs.
fn occasion(occasion: Occasion) -> Result<String> {
    match occasion {
        Occasion::Dose(dose) => Ok(format!("{:02}", dose.number())),
        Occasion::Sample(time) => stamp(time),
    }
}

pub(super) fn certificate(slot: &SlotKey, issuance: &Issuance) -> Result<Item> {
    let (start, occasion) = (kind(slot.occasion.kind()), occasion(slot.occasion)?);
    let (issued_at, id) = (stamp(issuance.issued_at)?, issuance.certificate_id.as_str());
    Ok(key(beneficiary(&slot.beneficiary), format!("{start}{occasion}#{issued_at}#{id}")))
}

pub(super) fn id(certificate: &CertificateId) -> Item {
    key(format!("I#{}", certificate.as_str()), "I")
}

pub(super) fn contact(hash: &str, code: &BeneficiaryCode) -> Item {
    key(contacts(hash), beneficiary(code))
}

/// The partition of a contact's beneficiaries.
pub(super) fn contacts(hash: &str) -> String {
    format!("K#{hash}")
}

/// The partition of a folder of sheets.
pub(super) fn folder(drawer: Drawer, folder: &str) -> String {
    format!("D#{}#{folder}", drawer.as_str())
}

/// A sheet.
pub(super) fn sheet(drawer: Drawer, folder: &str, name: &str) -> Item {
    key(self::folder(drawer, folder), name)
}

/// The partition of an hour's facts, one of its shards.
pub(super) fn facts(hour: OffsetDateTime, shard: u32) -> String {
    format!("F#{}#{shard:x}", hour_name(hour))
}

/// A fact.
pub(super) fn fact(fact: &Fact) -> Item {
    key(facts(fact.hour, shard(&fact.id, Fact::SHARDS)), fact.id.as_str())
}

/// One of so many parts, by an id.
pub(super) fn part(id: &str, parts: u32) -> u32 {
    shard(id, parts)
}

/// A partition of the counters of a dimension, one of several parts.
pub(super) fn counters(scope: &Scope, by: Dimension, part: u32) -> String {
    let state = match scope {
        Scope::Country => "",
        Scope::State(state) => state,
    };
    format!("T#{state}#{}#{part:x}", by.as_str())
}

/// The counters of a day; a part of them.
pub(super) fn counter(scope: &Scope, by: Dimension, day: Date, part: u32) -> Item {
    key(counters(scope, by, part), day_name(day))
}

/// A count of the window of time that starts at that second.
pub(super) fn count(what: &str, who: &str, start: i64) -> Item {
    key(format!("N#{what}#{who}"), format!("{start:012}"))
}

/// The mark of a quota.
pub(super) fn mark(name: &str) -> Item {
    key(format!("N#{name}"), "mark")
}

/// An entry of the log. The partition is a minute's, so that the log can be read in order of time, and one of sixteen, so that no partition takes all of a
/// campaign's writes.
pub(super) fn audit(at: OffsetDateTime, certificate: &CertificateId, event: AuditEvent) -> Result<Item> {
    audit_of(at, certificate.as_str(), event.as_str())
}

/// The same of anything that has an id.
pub(super) fn audit_of(at: OffsetDateTime, id: &str, event: &str) -> Result<Item> {
    Ok(key(log(at, shard(id, LOG_SHARDS))?, format!("{}#{id}#{event}", stamp(at)?)))
}

/// One of the sixteen partitions of a minute of the log.
pub(super) fn log(minute: OffsetDateTime, shard: u32) -> Result<String> {
    Ok(format!("A#{}#{shard:x}", self::minute(&stamp(minute)?)?))
}

/// A seal of the log; numbers of one width, so that the order of the texts is theirs.
pub(super) fn seal(number: u64) -> Item {
    key(SEALS, seal_number(number))
}

/// The same number as a sort key.
pub(super) fn seal_number(number: u64) -> String {
    format!("{number:020}")
}

/// What an index is read by: one of sixteen parts of a lot or place, for one part of the index takes a thousand writes a second and a campaign makes more.
pub(super) fn common(name: &str, shard: u32) -> String {
    format!("{name}#{shard:x}")
}

/// The part of a certificate.
pub(super) fn index_shard(certificate: &CertificateId) -> u32 {
    shard(certificate.as_str(), INDEX_SHARDS)
}

/// The jobs of recalls.
pub(super) fn recall(id: &str) -> Item {
    key(RECALLS, id)
}

/// A note for the publication of status lists; in eight partitions a minute.
pub(super) fn note(at: OffsetDateTime, certificate: &CertificateId) -> Result<Item> {
    let id = certificate.as_str();
    Ok(key(notes(at, shard(id, SHARDS))?, format!("{}#{id}", stamp(at)?)))
}

/// The partition of such notes of one minute, one of [`SHARDS`].
pub(super) fn notes(at: OffsetDateTime, shard: u32) -> Result<String> {
    Ok(format!("{NOTES}{}#{shard:x}", minute(&stamp(at)?)?))
}

fn minute(stamp: &str) -> Result<&str> {
    stamp.get(..16).context("a time without minutes")
}

fn shard(id: &str, shards: u32) -> u32 {
    id.bytes().map(u32::from).sum::<u32>() % shards
}

/// The counter that positions in the status lists are numbered by.
pub(super) fn numbers() -> Item {
    key("NUMBERS", "certificates")
}

/// How far status lists are published.
pub(super) fn status_lists() -> Item {
    key("STATUS", "latest")
}

/// A key under another name is published anew: proofs quote the name, so verifiers must find it.
pub(super) fn published(method: &VerificationMethod) -> Item {
    key(KEYS, format!("{}#{}", method.key.thumbprint(), method.id))
}

/// What the sort key of a published key starts with, whatever its name.
pub(super) fn published_names(key: &PublicKey) -> String {
    format!("{}#", key.thumbprint())
}

/// The holder as it is stored: 32 hexadecimal digits, which also fit a transaction's token.
pub(super) fn holder(intent: &Intent) -> String {
    format!("{:032x}", intent.holder)
}

fn key(partition: impl Into<String>, sort: impl Into<String>) -> Item {
    HashMap::from([(PARTITION.to_owned(), text(partition)), (SORT.to_owned(), text(sort))])
}
