//! The things people ask of the service, each done some hundred times with everything counted.

use crate::{
    country,
    meter::{Counts, Meter, Metered, MeteredTable},
    stream::{Stream, facts},
};
use anyhow::{Context, Result, ensure};
use aws::{DynamoStore, create_table};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use issuer::{App, config::Place};
use serde_json::Value;
use std::{collections::HashMap, sync::Arc, time::Duration};
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
    /// Events that Lambda brings to a function by itself.
    pub(crate) events: f64,
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

/// People of the measurement: as many as there are changes in a full batch of the stream (`template.yaml`). And events of a request.
const PEOPLE: u64 = 500;
const BATCH: u64 = 20;
/// Changes that come together where little happens.
const QUIET: u64 = 50;

/// Counting one certificate, or one fetch.
pub(crate) const COUNTED: &str = "counting a certificate";
pub(crate) const COUNTED_FETCH: &str = "counting a fetch";

/// Does everything once for each of some people, on a service of its own.
pub(crate) async fn measured() -> Result<Vec<Use>> {
    let (meter, stream) = (Meter::default(), Stream::default());
    let connector = local::records::connector(None)?;
    let table = MeteredTable { table: connector, meter: meter.clone(), stream: stream.clone() };
    let records = local::records::client_of(SharedHttpConnector::new(table));
    create_table(&records, TABLE).await?;
    // What schedules do has no part in what is counted.
    let publish_every = Duration::from_hours(24);
    let place = Place { port: 0, data: ":memory:".to_owned(), publish_every, ..Place::from_env()? };
    let (store, counting) = (Arc::new(DynamoStore::new(records.clone(), TABLE)), meter.clone());
    let mut parts = None;
    let running = local::start_with(place, |app| {
        count_in(app, store, &counting);
        parts = Some(app.clone());
    })
    .await?;
    let client = Client::new(running.base_url(), running.tokens());
    let scene = Scene { app: parts.context("the service has no parts")?, client, meter, stream, records };
    let uses = scene.uses().await?;
    running.shutdown().await?;
    Ok(uses)
}

/// The service with everything counted, and someone to call it.
struct Scene {
    app: App,
    client: Client,
    meter: Meter,
    stream: Stream,
    records: aws_sdk_dynamodb::Client,
}

impl Scene {
    async fn uses(&self) -> Result<Vec<Use>> {
        let certificate = self.certified().await?;
        let queued = Use { name: "certificate, queued", queued: true, ..certificate.clone() };
        let mut counted = vec![self.counted(COUNTED, PEOPLE).await?];
        let mut uses = vec![certificate, queued];
        uses.push(self.fetched("HEAD", "HEAD", "certificatePDF").await?);
        uses.push(self.fetched("QR code", "QR", "certificateQRCode").await?);
        counted.push(self.counted(COUNTED_FETCH, PEOPLE).await?);
        uses.push(self.fetched("PDF first", "PDF", "certificatePDF").await?);
        counted.push(self.counted("the same in batches of 50", QUIET).await?);
        uses.push(self.fetched("PDF again", "HEAD", "certificatePDF").await?);
        uses.extend(counted);
        Ok(uses)
    }

    async fn certified(&self) -> Result<Use> {
        // What happens once a process is no part of a certificate.
        certify(&self.client, PEOPLE, 1).await?;
        self.stream.take();
        let before = self.meter.counts();
        for first in (0..PEOPLE).step_by(usize::try_from(BATCH)?) {
            certify(&self.client, first, BATCH).await?;
        }
        let written = since(before, self.meter.counts());
        let bytes_stored = stored(&self.records).await? / f64::from(u32::try_from(PEOPLE + 1)?);
        let requests = 1.0 / f64::from(u32::try_from(BATCH)?);
        // Of the answer, an item's part.
        Ok(Use { requests, bytes_stored, bytes_out: 450.0, ..of("certificate", "certify", written) })
    }

    async fn fetched(&self, name: &'static str, stage: &'static str, path: &str) -> Result<Use> {
        let (before, mut bytes) = (self.meter.counts(), 0.0);
        for person in 0..PEOPLE {
            let path = format!("/certificate/api/{path}/{}", people::code(person));
            let head = name == "HEAD";
            let answer =
                if head { self.client.head(&path, "fetcher").await } else { self.client.get(&path, "fetcher").await }?;
            ensure!(answer.status == 200, "{name}: {}", answer.status);
            bytes += f64::from(u32::try_from(answer.body.len())?);
        }
        let bytes_out = bytes / f64::from(u32::try_from(PEOPLE)?);
        Ok(Use { requests: 1.0, bytes_out, ..of(name, stage, since(before, self.meter.counts())) })
    }

    /// Counts what was put into the table since, so many changes at a time, late on a day when everything was done everywhere.
    async fn counted(&self, name: &'static str, at_a_time: u64) -> Result<Use> {
        let facts = facts(&self.app, &self.stream.take())?;
        ensure!(u64::try_from(facts.len())? == PEOPLE, "{name}: {} facts", facts.len());
        self.app.tally.count(&country::a_day_of(&facts)).await?;
        let before = self.meter.counts();
        for batch in facts.chunks(usize::try_from(at_a_time)?) {
            self.app.tally.count(batch).await?;
        }
        let events = 1.0 / f64::from(u32::try_from(at_a_time)?);
        Ok(Use { events, ..of(name, COUNTED, since(before, self.meter.counts())) })
    }
}

/// Puts what counts in the place of what does the work.
fn count_in(app: &mut App, store: Arc<DynamoStore>, meter: &Meter) {
    app.store = store.clone();
    app.key_ring = store.clone();
    app.journal = store.clone();
    app.ledger = store.clone();
    app.recalls = store.clone();
    app.registrations = store.clone();
    app.tally = store.clone();
    app.cabinet = store;
    app.signer = Arc::new(Metered { port: Arc::clone(&app.signer), meter: meter.clone() });
    app.files = Arc::new(Metered { port: Arc::clone(&app.files), meter: meter.clone() });
}

async fn certify(client: &Client, first: u64, count: u64) -> Result<()> {
    let events: Value = (first..first + count).map(country::event).collect();
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
