//! The rules' records on a DynamoDB, whoever plays it, and how to look behind them.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

pub(crate) mod tally;

use crate::contract::{Behind, Records};
use async_trait::async_trait;
use aws::{DynamoStore, create_table};
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use credential::PublicKey;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// Records on a table of their own.
pub(crate) async fn records(client: Client) -> Records {
    create_table(&client, TABLE).await.unwrap();
    // A second call finds it.
    create_table(&client, TABLE).await.unwrap();
    Records { store: Arc::new(DynamoStore::new(client.clone(), TABLE)), behind: Arc::new(Table(client)) }
}

const TABLE: &str = "certificates";

struct Table(Client);

impl Table {
    async fn items(&self) -> Vec<HashMap<String, AttributeValue>> {
        let mut pages = self.0.scan().table_name(TABLE).consistent_read(true).into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.unwrap());
        }
        items
    }
}

#[async_trait]
impl Behind for Table {
    async fn traces(&self, needle: &str) -> Vec<String> {
        let says = |value: &AttributeValue| value.as_s().is_ok_and(|text| text.contains(needle));
        let mut traces = Vec::new();
        for item in self.items().await {
            if item.values().any(says) {
                traces.push(format!("{} {}", item["PK"].as_s().unwrap(), item["SK"].as_s().unwrap()));
            }
        }
        traces.sort();
        traces
    }

    async fn entries(&self, about: &str) -> Vec<BTreeMap<String, String>> {
        let is = |item: &HashMap<String, AttributeValue>, name: &str, wanted: &dyn Fn(&str) -> bool| {
            item.get(name).and_then(|value| value.as_s().ok()).is_some_and(|text| wanted(text))
        };
        let mut entries = Vec::new();
        for item in self.items().await {
            if is(&item, "id", &|text| text == about) && is(&item, "PK", &|text| text.starts_with("A#")) {
                let texts = item.into_iter().map(|(name, value)| (name, value.as_s().unwrap().clone()));
                entries.push(texts.collect::<BTreeMap<_, _>>());
            }
        }
        entries.sort_by(|one, other| one["SK"].cmp(&other["SK"]));
        entries
    }

    async fn put_old_key(&self, method: &str, key: &PublicKey) {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let put = self.0.put_item().table_name(TABLE).item("PK", text("KEYS"));
        let put = put.item("SK", text(&format!("{}#{method}", key.thumbprint()))).item("method", text(method));
        let put = put.item("pem", text(&key.to_pem())).item("since", text("2026-03-01T08:30:00.250Z"));
        put.send().await.unwrap();
    }
}
