//! Recalls, from outside: previewed, done to the last certificate, told while they run, and finished by whoever comes after a crash.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use issuer::{
    App,
    recall::{Task, work},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tests::{Answer, Service, people, service};

async fn start() -> (Service, App, Arc<service::Mortal>) {
    let mut parts = None;
    let service = Service::with(|app| {
        app.clock = service::clock;
        let mortal = service::Mortal::new(Arc::clone(&app.store), i64::MAX, false);
        app.store = mortal.clone();
        parts = Some((app.clone(), mortal));
    })
    .await;
    let (app, mortal) = parts.unwrap();
    (service, app, mortal)
}

/// So many people with a dose each, of a batch and at a facility.
async fn certified(service: &Service, people: std::ops::Range<u64>, batch: &str, facility: &str) -> Vec<String> {
    let events: Vec<Value> = people
        .map(|person| {
            let mut event = people::event(person, 1);
            event["vaccination"]["batch"] = json!(batch);
            event["facility"]["name"] = json!(facility);
            event
        })
        .collect();
    let mut ids = Vec::new();
    for some in events.chunks(50) {
        let answer = service.client.certify("v1", &json!(some)).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let items = answer.json()["certificates"].as_array().unwrap().clone();
        ids.extend(items.iter().map(|item| item["certificateId"].as_str().unwrap().to_owned()));
    }
    ids
}

async fn post(service: &Service, path: &str, body: &Value) -> Answer {
    let body = Some(("application/json", body.to_string().into_bytes()));
    service.client.send(Method::POST, &format!("/divoc/api/v1/recalls{path}"), "admin", &[], body).await.unwrap()
}

async fn told(service: &Service, id: &str) -> Value {
    service.client.get(&format!("/divoc/api/v1/recalls/{id}"), "admin").await.unwrap().json()
}

async fn status(service: &Service, id: &str) -> u16 {
    service.client.get(&format!("/certificate/api/credential/{id}"), "fetcher").await.unwrap().status
}

const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_batch_is_previewed_and_revoked_to_the_last_certificate_and_no_other() {
    let (service, app, _) = start().await;
    let bad = certified(&service, 0..230, "BAD 1", "Sample Health Centre").await;
    let good = certified(&service, 300..310, "GOOD 1", "Sample Health Centre").await;
    let path = format!("/divoc/api/v1/certificate/{}", bad[0]);
    assert_eq!(service.client.send(Method::DELETE, &path, "admin", &[], None).await.unwrap().status, 200);
    let wish = json!({ "batch": " bad  1 ", "action": "revoke", "reason": "recall" });
    let preview = post(&service, "/preview", &wish).await;
    assert_eq!((preview.status, preview.json()), (200, json!({ "found": 230, "standing": 229, "complete": true })));

    let begun = post(&service, "", &wish).await;
    assert_eq!(begun.status, 202);
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(begun.header("location"), format!("/divoc/api/v1/recalls/{id}"));
    assert_eq!((&begun.json()["status"], &begun.json()["found"]), (&json!("running"), &json!(0)));
    assert!(!work(&app, Task::Status, PATIENCE).await.unwrap());
    let mut done = told(&service, &id).await;
    done.as_object_mut().unwrap().remove("begunAt").unwrap();
    assert_eq!(
        done,
        json!({
            "id": id, "status": "done", "of": { "batch": " bad  1 " }, "action": "revoke", "reason": "recall", "label": null,
            "found": 230, "changed": 229, "already": 1, "superseded": 0,
        })
    );
    for id in &bad {
        assert_eq!(status(&service, id).await, 410);
    }
    for id in &good {
        assert_eq!(status(&service, id).await, 200);
    }
    // The same wish is the same job, and it is done; under another label it is another one, which finds nothing left to do.
    assert_eq!(post(&service, "", &wish).await.json()["status"], "done");
    let again = post(&service, "", &json!({ "batch": "BAD 1", "action": "revoke", "label": "second" })).await.json();
    assert_ne!(again["id"], id.as_str());
    work(&app, Task::Status, PATIENCE).await.unwrap();
    let again = told(&service, again["id"].as_str().unwrap()).await;
    assert_eq!((&again["changed"], &again["already"]), (&json!(0), &json!(230)));
    assert_eq!(
        service.client.get("/divoc/api/v1/recalls", "admin").await.unwrap().json()["recalls"].as_array().unwrap().len(),
        2
    );
}

#[tokio::test]
async fn a_facility_is_suspended_and_its_corrected_certificates_are_left_alone() {
    let (service, app, _) = start().await;
    let ids = certified(&service, 1000..1005, "B1", "Doubtful Clinic").await;
    let other = certified(&service, 1010..1011, "B1", "Sound Clinic").await;
    let mut event = people::event(1000, 1);
    event["vaccination"]["batch"] = json!("B1");
    event["facility"]["name"] = json!("Doubtful Clinic");
    event["recipient"]["name"] = json!("Asha Corrected");
    let body = Some(("application/json", json!([event]).to_string().into_bytes()));
    let answer = service.client.send(Method::PUT, "/divoc/api/v1/certificate", "certifier", &[], body).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let until = "2030-01-01T00:00:00Z";
    let wish = json!({
        "facility": { "name": "DOUBTFUL clinic", "district": "Bengaluru South" }, "action": "suspend", "until": until,
        "reason": "investigation",
    });
    let id = post(&service, "", &wish).await.json()["id"].as_str().unwrap().to_owned();
    work(&app, Task::Status, PATIENCE).await.unwrap();
    let done = told(&service, &id).await;
    assert_eq!((&done["found"], &done["changed"], &done["superseded"]), (&json!(6), &json!(5), &json!(1)));
    assert_eq!(done["until"], until);
    assert_eq!(status(&service, &ids[0]).await, 410);
    for id in &ids[1..] {
        assert_eq!(status(&service, id).await, 409);
    }
    assert_eq!(status(&service, &other[0]).await, 200);
}

#[tokio::test]
async fn what_was_signed_within_a_time_by_a_key_is_found_in_the_log() {
    let (service, app, _) = start().await;
    let now = || service::clock().replace_nanosecond(0).unwrap();
    let rfc3339 =
        |instant: time::OffsetDateTime| instant.format(&time::format_description::well_known::Rfc3339).unwrap();
    let before = certified(&service, 2000..2002, "B1", "Clinic").await;
    service::pass(90);
    let from = now();
    let within = certified(&service, 2010..2260, "B1", "Clinic").await;
    service::pass(90);
    let until = now();
    let after = certified(&service, 2300..2302, "B1", "Clinic").await;
    let key = app.signer.public_key().await.unwrap().thumbprint();
    let wish = |key: &str| json!({ "signed": { "from": rfc3339(from), "until": rfc3339(until), "key": key }, "action": "revoke" });
    assert_eq!(post(&service, "/preview", &wish("another-key")).await.json()["found"], 0);
    assert_eq!(
        post(&service, "/preview", &wish(&key)).await.json(),
        json!({ "found": 250, "standing": 250, "complete": true })
    );
    let id = post(&service, "", &wish(&key)).await.json()["id"].as_str().unwrap().to_owned();
    work(&app, Task::Status, PATIENCE).await.unwrap();
    let done = told(&service, &id).await;
    assert_eq!((&done["status"], &done["found"], &done["changed"]), (&json!("done"), &json!(250), &json!(250)));
    for (ids, wanted) in [(before, 200), (within, 410), (after, 200)] {
        for id in ids {
            assert_eq!(status(&service, &id).await, wanted);
        }
    }
}

/// The worker dies in the midst of its changes, again and again; whoever comes next goes on, and in the end nothing was left out and nothing done twice.
#[tokio::test]
async fn a_worker_that_dies_is_followed_by_one_that_finishes() {
    let (service, app, store) = start().await;
    let ids = certified(&service, 3000..3250, "B9", "Clinic").await;
    let id = post(&service, "", &json!({ "batch": "B9", "action": "revoke" })).await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for call in [1, 40, 90] {
        store.die_after(call);
        assert!(work(&app, Task::Status, PATIENCE).await.is_err());
        store.revive();
        // Nobody else may take it up before the lease is over.
        let stood = told(&service, &id).await;
        assert!(!work(&app, Task::Status, PATIENCE).await.unwrap());
        assert_eq!(told(&service, &id).await, stood);
        service::pass(121);
    }
    assert!(!work(&app, Task::Status, PATIENCE).await.unwrap());
    let done = told(&service, &id).await;
    assert_eq!((&done["status"], &done["found"]), (&json!("done"), &json!(250)));
    for id in &ids {
        let history =
            service.client.get(&format!("/divoc/api/v1/certificate/{id}/history"), "admin").await.unwrap().json();
        let events = history["certificates"][0]["events"].as_array().unwrap().clone();
        assert_eq!(events.iter().filter(|event| event["event"] == "revoked").count(), 1);
    }
}

/// Another key signs from now on; what the old one signed is signed again, once, and verifies although nothing by the old key is believed any more.
#[tokio::test]
async fn what_a_compromised_key_signed_is_signed_again() {
    let (first, old, _) = start().await;
    let ids = certified(&first, 5000..5040, "B5", "Clinic").await;
    let bad = old.signer.public_key().await.unwrap().thumbprint();
    // The same records, another process with another key.
    let mut parts = None;
    let service = Service::with(|app| {
        app.store = Arc::clone(&old.store);
        app.key_ring = Arc::clone(&old.key_ring);
        app.ledger = Arc::clone(&old.ledger);
        app.recalls = Arc::clone(&old.recalls);
        app.clock = service::clock;
        parts = Some(app.clone());
    })
    .await;
    let app = parts.unwrap();
    let body = Some(("application/json", json!({ "reason": "compromise" }).to_string().into_bytes()));
    let path = format!("/divoc/api/v1/keys/{bad}/compromise");
    let marked = service.client.send(Method::POST, &path, "admin", &[], body).await.unwrap();
    assert_eq!(marked.status, 200, "{}", marked.text());
    let believed = async |id: &str| {
        let document = service.client.get("/.well-known/did.json", "").await.unwrap().text();
        let methods = credential::keys::from_did_document(&document).unwrap();
        let json = service.client.get(&format!("/certificate/api/credential/{id}"), "fetcher").await.unwrap().text();
        credential::verify(&json, &methods).is_ok_and(|verified| verified.bound)
    };
    assert!(!believed(&ids[0]).await);
    let now = service::clock().replace_nanosecond(0).unwrap();
    let rfc3339 =
        |instant: time::OffsetDateTime| instant.format(&time::format_description::well_known::Rfc3339).unwrap();
    let (from, until) = (now - time::Duration::minutes(10), now + time::Duration::minutes(10));
    let wish = json!({
        "signed": { "from": rfc3339(from), "until": rfc3339(until), "key": bad }, "action": "resign", "reason": "key-compromise",
    });
    let id = post(&service, "", &wish).await.json()["id"].as_str().unwrap().to_owned();
    work(&app, Task::Status, PATIENCE).await.unwrap();
    assert_eq!(told(&service, &id).await["found"], 0, "only the worker that signs takes it up");
    work(&app, Task::Signature, PATIENCE).await.unwrap();
    let done = told(&service, &id).await;
    assert_eq!((&done["status"], &done["changed"]), (&json!("done"), &json!(40)));
    for id in &ids {
        assert!(believed(id).await);
    }
    let history =
        service.client.get(&format!("/divoc/api/v1/certificate/{}/history", ids[0]), "admin").await.unwrap().json();
    assert_eq!(history["certificates"][0]["events"][1]["event"], "resigned");
    assert_eq!(history["certificates"][0]["status"], "valid");
}

#[tokio::test]
async fn a_cancelled_recall_stops_and_a_worker_without_time_leaves_it_to_the_next() {
    let (service, app, _) = start().await;
    certified(&service, 4000..4010, "B7", "Clinic").await;
    let id = post(&service, "", &json!({ "batch": "B7", "action": "revoke" })).await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(work(&app, Task::Status, Duration::ZERO).await.unwrap());
    assert_eq!(told(&service, &id).await["found"], 0);
    let path = format!("/divoc/api/v1/recalls/{id}");
    for _ in 0..2 {
        let cancelled = service.client.send(Method::DELETE, &path, "admin", &[], None).await.unwrap();
        assert_eq!((cancelled.status, &cancelled.json()["status"]), (200, &json!("cancelled")));
    }
    assert!(!work(&app, Task::Status, PATIENCE).await.unwrap());
    assert_eq!(told(&service, &id).await["changed"], 0);
}

#[tokio::test]
async fn a_wish_that_is_none_is_refused_with_every_fault() {
    let (service, ..) = start().await;
    let cases = [
        (json!({}), vec!["", "/action"]),
        (json!({ "batch": "B1", "facility": { "name": "x" }, "action": "revoke" }), vec![""]),
        (json!({ "batch": " ", "action": "burn", "reason": "whim" }), vec!["/batch", "/action", "/reason"]),
        (json!({ "batch": 7, "action": "revoke", "label": "" }), vec!["/batch", "/label"]),
        (json!({ "facility": { "district": "Mysuru" }, "action": "suspend" }), vec!["/facility/name", "/until"]),
        (json!({ "batch": "B1", "action": "suspend", "until": "2020-01-01T00:00:00Z" }), vec!["/until"]),
        (json!({ "signed": { "from": "yesterday" }, "action": "revoke" }), vec!["/signed/from"]),
        (
            json!({ "signed": { "from": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z" }, "action": "revoke" }),
            vec!["/signed/until"],
        ),
        (
            json!({ "signed": { "from": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z", "key": 1 }, "action": "revoke" }),
            vec!["/signed/key"],
        ),
        (json!({ "batch": "B1", "action": "resign" }), vec!["/signed/key"]),
    ];
    for (body, wanted) in cases {
        for path in ["", "/preview"] {
            let answer = post(&service, path, &body).await;
            let problem = answer.json();
            let pointers: Vec<_> =
                problem["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
            assert_eq!((answer.status, pointers), (422, wanted.clone()), "{body}");
        }
    }
    let missing = service.client.get("/divoc/api/v1/recalls/none", "admin").await.unwrap();
    assert_eq!((missing.status, &missing.json()["type"]), (404, &json!("urn:divoc:problem:no-recall")));
}
