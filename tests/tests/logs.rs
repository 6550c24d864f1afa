//! What never reaches a log or a problem document. Alone in its process: the log is everything that the process writes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use credential::Purpose;
use issuer::{
    App,
    config::Callback,
    ports::{KeyChange, KeyReason, KeyRing},
    post::deliver,
};
use reqwest::Method;
use serde_json::json;
use std::{
    io::Write,
    sync::{Arc, Mutex},
    time::Duration,
};
use tests::{Answer, Service, people};
use tracing_subscriber::{Layer, filter::filter_fn, layer::SubscriberExt, util::SubscriberInitExt};

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An acknowledgement that nobody takes is given up, and messages are sent.
async fn deliver_the_post(app: &App) {
    let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let mut config = (*app.config).clone();
    config.post.most_tries = 1;
    config.post.callback = Some(Callback { url: format!("http://{gone}/ack"), token: None, secret_version: 1 });
    let done = deliver(&App { config: Arc::new(config), ..app.clone() }, Duration::from_secs(10)).await.unwrap();
    assert_eq!((done.told, done.dead), (1, 1));
}

/// The signing key has a CA's certificates, whose end is logged when verifiers ask; then it is compromised, and a refusal to sign is logged.
async fn report_the_key(service: &Service) -> Answer {
    let store = service.running.store();
    let keys = store.keys().await.unwrap();
    let key = keys.into_iter().map(|known| known.method).find(|method| method.purpose == Purpose::Certificates);
    let key = key.unwrap().key;
    let pem = include_str!("../vectors/ca/rsa.chain.pem");
    let body = pem.split("-----").nth(2).unwrap().split_whitespace().collect::<String>();
    let certificate = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, body).unwrap();
    let change = KeyChange { actor: "test".into(), reason: KeyReason::Other, at: time::OffsetDateTime::now_utc() };
    store.attach_chain(&key, &[certificate], &change).await.unwrap();
    assert_eq!(service.client.get("/.well-known/did.json", "").await.unwrap().status, 200);
    let path = format!("/divoc/api/v1/keys/{}/compromise", key.thumbprint());
    let body = Some(("application/json", br#"{"reason": "compromise"}"#.to_vec()));
    assert_eq!(service.client.send(Method::POST, &path, "admin", &[], body).await.unwrap().status, 200);
    service.client.certify("v1", &json!([people::event(79, 1)])).await.unwrap()
}

/// Somebody shares their certificate by link and by mail, and a reader opens the link. What nobody else may learn of it.
async fn share(service: &Service, id: &str) -> Vec<String> {
    let citizen = service.client.clone().with_token("it", service.running.token_for_citizen("+919900000077"));
    let post = async |path: &str, role: &str, body: serde_json::Value| {
        let body = Some(("application/json", body.to_string().into_bytes()));
        let answer = citizen.send(Method::POST, path, role, &[], body).await.unwrap();
        assert!(matches!(answer.status, 200..=202 | 403), "{}", answer.text());
        answer.json()
    };
    let wish = json!({ "certificateId": id, "hours": 1, "passcode": "a-passcode" });
    let shared = post("/divoc/api/citizen/links", "it", wish).await;
    let token = shared["url"].as_str().unwrap().split('#').nth(1).unwrap().to_owned();
    post("/divoc/api/share/open", "", json!({ "token": token, "passcode": "a-guess" })).await;
    let opened = post("/divoc/api/share/open", "", json!({ "token": token, "passcode": "a-passcode" })).await;
    let ticket = opened["ticket"].as_str().unwrap().to_owned();
    post("/divoc/api/share/document", "", json!({ "ticket": ticket, "format": "qr" })).await;
    let mail = format!("/divoc/api/citizen/certificates/{id}/mail");
    post(&mail, "it", json!({ "email": "a-reader@example.org" })).await;
    [token, ticket].into_iter().chain(["a-passcode", "a-guess", "a-reader"].map(str::to_owned)).collect()
}

/// Somebody logs in with a code, a wrong one first, and asks for a correction. What comes back, and the token.
async fn log_in(service: &Service, certificate: &str) -> (Vec<Answer>, String) {
    let phone = people::telephone(77).replace("tel:", "");
    let post = async |path: &str, role: &str, body: serde_json::Value| {
        let body = Some(("application/json", body.to_string().into_bytes()));
        service.client.send(Method::POST, path, role, &[], body).await.unwrap()
    };
    let mut answers = vec![post("/divoc/api/citizen/generateOTP", "", json!({ "phone": phone })).await];
    let text = service.running.outbox().sent().last().unwrap().text.clone();
    let code = text.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).unwrap().to_owned();
    let wrong = format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000);
    answers.push(post("/divoc/api/citizen/verifyOTP", "", json!({ "phone": phone, "otp": wrong })).await);
    let proven = post("/divoc/api/citizen/verifyOTP", "", json!({ "phone": phone, "otp": code })).await;
    let token = proven.json()["token"].as_str().unwrap().to_owned();
    let client = service.client.clone().with_token("me", token.clone());
    let wish = json!({ "certificateId": certificate, "field": "name", "proposed": "Other Example 78", "reason": "Sample Street" });
    let body = Some(("application/json", wish.to_string().into_bytes()));
    answers.push(client.send(Method::POST, "/divoc/api/citizen/requests", "me", &[], body).await.unwrap());
    answers.push(client.get("/divoc/api/citizen/certificates", "me").await.unwrap());
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [200, 401, 201, 200]);
    (answers, token)
}

#[tokio::test]
async fn no_log_and_no_problem_tells_who_someone_is() {
    let log = Log::default();
    let kept = log.clone();
    let lines = tracing_subscriber::fmt::layer().with_writer(move || kept.clone());
    // As chatty as the service can be made.
    tracing_subscriber::registry().with(lines.with_filter(filter_fn(issuer::log::is_safe))).init();
    let mut app = None;
    let service = Service::with(|parts| {
        let mut config = (*parts.config).clone();
        let url = "http://127.0.0.1:1/ack".to_owned();
        config.post.callback = Some(Callback { url, token: None, secret_version: 1 });
        parts.config = Arc::new(config);
        app = Some(parts.clone());
    })
    .await;
    let event = people::event(77, 1);
    let issued = service.client.certify("v1", &json!([event])).await.unwrap();
    assert_eq!(issued.status, 200);
    let mut wrong = event.clone();
    wrong["vaccination"]["dose"] = json!("Asha Example 77");
    let mut other = event.clone();
    other["recipient"]["name"] = json!("Other Example 78");
    let mut answers = vec![
        service.client.certify("v1", &json!([wrong])).await.unwrap(),
        service.client.certify("v1", &json!([other])).await.unwrap(),
    ];
    for path in [
        "/certificate/api/certificatePDF/SYN-000000077",
        "/cert/api/certificatePDF/SYN-000000077/9",
        "/certificate/api/nothing/SYN-000000077",
    ] {
        answers.push(service.client.get(path, "fetcher").await.unwrap());
        answers.push(service.client.get(path, "citizen").await.unwrap());
    }
    deliver_the_post(&app.unwrap()).await;
    let id = issued.json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned();
    let (told, token) = log_in(&service, &id).await;
    answers.extend(told.into_iter().filter(|answer| answer.status >= 400));
    answers.push(report_the_key(&service).await);
    let shared = share(&service, issued.json()["certificates"][0]["certificateId"].as_str().unwrap()).await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let watched = include_str!("../../infra/watch.yaml");
    for (logged, alarm) in [
        ("chain_days_left=36", "{ $.chain_days_left = * }"),
        ("post_lag_seconds=0", "{ $.post_lag_seconds = * }"),
        ("post_dead=1", "{ $.post_dead = * }"),
        ("problem=\"signing-key\"", "{ $.problem = \"signing-key\" }"),
    ] {
        assert!(log.contains(logged), "{logged} is not in the log: {log}");
        assert!(watched.contains(alarm), "nobody watches {logged}");
    }
    assert!(
        log.contains("issued") && log.contains("/certificate/api/certificatePDF/{beneficiaryId}"),
        "nothing was logged: {log}"
    );
    for secret in &shared {
        assert!(!log.contains(secret), "{secret} was logged: {log}");
    }
    let problems: String = answers.iter().filter(|answer| answer.status != 200).map(Answer::text).collect();
    let secrets = ["is your code", token.as_str()];
    let people =
        ["Asha", "Other Example", "SYN-000000077", "99000000", "9999000000", "Sample Street", "Bearer ey", "B1-4120Z"];
    for personal in people.into_iter().chain(secrets) {
        let ours: Vec<&str> = log.lines().filter(|line| line.contains(personal)).collect();
        assert!(ours.is_empty(), "{personal} was logged: {ours:?}");
        assert!(!problems.contains(personal), "{personal} stands in a problem: {problems}");
    }
}
