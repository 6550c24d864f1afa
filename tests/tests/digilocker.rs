//! DigiLocker pulls: whole exchanges against recorded ones, signed by OpenSSL; and everything that must not be answered.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use anyhow::{Result, bail};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use credential::chain::{Entry, Seal};
use issuer::{
    App,
    config::Matching,
    ports::{Commit, Ledger, Remark, Secrets},
};
use local::keys::KeptSecrets;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
};
use tests::{Answer, Service, people, service};
use time::{Duration, OffsetDateTime};

const KEY: &str = "a key that DigiLocker was told";
const URI: &str = "/cert/api/pullUriRequest";
const DOC: &str = "/cert/api/pullDocRequest";

async fn start() -> Service {
    with(|_| {}).await
}

async fn with(change: impl FnOnce(&mut App)) -> Service {
    Service::with(|app| {
        app.secrets = Arc::new(KeptSecrets::from_text(KEY));
        change(app);
    })
    .await
}

/// The header, made by OpenSSL.
fn signature(key: &str, body: &[u8]) -> String {
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", key])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    openssl.stdin.take().unwrap().write_all(body).unwrap();
    let told = String::from_utf8(openssl.wait_with_output().unwrap().stdout).unwrap();
    BASE64_STANDARD.encode(told.trim().rsplit(' ').next().unwrap())
}

async fn sent(service: &Service, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let body = Some(("application/xml", body.as_bytes().to_vec()));
    service.client.send(Method::POST, path, "", headers, body).await.unwrap()
}

async fn pulled(service: &Service, path: &str, body: &str) -> Answer {
    let signature = signature(KEY, body.as_bytes());
    sent(service, path, &[("x-digilocker-hmac", &signature)], body).await
}

/// A request for the person of `people` with this number, who says that this is their mobile number and name.
fn request(person: u64, mobile: &str, name: &str) -> String {
    format!(
        "<PullURIRequest ts=\"t\" txn=\"1\" format=\"xml\"><DocDetails><DocType>VACER</DocType><FullName>{name}</FullName>\
         <tracking_id>{}</tracking_id><Mobile>{mobile}</Mobile></DocDetails></PullURIRequest>",
        people::code(person)
    )
}

fn document(uri: &str) -> String {
    format!(
        "<PullDocRequest ts=\"t\" txn=\"1\" format=\"xml\"><DocDetails><URI>{uri}</URI></DocDetails></PullDocRequest>"
    )
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}

fn found(answer: &Answer) -> bool {
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/xml"), "{}", answer.text());
    between(&answer.text(), "Status=\"", "\"") == "1"
}

async fn certified(service: &Service, events: &Value) -> String {
    let answer = service.client.certify("v1", events).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["certificates"].as_array().unwrap().last().unwrap()["certificateId"].as_str().unwrap().to_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[tokio::test]
async fn every_recorded_exchange_is_answered_as_it_was_recorded() {
    let service = start().await;
    let events = fs::read_to_string(root().join("events/certify/international.json")).unwrap();
    let answer = service.client.certify("v3", &serde_json::from_str(&events).unwrap()).await.unwrap().json();
    let id = answer["certificates"][1]["certificateId"].as_str().unwrap();
    let credential = service.client.get(&format!("/certificate/api/credential/{id}"), "fetcher").await.unwrap().text();
    let page = async |kind: &str| {
        let path = format!("/certificate/api/certificate/{id}?type={kind}");
        BASE64_STANDARD.encode(service.client.get(&path, "fetcher").await.unwrap().body)
    };
    let (pdf, travel) = (page("domestic").await, page("international").await);
    let data = BASE64_STANDARD.encode(format!("<certificate id=\"{id}\"><![CDATA[{credential}]]></certificate>"));
    let filled = |text: &str| {
        let known = [("{id}", id), ("{pdf}", &pdf), ("{travel}", &travel), ("{data}", &data)];
        known.iter().fold(text.to_owned(), |text, (mark, value)| text.replace(mark, value))
    };
    let mut exchanges = 0;
    for file in fs::read_dir(root().join("tests/vectors/digilocker")).unwrap() {
        let file = file.unwrap().path();
        let Some(name) = file.file_name().unwrap().to_str().unwrap().strip_suffix(".request.xml") else { continue };
        let request = filled(&fs::read_to_string(&file).unwrap());
        let recorded = filled(&fs::read_to_string(file.with_file_name(format!("{name}.response.xml"))).unwrap());
        let answer = pulled(&service, if name.starts_with("uri") { URI } else { DOC }, &request).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/xml"), "{name}");
        assert_eq!(answer.header("cache-control"), "no-store", "{name}");
        assert!(answer.text() == recorded, "{name}: {:.600}", answer.text());
        exchanges += 1;
    }
    assert_eq!(exchanges, 11);
}

#[tokio::test]
async fn a_request_without_its_own_signature_is_refused_before_it_is_read() {
    let service = start().await;
    certified(&service, &json!([people::event(1, 1)])).await;
    let body = request(1, "9900000001", "");
    assert!(found(&pulled(&service, URI, &body).await));
    let good = signature(KEY, body.as_bytes());
    let raw = BASE64_STANDARD.encode([7; 32]);
    let upper =
        BASE64_STANDARD.encode(String::from_utf8(BASE64_STANDARD.decode(&good).unwrap()).unwrap().to_uppercase());
    let refused = [
        signature("another key of some length", body.as_bytes()),
        signature(KEY, b"another body"),
        signature("ignore", body.as_bytes()),
        "not Base64!".to_owned(),
        String::new(),
        raw,
        upper,
        good[..good.len() - 4].to_owned(),
    ];
    let empty = "<ResponseStatus Status=\"0\" ts=\"\" txn=\"\"></ResponseStatus><DocDetails></DocDetails>";
    for path in [URI, DOC] {
        for signature in &refused {
            let answer = sent(&service, path, &[("x-digilocker-hmac", signature)], &body).await;
            assert_eq!((answer.status, answer.header("content-type")), (401, "application/xml"), "{signature}");
            assert!(answer.text().contains(empty), "{}", answer.text());
        }
        assert_eq!(sent(&service, path, &[], &body).await.status, 401);
        assert_eq!(sent(&service, path, &[("authorization", &good)], &body).await.status, 401);
    }
    // A token opens nothing here.
    let token = Some(("application/xml", body.into_bytes()));
    assert_eq!(service.client.send(Method::POST, URI, "admin", &[], token).await.unwrap().status, 401);
}

#[tokio::test]
async fn without_a_key_that_is_one_nobody_is_digilocker() {
    struct Unset;
    #[async_trait]
    impl Secrets for Unset {
        async fn digilocker_key(&self) -> Result<Option<Vec<u8>>> {
            Ok(None)
        }
    }
    struct Gone;
    #[async_trait]
    impl Secrets for Gone {
        async fn digilocker_key(&self) -> Result<Option<Vec<u8>>> {
            bail!("it cannot be had")
        }
    }
    let body = request(1, "9900000001", "");
    let cases: [(Arc<dyn Secrets>, &str, u16); 4] = [
        (Arc::new(Unset), "", 401),
        (Arc::new(KeptSecrets::from_text("ignore")), "ignore", 401),
        (Arc::new(KeptSecrets::from_text("fifteen letters")), "fifteen letters", 401),
        (Arc::new(Gone), KEY, 503),
    ];
    for (secrets, key, status) in cases {
        let service = Service::with(|app| app.secrets = secrets).await;
        let answer = sent(&service, URI, &[("x-digilocker-hmac", &signature(key, body.as_bytes()))], &body).await;
        assert_eq!((answer.status, answer.header("content-type")), (status, "application/xml"), "{key}");
    }
}

#[tokio::test]
async fn the_header_has_the_name_that_was_agreed_on() {
    let service = with(|app| {
        let mut config = (*app.config).clone();
        config.digilocker.header = "x-signed".parse().unwrap();
        app.config = Arc::new(config);
    })
    .await;
    certified(&service, &json!([people::event(1, 1)])).await;
    let body = request(1, "9900000001", "");
    let signature = signature(KEY, body.as_bytes());
    assert_eq!(sent(&service, URI, &[("x-digilocker-hmac", &signature)], &body).await.status, 401);
    assert!(found(&sent(&service, URI, &[("X-Signed", &signature)], &body).await));
}

#[tokio::test]
async fn what_is_no_request_is_refused_in_the_protocols_form() {
    let service = start().await;
    let lol = (1..10).map(|n| format!("<!ENTITY a{n} \"{}\">", format!("&a{};", n - 1).repeat(10)));
    let lol = lol.collect::<Vec<_>>().concat();
    let bomb = format!(
        "<!DOCTYPE x [<!ENTITY a0 \"lol\">{lol}]><PullURIRequest><DocDetails>&a9;</DocDetails></PullURIRequest>"
    );
    let quadratic = format!(
        "<!DOCTYPE x [<!ENTITY a \"{}\">]><PullURIRequest>{}</PullURIRequest>",
        "a".repeat(50_000),
        "&a;".repeat(50_000)
    );
    let attributes = (0..50_000).map(|number| format!("a{number}='' ")).collect::<Vec<_>>().concat();
    let bodies = [
        String::new(),
        "{}".to_owned(),
        "<PullURIRequest>".to_owned(),
        document("in.gov.covin-VACER-1"),
        "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><PullURIRequest/>".to_owned(),
        "<!DOCTYPE x [<!ENTITY % y SYSTEM \"http://127.0.0.1:9/\">%y;]><PullURIRequest/>".to_owned(),
        bomb,
        quadratic,
        format!("<PullURIRequest>{}", "<a>".repeat(200_000)),
        format!("<PullURIRequest {attributes}/>"),
    ];
    for body in bodies {
        let answer = pulled(&service, URI, &body).await;
        assert_eq!((answer.status, answer.header("content-type")), (400, "application/xml"), "{body:.80}");
        let refused = "<PullURIResponse xmlns:ns2=\"http://tempuri.org/\"><ResponseStatus Status=\"0\"";
        assert!(answer.text().contains(refused), "{}", answer.text());
        assert!(!answer.text().contains("root:"));
    }
    let utf16: Vec<u8> = "\u{feff}<PullURIRequest/>".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let signature = signature(KEY, &utf16);
    let body = Some(("application/xml; charset=utf-16", utf16));
    let answer = service.client.send(Method::POST, URI, "", &[("x-digilocker-hmac", &signature)], body).await.unwrap();
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_body_may_be_as_large_as_the_country_says() {
    let service = start().await;
    certified(&service, &json!([people::event(1, 1)])).await;
    // DIVOC reads 2,048 bytes; a photograph alone has more.
    let photograph = |bytes: usize| {
        let photo = format!("<DocDetails><Photo>{}</Photo>", "A".repeat(bytes));
        request(1, "9900000001", "").replace("<DocDetails>", &photo)
    };
    assert!(found(&pulled(&service, URI, &photograph(500_000)).await));
    let answer = pulled(&service, URI, &photograph(1 << 20)).await;
    assert_eq!((answer.status, answer.header("content-type")), (413, "application/xml"));
}

#[tokio::test]
async fn number_or_name_must_agree_and_the_country_may_want_the_number() {
    let strict = with(|app| {
        let mut config = (*app.config).clone();
        config.digilocker.matching = Matching::Mobile;
        app.config = Arc::new(config);
    })
    .await;
    let service = start().await;
    let mut refusals = std::collections::BTreeSet::new();
    for (service, by_name) in [(&service, true), (&strict, false)] {
        certified(service, &json!([people::event(1, 1), people::event(2, 1)])).await;
        for (mobile, name, agrees) in [
            ("9900000001", "", true),
            ("+91 99000 00001", "Somebody Else", true),
            ("", "Asha Example 1", by_name),
            ("9900000002", " ASHA example 1\n", by_name),
            ("9900000002", "Asha Example 2", false),
            ("9900000002", "Asha  Example 1", false),
            ("", "", false),
            ("none", "   ", false),
        ] {
            let answer = pulled(service, URI, &request(1, mobile, name)).await;
            assert_eq!(found(&answer), agrees, "{mobile} {name}");
        }
        // A stranger's number and nobody's reference: the same answer but for what was asked.
        for person in [1, 99] {
            let text = pulled(service, URI, &request(person, "9900000002", "")).await.text();
            refusals.insert(text.replace(&people::code(person), ""));
        }
    }
    assert_eq!(refusals.len(), 1, "{refusals:?}");
}

#[tokio::test]
async fn what_was_taken_back_is_not_handed_out_and_what_took_its_place_is() {
    let service = start().await;
    let first = certified(&service, &json!([people::event(1, 1)])).await;
    let old = format!("in.gov.covin-VACER-{first}");
    assert!(found(&pulled(&service, DOC, &document(&old)).await));

    // Suspended, then valid again.
    let until = OffsetDateTime::now_utc() + Duration::DAY;
    let until = until.format(&time::format_description::well_known::Rfc3339).unwrap();
    let body = Some(("application/json", json!({ "until": until }).to_string().into_bytes()));
    let suspension = format!("/divoc/api/v1/certificate/{first}/suspension");
    assert_eq!(service.client.send(Method::PUT, &suspension, "admin", &[], body).await.unwrap().status, 200);
    assert!(!found(&pulled(&service, DOC, &document(&old)).await));
    assert!(!found(&pulled(&service, URI, &request(1, "9900000001", "")).await));
    assert_eq!(service.client.send(Method::DELETE, &suspension, "admin", &[], None).await.unwrap().status, 200);
    assert!(found(&pulled(&service, DOC, &document(&old)).await));

    // Corrected: the new one has another URI.
    let mut event = people::event(1, 1);
    event["recipient"]["name"] = json!("Asha Corrected");
    let body = Some(("application/json", json!([event]).to_string().into_bytes()));
    let path = "/divoc/api/v1/certificate";
    assert_eq!(service.client.send(Method::PUT, path, "certifier", &[], body).await.unwrap().status, 200);
    assert!(!found(&pulled(&service, DOC, &document(&old)).await));
    let newer = pulled(&service, URI, &request(1, "9900000001", "")).await;
    assert!(found(&newer));
    let newer = between(&newer.text(), "<URI>", "</URI>").to_owned();
    assert_ne!(newer, old);
    assert!(found(&pulled(&service, DOC, &document(&newer)).await));

    // Revoked.
    let path = format!("/divoc/api/v1/certificates/{}?allDoses=true", people::code(1));
    assert_eq!(service.client.send(Method::DELETE, &path, "admin", &[], None).await.unwrap().status, 200);
    assert!(!found(&pulled(&service, DOC, &document(&newer)).await));
    assert!(!found(&pulled(&service, URI, &request(1, "9900000001", "")).await));
}

#[tokio::test]
async fn only_what_is_there_has_a_document_for_travel() {
    let service = start().await;
    // A v1 certificate states no date of birth, and one dose of two is no complete course.
    let id = certified(&service, &json!([people::event(1, 1), people::event(1, 2)])).await;
    let travel = request(1, "9900000001", "").replace("VACER", "IVACR");
    assert!(!found(&pulled(&service, URI, &travel).await));
    assert!(!found(&pulled(&service, DOC, &document(&format!("in.gov.covin-IVACR-{id}"))).await));
    // A test is no vaccination, whatever the URI says.
    let answer = service.client.certify("v1/test", &json!([people::test(2, 1)])).await.unwrap().json();
    let id = answer["certificates"][0]["certificateId"].as_str().unwrap();
    assert!(!found(&pulled(&service, DOC, &document(&format!("in.gov.covin-VACER-{id}"))).await));
    for uri in ["", "in.gov.covin", "in.gov.covin-", "in.gov.covin-VACER", "in.gov.covin--1", "in.gov.covin-VACER-a b"]
    {
        assert!(!found(&pulled(&service, DOC, &document(uri)).await), "{uri}");
    }
}

/// A log that takes nothing.
struct Full;

#[async_trait]
impl Ledger for Full {
    async fn entries(&self, _: OffsetDateTime, _: OffsetDateTime) -> Result<Vec<Entry>> {
        bail!("gone")
    }
    async fn last_seal(&self) -> Result<Option<Seal>> {
        bail!("gone")
    }
    async fn seals(&self, _: u64, _: usize) -> Result<Vec<Seal>> {
        bail!("gone")
    }
    async fn append(&self, _: &Seal) -> Result<Commit> {
        bail!("gone")
    }
    async fn remark(&self, _: &[Remark]) -> Result<()> {
        bail!("gone")
    }
}

#[tokio::test]
async fn what_is_handed_out_stands_in_the_log_or_is_not_handed_out() {
    let mut parts = None;
    let service = with(|app| {
        app.clock = service::clock;
        parts = Some(app.clone());
    })
    .await;
    let parts = parts.unwrap();
    let id = certified(&service, &json!([people::event(1, 1)])).await;
    assert!(found(&pulled(&service, URI, &request(1, "9900000001", "")).await));
    assert!(found(&pulled(&service, DOC, &document(&format!("in.gov.covin-VACER-{id}"))).await));
    assert!(!found(&pulled(&service, URI, &request(1, "9900000002", "")).await));
    let now = service::clock();
    let entries = parts.ledger.entries(now - Duration::MINUTE, now + Duration::MINUTE).await.unwrap();
    let shown: Vec<_> = entries.iter().filter(|entry| entry.members["event"] == "shown").collect();
    assert_eq!(shown.len(), 2);
    for entry in shown {
        let members = &entry.members;
        assert_eq!((members["id"].as_str(), members["actor"].as_str(), members.len()), (id.as_str(), "digilocker", 4));
    }

    let silent = with(|app| app.ledger = Arc::new(Full)).await;
    certified(&silent, &json!([people::event(1, 1)])).await;
    let refused = pulled(&silent, URI, &request(1, "9900000001", "")).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "2"));
    assert!(!refused.text().contains("<DataContent>"), "{}", refused.text());
}
