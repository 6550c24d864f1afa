//! What every [`Tally`] must do. Each rule takes a day of its own.

use super::TABLE;
use crate::contract::{NOW, audit, certificate, intent, next, slot};
use aws::DynamoStore;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use issuer::{
    Config,
    analytics::fact::{hour_name, of_deed},
    ports::{Commit, Count, Dimension, Fact, FactKind, Reservation, Scope, Store, Tally},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use time::{Date, Duration, macros::datetime};

/// Counts and the table that they stand in.
#[derive(Clone)]
struct Records {
    store: DynamoStore,
    client: Client,
}

/// All rules, one after the other, on the table of [`super::records`].
pub(crate) async fn all(client: Client) {
    let records = &Records { store: DynamoStore::new(client.clone(), TABLE), client };
    a_fact_is_counted_once_however_often_it_is_told(records).await;
    facts_are_counted_once_however_they_are_grouped(records).await;
    many_states_need_more_than_one_transaction(records).await;
    writers_who_meet_count_everything_once(records).await;
    a_range_of_days_is_read_with_both_ends(records).await;
    facts_come_in_pages(records).await;
    the_stream_and_the_record_name_a_fact_alike(records).await;
}

/// Tells of the facts twice, in any grouping; what is counted afterwards is what there is.
async fn a_fact_is_counted_once_however_often_it_is_told(records: &Records) {
    let facts = facts(3, &["Karnataka"]);
    assert_eq!(records.store.count(&facts).await.unwrap(), 3);
    assert_eq!(records.store.count(&facts).await.unwrap(), 0);
    assert_eq!(records.store.count(&[facts[0].clone(), facts[0].clone()]).await.unwrap(), 0);
    let day = facts[0].day;
    assert_eq!(sums(records, &Scope::Country, Dimension::State, day).await, [("issued Karnataka".into(), 3)]);
    assert_eq!(sums(records, &state("Karnataka"), Dimension::District, day).await, [("issued Mysuru".into(), 3)]);
}

/// As after a crash between two transactions: a part of the batch is counted, and comes again in another one.
async fn facts_are_counted_once_however_they_are_grouped(records: &Records) {
    let facts = facts(230, &["Karnataka", "Kerala", "Goa"]);
    assert_eq!(records.store.count(&facts[40..90]).await.unwrap(), 50);
    assert_eq!(records.store.count(&facts).await.unwrap(), 180);
    for group in facts.chunks(7) {
        assert_eq!(records.store.count(group).await.unwrap(), 0);
    }
    let day = facts[0].day;
    let expected = [("issued Goa".into(), 76), ("issued Karnataka".into(), 77), ("issued Kerala".into(), 77)];
    assert_eq!(sums(records, &Scope::Country, Dimension::State, day).await, expected);
    assert_eq!(sums(records, &Scope::Country, Dimension::Age, day).await, [("issued 40-49".into(), 230)]);
    assert_eq!(sums(records, &state("Goa"), Dimension::Gender, day).await, [("issued Female".into(), 76)]);
}

async fn many_states_need_more_than_one_transaction(records: &Records) {
    let names: Vec<String> = (0..36).map(|number| format!("State {number}")).collect();
    let facts = facts(72, &names.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(records.store.count(&facts).await.unwrap(), 72);
    let found = sums(records, &Scope::Country, Dimension::State, facts[0].day).await;
    assert_eq!((found.len(), found.iter().map(|(_, sum)| sum).sum::<u64>()), (36, 72));
}

async fn writers_who_meet_count_everything_once(records: &Records) {
    let facts = facts(60, &["Karnataka"]);
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (records, facts) = (records.clone(), facts[10 * writer..10 * writer + 30].to_vec());
            tokio::spawn(async move { records.store.count(&facts).await.unwrap() })
        })
        .collect();
    let mut counted = 0;
    for writer in writers {
        counted += writer.await.unwrap();
    }
    assert_eq!(counted, 60);
    assert_eq!(sums(records, &Scope::Country, Dimension::State, facts[0].day).await, [("issued Karnataka".into(), 60)]);
}

async fn a_range_of_days_is_read_with_both_ends(records: &Records) {
    let mut facts = facts(4, &["Sikkim"]);
    let first = facts[0].day;
    for (later, fact) in facts.iter_mut().enumerate() {
        fact.day = first + Duration::days(later.try_into().unwrap());
    }
    records.store.count(&facts).await.unwrap();
    let found = records
        .store
        .counts(&state("Sikkim"), Dimension::Age, first + Duration::DAY, first + 2 * Duration::DAY)
        .await
        .unwrap();
    let mut days: Vec<_> = found.into_iter().map(|count| (count.day, count.number)).collect();
    days.sort();
    assert_eq!(days, [(first + Duration::DAY, 1), (first + 2 * Duration::DAY, 1)]);
}

async fn facts_come_in_pages(records: &Records) {
    let facts = facts(50, &["Goa"]);
    records.store.count(&facts).await.unwrap();
    let mut found = Vec::new();
    for shard in 0..Fact::SHARDS {
        let mut after = None;
        loop {
            let page = records.store.facts(facts[0].hour, shard, after.as_deref(), 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            found.extend(page);
        }
    }
    found.sort_by(|one, other| one.id.cmp(&other.id));
    let mut facts = facts;
    facts.sort_by(|one, other| one.id.cmp(&other.id));
    assert_eq!(found, facts);
}

/// An item of the table in the stream's form becomes the fact that the certificate itself gives.
async fn the_stream_and_the_record_name_a_fact_alike(records: &Records) {
    let rules = Config::from_lookup(|name| name.starts_with("OIDC").then(|| "keycloak".into())).unwrap().analytics;
    let intent = intent(&slot(1), NOW);
    let Reservation::Ours(issuance) = records.store.reserve(&intent).await.unwrap() else { panic!("not ours") };
    let made = certificate(&intent, &issuance, &[]);
    assert_eq!(records.store.commit(&intent, &made, &audit(), &[]).await.unwrap(), Commit::Stored);
    let stored = records.store.certificates(&intent.slot.beneficiary, None).await.unwrap();
    let expected = of_deed(&rules, &stored[0], &stored[0].deeds[0]).unwrap();
    let mut found = Vec::new();
    let mut pages = records.client.scan().table_name(TABLE).into_paginator().items().send();
    while let Some(item) = pages.next().await {
        let item = item.unwrap();
        if item["PK"].as_s().unwrap().ends_with(intent.slot.beneficiary.as_str()) {
            let record = json!({ "eventName": "INSERT", "dynamodb": { "NewImage": image(&item) } });
            let told = aws::facts_of_changes(&rules, &json!({ "Records": [record, { "dynamodb": { "NewImage": { "PK": { "S": "B#1" }, "SK": { "S": "C#1" }, "credential": {} } } }] })).unwrap();
            assert_eq!(told.unreadable, 1);
            found.extend(told.facts);
        }
    }
    assert_eq!(found, [expected]);
}

fn image<'i>(item: impl IntoIterator<Item = (&'i String, &'i AttributeValue)>) -> Value {
    Value::Object(item.into_iter().map(|(name, value)| (name.clone(), written(value))).collect())
}

fn written(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::B(bytes) => json!({ "B": aws_smithy_types::base64::encode(bytes) }),
        AttributeValue::L(values) => json!({ "L": values.iter().map(written).collect::<Vec<_>>() }),
        AttributeValue::M(members) => json!({ "M": image(members) }),
        other => panic!("{other:?}"),
    }
}

/// Facts of a day that nobody else has, of these states in turn.
fn facts(many: usize, states: &[&str]) -> Vec<Fact> {
    let hour = datetime!(2030-01-01 06:00 UTC) + Duration::days(10 * i64::try_from(next()).unwrap());
    let fact = |number: usize| Fact {
        id: format!("{}-{number:04}", hour_name(hour)),
        kind: FactKind::Issued,
        hour,
        day: hour.date(),
        times: 1,
        values: BTreeMap::from([
            (Dimension::Certificate, "vaccination".to_owned()),
            (Dimension::State, states[number % states.len()].to_owned()),
            (Dimension::District, "Mysuru".to_owned()),
            (Dimension::Age, "40-49".to_owned()),
            (Dimension::Gender, "Female".to_owned()),
        ]),
    };
    (0..many).map(fact).collect()
}

fn state(name: &str) -> Scope {
    Scope::State(name.to_owned())
}

async fn sums(records: &Records, scope: &Scope, by: Dimension, day: Date) -> Vec<(String, u64)> {
    let counts = records.store.counts(scope, by, day, day).await.unwrap();
    let sums =
        counts.into_iter().fold(BTreeMap::<String, u64>::new(), |mut sums, Count { kind, value, number, .. }| {
            *sums.entry(format!("{} {value}", kind.as_str())).or_default() += number;
            sums
        });
    sums.into_iter().collect()
}
