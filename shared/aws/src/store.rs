//! Records in one DynamoDB table. Each method of [`Store`] is one request to the database, two at most where the first was refused.
//!
//! | item | `PK` | `SK` |
//! |---|---|---|
//! | slot | `B#{code}` | `S#{kind}#{programme}#{dose or time of sample}` |
//! | certificate | `B#{code}` | `C#{kind}#{dose or time of sample}#{issued at}#{certificate id}` |
//! | what was moved of the beneficiary's registrations | `B#{code}` | `C#{kind}#` |
//! | look-up by id; what another instance said against a certificate that is not here | `I#{certificate id}` | `I` |
//! | look-up by contact | `K#{keyed hash}` | `B#{code}` |
//! | audit | `A#{minute}#{0 to f}` | `{time}#{certificate id or key's thumbprint}#{event}` |
//! | note of a changed status | `J#{minute}#{0 to 7}` | `{time}#{certificate id}` |
//! | job of a recall | `RECALLS` | id |
//! | seal of the log | `LOG` | number |
//! | counter of positions | `NUMBERS` | `certificates` |
//! | how far status lists are published | `STATUS` | `latest` |
//! | published key | `KEYS` | `{thumbprint}#{verification method}` |
//! | sheet of a feature | `D#{drawer}#{folder}` | name |
//! | fact; counters of a day | `F#{hour}#{0 to f}`; `T#{state, or none}#{dimension}#{0 to 7}` | id; day |
//! | count of a window of time | `N#{what}#{who}` | the window's first second |
//! | mark of a quota | `N#{what}` | `mark` |
//!
//! Look-ups are items, not secondary indexes: an index follows the table some time later, and a certificate that was acknowledged must be found at once.
//! Two indexes, by lot and by place, serve recalls alone, which can wait.
//! The same reason makes every read a consistent one.

mod adoptions;
mod cabinet;
mod commit;
mod items;
mod journal;
mod key_ring;
mod keys;
mod ledger;
mod quota;
mod recalls;
mod registrations;
mod retry;
mod table;
mod tally;

use crate::store::{
    commit::Outcome,
    items::{Item, instant, milliseconds, number, text},
    keys::{CERTIFICATES, PARTITION, SORT},
    retry::Patience,
};
use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use aws_sdk_dynamodb::{
    Client,
    operation::update_item::UpdateItemError,
    types::{
        AttributeValue, KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure, Select, TransactWriteItem,
    },
};
use credential::{BeneficiaryCode, CertificateId, Dose, Kind, Signed, SlotKey, Status};
use issuer::ports::{Audit, Certificate, Change, Commit, Follows, Intent, Occupant, Reservation, Sheet, Store};
pub(crate) use items::stored_certificate;
use std::collections::{HashMap, HashSet};
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
        let same_version = keys::same_version(&intent.follows);
        let status = match intent.follows {
            Follows::Nothing => "",
            Follows::Revoked { .. } => " AND #status = :revoked",
            Follows::Corrects { .. } => " AND (#status = :valid OR (#status = :suspended AND #until <= :now))",
        };
        let mut patience = Patience::default();
        loop {
            let mut request = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(keys::slot(&intent.slot)?))
                .update_expression(
                    "SET next_id = if_not_exists(next_id, :id), next_issued_at = if_not_exists(next_issued_at, :issued_at), \
                     next_holder = :holder, lease = :lease",
                )
                .condition_expression(format!(
                    "{same_version} AND (attribute_not_exists(lease) OR lease < :now){status}"
                ))
                .expression_attribute_values(":id", text(intent.issuance.certificate_id.as_str()))
                .expression_attribute_values(":issued_at", instant(intent.issuance.issued_at)?)
                .expression_attribute_values(":holder", text(keys::holder(intent)))
                .expression_attribute_values(":lease", milliseconds(intent.lease_until))
                .expression_attribute_values(":now", milliseconds(intent.now))
                .return_values(ReturnValue::AllNew)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
            if let Some((name, version)) = items::of_version(&intent.follows) {
                request =
                    request.expression_attribute_names("#status", STATUS).expression_attribute_values(name, version);
            }
            request = match intent.follows {
                Follows::Nothing => request,
                Follows::Revoked { .. } => {
                    request.expression_attribute_values(":revoked", text(Status::Revoked.as_str()))
                }
                Follows::Corrects { .. } => request
                    .expression_attribute_names("#until", UNTIL)
                    .expression_attribute_values(":valid", text(Status::Valid.as_str()))
                    .expression_attribute_values(":suspended", text(SUSPENDED)),
            };
            let error = match request.send().await {
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

    /// Changes a reservation of ours, if it still is: what a release and a failed attempt do.
    async fn let_go(&self, intent: &Intent, expression: &str, lease: Option<AttributeValue>) -> Result<()> {
        let mut patience = Patience::default();
        loop {
            let mut request = self
                .client
                .update_item()
                .table_name(&self.table)
                .set_key(Some(keys::slot(&intent.slot)?))
                .update_expression(expression)
                .condition_expression("next_holder = :holder")
                .expression_attribute_values(":holder", text(keys::holder(intent)));
            if let Some(lease) = &lease {
                request = request.expression_attribute_values(":lease", lease.clone());
            }
            let Err(error) = request.send().await else { return Ok(()) };
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => return Ok(()),
                Some(UpdateItemError::TransactionConflictException(_)) => patience.wait(error).await?,
                _ => return Err(error).context("releasing a slot"),
            }
        }
    }

    /// One transaction; [`Commit::Lost`] if one of its conditions does not hold.
    async fn all_or_nothing(&self, writes: Vec<TransactWriteItem>) -> Result<Commit> {
        let mut patience = Patience::default();
        loop {
            let sent = self.client.transact_write_items().set_transact_items(Some(writes.clone())).send().await;
            let Err(error) = sent else { return Ok(Commit::Stored) };
            match commit::refusal(error) {
                Outcome::Again(error) => patience.wait(error).await?,
                Outcome::Failed(error) => return Err(error),
                _ => return Ok(Commit::Lost),
            }
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
        let kind = intent.slot.occasion.kind();
        let ours = |slot: &Item| Ok::<_, anyhow::Error>(Reservation::Ours(items::issuance(slot, NEXT, kind)?));
        match self.ask_for_slot(intent).await.context("reserving a slot")? {
            Answer::Granted(slot) => ours(&slot),
            Answer::Refused(slot) if !items::fits(&slot, intent)? => {
                Ok(Reservation::Taken(items::occupant(&slot, kind)?))
            }
            // The SDK sent our request twice because the first answer was lost: the slot is ours since then.
            Answer::Refused(slot) if items::is(&slot, "next_holder", &keys::holder(intent)) => ours(&slot),
            Answer::Refused(_) => Ok(Reservation::Busy),
        }
    }

    async fn release(&self, intent: &Intent) -> Result<()> {
        // The certificate id and the time of issue stay, so that the retry of the same event makes the same certificate.
        self.let_go(intent, "SET lease = :lease REMOVE next_holder", Some(number(0_u8))).await
    }

    async fn commit(
        &self,
        intent: &Intent,
        certificate: &Certificate,
        audit: &Audit,
        sheets: &[Sheet],
    ) -> Result<Commit> {
        let mut writes = commit::writes(&self.table, intent, certificate, audit)?;
        for sheet in sheets {
            writes.push(cabinet::write(&self.table, sheet, audit.deed.at)?);
        }
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
        self.let_go(intent, "REMOVE next_id, next_issued_at, next_holder, lease", None).await?;
        Err(id_taken)
    }

    async fn change(&self, changes: &[Change], audit: &Audit) -> Result<Commit> {
        let writes = commit::changes(&self.table, changes, audit, |_| true)?;
        if self.all_or_nothing(writes).await.context("changing a status")? == Commit::Stored {
            return Ok(Commit::Stored);
        }
        // Where certificates were taken over, one may stand beside a newer one of its slot, which the slot tells of.
        let Some(beneficiary) = changes.first().map(|change| &change.slot.beneficiary) else { return Ok(Commit::Lost) };
        let slots = self.all(&keys::beneficiary(beneficiary), keys::SLOTS).await.context("reading slots")?;
        let is_newest =
            |change: &Change| slots.iter().any(|slot| items::is(slot, "id", change.issuance.certificate_id.as_str()));
        if changes.iter().all(is_newest) {
            return Ok(Commit::Lost);
        }
        let writes = commit::changes(&self.table, changes, audit, is_newest)?;
        self.all_or_nothing(writes).await.context("changing a status")
    }

    async fn replace_signature(&self, certificate: &Certificate, before: &Signed, audit: &Audit) -> Result<Commit> {
        let writes = commit::new_signature(&self.table, certificate, before, audit)?;
        self.all_or_nothing(writes).await.context("replacing a signature")
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
            for item in items.into_iter().filter(|item| items::version(item) > 0) {
                found.insert(keys::of(&item)?, item);
            }
            if !put_off.is_empty() {
                missing.extend(put_off);
                patience.wait(anyhow!("the database put off reading slots")).await?;
            }
        }
        let occupant = |slot: &SlotKey| {
            let item = found.get(&keys::slot_texts(slot)?);
            item.map(|item| items::occupant(item, slot.occasion.kind())).transpose()
        };
        slots.iter().map(occupant).collect()
    }

    async fn certificates(&self, beneficiary: &BeneficiaryCode, kind: Option<Kind>) -> Result<Vec<Certificate>> {
        let prefix = kind.map_or_else(|| CERTIFICATES.to_owned(), keys::kind);
        let found = self.all(&keys::beneficiary(beneficiary), &prefix).await.context("reading certificates")?;
        registrations::read_through(&found, beneficiary)
    }

    async fn has_certificate(
        &self,
        beneficiary: &BeneficiaryCode,
        kind: Kind,
        dose: Option<Dose>,
        now: OffsetDateTime,
    ) -> Result<bool> {
        let prefix = dose.map_or_else(|| keys::kind(kind), |dose| keys::dose(kind, dose));
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :partition AND begins_with(SK, :prefix)")
            .filter_expression(
                "attribute_exists(id) AND (attribute_not_exists(#status) OR (#status = :suspended AND #until <= :now))",
            )
            .expression_attribute_names("#status", STATUS)
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":partition", text(keys::beneficiary(beneficiary)))
            .expression_attribute_values(":prefix", text(prefix))
            .expression_attribute_values(":suspended", text(SUSPENDED))
            .expression_attribute_values(":now", milliseconds(now))
            .select(Select::Count)
            .consistent_read(true)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            if page.context("looking for a certificate")?.count() > 0 {
                return Ok(true);
            }
        }
        Ok(false)
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

    async fn numbers(&self, count: u64) -> Result<u64> {
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::numbers()))
            .update_expression("ADD given :count")
            .expression_attribute_values(":count", number(count))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .context("taking numbers")?;
        let given = answer.attributes.as_ref().and_then(|item| item.get("given")?.as_n().ok()?.parse::<u64>().ok());
        given.and_then(|given| given.checked_sub(count)).context("a counter that does not count")
    }
}

/// How the database answered to a reservation: the slot as it is now.
enum Answer {
    Granted(Item),
    Refused(Item),
}

/// As many keys as one BatchGetItem takes.
const BATCH: usize = 100;
const NEXT: &str = "next_";
const HOLDER: &str = "holder";
const STATUS: &str = "status";
const UNTIL: &str = "until";
const LOT: &str = "lot";
const PLACE: &str = "place";
const SUSPENDED: &str = "suspended";
const SUCCESSOR: &str = "successor";
const DEEDS: &str = "deeds";
