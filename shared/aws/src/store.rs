//! Records in one DynamoDB table. Each method of [`Store`] is one request to the database, two at most where the first was refused.
//!
//! | item | `PK` | `SK` |
//! |---|---|---|
//! | slot | `B#{code}` | `S#{kind}#{programme}#{dose or time of sample}#1` |
//! | certificate | `B#{code}` | `C#{kind}#{dose or time of sample}#{issued at}#{certificate id}` |
//! | look-up by id | `I#{certificate id}` | `I` |
//! | look-up by contact | `K#{keyed hash}` | `B#{code}` |
//! | audit | `A#{certificate id}` | `{time}#issued` |
//! | published key | `KEYS` | `{thumbprint}#{verification method}` |
//!
//! Look-ups are items, not secondary indexes: an index follows the table some time later, and a certificate that was acknowledged must be found at once.
//! The same reason makes every read a consistent one.

mod commit;
mod items;
mod journal;
mod keys;
mod retry;
mod table;

use crate::store::{
    commit::Outcome,
    items::{Item, binary, instant, milliseconds, number, text},
    keys::{CERTIFICATES, KEYS, PARTITION, SORT},
    retry::Patience,
};
use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    operation::{delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError},
    types::{KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure, Select},
};
use credential::{BeneficiaryCode, CertificateId, Dose, Kind, SlotKey, VerificationMethod};
use issuer::ports::{Audit, Certificate, Commit, Intent, Occupant, Reservation, Store};
use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};
pub use table::create_table;
use time::OffsetDateTime;

/// The [`Store`] on a table whose partition key is `PK` and whose sort key is `SK`, both texts.
#[derive(Clone, Debug)]
pub struct DynamoStore {
    client: Client,
    table: String,
}

impl DynamoStore {
    /// The store on `table`; sends nothing yet.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// What the slot holds after we asked for it, or what refused us.
    async fn ask_for_slot(&self, intent: &Intent) -> Result<Answer> {
        let mut patience = Patience::default();
        loop {
            let sent = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(keys::slot(&intent.slot)?))
                .update_expression(
                    "SET id = if_not_exists(id, :id), issued_at = if_not_exists(issued_at, :issued_at), \
                     digest = :digest, holder = :holder, lease = :lease, #state = :reserved",
                )
                .condition_expression("attribute_not_exists(PK) OR (#state = :reserved AND lease < :now)")
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":id", text(intent.issuance.certificate_id.as_str()))
                .expression_attribute_values(":issued_at", instant(intent.issuance.issued_at)?)
                .expression_attribute_values(":digest", binary(&intent.digest.0))
                .expression_attribute_values(":holder", text(keys::holder(intent)))
                .expression_attribute_values(":lease", milliseconds(intent.lease_until))
                .expression_attribute_values(":reserved", text(RESERVED))
                .expression_attribute_values(":now", milliseconds(intent.now))
                .return_values(ReturnValue::AllNew)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
                .await;
            let error = match sent {
                Ok(answer) => return Ok(Answer::Granted(answer.attributes.unwrap_or_default())),
                Err(error) => error,
            };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                    return Ok(Answer::Refused(refusal.item.clone().unwrap_or_default()));
                }
                Some(UpdateItemError::TransactionConflictException(_)) => patience.wait(error).await?,
                _ => return Err(error.into()),
            }
        }
    }

    /// The items under `partition` whose sort key starts with `prefix`, in order of the sort key.
    async fn all(&self, partition: &str, prefix: &str) -> Result<Vec<Item>> {
        let query =
            self.client.query().table_name(&self.table).expression_attribute_values(":partition", text(partition));
        // DynamoDB refuses an empty text for a key, also as a prefix.
        let query = match prefix {
            "" => query.key_condition_expression("PK = :partition"),
            prefix => query
                .key_condition_expression("PK = :partition AND begins_with(SK, :prefix)")
                .expression_attribute_values(":prefix", text(prefix)),
        };
        let mut pages = query.consistent_read(true).into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item?);
        }
        Ok(items)
    }

    /// Takes a reservation of ours away altogether: its certificate id turned out to be another certificate's.
    async fn forget(&self, intent: &Intent) -> Result<()> {
        let sent = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(keys::slot(&intent.slot)?))
            .condition_expression("holder = :holder AND #state = :reserved")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":holder", text(keys::holder(intent)))
            .expression_attribute_values(":reserved", text(RESERVED))
            .send()
            .await;
        match sent {
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(error).context("deleting a slot"),
            },
            Ok(_) => Ok(()),
        }
    }

    /// One round of a batch read: what was found, and the keys that the database put off.
    async fn batch(&self, wanted: Vec<Item>) -> Result<(Vec<Item>, Vec<Item>)> {
        let request = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build()?;
        let answer = self.client.batch_get_item().request_items(&self.table, request).send().await?;
        let found = answer.responses.unwrap_or_default().remove(&self.table).unwrap_or_default();
        let put_off = answer.unprocessed_keys.unwrap_or_default().remove(&self.table);
        Ok((found, put_off.map(|rest| rest.keys).unwrap_or_default()))
    }
}

#[async_trait]
impl Store for DynamoStore {
    async fn reserve(&self, intent: &Intent) -> Result<Reservation> {
        Ok(match self.ask_for_slot(intent).await.context("reserving a slot")? {
            Answer::Granted(slot) => Reservation::Ours(items::issuance(&slot, intent.slot.occasion.kind())?),
            Answer::Refused(slot) if items::is(&slot, STATE, ISSUED) => Reservation::Issued(items::occupant(&slot)?),
            // The SDK sent our request twice because the first answer was lost: the slot is ours since then.
            Answer::Refused(slot) if items::is(&slot, HOLDER, &keys::holder(intent)) => {
                Reservation::Ours(items::issuance(&slot, intent.slot.occasion.kind())?)
            }
            Answer::Refused(_) => Reservation::Busy,
        })
    }

    async fn release(&self, intent: &Intent) -> Result<()> {
        let mut patience = Patience::default();
        loop {
            let sent = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(keys::slot(&intent.slot)?))
                // The certificate id and the time of issue stay, so that the retry of the same event makes the same certificate.
                .update_expression("SET lease = :over REMOVE holder")
                .condition_expression("holder = :holder AND #state = :reserved")
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":over", number(0))
                .expression_attribute_values(":holder", text(keys::holder(intent)))
                .expression_attribute_values(":reserved", text(RESERVED))
                .send()
                .await;
            let Err(error) = sent else { return Ok(()) };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => return Ok(()),
                Some(UpdateItemError::TransactionConflictException(_)) => patience.wait(error).await?,
                _ => return Err(error).context("releasing a slot"),
            }
        }
    }

    async fn commit(&self, intent: &Intent, certificate: &Certificate, audit: &Audit) -> Result<Commit> {
        let writes = commit::writes(&self.table, intent, certificate, audit)?;
        let mut patience = Patience::default();
        let id_taken = loop {
            let sent = self
                .client
                .transact_write_items()
                .set_transact_items(Some(writes.clone()))
                // One attempt, one transaction, however often the SDK sends it.
                .client_request_token(keys::holder(intent))
                .send()
                .await;
            let Err(error) = sent else { return Ok(Commit::Stored) };
            match commit::outcome(error, intent, certificate) {
                Outcome::Stored => return Ok(Commit::Stored),
                Outcome::Lost => return Ok(Commit::Lost),
                Outcome::IdTaken => break anyhow!("the certificate's id is another certificate's: try again"),
                Outcome::Again(error) => patience.wait(error).await.context("storing a certificate")?,
                Outcome::Failed(error) => return Err(error.context("storing a certificate")),
            }
        };
        self.forget(intent).await?;
        Err(id_taken)
    }

    async fn occupants(&self, slots: &[SlotKey]) -> Result<Vec<Option<Occupant>>> {
        // A key may be asked for once in a request.
        let wanted: HashSet<_> = slots.iter().collect();
        let mut missing = wanted.into_iter().map(keys::slot).collect::<Result<Vec<_>>>()?;
        let mut found = HashMap::new();
        let mut patience = Patience::default();
        while !missing.is_empty() {
            let now = missing.split_off(missing.len().saturating_sub(BATCH));
            let (items, put_off) = self.batch(now).await.context("reading slots")?;
            for item in items.iter().filter(|item| items::is(item, STATE, ISSUED)) {
                found.insert(keys::of(item)?, items::occupant(item)?);
            }
            if !put_off.is_empty() {
                missing.extend(put_off);
                patience.wait(anyhow!("the database put off reading slots")).await?;
            }
        }
        slots.iter().map(|slot| Ok(found.get(&keys::slot_texts(slot)?).cloned())).collect()
    }

    async fn certificates(&self, beneficiary: &BeneficiaryCode, kind: Option<Kind>) -> Result<Vec<Certificate>> {
        let prefix = kind.map_or_else(|| CERTIFICATES.to_owned(), keys::kind);
        let found = self.all(&keys::beneficiary(beneficiary), &prefix).await.context("reading certificates")?;
        found.iter().map(|item| items::certificate(item, beneficiary)).collect()
    }

    async fn has_certificate(&self, beneficiary: &BeneficiaryCode, kind: Kind, dose: Option<Dose>) -> Result<bool> {
        let prefix = dose.map_or_else(|| keys::kind(kind), |dose| keys::dose(kind, dose));
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :partition AND begins_with(SK, :prefix)")
            .expression_attribute_values(":partition", text(keys::beneficiary(beneficiary)))
            .expression_attribute_values(":prefix", text(prefix))
            .projection_expression("PK")
            .select(Select::SpecificAttributes)
            .consistent_read(true)
            .limit(1)
            .send()
            .await
            .context("looking for a certificate")?;
        Ok(answer.count() > 0)
    }

    async fn beneficiary_of(&self, certificate: &CertificateId) -> Result<Option<BeneficiaryCode>> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::id(certificate)))
            .projection_expression("code")
            .consistent_read(true)
            .send()
            .await
            .context("looking a certificate up")?;
        answer.item.map(|item| items::beneficiary(&item)).transpose()
    }

    async fn publish_key(&self, method: &VerificationMethod, since: OffsetDateTime) -> Result<()> {
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(items::published_key(method, since)?))
            .condition_expression("attribute_not_exists(PK)")
            .send()
            .await;
        match sent {
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(error).context("publishing a key"),
            },
            Ok(_) => Ok(()),
        }
    }

    async fn published_keys(&self) -> Result<Vec<VerificationMethod>> {
        let mut found = self.all(KEYS, "").await.context("reading published keys")?;
        found.sort_by_key(|key| Reverse(items::string(key, SINCE).ok()));
        found.iter().map(items::verification_method).collect()
    }
}

/// How the database answered to a reservation: the slot as it is now.
enum Answer {
    Granted(Item),
    Refused(Item),
}

/// As many keys as one BatchGetItem takes.
const BATCH: usize = 100;
const STATE: &str = "state";
const HOLDER: &str = "holder";
const SINCE: &str = "since";
const RESERVED: &str = "reserved";
const ISSUED: &str = "issued";
