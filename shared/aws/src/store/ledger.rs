//! The log and its chain in the table, and reading what is kept by the minute.

use super::{
    DynamoStore,
    commit::put,
    items::{Item, instant, text},
    keys::{self, LOG_SHARDS, PARTITION, SEALS, SORT},
};
use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use aws_lc_rs::rand;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use credential::chain::{Entry, Seal};
use issuer::ports::{Commit, Ledger, Remark};
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;

#[async_trait]
impl Ledger for DynamoStore {
    async fn entries(&self, from: OffsetDateTime, until: OffsetDateTime) -> Result<Vec<Entry>> {
        if until <= from {
            return Ok(Vec::new());
        }
        let last = until - Duration::NANOSECOND;
        let found = self.minutes(from, last, LOG_SHARDS, keys::log).await.context("reading the log")?;
        let mut entries = found.into_iter().map(entry).collect::<Result<Vec<_>>>()?;
        entries.sort();
        Ok(entries)
    }

    async fn last_seal(&self) -> Result<Option<Seal>> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :seals")
            .expression_attribute_values(":seals", text(SEALS))
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(1)
            .send()
            .await
            .context("reading the last seal")?;
        answer.items().first().map(seal).transpose()
    }

    async fn seals(&self, from: u64, most: usize) -> Result<Vec<Seal>> {
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .key_condition_expression("PK = :seals AND SK >= :from")
            .expression_attribute_values(":seals", text(SEALS))
            .expression_attribute_values(":from", text(keys::seal_number(from)))
            .consistent_read(true)
            .limit(i32::try_from(most).unwrap_or(i32::MAX))
            .send()
            .await
            .context("reading seals")?;
        answer.items().iter().map(seal).collect()
    }

    async fn append(&self, seal: &Seal) -> Result<Commit> {
        let mut item = keys::seal(seal.number);
        item.insert("seal".to_owned(), text(serde_json::to_string(seal)?));
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(PK)")
            .send()
            .await;
        let Err(error) = sent else { return Ok(Commit::Stored) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(Commit::Lost),
            _ => Err(error).context("sealing the log"),
        }
    }

    async fn remark(&self, remarks: &[Remark]) -> Result<()> {
        let row = |remark: &Remark| Ok(put(&self.table, of_remark(remark)?, None)?);
        let writes = remarks.iter().map(row).collect::<Result<Vec<_>>>()?;
        match self.all_or_nothing(writes).await.context("writing into the log")? {
            Commit::Stored => Ok(()),
            Commit::Lost => Err(anyhow!("the log refused an entry")),
        }
    }
}

impl DynamoStore {
    /// Everything in the partitions of each minute from that of `from` to that of `to`, in no order.
    pub(super) async fn minutes(
        &self,
        from: OffsetDateTime,
        to: OffsetDateTime,
        shards: u32,
        partition: fn(OffsetDateTime, u32) -> Result<String>,
    ) -> Result<Vec<Item>> {
        let seconds = Duration::seconds(from.second().into()) + Duration::nanoseconds(from.nanosecond().into());
        let mut minute = from - seconds;
        let mut waiting = Vec::new();
        while minute <= to {
            for shard in 0..shards {
                waiting.push(partition(minute, shard)?);
            }
            minute += Duration::MINUTE;
        }
        let mut found = Vec::new();
        let mut running = JoinSet::new();
        loop {
            while running.len() < AT_A_TIME {
                let Some(partition) = waiting.pop() else { break };
                let store = self.clone();
                running.spawn(async move { store.all(&partition, "").await });
            }
            let Some(read) = running.join_next().await else { return Ok(found) };
            found.append(&mut read.context("a reader broke")??);
        }
    }
}

/// Requests of one reader at a time.
const AT_A_TIME: usize = 16;

/// Its key ends in random digits: the same may happen to one certificate twice within a millisecond.
fn of_remark(remark: &Remark) -> Result<Item> {
    let mut nonce = [0; 4];
    rand::fill(&mut nonce).map_err(|_| anyhow!("the system has no randomness"))?;
    let event = remark.event.as_str();
    let mut item = keys::audit_of(remark.at, &remark.about, &format!("{event}#{:08x}", u32::from_be_bytes(nonce)))?;
    item.extend(
        [
            ("id", text(&remark.about)),
            ("event", text(event)),
            ("actor", text(&remark.actor)),
            ("at", instant(remark.at)?),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    Ok(item)
}

/// Everything of an item but its partition, which follows from the rest.
fn entry(mut item: Item) -> Result<Entry> {
    item.remove(PARTITION);
    let key = item.remove(SORT).and_then(|key| key.as_s().ok().cloned()).context("an entry without key")?;
    let members = item.into_iter().map(|(name, value)| {
        let value = value.as_s().ok().cloned().context("an entry with something else than texts")?;
        Ok((name, value))
    });
    Ok(Entry { key, members: members.collect::<Result<_>>()? })
}

fn seal(item: &Item) -> Result<Seal> {
    let text = item.get("seal").and_then(|seal| seal.as_s().ok()).context("a seal without content")?;
    serde_json::from_str(text).context("a seal that is none")
}
