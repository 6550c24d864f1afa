//! Verifying over HTTP: every verdict, every form in which a certificate is shown, what is refused, and that nobody else may ask.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use credential::{
    Signed,
    qr::{Form, Payload},
};
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Service, people};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

const PATH: &str = "/divoc/api/v1/verify";

async fn ask(service: &Service, role: &str, media_type: &str, bytes: impl Into<Vec<u8>>) -> Answer {
    service.client.send(Method::POST, PATH, role, &[], Some((media_type, bytes.into()))).await.unwrap()
}

async fn report(service: &Service, media_type: &str, bytes: impl Into<Vec<u8>>) -> Value {
    let answer = ask(service, "verifier", media_type, bytes).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"), "{}", answer.text());
    answer.json()
}

async fn fetched(service: &Service, path: &str) -> Vec<u8> {
    let answer = service.client.get(path, "fetcher").await.unwrap();
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.body
}

/// A certified person's certificate id and credential.
async fn certified(service: &Service, person: u64) -> (String, String) {
    let answer = service.client.certify("v1", &json!([people::event(person, 1)])).await.unwrap();
    let id = answer.json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned();
    let credential = fetched(service, &format!("/certificate/api/credential/{id}")).await;
    (id, String::from_utf8(credential).unwrap())
}

fn codes(report: &Value) -> Vec<&str> {
    report["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_certificate_of_ours_is_valid_in_every_form_and_told_of_in_divocs_lines() {
    let service = Service::start().await;
    let (id, credential) = certified(&service, 1).await;
    let answer = report(&service, "application/json", credential.as_str()).await;
    let signed: Value = serde_json::from_str(&credential).unwrap();
    let keys = service.client.get("/.well-known/jwks.json", "").await.unwrap().json();
    let expected = json!({
        "verdict": "valid",
        "summary": "valid",
        "bound": true,
        "reasons": [],
        "signature": {
            "suite": "RsaSignature2018",
            "algorithm": "PS256",
            "method": signed["proof"]["verificationMethod"],
            "key": keys["keys"][0]["kid"],
            "created": signed["proof"]["created"],
        },
        "status": { "checked": true, "value": "valid", "source": "register", "ageSeconds": 0, "stale": false },
        "facts": {
            "kind": "vaccination",
            "name": "Asha Example 1",
            "age": "41",
            "gender": "Female",
            "certificateId": id,
            "beneficiaryId": people::code(1),
            "vaccine": "Covishield",
            "date": signed["evidence"][0]["date"],
            "dateOfIssue": "2021-01-05",
            "validUntil": "2031-03-05",
            "dose": "1",
            "totalDoses": "2",
            "course": "partial",
            "facility": "Sample Health Centre",
            "country": "IN",
        },
    });
    // When the key began to sign is the instance's to say.
    let mut told = answer.clone();
    told["signature"].as_object_mut().unwrap().remove("validFrom");
    assert_eq!(told, expected);

    let png = fetched(&service, &format!("/certificate/api/certificate/QRCode/{id}")).await;
    let pdf = fetched(&service, &format!("/certificate/api/certificate/{id}")).await;
    let payload = |form| Payload::of(&Signed::from_stored(credential.clone()), form).unwrap().bytes().to_vec();
    for (media_type, bytes) in [
        ("application/ld+json; charset=utf-8", credential.clone().into_bytes()),
        ("text/plain; charset=utf-8", payload(Form::Utf8)),
        ("text/plain", credential.clone().into_bytes()),
        ("application/octet-stream", payload(Form::Raw)),
        ("application/octet-stream", pdf.clone()),
        ("image/png", png),
        ("application/pdf", pdf),
    ] {
        assert_eq!(report(&service, media_type, bytes).await, answer, "{media_type}");
    }
}

#[tokio::test]
async fn every_verdict_has_its_cause() {
    let service = Service::start().await;
    let (revoked, revoked_credential) = certified(&service, 1).await;
    let (suspended, suspended_credential) = certified(&service, 2).await;
    let (_, altered) = certified(&service, 3).await;

    let path = format!("/divoc/api/v1/certificates/{}?allDoses=true&reason=fraud", people::code(1));
    let answer = service.client.send(Method::DELETE, &path, "certifier", &[], None).await.unwrap();
    assert_eq!(answer.status, 200, "{revoked}: {}", answer.text());
    let tomorrow = (OffsetDateTime::now_utc() + Duration::days(1)).format(&Rfc3339).unwrap();
    let until = json!({ "until": tomorrow }).to_string().into_bytes();
    let path = format!("/divoc/api/v1/certificate/{suspended}/suspension");
    let answer =
        service.client.send(Method::PUT, &path, "admin", &[], Some(("application/json", until))).await.unwrap();
    assert!(answer.status < 300, "{}", answer.text());
    let (_, superseded_credential) = certified(&service, 4).await;
    let mut corrected = people::event(4, 1);
    corrected["vaccination"]["batch"] = "B9-0000X".into();
    let body = Some(("application/json", json!([corrected]).to_string().into_bytes()));
    let answer = service.client.send(Method::PUT, "/divoc/api/v1/certificate", "certifier", &[], body).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());

    let foreign = vector("rsa/v1_did_subject/signed.json");
    let another_name = foreign.replace("\"did:india\"", "\"did:elsewhere\"");
    let swapped = altered.replace("\"dose\":1,\"totalDoses\":2", "\"dose\":2,\"totalDoses\":1");
    assert_ne!(swapped, altered);
    let renamed = altered.replace("Asha Example 3", "Usha Example 3");
    for (shown, verdict, reasons) in [
        (revoked_credential.as_str(), "revoked", &["revoked"][..]),
        (&suspended_credential, "suspended", &["suspended"]),
        (&superseded_credential, "superseded", &["superseded"]),
        (&swapped, "invalid", &["altered", "altered"]),
        (&renamed, "invalid", &["bad-signature"]),
        (&another_name, "unknown-issuer", &["unknown-key"]),
        ("{", "invalid", &["not-json"]),
        ("no certificate", "invalid", &["unknown-format"]),
    ] {
        let report = report(&service, "text/plain", shown).await;
        assert_eq!((report["verdict"].as_str().unwrap(), codes(&report)), (verdict, reasons.to_vec()));
        assert_eq!(
            report.get("facts").is_some(),
            ["revoked", "suspended", "superseded"].contains(&verdict),
            "{verdict}"
        );
    }
    let report = report(&service, "application/json", swapped).await;
    let mut pointers: Vec<_> = report["reasons"].as_array().unwrap().iter().map(|reason| &reason["pointer"]).collect();
    pointers.sort_by_key(ToString::to_string);
    assert_eq!(pointers, [&json!("/evidence/0/dose"), &json!("/evidence/0/totalDoses")]);
}

#[tokio::test]
async fn a_batch_is_judged_item_by_item_as_it_was_sent() {
    let service = Service::start().await;
    let (_, credential) = certified(&service, 1).await;
    let alone = report(&service, "application/json", credential.as_str()).await;
    let twice = credential.replacen("\"issuer\":", "\"issuer\":\"https://x.example/\",\"issuer\":", 1);
    let text = json!(credential);
    let body = format!("{{\"credentials\": [{credential}, {twice}, {text}, 7, \"{{\"]}}");
    let reports = report(&service, "application/json", body).await["reports"].as_array().unwrap().clone();
    assert_eq!(reports.len(), 5);
    assert_eq!((&reports[0], &reports[2]), (&alone, &alone));
    let reasons: Vec<_> = [1, 3, 4].iter().flat_map(|at: &usize| codes(&reports[*at])).collect();
    assert_eq!(reasons, ["member-twice", "unknown-format", "not-json"]);

    for count in [0, 101] {
        let body = json!({ "credentials": vec![1; count] }).to_string();
        let answer = ask(&service, "verifier", "application/json", body).await;
        let expected = json!({
            "type": "urn:divoc:problem:parameter", "title": "Wrong parameter", "status": 400,
            "detail": "parameter credentials is wrong: 1 to 100 of them",
        });
        assert_eq!((answer.status, answer.json()), (400, expected));
    }
}

#[tokio::test]
async fn a_request_that_is_none_is_refused() {
    let service = Service::start().await;
    for (media_type, bytes, status, name) in [
        ("application/json", vec![], 400, "parameter"),
        ("image/png", vec![], 400, "parameter"),
        ("image/gif", b"GIF89a".to_vec(), 415, "media-type"),
        ("application/xml", b"<x/>".to_vec(), 415, "media-type"),
        ("text/plain", vec![b' '; 1024 * 1024 + 1], 413, "body-too-large"),
        ("image/png", vec![b' '; 5 * 1024 * 1024 + 1], 413, "body-too-large"),
    ] {
        let answer = ask(&service, "verifier", media_type, bytes).await;
        assert_eq!(answer.status, status, "{media_type}");
        assert_eq!(answer.json()["type"], format!("urn:divoc:problem:{name}"));
    }
    // Unreadable is an answer, not a fault.
    for (media_type, bytes, code) in [
        ("image/png", &b"\x89PNG\r\n\x1a\nx"[..], "broken-picture"),
        ("image/jpeg", b"\xFF\xD8\xFFx", "broken-picture"),
        ("application/pdf", b"%PDF-1.7", "no-certificate-in-pdf"),
        ("application/json", b"[]", "unknown-format"),
        ("text/plain", b"HC1:ABC", "other-certificate"),
    ] {
        let report = report(&service, media_type, bytes).await;
        assert_eq!((report["verdict"].as_str().unwrap(), codes(&report)), ("invalid", vec![code]), "{media_type}");
    }
}

#[tokio::test]
async fn those_who_handle_certificates_may_ask_and_nobody_else() {
    let service = Service::start().await;
    for (role, status) in
        [("verifier", 200), ("admin", 200), ("certifier", 200), ("fetcher", 200), ("citizen", 403), ("", 401)]
    {
        assert_eq!(ask(&service, role, "text/plain", "x").await.status, status, "{role}");
    }
}

fn vector(path: &str) -> String {
    std::fs::read_to_string(format!("{}/vectors/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}
