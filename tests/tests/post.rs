//! The post, from outside: a vaccinating system that fails, dawdles and dies, and is told everything all the same; citizens who are told in their language, or
//! want no messages; parcels that nobody took.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use async_trait::async_trait;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use issuer::{
    App,
    config::{Callback, Channel, Place},
    ports::{Cabinet, Commit, Drawer, Mail, Refused, Sender, Sheet},
    post::{Round, deliver, record_bounces},
};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use tests::{Answer, Client, Service, people, service};
use time::OffsetDateTime;

/// The vaccinating system, as far as it listens.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<Heard>>);

#[derive(Default)]
struct Heard {
    url: String,
    /// What it was told, in order, and how it answered.
    told: Vec<(HashMap<String, String>, Value, u16)>,
    /// How it answers about a beneficiary's dose next: statuses, 0 for hanging up. Then 200.
    plans: HashMap<(String, u64), VecDeque<u16>>,
    /// Tokens that it gave away, and the only one that it takes.
    tokens: usize,
    wanted: Option<String>,
}

impl Receiver {
    async fn start() -> Self {
        let receiver = Self::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        receiver.0.lock().unwrap().url = format!("http://{}", listener.local_addr().unwrap());
        let routes = Router::new().route("/ack", routing::post(hear)).route("/token", routing::post(give_token));
        let routes = routes.with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        receiver
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0.lock().unwrap().url)
    }

    /// Answers so about the dose of a person, one after the other.
    fn plan(&self, person: u64, dose: u64, statuses: &[u16]) {
        self.0.lock().unwrap().plans.insert((people::code(person), dose), statuses.iter().copied().collect());
    }

    /// What it took in: ids of certificates by person.
    fn taken(&self, person: u64) -> Vec<String> {
        let heard = self.0.lock().unwrap();
        let of_person = heard.told.iter().filter(|(_, body, status)| {
            *status == 200 && body["beneficiary_reference_id"] == people::code(person).as_str()
        });
        of_person.map(|(_, body, _)| body["certificateId"].as_str().unwrap().to_owned()).collect()
    }

    fn told(&self) -> Vec<(HashMap<String, String>, Value, u16)> {
        self.0.lock().unwrap().told.clone()
    }
}

async fn hear(State(receiver): State<Receiver>, headers: HeaderMap, body: String) -> Response {
    let headers: HashMap<_, _> =
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let json: Value = serde_json::from_str(&body).unwrap();
    let status = {
        let mut heard = receiver.0.lock().unwrap();
        let about = (json["beneficiary_reference_id"].as_str().unwrap().to_owned(), json["dose"].as_u64().unwrap_or(0));
        let planned = heard.plans.get_mut(&about).and_then(VecDeque::pop_front).unwrap_or(200);
        let known = heard.wanted.as_ref().is_none_or(|wanted| headers.get("authorization") == Some(wanted));
        let status = if known { planned } else { 401 };
        let mut headers = headers;
        headers.insert("body".to_owned(), body);
        heard.told.push((headers, json, status));
        status
    };
    // The client sees a connection that ends without an answer.
    assert_ne!(status, 0, "the receiver dies, as the test wants it to");
    tokio::time::sleep(Duration::from_millis(5)).await;
    StatusCode::from_u16(status).unwrap().into_response()
}

async fn give_token(State(receiver): State<Receiver>, body: String) -> String {
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), json!({ "user_name": "our-name" }));
    let mut heard = receiver.0.lock().unwrap();
    heard.tokens += 1;
    let token = format!("token-{}", heard.tokens);
    heard.wanted = Some(token.clone());
    format!("{token}\n")
}

/// A service that tells that receiver, and its parts.
async fn start(receiver: &Receiver) -> (Service, App) {
    start_with(receiver, |_| {}).await
}

async fn start_with(receiver: &Receiver, change: impl FnOnce(&mut App)) -> (Service, App) {
    let mut parts = None;
    let callback = Callback { url: receiver.url("/ack"), token: None, secret_version: 1 };
    let service = Service::with(|app| {
        app.clock = service::clock;
        let mut config = (*app.config).clone();
        config.post.callback = Some(callback);
        config.post.most_tries = 3;
        "https://health.example".clone_into(&mut config.public_url);
        app.config = Arc::new(config);
        change(app);
        parts = Some(app.clone());
    })
    .await;
    (service, parts.unwrap())
}

async fn certified(service: &Service, events: &[Value]) -> Vec<String> {
    let answer = service.client.certify("v1", &json!(events)).await.unwrap();
    ids(&answer)
}

fn ids(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let items = answer.json()["certificates"].as_array().unwrap().clone();
    items.iter().map(|item| item["certificateId"].as_str().unwrap().to_owned()).collect()
}

async fn corrected(service: &Service, event: &Value) -> String {
    let body = Some(("application/json", json!([event]).to_string().into_bytes()));
    let answer = service.client.send(Method::PUT, "/divoc/api/v1/certificate", "certifier", &[], body).await.unwrap();
    ids(&answer)[0].clone()
}

/// A round of the post.
async fn round(app: &App) -> Round {
    deliver(app, Duration::from_secs(30)).await.unwrap()
}

/// As many rounds as it takes, an hour apart.
async fn settled(app: &App) {
    for _ in 0..20 {
        if round(app).await.waiting == 0 {
            return;
        }
        service::pass(3_700);
    }
    panic!("the post does not settle");
}

async fn admin(service: &Service, method: Method, path: &str, body: Option<Value>) -> Answer {
    let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
    service.client.send(method, &format!("/divoc/api/v1/post/{path}"), "admin", &[], body).await.unwrap()
}

async fn dead(service: &Service) -> Vec<Value> {
    admin(service, Method::GET, "dead", None).await.json()["parcels"].as_array().unwrap().clone()
}

/// Everything that waits to be told.
async fn parcels(app: &App) -> Vec<Sheet> {
    let mut found = Vec::new();
    for shard in 0..16_u8 {
        let folder = format!("{shard:x}");
        found.extend(app.cabinet.sheets(Drawer::Parcels, &folder, None, 1000, (app.clock)()).await.unwrap());
    }
    found
}

/// A person with a mailbox, at a facility in that state.
fn with_mail(person: u64, dose: u64, state: &str) -> Value {
    let mut event = people::event(person, dose);
    event["recipient"]["contact"] = json!([people::telephone(person), format!("mailto:Person{person}@Example.org")]);
    event["facility"]["address"]["state"] = json!(state);
    event
}

fn sent(service: &Service) -> Vec<(String, String)> {
    service.running.outbox().sent().into_iter().map(|message| (message.to, message.text)).collect()
}

/// Whether the header's signature over what was sent is one of Standard Webhooks by that secret: computed by other code than the service's.
fn is_signed(headers: &HashMap<String, String>, secret: &str) -> bool {
    let key = BASE64_STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}.{}", headers["webhook-id"], headers["webhook-timestamp"], headers["body"]).as_bytes());
    let signature = format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()));
    headers["webhook-signature"].split(' ').any(|one| one == signature)
}

#[tokio::test]
async fn every_certificate_is_acknowledged_signed_and_duplicates_and_failures_are_silent() {
    let receiver = Receiver::start().await;
    let (service, app) = start(&receiver).await;
    let doses = [people::event(1, 1), people::event(1, 2)];
    let ids = certified(&service, &doses).await;
    let test = service.client.certify("v1/test", &json!([people::test(1, 3)])).await.unwrap();
    assert_eq!(test.status, 200);
    assert_eq!(round(&app).await.told, 6, "three acknowledgements, three text messages");
    let mut correction = people::event(1, 2);
    correction["vaccination"]["batch"] = json!("B2-OTHER");
    let newer = corrected(&service, &correction).await;
    round(&app).await;

    let secret = admin(&service, Method::GET, "secret", None).await.json();
    assert_eq!((&secret["version"], secret["secrets"].as_array().unwrap().len()), (&json!(1), 1));
    let told = receiver.told();
    assert_eq!(told.len(), 4);
    for (headers, body, _) in &told {
        assert_eq!(headers["webhook-id"], format!("certificate-{}", body["certificateId"].as_str().unwrap()));
        assert_eq!(headers["content-type"], "application/json");
        assert!(is_signed(headers, secret["secrets"][0].as_str().unwrap()));
        assert!(!is_signed(headers, "whsec_AAAA"));
    }
    let (_, body, _) = told.iter().find(|(_, body, _)| body["certificateId"] == newer.as_str()).unwrap();
    let members: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    let divocs = ["beneficiary_reference_id", "dose", "status", "reason", "date_created"];
    assert_eq!(members, [divocs.as_slice(), &["certificateId", "kind", "event"]].concat());
    assert_eq!((&body["dose"], &body["status"], &body["reason"]), (&json!(2), &json!("success"), &json!("created")));
    assert_eq!((&body["kind"], &body["event"]), (&json!("vaccination"), &json!("corrected")));
    let (_, of_test, _) = told.iter().find(|(_, body, _)| body["kind"] == "test").unwrap();
    assert_eq!((&of_test["dose"], &of_test["event"]), (&Value::Null, &json!("created")));

    // Nothing is told of what made no certificate: the same events, one that contradicts, one that is wrong.
    let messages = sent(&service).len();
    assert_eq!(certified(&service, &doses[..1]).await, ids[..1]);
    let mut other = people::event(1, 1);
    other["vaccination"]["batch"] = json!("B1-OTHER");
    assert_eq!(service.client.certify("v1", &json!([other])).await.unwrap().status, 409);
    let mut wrong = people::event(2, 1);
    wrong["vaccination"]["dose"] = json!(0);
    assert_eq!(service.client.certify("v1", &json!([wrong])).await.unwrap().status, 422);
    assert_eq!(parcels(&app).await.len(), 0);
    assert_eq!(round(&app).await, Round::default());
    assert_eq!((receiver.told().len(), sent(&service).len()), (4, messages));
}

#[tokio::test]
async fn who_fails_is_told_later_in_order_under_the_same_id_and_holds_nobody_else_up() {
    let receiver = Receiver::start().await;
    let (service, app) = start(&receiver).await;
    receiver.plan(1, 1, &[503, 0]);
    receiver.plan(2, 1, &[302]);
    let first = certified(&service, &[people::event(1, 1)]).await;
    let second = certified(&service, &[people::event(1, 2)]).await;
    let other = certified(&service, &[people::event(2, 1), people::event(3, 1)]).await;
    let done = round(&app).await;
    assert_eq!((done.waiting, receiver.taken(1), receiver.taken(3)), (3, Vec::new(), vec![other[1].clone()]));
    assert!(done.oldest.is_some_and(|oldest| oldest <= (app.clock)()));
    // Too early: it rests for some seconds.
    let tried = receiver.told().len();
    assert_eq!(round(&app).await.waiting, 3);
    assert_eq!(receiver.told().len(), tried);
    service::pass(12);
    assert_eq!(round(&app).await.waiting, 2, "the receiver died on the first dose, and the second waits for it");
    assert_eq!((receiver.taken(2).as_slice(), receiver.taken(1).len()), (&other[..1], 0));
    service::pass(30);
    assert_eq!(round(&app).await.waiting, 0);
    assert_eq!(receiver.taken(1), [first, second].concat());
    // The same id at each try, another time, and a signature that fits.
    let told = receiver.told();
    let attempts: Vec<_> =
        told.iter().filter(|(_, body, _)| body["certificateId"] == receiver.taken(1)[0].as_str()).collect();
    let of = |name: &str| attempts.iter().map(|(headers, ..)| headers[name].clone()).collect::<BTreeSet<_>>();
    assert_eq!((attempts.len(), of("webhook-id").len(), of("body").len(), of("webhook-timestamp").len()), (3, 1, 1, 3));
    assert!(dead(&service).await.is_empty());
}

#[tokio::test]
async fn what_nobody_takes_is_dead_until_it_is_sent_again_or_dropped() {
    let receiver = Receiver::start().await;
    let (service, app) = start(&receiver).await;
    receiver.plan(1, 1, &[404]);
    receiver.plan(2, 1, &[500, 500, 500]);
    receiver.plan(3, 1, &[400, 422]);
    let ids = certified(&service, &[1, 2, 3].map(|person| people::event(person, 1))).await;
    settled(&app).await;
    let found = dead(&service).await;
    let mut told: Vec<_> =
        found.iter().map(|it| (it["certificateId"].clone(), it["tries"].clone(), it["reason"].clone())).collect();
    told.sort_by_key(|it| ids.iter().position(|id| it.0 == id.as_str()));
    let expected = [(1, "status-404"), (3, "status-500"), (1, "status-400")];
    for ((id, tries, reason), ((expected_tries, expected_reason), expected_id)) in
        told.iter().zip(expected.iter().zip(&ids))
    {
        assert_eq!((id, tries, reason), (&json!(expected_id), &json!(expected_tries), &json!(expected_reason)));
    }
    assert_eq!((found.len(), &found[0]["to"], &found[0]["event"]), (3, &json!("acknowledgement"), &json!("created")));
    assert_eq!(round(&app).await, Round::default());

    // One is sent again and taken; sent again a second time it is not there.
    let place = |id: &String| found.iter().find(|it| it["certificateId"] == id.as_str()).unwrap()["parcelId"].clone();
    let again = json!({ "parcelId": place(&ids[0]) });
    let answer = admin(&service, Method::POST, "dead/replay", Some(again.clone())).await;
    assert_eq!((answer.status, answer.json()), (200, json!({ "replayed": 1, "complete": true })));
    let gone = admin(&service, Method::POST, "dead/replay", Some(again)).await;
    assert_eq!((gone.status, &gone.json()["type"]), (404, &json!("urn:divoc:problem:no-parcel")));
    round(&app).await;
    assert_eq!((receiver.taken(1).as_slice(), dead(&service).await.len()), (&ids[..1], 2));

    // All: one is taken, the other dies again and is dropped.
    let answer = admin(&service, Method::POST, "dead/replay", Some(json!({ "all": true }))).await;
    assert_eq!(answer.json(), json!({ "replayed": 2, "complete": true }));
    assert!(dead(&service).await.is_empty());
    round(&app).await;
    assert_eq!(receiver.taken(2), ids[1..2]);
    let left = dead(&service).await;
    assert_eq!((left.len(), &left[0]["reason"], &left[0]["tries"]), (1, &json!("status-422"), &json!(1)));
    let path = format!("dead/{}", left[0]["parcelId"].as_str().unwrap());
    assert_eq!(admin(&service, Method::DELETE, &path, None).await.status, 204);
    assert_eq!(admin(&service, Method::DELETE, &path, None).await.status, 404);
    assert!(dead(&service).await.is_empty() && parcels(&app).await.is_empty());
    for wrong in [json!({}), json!({ "all": false }), json!({ "all": true, "parcelId": "0-1" })] {
        let answer = admin(&service, Method::POST, "dead/replay", Some(wrong)).await;
        assert_eq!((answer.status, &answer.json()["type"]), (422, &json!("urn:divoc:problem:field")));
    }
    assert_eq!(admin(&service, Method::POST, "dead/replay", Some(json!({ "parcelId": "nonsense" }))).await.status, 404);
}

#[tokio::test]
async fn many_dead_parcels_are_listed_page_by_page_and_all_are_sent_again() {
    let receiver = Receiver::start().await;
    let (service, app) = start(&receiver).await;
    let everyone = 1..=130_u64;
    everyone.clone().for_each(|person| receiver.plan(person, 1, &[410]));
    for some in everyone.clone().collect::<Vec<_>>().chunks(65) {
        certified(&service, &some.iter().map(|person| people::event(*person, 1)).collect::<Vec<_>>()).await;
    }
    assert_eq!(round(&app).await.dead, 130);
    let mut found = BTreeSet::new();
    let mut after = String::new();
    loop {
        let page = admin(&service, Method::GET, &format!("dead{after}"), None).await.json();
        found.extend(page["parcels"].as_array().unwrap().iter().map(|it| it["certificateId"].to_string()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("?after={next}");
    }
    assert_eq!(found.len(), 130);
    let answer = admin(&service, Method::POST, "dead/replay", Some(json!({ "all": true }))).await;
    assert_eq!(answer.json(), json!({ "replayed": 130, "complete": true }));
    round(&app).await;
    assert!(everyone.clone().all(|person| receiver.taken(person).len() == 1));
}

#[tokio::test]
async fn divocs_token_is_asked_for_kept_and_asked_for_anew_when_it_is_refused() {
    let receiver = Receiver::start().await;
    let (service, app) = start_with(&receiver, |app| {
        let lookup = |name: &str| {
            Some(match name {
                "OIDC_ISSUER" | "OIDC_AUDIENCE" => "x".to_owned(),
                "ACK_CALLBACK_URL" => receiver.url("/ack"),
                "ACK_CALLBACK_AUTH_URL" => receiver.url("/token"),
                "ACK_CALLBACK_AUTH_KEY" => "our-name".to_owned(),
                "ACK_SECRET_VERSION" => "2".to_owned(),
                _ => return None,
            })
        };
        let mut config = (*app.config).clone();
        config.post = issuer::Config::from_lookup(lookup).unwrap().post;
        app.config = Arc::new(config);
    })
    .await;
    let tokens = || receiver.0.lock().unwrap().tokens;
    certified(&service, &[people::event(1, 1), people::event(2, 1)]).await;
    assert_eq!((round(&app).await.told, tokens()), (2, 1));
    let (headers, ..) = &receiver.told()[0];
    assert_eq!(headers["authorization"], "token-1");
    // After a change of the secret both sign: the receiver may take its time.
    let secrets = admin(&service, Method::GET, "secret", None).await.json()["secrets"].as_array().unwrap().clone();
    assert_eq!(secrets.len(), 2);
    assert!(secrets.iter().all(|secret| is_signed(headers, secret.as_str().unwrap())));

    // The receiver has forgotten it: one more, and the parcel is told in the same round.
    receiver.0.lock().unwrap().wanted = Some("another".to_owned());
    certified(&service, &[people::event(3, 1)]).await;
    assert_eq!((round(&app).await.told, tokens()), (1, 2));
    // Its time is over.
    service::pass(601);
    certified(&service, &[people::event(4, 1)]).await;
    assert_eq!((round(&app).await.told, tokens()), (1, 3));
    // A refusal in spite of a new token waits, and does not kill.
    receiver.plan(5, 1, &[403, 403]);
    certified(&service, &[people::event(5, 1)]).await;
    assert_eq!((round(&app).await.waiting, tokens()), (1, 4));
    settled(&app).await;
    assert_eq!(receiver.taken(5).len(), 1);
}

#[tokio::test]
async fn a_local_service_delivers_by_itself() {
    let place = Place { publish_every: Duration::from_millis(20), ..service::memory() };
    let running = local::start(place).await.unwrap();
    let client = Client::new(running.base_url(), running.tokens());
    assert_eq!(client.certify("v1", &json!([with_mail(1, 1, "Kerala")])).await.unwrap().status, 200);
    let sent = tokio::time::timeout(Duration::from_mins(1), async {
        while running.outbox().sent().len() < 2 {
            tokio::task::yield_now().await;
        }
    });
    sent.await.expect("sent within a minute");
    running.shutdown().await.unwrap();
}

/// A cabinet that goes down at a chosen write, as a process does that is killed.
struct MortalCabinet {
    inner: Arc<dyn Cabinet>,
    left: AtomicI64,
    acts_first: bool,
}

impl MortalCabinet {
    async fn write<T>(&self, work: impl Future<Output = anyhow::Result<T>> + Send) -> anyhow::Result<T> {
        let left = self.left.fetch_sub(1, Ordering::SeqCst);
        if left > 1 {
            return work.await;
        }
        if left == 1 && self.acts_first {
            work.await?;
        }
        anyhow::bail!("the process is gone")
    }
}

#[async_trait]
impl Cabinet for MortalCabinet {
    async fn sheet(
        &self,
        drawer: Drawer,
        folder: &str,
        name: &str,
        now: OffsetDateTime,
    ) -> anyhow::Result<Option<Sheet>> {
        self.inner.sheet(drawer, folder, name, now).await
    }

    async fn sheets(
        &self,
        drawer: Drawer,
        folder: &str,
        after: Option<&str>,
        most: usize,
        now: OffsetDateTime,
    ) -> anyhow::Result<Vec<Sheet>> {
        self.inner.sheets(drawer, folder, after, most, now).await
    }

    async fn put(&self, sheets: &[Sheet], now: OffsetDateTime) -> anyhow::Result<Commit> {
        self.write(self.inner.put(sheets, now)).await
    }

    async fn take(&self, sheet: &Sheet) -> anyhow::Result<Commit> {
        self.write(self.inner.take(sheet)).await
    }

    async fn count(&self, what: &str, who: &str, window: time::Duration, now: OffsetDateTime) -> anyhow::Result<u64> {
        self.inner.count(what, who, window, now).await
    }
}

#[tokio::test]
async fn a_worker_that_dies_at_any_write_loses_nothing_and_the_order_stays() {
    let receiver = Receiver::start().await;
    let (service, app) = start(&receiver).await;
    let mut person = 0;
    for acts_first in [false, true] {
        for write in 1.. {
            person += 1;
            // Taken at once; after a while; never.
            receiver.plan(person, 2, &[503]);
            receiver.plan(person, 3, &[404, 404]);
            let mut ids = Vec::new();
            for dose in 1..=4 {
                let mut event = people::event(person, dose);
                event["vaccination"]["totalDoses"] = json!(4);
                ids.extend(certified(&service, &[event]).await);
            }
            let mortal = MortalCabinet { inner: Arc::clone(&app.cabinet), left: AtomicI64::new(write), acts_first };
            let mortal = Arc::new(mortal);
            let dying = App { cabinet: mortal.clone(), ..app.clone() };
            for _ in 0..3 {
                let _ = deliver(&dying, Duration::from_secs(30)).await;
                service::pass(200);
            }
            settled(&app).await;
            let taken = receiver.taken(person);
            let mut once = taken.clone();
            once.dedup();
            assert_eq!(
                once,
                [ids[0].clone(), ids[1].clone(), ids[3].clone()],
                "write {write}, {acts_first}: {taken:?}"
            );
            assert!(taken.len() <= 4, "only what was told last is told twice: {taken:?}");
            let dead: Vec<_> = dead(&service).await.iter().map(|it| it["certificateId"].clone()).collect();
            assert_eq!(dead.iter().filter(|id| ids.iter().any(|own| **id == own.as_str())).count(), 1, "write {write}");
            assert!(parcels(&app).await.is_empty());
            if mortal.left.load(Ordering::SeqCst) > 0 {
                break;
            }
        }
    }
    assert!(person > 10, "nothing died");
}

#[tokio::test]
async fn an_issue_that_dies_at_any_write_is_told_if_and_when_the_certificate_is_there() {
    let receiver = Receiver::start().await;
    let mut mortal = None;
    let (service, app) = start_with(&receiver, |app| {
        let store = service::Mortal::new(Arc::clone(&app.store), i64::MAX, true);
        app.store = store.clone();
        mortal = Some(store);
    })
    .await;
    let mortal = mortal.unwrap();
    for write in 1..=3 {
        mortal.die_after(write);
        let event = json!([people::event(u64::try_from(write).unwrap(), 1)]);
        let _ = service.client.certify("v1", &event).await.unwrap();
        mortal.revive();
        service::pass(10);
        let answer = service.client.certify("v1", &event).await.unwrap();
        let id = ids(&answer);
        settled(&app).await;
        assert_eq!(receiver.taken(u64::try_from(write).unwrap()), id, "write {write}");
    }
    assert_eq!(sent(&service).len(), 3);
}

#[tokio::test]
async fn two_workers_tell_nothing_twice_and_a_lease_ends_by_itself() {
    let receiver = Receiver::start().await;
    let (service, app) = start(&receiver).await;
    let everyone: Vec<_> = (1..=60).map(|person| people::event(person, 1)).collect();
    certified(&service, &everyone).await;
    let (one, other) = tokio::join!(round(&app), round(&app));
    assert_eq!((one.told + other.told, receiver.told().len(), sent(&service).len()), (120, 60, 60));
    // A worker that died holds a shard for three minutes.
    certified(&service, &[people::event(61, 1)]).await;
    // It dies when it has the lease and before it could remove a parcel.
    let cabinet = MortalCabinet { inner: Arc::clone(&app.cabinet), left: AtomicI64::new(2), acts_first: false };
    let dying = App { cabinet: Arc::new(cabinet), ..app.clone() };
    deliver(&dying, Duration::from_secs(30)).await.unwrap_err();
    let told = receiver.told().len();
    assert_eq!(round(&app).await, Round::default());
    assert_eq!(receiver.told().len(), told);
    service::pass(181);
    round(&app).await;
    assert!(parcels(&app).await.is_empty());
    assert_eq!(receiver.taken(61).iter().collect::<BTreeSet<_>>().len(), 1);
}

#[tokio::test]
async fn citizens_are_told_in_the_language_of_their_state_and_nothing_of_themselves() {
    let receiver = Receiver::start().await;
    let (service, app) = start(&receiver).await;
    certified(&service, &[with_mail(1, 1, "Karnataka"), with_mail(2, 1, "Tamil Nadu"), with_mail(3, 1, "Nowhere")])
        .await;
    round(&app).await;
    let messages = service.running.outbox().sent();
    let to = |contact: &str| messages.iter().find(|message| message.to == contact).unwrap();
    for (person, subject) in
        [(1, "ಒಂದು ಆರೋಗ್ಯ ಪ್ರಮಾಣಪತ್ರ ಸಿದ್ಧವಾಗಿದೆ"), (2, "ஒரு சுகாதாரச் சான்றிதழ் தயார்"), (3, "एक स्वास्थ्य प्रमाणपत्र तैयार है")]
    {
        let mail = to(&format!("email:person{person}@example.org"));
        assert_eq!(mail.subject.as_deref(), Some(subject));
        assert!(
            mail.text.contains("https://health.example/portal/")
                && mail.text.contains(mail.unsubscribe.as_ref().unwrap())
        );
        let sms = to(&people::telephone(person).replace('+', ""));
        assert!(sms.text.ends_with(" https://health.example/portal/"), "{}", sms.text);
    }
    assert_eq!(messages.len(), 6);
    let mut correction = with_mail(2, 1, "Tamil Nadu");
    correction["recipient"]["name"] = json!("Asha Example Two");
    corrected(&service, &correction).await;
    round(&app).await;
    let messages = service.running.outbox().sent();
    assert_eq!(messages.len(), 8);
    assert!(messages[6..].iter().any(|message| message.subject.as_deref() == Some("ஒரு சுகாதாரச் சான்றிதழ் திருத்தப்பட்டது")));
    for message in &messages {
        for personal in ["Asha", "SYN-", "Covishield", "4120Z", "dose"] {
            assert!(!format!("{}{:?}{:?}", message.text, message.subject, message.unsubscribe).contains(personal));
        }
    }
}

#[tokio::test]
async fn nothing_is_said_of_a_certificate_that_does_not_stand_any_more() {
    let receiver = Receiver::start().await;
    let (service, app) = start(&receiver).await;
    let ids = certified(&service, &[people::event(1, 1), people::event(2, 1)]).await;
    let path = format!("/divoc/api/v1/certificate/{}", ids[0]);
    assert_eq!(service.client.send(Method::DELETE, &path, "certifier", &[], None).await.unwrap().status, 200);
    let mut correction = people::event(2, 1);
    correction["vaccination"]["batch"] = json!("B1-OTHER");
    corrected(&service, &correction).await;
    let done = round(&app).await;
    // The acknowledgements are of what happened; the citizen hears what holds.
    assert_eq!((done.dropped, receiver.told().len(), sent(&service).len()), (2, 3, 1));
    assert!(sent(&service)[0].1.contains("ತಿದ್ದಲಾಗಿದೆ"));
}

#[tokio::test]
async fn who_wants_no_messages_gets_none_until_they_want_them_again() {
    let receiver = Receiver::start().await;
    let (service, app) = start(&receiver).await;
    let citizen = service.client.clone().with_token("it", service.running.token_for_citizen("+919900000001"));
    let wish = async |silent: Value| {
        let body = Some(("application/json", json!({ "silent": silent }).to_string().into_bytes()));
        citizen.send(Method::POST, "/divoc/api/citizen/silence", "it", &[], body).await.unwrap()
    };
    let state = async || citizen.get("/divoc/api/citizen/silence", "it").await.unwrap().json();
    assert_eq!(state().await, json!({ "silent": false }));
    for _ in 0..2 {
        let answer = wish(json!(true)).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "silent": true })));
    }
    assert_eq!(state().await, json!({ "silent": true }));
    certified(&service, &[with_mail(1, 1, "Kerala"), with_mail(2, 1, "Kerala")]).await;
    assert_eq!(round(&app).await.dropped, 1);
    let told: BTreeSet<_> = sent(&service).into_iter().map(|(to, _)| to).collect();
    let others = ["email:person1@example.org", "email:person2@example.org", "tel:919900000002"];
    assert_eq!(told, others.map(str::to_owned).into());
    assert_eq!(wish(json!(false)).await.json(), json!({ "silent": false }));
    assert_eq!(wish(json!(false)).await.status, 200);
    certified(&service, &[with_mail(1, 2, "Kerala")]).await;
    round(&app).await;
    assert!(sent(&service).iter().any(|(to, _)| to == "tel:919900000001"));
    let wrong = wish(json!("yes")).await;
    assert_eq!((wrong.status, &wrong.json()["errors"][0]["pointer"]), (422, &json!("/silent")));

    // The link in a mail: seeing it changes nothing, a POST does.
    let messages = service.running.outbox().sent();
    let mail = messages.iter().find(|message| message.to == "email:person2@example.org").unwrap();
    let link = mail.unsubscribe.as_ref().unwrap().strip_prefix("https://health.example").unwrap().to_owned();
    assert!(!link.contains("person2") && !link.contains("9900000002"));
    let page = service.client.get(&link, "").await.unwrap();
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert!(page.text().contains("<form method=\"post\"><button>സന്ദേശങ്ങൾ നിർത്തുക</button>"), "{}", page.text());
    certified(&service, &[with_mail(2, 2, "Kerala")]).await;
    round(&app).await;
    let mails = || sent(&service).iter().filter(|(to, _)| to == "email:person2@example.org").count();
    assert_eq!(mails(), 2);
    let one_click = Some(("application/x-www-form-urlencoded", b"List-Unsubscribe=One-Click".to_vec()));
    for _ in 0..2 {
        let done = service.client.send(Method::POST, &link, "", &[], one_click.clone()).await.unwrap();
        assert_eq!(done.status, 200);
    }
    let mut correction = with_mail(2, 2, "Kerala");
    correction["vaccination"]["batch"] = json!("B2-OTHER");
    corrected(&service, &correction).await;
    round(&app).await;
    assert_eq!(mails(), 2);
    let (path, _) = link.split_once('?').unwrap();
    for forged in
        [format!("{path}A"), path.replace("unsubscribe/", "unsubscribe/A"), "/divoc/api/post/unsubscribe/x".into()]
    {
        for method in [Method::GET, Method::POST] {
            assert_eq!(service.client.send(method, &forged, "", &[], None).await.unwrap().status, 400, "{forged}");
        }
    }
}

#[tokio::test]
async fn addresses_that_bounce_or_complain_get_no_more_mails() {
    let receiver = Receiver::start().await;
    let (service, app) = start(&receiver).await;
    let event = |message: Value| json!({ "Records": [{ "Sns": { "Message": message.to_string() } }] });
    let bounce = |kind: &str, address: &str| {
        event(
            json!({ "eventType": "Bounce", "bounce": { "bounceType": kind, "bouncedRecipients": [{ "emailAddress": address }] } }),
        )
    };
    let complained = json!([{ "emailAddress": "person2@example.org" }]);
    let complaint = json!({ "notificationType": "Complaint", "complaint": { "complainedRecipients": complained } });
    for told in [
        bounce("Permanent", "Person1@example.ORG"),
        event(complaint),
        bounce("Transient", "person3@example.org"),
        json!({ "Records": [{ "Sns": { "Message": "Successfully validated SNS topic" } }] }),
        json!({}),
    ] {
        record_bounces(&app, &told).await.unwrap();
    }
    certified(&service, &[1, 2, 3].map(|person| with_mail(person, 1, "Kerala"))).await;
    assert_eq!(round(&app).await.dropped, 2);
    let mails: Vec<_> = sent(&service).into_iter().filter(|(to, _)| to.starts_with("email:")).collect();
    assert_eq!((mails.len(), mails[0].0.as_str()), (1, "email:person3@example.org"));
}

/// A provider that refuses, or does not answer so often.
struct Failing(AtomicI64);

#[async_trait]
impl Sender for Failing {
    async fn sms(&self, _to: &credential::Contact, _text: &str) -> anyhow::Result<()> {
        anyhow::ensure!(self.0.fetch_sub(1, Ordering::SeqCst) <= 0, "the provider does not answer");
        Ok(())
    }

    async fn mail(&self, _to: &credential::Contact, _mail: &Mail) -> anyhow::Result<()> {
        Err(anyhow::Error::new(Refused).context("asking the provider"))
    }
}

#[tokio::test]
async fn a_provider_that_fails_is_asked_again_and_one_that_refuses_is_not() {
    let receiver = Receiver::start().await;
    let sender = Arc::new(Failing(AtomicI64::new(1)));
    let (service, app) = start_with(&receiver, |app| app.sender = sender.clone()).await;
    certified(&service, &[with_mail(1, 1, "Kerala")]).await;
    let done = round(&app).await;
    assert_eq!((done.told, done.dead, done.waiting), (1, 1, 1), "told by webhook, refused by mail, later by telephone");
    let left = dead(&service).await;
    assert_eq!((&left[0]["to"], &left[0]["reason"]), (&json!("mail"), &json!("refused")));
    assert!(!left[0].to_string().contains("example.org"));
    settled(&app).await;
    assert_eq!((sender.0.load(Ordering::SeqCst), dead(&service).await.len()), (-1, 1));
}

#[tokio::test]
async fn parcels_hold_no_contact_in_clear_and_are_made_for_nobody_who_is_not_told() {
    let receiver = Receiver::start().await;
    let (service, app) = start(&receiver).await;
    certified(&service, &[with_mail(7, 1, "Kerala")]).await;
    let there = parcels(&app).await;
    assert_eq!(there.len(), 3);
    for sheet in &there {
        for personal in ["9900000007", "person7", "Asha"] {
            assert!(!format!("{}{}", sheet.name, sheet.text).contains(personal), "{}", sheet.text);
        }
        assert!(!sheet.name.contains("SYN"), "{}", sheet.name);
    }
    let nobody = Service::with(|app| {
        let mut config = (*app.config).clone();
        config.post.channels = Vec::new();
        app.config = Arc::new(config);
    })
    .await;
    certified(&nobody, &[with_mail(7, 1, "Kerala")]).await;
    assert_eq!(admin(&nobody, Method::GET, "secret", None).await.status, 404);
    let mails_alone = Receiver::start().await;
    let (service, app) = start_with(&mails_alone, |app| {
        let mut config = (*app.config).clone();
        (config.post.callback, config.post.channels) = (None, vec![Channel::Mail]);
        app.config = Arc::new(config);
    })
    .await;
    certified(&service, &[with_mail(7, 1, "Kerala")]).await;
    assert_eq!(parcels(&app).await.len(), 1);
    assert_eq!(parcels(&App { cabinet: nobody.running.store(), ..app }).await.len(), 0);
}
