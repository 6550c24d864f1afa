//! Small records in the table: a partition for each folder, in order of the sheets' names.

use super::{
    DynamoStore,
    items::{self, Item, number, string, text},
    keys::{self, SORT},
};
use anyhow::{Context, Result};
use async_trait::async_trait;
use aws_sdk_dynamodb::{
    operation::delete_item::DeleteItemError,
    types::{AttributeValue, Delete, Put, ReturnValue, TransactWriteItem},
};
use issuer::ports::{Cabinet, Commit, Drawer, Sheet};
use time::{Duration, OffsetDateTime};

#[async_trait]
impl Cabinet for DynamoStore {
    async fn sheet(&self, drawer: Drawer, folder: &str, name: &str, now: OffsetDateTime) -> Result<Option<Sheet>> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(keys::sheet(drawer, folder, name)))
            .consistent_read(true)
            .send()
            .await
            .context("reading a sheet")?;
        let found = answer.item.map(|item| sheet(&item, drawer, folder)).transpose()?;
        Ok(found.filter(|sheet| sheet.until.is_none_or(|until| until > now)))
    }

    async fn sheets(
        &self,
        drawer: Drawer,
        folder: &str,
        after: Option<&str>,
        most: usize,
        now: OffsetDateTime,
    ) -> Result<Vec<Sheet>> {
        let query = self
            .client
            .query()
            .table_name(&self.table)
            .limit(i32::try_from(most.max(A_PAGE)).unwrap_or(i32::MAX))
            .expression_attribute_values(":folder", text(keys::folder(drawer, folder)));
        let query = match after {
            None => query.key_condition_expression("PK = :folder"),
            Some(after) => query
                .key_condition_expression("PK = :folder AND SK > :after")
                .expression_attribute_values(":after", text(after)),
        };
        let mut pages = query.consistent_read(true).into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            let sheet = sheet(&item.context("reading sheets")?, drawer, folder)?;
            if sheet.until.is_none_or(|until| until > now) {
                found.push(sheet);
            }
            if found.len() >= most {
                break;
            }
        }
        Ok(found)
    }

    async fn put(&self, sheets: &[Sheet], now: OffsetDateTime) -> Result<Commit> {
        let writes = sheets.iter().map(|sheet| write(&self.table, sheet, now)).collect::<Result<_>>()?;
        self.all_or_nothing(writes).await.context("putting sheets")
    }

    async fn exchange(&self, sheet: &Sheet, others: &[Sheet], now: OffsetDateTime) -> Result<Commit> {
        let puts = others.iter().map(|other| write(&self.table, other, now));
        let writes = [removal(&self.table, sheet)].into_iter().chain(puts).collect::<Result<_>>()?;
        self.all_or_nothing(writes).await.context("exchanging sheets")
    }

    async fn take(&self, sheet: &Sheet) -> Result<Commit> {
        let sent = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(keys::sheet(sheet.drawer, &sheet.folder, &sheet.name)))
            .condition_expression("revision = :revision")
            .expression_attribute_values(":revision", number(sheet.revision))
            .send()
            .await;
        let Err(error) = sent else { return Ok(Commit::Stored) };
        match error.as_service_error() {
            Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(Commit::Lost),
            _ => Err(error).context("taking a sheet"),
        }
    }

    async fn count(&self, what: &str, who: &str, window: Duration, now: OffsetDateTime) -> Result<u64> {
        let length = window.whole_seconds().max(1);
        let start = now.unix_timestamp().div_euclid(length) * length;
        let answer = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::count(what, who, start)))
            .update_expression("ADD counted :one SET expires = :expires")
            .expression_attribute_values(":one", number(1_u8))
            .expression_attribute_values(":expires", AttributeValue::N((start + length).to_string()))
            .return_values(ReturnValue::AllNew)
            .send()
            .await
            .context("counting")?;
        let counted = answer.attributes.as_ref().and_then(|item| item.get("counted")?.as_n().ok()?.parse().ok());
        counted.context("a counter that does not count")
    }
}

/// Sheets that are read at a time at least: who wants one does not pay for a folder of thousands, nor ask a thousand times where many are over.
const A_PAGE: usize = 50;

/// The write that puts a sheet, under the condition that the revision before it stands there.
pub(super) fn write(table: &str, sheet: &Sheet, now: OffsetDateTime) -> Result<TransactWriteItem> {
    let put = Put::builder().table_name(table).set_item(Some(of_sheet(sheet)));
    let put = match sheet.revision {
        // The database takes what is over away when it comes to it.
        1 => put
            .condition_expression("attribute_not_exists(PK) OR expires <= :now")
            .expression_attribute_values(":now", AttributeValue::N(now.unix_timestamp().to_string())),
        revision => put
            .condition_expression("revision = :before")
            .expression_attribute_values(":before", number(revision.saturating_sub(1))),
    };
    Ok(TransactWriteItem::builder().put(put.build().context("a sheet's write")?).build())
}

/// The write that takes a sheet away, under the condition that it has its revision.
fn removal(table: &str, sheet: &Sheet) -> Result<TransactWriteItem> {
    let delete = Delete::builder()
        .table_name(table)
        .set_key(Some(keys::sheet(sheet.drawer, &sheet.folder, &sheet.name)))
        .condition_expression("revision = :revision")
        .expression_attribute_values(":revision", number(sheet.revision));
    Ok(TransactWriteItem::builder().delete(delete.build().context("a sheet's removal")?).build())
}

fn of_sheet(sheet: &Sheet) -> Item {
    let mut item = keys::sheet(sheet.drawer, &sheet.folder, &sheet.name);
    item.insert("sheet".to_owned(), text(&sheet.text));
    item.insert("revision".to_owned(), number(sheet.revision));
    if let Some(until) = sheet.until {
        item.insert("expires".to_owned(), AttributeValue::N(until.unix_timestamp().to_string()));
    }
    item
}

fn sheet(item: &Item, drawer: Drawer, folder: &str) -> Result<Sheet> {
    let whole = |name: &str| item.get(name).and_then(|value| value.as_n().ok()?.parse::<i64>().ok());
    let revision = whole("revision").and_then(|revision| u64::try_from(revision).ok());
    Ok(Sheet {
        drawer,
        folder: folder.to_owned(),
        name: string(item, SORT)?,
        text: items::string(item, "sheet")?,
        revision: revision.context("a sheet without revision")?,
        until: whole("expires").map(OffsetDateTime::from_unix_timestamp).transpose()?,
    })
}
