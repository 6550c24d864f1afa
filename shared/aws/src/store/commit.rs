//! The transactions that make a certificate exist and that change its status: what they write, and what their refusal means.

use super::{
    STATUS, SUCCESSOR, SUSPENDED, UNTIL,
    items::{self, Item, milliseconds, text},
    keys,
};
use anyhow::{Context, Error, Result, anyhow};
use aws_sdk_dynamodb::{
    error::{BuildError, SdkError},
    operation::transact_write_items::TransactWriteItemsError as Refusal,
    types::{
        AttributeValue, CancellationReason, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem, Update, builders::UpdateBuilder,
    },
};
use credential::{Issuance, Signed, Status};
use issuer::ports::{Audit, AuditEvent, Certificate, Change, Deed, Intent};
use std::collections::{BTreeSet, HashMap};

/// What a refused transaction came to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// An earlier try of ours stored everything; its answer was lost.
    Stored,
    /// What it was built on has changed: the slot is not ours, or a certificate's status is another.
    Lost,
    /// Another certificate has the id. Ids are given away once, so nobody will see it; overwriting a citizen's look-up would be worse than an error.
    IdTaken,
    /// It met someone else's writes, or too many of them.
    Again(Error),
    /// It will not succeed.
    Failed(Error),
}

/// Everything that a certificate's birth writes. [`outcome`] relies on the order of the first three.
pub(super) fn writes(
    table: &str,
    intent: &Intent,
    certificate: &Certificate,
    audit: &Audit,
) -> Result<Vec<TransactWriteItem>> {
    let id = &certificate.issuance.certificate_id;
    let mut writes = vec![
        close_slot(table, intent, certificate)?,
        put(table, items::of_certificate(certificate)?, ONLY_NEW)?,
        put(table, items::of_id(certificate), ONLY_NEW)?,
        put(table, items::of_audit(id, &audit.deed, audit.key.as_deref())?, None)?,
    ];
    // A set: the database refuses a transaction that names an item twice.
    for contact in certificate.contacts.iter().collect::<BTreeSet<_>>() {
        writes.push(put(table, keys::contact(contact, &certificate.slot.beneficiary), None)?);
    }
    if let Some(corrected) = intent.follows.corrected() {
        let deed = Deed { event: AuditEvent::Superseded, ..audit.deed.clone() };
        writes.push(supersede(table, certificate, corrected, &deed)?);
        writes.push(put(table, items::of_audit(&corrected.certificate_id, &deed, None)?, None)?);
        writes.push(put(table, items::of_note(&corrected.certificate_id, Status::Superseded, deed.at)?, None)?);
    }
    Ok(writes)
}

/// Everything that a change of status writes; `is_newest` knows the certificates that their slots tell of.
pub(super) fn changes(
    table: &str,
    changes: &[Change],
    audit: &Audit,
    is_newest: impl Fn(&Change) -> bool,
) -> Result<Vec<TransactWriteItem>> {
    let mut writes = Vec::with_capacity(4 * changes.len());
    for change in newest_of_each_slot(changes) {
        writes.push(if is_newest(change) { change_slot(table, change)? } else { leave_slot(table, change)? });
    }
    for change in changes {
        let id = &change.issuance.certificate_id;
        writes.push(change_certificate(table, change, &audit.deed)?);
        writes.push(put(table, items::of_audit(id, &audit.deed, audit.key.as_deref())?, None)?);
        writes.push(put(table, items::of_note(id, change.to, audit.deed.at)?, None)?);
    }
    Ok(writes)
}

/// What a new signature writes.
pub(super) fn new_signature(
    table: &str,
    certificate: &Certificate,
    before: &Signed,
    audit: &Audit,
) -> Result<Vec<TransactWriteItem>> {
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(keys::certificate(&certificate.slot, &certificate.issuance)?))
        .update_expression(format!("SET credential = :after, {APPEND_DEED}"))
        .condition_expression("credential = :before")
        .expression_attribute_values(":before", text(before.as_str()))
        .expression_attribute_values(":after", text(certificate.signed.as_str()));
    let entry = items::of_audit(&certificate.issuance.certificate_id, &audit.deed, audit.key.as_deref())?;
    Ok(vec![finished(with_deed(update, &audit.deed)?)?, put(table, entry, None)?])
}

/// What the refusal of a commit means. The slot's word comes first: when it says whose it is, nothing else matters.
pub(super) fn outcome(error: SdkError<Refusal>, intent: &Intent, certificate: &Certificate) -> Outcome {
    let reasons = reasons(&error);
    if let Some(refusal) = reasons.first().filter(|reason| failed(reason)) {
        let own = refusal.item().is_some_and(|slot| items::is_own_work(slot, intent, certificate));
        return if own { Outcome::Stored } else { Outcome::Lost };
    }
    if reasons.iter().take(3).any(failed) {
        return Outcome::IdTaken;
    }
    refusal(error)
}

/// What any refusal means.
pub(super) fn refusal(error: SdkError<Refusal>) -> Outcome {
    let reasons = match error.as_service_error() {
        Some(Refusal::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
        // The attempt's token is spent on other bytes: what it stored is something else.
        Some(Refusal::IdempotentParameterMismatchException(_)) => return Outcome::Lost,
        Some(Refusal::TransactionInProgressException(_)) => return Outcome::Again(error.into()),
        _ => return Outcome::Failed(error.into()),
    };
    if reasons.iter().any(failed) {
        return Outcome::Lost;
    }
    let codes: Vec<_> = reasons.iter().filter_map(CancellationReason::code).collect();
    let cause = anyhow!("the transaction was cancelled: {}", codes.join(", "));
    if codes.iter().all(|code| PASSING.contains(code)) { Outcome::Again(cause) } else { Outcome::Failed(cause) }
}

pub(super) fn reasons(error: &SdkError<Refusal>) -> &[CancellationReason] {
    match error.as_service_error() {
        Some(Refusal::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
        _ => &[],
    }
}

/// The slot keeps its holder and the credential's digest: that is how a try whose answer was lost is recognised afterwards, however late.
fn close_slot(table: &str, intent: &Intent, certificate: &Certificate) -> Result<TransactWriteItem> {
    let same_version = keys::same_version(&intent.follows);
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(keys::slot(&intent.slot)?))
        .update_expression(
            "SET version = :next, id = :id, issued_at = :issued_at, #status = :valid, holder = :holder, seal = :seal, \
             history = list_append(if_not_exists(history, :none), :made) \
             REMOVE next_id, next_issued_at, next_holder, lease, #until",
        )
        .condition_expression(format!("next_holder = :holder AND {same_version}"))
        .expression_attribute_names("#status", STATUS)
        .expression_attribute_names("#until", UNTIL)
        .set_expression_attribute_values(Some(items::closing(intent, certificate)?))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    finished(update)
}

/// The corrected certificate must still be valid: what was taken back meanwhile is not corrected.
fn supersede(table: &str, by: &Certificate, corrected: &Issuance, deed: &Deed) -> Result<TransactWriteItem> {
    let update = update(table, keys::certificate(&by.slot, corrected)?)
        .update_expression(format!("SET #status = :to, {SUCCESSOR} = :successor, {APPEND_DEED} REMOVE #until"))
        .condition_expression(
            "attribute_exists(PK) AND (attribute_not_exists(#status) OR (#status = :suspended AND #until <= :now))",
        )
        .expression_attribute_names("#until", UNTIL)
        .expression_attribute_values(":to", text(Status::Superseded.as_str()))
        .expression_attribute_values(":successor", text(by.issuance.certificate_id.as_str()))
        .expression_attribute_values(":suspended", text(SUSPENDED))
        .expression_attribute_values(":now", milliseconds(deed.at));
    finished(with_deed(update, deed)?)
}

fn change_certificate(table: &str, change: &Change, deed: &Deed) -> Result<TransactWriteItem> {
    let as_it_was = match change.from {
        Status::Valid => "attribute_exists(PK) AND attribute_not_exists(#status)",
        Status::Suspended { .. } => "#status = :from AND #until = :from_until",
        Status::Superseded | Status::Revoked => "#status = :from",
    };
    let update = update(table, keys::certificate(&change.slot, &change.issuance)?)
        .update_expression(match change.to {
            Status::Valid => format!("SET {APPEND_DEED} REMOVE #status, #until"),
            Status::Suspended { .. } => format!("SET #status = :to, #until = :to_until, {APPEND_DEED}"),
            Status::Superseded | Status::Revoked => format!("SET #status = :to, {APPEND_DEED} REMOVE #until"),
        })
        .condition_expression(as_it_was)
        .expression_attribute_names("#until", UNTIL);
    let update = with_status(with_status(update, ":from", change.from), ":to", change.to);
    finished(with_deed(update, deed)?)
}

/// The slot tells the status of its newest certificate, as long as that is the one.
fn change_slot(table: &str, change: &Change) -> Result<TransactWriteItem> {
    let update = update(table, keys::slot(&change.slot)?)
        .update_expression(match change.to {
            Status::Suspended { .. } => "SET #status = :to, #until = :to_until",
            _ => "SET #status = :to REMOVE #until",
        })
        .condition_expression("id = :id")
        .expression_attribute_names("#until", UNTIL)
        .expression_attribute_values(":to", text(change.to.as_str()))
        .expression_attribute_values(":id", text(change.issuance.certificate_id.as_str()));
    finished(with_status(update, ":to", change.to))
}

/// The slot tells of a newer certificate, and goes on doing so.
fn leave_slot(table: &str, change: &Change) -> Result<TransactWriteItem> {
    let check = ConditionCheck::builder()
        .table_name(table)
        .set_key(Some(keys::slot(&change.slot)?))
        .condition_expression("id <> :id")
        .expression_attribute_values(":id", text(change.issuance.certificate_id.as_str()));
    Ok(TransactWriteItem::builder().condition_check(check.build().context("a transaction's check")?).build())
}

/// A transaction names a slot once, however many of its certificates change.
fn newest_of_each_slot(changes: &[Change]) -> Vec<&Change> {
    let newest: HashMap<_, _> = changes.iter().fold(HashMap::new(), |mut newest, change| {
        let known = newest.entry(&change.slot).or_insert(change);
        if change.issuance.issued_at > known.issuance.issued_at {
            *known = change;
        }
        newest
    });
    newest.into_values().collect()
}

/// The values of a status under `name`, none for a valid certificate's, which has no attribute.
fn with_status(update: UpdateBuilder, name: &str, status: Status) -> UpdateBuilder {
    match status {
        Status::Valid => update,
        Status::Suspended { until } => update
            .expression_attribute_values(name, text(status.as_str()))
            .expression_attribute_values(format!("{name}_until"), milliseconds(until)),
        Status::Superseded | Status::Revoked => update.expression_attribute_values(name, text(status.as_str())),
    }
}

fn with_deed(update: UpdateBuilder, deed: &Deed) -> Result<UpdateBuilder> {
    Ok(update
        .expression_attribute_values(":none", AttributeValue::L(Vec::new()))
        .expression_attribute_values(":deed", AttributeValue::L(vec![items::of_deed(deed)?])))
}

fn update(table: &str, key: Item) -> UpdateBuilder {
    Update::builder().table_name(table).set_key(Some(key)).expression_attribute_names("#status", STATUS)
}

fn finished(update: UpdateBuilder) -> Result<TransactWriteItem> {
    Ok(TransactWriteItem::builder().update(update.build().context("a transaction's update")?).build())
}

pub(super) fn put(table: &str, item: Item, condition: Option<&str>) -> Result<TransactWriteItem, BuildError> {
    let condition = condition.map(str::to_owned);
    let put = Put::builder().table_name(table).set_item(Some(item)).set_condition_expression(condition).build()?;
    Ok(TransactWriteItem::builder().put(put).build())
}

pub(super) fn failed(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

pub(super) const ONLY_NEW: Option<&str> = Some("attribute_not_exists(PK)");
/// Keeps what was done before.
const APPEND_DEED: &str = "deeds = list_append(if_not_exists(deeds, :none), :deed)";

/// Reasons that pass by themselves; `None` stands for a write that nothing was wrong with.
pub(super) const PASSING: [&str; 4] =
    ["None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
