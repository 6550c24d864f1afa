//! What is counted, who is told which numbers, and what leaves as facts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use anyhow::{Result, bail};
use async_trait::async_trait;
use issuer::{
    App,
    analytics::{Exported, Gatherer, export},
    config::Uses,
    ports::{Cabinet, Commit, Drawer, Files, PublicFiles, Sheet},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::Path, process::Command, sync::Arc, time::Duration};
use tests::{
    Answer, Service, browser, people,
    service::{clock, pass},
};
use time::OffsetDateTime;
use tokio::sync::Mutex;

const ADMIN: &str = "/divoc/api/v1/analytics";
const PUBLIC: &str = "/divoc/api/v1/analytics/public";
const A_DAY: i64 = 86_400;

/// A service, and its parts, to count with as a worker does.
struct Counted {
    service: Service,
    app: App,
}

impl Counted {
    async fn start() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut App)) -> Self {
        let mut parts = None;
        let service = Service::with(|app| {
            app.clock = clock;
            change(app);
            parts = Some(app.clone());
        })
        .await;
        Self { service, app: parts.unwrap() }
    }

    /// Counts as after a start: from where the last one stopped.
    async fn count(&self) -> u64 {
        Gatherer::resume(&self.app).await.unwrap().step(&self.app, Duration::from_mins(1)).await.unwrap()
    }

    async fn certify(&self, event: Value) -> String {
        let answer = ok(self.service.client.certify("v1", &json!([event])).await.unwrap()).json();
        answer["certificates"][0]["certificateId"].as_str().unwrap().to_owned()
    }

    async fn get(&self, path: &str, role: &str) -> Answer {
        self.service.client.get(path, role).await.unwrap()
    }

    async fn post(&self, path: &str, role: &str, body: &Value) -> Answer {
        let body = Some(("application/json", body.to_string().into_bytes()));
        self.service.client.send(Method::POST, path, role, &[], body).await.unwrap()
    }
}

#[tokio::test]
async fn what_was_done_is_counted_once_by_where_and_for_whom() {
    let counted = Counted::start().await;
    let first = counted.certify(people::event(1, 1)).await;
    counted.certify(people::event(1, 2)).await;
    let second = counted.certify(in_state(people::event(2, 1), "KERALA", "Idukki")).await;
    ok(counted.service.client.certify("v1/test", &json!([people::test(3, 4)])).await.unwrap());
    let mut corrected = people::event(1, 1);
    corrected["recipient"]["name"] = "Asha Corrected".into();
    let body = Some(("application/json", json!([corrected]).to_string().into_bytes()));
    ok(counted.service.client.send(Method::PUT, "/divoc/api/v1/certificate", "certifier", &[], body).await.unwrap());
    let path = format!("/divoc/api/v1/certificate/{second}/suspension");
    let until = json!({ "until": format!("{}-12-31T00:00:00Z", OffsetDateTime::now_utc().year() + 1) });
    let body = Some(("application/json", until.to_string().into_bytes()));
    ok(counted.service.client.send(Method::PUT, &path, "admin", &[], body).await.unwrap());
    ok(counted.service.client.send(Method::DELETE, &path, "admin", &[], None).await.unwrap());
    let credential = ok(counted.get(&format!("/certificate/api/credential/{second}"), "fetcher").await).text();
    ok(counted.get("/certificate/api/certificateQRCode/SYN-000000001", "fetcher").await);
    // What the caller has already is no use.
    let etag =
        ok(counted.get("/certificate/api/certificatePDF/SYN-000000001", "fetcher").await).header("etag").to_owned();
    let have = [("if-none-match", etag.as_str())];
    let again = counted
        .service
        .client
        .send(Method::GET, "/certificate/api/certificatePDF/SYN-000000001", "fetcher", &have, None)
        .await;
    assert_eq!(again.unwrap().status, 304);

    assert_eq!(counted.get(&format!("/certificate/api/credential/{first}"), "fetcher").await.status, 410);
    let shown = json!({ "credentials": [serde_json::from_str::<Value>(&credential).unwrap(), "nonsense"] });
    ok(counted.post("/divoc/api/v1/verify", "verifier", &shown).await);
    let path = format!("/divoc/api/v1/certificate/{second}");
    ok(counted.service.client.send(Method::DELETE, &path, "certifier", &[], None).await.unwrap());

    assert_eq!(counted.count().await, 13);
    assert_eq!(counted.count().await, 0, "a worker that starts again counts nothing twice");
    let table = async |query: &str| ok(counted.get(&format!("{ADMIN}?{query}"), "admin").await).json();
    let states = table("").await;
    let values = |table: &Value, kind: &str| table["kinds"][kind]["values"].clone();
    assert_eq!(values(&states, "issued"), json!({ "Karnataka": 3, "Kerala": 1 }));
    assert_eq!(values(&states, "updated"), json!({ "Karnataka": 1 }));
    for kind in ["revoked", "suspended", "lifted"] {
        assert_eq!(values(&states, kind), json!({ "Kerala": 1 }), "{kind}");
    }
    assert_eq!(values(&states, "fetched"), json!({ "Karnataka": 2, "Kerala": 1 }));
    assert_eq!(values(&states, "verified"), json!({ "Kerala": 1, "Unknown": 1 }));
    let today = states["until"].as_str().unwrap();
    assert_eq!(states["kinds"]["issued"]["days"], json!({ today: 4 }));
    assert_eq!(
        (&states["kinds"]["issued"]["total"], &states["by"], &states["state"]),
        (&json!(4), &json!("state"), &Value::Null)
    );

    assert_eq!(values(&table("by=way").await, "fetched"), json!({ "credential": 1, "pdf": 1, "qr": 1 }));
    assert_eq!(values(&table("by=way").await, "verified"), json!({ "invalid": 1, "valid": 1 }));
    assert_eq!(values(&table("by=certificate").await, "issued"), json!({ "test": 1, "vaccination": 3 }));
    assert_eq!(values(&table("by=vaccine").await, "issued"), json!({ "COVISHIELD": 3, "RT-PCR": 1 }));
    assert_eq!(values(&table("by=dose").await, "issued"), json!({ "1": 2, "2": 1, "Unknown": 1 }));
    assert_eq!(values(&table("by=age").await, "issued"), json!({ "40-49": 4 }));
    assert_eq!(values(&table("by=facility").await, "issued"), json!({ "Health centre": 3, "Laboratory": 1 }));
    assert_eq!(values(&table("by=programme").await, "issued"), json!({ "C19": 4 }));
    assert_eq!(values(&table("state=Kerala").await, "issued"), json!({ "Idukki": 1 }));
    assert_eq!(values(&table("state=Karnataka&by=gender").await, "issued"), json!({ "Female": 3 }));
    assert_eq!(table("state=Nowhere").await["kinds"], json!({}));
}

#[tokio::test]
async fn everyone_is_told_days_that_are_over_without_small_numbers() {
    let counted = Counted::start().await;
    let events: Vec<_> = (1..=12)
        .map(|person| in_state(people::event(person, 1), "Karnataka", if person < 4 { "Mysuru" } else { "Udupi" }))
        .collect();
    ok(counted.service.client.certify("v1", &json!(events)).await.unwrap());
    let events: Vec<_> = (21..=43).map(|person| in_state(people::event(person, 1), "Kerala", "Idukki")).collect();
    ok(counted.service.client.certify("v1", &json!(events)).await.unwrap());
    let events: Vec<_> = (51..=53).map(|person| in_state(people::event(person, 1), "Goa", "North Goa")).collect();
    ok(counted.service.client.certify("v1", &json!(events)).await.unwrap());
    assert_eq!(counted.count().await, 38);
    let day = ok(counted.get(ADMIN, "admin").await).json()["until"].as_str().unwrap().to_owned();

    // A day that is not over is not told, and nobody learns what happens by asking again and again.
    assert_eq!(ok(counted.get(PUBLIC, "").await).json()["kinds"], json!({}));
    problem(&counted.get(&format!("{PUBLIC}?until={day}"), "").await, "parameter", 400);
    pass(A_DAY + 4 * 3600);
    let public = counted.get(PUBLIC, "").await;
    assert!(public.header("cache-control").starts_with("public, max-age="), "{:?}", public.headers);
    // Goa's three are kept back, and Karnataka's twelve with them, for they would be the rest to the total.
    let issued = &public.json()["kinds"]["issued"];
    assert_eq!(*issued, json!({ "total": 38, "values": { "Kerala": 23 }, "days": { &day: 38 }, "withheld": 2 }));
    let state = async |name: &str| ok(counted.get(&format!("{PUBLIC}?state={name}"), "").await).json()["kinds"].clone();
    assert_eq!(state("Kerala").await["issued"]["values"], json!({ "Idukki": 23 }));
    assert_eq!([state("Karnataka").await, state("Goa").await], [json!({}), json!({})]);
    // By anything but districts a state's small numbers could be taken from the country's.
    problem(&counted.get(&format!("{PUBLIC}?state=Kerala&by=gender"), "").await, "parameter", 400);
    assert_eq!(
        ok(counted.get(&format!("{PUBLIC}?by=gender"), "").await).json()["kinds"]["issued"]["values"],
        json!({ "Female": 38 })
    );

    let divoc = ok(counted.get("/divoc/admin/api/v1/public", "").await).json();
    assert_eq!(
        divoc,
        json!({ "numberOfCertificatesIssuedByState": { "Kerala": 23 }, "numberOfCertificatesIssuedByDistrict": { "Idukki": 23 } })
    );
}

#[tokio::test]
async fn a_wrong_question_is_told_what_is_right() {
    let counted = Counted::start().await;
    let wrong = [
        ("from=yesterday", "a day such as 2026-11-26"),
        ("until=2026-13-01", "a day such as 2026-11-26"),
        ("from=2026-03-02&until=2026-03-01", "a day before until, 93 days at most"),
        ("from=2025-01-01&until=2026-03-01", "a day before until, 93 days at most"),
        ("by=name", "one of certificate, state, age, gender, vaccine, dose, facility, programme, way"),
        ("by=district", "one of certificate, state, age, gender, vaccine, dose, facility, programme, way"),
        ("state=Goa&by=state", "one of certificate, district, age, gender, vaccine, dose, facility, programme, way"),
    ];
    for (query, right) in wrong {
        let answer = counted.get(&format!("{ADMIN}?{query}"), "admin").await;
        assert!(answer.text().contains(right), "{query}: {}", answer.text());
        problem(&answer, "parameter", 400);
    }
    problem(&counted.get("/divoc/api/v1/analytics/facts", "admin").await, "parameter", 400);
    problem(&counted.get("/divoc/api/v1/analytics/facts?hour=2026-11-26", "admin").await, "parameter", 400);
    problem(&counted.get("/divoc/api/v1/analytics/facts?hour=2026-11-26T09&after=x", "admin").await, "parameter", 400);
}

#[tokio::test]
async fn the_feed_tells_every_fact_and_of_nobody() {
    let counted = Counted::start().await;
    let id = counted.certify(people::event(7, 1)).await;
    ok(counted.get("/certificate/api/certificateQRCode/SYN-000000007", "fetcher").await);
    assert_eq!(counted.count().await, 2);
    let now = clock();
    let hour = format!("{}T{:02}", now.date(), now.hour());
    let page = ok(counted.get(&format!("/divoc/api/v1/analytics/facts?hour={hour}"), "admin").await);
    for personal in ["Asha", "SYN-", "9999", id.as_str(), "41", "Sister", "B1-4120Z", "Sample Health Centre"] {
        assert!(!page.text().contains(personal), "{personal} in {}", page.text());
    }
    let page = page.json();
    assert_eq!(page["next"], Value::Null);
    let facts = page["facts"].as_array().unwrap();
    let kinds: BTreeMap<_, _> = facts.iter().map(|fact| (fact["kind"].as_str().unwrap(), fact)).collect();
    assert_eq!(kinds.keys().copied().collect::<Vec<_>>(), ["fetched", "issued"]);
    assert_eq!(
        (&kinds["fetched"]["way"], &kinds["issued"]["way"], &kinds["issued"]["hour"]),
        (&json!("qr"), &json!("Unknown"), &json!(hour))
    );

    // Many come in pages, each fact once.
    let many: Vec<_> = (0..8).map(|_| json!({ "type": "verify" })).collect();
    for _ in 0..505 {
        counted.app.cabinet.put(&[note(&counted, &many)], now).await.unwrap();
    }
    assert_eq!(counted.count().await, 505);
    let first = ok(counted.get(&format!("/divoc/api/v1/analytics/facts?hour={hour}"), "admin").await).json();
    let next = first["next"].as_str().unwrap();
    let second =
        ok(counted.get(&format!("/divoc/api/v1/analytics/facts?hour={hour}&after={next}"), "admin").await).json();
    assert_eq!(
        (first["facts"].as_array().unwrap().len(), second["facts"].as_array().unwrap().len(), &second["next"]),
        (500, 7, &Value::Null)
    );
}

/// A note as the service writes it, at this moment.
fn note(counted: &Counted, happened: &[Value]) -> Sheet {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let now = (counted.app.clock)();
    let folder = format!("{}T{:02}-00", now.date(), now.hour());
    let fact = json!({ "kind": "reported", "hour": format!("{}T{:02}", now.date(), now.hour()), "day": now.date().to_string(), "times": happened.len(), "way": "verify" });
    Sheet::new(
        Drawer::Uses,
        folder,
        format!("{:02}-{}", now.minute(), NUMBER.fetch_add(1, Ordering::SeqCst)),
        json!([fact]).to_string(),
    )
}

#[tokio::test]
async fn applications_report_what_happened_as_divocs_do() {
    let counted = Counted::start().await;
    let events = json!([
        { "date": "2026-11-26T09:00:00Z", "type": "verify", "extra": { "name": "Asha Example" } },
        { "date": "x", "type": "verify", "source": "app" },
        { "type": "certificate-download" },
        { "type": "Asha Example" },
    ]);
    let reported = counted.post("/divoc/api/v1/events", "", &events).await;
    assert_eq!((reported.status, reported.json()), (200, json!({})));
    assert_eq!(counted.count().await, 3);
    let ways = ok(counted.get(&format!("{ADMIN}?by=way"), "admin").await).json();
    assert_eq!(ways["kinds"]["reported"]["values"], json!({ "certificate-download": 1, "other": 1, "verify": 2 }));
    assert_eq!(counted.post("/divoc/api/v1/events", "", &json!([])).await.status, 200);

    let faults = counted.post("/divoc/api/v1/events", "", &json!([{ "type": 4 }, { "type": "verify" }, {}])).await;
    let pointers: Vec<_> =
        faults.json()["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].clone()).collect();
    assert_eq!((faults.status, pointers), (422, vec![json!("/0/type"), json!("/2/type")]));
    let too_many: Vec<_> = (0..101).map(|_| json!({ "type": "verify" })).collect();
    assert_eq!(counted.post("/divoc/api/v1/events", "", &json!(too_many)).await.status, 422);
    assert_eq!(counted.post("/divoc/api/v1/events", "", &json!({})).await.status, 422);
    assert_eq!(counted.count().await, 0);

    let from = Some(("application/json", b"[]".to_vec()));
    let mut last = counted.post("/divoc/api/v1/events", "", &json!([])).await;
    for _ in 0..601 {
        last = counted.service.client.send(Method::POST, "/divoc/api/v1/events", "", &[], from.clone()).await.unwrap();
    }
    assert_eq!(last.status, 429);
    assert!(last.header("retry-after").parse::<u64>().unwrap() <= 3600);
}

#[tokio::test]
async fn divocs_portal_finds_its_numbers() {
    let counted = Counted::start().await;
    counted.certify(people::event(1, 1)).await;
    counted.certify(in_state(people::event(2, 1), "Kerala", "Idukki")).await;
    let credential = ok(counted.get("/certificate/api/certificateQRCode/SYN-000000001?format=svg", "fetcher").await);
    assert!(credential.text().starts_with("<svg"));
    ok(counted.post("/divoc/api/v1/verify", "verifier", &json!({ "credentials": ["nonsense"] })).await);
    counted.count().await;
    let told = ok(counted.get("/divoc/admin/api/v1/analytics", "admin").await).json();
    let today = ok(counted.get(ADMIN, "admin").await).json()["until"].as_str().unwrap().replace('-', "");
    let expected = [
        ("numberOfCertificatesIssued", json!({ "Female": 2, "all": 2 })),
        ("numberOfCertificatesIssuedByDate", json!({ &today: 2 })),
        ("numberOfCertificatesIssuedByState", json!({ "Karnataka": 1, "Kerala": 1 })),
        ("numberOfCertificatesIssuedByDistrict", json!({ "Bengaluru South": 1, "Idukki": 1 })),
        ("numberOfCertificatesIssuedByAge", json!({ "40": 2 })),
        ("downloadByDate", json!({ &today: 1 })),
        ("validVerificationByDate", json!({})),
        ("inValidVerificationByDate", json!({ &today: 1 })),
        ("facilitiesCount", json!({})),
        ("rateOfCertificateIssuedByFacilities", json!({})),
        ("vaccinatorsCount", json!({})),
        ("avgRateAcrossFacilities", json!({})),
    ];
    for (name, numbers) in expected {
        assert_eq!(told[name], numbers, "{name}");
    }
    assert_eq!(told.as_object().unwrap().len(), 12);
}

/// A cabinet that takes nothing in.
struct Shut(Arc<dyn Cabinet>);

#[async_trait]
impl Cabinet for Shut {
    async fn sheet(&self, drawer: Drawer, folder: &str, name: &str, now: OffsetDateTime) -> Result<Option<Sheet>> {
        self.0.sheet(drawer, folder, name, now).await
    }

    async fn sheets(
        &self,
        drawer: Drawer,
        folder: &str,
        after: Option<&str>,
        most: usize,
        now: OffsetDateTime,
    ) -> Result<Vec<Sheet>> {
        self.0.sheets(drawer, folder, after, most, now).await
    }

    async fn put(&self, _sheets: &[Sheet], _now: OffsetDateTime) -> Result<Commit> {
        bail!("the drawer is stuck")
    }

    async fn take(&self, sheet: &Sheet) -> Result<Commit> {
        self.0.take(sheet).await
    }

    async fn count(&self, what: &str, who: &str, window: time::Duration, now: OffsetDateTime) -> Result<u64> {
        self.0.count(what, who, window, now).await
    }
}

#[tokio::test]
async fn whoever_fetches_has_it_also_where_that_cannot_be_noted() {
    let counted = Counted::with(|app| app.cabinet = Arc::new(Shut(app.cabinet.clone()))).await;
    counted.certify(people::event(1, 1)).await;
    ok(counted.get("/certificate/api/certificateQRCode/SYN-000000001", "fetcher").await);
    ok(counted.post("/divoc/api/v1/verify", "verifier", &json!({ "credentials": ["nonsense"] })).await);
    // A report is nothing but its note.
    assert_eq!(counted.post("/divoc/api/v1/events", "", &json!([{ "type": "verify" }])).await.status, 503);
}

#[tokio::test]
async fn a_country_may_leave_uses_uncounted() {
    let counted = Counted::with(|app| Arc::make_mut(&mut app.config).analytics.uses = Uses::Ignored).await;
    counted.certify(people::event(1, 1)).await;
    ok(counted.get("/certificate/api/certificateQRCode/SYN-000000001", "fetcher").await);
    assert_eq!(counted.count().await, 1);
    assert_eq!(
        ok(counted.get(ADMIN, "admin").await).json()["kinds"].as_object().unwrap().keys().collect::<Vec<_>>(),
        ["issued"]
    );
}

/// Files in memory, of which every third refuses once.
#[derive(Default)]
struct Shelf {
    kept: Mutex<BTreeMap<String, Vec<u8>>>,
    calls: Mutex<u32>,
}

#[async_trait]
impl Files for Shelf {
    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.kept.lock().await.get(key).cloned())
    }

    async fn write(&self, _key: &str, _bytes: &[u8], _media_type: &str) -> Result<bool> {
        bail!("facts are replaced")
    }
}

#[async_trait]
impl PublicFiles for Shelf {
    async fn replace(&self, key: &str, bytes: &[u8], media_type: &str) -> Result<()> {
        let mut calls = self.calls.lock().await;
        *calls += 1;
        if *calls == 3 {
            bail!("the shelf is full")
        }
        assert_eq!(media_type, "application/vnd.apache.parquet");
        self.kept.lock().await.insert(key.to_owned(), bytes.to_vec());
        Ok(())
    }
}

#[tokio::test]
async fn each_hour_is_kept_as_files_that_others_read_soon_and_finally() {
    let shelf = Arc::new(Shelf::default());
    let counted = Counted::with(|app| app.fact_files = shelf.clone()).await;
    let events: Vec<_> = (1..=20).map(|person| people::event(person, 1)).collect();
    ok(counted.service.client.certify("v1", &json!(events)).await.unwrap());
    assert_eq!(counted.count().await, 20);
    let patience = Duration::from_mins(1);
    assert_eq!(export(&counted.app, patience).await.unwrap(), Exported::All);
    assert!(shelf.kept.lock().await.is_empty(), "an hour that is not over is not written");
    pass(2 * 3600);
    export(&counted.app, patience).await.unwrap_err();
    // The next run goes on with the hour at which the last one failed.
    assert_eq!(export(&counted.app, Duration::ZERO).await.unwrap(), Exported::More);
    assert_eq!(export(&counted.app, patience).await.unwrap(), Exported::All);
    let files = shelf.kept.lock().await.clone();
    assert!(
        files.keys().all(|name| name.starts_with("facts/utc_day=20") && name.ends_with(".parquet")),
        "{:?}",
        files.keys()
    );
    assert_eq!(export(&counted.app, patience).await.unwrap(), Exported::All);
    let calls = *shelf.calls.lock().await;

    // A fact that comes late is in what is written finally.
    let mut late = counted.app.tally.facts(hour_of(&counted), 0, None, 100).await.unwrap();
    for shard in 1..16 {
        late.extend(counted.app.tally.facts(hour_of(&counted), shard, None, 100).await.unwrap());
    }
    let mut fact = late[0].clone();
    fact.id = "late".to_owned();
    counted.app.tally.count(&[fact]).await.unwrap();
    pass(40 * 3600);
    assert_eq!(export(&counted.app, patience).await.unwrap(), Exported::All);
    assert!(*shelf.calls.lock().await > calls);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("facts");
    let _ = fs::remove_dir_all(&folder);
    for (name, bytes) in shelf.kept.lock().await.iter() {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    let told = read_by_duckdb(&folder);
    assert_eq!(told["rows"], json!([["issued", "Karnataka", "40-49", "COVISHIELD", 21]]));
    let names = told["columns"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect::<Vec<_>>();
    let described = include_str!("../../infra/analytics.sql");
    for name in names {
        assert!(described.contains(&format!("{name} ")), "{name} is no column of the table in Athena");
    }
}

/// The hour of the certificates: two hours ago.
fn hour_of(counted: &Counted) -> OffsetDateTime {
    let then = (counted.app.clock)() - time::Duration::hours(2);
    issuer::analytics::fact::parse_hour(&issuer::analytics::fact::hour_name(then)).unwrap()
}

/// What a reader by others than us finds in the files.
fn read_by_duckdb(folder: &Path) -> Value {
    let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/venv-facts/bin/python");
    assert!(Path::new(python).exists(), "the reader of facts is not installed: use `make test`");
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/facts/read.py");
    let output = Command::new(python).arg(program).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_and_administrators_read_the_dashboard_in_a_browser() {
    // The service's threads have one clock: what is shown happened two days ago.
    fn late() -> OffsetDateTime {
        OffsetDateTime::now_utc() + time::Duration::days(2)
    }
    let mut parts = None;
    let service = Service::with(|app| {
        assert!(app.page.is_some(), "the pages are not built: use `make test`");
        app.clock = late;
        parts = Some(app.clone());
    })
    .await;
    let app = parts.unwrap();
    app.tally.count(&campaign(&app)).await.unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("dashboard");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let tokens = service.running.tokens();
    fs::write(
        folder.join("tokens.json"),
        json!({ "admin": tokens["admin"], "certifier": tokens["certifier"] }).to_string(),
    )
    .unwrap();
    browser::drive("dashboard.js", &folder, service.running.base_url()).await;
    service.running.shutdown().await.unwrap();
}

/// Forty days of a campaign in eight states; one of them is small.
fn campaign(app: &App) -> Vec<issuer::ports::Fact> {
    use issuer::ports::{Dimension as By, Fact, FactKind};
    const STATES: [(&str, u32); 8] = [
        ("Karnataka", 90),
        ("Kerala", 60),
        ("Tamil Nadu", 120),
        ("Goa", 2),
        ("Andaman And Nicobar Islands", 11),
        ("Uttar Pradesh", 150),
        ("Bihar", 70),
        ("Assam", 40),
    ];
    let today = (app.clock)();
    let mut facts = Vec::new();
    for day in 0..40_u32 {
        for (place, (state, size)) in STATES.iter().enumerate() {
            for (number, (kind, way, share)) in [
                (FactKind::Issued, "Unknown", 100),
                (FactKind::Fetched, "pdf", 70),
                (FactKind::Verified, "valid", 130),
                (FactKind::Updated, "Unknown", 4),
            ]
            .into_iter()
            .enumerate()
            {
                for (part, (gender, age)) in
                    [("Female", "40-49"), ("Male", "20-29"), ("Female", "60-69")].into_iter().enumerate()
                {
                    let hour = today - time::Duration::days(day.into());
                    let hour = hour.replace_time(time::Time::from_hms(6, 0, 0).unwrap());
                    let times = size * share * (60 - day) / 60 / 100 + u32::try_from(part).unwrap() * size / 10;
                    let values = [
                        (By::Certificate, "vaccination"),
                        (By::State, *state),
                        (By::District, if part == 0 { "North" } else { "South" }),
                        (By::Age, age),
                        (By::Gender, gender),
                        (By::Vaccine, "COVISHIELD"),
                        (By::Dose, "1"),
                        (By::Facility, "Hospital"),
                        (By::Programme, "C19"),
                        (By::Way, way),
                    ];
                    let values = values.into_iter().map(|(by, value)| (by, value.to_owned())).collect();
                    facts.push(Fact {
                        id: format!("{day}-{place}-{number}-{part}"),
                        kind,
                        hour,
                        day: hour.date(),
                        times,
                        values,
                    });
                }
            }
        }
    }
    facts
}

fn in_state(mut event: Value, state: &str, district: &str) -> Value {
    event["facility"]["address"]["state"] = state.into();
    event["facility"]["address"]["district"] = district.into();
    event
}

fn ok(answer: Answer) -> Answer {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

fn problem(answer: &Answer, kind: &str, status: u16) {
    assert_eq!(
        (answer.status, answer.json()["type"].as_str()),
        (status, Some(format!("urn:divoc:problem:{kind}").as_str())),
        "{}",
        answer.text()
    );
}
