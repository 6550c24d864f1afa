//! The log: everything that is done stands in it, sealed into a chain that shows every later change.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use credential::chain::{Broken, Entry, Seal};
use issuer::{App, audit::seal, ports::Ledger};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use tests::{Service, people, service};

/// A service on the tests' clock, and its parts.
async fn start() -> (Service, App) {
    let mut parts = None;
    let service = Service::with(|app| {
        app.clock = service::clock;
        parts = Some(app.clone());
    })
    .await;
    (service, parts.unwrap())
}

/// Every seal with its entries, page by page.
async fn log(service: &Service) -> Vec<(Seal, Vec<Entry>)> {
    let mut log = Vec::new();
    let mut next = Some(0);
    while let Some(from) = next {
        let page = service.client.get(&format!("/divoc/api/v1/log?from={from}"), "admin").await.unwrap();
        assert_eq!(page.status, 200, "{}", page.text());
        let page = page.json();
        for sealed in page["seals"].as_array().unwrap() {
            let seal: Seal = serde_json::from_value(sealed.clone()).unwrap();
            let entries: Vec<Entry> = serde_json::from_value(sealed["entries"].clone()).unwrap();
            log.push((seal, entries));
        }
        next = page["next"].as_u64();
    }
    log
}

fn broken(log: &[(Seal, Vec<Entry>)]) -> Option<(usize, Broken)> {
    let mut previous = None;
    for (at, (seal, entries)) in log.iter().enumerate() {
        if let Err(broken) = seal.check(previous, entries) {
            return Some((at, broken));
        }
        previous = Some(seal);
    }
    None
}

#[tokio::test]
async fn everything_that_is_done_is_sealed_and_the_chain_is_unbroken() {
    let (service, parts) = start().await;
    seal(&parts).await.unwrap();
    let answer = service.client.certify("v1", &json!([people::event(1, 1), people::event(2, 1)])).await.unwrap().json();
    let ids: Vec<_> = (0..2).map(|at| answer["certificates"][at]["certificateId"].as_str().unwrap()).collect();
    let mut event = people::event(1, 1);
    event["recipient"]["name"] = json!("Asha Corrected");
    let body = Some(("application/json", json!([event]).to_string().into_bytes()));
    let path = "/divoc/api/v1/certificate?reason=holder-request";
    let corrected = service.client.send(Method::PUT, path, "certifier", &[], body).await.unwrap().json();
    let corrected = corrected["certificates"][0]["certificateId"].as_str().unwrap();
    let path = format!("/divoc/api/v1/certificate/{}?reason=fraud", ids[1]);
    assert_eq!(service.client.send(Method::DELETE, &path, "admin", &[], None).await.unwrap().status, 200);

    // What may still be written is not sealed yet.
    assert_eq!(seal(&parts).await.unwrap(), 0);
    service::pass(180);
    assert!(seal(&parts).await.unwrap() >= 1);
    assert_eq!(seal(&parts).await.unwrap(), 0);
    let log = log(&service).await;
    assert_eq!(broken(&log), None);
    let member = |entry: &Entry, name: &str| entry.members.get(name).cloned().unwrap_or_default();
    let mut told: Vec<_> = log
        .iter()
        .flat_map(|(_, entries)| entries)
        .filter(|entry| !member(entry, "event").starts_with("key-"))
        .map(|entry| (member(entry, "id"), member(entry, "event"), member(entry, "reason")))
        .collect();
    told.sort();
    let mut wanted = [
        (ids[0], "issued", ""),
        (ids[1], "issued", ""),
        (ids[0], "superseded", "holder-request"),
        (corrected, "corrected", "holder-request"),
        (ids[1], "revoked", "fraud"),
    ]
    .map(|(id, event, reason)| (id.to_owned(), event.to_owned(), reason.to_owned()));
    wanted.sort();
    assert_eq!(told, wanted);
    // No person stands in it.
    let text = serde_json::to_string(&log.iter().map(|(_, entries)| entries).collect::<Vec<_>>()).unwrap();
    for personal in ["Asha", "SYN-", "9199"] {
        assert!(!text.contains(personal), "{personal}");
    }
}

#[tokio::test]
async fn two_who_seal_at_once_make_one_chain() {
    let (service, parts) = start().await;
    let events: Vec<Value> = (10..20).map(|person| people::event(person, 1)).collect();
    assert_eq!(service.client.certify("v1", &json!(events)).await.unwrap().status, 200);
    service::pass(180);
    let (one, other) = tokio::join!(seal(&parts), seal(&parts));
    assert!(one.unwrap() + other.unwrap() >= 1);
    seal(&parts).await.unwrap();
    let log = log(&service).await;
    assert_eq!(broken(&log), None);
    assert_eq!(
        log.iter().map(|(seal, _)| seal.count).sum::<u64>(),
        u64::try_from(entries_of(&parts).await.len()).unwrap()
    );
}

#[tokio::test]
async fn an_entry_that_is_changed_or_taken_away_afterwards_shows() {
    let (service, parts) = start().await;
    let events: Vec<Value> = (30..40).map(|person| people::event(person, 1)).collect();
    assert_eq!(service.client.certify("v1", &json!(events)).await.unwrap().status, 200);
    service::pass(180);
    seal(&parts).await.unwrap();
    let log = log(&service).await;
    let (at, (_, entries)) = log.iter().enumerate().find(|(_, (_, entries))| entries.len() > 1).unwrap();
    for change in [
        |entries: &mut Vec<Entry>| drop(entries[0].members.insert("actor".into(), "nobody".into())),
        |entries: &mut Vec<Entry>| drop(entries.pop()),
    ] {
        let mut changed = log.clone();
        changed[at].1 = entries.clone();
        change(&mut changed[at].1);
        assert_eq!(broken(&changed), Some((at, Broken::Entries)));
    }
}

async fn entries_of(parts: &App) -> Vec<Entry> {
    let ledger: &Arc<dyn Ledger> = &parts.ledger;
    let now = service::clock();
    ledger.entries(now - time::Duration::HOUR, now).await.unwrap()
}
