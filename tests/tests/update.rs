//! Corrections, from outside: the new certificate takes the old one's place at once, in every form; one of two wins; a crash leaves never two and never none.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use reqwest::Method;
use serde_json::{Value, json};
use std::sync::{Arc, atomic::Ordering};
use tests::{Answer, Service, people, service};

/// The person's event with another name.
fn corrected(person: u64, dose: u64, name: &str) -> Value {
    let mut event = people::event(person, dose);
    event["recipient"]["name"] = json!(name);
    event
}

async fn update(service: &Service, query: &str, events: &Value) -> Answer {
    let body = Some(("application/json", events.to_string().into_bytes()));
    let path = format!("/divoc/api/v1/certificate{query}");
    service.client.send(Method::PUT, &path, "certifier", &[], body).await.unwrap()
}

async fn certified(service: &Service, event: Value) -> String {
    let answer = service.client.certify("v1", &json!([event])).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned()
}

async fn updated(service: &Service, event: Value) -> String {
    let answer = update(service, "", &json!([event])).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned()
}

async fn get(service: &Service, path: &str) -> Answer {
    service.client.get(path, "fetcher").await.unwrap()
}

/// The statuses of the slot's certificates, in order of issue.
async fn statuses(service: &Service, id: &str) -> Vec<String> {
    let path = format!("/divoc/api/v1/certificate/{id}/history");
    let history = service.client.get(&path, "admin").await.unwrap().json();
    let certificates = history["certificates"].as_array().unwrap();
    certificates.iter().map(|certificate| certificate["status"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_correction_shows_at_once_in_every_form() {
    let service = Service::start().await;
    let first = certified(&service, people::event(1, 1)).await;
    let pdf = get(&service, &format!("/certificate/api/certificatePDF/{}", people::code(1))).await;
    let qr = get(&service, &format!("/certificate/api/certificateQRCode/{}", people::code(1))).await;

    let answer = update(&service, "?reason=holder-request", &json!([corrected(1, 1, "Asha Corrected")])).await;
    let second = answer.json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned();
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.json(),
        json!({ "certificates": [{
            "index": 0, "certificateId": second, "status": "updated", "previousCertificateId": first,
            "links": {
                "pdf": format!("/certificate/api/certificate/{second}"),
                "qr": format!("/certificate/api/certificate/QRCode/{second}"),
                "credential": format!("/certificate/api/credential/{second}"),
            },
        }]})
    );

    let credential = get(&service, &format!("/certificate/api/credential/{second}")).await.json();
    assert_eq!(credential["credentialSubject"]["name"], "Asha Corrected");
    assert_ne!(get(&service, &format!("/certificate/api/certificatePDF/{}", people::code(1))).await.body, pdf.body);
    assert_ne!(get(&service, &format!("/certificate/api/certificateQRCode/{}", people::code(1))).await.body, qr.body);
    let id = get(&service, &format!("/cert/api/certificateId/{}/1", people::code(1))).await.json();
    assert_eq!(id, json!({ "certificateId": second }));
    for form in ["certificate", "certificate/QRCode", "credential"] {
        let gone = get(&service, &format!("/certificate/api/{form}/{first}")).await;
        assert_eq!((gone.status, &gone.json()["type"]), (410, &json!("urn:divoc:problem:no-longer-valid")));
        assert_eq!(gone.json()["certificateStatus"], "superseded");
        assert_eq!(gone.json()["current"], answer.json()["certificates"][0]["links"]);
    }
}

#[tokio::test]
async fn lineage_actor_and_reason_are_told_to_the_admin_and_to_the_person_and_to_nobody_else() {
    let service = Service::start().await;
    let first = certified(&service, people::event(2, 1)).await;
    let second = updated(&service, corrected(2, 1, "Asha Corrected")).await;
    let path = format!("/divoc/api/v1/certificate/{first}/history");
    let mut history = service.client.get(&path, "admin").await.unwrap().json();
    let own = service.running.token_for_citizen(people::telephone(2).trim_start_matches("tel:"));
    let client = service.client.clone().with_token("own", own);
    assert_eq!(client.get(&path, "own").await.unwrap().json(), history);
    assert_eq!(service.client.get(&path, "citizen").await.unwrap().status, 404);
    assert_eq!(service.client.get(&path, "fetcher").await.unwrap().status, 403);

    for certificate in history["certificates"].as_array_mut().unwrap() {
        assert!(certificate.as_object_mut().unwrap().remove("issuedAt").unwrap().as_str().unwrap().ends_with('Z'));
        for event in certificate["events"].as_array_mut().unwrap() {
            assert!(event.as_object_mut().unwrap().remove("at").unwrap().as_str().unwrap().ends_with('Z'));
        }
    }
    let actor = &history["certificates"][0]["events"][0]["actor"];
    let event = |event: &str, reason: Value| json!({ "event": event, "actor": actor, "reason": reason });
    assert_eq!(
        history,
        json!({ "certificates": [
            {
                "certificateId": first, "status": "superseded", "previousCertificateId": null, "nextCertificateId": second,
                "events": [event("issued", Value::Null), event("superseded", json!("correction"))],
            },
            {
                "certificateId": second, "status": "valid", "previousCertificateId": first, "nextCertificateId": null,
                "events": [event("corrected", json!("correction"))],
            },
        ]})
    );
}

#[tokio::test]
async fn the_same_correction_again_changes_nothing_and_the_first_event_still_gives_the_first_answer() {
    let service = Service::start().await;
    let first = certified(&service, people::event(3, 1)).await;
    let second = updated(&service, corrected(3, 1, "Asha Corrected")).await;
    let again = update(&service, "", &json!([corrected(3, 1, "Asha Corrected")])).await.json();
    assert_eq!(
        (&again["certificates"][0]["certificateId"], &again["certificates"][0]["status"]),
        (&json!(second), &json!("alreadyIssued"))
    );
    let late = service.client.certify("v1", &json!([people::event(3, 1)])).await.unwrap().json();
    assert_eq!(late["certificates"][0]["certificateId"], first.as_str());
    assert_eq!(late["certificates"][0]["certificateStatus"], "superseded");
    assert_eq!(statuses(&service, &first).await, ["superseded", "valid"]);
    // Back to what it said first: a correction like any other.
    updated(&service, people::event(3, 1)).await;
    assert_eq!(statuses(&service, &first).await, ["superseded", "superseded", "valid"]);
}

#[tokio::test]
async fn earlier_doses_and_final_ones_are_corrected_alike() {
    let service = Service::start().await;
    certified(&service, people::event(4, 1)).await;
    let last = certified(&service, people::event(4, 2)).await;
    updated(&service, corrected(4, 1, "Asha Corrected")).await;
    // The highest dose is still the one that is shown.
    let id = get(&service, &format!("/cert/api/certificateId/{}/2", people::code(4))).await.json();
    assert_eq!(id["certificateId"], last.as_str());
    let newer = updated(&service, corrected(4, 2, "Asha Corrected")).await;
    let id = get(&service, &format!("/cert/api/certificateId/{}/2", people::code(4))).await.json();
    assert_eq!(id["certificateId"], newer.as_str());
}

#[tokio::test]
async fn what_cannot_be_corrected_is_named_and_nothing_of_the_array_is_stored() {
    let service = Service::with(|app| {
        let mut config = (*app.config).clone();
        config.update_limit = 1;
        app.config = Arc::new(config);
    })
    .await;
    let fresh = certified(&service, people::event(5, 1)).await;
    certified(&service, people::event(6, 1)).await;
    updated(&service, corrected(6, 1, "Asha Once")).await;
    let revoked = certified(&service, people::event(7, 1)).await;
    let path = format!("/divoc/api/v1/certificate/{revoked}");
    let gone = service.client.send(Method::DELETE, &path, "admin", &[], None).await.unwrap();
    assert_eq!(gone.status, 200);
    let body = json!([
        corrected(5, 1, "Asha Corrected"),
        corrected(6, 1, "Asha Twice"),
        corrected(7, 1, "Asha Corrected"),
        corrected(8, 1, "Asha Nobody"),
    ]);
    let answer = update(&service, "", &body).await;
    assert_eq!(answer.status, 412);
    assert_eq!(
        answer.json(),
        json!({
            "type": "urn:divoc:problem:not-correctable", "title": "Update not allowed", "status": 412,
            "detail": "there is nothing to correct, or it was corrected too often",
            "errors": [
                { "pointer": "/1", "detail": "this dose's certificate was corrected 1 times already" },
                { "pointer": "/2", "detail": "this dose's certificate was revoked: certify it anew" },
                { "pointer": "/3", "detail": "this dose has no certificate yet: certify it" },
            ],
        })
    );
    assert_eq!(statuses(&service, &fresh).await, ["valid"]);
    let unknown = update(&service, "?reason=whim", &json!([corrected(5, 1, "Asha Corrected")])).await;
    assert_eq!(unknown.status, 400);
    assert_eq!(unknown.json()["type"], "urn:divoc:problem:parameter");
    assert_eq!(statuses(&service, &fresh).await, ["valid"]);
}

#[tokio::test]
async fn of_two_corrections_at_once_one_wins_and_the_other_is_told() {
    let service = Service::start().await;
    for person in 10..20 {
        let first = certified(&service, people::event(person, 1)).await;
        let mut calls = tokio::task::JoinSet::new();
        for name in ["Asha One", "Asha Two"] {
            let (client, event) = (service.client.clone(), corrected(person, 1, name));
            calls.spawn(async move {
                let body = Some(("application/json", json!([event]).to_string().into_bytes()));
                client.send(Method::PUT, "/divoc/api/v1/certificate", "certifier", &[], body).await.unwrap()
            });
        }
        let answers = calls.join_all().await;
        let won = answers.iter().filter(|answer| answer.status == 200).count();
        let told = answers.iter().filter(|answer| answer.status == 409).count();
        let stand = statuses(&service, &first).await;
        assert_eq!(stand.iter().filter(|status| *status == "valid").count(), 1);
        // Two that came one after the other both won; the second corrected the first.
        assert_eq!((won + told, stand.len()), (2, won + 1), "{stand:?}");
    }
}

/// The process dies at each write of a correction, before it or after it: afterwards exactly one certificate is valid, and the retry brings the correction.
#[tokio::test]
async fn a_crash_at_any_write_leaves_never_two_valid_certificates_and_never_none() {
    let mut person = 100;
    for acts_first in [false, true] {
        for call in 1..=3 {
            person += 1;
            let mut store = None;
            let service = Service::with(|app| {
                app.clock = service::clock;
                let mortal = service::Mortal::new(Arc::clone(&app.store), i64::MAX, acts_first);
                app.store = mortal.clone();
                store = Some(mortal);
            })
            .await;
            let store = store.unwrap();
            let first = certified(&service, people::event(person, 1)).await;
            store.die_after(call);
            let answer = update(&service, "", &json!([corrected(person, 1, "Asha Corrected")])).await;
            let died = store.died();
            store.revive();
            let valid = |stand: &[String]| stand.iter().filter(|status| *status == "valid").count();
            assert_eq!(valid(&statuses(&service, &first).await), 1, "write {call}, acts first: {acts_first}");
            assert_eq!(answer.status == 200, !died, "write {call}, acts first: {acts_first}");
            service::pass(9);
            let again = update(&service, "", &json!([corrected(person, 1, "Asha Corrected")])).await;
            assert_eq!(again.status, 200, "{}", again.text());
            assert_eq!(statuses(&service, &first).await, ["superseded", "valid"]);
        }
    }
}

#[tokio::test]
async fn a_correction_is_signed_once_and_v3_has_its_own_route() {
    let mut signer = None;
    let service = Service::with(|app| {
        let counting = service::Counting::new(Arc::clone(&app.signer), u64::MAX);
        app.signer = counting.clone();
        signer = Some(counting);
    })
    .await;
    let mut event = people::event(30, 1);
    event["recipient"]["dob"] = json!("1980-01-02");
    event["recipient"].as_object_mut().unwrap().remove("age");
    assert_eq!(service.client.certify("v3", &json!([event])).await.unwrap().status, 200);
    event["recipient"]["dob"] = json!("1980-02-01");
    let body = Some(("application/json", json!([event, event]).to_string().into_bytes()));
    let answer = service.client.send(Method::PUT, "/divoc/api/v3/certificate", "certifier", &[], body).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = &answer.json()["certificates"][0]["certificateId"];
    assert_eq!(&answer.json()["certificates"][1]["certificateId"], id);
    assert_eq!(signer.unwrap().signatures.load(Ordering::SeqCst), 2);
    let credential = get(&service, &format!("/certificate/api/credential/{}", id.as_str().unwrap())).await.json();
    assert_eq!(credential["credentialSubject"]["dob"], "1980-02-01");
}
