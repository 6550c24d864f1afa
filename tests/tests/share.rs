//! Sharing: links that end, passcodes, tickets, documents; mails with the PDF attached.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use anyhow::{Result, bail};
use async_trait::async_trait;
use credential::Contact;
use issuer::{
    App,
    ports::{Cabinet, Commit, Drawer, Mail, Refused, Sender, Sheet, Store},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicI64, Ordering},
};
use tests::{
    Answer, Client, Service, people,
    service::{clock, memory, pass},
};
use time::{Duration, OffsetDateTime};
use tokio::task::JoinSet;

const LINKS: &str = "/divoc/api/citizen/links";
const OPEN: &str = "/divoc/api/share/open";
const DOCUMENT: &str = "/divoc/api/share/document";

/// A service with the certificate of one dose of person 1, who has a token, as has person 2.
struct Stage {
    service: Service,
    client: Client,
    id: String,
}

impl Stage {
    async fn set() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut App)) -> Self {
        let service = Service::with(|app| {
            app.clock = clock;
            change(app);
        })
        .await;
        let issued = service.client.certify("v1", &json!([people::event(1, 1), people::event(2, 1)])).await.unwrap();
        let id = issued.json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned();
        let client = with_citizens(&service);
        Self { service, client, id }
    }

    async fn call(&self, method: Method, path: &str, role: &str, body: &Value) -> Answer {
        call(&self.client, method, path, role, body).await
    }

    /// Person 1 shares their certificate with these other wishes.
    async fn share(&self, wishes: Value) -> Answer {
        let mut body = json!({ "certificateId": self.id, "hours": 24 });
        body.as_object_mut().unwrap().extend(wishes.as_object().unwrap().clone());
        self.call(Method::POST, LINKS, "one", &body).await
    }

    /// The token of a link shared so.
    async fn token(&self, wishes: Value) -> String {
        let shared = self.share(wishes).await;
        assert_eq!(shared.status, 201, "{}", shared.text());
        let shared = shared.json();
        let url = shared["url"].as_str().unwrap();
        url.strip_prefix("/share/#").unwrap_or_else(|| panic!("{url}")).to_owned()
    }

    async fn open(&self, token: &str) -> Answer {
        self.call(Method::POST, OPEN, "", &json!({ "token": token })).await
    }

    async fn open_with(&self, token: &str, passcode: &str) -> Answer {
        self.call(Method::POST, OPEN, "", &json!({ "token": token, "passcode": passcode })).await
    }

    async fn document(&self, ticket: &Value, format: &str) -> Answer {
        self.call(Method::POST, DOCUMENT, "", &json!({ "ticket": ticket, "format": format })).await
    }

    async fn links(&self) -> Vec<Value> {
        let listed = self.client.get(LINKS, "one").await.unwrap();
        assert_eq!(listed.status, 200);
        listed.json()["links"].as_array().unwrap().clone()
    }

    async fn mail(&self, body: &Value) -> Answer {
        self.call(Method::POST, &format!("/divoc/api/citizen/certificates/{}/mail", self.id), "one", body).await
    }

    async fn correct(&self) {
        let mut corrected = people::event(1, 1);
        corrected["vaccination"]["batch"] = json!("B1-CORRECTED");
        let answer = self.call(Method::PUT, "/divoc/api/v1/certificate", "certifier", &json!([corrected])).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

fn with_citizens(service: &Service) -> Client {
    let token = |person| service.running.token_for_citizen(people::telephone(person).trim_start_matches("tel:"));
    service.client.clone().with_token("one", token(1)).with_token("two", token(2))
}

async fn call(client: &Client, method: Method, path: &str, role: &str, body: &Value) -> Answer {
    let body = Some(("application/json", body.to_string().into_bytes()));
    client.send(method, path, role, &[], body).await.unwrap()
}

fn problem(answer: &Answer, status: u16, name: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.json()["type"], format!("urn:divoc:problem:{name}"));
}

/// What an answer is but for its date.
fn shape(mut answer: Answer) -> Answer {
    answer.headers.remove("date");
    answer
}

#[tokio::test]
async fn a_link_shows_its_certificate_until_its_citizen_ends_it() {
    let stage = Stage::set().await;
    let before = clock();

    // 1. It is made: the token stands in the fragment and nowhere else.
    let shared = stage.share(json!({ "passcode": "2412", "uses": 2, "language": "ta" })).await;
    assert_eq!((shared.status, shared.header("cache-control")), (201, "no-store"));
    let shared = shared.json();
    let until =
        OffsetDateTime::parse(shared["expiresAt"].as_str().unwrap(), &time::format_description::well_known::Rfc3339);
    assert!((until.unwrap() - before - Duration::DAY).abs() < Duration::MINUTE);
    let told = json!({
        "linkId": shared["linkId"], "certificateId": stage.id, "expiresAt": shared["expiresAt"], "usesLeft": 2, "hasPasscode": true,
    });
    assert_eq!(stage.links().await, [told]);
    let url = shared["url"].as_str().unwrap();
    let token = url.strip_prefix("/share/#").unwrap();
    assert_eq!(token.len(), 24);

    // 2. Whoever has it sees what it is about, and gets a ticket.
    let opened = stage.open_with(token, "2412").await;
    assert_eq!((opened.status, opened.header("cache-control")), (200, "no-store"));
    let opened = opened.json();
    assert_eq!(
        opened["certificate"],
        json!({
            "certificateId": stage.id, "beneficiaryId": people::code(1), "name": "Asha Example 1", "kind": "vaccination", "dose": 1, "totalDoses": 2,
            "vaccine": "Covishield", "date": "2021-01-05T09:30:00.000Z", "status": "valid", "until": null, "issuedAt": opened["certificate"]["issuedAt"],
            "links": {
                "pdf": format!("/certificate/api/certificate/{}", stage.id),
                "qr": format!("/certificate/api/certificate/QRCode/{}", stage.id),
                "credential": format!("/certificate/api/credential/{}", stage.id),
            },
        })
    );
    assert_eq!(
        (&opened["usesLeft"], &opened["expiresAt"], &opened["language"]),
        (&json!(1), &shared["expiresAt"], &json!("ta"))
    );
    assert_eq!(opened["languages"].as_array().unwrap().len(), 23);
    assert_eq!(stage.links().await[0]["usesLeft"], 1);

    // 3. The ticket brings every document, in the language of the link or another, as often as wanted.
    let ticket = &opened["ticket"];
    for (format, kind, start) in [
        ("pdf", "application/pdf", &b"%PDF-"[..]),
        ("png", "image/png", b"\x89PNG"),
        ("svg", "image/svg+xml", b"<svg"),
        ("json", "application/json", b"{"),
        ("qr", "image/png", b"\x89PNG"),
    ] {
        let document = stage.document(ticket, format).await;
        assert_eq!((document.status, document.header("content-type")), (200, kind), "{format}");
        assert_eq!((document.header("cache-control"), document.header("etag").is_empty()), ("no-store", false));
        assert!(document.header("content-disposition").contains(&format!("certificate-{}", stage.id)), "{format}");
        assert!(document.body.starts_with(start), "{format}");
    }
    let own =
        stage.client.get(&format!("/certificate/api/certificate/{}?format=svg&language=ta", stage.id), "one").await;
    assert_eq!(stage.document(ticket, "svg").await.body, own.unwrap().body);
    let wish = json!({ "ticket": ticket, "format": "svg", "language": "HIN" });
    let hindi = stage.call(Method::POST, DOCUMENT, "", &wish).await;
    let own =
        stage.client.get(&format!("/certificate/api/certificate/{}?format=svg&language=hi", stage.id), "one").await;
    assert_eq!(hindi.body, own.unwrap().body);
    assert_eq!(stage.links().await[0]["usesLeft"], 1);

    // 4. It ends when its citizen says so, and its tickets with it; saying so again changes nothing.
    let path = format!("{LINKS}/{}", shared["linkId"].as_str().unwrap());
    assert_eq!(stage.call(Method::DELETE, &path, "two", &Value::Null).await.status, 204);
    assert_eq!(stage.links().await.len(), 1);
    for _ in 0..2 {
        assert_eq!(stage.call(Method::DELETE, &path, "one", &Value::Null).await.status, 204);
        assert!(stage.links().await.is_empty());
        problem(&stage.open_with(token, "2412").await, 404, "no-link");
        problem(&stage.document(ticket, "pdf").await, 404, "no-link");
    }
}

#[tokio::test]
async fn a_link_ends_with_its_hours_and_a_ticket_after_ten_minutes_or_with_its_link() {
    let stage = Stage::set().await;
    let token = stage.token(json!({ "hours": 1 })).await;
    let first = stage.open(&token).await.json()["ticket"].clone();
    pass(599);
    assert_eq!(stage.document(&first, "json").await.status, 200);
    pass(2);
    problem(&stage.document(&first, "json").await, 404, "no-link");
    pass(2_990);
    let opened = stage.open(&token).await.json();
    assert_eq!(opened["ticketExpiresAt"], opened["expiresAt"]);
    pass(10);
    problem(&stage.open(&token).await, 404, "no-link");
    problem(&stage.document(&opened["ticket"], "json").await, 404, "no-link");
    assert!(stage.links().await.is_empty());
    // The sheet of names is over as well, and the next one takes its place.
    assert_eq!(stage.share(json!({})).await.status, 201);
    assert_eq!(stage.links().await.len(), 1);
}

#[tokio::test]
async fn of_sixteen_who_race_for_the_last_use_one_gets_it() {
    let stage = Arc::new(Stage::set().await);
    for uses in [1, 16] {
        let token = stage.token(json!({ "uses": uses })).await;
        let mut racers = JoinSet::new();
        for _ in 0..16 {
            let (stage, token) = (stage.clone(), token.clone());
            racers.spawn(async move { stage.open(&token).await.status });
        }
        let statuses = racers.join_all().await;
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), uses, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 404).count(), 16 - uses, "{statuses:?}");
        problem(&stage.open(&token).await, 404, "no-link");
    }
}

#[tokio::test]
async fn a_request_that_is_repeated_under_its_key_is_charged_once() {
    let stage = Stage::set().await;
    let token = stage.token(json!({ "uses": 2 })).await;
    let open = async |key: &str| {
        let body = Some(("application/json", json!({ "token": token }).to_string().into_bytes()));
        stage.client.send(Method::POST, OPEN, "", &[("idempotency-key", key)], body).await.unwrap()
    };
    let (first, again) = tokio::join!(open("a"), open("a"));
    assert_eq!((first.status, &first.json()), (200, &again.json()));
    assert_eq!(open("b").await.json()["usesLeft"], 0);
    // Used up: those who were let in still are, nobody else is.
    assert_eq!(open("a").await.json()["ticket"], first.json()["ticket"]);
    problem(&open("c").await, 404, "no-link");
    pass(601);
    problem(&open("a").await, 404, "no-link");
}

#[tokio::test]
async fn guessing_at_a_passcode_locks_the_link_for_ever_longer() {
    let stage = Arc::new(Stage::set().await);
    let token = stage.token(json!({ "passcode": "पासकोड १२" })).await;
    problem(&stage.open(&token).await, 403, "passcode");
    let mut guesses = JoinSet::new();
    for _ in 0..16 {
        let (stage, token) = (stage.clone(), token.clone());
        guesses.spawn(async move { stage.open_with(&token, "1234").await.status });
    }
    let mut statuses = guesses.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [[403; 5].as_slice(), &[429; 11]].concat());
    let locked = stage.open_with(&token, "पासकोड १२").await;
    problem(&locked, 429, "too-many");
    assert!((1..=900).contains(&locked.header("retry-after").parse::<u64>().unwrap()));
    pass(901);
    assert_eq!(stage.open_with(&token, "पासकोड १२").await.status, 200);
    // What was guessed wrong is not forgiven by who knows it.
    for _ in 0..5 {
        problem(&stage.open_with(&token, "12345").await, 403, "passcode");
    }
    let locked = stage.open_with(&token, "पासकोड १२").await;
    assert!((3_500..=3_600).contains(&locked.header("retry-after").parse::<u64>().unwrap()));
}

#[tokio::test]
async fn a_locked_link_stays_locked_when_the_service_starts_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = memory();
    place.data = folder.path().to_string_lossy().into_owned();
    let running = local::start(place.clone()).await.unwrap();
    let service = Service { client: Client::new(running.base_url(), running.tokens()), running };
    let issued = service.client.certify("v1", &json!([people::event(1, 1)])).await.unwrap();
    let id = issued.json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned();
    let wish = json!({ "certificateId": id, "hours": 1, "passcode": "right" });
    let shared = call(&with_citizens(&service), Method::POST, LINKS, "one", &wish).await.json();
    let token = shared["url"].as_str().unwrap().split('#').nth(1).unwrap().to_owned();
    for _ in 0..5 {
        let guess = json!({ "token": token, "passcode": "wrong" });
        problem(&call(&service.client, Method::POST, OPEN, "", &guess).await, 403, "passcode");
    }
    service.running.shutdown().await.unwrap();
    let running = local::start(place).await.unwrap();
    let client = Client::new(running.base_url(), running.tokens());
    let right = json!({ "token": token, "passcode": "right" });
    problem(&call(&client, Method::POST, OPEN, "", &right).await, 429, "too-many");
}

#[tokio::test]
async fn links_that_do_not_open_look_all_alike() {
    let stage = Stage::set().await;
    let unknown = shape(stage.open("AAAAAAAAAAAAAAAAAAAAAAAA").await);
    problem(&unknown, 404, "no-link");
    let ended = stage.share(json!({ "passcode": "1234" })).await.json();
    let path = format!("{LINKS}/{}", ended["linkId"].as_str().unwrap());
    stage.call(Method::DELETE, &path, "one", &Value::Null).await;
    let ended = ended["url"].as_str().unwrap().split('#').nth(1).unwrap().to_owned();
    let used = stage.token(json!({ "uses": 1 })).await;
    assert_eq!(stage.open(&used).await.status, 200);
    let guarded = stage.token(json!({ "uses": 1, "passcode": "1234" })).await;
    assert_eq!(stage.open_with(&guarded, "1234").await.status, 200);
    let past = stage.token(json!({ "hours": 1, "passcode": "1234" })).await;
    pass(3_601);
    for (dead, why) in [(&ended, "ended"), (&used, "used up"), (&guarded, "used up, with passcode"), (&past, "past")] {
        assert_eq!(shape(stage.open(dead).await), unknown, "{why}");
        assert_eq!(shape(stage.open_with(dead, "1234").await), unknown, "{why}");
        assert_eq!(shape(stage.open_with(dead, "wrong").await), unknown, "{why}");
    }
    for nonsense in ["", "…", &"A".repeat(10_000)] {
        assert_eq!(shape(stage.open(nonsense).await), unknown);
        assert_eq!(shape(stage.document(&json!(nonsense), "pdf").await), unknown);
    }
    // A token is no ticket, and a ticket no token.
    let token = stage.token(json!({})).await;
    let ticket = stage.open(&token).await.json()["ticket"].as_str().unwrap().to_owned();
    assert_eq!(shape(stage.document(&json!(token), "pdf").await), unknown);
    assert_eq!(shape(stage.open(&ticket).await), unknown);
}

#[tokio::test]
async fn a_live_link_to_a_certificate_that_is_no_longer_valid_says_so_to_those_who_may_open_it() {
    let stage = Stage::set().await;
    let token = stage.token(json!({ "uses": 3, "passcode": "1234" })).await;
    let ticket = stage.open_with(&token, "1234").await.json()["ticket"].clone();

    let until =
        json!({ "until": (clock() + Duration::HOUR).format(&time::format_description::well_known::Rfc3339).unwrap() });
    let suspension = format!("/divoc/api/v1/certificate/{}/suspension", stage.id);
    assert_eq!(stage.call(Method::PUT, &suspension, "admin", &until).await.status, 200);
    problem(&stage.open_with(&token, "1234").await, 409, "suspended");
    assert_eq!(stage.call(Method::DELETE, &suspension, "admin", &Value::Null).await.status, 200);

    stage.correct().await;
    problem(&stage.open(&token).await, 403, "passcode");
    for gone in [stage.open_with(&token, "1234").await, stage.document(&ticket, "pdf").await] {
        problem(&gone, 410, "no-longer-valid");
        let gone = gone.json();
        assert_eq!((&gone["certificateStatus"], gone.get("current")), (&json!("superseded"), None));
        assert!(gone["detail"].as_str().unwrap().contains("ask whoever sent the link"));
    }
    // Nothing was shown, so nothing was charged; and the old certificate is not shared anew.
    assert_eq!(stage.links().await[0]["usesLeft"], 2);
    problem(&stage.share(json!({})).await, 410, "no-longer-valid");
}

#[tokio::test]
async fn nobody_shares_or_mails_what_is_not_theirs() {
    let stage = Stage::set().await;
    let body = json!({ "certificateId": stage.id, "hours": 1 });
    problem(&stage.call(Method::POST, LINKS, "two", &body).await, 404, "no-certificate");
    let unknown = json!({ "certificateId": "12345", "hours": 1 });
    let strange = shape(stage.call(Method::POST, LINKS, "two", &body).await);
    assert_eq!(shape(stage.call(Method::POST, LINKS, "two", &unknown).await), strange);
    let mail = format!("/divoc/api/citizen/certificates/{}/mail", stage.id);
    let answer = stage.call(Method::POST, &mail, "two", &json!({ "email": "a@b.example" })).await;
    problem(&answer, 404, "no-certificate");
    assert!(stage.service.running.outbox().sent().is_empty());
    // A citizen's token without a number has nothing to share.
    let nobody = stage.client.clone().with_token("nobody", stage.service.running.token_for_citizen("none"));
    problem(&call(&nobody, Method::POST, LINKS, "nobody", &body).await, 404, "no-certificate");
    problem(&nobody.get(LINKS, "nobody").await.unwrap(), 404, "no-certificate");
}

#[tokio::test]
async fn a_citizen_has_twenty_links_at_most_whoever_asks_at_once() {
    let stage = Arc::new(Stage::set().await);
    let used = stage.token(json!({ "uses": 1 })).await;
    let mut asking = JoinSet::new();
    for _ in 0..24 {
        let stage = stage.clone();
        asking.spawn(async move { stage.share(json!({ "uses": 1 })).await.status });
    }
    let statuses = asking.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 19, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 5, "{statuses:?}");
    problem(&stage.share(json!({})).await, 409, "too-many-links");
    // One that was used up makes room, as does one that was ended.
    assert_eq!(stage.open(&used).await.status, 200);
    assert_eq!(stage.share(json!({})).await.status, 201);
    problem(&stage.share(json!({})).await, 409, "too-many-links");
    let id = stage.links().await[0]["linkId"].as_str().unwrap().to_owned();
    stage.call(Method::DELETE, &format!("{LINKS}/{id}"), "one", &Value::Null).await;
    assert_eq!(stage.share(json!({})).await.status, 201);
}

#[tokio::test]
async fn all_that_is_wrong_with_a_request_is_said_at_once_and_nothing_is_kept() {
    let stage = Stage::set().await;
    let pointers = |answer: &Answer| -> Vec<String> {
        problem(answer, 422, "invalid-body");
        let errors = answer.json()["errors"].as_array().unwrap().clone();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    };
    let wrong = json!({ "hours": 0, "passcode": "123", "uses": 101, "language": "xx" });
    let answer = stage.call(Method::POST, LINKS, "one", &wrong).await;
    assert_eq!(pointers(&answer), ["/certificateId", "/hours", "/passcode", "/uses", "/language"]);
    for (name, value) in [
        ("hours", json!(721)),
        ("hours", json!("24")),
        ("hours", json!(1.5)),
        ("hours", json!(-1)),
        ("hours", Value::Null),
        ("uses", json!(0)),
        ("passcode", json!("१२३")),
        ("passcode", json!("x".repeat(65))),
        ("passcode", json!(1234)),
        ("language", json!(1)),
        ("certificateId", json!(12345)),
    ] {
        let answer = stage.share(json!({ name: value })).await;
        assert_eq!(pointers(&answer), [format!("/{name}")], "{name}: {value}");
    }
    assert_eq!(stage.share(json!({ "passcode": "१२३४", "uses": Value::Null, "language": "tam" })).await.status, 201);
    assert_eq!(pointers(&stage.call(Method::POST, LINKS, "one", &json!([])).await), [""]);
    assert_eq!(pointers(&stage.call(Method::POST, OPEN, "", &json!({ "passcode": 1 })).await), ["/token", "/passcode"]);
    let answer = stage.call(Method::POST, DOCUMENT, "", &json!({ "format": "exe", "language": "xx" })).await;
    assert_eq!(pointers(&answer), ["/ticket", "/format", "/language"]);
    assert_eq!(pointers(&stage.mail(&json!({ "email": "a@", "language": "xx" })).await), ["/email", "/language"]);
    assert_eq!(pointers(&stage.mail(&json!({})).await), ["/email"]);
    assert_eq!(stage.links().await.len(), 1);
    assert!(stage.service.running.outbox().sent().is_empty());
}

/// A mailbox that may be out of order.
#[derive(Default)]
struct Mailbox {
    sent: Mutex<Vec<(String, Mail)>>,
    /// The next mails that fail.
    failing: AtomicI64,
    refusing: bool,
}

#[async_trait]
impl Sender for Mailbox {
    async fn sms(&self, _to: &Contact, _text: &str) -> Result<()> {
        bail!("no text message was expected")
    }

    async fn mail(&self, to: &Contact, mail: &Mail) -> Result<()> {
        if self.refusing {
            return Err(Refused.into());
        }
        if self.failing.fetch_sub(1, Ordering::SeqCst) > 0 {
            bail!("the mail server is away");
        }
        self.sent.lock().unwrap().push((to.normal_form(), mail.clone()));
        Ok(())
    }
}

#[tokio::test]
async fn a_mail_brings_the_pdf_in_the_readers_language_once() {
    let mailbox = Arc::new(Mailbox::default());
    let sender = mailbox.clone();
    let stage = Stage::with(|app| app.sender = sender).await;
    let wish = json!({ "email": " Reader@Example.ORG ", "language": "ta" });
    let (first, again) = tokio::join!(stage.mail(&wish), stage.mail(&wish));
    assert_eq!((first.status, first.json()), (202, json!({ "status": "accepted" })));
    assert_eq!(shape(first), shape(again));
    assert_eq!(stage.mail(&json!({ "email": "reader@example.org", "language": "tam" })).await.status, 202);
    let sent = mailbox.sent.lock().unwrap().clone();
    assert_eq!(sent.len(), 1);
    let (to, mail) = &sent[0];
    assert_eq!((to.as_str(), mail.subject.as_str()), ("email:reader@example.org", "உங்களுடன் ஒரு சான்றிதழ் பகிரப்பட்டுள்ளது"));
    assert!(mail.text.contains("/verify/") && !mail.text.contains('{'), "{}", mail.text);
    for personal in ["Asha", "SYN-", &stage.id] {
        assert!(!mail.subject.contains(personal) && !mail.text.contains(personal), "{personal}");
    }
    let [pdf] = mail.attachments.as_slice() else { panic!("one attachment") };
    assert_eq!((pdf.media_type.as_str(), &pdf.name), ("application/pdf", &format!("certificate-{}.pdf", stage.id)));
    let own = stage.client.get(&format!("/certificate/api/certificate/{}?language=ta", stage.id), "one").await.unwrap();
    assert!(pdf.bytes.starts_with(b"%PDF-") && pdf.bytes == own.body);
    // Without a language it is that of the certificate's page: the facility's state is Karnataka.
    assert_eq!(stage.mail(&json!({ "email": "reader@example.org" })).await.status, 202);
    assert!(mailbox.sent.lock().unwrap()[1].1.subject.contains("ಪ್ರಮಾಣಪತ್ರ"));
    // A language in which the country prints nothing is that of the mail alone.
    assert_eq!(stage.mail(&json!({ "email": "reader@example.org", "language": "fr" })).await.status, 202);
    let french = mailbox.sent.lock().unwrap()[2].1.clone();
    assert_eq!(french.subject, "Un certificat a été partagé avec vous");
    assert_eq!(french.attachments[0].bytes, mailbox.sent.lock().unwrap()[1].1.attachments[0].bytes);
    // Later it may be sent again.
    pass(601);
    assert_eq!(stage.mail(&wish).await.status, 202);
    assert_eq!(mailbox.sent.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_mail_that_could_not_be_sent_is_sent_by_the_next_request() {
    let mailbox = Arc::new(Mailbox { failing: AtomicI64::new(12), ..Mailbox::default() });
    let sender = mailbox.clone();
    let stage = Stage::with(|app| app.sender = sender).await;
    let wish = json!({ "email": "reader@example.org" });
    // More often than mails may be sent in a day: what fails is not counted again.
    for _ in 0..12 {
        problem(&stage.mail(&wish).await, 503, "unavailable");
    }
    for _ in 0..2 {
        assert_eq!(stage.mail(&wish).await.status, 202);
    }
    assert_eq!(mailbox.sent.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn mails_are_limited_per_citizen_and_per_address() {
    // From the beginning of a day, so that all of it happens in one.
    pass(86_400 - clock().unix_timestamp().rem_euclid(86_400));
    let stage = Stage::set().await;
    let send = async |email: String| stage.mail(&json!({ "email": email })).await;
    for hour in 0..5 {
        assert_eq!(send("one@example.org".into()).await.status, 202, "{hour}");
        pass(601);
    }
    let refused = send("one@example.org".into()).await;
    problem(&refused, 429, "too-many");
    assert!((1..=86_400).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    problem(&send("one@example.org".into()).await, 429, "too-many");
    for reader in 0..3 {
        assert_eq!(send(format!("{reader}@example.org")).await.status, 202, "{reader}");
    }
    problem(&send("last@example.org".into()).await, 429, "too-many");
    assert_eq!(stage.service.running.outbox().sent().len(), 8);
}

#[tokio::test]
async fn an_address_that_wants_no_mail_is_answered_like_any_other() {
    let mut cabinet = None;
    let stage = Stage::with(|app| {
        let watched = Faltering::new(app.cabinet.clone(), false);
        app.cabinet = watched.clone();
        cabinet = Some(watched);
    })
    .await;
    let cabinet = cabinet.unwrap();
    cabinet.all_silent.store(true, Ordering::SeqCst);
    let silent = stage.mail(&json!({ "email": "quiet@example.org" })).await;
    cabinet.all_silent.store(false, Ordering::SeqCst);
    assert_eq!(shape(silent), shape(stage.mail(&json!({ "email": "loud@example.org" })).await));
    let sent = stage.service.running.outbox().sent();
    assert_eq!(sent.iter().map(|message| message.to.as_str()).collect::<Vec<_>>(), ["email:loud@example.org"]);
    assert_eq!(sent[0].attachments, [format!("certificate-{}.pdf", stage.id)]);

    let stage = Stage::with(|app| app.sender = Arc::new(Mailbox { refusing: true, ..Mailbox::default() })).await;
    assert_eq!(stage.mail(&json!({ "email": "no.such@example.org" })).await.status, 202);
}

/// A cabinet that dies at a chosen `put`, before or after it took effect, and is well again at the next.
struct Faltering {
    inner: Arc<dyn Cabinet>,
    puts: AtomicI64,
    dies_at: AtomicI64,
    acts_first: bool,
    /// What was put last.
    last: Mutex<Vec<Sheet>>,
    /// Whoever is asked for wants no messages.
    all_silent: AtomicBool,
}

impl Faltering {
    fn new(inner: Arc<dyn Cabinet>, acts_first: bool) -> Arc<Self> {
        Arc::new(Self {
            inner,
            puts: AtomicI64::new(0),
            dies_at: AtomicI64::new(0),
            acts_first,
            last: Mutex::default(),
            all_silent: AtomicBool::default(),
        })
    }

    fn die_at(&self, put: i64) {
        self.dies_at.store(self.puts.load(Ordering::SeqCst) + put, Ordering::SeqCst);
    }
}

#[async_trait]
impl Cabinet for Faltering {
    async fn sheet(&self, drawer: Drawer, folder: &str, name: &str, now: OffsetDateTime) -> Result<Option<Sheet>> {
        if drawer == Drawer::Silence && self.all_silent.load(Ordering::SeqCst) {
            return Ok(Some(Sheet::new(drawer, folder, name, "{}")));
        }
        self.inner.sheet(drawer, folder, name, now).await
    }

    async fn sheets(
        &self,
        drawer: Drawer,
        folder: &str,
        after: Option<&str>,
        most: usize,
        now: OffsetDateTime,
    ) -> Result<Vec<Sheet>> {
        self.inner.sheets(drawer, folder, after, most, now).await
    }

    async fn put(&self, sheets: &[Sheet], now: OffsetDateTime) -> Result<Commit> {
        *self.last.lock().unwrap() = sheets.to_vec();
        if self.puts.fetch_add(1, Ordering::SeqCst) + 1 != self.dies_at.load(Ordering::SeqCst) {
            return self.inner.put(sheets, now).await;
        }
        if self.acts_first {
            self.inner.put(sheets, now).await?;
        }
        bail!("the process is gone")
    }

    async fn take(&self, sheet: &Sheet) -> Result<Commit> {
        self.inner.take(sheet).await
    }

    async fn count(&self, what: &str, who: &str, window: Duration, now: OffsetDateTime) -> Result<u64> {
        self.inner.count(what, who, window, now).await
    }
}

#[tokio::test]
async fn a_crash_leaves_no_link_that_its_citizen_can_not_end_and_charges_nobody_twice() {
    for acts_first in [false, true] {
        let mut cabinet = None;
        let stage = Stage::with(|app| {
            let faltering = Faltering::new(app.cabinet.clone(), acts_first);
            app.cabinet = faltering.clone();
            cabinet = Some(faltering);
        })
        .await;
        let cabinet = cabinet.unwrap();

        // 1. A link whose making was not heard of is listed, if it was made.
        cabinet.die_at(1);
        problem(&stage.share(json!({})).await, 503, "unavailable");
        let listed = stage.links().await;
        assert_eq!(listed.len(), usize::from(acts_first));
        for link in listed {
            let path = format!("{LINKS}/{}", link["linkId"].as_str().unwrap());
            cabinet.die_at(1);
            problem(&stage.call(Method::DELETE, &path, "one", &Value::Null).await, 503, "unavailable");
            assert_eq!(stage.call(Method::DELETE, &path, "one", &Value::Null).await.status, 204);
        }
        assert!(stage.links().await.is_empty());

        // 2. A reader whose answer got lost asks again and is charged once.
        let token = stage.token(json!({ "uses": 1 })).await;
        let open = async || {
            let body = Some(("application/json", json!({ "token": token }).to_string().into_bytes()));
            stage.client.send(Method::POST, OPEN, "", &[("idempotency-key", "once")], body).await.unwrap()
        };
        cabinet.die_at(1);
        problem(&open().await, 503, "unavailable");
        let opened = open().await;
        assert_eq!((opened.status, &opened.json()["usesLeft"]), (200, &json!(0)));
        assert_eq!(stage.document(&opened.json()["ticket"], "json").await.status, 200);

        // 3. Who dies before the mail goes leaves it to the next; it is sent once, and that it was is said even if it could not be noted.
        let wish = json!({ "email": "reader@example.org" });
        cabinet.die_at(1);
        problem(&stage.mail(&wish).await, 503, "unavailable");
        pass(31);
        assert_eq!(stage.mail(&wish).await.status, 202);
        assert_eq!(stage.mail(&wish).await.status, 202);
        assert_eq!(stage.service.running.outbox().sent().len(), 1);
        cabinet.die_at(2);
        assert_eq!(stage.mail(&json!({ "email": "another@example.org" })).await.status, 202);
        assert_eq!(stage.service.running.outbox().sent().len(), 2);
    }
}

#[tokio::test]
async fn the_table_holds_no_token_no_passcode_and_no_ticket() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = memory();
    place.data = folder.path().to_string_lossy().into_owned();
    let running = local::start(place).await.unwrap();
    let service = Service { client: Client::new(running.base_url(), running.tokens()), running };
    let issued = service.client.certify("v1", &json!([people::event(1, 1)])).await.unwrap();
    let id = issued.json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned();
    let client = with_citizens(&service);
    let wish = json!({ "certificateId": id, "hours": 1, "passcode": "passcode-of-nobody" });
    let shared = call(&client, Method::POST, LINKS, "one", &wish).await.json();
    let token = shared["url"].as_str().unwrap().split('#').nth(1).unwrap().to_owned();
    let body = json!({ "token": token, "passcode": "passcode-of-nobody" });
    let ticket = call(&client, Method::POST, OPEN, "", &body).await.json()["ticket"].as_str().unwrap().to_owned();
    let path = format!("/divoc/api/citizen/certificates/{id}/mail");
    let mail = json!({ "email": "reader-of-nothing@example.org" });
    assert_eq!(call(&client, Method::POST, &path, "one", &mail).await.status, 202);
    service.running.shutdown().await.unwrap();
    let mut records = Vec::new();
    for name in ["records.sqlite", "records.sqlite-wal"] {
        records.extend(std::fs::read(folder.path().join(name)).unwrap_or_default());
    }
    let holds = |text: &str| records.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(&id), "the records were not read");
    for secret in [token.as_str(), &ticket, "passcode-of-nobody", "reader-of-nothing"] {
        assert!(!holds(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_link_dies_with_its_citizens_claim_to_the_certificate() {
    let mut cabinet = None;
    let stage = Stage::with(|app| {
        let watched = Faltering::new(app.cabinet.clone(), false);
        app.cabinet = watched.clone();
        cabinet = Some(watched);
    })
    .await;
    let cabinet = cabinet.unwrap();
    let token = stage.token(json!({})).await;
    let link = cabinet.last.lock().unwrap()[0].clone();
    let ticket = stage.open(&token).await.json()["ticket"].clone();
    // As if the certificate were registered to another number: the link's is no longer among its contacts.
    let owner = serde_json::from_str::<Value>(&link.text).unwrap()["owner"].as_str().unwrap().to_owned();
    let others = link.saying(link.text.replace(&owner, "another"));
    assert_eq!(cabinet.put(&[others], clock()).await.unwrap(), Commit::Stored);
    problem(&stage.open(&token).await, 404, "no-link");
    problem(&stage.document(&ticket, "pdf").await, 404, "no-link");
}

/// The store is not touched by sharing: the certificate's history stays as it is.
#[tokio::test]
async fn sharing_changes_nothing_about_the_certificate() {
    let stage = Stage::set().await;
    let code = credential::BeneficiaryCode::parse(&people::code(1)).unwrap();
    let store = stage.service.running.store();
    let deeds = async || store.certificates(&code, None).await.unwrap()[0].deeds.len();
    let before = deeds().await;
    let token = stage.token(json!({})).await;
    assert_eq!(stage.open(&token).await.status, 200);
    assert_eq!(stage.mail(&json!({ "email": "a@b.example" })).await.status, 202);
    assert_eq!(deeds().await, before);
}
