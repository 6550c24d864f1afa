//! Facts and their counters in the table.
//!
//! Counters of a day and a dimension are attributes of one item, `{kind}#{value}`, so that a range of days is one Query. A partition takes a thousand writes
//! a second, and an item that has a state's counters counts for several: writers spread over [`PARTS`] partitions, which readers add up.

use super::{
    DynamoStore,
    commit::{Outcome, put, reasons, refusal},
    items::{Item, number, string, text},
    keys::{self, SORT},
    retry::Patience,
};
use anyhow::{Context, Result};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use issuer::{
    analytics::fact::{day_name, parse_day},
    ports::{Count, Dimension, Fact, FactKind, Scope, Tally},
};
use std::collections::{BTreeMap, BTreeSet};
use time::{Date, Duration, OffsetDateTime};
use tokio::task::JoinSet;

#[async_trait]
impl Tally for DynamoStore {
    async fn count(&self, facts: &[Fact]) -> Result<u64> {
        let mut counted = 0;
        for chunk in chunks(facts) {
            counted += self.count_together(chunk).await.context("counting facts")?;
        }
        Ok(counted)
    }

    async fn counts(&self, scope: &Scope, by: Dimension, from: Date, until: Date) -> Result<Vec<Count>> {
        let mut reading = JoinSet::new();
        for part in 0..PARTS {
            let (store, counters) = (self.clone(), keys::counters(scope, by, part));
            reading.spawn(async move { store.counted(counters, from, until).await });
        }
        let mut counts = Vec::new();
        while let Some(part) = reading.join_next().await {
            counts.extend(part.context("reading counters")??);
        }
        Ok(counts)
    }

    async fn facts(&self, hour: OffsetDateTime, shard: u32, after: Option<&str>, most: usize) -> Result<Vec<Fact>> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .expression_attribute_values(":facts", text(keys::facts(hour, shard)));
        let query = match after {
            None => query.key_condition_expression("PK = :facts"),
            Some(after) => query
                .key_condition_expression("PK = :facts AND SK > :after")
                .expression_attribute_values(":after", text(after)),
        };
        let mut pages = query.into_paginator().items().send();
        let mut facts = Vec::new();
        while let Some(item) = pages.next().await {
            facts.push(fact(&item.context("reading facts")?)?);
            if facts.len() >= most {
                break;
            }
        }
        Ok(facts)
    }
}

impl DynamoStore {
    /// The counters in one partition.
    async fn counted(&self, partition: String, from: Date, until: Date) -> Result<Vec<Count>> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :counters AND SK BETWEEN :from AND :until")
            .expression_attribute_values(":counters", text(partition))
            .expression_attribute_values(":from", text(day_name(from)))
            .expression_attribute_values(":until", text(day_name(until)))
            .into_paginator()
            .items()
            .send();
        let mut counts = Vec::new();
        while let Some(item) = pages.next().await {
            counts.extend(counts_in(&item.context("reading counters")?)?);
        }
        Ok(counts)
    }

    /// Facts and what they add to their counters, in one transaction; without those that turn out to be counted already.
    async fn count_together(&self, mut facts: Vec<&Fact>) -> Result<u64> {
        let mut patience = Patience::default();
        while !facts.is_empty() {
            let sent = self.client.transact_write_items().set_transact_items(Some(self.writes(&facts)?)).send().await;
            let Err(error) = sent else { break };
            let refused: Vec<bool> = reasons(&error).iter().map(super::commit::failed).collect();
            match refusal(error) {
                Outcome::Again(error) => patience.wait(error).await?,
                Outcome::Failed(error) => return Err(error),
                _ => {
                    // The facts come first, in order.
                    let mut refused = refused.into_iter();
                    facts.retain(|_| !refused.next().unwrap_or_default());
                }
            }
        }
        Ok(facts.len().try_into()?)
    }

    fn writes(&self, facts: &[&Fact]) -> Result<Vec<TransactWriteItem>> {
        let mut sums: BTreeMap<(Scope, Dimension, Date), BTreeMap<String, u64>> = BTreeMap::new();
        for fact in facts {
            for (scope, by) in counters_of(fact) {
                let name = format!("{}#{}", fact.kind.as_str(), fact.value(by));
                *sums.entry((scope, by, fact.day)).or_default().entry(name).or_default() += u64::from(fact.times);
            }
        }
        let part = facts.first().map(|fact| keys::part(&fact.id, PARTS)).unwrap_or_default();
        let kept = facts.iter().map(|fact| Ok(put(&self.table, of_fact(fact)?, Some("attribute_not_exists(PK)"))?));
        let added =
            sums.iter().map(|((scope, by, day), sums)| self.addition(keys::counter(scope, *by, *day, part), sums));
        kept.chain(added).collect()
    }

    fn addition(&self, key: Item, sums: &BTreeMap<String, u64>) -> Result<TransactWriteItem> {
        let terms: Vec<_> = (0..sums.len()).map(|place| format!("#{place} :{place}")).collect();
        let mut update = Update::builder().table_name(&self.table).set_key(Some(key));
        for (place, (name, sum)) in sums.iter().enumerate() {
            update = update
                .expression_attribute_names(format!("#{place}"), name)
                .expression_attribute_values(format!(":{place}"), number(*sum));
        }
        let update = update.update_expression(format!("ADD {}", terms.join(", "))).build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// Facts that fit into one transaction with their counters: those of one state and day come together, for they have counters in common.
fn chunks(facts: &[Fact]) -> Vec<Vec<&Fact>> {
    let mut ids = BTreeSet::new();
    let mut sorted: Vec<&Fact> = facts.iter().filter(|fact| ids.insert(&fact.id)).collect();
    sorted.sort_by(|one, other| {
        (one.value(Dimension::State), one.day, &one.id).cmp(&(other.value(Dimension::State), other.day, &other.id))
    });
    let (mut chunks, mut chunk, mut counters) = (Vec::new(), Vec::new(), BTreeSet::new());
    for fact in sorted {
        let theirs: BTreeSet<_> = counters_of(fact).into_iter().map(|(scope, by)| (scope, by, fact.day)).collect();
        if chunk.len() + 1 + counters.union(&theirs).count() > MOST_WRITES {
            chunks.push(std::mem::take(&mut chunk));
            counters.clear();
        }
        counters.extend(theirs);
        chunk.push(fact);
    }
    chunks.push(chunk);
    chunks
}

/// Where a fact is counted: in the country, and in its state if it has one.
fn counters_of(fact: &Fact) -> Vec<(Scope, Dimension)> {
    let state = fact.values.get(&Dimension::State).map(|state| Scope::State(state.clone()));
    let mut counters = Vec::new();
    for scope in [Some(Scope::Country), state].into_iter().flatten() {
        counters.extend(Dimension::ALL.into_iter().filter(|by| scope.has(*by)).map(|by| (scope.clone(), by)));
    }
    counters
}

fn of_fact(fact: &Fact) -> Result<Item> {
    let mut item = keys::fact(fact);
    item.insert("fact".to_owned(), text(fact.json().to_string()));
    let expires = fact.hour.checked_add(KEPT).context("a time beyond the year 9999")?;
    item.insert("expires".to_owned(), AttributeValue::N(expires.unix_timestamp().to_string()));
    Ok(item)
}

fn fact(item: &Item) -> Result<Fact> {
    Fact::from_json(string(item, SORT)?, &serde_json::from_str(&string(item, "fact")?).context("a fact is no JSON")?)
}

/// The counters of an item.
fn counts_in(item: &Item) -> Result<Vec<Count>> {
    let day = parse_day(&string(item, SORT)?).context("counters of no day")?;
    let count = |(name, value): (&String, &AttributeValue)| {
        let (kind, of) = name.split_once('#')?;
        let number = value.as_n().ok()?.parse().ok()?;
        Some(Count { day, kind: FactKind::parse(kind)?, value: of.to_owned(), number })
    };
    Ok(item.iter().filter_map(count).collect())
}

/// Partitions of a dimension. Eight take some thirty thousand facts a second.
const PARTS: u32 = 8;
/// What a transaction of DynamoDB may write.
const MOST_WRITES: usize = 100;
/// How long a fact is kept in the table: a stream remembers a day, the export is over after two.
const KEPT: Duration = Duration::days(8);
