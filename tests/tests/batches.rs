//! Batches: events that are accepted now and certified at the key's pace; and that pace.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use anyhow::{Result, bail};
use async_trait::async_trait;
use issuer::{
    App, Config,
    ports::{Message, Pushed, Queue},
    quota, work,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    cell::Cell,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tests::{Answer, Service, people, service::Counting};
use time::{OffsetDateTime, macros::datetime};
use tokio::time::{Instant, sleep};

thread_local! {
    // A test and its service share a thread.
    static NOW: Cell<OffsetDateTime> = const { Cell::new(datetime!(2026-03-01 08:30:00 UTC)) };
}

/// A clock that stands still until a test moves it.
fn stopped() -> OffsetDateTime {
    NOW.get()
}

/// A service with some of its parts exchanged, and its parts.
async fn with(change: impl FnOnce(&mut App)) -> (Service, App) {
    let mut parts = None;
    let service = Service::with(|app| {
        change(app);
        app.clock = stopped;
        parts = Some(app.clone());
    })
    .await;
    (service, parts.unwrap())
}

/// The same at that pace.
async fn paced(rate: u32) -> (Service, App) {
    with(|app| pace(app, |config| config.pace.signing_rate = rate)).await
}

fn pace(app: &mut App, change: impl FnOnce(&mut Config)) {
    let mut config = Config::clone(&app.config);
    change(&mut config);
    app.config = Arc::new(config);
}

/// The same parts in another process.
fn elsewhere(app: &App) -> App {
    App { allowance: Arc::default(), ..app.clone() }
}

#[tokio::test]
async fn all_processes_share_one_pace() {
    let (_service, app) = paced(10).await;
    let other = elsewhere(&app);
    assert!(quota::take_now(&app, 6).await.unwrap());
    assert!(!quota::take_now(&other, 5).await.unwrap());
    assert!(quota::take_now(&other, 4).await.unwrap());
    assert!(!quota::take_now(&app, 1).await.unwrap());
    NOW.set(NOW.get() + Duration::from_secs(1));
    assert!(!quota::take_now(&app, 11).await.unwrap(), "more than a second's are never there at once");
    assert!(quota::take_now(&app, 10).await.unwrap());
}

#[tokio::test]
async fn who_waits_for_the_pace_gets_a_turn_and_is_turned_away_if_it_is_too_far() {
    let (_service, app) = paced(20).await;
    quota::take(&app, 20).await.unwrap();
    let begun = Instant::now();
    quota::take(&elsewhere(&app), 4).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(100), "{:?}", begun.elapsed());
    // Many wait already.
    let latest = stopped() + Duration::from_secs(40);
    let pushed = app.quota.push("signing#rsa-local", Duration::from_secs(30), latest, stopped()).await.unwrap();
    assert_eq!(pushed, Pushed::To(stopped() + Duration::from_millis(31_200)));
    assert!(quota::take(&app, 2).await.unwrap_err().to_string().contains("30 seconds"));
}

#[tokio::test]
async fn a_process_asks_for_some_more_than_it_needs_and_not_for_each() {
    let (_service, app) = paced(1_000).await;
    assert!(quota::take_now(&app, 1).await.unwrap());
    let other = elsewhere(&app);
    assert!(!quota::take_now(&other, 991).await.unwrap());
    assert!(quota::take_now(&other, 990).await.unwrap(), "ten were taken, for one");
    for _ in 0..9 {
        assert!(quota::take_now(&app, 1).await.unwrap());
    }
    assert!(!quota::take_now(&app, 1).await.unwrap());
    // Without a pace everybody may.
    let (_service, free) = paced(0).await;
    assert!(quota::take_now(&free, 1_000_000).await.unwrap());
}

/// A queue whose messages a test delivers itself, or that is down.
#[derive(Default)]
struct Held {
    messages: Mutex<Vec<Message>>,
    is_down: AtomicBool,
}

#[async_trait]
impl Queue for Held {
    async fn send(&self, messages: &[Message]) -> Result<()> {
        if self.is_down.load(Ordering::SeqCst) {
            bail!("the queue is down");
        }
        self.messages.lock().unwrap().extend_from_slice(messages);
        Ok(())
    }
}

impl Held {
    fn take(&self) -> Vec<Message> {
        std::mem::take(&mut self.messages.lock().unwrap())
    }
}

/// A service whose messages the test delivers, its parts, its queue, and who counts what is signed.
async fn held() -> (Service, App, Arc<Held>, Arc<Counting>) {
    let (queue, mut counting) = (Arc::new(Held::default()), None);
    let (service, app) = with(|app| {
        let signer = Counting::new(app.signer.clone(), u64::MAX);
        (app.queue, app.signer) = (queue.clone(), signer.clone());
        counting = Some(signer);
    })
    .await;
    (service, app, queue, counting.unwrap())
}

const PREFER: (&str, &str) = ("prefer", "respond-async, wait=10");

async fn send(service: &Service, method: Method, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let body = Some(("application/json", body.to_string().into_bytes()));
    service.client.send(method, path, "certifier", headers, body).await.unwrap()
}

async fn certify_later(service: &Service, events: Value) -> String {
    accepted(&send(service, Method::POST, "/divoc/api/v1/certify", &[PREFER], &events).await)
}

async fn correct_later(service: &Service, events: Value) -> String {
    accepted(&send(service, Method::PUT, "/divoc/api/v1/certificate", &[PREFER], &events).await)
}

/// The path of the batch.
fn accepted(answer: &Answer) -> String {
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(answer.json()["links"]["status"], answer.header("location"));
    answer.header("location").to_owned()
}

async fn status(service: &Service, batch: &str) -> Value {
    let answer = service.client.get(batch, "certifier").await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The state of each item, and of a failed one the name of its problem.
async fn states(service: &Service, batch: &str) -> Vec<String> {
    let status = status(service, batch).await;
    let state = |item: &Value| {
        let problem = item["problem"]["type"].as_str().map(|name| name.rsplit(':').next().unwrap());
        problem.unwrap_or(item["status"].as_str().unwrap()).to_owned()
    };
    status["results"].as_array().unwrap().iter().map(state).collect()
}

/// Some time passes, too.
async fn deliver(app: &App, message: &Message) {
    NOW.set(NOW.get() + Duration::from_secs(10));
    work::take(app, message, 1).await.unwrap();
}

/// The person's event with another name.
fn renamed(person: u64, dose: u64, name: &str) -> Value {
    let mut event = people::event(person, dose);
    event["recipient"]["name"] = json!(name);
    event
}

/// The name on each of the dose's certificates, in order of issue, and whether it is valid.
async fn names(app: &App, person: u64) -> Vec<(String, bool)> {
    let code = credential::BeneficiaryCode::parse(&people::code(person)).unwrap();
    let certificates = app.store.certificates(&code, None).await.unwrap();
    let name = |it: &issuer::ports::Certificate| {
        let document: Value = serde_json::from_str(it.signed.as_str()).unwrap();
        let name = document["credentialSubject"]["name"].as_str().unwrap().to_owned();
        (name, it.status == credential::Status::Valid)
    };
    certificates.iter().map(name).collect()
}

#[tokio::test]
async fn who_does_not_wait_is_told_where_to_ask_and_every_certificate_comes() {
    let service = Service::start().await;
    let events = json!([people::event(1, 1), people::event(2, 1), people::event(1, 2)]);
    let answer = send(&service, Method::POST, "/divoc/api/v1/certify", &[PREFER], &events).await;
    let batch = accepted(&answer);
    assert_eq!((answer.header("preference-applied"), &answer.json()["items"]), ("respond-async", &json!(3)));
    let done = loop {
        let status = status(&service, &batch).await;
        if status["state"] == "done" {
            break status;
        }
        sleep(Duration::from_millis(20)).await;
    };
    assert_eq!((&done["kind"], &done["percent"]), (&json!("certify"), &json!(100)));
    assert_eq!(done["counts"], json!({ "issued": 3, "failed": 0, "waiting": 0 }));
    for (index, result) in done["results"].as_array().unwrap().iter().enumerate() {
        assert_eq!((&result["index"], &result["status"]), (&json!(index), &json!("issued")));
        let credential = result["links"]["credential"].as_str().unwrap();
        assert_eq!(service.client.get(credential, "fetcher").await.unwrap().status, 200);
    }
    // What is done is not done later: it is answered at once.
    let again = send(&service, Method::POST, "/divoc/api/v1/certify", &[PREFER], &events).await;
    assert_eq!((again.status, &again.json()["certificates"][2]["status"]), (200, &json!("alreadyIssued")));

    // Its own client finds it, an administrator sees it, and to others it is not there.
    let list = service.client.get("/divoc/api/v1/batches", "certifier").await.unwrap().json();
    assert_eq!(list["batches"][0]["links"]["status"], batch.as_str());
    assert_eq!(service.client.get(&batch, "admin").await.unwrap().status, 200);
    assert_eq!(service.client.get("/divoc/api/v1/batches", "admin").await.unwrap().json()["batches"], json!([]));
    let claims = json!({
        "iss": local::identity::ISSUER, "aud": "divoc", "sub": "another", "azp": "another-system", "exp": OffsetDateTime::now_utc().unix_timestamp() + 600,
        "resource_access": { "any": { "roles": ["certifier"] } },
    });
    let other =
        service.client.clone().with_token("other", service.running.mint(claims.as_object().unwrap().clone()).unwrap());
    for path in [batch.as_str(), "/divoc/api/v1/batches/none", "/divoc/api/v1/batches/of-me"] {
        let hidden = other.get(path, "other").await.unwrap();
        assert_eq!((hidden.status, &hidden.json()["type"]), (404, &json!("urn:divoc:problem:no-batch")));
    }
}

#[tokio::test]
async fn a_body_is_checked_whole_before_anything_is_queued() {
    let (service, _, queue, _) = held().await;
    let mut wrong = people::event(1, 1);
    wrong["vaccination"]["dose"] = json!(0);
    wrong["recipient"]["name"] = json!("");
    let answer =
        send(&service, Method::POST, "/divoc/api/v1/certify", &[PREFER], &json!([people::event(2, 1), wrong])).await;
    assert_eq!(answer.status, 422);
    let pointers: Vec<_> = answer.json()["errors"].as_array().unwrap().iter().map(|it| it["pointer"].clone()).collect();
    assert_eq!(pointers, ["/1/recipient/name", "/1/vaccination/dose"]);
    service.client.certify("v1", &json!([people::event(3, 1)])).await.unwrap();
    let other = json!([renamed(3, 1, "Somebody Else")]);
    let conflict = send(&service, Method::POST, "/divoc/api/v1/certify", &[PREFER], &other).await;
    assert_eq!(conflict.status, 409);
    let mut large = people::event(4, 1);
    large["meta"] = json!({ "notes": "x".repeat(260_000) });
    let large = send(&service, Method::POST, "/divoc/api/v1/certify", &[PREFER], &json!([large])).await;
    assert_eq!((large.status, &large.json()["errors"][0]["pointer"]), (422, &json!("/0")));
    assert!(queue.take().is_empty());
    assert_eq!(service.client.get("/divoc/api/v1/batches", "certifier").await.unwrap().json()["batches"], json!([]));
}

#[tokio::test]
async fn whatever_comes_twice_or_out_of_order_each_dose_is_certified_once() {
    let (service, app, queue, signer) = held().await;
    let first = certify_later(&service, json!([people::event(1, 1), people::event(2, 1)])).await;
    let second = certify_later(&service, json!([people::event(1, 2)])).await;
    let mut messages = queue.take();
    assert_eq!(messages.len(), 3, "one for each beneficiary");
    assert_eq!(messages[0].group, messages[2].group);
    assert!(messages.iter().all(|message| !message.group.contains("SYN") && !message.id.contains("SYN")));
    messages.reverse();
    for message in messages.iter().chain(&messages) {
        deliver(&app, message).await;
    }
    assert_eq!(
        (states(&service, &first).await, states(&service, &second).await),
        (vec!["issued".into(); 2], vec!["issued".into()])
    );
    assert_eq!(signer.signatures.load(Ordering::SeqCst), 3);
    assert_eq!(names(&app, 1).await.len(), 2);
}

#[tokio::test]
async fn a_correction_that_comes_before_its_certificate_waits_and_holds_nobody_up() {
    let (service, app, queue, signer) = held().await;
    // Asked to wait for the answer, nobody can.
    let now =
        send(&service, Method::PUT, "/divoc/api/v1/certificate", &[], &json!([renamed(1, 1, "Asha Corrected")])).await;
    assert_eq!(now.status, 412);
    let correction = correct_later(&service, json!([renamed(1, 1, "Asha Corrected")])).await;
    let certified = certify_later(&service, json!([people::event(1, 1)])).await;
    let [first, second] = queue.take().try_into().ok().unwrap();
    assert_eq!(first.group, second.group);
    // It leaves its place in the line to the event that it waits for.
    deliver(&app, &first).await;
    let [aside] = queue.take().try_into().ok().unwrap();
    assert_ne!(aside.group, first.group);
    assert!(work::take(&app, &aside, 1).await.is_err());
    assert_eq!(states(&service, &correction).await, ["waiting"]);
    deliver(&app, &second).await;
    assert_eq!(states(&service, &certified).await, ["issued"]);
    deliver(&app, &aside).await;
    deliver(&app, &first).await;
    assert_eq!(states(&service, &correction).await, ["issued"]);
    assert_eq!(names(&app, 1).await, [("Asha Example 1".into(), false), ("Asha Corrected".into(), true)]);
    assert_eq!(signer.signatures.load(Ordering::SeqCst), 2);

    // One for which nothing comes fails in the end.
    let correction = correct_later(&service, json!([renamed(2, 1, "Nobody")])).await;
    let [message] = queue.take().try_into().ok().unwrap();
    NOW.set(NOW.get() + Duration::from_hours(1));
    deliver(&app, &message).await;
    assert_eq!(states(&service, &correction).await, ["not-correctable"]);
}

#[tokio::test]
async fn of_corrections_that_wait_the_last_that_was_accepted_counts() {
    let (service, app, queue, _) = held().await;
    NOW.set(NOW.get() + Duration::from_mins(1));
    service.client.certify("v1", &json!([people::event(1, 1)])).await.unwrap();
    let first = correct_later(&service, json!([renamed(1, 1, "Asha First")])).await;
    // Unasked, for it must not overtake the one that waits. Clocks that differ change nothing.
    NOW.set(NOW.get() - Duration::from_secs(5));
    let last = renamed(1, 1, "Asha Last");
    let answer = send(&service, Method::PUT, "/divoc/api/v1/certificate", &[], &json!([last])).await;
    assert_eq!(answer.header("preference-applied"), "");
    let second = accepted(&answer);
    let [one, two] = queue.take().try_into().ok().unwrap();
    for message in [&two, &one, &two] {
        deliver(&app, message).await;
    }
    assert_eq!(
        (states(&service, &first).await, states(&service, &second).await),
        (vec!["overtaken".into()], vec!["issued".into()])
    );
    assert_eq!(names(&app, 1).await, [("Asha Example 1".into(), false), ("Asha Last".into(), true)]);
    // When none waits, it is made at once; and back to what it was before is another correction.
    let back = correct_later(&service, json!([renamed(1, 1, "Asha First")])).await;
    assert_ne!(back, first);
    for message in queue.take() {
        deliver(&app, &message).await;
    }
    NOW.set(NOW.get() + Duration::from_secs(10));
    let at_once = send(&service, Method::PUT, "/divoc/api/v1/certificate", &[], &json!([people::event(1, 1)])).await;
    assert_eq!(at_once.status, 200);
    let told = names(&app, 1).await;
    assert_eq!(
        told.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["Asha Example 1", "Asha Last", "Asha First", "Asha Example 1"]
    );
}

#[tokio::test]
async fn a_large_body_and_a_spent_quota_are_certified_later_unasked() {
    let (service, app) = with(|app| {
        pace(app, |config| {
            config.pace.async_above = 2;
            config.pace.signing_rate = 3;
        });
        app.queue = Arc::new(Held::default());
    })
    .await;
    let certify = async |people: std::ops::Range<u64>| {
        let events: Vec<_> = people.map(|person| people::event(person, 1)).collect();
        send(&service, Method::POST, "/divoc/api/v1/certify", &[], &json!(events)).await
    };
    accepted(&certify(0..3).await);
    assert_eq!(certify(10..12).await.status, 200);
    accepted(&certify(20..22).await);
    assert_eq!(certify(10..12).await.status, 200, "what is done needs no signature");
    NOW.set(NOW.get() + Duration::from_secs(1));
    assert_eq!(certify(20..22).await.status, 200);
    assert!(names(&app, 0).await.is_empty());
}

#[tokio::test]
async fn the_same_request_again_is_the_same_batch_also_after_a_crash_half_way() {
    let (service, app, queue, signer) = held().await;
    let events = json!([people::event(1, 1)]);
    queue.is_down.store(true, Ordering::SeqCst);
    let failed = send(&service, Method::POST, "/divoc/api/v1/certify", &[PREFER], &events).await;
    assert_eq!((failed.status, failed.header("retry-after")), (503, "2"));
    queue.is_down.store(false, Ordering::SeqCst);
    let first = certify_later(&service, events.clone()).await;
    NOW.set(NOW.get() + Duration::from_secs(9));
    assert_eq!(certify_later(&service, events).await, first);
    let [one, two] = queue.take().try_into().ok().unwrap();
    assert!(one == two);
    let list = service.client.get("/divoc/api/v1/batches", "certifier").await.unwrap().json();
    assert_eq!(list["batches"].as_array().unwrap().len(), 1);

    // The worker dies at its signature; the next delivery heals it.
    signer.last.store(signer.signatures.load(Ordering::SeqCst), Ordering::SeqCst);
    assert!(work::take(&app, &one, 1).await.is_err());
    assert_eq!(states(&service, &first).await, ["waiting"]);
    signer.last.store(u64::MAX, Ordering::SeqCst);
    deliver(&app, &one).await;
    assert_eq!(states(&service, &first).await, ["issued"]);
}

#[tokio::test]
async fn what_is_given_up_is_a_dead_letter_until_it_is_sent_again() {
    let (service, app, queue, signer) = held().await;
    let batch = certify_later(&service, json!([people::event(1, 1), people::event(2, 1)])).await;
    signer.last.store(0, Ordering::SeqCst);
    for message in queue.take() {
        work::take(&app, &message, work::MOST_DELIVERIES).await.unwrap();
    }
    assert_eq!(states(&service, &batch).await, ["given-up", "given-up"]);
    let list = service.client.get("/divoc/api/v1/dead-letters", "admin").await.unwrap();
    assert!(!list.text().contains("SYN") && !list.text().contains("Asha"));
    let list = list.json();
    let ids: Vec<_> = list["messages"].as_array().unwrap().iter().map(|it| it["messageId"].clone()).collect();
    assert_eq!((ids.len(), &list["messages"][0]["lane"]), (2, &json!("certify")));

    signer.last.store(u64::MAX, Ordering::SeqCst);
    let replay = async |what: Value| {
        let body = Some(("application/json", what.to_string().into_bytes()));
        service.client.send(Method::POST, "/divoc/api/v1/dead-letters/replay", "admin", &[], body).await.unwrap()
    };
    assert_eq!(replay(json!({ "messageId": ids[0] })).await.json(), json!({ "replayed": 1, "complete": true }));
    assert_eq!(replay(json!({ "messageId": ids[0] })).await.status, 404);
    assert_eq!(replay(json!({})).await.status, 422);
    let [one] = queue.take().try_into().ok().unwrap();
    assert_eq!(states(&service, &batch).await, ["waiting", "given-up"]);
    // It dies a second time, and is one letter still.
    signer.last.store(0, Ordering::SeqCst);
    work::take(&app, &one, work::MOST_DELIVERIES).await.unwrap();
    signer.last.store(u64::MAX, Ordering::SeqCst);
    assert_eq!(replay(json!({ "all": true })).await.json(), json!({ "replayed": 2, "complete": true }));
    for message in queue.take() {
        deliver(&app, &message).await;
    }
    assert_eq!(states(&service, &batch).await, ["issued", "issued"]);
    let list = service.client.get("/divoc/api/v1/dead-letters", "admin").await.unwrap().json();
    assert_eq!(list, json!({ "messages": [], "next": null }));
}

#[tokio::test]
async fn a_batch_of_many_is_told_page_by_page() {
    let (service, app) = with(|app| {
        pace(app, |config| config.rules.most_events = 1_000);
        app.queue = Arc::new(Held::default());
    })
    .await;
    let events: Vec<_> = (0..520).map(|person| people::event(person, 1)).collect();
    let batch = accepted(&send(&service, Method::POST, "/divoc/api/v1/certify", &[], &json!(events)).await);
    service.client.certify("v1", &json!([people::event(519, 1)])).await.unwrap();
    let mut indexes = Vec::new();
    let mut path = batch.clone();
    loop {
        let page = status(&service, &path).await;
        assert_eq!(page["counts"], json!({ "issued": 1, "failed": 0, "waiting": 519 }));
        indexes.extend(page["results"].as_array().unwrap().iter().map(|it| it["index"].as_u64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("{batch}?after={next}");
    }
    assert_eq!(indexes, (0..520).collect::<Vec<_>>());
    let wrong = service.client.get(&format!("{batch}?after=x"), "certifier").await.unwrap();
    assert_eq!(wrong.status, 400);
    drop(app);
}
