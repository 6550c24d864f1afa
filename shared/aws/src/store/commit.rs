//! The transaction that makes a certificate exist: what it writes, and what its refusal means.

use super::{
    items::{self, Item},
    keys,
};
use anyhow::{Context, Error, Result, anyhow};
use aws_sdk_dynamodb::{
    error::{BuildError, SdkError},
    operation::transact_write_items::TransactWriteItemsError as Refusal,
    types::{CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update},
};
use issuer::ports::{Audit, Certificate, Intent};
use std::collections::BTreeSet;

/// What a refused transaction came to.
#[derive(Debug)]
pub(super) enum Outcome {
    /// An earlier try of ours stored everything; its answer was lost.
    Stored,
    /// The slot is not ours.
    Lost,
    /// Another certificate has the id. At 9 × 10¹⁹ ids nobody will see it; overwriting a citizen's look-up would be worse than an error.
    IdTaken,
    /// It met someone else's writes, or too many of them.
    Again(Error),
    /// It will not succeed.
    Failed(Error),
}

/// Everything that a certificate's birth writes. [`outcome`] relies on the slot being the first.
pub(super) fn writes(
    table: &str,
    intent: &Intent,
    certificate: &Certificate,
    audit: &Audit,
) -> Result<Vec<TransactWriteItem>> {
    let mut writes = vec![
        close_slot(table, intent, certificate)?,
        put(table, items::of_certificate(certificate)?, ONLY_NEW)?,
        put(table, items::of_id(certificate), ONLY_NEW)?,
        put(table, items::of_audit(certificate, audit, intent)?, None)?,
    ];
    // A set: the database refuses a transaction that names an item twice.
    for contact in certificate.contacts.iter().collect::<BTreeSet<_>>() {
        writes.push(put(table, keys::contact(contact, &certificate.slot.beneficiary), None)?);
    }
    Ok(writes)
}

/// What the refusal means. The slot's word comes first: when it says whose it is, nothing else matters.
pub(super) fn outcome(error: SdkError<Refusal>, intent: &Intent, certificate: &Certificate) -> Outcome {
    let reasons = match error.as_service_error() {
        Some(Refusal::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
        // The attempt's token is spent on other bytes: this certificate is not the one that it stored.
        Some(Refusal::IdempotentParameterMismatchException(_)) => return Outcome::Lost,
        Some(Refusal::TransactionInProgressException(_)) => return Outcome::Again(error.into()),
        _ => return Outcome::Failed(error.into()),
    };
    if let Some(refusal) = reasons.first().filter(|reason| failed(reason)) {
        let own = refusal.item().is_some_and(|slot| items::is_own_work(slot, intent, certificate));
        return if own { Outcome::Stored } else { Outcome::Lost };
    }
    if reasons.iter().any(failed) {
        return Outcome::IdTaken;
    }
    let codes: Vec<_> = reasons.iter().filter_map(CancellationReason::code).collect();
    let cause = anyhow!("the transaction was cancelled: {}", codes.join(", "));
    if codes.iter().all(|code| PASSING.contains(code)) { Outcome::Again(cause) } else { Outcome::Failed(cause) }
}

/// The slot keeps its holder and the credential's digest: that is how a try whose answer was lost is recognised afterwards, however late.
fn close_slot(table: &str, intent: &Intent, certificate: &Certificate) -> Result<TransactWriteItem> {
    let update = Update::builder()
        .table_name(table)
        .set_key(Some(keys::slot(&intent.slot)?))
        .update_expression("SET #state = :issued, seal = :seal REMOVE lease")
        .condition_expression("holder = :holder AND #state = :reserved")
        .expression_attribute_names("#state", "state")
        .set_expression_attribute_values(Some(items::closing(intent, certificate)))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .context("a slot's update")?;
    Ok(TransactWriteItem::builder().update(update).build())
}

fn put(table: &str, item: Item, condition: Option<&str>) -> Result<TransactWriteItem, BuildError> {
    let condition = condition.map(str::to_owned);
    let put = Put::builder().table_name(table).set_item(Some(item)).set_condition_expression(condition).build()?;
    Ok(TransactWriteItem::builder().put(put).build())
}

fn failed(reason: &CancellationReason) -> bool {
    reason.code() == Some("ConditionalCheckFailed")
}

const ONLY_NEW: Option<&str> = Some("attribute_not_exists(PK)");

/// Reasons that pass by themselves; `None` stands for a write that nothing was wrong with.
const PASSING: [&str; 4] = ["None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
