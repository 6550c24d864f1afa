//! Taking certificates back, from outside: DIVOC's rules by beneficiary, ours by certificate; suspensions; what may be fetched afterwards.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use tests::{Answer, Service, people, service};

async fn certified(service: &Service, person: u64, doses: u64) -> Vec<String> {
    let events: Vec<Value> = (1..=doses).map(|dose| people::event(person, dose)).collect();
    let answer = service.client.certify("v1", &json!(events)).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let items = answer.json()["certificates"].as_array().unwrap().clone();
    items.iter().map(|item| item["certificateId"].as_str().unwrap().to_owned()).collect()
}

async fn delete(service: &Service, path: &str) -> Answer {
    service.client.send(Method::DELETE, path, "certifier", &[], None).await.unwrap()
}

async fn suspend(service: &Service, id: &str, until: &str) -> Answer {
    let body = Some(("application/json", json!({ "until": until }).to_string().into_bytes()));
    let path = format!("/divoc/api/v1/certificate/{id}/suspension");
    service.client.send(Method::PUT, &path, "admin", &[], body).await.unwrap()
}

async fn get(service: &Service, path: &str) -> Answer {
    service.client.get(path, "fetcher").await.unwrap()
}

async fn exists(service: &Service, path: &str) -> bool {
    service.client.head(path, "fetcher").await.unwrap().status == 200
}

#[tokio::test]
async fn revoked_doses_are_gone_from_every_route_and_revoking_again_gives_the_same_answer() {
    let service = Service::start().await;
    let ids = certified(&service, 1, 2).await;
    let code = people::code(1);
    let path = format!("/divoc/api/v1/certificates/{code}?doses=2&reason=fraud");
    let told = json!({ "certificates": [{ "certificateId": ids[1], "dose": 2, "status": "revoked" }] });
    for _ in 0..2 {
        let answer = delete(&service, &path).await;
        assert_eq!((answer.status, answer.json()), (200, told.clone()));
    }
    // The dose before it is the latest now.
    let id = get(&service, &format!("/cert/api/certificateId/{code}/1")).await.json();
    assert_eq!(id["certificateId"], ids[0].as_str());
    assert!(exists(&service, &format!("/cert/api/certificate/{code}/1")).await);
    assert!(!exists(&service, &format!("/cert/api/certificate/{code}/2")).await);
    assert_eq!(get(&service, &format!("/cert/api/certificatePDF/{code}/2")).await.status, 404);
    for form in ["certificate", "certificate/QRCode", "credential"] {
        let gone = get(&service, &format!("/certificate/api/{form}/{}", ids[1])).await;
        assert_eq!(gone.status, 410);
        assert_eq!(
            gone.json(),
            json!({
                "type": "urn:divoc:problem:no-longer-valid", "title": "No longer valid", "status": 410,
                "detail": "the certificate is no longer valid: it was revoked", "certificateStatus": "revoked", "current": null,
            })
        );
    }
    let all = delete(&service, &format!("/divoc/api/v1/certificates/{code}?allDoses=true")).await;
    assert_eq!(all.status, 200);
    assert_eq!(all.json()["certificates"].as_array().unwrap().len(), 2);
    assert!(!exists(&service, &format!("/certificate/api/certificatePDF/{code}")).await);
    let history = service.client.get(&format!("/divoc/api/v1/certificate/{}/history", ids[1]), "admin").await.unwrap();
    let events = history.json()["certificates"][0]["events"].as_array().unwrap().clone();
    let told: Vec<_> = events.iter().map(|event| (event["event"].clone(), event["reason"].clone())).collect();
    assert_eq!(told, [(json!("issued"), Value::Null), (json!("revoked"), json!("fraud"))]);
}

#[tokio::test]
async fn divocs_rules_of_doses_hold() {
    let service = Service::start().await;
    certified(&service, 2, 2).await;
    let code = people::code(2);
    let cases = [
        ("", 400, "parameter"),
        ("?doses=", 400, "parameter"),
        ("?doses=0", 400, "parameter"),
        ("?doses=one", 400, "parameter"),
        ("?doses=1", 400, "parameter"),
        ("?doses=1,3", 400, "parameter"),
        ("?doses=3", 404, "no-certificate"),
        ("?doses=2&reason=whim", 400, "parameter"),
        ("?doses=2&programId=OTHER", 404, "no-certificate"),
        ("?allDoses=perhaps", 400, "parameter"),
    ];
    for (query, status, name) in cases {
        let answer = delete(&service, &format!("/divoc/api/v1/certificates/{code}{query}")).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
        assert_eq!(answer.json()["type"], format!("urn:divoc:problem:{name}"), "{query}");
    }
    let nobody = delete(&service, &format!("/divoc/api/v1/certificates/{}?allDoses=true", people::code(3))).await;
    assert_eq!(nobody.status, 404);
    assert!(exists(&service, &format!("/cert/api/certificate/{code}/2")).await);
    assert_eq!(delete(&service, &format!("/divoc/api/v1/certificates/{code}?doses=2,1")).await.status, 200);
}

#[tokio::test]
async fn a_revoked_dose_is_certified_anew_by_another_event_and_never_revived_by_the_old_one() {
    let service = Service::start().await;
    let first = certified(&service, 4, 1).await.remove(0);
    assert_eq!(delete(&service, &format!("/divoc/api/v1/certificate/{first}")).await.status, 200);
    let late = service.client.certify("v1", &json!([people::event(4, 1)])).await.unwrap().json();
    assert_eq!(late["certificates"][0]["certificateId"], first.as_str());
    assert_eq!(late["certificates"][0]["status"], "alreadyIssued");
    assert_eq!(late["certificates"][0]["certificateStatus"], "revoked");
    let mut other = people::event(4, 1);
    other["vaccination"]["batch"] = json!("RIGHT-ONE");
    let anew = service.client.certify("v1", &json!([other])).await.unwrap().json();
    assert_eq!(anew["certificates"][0]["status"], "created");
    let second = anew["certificates"][0]["certificateId"].as_str().unwrap();
    assert_ne!(second, first);
    assert_eq!(get(&service, &format!("/certificate/api/credential/{second}")).await.status, 200);
    // DIVOC's route means the one that stands, though the dose has two.
    let answer = delete(&service, &format!("/divoc/api/v1/certificates/{}?doses=1", people::code(4))).await;
    assert_eq!(answer.json()["certificates"], json!([{ "certificateId": second, "dose": 1, "status": "revoked" }]));
}

#[tokio::test]
async fn a_suspension_is_told_lifted_and_ends_by_itself() {
    let service = Service::with(|app| app.clock = service::clock).await;
    let id = certified(&service, 5, 1).await.remove(0);
    let code = people::code(5);
    let soon = (service::clock() + time::Duration::HOUR).replace_nanosecond(0).unwrap();
    let until = soon.format(&time::format_description::well_known::Rfc3339).unwrap();
    let answer = suspend(&service, &id, &until).await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({ "certificates": [{ "certificateId": id, "dose": 1, "status": "suspended", "until": until }] }))
    );
    for path in [format!("/certificate/api/certificatePDF/{code}"), format!("/certificate/api/credential/{id}")] {
        let refused = get(&service, &path).await;
        assert_eq!((refused.status, &refused.json()["until"]), (409, &json!(until)));
    }
    assert!(!exists(&service, &format!("/certificate/api/certificatePDF/{code}")).await);
    let path = format!("/divoc/api/v1/certificate/{id}/suspension");
    let lifted = service.client.send(Method::DELETE, &path, "admin", &[], None).await.unwrap();
    assert_eq!(lifted.json()["certificates"][0]["status"], "valid");
    assert!(exists(&service, &format!("/certificate/api/certificatePDF/{code}")).await);

    assert_eq!(suspend(&service, &id, &until).await.status, 200);
    let mut event = people::event(5, 1);
    event["recipient"]["name"] = json!("Asha Corrected");
    let body = Some(("application/json", json!([event]).to_string().into_bytes()));
    let refused = service.client.send(Method::PUT, "/divoc/api/v1/certificate", "certifier", &[], body).await.unwrap();
    assert_eq!(refused.status, 412, "{}", refused.text());
    service::pass(3600);
    assert!(exists(&service, &format!("/certificate/api/certificatePDF/{code}")).await);
    assert_eq!(get(&service, &format!("/certificate/api/credential/{id}")).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_done_to_a_certificate_is_told() {
    let service = Service::start().await;
    let id = certified(&service, 6, 1).await.remove(0);
    for body in [
        json!({}),
        json!({ "until": "tomorrow" }),
        json!({ "until": "2020-01-01T00:00:00Z" }),
        json!({ "until": "2999-01-01T00:00:00Z" }),
    ] {
        let path = format!("/divoc/api/v1/certificate/{id}/suspension");
        let body = Some(("application/json", body.to_string().into_bytes()));
        let answer = service.client.send(Method::PUT, &path, "admin", &[], body).await.unwrap();
        assert_eq!((answer.status, &answer.json()["errors"][0]["pointer"]), (422, &json!("/until")));
    }
    assert_eq!(delete(&service, "/divoc/api/v1/certificate/20000000000000000001").await.status, 404);
    assert_eq!(delete(&service, &format!("/divoc/api/v1/certificate/{id}")).await.status, 200);
    let until = "2030-01-01T00:00:00Z";
    let answer = suspend(&service, &id, until).await;
    assert_eq!((answer.status, &answer.json()["type"]), (409, &json!("urn:divoc:problem:wrong-status")));
}

/// The process dies at the write of a revocation, before it or after it: the certificate is valid or revoked, and the same call again revokes it.
#[tokio::test]
async fn a_crash_while_revoking_leaves_one_state_and_the_retry_finishes() {
    for (person, acts_first) in [(20, false), (21, true)] {
        let mut store = None;
        let service = Service::with(|app| {
            let mortal = service::Mortal::new(Arc::clone(&app.store), i64::MAX, acts_first);
            app.store = mortal.clone();
            store = Some(mortal);
        })
        .await;
        let store = store.unwrap();
        let id = certified(&service, person, 1).await.remove(0);
        store.die_after(1);
        assert_eq!(delete(&service, &format!("/divoc/api/v1/certificate/{id}")).await.status, 503);
        store.revive();
        let status = get(&service, &format!("/certificate/api/credential/{id}")).await.status;
        assert_eq!(status, if acts_first { 410 } else { 200 });
        assert_eq!(delete(&service, &format!("/divoc/api/v1/certificate/{id}")).await.status, 200);
        assert_eq!(get(&service, &format!("/certificate/api/credential/{id}")).await.status, 410);
    }
}

#[tokio::test]
async fn of_a_correction_and_a_revocation_at_once_the_revocation_holds() {
    let service = Service::start().await;
    for person in 30..40 {
        let id = certified(&service, person, 1).await.remove(0);
        let mut event = people::event(person, 1);
        event["recipient"]["name"] = json!("Asha Corrected");
        let body = Some(("application/json", json!([event]).to_string().into_bytes()));
        let path = format!("/divoc/api/v1/certificates/{}?allDoses=true", people::code(person));
        let update = service.client.send(Method::PUT, "/divoc/api/v1/certificate", "certifier", &[], body);
        let (updated, revoked) = tokio::join!(update, delete(&service, &path));
        let history = service.client.get(&format!("/divoc/api/v1/certificate/{id}/history"), "admin").await.unwrap();
        let stand: Vec<String> = history.json()["certificates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|certificate| certificate["status"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(revoked.status, 200);
        let updated = updated.unwrap().status;
        match stand.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            // The correction came first or never.
            ["superseded", "revoked"] => assert_eq!(updated, 200),
            ["revoked"] => assert!(matches!(updated, 409 | 412), "{updated}"),
            other => panic!("{other:?}"),
        }
    }
}
