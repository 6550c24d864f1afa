//! The check of a day, from outside: what sources declare, what the log says and what certificates say; what fits only two of them is found, once, whatever
//! dies; the report is signed.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use anyhow::Result;
use async_trait::async_trait;
use credential::{
    chain::{Entry, Seal},
    checked,
};
use issuer::{
    App,
    ports::{Commit, Ledger, Remark},
    reconcile::check::work,
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tests::{Answer, Service, bulk, doomed::Doomed, people, service};
use time::{Date, OffsetDateTime};

/// A service, and a worker that checks its days when the test says so.
struct Scene {
    service: Service,
    app: App,
    doomed: Arc<Doomed>,
    /// Shortly before anything happened, and its day.
    from: OffsetDateTime,
    day: Date,
}

impl Scene {
    async fn start() -> Self {
        let seen = Arc::new(Mutex::new(None));
        let service = Service::with(|app| {
            app.clock = service::clock;
            let doomed = Doomed::in_place_of(app);
            *seen.lock().unwrap() = Some((app.clone(), doomed));
        })
        .await;
        let (mut app, doomed) = seen.lock().unwrap().take().unwrap();
        // Not near midnight: what is certified and what is declared shall be of one day.
        let left = 86_400 - service::clock().unix_timestamp().rem_euclid(86_400);
        service::pass(if left < 600 { left + 1 } else { 0 });
        let from = service::clock() - time::Duration::MINUTE;
        app.ledger = Arc::new(Log { ledger: app.ledger.clone(), from, lost: String::new(), invented: None });
        Self { service, app, doomed, from, day: service::clock().date() }
    }

    async fn certified(&self, event: &Value) -> String {
        let answer = self.service.client.certify("v1", &json!([event])).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned()
    }

    async fn declare(&self, lines: &[Value]) -> Answer {
        let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
        self.declare_text(&format!("/divoc/api/v1/declarations/{}", self.day), &lines.join("\n")).await
    }

    async fn declare_text(&self, path: &str, text: &str) -> Answer {
        let body = Some(("application/jsonl", text.as_bytes().to_vec()));
        self.service.client.send(Method::POST, path, "certifier", &[], body).await.unwrap()
    }

    async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
        self.service.client.send(method, &format!("/divoc/api/v1/checks{path}"), "admin", &[], body).await.unwrap()
    }

    /// The report of the day, its signature checked.
    async fn report(&self) -> Value {
        let answer = self.admin(Method::GET, &format!("/{}/report", self.day), None).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/jose"), "{}", answer.text());
        let methods: Vec<_> = self.app.key_ring.keys().await.unwrap().into_iter().map(|known| known.method).collect();
        serde_json::from_str(&checked::open(&answer.text(), &methods).unwrap()).unwrap()
    }
}

/// The log of some minutes from an instant on: every other minute of the day is known to be quiet, and not asked for. It may have lost a certificate, and have
/// one that never was.
struct Log {
    ledger: Arc<dyn Ledger>,
    from: OffsetDateTime,
    lost: String,
    invented: Option<&'static str>,
}

#[async_trait]
impl Ledger for Log {
    async fn entries(&self, from: OffsetDateTime, until: OffsetDateTime) -> Result<Vec<Entry>> {
        if until < self.from || from > self.from + time::Duration::minutes(5) {
            return Ok(Vec::new());
        }
        let mut entries = self.ledger.entries(from, until).await?;
        let issued = entries.iter().find(|entry| entry.members["event"] == "issued").cloned();
        entries.retain(|entry| entry.members["id"] != self.lost);
        entries.extend(issued.zip(self.invented).map(|(mut entry, id)| {
            entry.members.insert("id".into(), id.into());
            entry
        }));
        Ok(entries)
    }

    async fn last_seal(&self) -> Result<Option<Seal>> {
        self.ledger.last_seal().await
    }

    async fn seals(&self, from: u64, most: usize) -> Result<Vec<Seal>> {
        self.ledger.seals(from, most).await
    }

    async fn append(&self, seal: &Seal) -> Result<Commit> {
        self.ledger.append(seal).await
    }

    async fn remark(&self, remarks: &[Remark]) -> Result<()> {
        self.ledger.remark(remarks).await
    }
}

const PATIENCE: Duration = Duration::from_mins(5);

#[tokio::test]
async fn whatever_fits_only_two_of_three_is_found_and_the_report_is_signed() {
    let scene = Scene::start().await;
    let mut ids = BTreeMap::new();
    for person in [1, 2, 3, 5, 6] {
        ids.insert(person, scene.certified(&people::event(person, 1)).await);
    }
    let mut otherwise = people::event(2, 1);
    otherwise["vaccination"]["batch"] = json!("never certified");
    let lines = [
        people::event(1, 1),
        otherwise,
        people::event(4, 1),
        // Who and what alone.
        json!({ "preEnrollmentCode": people::code(5), "programId": "C19", "dose": 1 }),
        people::event(6, 1),
    ];
    let declared = scene.declare(&lines).await;
    assert_eq!((declared.status, &declared.json()["lines"]), (201, &json!(5)), "{}", declared.text());
    assert_eq!(scene.declare(&lines).await, declared);
    let declaration = declared.json()["declarationId"].clone();

    service::pass(86_400 + 3_700);
    let (from, invented) = (scene.from, Some("10000000000000000777"));
    let ledger = Arc::new(Log { ledger: scene.app.ledger.clone(), from, lost: ids[&6].clone(), invented });
    let app = App { ledger, ..scene.app.clone() };
    assert_eq!(scene.admin(Method::GET, &format!("/{}/report", scene.day), None).await.status, 404);
    assert!(!work(&app, PATIENCE).await.unwrap());

    let report = scene.report().await;
    assert_eq!(
        report["findings"],
        json!({ "certifiedOtherwise": 1, "loggedNotStored": 1, "notCertified": 1, "notDeclared": 1, "storedNotLogged": 1 }),
        "{report}"
    );
    assert_eq!([&report["logged"], &report["declared"], &report["agreed"]], [5, 5, 2], "{report}");
    assert_eq!(report["sources"], json!({ "development-certifier": 5 }));
    assert_eq!((&report["day"], &report["state"]), (&json!(scene.day.to_string()), &json!("done")));
    let examples = report["examples"].as_array().unwrap();
    let about = |kind: &str| examples.iter().find(|example| example["finding"] == kind).unwrap();
    assert_eq!(about("notDeclared")["certificateId"], ids[&3].as_str());
    assert_eq!(about("storedNotLogged")["certificateId"], ids[&6].as_str());
    assert_eq!(about("certifiedOtherwise")["certificateId"], ids[&2].as_str());
    assert_eq!((&about("notCertified")["declaration"], &about("notCertified")["line"]), (&declaration, &json!(3)));
    assert!(!report.to_string().contains("SYN-"), "{report}");

    // Checked once: the next night is another day. A late declaration is why an administrator has it checked anew.
    assert!(!work(&app, PATIENCE).await.unwrap());
    let list = scene.admin(Method::GET, "", None).await.json();
    assert_eq!((&list["checks"][0]["attempt"], list["checks"].as_array().unwrap().len()), (&json!(1), 1));
    assert_eq!(scene.declare(&[people::event(3, 1)]).await.status, 201);
    let begun = scene.admin(Method::POST, "", Some(json!({ "day": scene.day.to_string() }))).await;
    assert_eq!((begun.status, &begun.json()["attempt"]), (202, &json!(2)));
    assert_eq!(begun.header("location"), format!("/divoc/api/v1/checks/{}", scene.day));
    let progress = scene.admin(Method::GET, &format!("/{}", scene.day), None).await.json();
    assert_eq!((&progress["state"], &progress["percent"]), (&json!("running"), &json!(0)));
    assert!(!work(&scene.app, PATIENCE).await.unwrap());
    let report = scene.report().await;
    assert_eq!(
        (&report["attempt"], &report["findings"]),
        (&json!(2), &json!({ "certifiedOtherwise": 1, "notCertified": 1 }))
    );
    assert_eq!([&report["logged"], &report["declared"], &report["agreed"]], [5, 6, 4]);
}

#[tokio::test]
async fn days_before_the_service_began_are_not_checked() {
    let scene = Scene::start().await;
    // The chain begins some minutes before the first seal: they shall be of one day.
    service::pass(1_200);
    issuer::audit::seal(&scene.app).await.unwrap();
    assert!(!work(&scene.app, PATIENCE).await.unwrap());
    assert_eq!(scene.admin(Method::GET, "", None).await.json()["checks"], json!([]));
    service::pass(86_400 + 3_700);
    assert!(!work(&scene.app, PATIENCE).await.unwrap());
    assert_eq!(scene.admin(Method::GET, "", None).await.json()["checks"][0]["day"], scene.day.to_string());
}

#[tokio::test]
async fn the_rows_of_an_uploaded_file_are_looked_for_too() {
    let scene = Scene::start().await;
    // This one is certified with other details than the file's, so that its row fails.
    scene.certified(&people::event(3, 1)).await;
    let rows: String = (1..=5).map(|person| bulk::vaccination(person, 1, "02-Jan-1980")).collect();
    let file = format!("{}{rows}", bulk::VACCINATIONS);
    let told = bulk::through(&scene.service.client, "officer", "vaccination", file.as_bytes()).await.unwrap();
    assert_eq!([&told["certified"], &told["failed"]], [4, 1], "{told}");
    service::pass(86_400 + 3_700);
    assert!(!work(&scene.app, PATIENCE).await.unwrap());
    let report = scene.report().await;
    assert_eq!([&report["logged"], &report["declared"], &report["agreed"]], [5, 5, 4], "{report}");
    assert_eq!((&report["findings"], &report["sources"]), (&json!({ "certifiedOtherwise": 1 }), &json!({})));
}

#[tokio::test]
async fn a_check_that_dies_again_and_again_counts_nothing_twice() {
    let scene = Scene::start().await;
    for person in 1..=3 {
        scene.certified(&people::event(person, 1)).await;
    }
    assert_eq!(scene.declare(&[people::event(1, 1), people::event(9, 1)]).await.status, 201);
    service::pass(86_400 + 3_700);
    let (mut deaths, mut writes) = (0, 1);
    loop {
        scene.doomed.die_after(writes);
        let done = work(&scene.app, PATIENCE).await;
        if !scene.doomed.revive() {
            assert!(!done.unwrap());
            break;
        }
        assert!(done.is_err());
        deaths += 1;
        writes += 5;
        // The lease of the dead.
        service::pass(301);
    }
    assert!(deaths > 3, "{deaths}");
    let report = scene.report().await;
    assert_eq!([&report["logged"], &report["declared"], &report["agreed"]], [3, 2, 1], "{report}");
    assert_eq!(report["findings"], json!({ "notCertified": 1, "notDeclared": 2 }));
}

#[tokio::test]
async fn a_worker_without_time_leaves_the_rest_and_another_goes_on() {
    let scene = Scene::start().await;
    scene.certified(&people::event(1, 1)).await;
    service::pass(86_400 + 3_700);
    assert!(work(&scene.app, Duration::ZERO).await.unwrap());
    // Of a certificate whose key is in other hands nothing is believed any more.
    let keys = scene.service.client.get("/divoc/api/v1/keys", "admin").await.unwrap().json();
    let current = keys["keys"].as_array().unwrap().iter().find(|key| key["signs"] == "certificates").unwrap();
    let path = format!("/divoc/api/v1/keys/{}/compromise", current["thumbprint"].as_str().unwrap());
    let body = Some(("application/json", json!({ "reason": "compromise" }).to_string().into_bytes()));
    assert_eq!(scene.service.client.send(Method::POST, &path, "admin", &[], body).await.unwrap().status, 200);
    assert!(!work(&scene.app, PATIENCE).await.unwrap());
    assert_eq!(scene.report().await["findings"], json!({ "notVerifiable": 1 }));
}

#[tokio::test]
async fn a_declaration_is_checked_as_a_whole() {
    let scene = Scene::start().await;
    let path = format!("/divoc/api/v1/declarations/{}", scene.day);
    let mut wrong = people::event(1, 1);
    wrong["vaccination"]["dose"] = json!(0);
    let lines = format!("{wrong}\nnonsense\n{{\"dose\": 1}}\n{}\n", people::event(2, 1));
    let refused = scene.declare_text(&path, &lines).await;
    let pointers: Vec<Value> =
        refused.json()["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].clone()).collect();
    assert_eq!(
        (refused.status, pointers),
        (422, vec!["/0/vaccination/dose".into(), "/1".into(), "/2/preEnrollmentCode".into()])
    );
    assert_eq!(scene.declare_text(&path, "\n\n").await.status, 422);
    assert_eq!(scene.declare_text(&format!("{path}?schema=v2"), "{}").await.status, 400);
    for day in ["today", "2021-02-30", "2021-01-01", "2999-01-01"] {
        assert_eq!(scene.declare_text(&format!("/divoc/api/v1/declarations/{day}"), "{}").await.status, 400, "{day}");
        assert_eq!(scene.admin(Method::POST, "", Some(json!({ "day": day }))).await.status, 400, "{day}");
    }
    assert_eq!(scene.admin(Method::POST, "", Some(json!({}))).await.status, 422);
    let body = Some(("application/json", b"[]".to_vec()));
    let other = scene.service.client.send(Method::POST, &path, "certifier", &[], body).await.unwrap();
    assert_eq!(other.status, 415);
    for path in ["/2021-01-01", "/2021-01-01/report"] {
        assert_eq!(scene.admin(Method::GET, path, None).await.json()["type"], "urn:divoc:problem:no-check");
    }
}
