//! Published keys: a handful of items in one partition, each written together with its audit entry.

use super::{
    DynamoStore,
    commit::put,
    items::{Item, binary, instant, string, text, time},
    keys::{self, KEYS},
    retry::Patience,
};
use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError as Refusal,
    types::{AttributeValue, TransactWriteItem, Update},
};
use credential::{Life, Origin, PublicKey, Purpose, VerificationMethod};
use issuer::ports::{Effect, KeyChange, KeyRing, PublishedKey};
use std::cmp::Reverse;
use time::OffsetDateTime;

#[async_trait]
impl KeyRing for DynamoStore {
    async fn keys(&self) -> Result<Vec<PublishedKey>> {
        let found = self.all(KEYS, "").await.context("reading published keys")?;
        let mut keys = found.iter().map(published).collect::<Result<Vec<_>>>()?;
        keys.sort_by_key(|key| Reverse(key.since));
        Ok(keys)
    }

    async fn publish(&self, method: &VerificationMethod, change: &KeyChange) -> Result<Effect> {
        let event = match method.origin {
            Origin::Own => "key-published",
            Origin::Foreign => "key-added",
        };
        let row = put(&self.table, row(method, change.at)?, Some("attribute_not_exists(PK)"))?;
        let writes = vec![row, self.entry(&method.key, event, change)?];
        match self.write(writes).await.context("publishing a key")? {
            Written::Yes => Ok(Effect::Changed),
            Written::Refused => Ok(Effect::Unchanged),
        }
    }

    async fn retire(&self, key: &PublicKey, until: OffsetDateTime, change: &KeyChange) -> Result<Effect> {
        self.mark(key, UNTIL, &instant(until)?, "key-retired", change).await.context("retiring a key")
    }

    async fn compromise(&self, key: &PublicKey, change: &KeyChange) -> Result<Effect> {
        let since = instant(change.at)?;
        self.mark(key, COMPROMISED, &since, "key-compromised", change).await.context("marking a key as compromised")
    }

    async fn attach_chain(&self, key: &PublicKey, chain: &[Vec<u8>], change: &KeyChange) -> Result<Effect> {
        let value = AttributeValue::L(chain.iter().map(|certificate| binary(certificate)).collect());
        let rows = self.names(key).await?;
        if rows.iter().all(|row| row.get(CHAIN) == Some(&value)) {
            return Ok(Effect::Unchanged);
        }
        let set = |row: &Item| self.set(row, CHAIN, value.clone(), "attribute_exists(PK)");
        let mut writes = rows.iter().map(set).collect::<Result<Vec<_>>>()?;
        writes.push(self.entry(key, "chain-attached", change)?);
        match self.write(writes).await.context("attaching a chain")? {
            Written::Yes => Ok(Effect::Changed),
            Written::Refused => Err(anyhow!("a published key is gone")),
        }
    }
}

impl DynamoStore {
    /// Gives an attribute to the key under each of its names that lacks it. Nothing ever takes such an attribute away, so a refusal means that another call
    /// was faster: looking again then finds nothing left to do.
    async fn mark(
        &self,
        key: &PublicKey,
        name: &str,
        value: &AttributeValue,
        event: &str,
        change: &KeyChange,
    ) -> Result<Effect> {
        let mut patience = Patience::default();
        loop {
            let rows = self.names(key).await?;
            let lacking = rows.iter().filter(|row| !row.contains_key(name));
            let condition = format!("attribute_exists(PK) AND attribute_not_exists({name})");
            let mut writes =
                lacking.map(|row| self.set(row, name, value.clone(), &condition)).collect::<Result<Vec<_>>>()?;
            if writes.is_empty() {
                return Ok(Effect::Unchanged);
            }
            writes.push(self.entry(key, event, change)?);
            match self.write(writes).await? {
                Written::Yes => return Ok(Effect::Changed),
                Written::Refused => patience.wait(anyhow!("another call marks the key")).await?,
            }
        }
    }

    /// The rows of a key, one for each name; at least one.
    async fn names(&self, key: &PublicKey) -> Result<Vec<Item>> {
        let rows = self.all(KEYS, &keys::published_names(key)).await.context("reading a key's names")?;
        if rows.is_empty() { Err(anyhow!("the key was never published")) } else { Ok(rows) }
    }

    fn set(&self, row: &Item, name: &str, value: AttributeValue, condition: &str) -> Result<TransactWriteItem> {
        let (partition, sort) = keys::of(row)?;
        let update = Update::builder()
            .table_name(&self.table)
            .key(keys::PARTITION, text(partition))
            .key(keys::SORT, text(sort))
            .update_expression(format!("SET {name} = :value"))
            .condition_expression(condition)
            .expression_attribute_values(":value", value)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// The audit entry. Two changes of one kind to one key within a millisecond would share it; the second finds nothing to change.
    fn entry(&self, key: &PublicKey, event: &str, change: &KeyChange) -> Result<TransactWriteItem> {
        let thumbprint = key.thumbprint();
        let mut item = keys::audit_of(change.at, &thumbprint, event)?;
        item.extend(
            [
                ("id", text(thumbprint)),
                ("event", text(event)),
                ("actor", text(&change.actor)),
                ("reason", text(change.reason.as_str())),
                ("at", instant(change.at)?),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        Ok(put(&self.table, item, None)?)
    }

    /// One transaction; sent again where it met another one.
    async fn write(&self, writes: Vec<TransactWriteItem>) -> Result<Written> {
        let mut patience = Patience::default();
        loop {
            let sent = self.client.transact_write_items().set_transact_items(Some(writes.clone())).send().await;
            let Err(error) = sent else { return Ok(Written::Yes) };
            let passing = match error.as_service_error() {
                Some(Refusal::TransactionCanceledException(cancelled)) => {
                    let codes = || cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code());
                    if codes().any(|code| code == "ConditionalCheckFailed") {
                        return Ok(Written::Refused);
                    }
                    codes().all(|code| super::commit::PASSING.contains(&code))
                }
                Some(Refusal::TransactionInProgressException(_)) => true,
                _ => false,
            };
            if !passing {
                return Err(error.into());
            }
            patience.wait(error).await?;
        }
    }
}

/// What became of a transaction.
enum Written {
    Yes,
    /// A condition did not hold.
    Refused,
}

fn row(method: &VerificationMethod, since: OffsetDateTime) -> Result<Item> {
    let mut item = keys::published(method);
    let mut add = |name: &str, value| item.insert(name.to_owned(), value);
    add("method", text(&method.id));
    add("pem", text(method.key.to_pem()));
    add(SINCE, instant(since)?);
    add(PURPOSE, text(method.purpose.as_str()));
    add(ORIGIN, text(method.origin.as_str()));
    let Life { from, until, compromised } = method.life;
    for (name, time) in [(FROM, from), (UNTIL, until), (COMPROMISED, compromised)] {
        if let Some(time) = time {
            add(name, instant(time)?);
        }
    }
    if !method.chain.is_empty() {
        add(CHAIN, AttributeValue::L(method.chain.iter().map(|certificate| binary(certificate)).collect()));
    }
    Ok(item)
}

fn published(item: &Item) -> Result<PublishedKey> {
    let optional = |name: &str| item.contains_key(name).then(|| time(item, name)).transpose();
    let method = VerificationMethod {
        id: string(item, "method")?,
        key: PublicKey::from_pem(&string(item, "pem")?)?,
        life: Life { from: optional(FROM)?, until: optional(UNTIL)?, compromised: optional(COMPROMISED)? },
        purpose: named(item, PURPOSE, Purpose::ALL, Purpose::as_str)?.unwrap_or(Purpose::Certificates),
        origin: named(item, ORIGIN, Origin::ALL, Origin::as_str)?.unwrap_or(Origin::Own),
        chain: chain(item)?,
    };
    Ok(PublishedKey { method, since: time(item, SINCE)? })
}

/// One of a few words; keys that were published before the words were written have none.
fn named<T: Copy, const N: usize>(
    item: &Item,
    attribute: &str,
    all: [T; N],
    name: fn(T) -> &'static str,
) -> Result<Option<T>> {
    if !item.contains_key(attribute) {
        return Ok(None);
    }
    let word = string(item, attribute)?;
    let known = all.into_iter().find(|one| name(*one) == word);
    known.map(Some).with_context(|| format!("a key whose {attribute} is unknown"))
}

fn chain(item: &Item) -> Result<Vec<Vec<u8>>> {
    let Some(chain) = item.get(CHAIN) else { return Ok(Vec::new()) };
    let chain = chain.as_l().ok().context("a chain is no list")?;
    let certificates = chain.iter().map(|one| one.as_b().ok().map(|bytes| bytes.as_ref().to_vec()));
    certificates.collect::<Option<_>>().context("a chain holds something other than bytes")
}

const SINCE: &str = "since";
const FROM: &str = "valid_from";
const UNTIL: &str = "valid_until";
const COMPROMISED: &str = "compromised_at";
const PURPOSE: &str = "purpose";
const ORIGIN: &str = "origin";
const CHAIN: &str = "chain";
