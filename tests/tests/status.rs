//! Status lists for verifiers: what changed is published, whole, once, whatever dies half way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use anyhow::{Result, bail};
use async_trait::async_trait;
use credential::{
    CertificateId, Position, PublicKey, RevocationDelta, RevocationList, Status, VerificationMethod,
    bitstring::{Bitstring, Purpose},
};
use issuer::{
    App,
    config::Place,
    ports::{Files, Journal, PublicFiles, Published, StatusChange},
    status::publish,
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use tests::{Answer, Client, Service, people, service::memory};
use time::{Duration, OffsetDateTime};
use tokio::{sync::Mutex, task::JoinSet, time::timeout};

/// A service, its parts, and a way to note changes.
struct Lists {
    service: Service,
    app: App,
}

impl Lists {
    async fn start(change: impl FnOnce(&mut App)) -> Self {
        let mut app = None;
        let service = Service::with(|parts| {
            change(parts);
            app = Some(parts.clone());
        })
        .await;
        Self { service, app: app.unwrap() }
    }

    /// Notes that a certificate's status changed `ago`.
    async fn note(&self, id: &CertificateId, status: Status, ago: Duration) {
        let at = OffsetDateTime::now_utc() - ago;
        let change = StatusChange { at, certificate_id: id.clone(), status };
        self.service.running.store().note(&change).await.unwrap();
    }

    async fn get(&self, path: &str) -> Answer {
        self.service.client.get(path, "").await.unwrap()
    }

    /// What a verifier knows: the keys of the DID document under the names that proofs use.
    async fn methods(&self) -> Vec<VerificationMethod> {
        methods(&self.service.client).await
    }

    async fn newest(&self) -> RevocationList {
        RevocationList::open(&self.get("/status/revocations").await.text(), &self.methods().await).unwrap()
    }

    async fn numbered(&self, number: u64) -> RevocationList {
        let text = self.get(&format!("/status/revocations/{number}")).await.text();
        RevocationList::open(&text, &self.methods().await).unwrap()
    }

    async fn delta(&self, from: u64) -> RevocationDelta {
        let text = self.get(&format!("/status/deltas/{from}")).await.text();
        RevocationDelta::open(&text, &self.methods().await).unwrap()
    }

    async fn bits(&self, list: u64, purpose: Purpose) -> Bitstring {
        let text = self.get(&format!("/status/lists/{list}/{}", purpose.as_str())).await.text();
        Bitstring::open(&text, "did:india", list, purpose, &self.methods().await).unwrap()
    }
}

async fn methods(client: &Client) -> Vec<VerificationMethod> {
    let document = client.get("/.well-known/did.json", "").await.unwrap().json();
    let keys = document["verificationMethod"].as_array().unwrap().iter();
    keys.flat_map(|key| {
        let public = PublicKey::from_pem(key["publicKeyPem"].as_str().unwrap()).unwrap();
        let names = key["proofVerificationMethod"].as_array().unwrap().clone();
        names.into_iter().map(move |name| VerificationMethod::new(name.as_str().unwrap(), public.clone()))
    })
    .collect()
}

const MINUTE: std::time::Duration = std::time::Duration::from_mins(1);

fn ours(position: u64) -> CertificateId {
    CertificateId::new(Position::new(position).unwrap(), 1)
}

fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

#[tokio::test]
async fn the_first_list_is_number_1_and_says_nothing_against_anyone() {
    let lists = Lists::start(|_| {}).await;
    let list = lists.newest().await;
    assert_eq!((list.issuer(), list.number(), list.len()), ("did:india", 1, 0));
    assert_eq!(list.next_update() - list.issued_at(), Duration::DAY);
    assert!(!list.is_stale(now()));
    assert_eq!(lists.bits(0, Purpose::Revocation).await.count(), 0);
    assert_eq!(lists.bits(0, Purpose::Suspension).await.count(), 0);

    let pointer = lists.get("/status/latest").await;
    let rfc3339 = |time: OffsetDateTime| time.format(&time::format_description::well_known::Rfc3339).unwrap();
    assert_eq!(
        pointer.json(),
        json!({
            "issuer": "did:india", "number": 1, "issuedAt": rfc3339(list.issued_at()), "nextUpdate": rfc3339(list.next_update()),
            "revocations": "/status/revocations/1",
        })
    );
    // What anyone may keep, and for how long.
    for (path, media_type, cache) in [
        ("/status/latest", "application/json", "public, max-age=30"),
        ("/status/revocations", "application/jose", "public, max-age=30"),
        ("/status/revocations/1", "application/jose", "public, max-age=31536000, immutable"),
        ("/status/lists/0/revocation", "application/vc+jwt", "public, max-age=30"),
    ] {
        let answer = lists.get(path).await;
        let header = |name| answer.header(name).to_owned();
        assert_eq!(
            (answer.status, header("content-type"), header("cache-control")),
            (200, media_type.into(), cache.into())
        );
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        let head = lists.service.client.head(path, "").await.unwrap();
        assert_eq!((head.status, head.header("etag"), head.body.len()), (200, answer.header("etag"), 0));
        let known = [("if-none-match", answer.header("etag"))];
        let again = lists.service.client.send("GET".parse().unwrap(), path, "", &known, None).await.unwrap();
        assert_eq!((again.status, again.body.len(), again.header("cache-control")), (304, 0, cache), "{path}");
    }
    for path in ["/status/revocations/2", "/status/deltas/1", "/status/lists/1/revocation", "/status/lists/0/fun"] {
        let answer = lists.get(path).await;
        assert_eq!((answer.status, answer.header("cache-control")), (404, "no-store"), "{path}");
        assert_eq!(
            answer.json(),
            json!({
                "type": "urn:divoc:problem:no-list", "title": "No such status list", "status": 404,
                "detail": "there is no such status list",
            })
        );
    }
}

#[tokio::test]
async fn every_change_reaches_list_delta_and_bits() {
    let lists = Lists::start(|app| Arc::make_mut(&mut app.config).status_valid = MINUTE * 80).await;
    let first = lists.newest().await;
    let until = (now() + Duration::minutes(10)).replace_nanosecond(0).unwrap();
    let foreign = CertificateId::parse("123456789").unwrap();
    lists.note(&ours(5), Status::Revoked, Duration::ZERO).await;
    lists.note(&ours(6), Status::Superseded, Duration::ZERO).await;
    lists.note(&ours(7), Status::Suspended { until }, Duration::ZERO).await;
    lists.note(&foreign, Status::Revoked, Duration::ZERO).await;
    let published = publish(&lists.app).await.unwrap();
    let list = lists.newest().await;
    assert_eq!(list, published);
    assert_eq!((list.number(), list.len()), (2, 4));
    assert_eq!(list.status_of(&ours(5), now()), Status::Revoked);
    assert_eq!(list.status_of(&ours(6), now()), Status::Superseded);
    assert_eq!(list.status_of(&ours(7), now()), Status::Suspended { until });
    assert_eq!(list.status_of(&foreign, now()), Status::Revoked);
    assert_eq!(lists.delta(1).await.apply(&first).unwrap(), list);
    // The first list stays what it was.
    assert_eq!(lists.numbered(1).await, first);
    let set = |bits: &Bitstring| [5, 6, 7].map(|place| bits.is_set(Position::new(place).unwrap()));
    assert_eq!(set(&lists.bits(0, Purpose::Revocation).await), [true, true, false]);
    assert_eq!(set(&lists.bits(0, Purpose::Suspension).await), [false, false, true]);

    // Nothing new: nothing is published.
    assert_eq!(publish(&lists.app).await.unwrap(), list);
    assert_eq!(lists.get("/status/revocations/3").await.status, 404);

    // A suspension that is lifted, another one that ends by itself, and a list that has served three quarters of its time.
    lists.note(&ours(6), Status::Suspended { until }, Duration::ZERO).await;
    lists.note(&ours(7), Status::Valid, Duration::ZERO).await;
    assert_eq!(publish(&lists.app).await.unwrap().len(), 3);
    assert_eq!(set(&lists.bits(0, Purpose::Suspension).await), [false, true, false]);
    let mut later = lists.app.clone();
    later.clock = || now() + Duration::minutes(20);
    let ended = publish(&later).await.unwrap();
    assert_eq!((ended.number(), ended.len()), (4, 2));
    assert_eq!(lists.delta(3).await.apply(&lists.numbered(3).await).unwrap(), ended);
    assert_eq!(set(&lists.bits(0, Purpose::Suspension).await), [false; 3]);
    later.clock = || now() + Duration::minutes(75);
    assert_eq!(publish(&later).await.unwrap().number(), 4);
    later.clock = || now() + Duration::minutes(85);
    let renewed = publish(&later).await.unwrap();
    assert_eq!(renewed.number(), 5);
    assert!(renewed.agrees_with(&ended));
    // A clock that is behind makes no older list.
    assert_eq!(publish(&lists.app).await.unwrap(), renewed);
}

#[tokio::test]
async fn a_change_that_shows_late_is_found_and_does_not_undo_a_later_one() {
    let lists = Lists::start(|_| {}).await;
    publish(&lists.app).await.unwrap();
    lists.note(&ours(1), Status::Revoked, Duration::seconds(100)).await;
    assert_eq!(publish(&lists.app).await.unwrap().status_of(&ours(1), now()), Status::Revoked);
    let until = now() + Duration::HOUR;
    lists.note(&ours(1), Status::Suspended { until }, Duration::seconds(110)).await;
    let list = publish(&lists.app).await.unwrap();
    assert_eq!((list.number(), list.status_of(&ours(1), now())), (2, Status::Revoked));
}

#[tokio::test]
async fn whatever_dies_between_two_writes_the_next_run_mends() {
    for acts_first in [false, true] {
        for call in 1.. {
            let counter = Arc::new(AtomicI64::new(i64::MIN / 2));
            let lists = Lists::start(|app| {
                app.public_files =
                    Arc::new(Mortal { inner: app.public_files.clone(), counter: counter.clone(), acts_first });
                app.journal = Arc::new(Mortal { inner: app.journal.clone(), counter: counter.clone(), acts_first });
            })
            .await;
            let first = lists.newest().await;
            lists.note(&ours(5), Status::Revoked, Duration::ZERO).await;
            lists.note(&ours(Position::ENTRIES + 1), Status::Superseded, Duration::ZERO).await;
            counter.store(-call, Ordering::SeqCst);
            let died = publish(&lists.app).await.is_err();
            counter.store(i64::MIN / 2, Ordering::SeqCst);
            // Meanwhile something else happened, too.
            lists.note(&ours(6), Status::Revoked, Duration::ZERO).await;
            let list = publish(&lists.app).await.unwrap();
            let place = format!("write {call}, acts first: {acts_first}");
            assert_eq!(list.len(), 3, "{place}");
            assert_eq!(lists.newest().await, list, "{place}");
            let mut followed = first;
            while followed.number() < list.number() {
                followed = lists.delta(followed.number()).await.apply(&followed).unwrap();
                assert_eq!(followed, lists.numbered(followed.number()).await, "{place}");
            }
            let bits = lists.bits(0, Purpose::Revocation).await;
            assert!([5, 6].iter().all(|place| bits.is_set(Position::new(*place).unwrap())), "{place}");
            let bits = lists.bits(1, Purpose::Revocation).await;
            assert!(bits.is_set(Position::new(Position::ENTRIES + 1).unwrap()), "{place}");
            if !died {
                // List, delta, four lists of the W3C's, the record, the pointer: all of them were killed.
                assert!(call > 7, "only {call} writes");
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_runs_at_once_make_one_list() {
    let lists = Lists::start(|_| {}).await;
    let first = lists.newest().await;
    for place in 0..20 {
        lists.note(&ours(place), Status::Revoked, Duration::ZERO).await;
    }
    let mut runs = JoinSet::new();
    for _ in 0..8 {
        let app = lists.app.clone();
        runs.spawn(async move { publish(&app).await.map(|list| (list.number(), list.len())) });
    }
    while let Some(run) = runs.join_next().await {
        assert_eq!(run.unwrap().unwrap(), (2, 20));
    }
    let list = lists.newest().await;
    assert_eq!(lists.delta(1).await.apply(&first).unwrap(), list);
    assert_eq!(lists.get("/status/revocations/3").await.status, 404);
}

#[tokio::test]
async fn a_list_that_is_lost_is_made_again_from_everything_that_ever_happened() {
    let lists = Lists::start(|_| {}).await;
    lists.note(&ours(5), Status::Revoked, Duration::days(400)).await;
    lists.note(&ours(6), Status::Suspended { until: now() + Duration::HOUR }, Duration::days(300)).await;
    lists.note(&ours(6), Status::Valid, Duration::days(200)).await;
    assert_eq!(publish(&lists.app).await.unwrap().len(), 0, "nobody looks that far back");
    let mut robbed = lists.app.clone();
    robbed.public_files = Arc::new(Shelf::default());
    let list = publish(&robbed).await.unwrap();
    assert_eq!((list.number(), list.len()), (2, 1));
    assert_eq!(list.status_of(&ours(5), now()), Status::Revoked);
    let text = robbed.public_files.read("status/lists/0/revocation").await.unwrap().unwrap();
    let text = String::from_utf8(text).unwrap();
    let bits = Bitstring::open(&text, "did:india", 0, Purpose::Revocation, &lists.methods().await).unwrap();
    assert!(bits.is_set(Position::new(5).unwrap()));
}

#[tokio::test]
async fn a_list_of_the_w3cs_is_there_before_anyone_needs_it() {
    let lists = Lists::start(|_| {}).await;
    assert_eq!(lists.get("/status/lists/1/revocation").await.status, 404);
    let mut grown = lists.app.clone();
    grown.journal =
        Arc::new(Answering { inner: lists.app.journal.clone(), status: None, numbers: Position::GIVEN + 1 });
    publish(&grown).await.unwrap();
    assert_eq!(lists.bits(1, Purpose::Suspension).await.count(), 0);
    assert_eq!(lists.get("/status/lists/2/revocation").await.status, 404);
    assert_eq!(lists.newest().await.number(), 1);
}

#[tokio::test]
async fn the_service_publishes_by_itself() {
    let place = Place { publish_every: std::time::Duration::from_millis(20), ..memory() };
    let running = local::start(place).await.unwrap();
    let client = Client::new(running.base_url(), running.tokens());
    let change = StatusChange { at: now(), certificate_id: ours(9), status: Status::Revoked };
    running.store().note(&change).await.unwrap();
    let number = || async { client.get("/status/latest", "").await.unwrap().json()["number"].clone() };
    let seen = timeout(MINUTE, async {
        while number().await != 2 {
            tokio::task::yield_now().await;
        }
    });
    seen.await.expect("published within a minute");
    let list = client.get("/status/revocations", "").await.unwrap().text();
    let list = RevocationList::open(&list, &methods(&client).await).unwrap();
    assert_eq!(list.status_of(&ours(9), now()), Status::Revoked);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn divocs_question_is_answered_by_the_certificates_id_alone() {
    const ROUTES: [&str; 2] = ["/divoc/api/v1/certificate/revoked", "/cert/api/certificate/revoked"];
    let ask = async |client: &Client, route: &str, credential: &Value| {
        let body = Some(("application/json", credential.to_string().into_bytes()));
        client.send("POST".parse().unwrap(), route, "", &[], body).await.unwrap()
    };
    let lists = Lists::start(|_| {}).await;
    let answer = lists.service.client.certify("v1", &json!([people::event(1, 1)])).await.unwrap();
    let path = answer.json()["certificates"][0]["links"]["credential"].as_str().unwrap().to_owned();
    let credential = lists.service.client.get(&path, "fetcher").await.unwrap().json();
    let id = credential["evidence"][0]["certificateId"].as_str().unwrap().to_owned();
    for route in ROUTES {
        let stranger = json!({ "evidence": [{ "certificateId": "123456789" }] });
        for asked in [&credential, &stranger] {
            let answer = ask(&lists.service.client, route, asked).await;
            assert_eq!(
                (answer.status, answer.json()),
                (
                    404,
                    json!({
                        "type": "urn:divoc:problem:not-revoked", "title": "Not revoked", "status": 404,
                        "detail": "the certificate is not revoked",
                    })
                )
            );
        }
        for nothing in
            [json!({}), json!([]), json!({ "evidence": [] }), json!({ "evidence": [{ "certificateId": "a/b" }] })]
        {
            let answer = ask(&lists.service.client, route, &nothing).await;
            assert_eq!(
                (answer.status, answer.json()),
                (
                    400,
                    json!({
                        "type": "urn:divoc:problem:no-evidence", "title": "Not a credential", "status": 400,
                        "detail": "the body is no credential: evidence[0].certificateId is missing or no certificate's id",
                        "errors": [{ "pointer": "/evidence/0/certificateId", "detail": "the id of a certificate" }],
                    })
                ),
                "{nothing}"
            );
        }
    }
    let revoke = format!("/divoc/api/v1/certificate/{id}");
    let revoked = lists.service.client.send("DELETE".parse().unwrap(), &revoke, "certifier", &[], None).await.unwrap();
    assert_eq!(revoked.status, 200, "{}", revoked.text());
    for route in ROUTES {
        let answer = ask(&lists.service.client, route, &credential).await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "certificateId": id, "status": "revoked" })));
    }
    // The lists know it, too.
    publish(&lists.app).await.unwrap();
    let certificate_id = CertificateId::parse(&id).unwrap();
    let position = certificate_id.position().unwrap();
    assert_eq!(lists.newest().await.status_of(&certificate_id, now()), Status::Revoked);
    assert!(lists.bits(position.list(), Purpose::Revocation).await.is_set(position));

    for (status, name) in [
        (Status::Revoked, Some("revoked")),
        (Status::Superseded, Some("superseded")),
        (Status::Suspended { until: now() + Duration::HOUR }, Some("suspended")),
        (Status::Suspended { until: now() - Duration::SECOND }, None),
    ] {
        let lists = Lists::start(|app| {
            app.journal = Arc::new(Answering { inner: app.journal.clone(), status: Some(status), numbers: 0 });
        })
        .await;
        // Dose and beneficiary are altered, as nobody could prove.
        let mut altered = credential.clone();
        altered["evidence"][0]["dose"] = 9.into();
        altered["credentialSubject"]["refId"] = "0".into();
        for route in ROUTES {
            let answer = ask(&lists.service.client, route, &altered).await;
            let body = answer.json();
            match name {
                Some(name) => assert_eq!((answer.status, body), (200, json!({ "certificateId": id, "status": name }))),
                None => {
                    assert_eq!((answer.status, body["type"].as_str()), (404, Some("urn:divoc:problem:not-revoked")));
                }
            }
        }
    }
}

/// A journal that says of every certificate, and of how many numbers were taken, what a test wants.
struct Answering {
    inner: Arc<dyn Journal>,
    status: Option<Status>,
    numbers: u64,
}

#[async_trait]
impl Journal for Answering {
    async fn changes(&self, from: OffsetDateTime, to: OffsetDateTime) -> Result<Vec<StatusChange>> {
        self.inner.changes(from, to).await
    }

    async fn all_changes(&self) -> Result<Vec<StatusChange>> {
        self.inner.all_changes().await
    }

    async fn numbers_taken(&self) -> Result<u64> {
        Ok(self.numbers)
    }

    async fn published(&self) -> Result<Option<Published>> {
        self.inner.published().await
    }

    async fn record(&self, published: &Published) -> Result<bool> {
        self.inner.record(published).await
    }

    async fn status_of(&self, _certificate: &CertificateId) -> Result<Option<Status>> {
        Ok(self.status)
    }
}

/// Part of a process that is killed at a chosen write: when the counter reaches 0, before or after it took effect. From then on nothing is written.
struct Mortal<T: ?Sized> {
    inner: Arc<T>,
    counter: Arc<AtomicI64>,
    acts_first: bool,
}

impl<T: ?Sized> Mortal<T> {
    async fn write<A>(&self, work: impl Future<Output = Result<A>> + Send) -> Result<A> {
        let left = self.counter.fetch_add(1, Ordering::SeqCst) + 1;
        if left < 0 {
            return work.await;
        }
        if left == 0 && self.acts_first {
            work.await?;
        }
        bail!("the process is gone")
    }
}

#[async_trait]
impl Files for Mortal<dyn PublicFiles> {
    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.inner.read(key).await
    }

    async fn write(&self, key: &str, bytes: &[u8], media_type: &str) -> Result<bool> {
        self.write(self.inner.write(key, bytes, media_type)).await
    }
}

#[async_trait]
impl PublicFiles for Mortal<dyn PublicFiles> {
    async fn replace(&self, key: &str, bytes: &[u8], media_type: &str) -> Result<()> {
        self.write(self.inner.replace(key, bytes, media_type)).await
    }
}

#[async_trait]
impl Journal for Mortal<dyn Journal> {
    async fn changes(&self, from: OffsetDateTime, to: OffsetDateTime) -> Result<Vec<StatusChange>> {
        self.inner.changes(from, to).await
    }

    async fn all_changes(&self) -> Result<Vec<StatusChange>> {
        self.inner.all_changes().await
    }

    async fn numbers_taken(&self) -> Result<u64> {
        self.inner.numbers_taken().await
    }

    async fn published(&self) -> Result<Option<Published>> {
        self.inner.published().await
    }

    async fn record(&self, published: &Published) -> Result<bool> {
        self.write(self.inner.record(published)).await
    }

    async fn status_of(&self, certificate: &CertificateId) -> Result<Option<Status>> {
        self.inner.status_of(certificate).await
    }
}

/// Files in memory: a bucket that was emptied.
#[derive(Default)]
struct Shelf(Mutex<HashMap<String, Vec<u8>>>);

#[async_trait]
impl Files for Shelf {
    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.0.lock().await.get(key).cloned())
    }

    async fn write(&self, key: &str, bytes: &[u8], _media_type: &str) -> Result<bool> {
        let mut kept = self.0.lock().await;
        let is_new = !kept.contains_key(key);
        if is_new {
            kept.insert(key.to_owned(), bytes.to_vec());
        }
        Ok(is_new)
    }
}

#[async_trait]
impl PublicFiles for Shelf {
    async fn replace(&self, key: &str, bytes: &[u8], _media_type: &str) -> Result<()> {
        self.0.lock().await.insert(key.to_owned(), bytes.to_vec());
        Ok(())
    }
}
