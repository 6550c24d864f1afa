//! Reconciliation of earlier doses, from outside: what a later report says of them corrects their certificates once, whatever dies; or an administrator decides.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use issuer::{
    App,
    config::Policy,
    ports::Drawer,
    reconcile::{Round, work},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tests::{Answer, Service, doomed::Doomed, people, service};

/// A service that reconciles when the test says so, with the parts that its worker has.
struct Scene {
    service: Service,
    app: App,
}

impl Scene {
    async fn with(change: impl FnOnce(&mut App)) -> Self {
        let seen: Arc<Mutex<Option<App>>> = Arc::default();
        let service = Service::with(|app| {
            app.clock = service::clock;
            change(app);
            *seen.lock().unwrap() = Some(app.clone());
        })
        .await;
        let app = seen.lock().unwrap().take().unwrap();
        Self { service, app }
    }

    async fn policy(policy: Policy) -> Self {
        Self::with(|app| {
            let mut config = (*app.config).clone();
            config.reconcile.policy = policy;
            app.config = Arc::new(config);
        })
        .await
    }

    async fn certified(&self, schema: &str, event: &Value) -> String {
        let answer = self.service.client.certify(schema, &json!([event])).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned()
    }

    async fn work(&self) -> Round {
        work(&self.app, Duration::from_secs(30)).await.unwrap()
    }

    /// Works after so many seconds.
    async fn work_after(&self, seconds: i64) -> Round {
        service::pass(seconds);
        self.work().await
    }

    /// The statuses and ids of the certificates of a slot, oldest first, by any of them.
    async fn history(&self, id: &str) -> Vec<(String, String)> {
        let path = format!("/divoc/api/v1/certificate/{id}/history");
        let history = self.service.client.get(&path, "admin").await.unwrap().json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let all = history["certificates"].as_array().unwrap();
        all.iter().map(|it| (text(&it["certificateId"]), text(&it["status"]))).collect()
    }

    async fn credential(&self, id: &str) -> Value {
        let path = format!("/certificate/api/credential/{id}");
        self.service.client.get(&path, "fetcher").await.unwrap().json()
    }

    async fn list(&self, state: &str) -> Vec<Value> {
        let path = format!("/divoc/api/v1/reconciliations?state={state}");
        let answer = self.service.client.get(&path, "admin").await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["reconciliations"].as_array().unwrap().clone()
    }

    async fn decide(&self, id: &str, decision: &str) -> Answer {
        let path = format!("/divoc/api/v1/reconciliations/{id}/decision");
        let body = Some(("application/json", json!({ "decision": decision }).to_string().into_bytes()));
        self.service.client.send(Method::POST, &path, "admin", &[], body).await.unwrap()
    }

    /// What is kept of reports that nobody has looked at.
    async fn statements(&self) -> Vec<String> {
        let mut found = Vec::new();
        for folder in 0..16_u8 {
            let folder = format!("{folder:x}");
            let sheets = self.app.cabinet.sheets(Drawer::Reconciliations, &folder, None, 100, (self.app.clock)());
            found.extend(sheets.await.unwrap().into_iter().map(|sheet| sheet.text));
        }
        found
    }
}

/// The person's second dose, whose report says this of earlier ones.
fn second(person: u64, vaccinations: &Value) -> Value {
    let mut event = people::event(person, 2);
    event["recipient"]["name"] = json!("Asha Renamed");
    event["meta"] = json!({ "vaccinations": vaccinations });
    event
}

fn to_review(many: u64) -> Round {
    Round { to_review: many, ..Round::default() }
}

fn absent(many: u64) -> Round {
    Round { absent: many, ..Round::default() }
}

fn other_batch() -> Value {
    json!([{ "dose": 1, "name": "Covishield", "manufacturer": "Serum Institute of India", "date": "2021-01-05", "batch": "B1-4121Z" }])
}

#[tokio::test]
async fn a_contradicted_certificate_is_corrected_once() {
    let scene = Scene::policy(Policy::Update).await;
    let first = scene.certified("v1", &people::event(1, 1)).await;
    let before = scene.credential(&first).await;
    let later = scene.certified("v1", &second(1, &other_batch())).await;
    assert!(!scene.statements().await[0].contains("Asha"), "the person lies in the table in clear");

    assert_eq!(scene.work().await, Round { corrected: 1, ..Round::default() });
    assert_eq!(scene.work().await, Round::default());
    let history = scene.history(&first).await;
    let corrected = history[1].0.clone();
    let (valid, superseded) = ("valid".to_owned(), "superseded".to_owned());
    assert_eq!(history, [(first.clone(), superseded), (corrected.clone(), valid.clone())]);
    assert_eq!(scene.history(&later).await, [(later, valid)]);

    // The report's batch and person; all else stays, to the moment of the dose.
    let after = scene.credential(&corrected).await;
    let mut expected = before["evidence"][0].clone();
    expected["batch"] = json!("B1-4121Z");
    for name in ["id", "certificateId", "infoUrl", "feedbackUrl"] {
        expected[name] = after["evidence"][0][name].clone();
    }
    assert_eq!(after["evidence"][0], expected);
    assert_eq!(after["credentialSubject"]["name"], "Asha Renamed");
    let log = scene.service.client.get(&format!("/divoc/api/v1/certificate/{corrected}/history"), "admin").await;
    let log = log.unwrap().text();
    assert!(log.contains("reconciliation"), "{log}");

    // The same report again is the same event: nothing is said anew.
    scene.certified("v1", &second(1, &other_batch())).await;
    assert_eq!(scene.work().await, Round::default());
}

#[tokio::test]
async fn what_agrees_or_has_no_certificate_is_left() {
    let scene = Scene::policy(Policy::Update).await;
    let first = scene.certified("v1", &people::event(1, 1)).await;
    let mut agrees = other_batch();
    agrees[0]["batch"] = json!("B1-4120Z");
    scene.certified("v1", &second(1, &agrees)).await;
    // Of this person dose 1 was never certified.
    scene.certified("v1", &second(2, &other_batch())).await;
    assert_eq!(scene.work().await, Round { agreed: 1, absent: 1, ..Round::default() });
    assert_eq!(scene.history(&first).await[0], (first, "valid".to_owned()));
}

#[tokio::test]
async fn of_two_later_reports_the_later_counts() {
    let scene = Scene::policy(Policy::Update).await;
    let first = scene.certified("v1", &people::event(1, 1)).await;
    scene.certified("v1", &second(1, &other_batch())).await;
    let mut third = second(1, &json!([{ "dose": 1, "batch": "the last word" }]));
    third["vaccination"]["dose"] = json!(3);
    scene.certified("v1", &third).await;
    assert_eq!(scene.work().await.corrected, 2);
    let standing = scene.history(&first).await.into_iter().rfind(|(_, status)| status == "valid");
    assert!(standing.is_some());
    let id = scene.service.client.get(&format!("/cert/api/certificateId/{}/1", people::code(1)), "fetcher").await;
    let id = id.unwrap().json()["certificateId"].as_str().unwrap().to_owned();
    assert_eq!(scene.credential(&id).await["evidence"][0]["batch"], "the last word");
}

#[tokio::test]
async fn by_policy_an_administrator_decides() {
    let scene = Scene::policy(Policy::Review).await;
    let first = scene.certified("v1", &people::event(1, 1)).await;
    let untouched = scene.certified("v1", &people::event(2, 1)).await;
    let later = scene.certified("v1", &second(1, &other_batch())).await;
    scene.certified("v1", &second(2, &other_batch())).await;
    assert_eq!(scene.work().await, to_review(2));
    assert_eq!(scene.work().await, Round::default());

    let open = scene.list("open").await;
    assert_eq!(open.len(), 2);
    assert_eq!((&open[0]["certificateId"], &open[0]["reportedWith"]), (&json!(first), &json!(later)));
    let difference = json!({ "member": "batch", "certified": "B1-4120Z", "reported": "B1-4121Z" });
    assert_eq!((&open[0]["state"], &open[0]["differences"]), (&json!("open"), &json!([difference])));
    assert!(!json!(open).to_string().contains("Asha"));
    let id = |index: usize| open[index]["reconciliationId"].as_str().unwrap().to_owned();

    let accepted = scene.decide(&id(0), "accepted").await;
    assert_eq!(accepted.status, 200, "{}", accepted.text());
    assert_eq!(scene.decide(&id(0), "accepted").await, accepted);
    assert_eq!(scene.decide(&id(0), "declined").await.status, 409);
    let successor = accepted.json()["successor"].as_str().unwrap().to_owned();
    assert_eq!(scene.credential(&successor).await["evidence"][0]["batch"], "B1-4121Z");
    let declined = scene.decide(&id(1), "declined").await;
    assert_eq!((declined.status, &declined.json()["ending"]), (200, &json!("left")));
    assert_eq!(scene.history(&untouched).await[0], (untouched, "valid".to_owned()));
    assert_eq!(scene.list("open").await, Vec::<Value>::new());
    assert_eq!(scene.list("decided").await.len(), 2);

    assert_eq!(scene.decide("nothing", "declined").await.status, 404);
    let undecided = scene.decide(&id(1), "maybe").await;
    assert_eq!((undecided.status, &undecided.json()["errors"][0]["pointer"]), (422, &json!("/decision")));
    let wrong = scene.service.client.get("/divoc/api/v1/reconciliations?state=all", "admin").await.unwrap();
    assert_eq!(wrong.status, 400);
}

#[tokio::test]
async fn what_cannot_be_corrected_is_for_an_administrator() {
    let scene = Scene::policy(Policy::Update).await;
    // A suspended certificate is not corrected.
    let suspended = scene.certified("v1", &people::event(1, 1)).await;
    let until = json!({ "until": "2027-11-01T00:00:00Z" }).to_string().into_bytes();
    let path = format!("/divoc/api/v1/certificate/{suspended}/suspension");
    let body = || Some(("application/json", until.clone()));
    assert_eq!(scene.service.client.send(Method::PUT, &path, "admin", &[], body()).await.unwrap().status, 200);
    scene.certified("v1", &second(1, &other_batch())).await;
    // The later report has no gender, which the earlier certificate's schema wants.
    scene.certified("v1", &people::event(2, 1)).await;
    let mut international = second(2, &other_batch());
    international["recipient"].as_object_mut().unwrap().remove("gender");
    scene.certified("v3", &international).await;
    assert_eq!(scene.work().await, to_review(2));

    let open = scene.list("open").await;
    let id = open[0]["reconciliationId"].as_str().unwrap();
    assert_eq!(scene.decide(id, "accepted").await.status, 409);
    assert_eq!(scene.service.client.send(Method::DELETE, &path, "admin", &[], None).await.unwrap().status, 200);
    assert_eq!(scene.decide(id, "accepted").await.json()["ending"], "corrected");
    let id = open[1]["reconciliationId"].as_str().unwrap();
    assert_eq!(scene.decide(id, "accepted").await.status, 409);
}

#[tokio::test]
async fn switched_off_nothing_is_kept() {
    let scene = Scene::policy(Policy::Off).await;
    scene.certified("v1", &people::event(1, 1)).await;
    scene.certified("v1", &second(1, &other_batch())).await;
    assert_eq!(scene.statements().await, Vec::<String>::new());
}

#[tokio::test]
async fn nonsense_about_earlier_doses_is_refused_and_nothing_stored() {
    let scene = Scene::policy(Policy::Update).await;
    let nonsense = second(1, &json!([{ "dose": 1, "batch": "A", "date": "yesterday" }, { "dose": 1, "batch": [] }]));
    let answer = scene.service.client.certify("v1", &json!([nonsense])).await.unwrap();
    assert_eq!(answer.status, 422);
    let pointers: Vec<Value> =
        answer.json()["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].clone()).collect();
    assert_eq!(pointers, ["/0/meta/vaccinations/0/date", "/0/meta/vaccinations/1/batch"]);
    let path = format!("/certificate/api/certificatePDF/{}", people::code(1));
    assert_eq!(scene.service.client.head(&path, "fetcher").await.unwrap().status, 404);
}

#[tokio::test]
async fn a_worker_that_dies_anywhere_leaves_one_correction() {
    for acts_first in [false, true] {
        for call in 1..=3 {
            let mortal: Arc<Mutex<Option<Arc<service::Mortal>>>> = Arc::default();
            let scene = Scene::with(|app| {
                let store = service::Mortal::new(app.store.clone(), i64::MAX, acts_first);
                *mortal.lock().unwrap() = Some(store.clone());
                app.store = store;
            })
            .await;
            let mortal = mortal.lock().unwrap().take().unwrap();
            let first = scene.certified("v1", &people::event(1, 1)).await;
            scene.certified("v1", &second(1, &other_batch())).await;
            mortal.die_after(call);
            let round = scene.work().await;
            assert_eq!((mortal.died(), round.waiting), (call < 3, u64::from(call < 3)), "call {call}");
            mortal.revive();
            // The lease of the dead.
            service::pass(9);
            scene.work().await;
            assert_eq!(scene.statements().await, Vec::<String>::new());
            let history = scene.history(&first).await;
            let of_first: Vec<_> = history.iter().map(|(_, status)| status.as_str()).collect();
            assert_eq!(of_first.iter().filter(|status| **status == "superseded").count(), 1, "{of_first:?}");
        }
    }
}

#[tokio::test]
async fn however_many_work_the_later_report_counts() {
    let scene = Scene::policy(Policy::Update).await;
    for person in 0..8 {
        scene.certified("v1", &people::event(person, 1)).await;
        scene.certified("v1", &second(person, &other_batch())).await;
        let mut third = second(person, &json!([{ "dose": 1, "batch": "the last word" }]));
        third["vaccination"]["dose"] = json!(3);
        scene.certified("v1", &third).await;
    }
    let (one, two, three) = tokio::join!(scene.work(), scene.work(), scene.work());
    assert_eq!(one.corrected + two.corrected + three.corrected, 16);
    for person in 0..8 {
        let path = format!("/cert/api/certificateId/{}/1", people::code(person));
        let id = scene.service.client.get(&path, "fetcher").await.unwrap().json()["certificateId"].clone();
        let id = id.as_str().unwrap();
        assert_eq!(scene.credential(id).await["evidence"][0]["batch"], "the last word");
        assert_eq!(scene.history(id).await.len(), 3);
    }
}

#[tokio::test]
async fn a_dose_that_is_certified_after_its_mention_is_compared_and_an_administrator_decides() {
    for policy in [Policy::Update, Policy::Review] {
        let scene = Scene::policy(policy).await;
        let later = scene.certified("v1", &second(1, &other_batch())).await;
        assert_eq!(scene.work().await, absent(1));
        assert_eq!(scene.work().await, Round::default(), "it is not looked at all the time");
        assert_eq!(scene.work_after(15 * MINUTE).await, absent(1));
        assert!(!scene.statements().await[0].contains("Asha"));

        let first = scene.certified("v1", &people::event(1, 1)).await;
        assert_eq!(scene.work_after(HOUR).await, to_review(1));
        assert_eq!(scene.statements().await, Vec::<String>::new());
        assert_eq!(scene.work_after(100 * DAY).await, Round::default());

        let open = scene.list("open").await;
        assert_eq!(open.len(), 1);
        assert_eq!((&open[0]["certificateId"], &open[0]["reportedWith"]), (&json!(first), &json!(later)));
        assert_eq!(scene.history(&first).await, [(first, "valid".to_owned())]);
        let accepted = scene.decide(open[0]["reconciliationId"].as_str().unwrap(), "accepted").await.json();
        let successor = accepted["successor"].as_str().unwrap();
        assert_eq!(scene.credential(successor).await["evidence"][0]["batch"], "B1-4121Z");
    }
}

#[tokio::test]
async fn a_dose_that_is_certified_later_and_agrees_leaves_nothing() {
    let scene = Scene::policy(Policy::Update).await;
    let mut agrees = other_batch();
    agrees[0]["batch"] = json!("B1-4120Z");
    scene.certified("v1", &second(1, &agrees)).await;
    assert_eq!(scene.work().await, absent(1));
    scene.certified("v1", &people::event(1, 1)).await;
    assert_eq!(scene.work_after(15 * MINUTE).await, Round { agreed: 1, ..Round::default() });
    assert_eq!(scene.statements().await, Vec::<String>::new());
    assert_eq!(scene.list("open").await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_mention_does_not_overrule_what_is_certified_or_corrected_before_anybody_looks() {
    let scene = Scene::policy(Policy::Update).await;
    scene.certified("v1", &second(1, &other_batch())).await;
    service::pass(1);
    let late = scene.certified("v1", &people::event(1, 1)).await;
    let mut corrected = people::event(2, 1);
    scene.certified("v1", &corrected).await;
    scene.certified("v1", &second(2, &other_batch())).await;
    service::pass(1);
    corrected["vaccination"]["batch"] = json!("the source's own correction");
    let body = Some(("application/json", json!([corrected]).to_string().into_bytes()));
    let path = "/divoc/api/v1/certificate";
    let answer = scene.service.client.send(Method::PUT, path, "certifier", &[], body).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());

    assert_eq!(scene.work().await, to_review(2));
    assert_eq!(scene.history(&late).await, [(late, "valid".to_owned())]);
}

#[tokio::test]
async fn of_several_doses_each_goes_its_way() {
    let scene = Scene::policy(Policy::Update).await;
    scene.certified("v1", &people::event(1, 2)).await;
    let mut third = second(1, &json!([{ "dose": 1, "batch": "B1-4121Z" }, { "dose": 2, "batch": "B2-4121Z" }]));
    third["vaccination"]["dose"] = json!(3);
    scene.certified("v1", &third).await;
    assert_eq!(scene.work().await, Round { corrected: 1, absent: 1, ..Round::default() });
    scene.certified("v1", &people::event(1, 1)).await;
    assert_eq!(scene.work_after(15 * MINUTE).await, to_review(1));
    assert_eq!(scene.list("open").await[0]["dose"], 1);
}

#[tokio::test]
async fn a_dose_that_never_comes_is_looked_for_ten_times_in_ninety_days() {
    let scene = Scene::policy(Policy::Update).await;
    scene.certified("v1", &second(1, &other_batch())).await;
    let mut looks = scene.work().await.absent;
    for _ in 0..8 {
        looks += scene.work_after(15 * MINUTE).await.absent;
    }
    for _ in 0..90 {
        assert_eq!(scene.statements().await.len(), 1);
        looks += scene.work_after(DAY).await.absent;
    }
    assert!((8..=11).contains(&looks), "{looks}");
    assert_eq!(scene.statements().await, Vec::<String>::new());
    scene.certified("v1", &people::event(1, 1)).await;
    assert_eq!(scene.work_after(DAY).await, Round::default());
}

#[tokio::test]
async fn switched_off_what_waits_is_taken_away() {
    let mut scene = Scene::policy(Policy::Update).await;
    scene.certified("v1", &second(1, &other_batch())).await;
    assert_eq!(scene.work().await, absent(1));
    scene.certified("v1", &people::event(1, 1)).await;
    let mut config = (*scene.app.config).clone();
    config.reconcile.policy = Policy::Off;
    scene.app.config = Arc::new(config);
    assert_eq!(scene.work_after(15 * MINUTE).await, Round::default());
    assert_eq!(scene.statements().await, Vec::<String>::new());
    assert_eq!(scene.list("open").await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_worker_that_dies_anywhere_keeps_what_waits_and_compares_it_once() {
    for write in 1..=3 {
        let doomed: Arc<Mutex<Option<Arc<Doomed>>>> = Arc::default();
        let scene = Scene::with(|app| *doomed.lock().unwrap() = Some(Doomed::in_place_of(app))).await;
        let doomed = doomed.lock().unwrap().take().unwrap();
        // The answer to the last write is not heard, and the next is not made.
        let dies = async || {
            doomed.die_after(write);
            let _ = work(&scene.app, Duration::from_secs(30)).await;
            assert!(doomed.revive(), "a round has {write} writes");
            // The lease of the dead.
            scene.work_after(3 * MINUTE + 1).await;
        };
        scene.certified("v1", &second(1, &other_batch())).await;
        dies().await;
        assert_eq!(scene.statements().await.len(), 1);

        let first = scene.certified("v1", &people::event(1, 1)).await;
        service::pass(HOUR);
        dies().await;
        assert_eq!((scene.statements().await.len(), scene.list("open").await.len()), (0, 1));
        let id = scene.list("open").await[0]["reconciliationId"].as_str().unwrap().to_owned();
        assert_eq!(scene.decide(&id, "declined").await.status, 200);
        assert_eq!(scene.work_after(100 * DAY).await, Round::default());
        assert_eq!(scene.list("open").await, Vec::<Value>::new());
        assert_eq!(scene.history(&first).await, [(first, "valid".to_owned())]);
    }
}

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
