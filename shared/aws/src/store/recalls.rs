//! Recalls in the table: two secondary indexes over certificates, by lot and by place, and the jobs.
//!
//! An index follows the records a moment later. That is enough here: whoever changes a status does so on the record itself, under the condition that it is
//! still what the index said.

use super::{
    DynamoStore, LOT, PLACE,
    items::{self, Item, string, text},
    keys::{self, INDEX_SHARDS, RECALLS, SORT},
};
use anyhow::{Context, Result};
use async_trait::async_trait;
use aws_sdk_dynamodb::{operation::put_item::PutItemError, types::AttributeValue};
use issuer::ports::{Commit, Common, Page, Recalls, StoredJob};
use serde_json::{Map, Value};

#[async_trait]
impl Recalls for DynamoStore {
    async fn found(&self, by: &Common, after: Option<&str>) -> Result<Page> {
        let (index, attribute, name) = match by {
            Common::Lot(lot) => (BY_LOT, LOT, lot.as_str()),
            Common::Place(place) => (BY_PLACE, PLACE, place.as_str()),
        };
        let (shard, start) = after.map_or(Ok((0, None)), place)?;
        let answer = self
            .client
            .query()
            .table_name(&self.table)
            .index_name(index)
            .key_condition_expression("#common = :common")
            .expression_attribute_names("#common", attribute)
            .expression_attribute_values(":common", text(keys::common(name, shard)))
            .set_exclusive_start_key(start)
            .limit(PAGE)
            .send()
            .await
            .context("reading an index")?;
        let next = match answer.last_evaluated_key() {
            Some(last) => Some(cursor(shard, Some(last))?),
            None if shard + 1 < INDEX_SHARDS => Some(cursor(shard + 1, None)?),
            None => None,
        };
        Ok(Page { found: answer.items().iter().map(items::candidate).collect::<Result<_>>()?, next })
    }

    async fn jobs(&self) -> Result<Vec<StoredJob>> {
        self.all(RECALLS, "").await.context("reading recalls")?.iter().map(job).collect()
    }

    async fn job(&self, id: &str) -> Result<Option<StoredJob>> {
        let found = self.all(RECALLS, id).await.context("reading a recall")?;
        Ok(found.iter().map(job).collect::<Result<Vec<_>>>()?.into_iter().find(|job| job.id == id))
    }

    async fn save(&self, job: &StoredJob) -> Result<Commit> {
        let mut item = keys::recall(&job.id);
        item.insert("job".to_owned(), text(&job.text));
        item.insert("revision".to_owned(), items::number(job.revision));
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("(attribute_not_exists(PK) AND :before = :none) OR revision = :before")
            .expression_attribute_values(":before", items::number(job.revision.saturating_sub(1)))
            .expression_attribute_values(":none", items::number(0_u64))
            .send()
            .await;
        let Err(error) = sent else { return Ok(Commit::Stored) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(Commit::Lost),
            _ => Err(error).context("saving a recall"),
        }
    }
}

fn job(item: &Item) -> Result<StoredJob> {
    let revision = item.get("revision").and_then(|value| value.as_n().ok()?.parse().ok());
    Ok(StoredJob {
        id: string(item, SORT)?,
        text: string(item, "job")?,
        revision: revision.context("a recall without revision")?,
    })
}

/// Where to go on, as a text that a job keeps: the part of the index, and the last key if the part is not at its end.
fn cursor(shard: u32, last: Option<&Item>) -> Result<String> {
    let mut members = Map::from_iter([("part".to_owned(), shard.into())]);
    for (name, value) in last.into_iter().flatten() {
        members.insert(name.clone(), value.as_s().ok().context("a key that is no text")?.as_str().into());
    }
    Ok(Value::Object(members).to_string())
}

fn place(cursor: &str) -> Result<(u32, Option<Item>)> {
    let members: Map<String, Value> = serde_json::from_str(cursor).context("a place that is none")?;
    let shard = members.get("part").and_then(Value::as_u64).and_then(|part| u32::try_from(part).ok());
    let key: Item = members
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), AttributeValue::S(value.as_str()?.to_owned()))))
        .collect();
    Ok((shard.context("a place without part")?, (!key.is_empty()).then_some(key)))
}

/// The indexes' names; the table's template has them too.
pub(super) const BY_LOT: &str = "by_lot";
pub(super) const BY_PLACE: &str = "by_place";
/// What an index holds of a certificate beside the keys: enough to change its status without reading it.
pub(super) const KNOWN: [&str; 8] = ["id", "issued_at", "kind", "programme", "dose", "sampled_at", "status", "until"];
/// Certificates of a page: some seconds' work.
const PAGE: i32 = 1000;
