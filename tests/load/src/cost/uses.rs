//! The things people ask of the service, each done some hundred times with everything counted.

use crate::meter::{Counts, Meter, Metered, MeteredTable};
use anyhow::{Context, Result, ensure};
use aws::{DynamoStore, create_table};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use issuer::{App, config::Place};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc};
use tests::{Client, people};

/// What one thing takes, on the average.
#[derive(Clone, Debug, Default)]
pub(crate) struct Use {
    pub(crate) name: &'static str,
    /// The stage of `make load` whose processor time it has.
    pub(crate) stage: &'static str,
    /// Whether it waits in the queue first.
    pub(crate) queued: bool,
    /// Requests through the API.
    pub(crate) requests: f64,
    pub(crate) write_units: f64,
    pub(crate) read_units: f64,
    pub(crate) table_calls: f64,
    pub(crate) transactions: f64,
    pub(crate) signatures: f64,
    pub(crate) puts: f64,
    pub(crate) gets: f64,
    pub(crate) bytes_out: f64,
    pub(crate) bytes_stored: f64,
}

/// People of the measurement, and events of a request.
const PEOPLE: u64 = 200;
const BATCH: u64 = 20;

/// Does everything once for each of some people, on a service of its own.
pub(crate) async fn measured() -> Result<Vec<Use>> {
    let meter = Meter::default();
    let connector = local::records::connector(None)?;
    let table = MeteredTable { table: connector, meter: meter.clone() };
    let records = local::records::client_of(SharedHttpConnector::new(table));
    create_table(&records, TABLE).await?;
    let place = Place { port: 0, data: ":memory:".to_owned(), ..Place::from_env()? };
    let (store, counting) = (Arc::new(DynamoStore::new(records.clone(), TABLE)), meter.clone());
    let running = local::start_with(place, |app| count_in(app, store, &counting)).await?;
    let client = Client::new(running.base_url(), running.tokens());

    // What happens once a process is no part of a certificate.
    certify(&client, PEOPLE, 1).await?;
    let before = meter.counts();
    for first in (0..PEOPLE).step_by(usize::try_from(BATCH)?) {
        certify(&client, first, BATCH).await?;
    }
    let written = since(before, meter.counts());
    let stored = stored(&records).await? / f64::from(u32::try_from(PEOPLE + 1)?);
    let batch = f64::from(u32::try_from(BATCH)?);
    // Of the answer, an item's part.
    let certificate =
        Use { requests: 1.0 / batch, bytes_stored: stored, bytes_out: 450.0, ..of("certificate", "certify", written) };
    let queued = Use { name: "certificate, queued", queued: true, ..certificate.clone() };
    let mut uses = vec![certificate, queued];
    for (name, stage, path) in [
        ("HEAD", "HEAD", "certificatePDF"),
        ("QR code", "QR", "certificateQRCode"),
        ("PDF first", "PDF", "certificatePDF"),
        ("PDF again", "HEAD", "certificatePDF"),
    ] {
        let (before, mut bytes) = (meter.counts(), 0.0);
        for person in 0..PEOPLE {
            let path = format!("/certificate/api/{path}/{}", people::code(person));
            let answer =
                if name == "HEAD" { client.head(&path, "fetcher").await } else { client.get(&path, "fetcher").await }?;
            ensure!(answer.status == 200, "{name}: {}", answer.status);
            bytes += f64::from(u32::try_from(answer.body.len())?);
        }
        let counted = of(name, stage, since(before, meter.counts()));
        uses.push(Use { requests: 1.0, bytes_out: bytes / f64::from(u32::try_from(PEOPLE)?), ..counted });
    }
    running.shutdown().await?;
    Ok(uses)
}

/// Puts what counts in the place of what does the work.
fn count_in(app: &mut App, store: Arc<DynamoStore>, meter: &Meter) {
    app.store = store.clone();
    app.key_ring = store.clone();
    app.journal = store.clone();
    app.ledger = store.clone();
    app.recalls = store.clone();
    app.registrations = store.clone();
    app.cabinet = store;
    app.signer = Arc::new(Metered { port: Arc::clone(&app.signer), meter: meter.clone() });
    app.files = Arc::new(Metered { port: Arc::clone(&app.files), meter: meter.clone() });
}

async fn certify(client: &Client, first: u64, count: u64) -> Result<()> {
    let events: Value = (first..first + count).map(|person| people::event(person, 1)).collect();
    let answer = client.certify("v1", &events).await?;
    ensure!(answer.status == 200, "certify: {}", answer.status);
    Ok(())
}

fn since(before: Counts, after: Counts) -> Counts {
    Counts {
        write_units: after.write_units - before.write_units,
        read_units: after.read_units - before.read_units,
        table_calls: after.table_calls - before.table_calls,
        transactions: after.transactions - before.transactions,
        signatures: after.signatures - before.signatures,
        puts: after.puts - before.puts,
        gets: after.gets - before.gets,
    }
}

fn of(name: &'static str, stage: &'static str, all: Counts) -> Use {
    let each = 1.0 / u32::try_from(PEOPLE).map_or(1.0, f64::from);
    Use {
        name,
        stage,
        write_units: all.write_units * each,
        read_units: all.read_units * each,
        table_calls: all.table_calls * each,
        transactions: all.transactions * each,
        signatures: all.signatures * each,
        puts: all.puts * each,
        gets: all.gets * each,
        ..Use::default()
    }
}

/// Bytes of all items as DynamoDB counts them for storage, the copies in the two indexes included: names and values in UTF-8, a hundred bytes more for each.
async fn stored(records: &aws_sdk_dynamodb::Client) -> Result<f64> {
    let mut pages = records.scan().table_name(TABLE).into_paginator().items().send();
    let mut bytes = 0;
    while let Some(item) = pages.next().await {
        let item = item.context("reading the table")?;
        bytes += size(&item) + 100;
        let indexes = ["lot", "place"].iter().filter(|name| item.contains_key(**name)).count();
        let copied = item.iter().filter(|(name, _)| !matches!(name.as_str(), "credential" | "contacts" | "deeds"));
        bytes += indexes * (copied.map(|(name, value)| name.len() + length(value)).sum::<usize>() + 100);
    }
    Ok(f64::from(u32::try_from(bytes)?))
}

fn size(item: &HashMap<String, AttributeValue>) -> usize {
    item.iter().map(|(name, value)| name.len() + length(value)).sum()
}

fn length(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len() / 2 + 2,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        AttributeValue::L(values) => 3 + values.iter().map(|value| length(value) + 1).sum::<usize>(),
        AttributeValue::M(members) => 3 + size(members) + members.len(),
        _ => 1,
    }
}

const TABLE: &str = "certificates";
