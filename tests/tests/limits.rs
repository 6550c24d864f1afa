//! Limits, from outside: what a client may ask, who is kept alive when certify is flooded, and requests that went around the edge.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use anyhow::Result;
use async_trait::async_trait;
use credential::PublicKey;
use issuer::{
    Config,
    config::{Allowed, Limits},
    ports::Signer,
};
use reqwest::Method;
use serde_json::json;
use std::{
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    time::Duration,
};
use tests::{
    Answer, Client, Service, people,
    service::{clock, pass},
};

async fn limited(clients: &[(&str, u64, u64)]) -> Service {
    let clients = clients
        .iter()
        .map(|(name, a_minute, a_day)| ((*name).to_owned(), Allowed { a_minute: *a_minute, a_day: *a_day }));
    let limits = Limits { clients: clients.collect(), ..Limits::default() };
    Service::with(|app| {
        app.config = Arc::new(Config { limits, ..(*app.config).clone() });
        app.clock = clock;
        // To the beginning of a day, so that no window ends under the test.
        pass(86_400 - clock().unix_timestamp().rem_euclid(86_400));
    })
    .await
}

/// A caller of that client, with a role.
fn caller(service: &Service, client: &str, subject: &str, role: &str) -> Client {
    let claims = json!({ "sub": subject, "azp": client, "resource_access": { "divoc": { "roles": [role] } } });
    let token = service.running.mint(claims.as_object().unwrap().clone()).unwrap();
    service.client.clone().with_token("it", token)
}

async fn asks(client: &Client) -> Answer {
    client.head("/certificate/api/certificatePDF/NOBODY", "it").await.unwrap()
}

#[tokio::test]
async fn a_client_that_asks_too_often_is_told_when_to_come_back_and_others_are_not() {
    let service = limited(&[("*", 3, 5)]).await;
    let (one, other) = (caller(&service, "one", "a", "fetcher"), caller(&service, "other", "b", "fetcher"));
    for left in [2, 1, 0] {
        let answer = asks(&one).await;
        assert_eq!(answer.status, 404);
        assert_eq!(answer.header("ratelimit-policy"), "\"minute\";q=3;w=60, \"day\";q=5;w=86400");
        let said = answer.header("ratelimit");
        assert!(said.starts_with(&format!("\"minute\";r={left};t=")), "{said}");
        assert!(said.contains(&format!("\"day\";r={};t=", left + 2)), "{said}");
    }
    let refused = one.get("/certificate/api/certificatePDF/NOBODY", "it").await.unwrap();
    assert_eq!((refused.status, &refused.json()["type"]), (429, &json!("urn:divoc:problem:too-many")));
    let seconds: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert!(refused.header("ratelimit").starts_with("\"minute\";r=0;t="), "{}", refused.header("ratelimit"));
    assert_eq!(asks(&other).await.status, 404);
    // The next minute has room, and the day ends it.
    pass(60);
    assert_eq!([asks(&one).await.status, asks(&one).await.status], [404, 404]);
    let spent = asks(&one).await;
    assert_eq!(spent.status, 429);
    assert!(spent.header("ratelimit").contains("\"day\";r=0;t="), "{}", spent.header("ratelimit"));
}

#[tokio::test]
async fn a_client_that_is_named_has_limits_of_its_own_and_each_citizen_counts_alone() {
    let service = limited(&[("*", 1, 0), ("registry", 100_000, 0), ("citizen", 2, 0)]).await;
    let registry = caller(&service, "registry", "a", "fetcher");
    for left in [99_999, 99_998, 99_997] {
        assert!(asks(&registry).await.header("ratelimit").starts_with(&format!("\"minute\";r={left};t=")));
    }
    let (one, other) = (caller(&service, "portal", "one", "citizen"), caller(&service, "portal", "other", "citizen"));
    let statuses = [asks(&one).await.status, asks(&one).await.status, asks(&one).await.status];
    assert_eq!((statuses, asks(&other).await.status), ([404, 404, 429], 404));
}

#[tokio::test]
async fn nobody_is_counted_unless_the_country_says_so() {
    let service = Service::start().await;
    let answer = service.client.head("/certificate/api/certificatePDF/NOBODY", "fetcher").await.unwrap();
    assert_eq!((answer.status, answer.header("ratelimit"), answer.header("ratelimit-policy")), (404, "", ""));
}

/// A key that answers nobody until it is let.
struct Stuck {
    inner: Arc<dyn Signer>,
    free: Arc<AtomicBool>,
}

#[async_trait]
impl Signer for Stuck {
    async fn public_key(&self) -> Result<PublicKey> {
        self.inner.public_key().await
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        while !self.free.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.inner.sign(message).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_events_leaves_those_alive_who_fetch_and_verify() {
    let free = Arc::new(AtomicBool::new(true));
    let service = Service::with(|app| {
        app.signer = Arc::new(Stuck { inner: app.signer.clone(), free: free.clone() });
    })
    .await;
    let certified = service.client.certify("v1", &json!([people::event(1, 1)])).await.unwrap();
    assert_eq!(certified.status, 200);
    free.store(false, Ordering::SeqCst);
    let flood: Vec<_> = (2..150)
        .map(|person| {
            let client = service.client.clone();
            tokio::spawn(async move { client.certify("v1", &json!([people::event(person, 1)])).await.unwrap() })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let path = format!(
        "/certificate/api/credential/{}",
        certified.json()["certificates"][0]["certificateId"].as_str().unwrap()
    );
    let credential = service.client.get(&path, "fetcher").await.unwrap();
    assert_eq!(credential.status, 200);
    let body = Some(("application/json", credential.body.clone()));
    let verified = service.client.send(Method::POST, "/divoc/api/v1/verify", "verifier", &[], body).await.unwrap();
    assert_eq!(verified.status, 200, "{}", verified.text());
    let mut answers = Vec::new();
    for one in flood {
        answers.push(one.await.unwrap());
    }
    let shed: Vec<_> = answers.iter().filter(|answer| answer.json()["type"] == "urn:divoc:problem:busy").collect();
    assert!(shed.len() > 50, "{}", shed.len());
    assert!(shed.iter().all(|answer| answer.status == 503 && !answer.header("retry-after").is_empty()));
    assert!(answers.iter().all(|answer| answer.status == 503));
    // What was sent away was not begun, and goes in when there is room.
    free.store(true, Ordering::SeqCst);
    let again = service.client.certify("v1", &json!([people::event(149, 1)])).await.unwrap();
    assert_eq!(again.status, 200, "{}", again.text());
}

#[tokio::test]
async fn a_request_that_went_around_the_edge_is_refused() {
    let digest =
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"what the edge says").as_ref().try_into().unwrap();
    let service = Service::with(|app| {
        let limits = Limits { origin_secret: Some(digest), ..Limits::default() };
        app.config = Arc::new(Config { limits, ..(*app.config).clone() });
    })
    .await;
    let send =
        async |headers: &[(&str, &str)]| service.client.send(Method::GET, "/health", "", headers, None).await.unwrap();
    assert_eq!(send(&[("x-origin-secret", "what the edge says")]).await.status, 200);
    for headers in [&[][..], &[("x-origin-secret", "")], &[("x-origin-secret", "a guess")]] {
        let refused = send(headers).await;
        assert_eq!((refused.status, &refused.json()["type"]), (403, &json!("urn:divoc:problem:around-the-edge")));
    }
}
