//! Logging in by a one-time code, and what somebody sees then: from the outbox to the PDF, and everything that is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use anyhow::Result;
use async_trait::async_trait;
use credential::{BeneficiaryCode, CertificateId, Contact};
use issuer::ports::{Audit, Cabinet, Commit, Drawer, Mail, Registration, Registrations, Sender, Sheet};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Instant,
};
use tests::{
    Answer, Service, people,
    service::{clock, memory, pass},
};
use time::{Duration, OffsetDateTime};

const GENERATE: &str = "/divoc/api/citizen/generateOTP";
const VERIFY: &str = "/divoc/api/citizen/verifyOTP";
const NOBODYS: &str = "+91 90000 00098";

/// The service with a clock that tests set, and a certificate of this person.
async fn with_person(person: u64) -> Service {
    let service = Service::with(|app| app.clock = clock).await;
    certify(&service, &[people::event(person, 1)]).await;
    service
}

async fn certify(service: &Service, events: &[Value]) -> Vec<String> {
    let issued = service.client.certify("v1", &json!(events)).await.unwrap();
    assert_eq!(issued.status, 200, "{}", issued.text());
    let issued = issued.json();
    let ids = issued["certificates"].as_array().unwrap().iter();
    ids.map(|item| item["certificateId"].as_str().unwrap().to_owned()).collect()
}

async fn post(service: &Service, path: &str, role: &str, body: &Value) -> Answer {
    let body = Some(("application/json", body.to_string().into_bytes()));
    service.client.send(Method::POST, path, role, &[], body).await.unwrap()
}

async fn ask(service: &Service, phone: &str) -> Answer {
    post(service, GENERATE, "", &json!({ "phone": phone })).await
}

async fn show(service: &Service, phone: &str, code: &str) -> Answer {
    post(service, VERIFY, "", &json!({ "phone": phone, "otp": code })).await
}

fn phone(person: u64) -> String {
    people::telephone(person).replace("tel:", "")
}

/// The code in the newest message.
fn newest(service: &Service) -> String {
    let sent = service.running.outbox().sent();
    let text = &sent.last().expect("a message").text;
    text.split(|c: char| !c.is_ascii_digit()).find(|digits| digits.len() == 6).expect("a code").to_owned()
}

/// Another code than that one.
fn another(code: &str) -> String {
    format!("{:06}", (code.parse::<u32>().unwrap() + 1) % 1_000_000)
}

fn problem(answer: &Answer, status: u16, name: &str) {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (status, "application/problem+json"),
        "{}",
        answer.text()
    );
    assert_eq!(answer.json()["type"], format!("urn:divoc:problem:{name}"));
}

/// The service with somebody logged in as `me`.
async fn logged_in(mut service: Service, number: &str) -> Service {
    assert_eq!(ask(&service, number).await.status, 200);
    let token = show(&service, number, &newest(&service)).await.json()["token"].as_str().unwrap().to_owned();
    service.client = service.client.clone().with_token("me", token);
    service
}

#[tokio::test]
async fn from_the_code_in_the_outbox_to_ones_own_pdf() {
    let service = with_person(1).await;
    let asked = ask(&service, &phone(1)).await;
    assert_eq!((asked.status, asked.json()), (200, json!({ "digits": 6, "validSeconds": 300 })));
    let sent = service.running.outbox().sent();
    assert_eq!((sent.len(), sent[0].to.as_str()), (1, "tel:919900000001"));
    assert!(!sent[0].text.contains("Asha") && !sent[0].text.contains("0001"), "{}", sent[0].text);
    let shown = show(&service, &phone(1), &newest(&service)).await;
    assert_eq!((shown.status, shown.header("cache-control")), (200, "no-store"));
    let token = shown.json()["token"].as_str().unwrap().to_owned();
    let me = service.client.clone().with_token("me", token);
    let pdf = me.get("/certificate/api/certificatePDF/SYN-000000001", "me").await.unwrap();
    assert!(pdf.status == 200 && pdf.body.starts_with(b"%PDF-"), "{}", pdf.status);
    // It opens nothing else.
    certify(&service, &[people::event(2, 1)]).await;
    assert_eq!(me.get("/certificate/api/certificatePDF/SYN-000000002", "me").await.unwrap().status, 404);
    assert_eq!(me.get("/divoc/api/v1/log", "me").await.unwrap().status, 403);
}

#[tokio::test]
async fn a_code_opens_once_and_of_two_at_a_time_one() {
    let service = with_person(1).await;
    ask(&service, &phone(1)).await;
    let (number, code) = (phone(1), newest(&service));
    let (one, other) = tokio::join!(show(&service, &number, &code), show(&service, &number, &code));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
    problem(&show(&service, &number, &code).await, 401, "wrong-code");
}

#[tokio::test]
async fn a_code_lives_five_minutes_and_the_next_one_makes_it_void() {
    let service = with_person(1).await;
    ask(&service, &phone(1)).await;
    let first = newest(&service);
    ask(&service, &phone(1)).await;
    let second = newest(&service);
    if first != second {
        problem(&show(&service, &phone(1), &first).await, 401, "wrong-code");
    }
    pass(301);
    problem(&show(&service, &phone(1), &second).await, 401, "wrong-code");
}

#[tokio::test]
async fn a_code_for_one_purpose_opens_no_other() {
    use issuer::login::codes::{Purpose, prove};
    let mut app = None;
    let service = Service::with(|parts| app = Some(parts.clone())).await;
    let app = app.unwrap();
    certify(&service, &[people::event(1, 1)]).await;
    ask(&service, &phone(1)).await;
    let (number, code) = (Contact::telephone(&phone(1), "91").unwrap(), newest(&service));
    let other = prove(&app, Purpose::BindNumber, &number, &code).await;
    assert!(matches!(other, Err(issuer::Error::WrongCode)), "{other:?}");
    let stranger = Contact::telephone(NOBODYS, "91").unwrap();
    assert!(matches!(prove(&app, Purpose::LogIn, &stranger, &code).await, Err(issuer::Error::WrongCode)));
    prove(&app, Purpose::LogIn, &number, &code).await.unwrap();
}

#[tokio::test]
async fn five_wrong_codes_are_the_end_whatever_is_sent_again() {
    let service = with_person(1).await;
    ask(&service, &phone(1)).await;
    for _ in 0..3 {
        problem(&show(&service, &phone(1), &another(&newest(&service))).await, 401, "wrong-code");
    }
    pass(60);
    ask(&service, &phone(1)).await;
    for _ in 0..2 {
        problem(&show(&service, &phone(1), &another(&newest(&service))).await, 401, "wrong-code");
    }
    let over = show(&service, &phone(1), &newest(&service)).await;
    problem(&over, 429, "too-many");
    assert!((1..=240).contains(&over.header("retry-after").parse::<u64>().unwrap()));
    let sent = service.running.outbox().sent().len();
    problem(&ask(&service, &phone(1)).await, 429, "too-many");
    assert_eq!(service.running.outbox().sent().len(), sent);
    // Five minutes after the first code, not after the last.
    pass(241);
    assert_eq!(ask(&service, &phone(1)).await.status, 200);
    assert_eq!(show(&service, &phone(1), &newest(&service)).await.status, 200);
}

#[tokio::test]
async fn tries_at_the_same_time_are_counted_each() {
    let service = with_person(1).await;
    ask(&service, &phone(1)).await;
    let body = json!({ "phone": phone(1), "otp": another(&newest(&service)) }).to_string();
    let mut trying = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (client, body) = (service.client.clone(), Some(("application/json", body.clone().into_bytes())));
        trying.spawn(async move { client.send(Method::POST, VERIFY, "", &[], body).await.unwrap().status });
    }
    let statuses = trying.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 7, "{statuses:?}");
}

#[tokio::test]
async fn limits_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let place = || issuer::config::Place { data: folder.path().to_string_lossy().into_owned(), ..memory() };
    let running = local::start(place()).await.unwrap();
    let client = tests::Client::new(running.base_url(), running.tokens());
    let service = Service { running, client };
    certify(&service, &[people::event(1, 1)]).await;
    ask(&service, &phone(1)).await;
    let code = newest(&service);
    for _ in 0..5 {
        show(&service, &phone(1), &another(&code)).await;
    }
    service.running.shutdown().await.unwrap();
    let running = local::start(place()).await.unwrap();
    let client = tests::Client::new(running.base_url(), running.tokens());
    let service = Service { running, client };
    problem(&show(&service, &phone(1), &code).await, 429, "too-many");
    problem(&ask(&service, &phone(1)).await, 429, "too-many");
}

#[tokio::test]
async fn a_number_gets_five_codes_an_hour_and_ten_a_day() {
    let service = with_person(1).await;
    let mut sent = Vec::new();
    for _ in 0..26 {
        sent.push(ask(&service, &phone(1)).await.status);
        pass(301);
    }
    let codes = sent.iter().filter(|status| **status == 200).count();
    assert!((10..=20).contains(&codes), "{sent:?}");
    assert_eq!(service.running.outbox().sent().len(), codes);
    assert!(sent.windows(6).all(|hour| hour.iter().filter(|status| **status == 200).count() <= 6), "{sent:?}");
}

#[tokio::test]
async fn a_number_without_certificates_gets_the_same_answers_and_no_message() {
    let service = with_person(1).await;
    let known = ask(&service, &phone(1)).await;
    let unknown = ask(&service, NOBODYS).await;
    let told = |answer: &Answer| {
        let headers: std::collections::BTreeMap<_, _> = answer
            .headers
            .iter()
            .filter(|(name, _)| !["date", "retry-after"].contains(&name.as_str()))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        (answer.status, headers, answer.text())
    };
    assert_eq!(told(&known), told(&unknown));
    assert_eq!(service.running.outbox().sent().len(), 1);
    for _ in 0..6 {
        let wrong = another(&newest(&service));
        let (known, unknown) = (show(&service, &phone(1), &wrong).await, show(&service, NOBODYS, &wrong).await);
        assert_eq!(told(&known), told(&unknown));
    }
    assert_eq!(told(&ask(&service, &phone(1)).await).0, told(&ask(&service, NOBODYS).await).0);
}

/// Counts what is asked of the records, and who is to be told something.
struct Watched {
    cabinet: Arc<dyn Cabinet>,
    registrations: Arc<dyn Registrations>,
    calls: Mutex<Vec<&'static str>>,
    sender: Sending,
}

/// How a sender may be.
#[derive(Clone, Copy)]
enum Sending {
    Well,
    Fails,
    Never,
}

impl Watched {
    fn saw(&self, call: &'static str) {
        self.calls.lock().unwrap().push(call);
    }

    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }
}

#[async_trait]
impl Cabinet for Watched {
    async fn sheet(&self, drawer: Drawer, folder: &str, name: &str, now: OffsetDateTime) -> Result<Option<Sheet>> {
        self.saw("sheet");
        self.cabinet.sheet(drawer, folder, name, now).await
    }

    async fn sheets(
        &self,
        drawer: Drawer,
        folder: &str,
        after: Option<&str>,
        most: usize,
        now: OffsetDateTime,
    ) -> Result<Vec<Sheet>> {
        self.cabinet.sheets(drawer, folder, after, most, now).await
    }

    async fn put(&self, sheets: &[Sheet], now: OffsetDateTime) -> Result<Commit> {
        self.saw("put");
        self.cabinet.put(sheets, now).await
    }

    async fn take(&self, sheet: &Sheet) -> Result<Commit> {
        self.saw("take");
        self.cabinet.take(sheet).await
    }

    async fn count(&self, what: &str, who: &str, window: Duration, now: OffsetDateTime) -> Result<u64> {
        self.saw("count");
        self.cabinet.count(what, who, window, now).await
    }
}

#[async_trait]
impl Registrations for Watched {
    async fn beneficiaries_of(&self, contact: &str) -> Result<Vec<BeneficiaryCode>> {
        self.saw("beneficiaries");
        self.registrations.beneficiaries_of(contact).await
    }

    async fn registration(&self, beneficiary: &BeneficiaryCode) -> Result<Option<Registration>> {
        self.saw("registration");
        self.registrations.registration(beneficiary).await
    }

    async fn rebind(
        &self,
        beneficiary: &BeneficiaryCode,
        next: &Registration,
        certificate: &CertificateId,
        audit: &Audit,
        sheets: &[Sheet],
    ) -> Result<Commit> {
        self.saw("rebind");
        self.registrations.rebind(beneficiary, next, certificate, audit, sheets).await
    }
}

#[async_trait]
impl Sender for Watched {
    async fn sms(&self, _to: &Contact, _text: &str) -> Result<()> {
        self.saw("sms");
        match self.sender {
            Sending::Well => Ok(()),
            Sending::Fails => anyhow::bail!("+919900000001 is not served"),
            Sending::Never => std::future::pending().await,
        }
    }

    async fn mail(&self, _to: &Contact, _mail: &Mail) -> Result<()> {
        anyhow::bail!("no mail here")
    }
}

#[tokio::test]
async fn the_work_done_and_the_time_taken_tell_nobody_who_has_certificates() {
    for sender in [Sending::Well, Sending::Fails, Sending::Never] {
        let mut watching = None;
        let service = Service::with(|app| {
            let watched = Arc::new(Watched {
                cabinet: app.cabinet.clone(),
                registrations: app.registrations.clone(),
                calls: Mutex::default(),
                sender,
            });
            (app.cabinet, app.registrations, app.sender) = (watched.clone(), watched.clone(), watched.clone());
            watching = Some(watched);
        })
        .await;
        let watched = watching.unwrap();
        certify(&service, &[people::event(1, 1)]).await;
        watched.take();
        let began = Instant::now();
        let known = ask(&service, &phone(1)).await;
        let (known_calls, known_took) = (watched.take(), began.elapsed());
        let began = Instant::now();
        let unknown = ask(&service, NOBODYS).await;
        let (unknown_calls, unknown_took) = (watched.take(), began.elapsed());
        assert_eq!((known.status, known.text()), (unknown.status, unknown.text()));
        assert_eq!(unknown_calls, ["count", "count", "count", "sheet", "put", "beneficiaries"]);
        assert_eq!(known_calls, [unknown_calls.as_slice(), &["sms"]].concat());
        // The pace of the local service, whatever the sender does.
        let pace = std::time::Duration::from_millis(50);
        assert!(known_took >= pace && unknown_took >= pace);
    }
}

#[tokio::test]
async fn what_is_no_number_and_no_code_is_told_at_once() {
    let service = Service::start().await;
    for body in
        [json!({}), json!({ "phone": 9 }), json!({ "phone": "call me" }), json!([]), json!({ "phone": "+0 12" })]
    {
        let answer = post(&service, GENERATE, "", &body).await;
        problem(&answer, 400, "invalid-body");
        assert_eq!(answer.json()["errors"][0]["pointer"], "/phone");
    }
    let answer = post(&service, VERIFY, "", &json!({ "phone": "x", "otp": "12 34" })).await;
    problem(&answer, 400, "invalid-body");
    let pointers: Vec<Value> =
        answer.json()["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].clone()).collect();
    assert_eq!(pointers, ["/phone", "/otp"]);
    let text = Some(("text/plain", b"x".to_vec()));
    assert_eq!(service.client.send(Method::POST, GENERATE, "", &[], text).await.unwrap().status, 415);
    // Any country's numbers are taken.
    for number in ["+94 71 234 5678", "+1 876 555 0100", "0044 7700 900123", "90000 00001"] {
        assert_eq!(ask(&service, number).await.status, 200, "{number}");
    }
}

#[tokio::test]
async fn the_message_speaks_the_language_that_was_asked_for() {
    let service = with_person(1).await;
    let body = || Some(("application/json", json!({ "phone": phone(1) }).to_string().into_bytes()));
    let mut texts = Vec::new();
    for language in ["ta-IN,en;q=0.5", "xx", "fr"] {
        let headers = [("accept-language", language)];
        service.client.send(Method::POST, GENERATE, "", &headers, body()).await.unwrap();
        texts.push(service.running.outbox().sent().last().unwrap().text.clone());
    }
    assert!(
        texts[0].contains("குறியீடு") && texts[1].contains("your code") && texts[2].contains("votre code"),
        "{texts:?}"
    );
}

#[tokio::test]
async fn an_address_asks_for_so_many_codes_and_no_header_makes_another_of_it() {
    let service = Service::with(|app| {
        let mut config = (*app.config).clone();
        config.citizens.codes_per_address = 3;
        app.config = config.into();
    })
    .await;
    let mut statuses = Vec::new();
    for number in 0..5 {
        let body =
            Some(("application/json", json!({ "phone": format!("+91 90000 0000{number}") }).to_string().into_bytes()));
        let claimed = format!("198.51.100.{number}");
        let headers = [("x-forwarded-for", claimed.as_str())];
        statuses.push(service.client.send(Method::POST, GENERATE, "", &headers, body).await.unwrap().status);
    }
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
}

#[tokio::test]
async fn where_people_log_in_elsewhere_there_are_no_codes() {
    let service = Service::with(|app| {
        let mut config = (*app.config).clone();
        config.citizens.login = issuer::config::Login::Oidc;
        config.citizens.client_id = "portal".into();
        app.config = config.into();
    })
    .await;
    problem(&ask(&service, NOBODYS).await, 404, "no-route");
    problem(&show(&service, NOBODYS, "123456").await, 404, "no-route");
    let told = service.client.get("/divoc/api/citizen/configuration", "").await.unwrap().json();
    assert_eq!(
        (&told["login"], &told["issuer"], &told["clientId"]),
        (&json!("oidc"), &json!(local::identity::ISSUER), &json!("portal"))
    );
}

#[tokio::test]
async fn a_page_learns_how_people_log_in() {
    let service = Service::start().await;
    let told = service.client.get("/divoc/api/citizen/configuration", "").await.unwrap().json();
    let known = (&told["login"], &told["issuer"], &told["clientId"], &told["callingCode"]);
    assert_eq!(known, (&json!("service"), &Value::Null, &Value::Null, &json!("91")));
    assert_eq!(told["languages"].as_array().unwrap().len(), 30);
}

#[tokio::test]
async fn a_citizen_sees_the_family_on_their_number_and_nobody_else() {
    let mut child = people::event(2, 1);
    child["recipient"]["contact"] = people::event(1, 1)["recipient"]["contact"].clone();
    let service = with_person(1).await;
    let ids = certify(&service, &[people::event(1, 2), child, people::event(3, 1)]).await;
    let mut test = people::test(1, 7);
    test["recipient"]["contact"] = people::event(1, 1)["recipient"]["contact"].clone();
    assert_eq!(service.client.certify("v1/test", &json!([test])).await.unwrap().status, 200);
    let service = logged_in(service, &phone(1)).await;
    let list = service.client.get("/divoc/api/citizen/certificates", "me").await.unwrap().json();
    let list = list["certificates"].as_array().unwrap();
    let seen: Vec<_> = list
        .iter()
        .map(|one| (one["beneficiaryId"].as_str().unwrap(), one["kind"].as_str().unwrap(), one["dose"].as_u64()))
        .collect();
    let one = "SYN-000000001";
    assert_eq!(seen.len(), 4, "{seen:?}");
    for expected in [
        (one, "vaccination", Some(1)),
        (one, "vaccination", Some(2)),
        (one, "test", None),
        ("SYN-000000002", "vaccination", Some(1)),
    ] {
        assert!(seen.contains(&expected), "{expected:?} in {seen:?}");
    }
    let second = list.iter().find(|certificate| certificate["certificateId"] == ids[0].as_str()).unwrap();
    let issued_at = second["issuedAt"].clone();
    assert_eq!(
        *second,
        json!({
            "certificateId": ids[0], "beneficiaryId": one, "name": "Asha Example 1", "kind": "vaccination", "dose": 2, "totalDoses": 2,
            "vaccine": "Covishield", "date": "2021-02-05T09:30:00.000Z", "status": "valid", "until": null, "issuedAt": issued_at,
            "links": {
                "pdf": format!("/certificate/api/certificate/{}", ids[0]), "qr": format!("/certificate/api/certificate/QRCode/{}", ids[0]),
                "credential": format!("/certificate/api/credential/{}", ids[0]),
            },
        })
    );

    // DIVOC's two lists.
    let rows = service.client.get("/divoc/api/v1/certificates", "me").await.unwrap().json();
    assert_eq!(rows.as_array().unwrap().len(), 4);
    assert!(rows[0]["certificate"]["proof"]["jws"].is_string() && rows[0]["mobile"] == phone(1));
    let latest = service.client.get("/cert/api/certificates", "me").await.unwrap().json();
    let latest: Vec<_> = latest["certificates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["preEnrollmentCode"].clone(), row["dose"].clone()))
        .collect();
    assert_eq!(latest, [(json!(one), json!(2)), (json!("SYN-000000002"), json!(1))]);
}

#[tokio::test]
async fn what_was_taken_back_shows_as_such_and_what_was_corrected_once() {
    let service = with_person(1).await;
    let mut corrected = people::event(1, 1);
    corrected["recipient"]["name"] = json!("Asha Right 1");
    let body = Some(("application/json", json!([corrected]).to_string().into_bytes()));
    let answer = service.client.send(Method::PUT, "/divoc/api/v1/certificate", "certifier", &[], body).await.unwrap();
    assert_eq!(answer.status, 200);
    let service = logged_in(service, &phone(1)).await;
    let list = |service: &Service| {
        let client = service.client.clone();
        async move { client.get("/divoc/api/citizen/certificates", "me").await.unwrap().json()["certificates"].clone() }
    };
    let seen = list(&service).await;
    assert_eq!(
        (seen.as_array().unwrap().len(), &seen[0]["name"], &seen[0]["status"]),
        (1, &json!("Asha Right 1"), &json!("valid"))
    );
    let path = "/divoc/api/v1/certificates/SYN-000000001?allDoses=true";
    assert_eq!(service.client.send(Method::DELETE, path, "certifier", &[], None).await.unwrap().status, 200);
    assert_eq!(list(&service).await[0]["status"], "revoked");
    assert_eq!(service.client.get("/divoc/api/v1/certificates", "me").await.unwrap().json(), json!([]));
    let none = service.client.get("/cert/api/certificates", "me").await.unwrap();
    problem(&none, 404, "no-certificate");
    assert_eq!(none.json()["errorCode"], 2);
}

#[tokio::test]
async fn a_number_that_a_correction_took_away_sees_nothing_and_what_to_do() {
    let service = with_person(1).await;
    let mut moved = people::event(1, 1);
    moved["recipient"]["contact"] = json!([people::telephone(9)]);
    let body = Some(("application/json", json!([moved]).to_string().into_bytes()));
    assert_eq!(
        service.client.send(Method::PUT, "/divoc/api/v1/certificate", "certifier", &[], body).await.unwrap().status,
        200
    );
    let service = logged_in(service, &phone(1)).await;
    let list = service.client.get("/divoc/api/citizen/certificates", "me").await.unwrap().json();
    assert_eq!(
        (&list["certificates"], &list["nothingFound"]["recovery"]),
        (&json!([]), &json!("/divoc/api/citizen/recovery"))
    );
    let none = service.client.get("/cert/api/certificates", "me").await.unwrap();
    problem(&none, 404, "no-certificate");
    assert_eq!(none.json()["errorCode"], 3);
    assert_eq!(service.client.get("/divoc/api/v1/certificates", "me").await.unwrap().json(), json!([]));
}

const REQUESTS: &str = "/divoc/api/citizen/requests";
const STAFFS: &str = "/divoc/api/v1/requests";

fn wish(certificate: &str) -> Value {
    json!({ "certificateId": certificate, "field": "name", "proposed": "Asha Exemplar", "reason": "It is misspelt in my passport's way of writing." })
}

#[tokio::test]
async fn a_correction_is_asked_for_decided_and_told() {
    let service = Service::with(|app| app.clock = clock).await;
    let ids = certify(&service, &[people::event(1, 1)]).await;
    let service = logged_in(service, &phone(1)).await;
    let asked = post(&service, REQUESTS, "me", &wish(&ids[0])).await;
    assert_eq!(asked.status, 201, "{}", asked.text());
    let mut request = asked.json();
    let id = request["requestId"].as_str().unwrap().to_owned();
    assert_eq!(
        (&request["state"], &request["note"], &request["decidedAt"]),
        (&json!("open"), &Value::Null, &Value::Null)
    );
    // The same again is the first one; another one of the field has to wait.
    assert_eq!(post(&service, REQUESTS, "me", &wish(&ids[0])).await.json(), request);
    let mut other = wish(&ids[0]);
    other["proposed"] = json!("Asha Else");
    problem(&post(&service, REQUESTS, "me", &other).await, 409, "request-open");

    // Staff see it and decide once.
    let open = service.client.get(&format!("{STAFFS}?state=open"), "certifier").await.unwrap().json();
    assert_eq!(open, json!({ "requests": [request], "next": null }));
    let decision = format!("{STAFFS}/{id}/decision");
    let verdict = json!({ "decision": "declined", "note": "The passport says otherwise." });
    let decided = post(&service, &decision, "admin", &verdict).await;
    assert_eq!(decided.status, 200, "{}", decided.text());
    request["state"] = json!("declined");
    request["note"] = verdict["note"].clone();
    request["decidedAt"] = decided.json()["decidedAt"].clone();
    assert_eq!(decided.json(), request);
    assert_eq!(post(&service, &decision, "certifier", &verdict).await.json(), request);
    problem(&post(&service, &decision, "admin", &json!({ "decision": "accepted" })).await, 409, "decided");
    let open = service.client.get(&format!("{STAFFS}?state=open"), "admin").await.unwrap().json();
    assert_eq!(open, json!({ "requests": [], "next": null }));

    // The citizen reads it, and may ask anew.
    pass(2);
    assert_eq!(post(&service, REQUESTS, "me", &other).await.status, 201);
    let own = service.client.get(REQUESTS, "me").await.unwrap().json();
    assert_eq!((&own["requests"][0], &own["requests"][1]["state"]), (&request, &json!("open")));
}

#[tokio::test]
async fn who_decided_and_when_is_on_the_sheet_and_nobody_is_named_in_a_key() {
    let service = Service::start().await;
    let ids = certify(&service, &[people::event(1, 1)]).await;
    let service = logged_in(service, &phone(1)).await;
    let id = post(&service, REQUESTS, "me", &wish(&ids[0])).await.json()["requestId"].as_str().unwrap().to_owned();
    post(&service, &format!("{STAFFS}/{id}/decision"), "admin", &json!({ "decision": "accepted" })).await;
    let sheet = service.running.store().sheet(Drawer::Requests, &id, "request", clock()).await.unwrap().unwrap();
    let kept: Value = serde_json::from_str(&sheet.text).unwrap();
    assert_eq!(kept["decision"]["by"], "development-admin");
    assert!(kept["decision"]["at"].is_string());
}

#[tokio::test]
async fn nobody_asks_for_a_correction_of_what_is_not_theirs_or_not_there() {
    let service = with_person(1).await;
    let strangers = certify(&service, &[people::event(2, 1)]).await;
    let service = logged_in(service, &phone(1)).await;
    let foreign = post(&service, REQUESTS, "me", &wish(&strangers[0])).await;
    problem(&foreign, 404, "no-certificate");
    let unknown = post(&service, REQUESTS, "me", &wish("20000000000000000101")).await;
    assert_eq!((unknown.status, unknown.text()), (foreign.status, foreign.text()));
    let wrong =
        post(&service, REQUESTS, "me", &json!({ "certificateId": 1, "field": "shoe size", "proposed": "" })).await;
    problem(&wrong, 422, "invalid-body");
    let pointers: Vec<_> = wrong.json()["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(pointers, ["/certificateId", "/proposed", "/reason", "/field"]);
    let long = json!({ "decision": "perhaps", "note": "x".repeat(1001) });
    problem(&post(&service, &format!("{STAFFS}/1/decision"), "admin", &long).await, 422, "invalid-body");
    let none = post(&service, &format!("{STAFFS}/1/decision"), "admin", &json!({ "decision": "accepted" })).await;
    problem(&none, 404, "no-request");
    problem(&service.client.get(&format!("{STAFFS}?state=closed"), "admin").await.unwrap(), 400, "parameter");
}

#[tokio::test]
async fn two_who_ask_and_two_who_decide_at_a_time_get_one_answer() {
    let service = Service::start().await;
    let ids = certify(&service, &[people::event(1, 1)]).await;
    let service = logged_in(service, &phone(1)).await;
    let asked = wish(&ids[0]);
    let (one, other) = tokio::join!(post(&service, REQUESTS, "me", &asked), post(&service, REQUESTS, "me", &asked));
    assert_eq!((one.status, one.json()), (201, other.json()));
    let path = format!("{STAFFS}/{}/decision", one.json()["requestId"].as_str().unwrap());
    let (yes, no) = (json!({ "decision": "accepted" }), json!({ "decision": "declined" }));
    let (one, other) = tokio::join!(post(&service, &path, "admin", &yes), post(&service, &path, "certifier", &no));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn twenty_requests_a_day_are_enough() {
    let service = with_person(1).await;
    let ids = certify(&service, &[people::event(1, 2)]).await;
    let service = logged_in(service, &phone(1)).await;
    let mut statuses = Vec::new();
    for _ in 0..21 {
        statuses.push(post(&service, REQUESTS, "me", &wish(&ids[0])).await.status);
    }
    assert_eq!((statuses[19], statuses[20]), (201, 429));
}
