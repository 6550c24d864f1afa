//! What the publication of status lists reads of the table, and the one item that says how far it came.

use super::{
    DynamoStore,
    adoptions::word_against,
    items::{self, Item, instant, string, text},
    keys::{self, CERTIFICATES, NOTES, SHARDS, SORT},
};
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use aws_sdk_dynamodb::{operation::put_item::PutItemError, types::AttributeValue};
use credential::{CertificateId, Status};
use issuer::ports::{Journal, Published, StatusChange};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

#[async_trait]
impl Journal for DynamoStore {
    async fn changes(&self, from: OffsetDateTime, to: OffsetDateTime) -> Result<Vec<StatusChange>> {
        in_order(&self.minutes(from, to, SHARDS, keys::notes).await.context("reading changes of status")?)
    }

    async fn all_changes(&self) -> Result<Vec<StatusChange>> {
        let mut pages = self
            .client
            .scan()
            .table_name(&self.table)
            .filter_expression("begins_with(PK, :notes)")
            .expression_attribute_values(":notes", text(NOTES))
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(note) = pages.try_next().await.context("looking for changes of status")? {
            found.push(note);
        }
        in_order(&found)
    }

    async fn numbers_taken(&self) -> Result<u64> {
        let counter = self.item(keys::numbers()).await.context("reading the counter of positions")?;
        counter.map_or(Ok(0), |counter| whole(&counter, "given"))
    }

    async fn published(&self) -> Result<Option<Published>> {
        let Some(item) = self.item(keys::status_lists()).await? else { return Ok(None) };
        Ok(Some(Published {
            number: whole(&item, "number")?,
            read_until: time(&string(&item, "read_until")?)?,
            lists: whole(&item, "lists")?,
        }))
    }

    async fn record(&self, published: &Published) -> Result<bool> {
        let mut item = keys::status_lists();
        let number = AttributeValue::N(published.number.to_string());
        let read_until = instant(published.read_until)?;
        item.insert("number".to_owned(), number.clone());
        item.insert("read_until".to_owned(), read_until.clone());
        item.insert("lists".to_owned(), AttributeValue::N(published.lists.to_string()));
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression(
                "attribute_not_exists(PK) OR #number < :number OR (#number = :number AND read_until <= :read_until)",
            )
            .expression_attribute_names("#number", "number")
            .expression_attribute_values(":number", number)
            .expression_attribute_values(":read_until", read_until)
            .send()
            .await;
        let Err(error) = sent else { return Ok(true) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
            _ => Err(error).context("recording what was published"),
        }
    }

    async fn status_of(&self, certificate: &CertificateId) -> Result<Option<Status>> {
        let look_up = self.item(keys::id(certificate)).await.context("looking a certificate up")?;
        let Some(look_up) = look_up else { return Ok(None) };
        if let Some(status) = word_against(&look_up) {
            return Ok(Some(status));
        }
        let code = items::beneficiary(&look_up)?;
        let found = self.all(&keys::beneficiary(&code), CERTIFICATES).await.context("reading certificates")?;
        let found = found.iter().find(|item| items::is(item, "id", certificate.as_str()));
        found.map(items::status).transpose()
    }
}

impl DynamoStore {
    /// Notes a change by itself: for tests. The service notes it in the transaction of the change.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn note(&self, change: &StatusChange) -> Result<()> {
        let item = items::of_note(&change.certificate_id, change.status, change.at)?;
        self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await.context("noting a change")?;
        Ok(())
    }

    pub(super) async fn item(&self, key: Item) -> Result<Option<Item>> {
        let answer =
            self.client.get_item().table_name(&self.table).set_key(Some(key)).consistent_read(true).send().await?;
        Ok(answer.item)
    }
}

fn in_order(notes: &[Item]) -> Result<Vec<StatusChange>> {
    let mut changes = notes.iter().map(change).collect::<Result<Vec<_>>>()?;
    changes.sort_by(|one, other| (one.at, &one.certificate_id).cmp(&(other.at, &other.certificate_id)));
    Ok(changes)
}

/// The change in a note; its sort key begins with the time.
fn change(note: &Item) -> Result<StatusChange> {
    let sort = string(note, SORT)?;
    let (at, _) = sort.split_once('#').context("a note without time")?;
    let id = CertificateId::parse(&string(note, "id")?).context("a certificate's id breaks its rule")?;
    let status = match string(note, "status")?.as_str() {
        "valid" => Status::Valid,
        "superseded" => Status::Superseded,
        "revoked" => Status::Revoked,
        "suspended" => Status::Suspended { until: time(&string(note, "until")?)? },
        _ => bail!("a status that is unknown"),
    };
    Ok(StatusChange { at: time(at)?, certificate_id: id, status })
}

fn whole(item: &Item, name: &str) -> Result<u64> {
    let number = item.get(name).and_then(|value| value.as_n().ok()?.parse().ok());
    number.with_context(|| format!("an item without {name}"))
}

fn time(text: &str) -> Result<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).context("a time is none")
}
