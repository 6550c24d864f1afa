//! Certify, from outside: exactly once, all or nothing, and every refusal.
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
use tests::{Service, people, service};

/// `value` with the member at `pointer` replaced.
fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    *value.pointer_mut(pointer).expect("the member is there") = new;
    value
}

fn pointers(problem: &Value) -> Vec<&str> {
    problem["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|fault| fault["pointer"].as_str().expect("pointer"))
        .collect()
}

async fn exists(service: &Service, code: &str) -> bool {
    service.client.head(&format!("/certificate/api/certificatePDF/{code}"), "fetcher").await.expect("an answer").status
        == 200
}

#[tokio::test]
async fn a_certificate_can_be_fetched_in_every_form_when_the_call_returns() {
    let service = Service::start().await;
    let answer = service.client.certify("v1", &json!([people::event(1, 1)])).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    let id = body["certificates"][0]["certificateId"].as_str().unwrap();
    assert_eq!(id.len(), 20);
    assert_eq!(
        body,
        json!({ "certificates": [{
            "index": 0, "certificateId": id, "status": "created",
            "links": {
                "pdf": format!("/certificate/api/certificate/{id}"),
                "qr": format!("/certificate/api/certificate/QRCode/{id}"),
                "credential": format!("/certificate/api/credential/{id}"),
            },
        }]})
    );
    for link in ["pdf", "qr", "credential"] {
        let path = body["certificates"][0]["links"][link].as_str().unwrap();
        assert_eq!(service.client.get(path, "fetcher").await.unwrap().status, 200, "{link}");
    }
    let credential = service.client.get(&format!("/certificate/api/credential/{id}"), "fetcher").await.unwrap().json();
    assert_eq!(credential["credentialSubject"]["name"], "Asha Example 1");
    assert_eq!(credential["evidence"][0]["dose"], 1);
    assert_eq!(credential["credentialSubject"]["address"]["postalCode"], "560034");
}

#[tokio::test]
async fn the_same_event_again_gives_the_first_certificate_unchanged() {
    let service = Service::start().await;
    let event = json!([people::event(2, 1)]);
    let first = service.client.certify("v1", &event).await.unwrap().json();
    let id = first["certificates"][0]["certificateId"].clone();
    let path = first["certificates"][0]["links"]["credential"].as_str().unwrap().to_owned();
    let signed = service.client.get(&path, "fetcher").await.unwrap().body;

    // Other spellings of the same values, members nobody reads, and another array around it.
    let mut again = people::event(2, 1);
    again["vaccination"]["dose"] = json!("1");
    again["recipient"]["address"]["pincode"] = json!("560034");
    again["meta"] = json!({ "uploadTimestamp": "2026-01-01T00:00:00Z" });
    again["unknown"] = json!(["ignored"]);
    let second = service.client.certify("v1", &json!([again, people::event(3, 1)])).await.unwrap();
    assert_eq!(second.status, 200);
    assert_eq!(second.json()["certificates"][0]["certificateId"], id);
    assert_eq!(second.json()["certificates"][0]["status"], "alreadyIssued");
    assert_eq!(second.json()["certificates"][1]["status"], "created");
    assert_eq!(service.client.get(&path, "fetcher").await.unwrap().body, signed);
}

#[tokio::test]
async fn sixty_four_at_a_time_give_one_certificate_and_one_signature() {
    let mut signer = None;
    let service = Service::with(|app| {
        let counting = service::Counting::new(Arc::clone(&app.signer), u64::MAX);
        app.signer = counting.clone();
        signer = Some(counting);
    })
    .await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let client = service.client.clone();
        calls.spawn(async move { client.certify("v1", &json!([people::event(4, 1)])).await.unwrap() });
    }
    let answers = calls.join_all().await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    let created = answers.iter().filter(|answer| answer.json()["certificates"][0]["status"] == "created").count();
    assert_eq!(created, 1);
    let first = answers[0].json()["certificates"][0]["certificateId"].clone();
    assert!(answers.iter().all(|answer| answer.json()["certificates"][0]["certificateId"] == first));
    assert_eq!(signer.unwrap().signatures.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn another_event_for_a_certified_dose_is_a_conflict_and_stores_nothing_of_its_array() {
    let service = Service::start().await;
    assert_eq!(service.client.certify("v1", &json!([people::event(5, 1)])).await.unwrap().status, 200);
    let other = with(people::event(5, 1), "/vaccination/batch", json!("OTHER"));
    let answer = service.client.certify("v1", &json!([people::event(6, 1), other])).await.unwrap();
    assert_eq!(answer.status, 409);
    assert_eq!(
        answer.json(),
        json!({
            "type": "urn:divoc:problem:already-certified",
            "title": "Already certified with other details",
            "status": 409,
            "detail": "a dose or a test is already certified with other details",
            "errors": [{
                "pointer": "/1",
                "detail": "this is already certified with other details; correct a vaccination's certificate with PUT /divoc/api/v1/certificate",
            }],
            "update": "/divoc/api/v1/certificate",
        })
    );
    assert!(!exists(&service, &people::code(6)).await, "the array's other item was stored");
}

#[tokio::test]
async fn every_fault_of_an_array_comes_back_at_once_and_nothing_is_stored() {
    let service = Service::start().await;
    let mut nameless = people::event(8, 1);
    nameless["recipient"].as_object_mut().unwrap().remove("name");
    nameless["vaccination"]["dose"] = json!(0);
    let backwards = with(people::event(9, 1), "/vaccination/effectiveUntil", json!("2019-02-29"));
    let answer = service.client.certify("v1", &json!([people::event(7, 1), nameless, backwards])).await.unwrap();
    assert_eq!(answer.status, 422);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let problem = answer.json();
    assert_eq!(pointers(&problem), ["/1/recipient/name", "/1/vaccination/dose", "/2/vaccination/effectiveUntil"]);
    assert_eq!(problem["code"], 602, "DIVOC's callers look for the first fault's number");
    assert!(!exists(&service, &people::code(7)).await);
}

#[tokio::test]
async fn each_bad_value_has_its_status_and_its_pointer_and_stores_nothing() {
    let service = Service::start().await;
    let cases = [
        ("/preEnrollmentCode", json!(""), 422),
        ("/preEnrollmentCode", json!(17), 422),
        ("/recipient/name", json!("tab\there"), 422),
        ("/recipient/name", json!(""), 422),
        ("/recipient/name", Value::Null, 422),
        ("/recipient/identity", json!("did:in.gov.uidai.aadhaar:12 34"), 422),
        ("/recipient/contact", json!("tel:+919999900001"), 422),
        ("/recipient/address/district", json!(""), 422),
        ("/vaccination/date", json!("2999-01-01T00:00:00Z"), 422),
        ("/vaccination/date", json!("2021-02-30T00:00:00Z"), 422),
        ("/vaccination/date", json!("yesterday"), 422),
        ("/vaccination/dose", json!(0), 422),
        ("/vaccination/dose", json!(1.5), 422),
        ("/vaccination/dose", json!(21), 422),
        ("/vaccination/dose", json!(-1), 422),
        ("/vaccination/effectiveUntil", json!("2020-01-01"), 422),
        ("/vaccinator", json!([]), 422),
        ("/facility/name", json!({}), 422),
        ("/recipient", json!("nobody"), 422),
    ];
    for (number, (pointer, value, status)) in (0_u64..).zip(cases) {
        let person = 100 + number;
        let event = with(people::event(person, 1), pointer, value.clone());
        let answer = service.client.certify("v1", &json!([event])).await.unwrap();
        assert_eq!(answer.status, status, "{pointer} = {value}: {}", answer.text());
        let problem = answer.json();
        let first = pointers(&problem)[0].to_owned();
        assert!(first.starts_with(&format!("/0{pointer}")), "{pointer} = {value}: {first}");
        assert!(!exists(&service, &people::code(person)).await, "{pointer} = {value} was stored");
    }
}

#[tokio::test]
async fn neither_age_nor_date_of_birth_is_answered_as_divoc_does() {
    let service = Service::start().await;
    let mut event = people::event(10, 1);
    event["recipient"].as_object_mut().unwrap().remove("age");
    let answer = service.client.certify("v1", &json!([event])).await.unwrap();
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["code"], "MISSING_FIELDS");
    assert_eq!(pointers(&answer.json()), ["/0/recipient"]);
    let mut contradiction = people::event(10, 1);
    contradiction["recipient"]["dob"] = json!("2015-01-01");
    assert_eq!(service.client.certify("v1", &json!([contradiction])).await.unwrap().status, 422);
}

#[tokio::test]
async fn what_no_qr_code_holds_is_refused_before_it_is_signed() {
    let service = Service::start().await;
    let mut event = people::event(11, 1);
    // Text that hardly compresses: letters without order.
    let long = |seed: u32| {
        let step = |state: &u32| Some(state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223));
        let letters = std::iter::successors(Some(seed), step).take(250);
        letters.filter_map(|state| char::from_u32(0x0905 + (state >> 16) % 48)).collect::<String>()
    };
    for (pointer, from) in [
        ("/recipient/name", 1),
        ("/recipient/address/addressLine1", 5),
        ("/recipient/address/district", 9),
        ("/facility/name", 13),
    ] {
        event = with(event, pointer, json!(long(from)));
    }
    event["vaccination"]["batch"] = json!(long(17));
    event["vaccinator"]["name"] = json!(long(23));
    let answer = service.client.certify("v1", &json!([people::event(12, 1), event])).await.unwrap();
    assert_eq!(answer.status, 422, "{}", answer.text());
    let problem = answer.json();
    assert_eq!(pointers(&problem), ["/1"]);
    let detail = problem["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("QR code of about") && detail.contains("fit"), "{detail}");
    assert!(!exists(&service, &people::code(12)).await);
}

#[tokio::test]
async fn malformed_bodies_are_refused_with_the_right_status() {
    let service = Service::start().await;
    let send = |media_type: &'static str, body: Vec<u8>| {
        let client = service.client.clone();
        async move {
            client
                .send(Method::POST, "/divoc/api/v1/certify", "certifier", &[], Some((media_type, body)))
                .await
                .unwrap()
        }
    };
    let json_type = "application/json";
    assert_eq!(send(json_type, b"[{".to_vec()).await.status, 400);
    assert_eq!(send(json_type, Vec::new()).await.status, 400);
    assert_eq!(send(json_type, vec![0xff; 9]).await.status, 400);
    assert_eq!(send(json_type, [b"[".repeat(100_000), b"]".repeat(100_000)].concat()).await.status, 400);
    assert_eq!(send(json_type, b"{}".to_vec()).await.status, 422);
    assert_eq!(send(json_type, b"[]".to_vec()).await.status, 422);
    assert_eq!(send(json_type, b"[7]".to_vec()).await.status, 422);
    assert_eq!(send("text/csv", b"a,b".to_vec()).await.status, 415);
    assert_eq!(
        send("application/json; charset=utf-8", json!([people::event(13, 1)]).to_string().into_bytes()).await.status,
        200
    );
    let many: Value = (0..101).map(|person| people::event(2_000 + person, 1)).collect();
    let answer = send(json_type, many.to_string().into_bytes()).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("100"), "the limit is not named: {}", answer.text());
    assert!(!exists(&service, &people::code(2_000)).await);
}

#[tokio::test]
async fn a_body_of_ten_megabytes_is_refused() {
    let service = Service::start().await;
    let body = Some(("application/json", vec![b' '; 10_000_000]));
    // The refusal may come before the body is sent: then the connection ends instead of the answer.
    if let Ok(answer) = service.client.send(Method::POST, "/divoc/api/v1/certify", "certifier", &[], body).await {
        assert_eq!(answer.status, 413);
        assert_eq!(answer.json()["type"], "urn:divoc:problem:body-too-large");
    }
    let fitting = Some(("application/json", vec![b' '; 1_048_576]));
    assert_eq!(
        service.client.send(Method::POST, "/divoc/api/v1/certify", "certifier", &[], fitting).await.unwrap().status,
        400
    );
    let one_more = Some(("application/json", vec![b' '; 1_048_577]));
    assert_eq!(
        service.client.send(Method::POST, "/divoc/api/v1/certify", "certifier", &[], one_more).await.unwrap().status,
        413
    );
}

#[tokio::test]
async fn when_the_key_fails_part_way_finished_items_stay_and_the_same_array_completes_the_rest() {
    let mut signer = None;
    let service = Service::with(|app| {
        let counting = service::Counting::new(Arc::clone(&app.signer), 3);
        app.signer = counting.clone();
        signer = Some(counting);
    })
    .await;
    let events: Value = (20..26).map(|person| people::event(person, 1)).collect();
    let answer = service.client.certify("v1", &events).await.unwrap();
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("retry-after"), "2");
    let problem = answer.json();
    assert_eq!(problem["type"], "urn:divoc:problem:unfinished");
    let items = problem["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 6);
    let finished: Vec<&Value> = items.iter().filter(|item| item["status"] == "created").collect();
    assert_eq!(finished.len(), 3);
    assert_eq!(items.iter().filter(|item| item["status"] == "unfinished").count(), 3);
    for item in &finished {
        assert_eq!(
            service.client.get(item["links"]["credential"].as_str().unwrap(), "fetcher").await.unwrap().status,
            200
        );
    }

    signer.unwrap().last.store(u64::MAX, Ordering::SeqCst);
    let completed = service.client.certify("v1", &events).await.unwrap();
    assert_eq!(completed.status, 200);
    for (before, after) in items.iter().zip(completed.json()["certificates"].as_array().unwrap()) {
        if before["status"] == "created" {
            assert_eq!(after["status"], "alreadyIssued");
            assert_eq!(after["certificateId"], before["certificateId"]);
        } else {
            assert_eq!(after["status"], "created");
        }
    }
}

#[tokio::test]
async fn a_crash_at_any_write_is_healed_by_the_same_event() {
    // The writes of one certificate are: reserve, commit. A third call would be the release after a failure.
    for call in 1..=2 {
        for acts_first in [false, true] {
            let mut store = None;
            let service = Service::with(|app| {
                let mortal = service::Mortal::new(Arc::clone(&app.store), call, acts_first);
                app.store = mortal.clone();
                app.clock = service::clock;
                store = Some(mortal);
            })
            .await;
            let event = json!([people::event(30, 1)]);
            let answer = service.client.certify("v1", &event).await.unwrap();
            assert_eq!(answer.status, 503, "call {call}, acts first: {acts_first}");
            let store = store.unwrap();
            assert!(store.died());
            store.revive();
            service::pass(60);
            let healed = service.client.certify("v1", &event).await.unwrap();
            assert_eq!(healed.status, 200, "call {call}, acts first: {acts_first}: {}", healed.text());
            let id = healed.json()["certificates"][0]["certificateId"].clone();
            let again = service.client.certify("v1", &event).await.unwrap().json();
            assert_eq!(again["certificates"][0]["certificateId"], id);
            assert_eq!(again["certificates"][0]["status"], "alreadyIssued");
            assert_eq!(
                service.client.get("/certificate/api/certificatePDF/SYN-000000030", "fetcher").await.unwrap().status,
                200
            );
        }
    }
}

#[tokio::test]
async fn years_later_the_same_event_still_gives_the_first_certificate() {
    let service = Service::with(|app| app.clock = service::clock).await;
    let mut event = people::event(31, 1);
    event["recipient"].as_object_mut().unwrap().remove("age");
    event["recipient"]["dob"] = json!("1984-06-01");
    let first = service.client.certify("v1", &json!([event])).await.unwrap().json();
    service::pass(3 * 365 * 86_400);
    let later = service.client.certify("v1", &json!([event])).await.unwrap();
    assert_eq!(later.status, 200, "{}", later.text());
    assert_eq!(later.json()["certificates"][0]["certificateId"], first["certificates"][0]["certificateId"]);
    assert_eq!(later.json()["certificates"][0]["status"], "alreadyIssued");
}

#[tokio::test]
async fn an_international_credential_has_date_of_birth_and_icd_11_code() {
    let service = Service::start().await;
    let mut event = people::event(32, 1);
    event["recipient"]["dob"] = json!("1980-01-02");
    event["recipient"].as_object_mut().unwrap().remove("age");
    event["recipient"].as_object_mut().unwrap().remove("address");
    event.as_object_mut().unwrap().remove("vaccinator");
    let answer = service.client.certify("v3", &json!([event])).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let path = answer.json()["certificates"][0]["links"]["credential"].as_str().unwrap().to_owned();
    let credential = service.client.get(&path, "fetcher").await.unwrap().json();
    assert_eq!(credential["@context"][1], "https://divoc.dev/credentials/vaccination/v2");
    assert_eq!(credential["credentialSubject"]["dob"], "1980-01-02");
    assert_eq!(credential["evidence"][0]["icd11Code"], "XM9QW8");
    assert_eq!(credential["evidence"][0]["prophylaxis"], "COVID-19 vaccine, non-replicating viral vector");
}
