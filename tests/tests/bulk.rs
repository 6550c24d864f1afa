//! Files of many rows: brought, looked at, certified; what is wrong with a row; what happens when something breaks half way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use credential::BeneficiaryCode;
use issuer::ports::Store;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    process::Child,
    sync::{Arc, Mutex, atomic::Ordering},
};
use tests::{
    Client, Service, browser,
    bulk::{self, TESTS, VACCINATIONS, announce, bring, put, start, through, until, vaccination},
    doomed::Doomed,
    people, process,
    service::Counting,
};

const BORN: &str = "1980-01-02";

fn file(persons: std::ops::Range<u64>) -> String {
    let rows: String = persons.map(|person| vaccination(person, 1, BORN)).collect();
    format!("{VACCINATIONS}{rows}")
}

fn counts(told: &Value) -> Value {
    json!([told["state"], told["rows"], told["certified"], told["failed"], told["blank"]])
}

async fn is_certified(client: &Client, person: u64) -> bool {
    let path = format!("/certificate/api/certificatePDF/{}", people::code(person));
    client.head(&path, "certifier").await.unwrap().status == 200
}

#[tokio::test]
async fn a_file_is_brought_looked_at_and_certified() {
    let service = Service::start().await;
    let client = &service.client;
    let file = file(1..6);
    let announced = announce(client, "officer", "vaccination", file.len()).await.unwrap();
    assert_eq!(announced.status, 201);
    let (told, parts) = (announced.json()["upload"].clone(), announced.json()["parts"].clone());
    let id = told["uploadId"].as_str().unwrap();
    assert_eq!(announced.header("location"), format!("/divoc/api/v1/uploads/{id}"));
    assert_eq!((told["state"].as_str(), parts.as_array().unwrap().len()), (Some("waiting"), 1));

    // Nothing to look at, and nothing to start, before it is there.
    for (method, what) in [(Method::GET, "preview"), (Method::POST, "start")] {
        let early = client.send(method, &format!("/divoc/api/v1/uploads/{id}/{what}"), "officer", &[], None).await;
        let early = early.unwrap();
        assert_eq!((early.status, early.json()["type"].as_str()), (409, Some("urn:divoc:problem:upload-state")));
    }
    assert_eq!(put(client, &parts[0], file.as_bytes()).await.unwrap().status, 200);
    let left = client.get(&format!("/divoc/api/v1/uploads/{id}/parts"), "officer").await.unwrap().json();
    assert_eq!(left, json!({ "parts": [] }));

    let preview = client.get(&format!("/divoc/api/v1/uploads/{id}/preview"), "officer").await.unwrap().json();
    assert_eq!((preview["kind"].as_str(), &preview["passedOver"]), (Some("vaccination"), &json!([])));
    let shown = &preview["rows"][0];
    assert_eq!(shown["row"], 2);
    let subject = &shown["certificate"]["credentialSubject"];
    assert_eq!((subject["name"].as_str(), subject["refId"].as_str()), (Some("Asha Example 1"), Some("SYN-000000001")));
    assert_eq!(shown["certificate"]["evidence"]["batch"], "B1-4120Z");
    assert_eq!(shown["certificate"]["evidence"].get("certificateId"), None);
    assert!(!is_certified(client, 1).await);

    let started = start(client, "officer", id).await.unwrap();
    assert_eq!(started.status, 202);
    // Once more changes nothing.
    assert_eq!(start(client, "officer", id).await.unwrap().status, 202);
    let done = until(client, "officer", id, |told| told["state"] == "done").await.unwrap();
    assert_eq!(counts(&done), json!(["done", 5, 5, 0, 0]));
    assert_eq!((&done["countedBytes"], &done["bytes"]), (&json!(file.len()), &json!(file.len())));
    assert_eq!(bulk::errors(client, "officer", id).await.unwrap().lines().count(), 1);
    for person in 1..6 {
        assert!(is_certified(client, person).await);
    }
    let listed = client.get("/divoc/api/v1/uploads", "officer").await.unwrap().json();
    assert_eq!(listed["uploads"], json!([done]));
    let over = client.send(Method::DELETE, &format!("/divoc/api/v1/uploads/{id}"), "officer", &[], None).await.unwrap();
    assert_eq!(over.status, 409);
    // The certify route knows the row as the event that it is.
    let mut event = people::event(1, 1);
    event["recipient"]["dob"] = BORN.into();
    event["recipient"].as_object_mut().unwrap().remove("age");
    event["recipient"]["address"]["country"] = "IN".into();
    let again = client.certify("v1", &json!([event])).await.unwrap().json();
    assert_eq!(again["certificates"][0]["status"], "alreadyIssued");
}

#[tokio::test]
async fn rows_that_fail_come_back_and_are_mended() {
    let service = Service::start().await;
    let client = &service.client;
    let other = json!([people::event(7, 1)]);
    assert_eq!(client.certify("v1", &other).await.unwrap().status, 200);
    let marked = format!("\u{feff}{}", VACCINATIONS.trim_end());
    let row = |person: u64, born: &str| vaccination(person, 1, born).trim_end().to_owned();
    let rows = [
        marked,
        row(1, "02-Jan-1980"),
        row(2, BORN).replace("12 Sample Street", "\"12, Sample\r\nStreet \"\"A\"\"\""),
        row(3, "31-Feb-1980"),
        row(4, BORN).replace("Asha Example 4", "").replace(",1,2,", ",zero,2,"),
        ",".repeat(30),
        row(1, BORN),
        row(1, BORN).replace("Asha", "Usha"),
        row(7, BORN),
        "a,row,of,another,length".to_owned(),
    ];
    let told = through(client, "certifier", "vaccination", rows.join("\r\n").as_bytes()).await.unwrap();
    assert_eq!(counts(&told), json!(["done", 9, 3, 5, 1]));
    let id = told["uploadId"].as_str().unwrap();
    let errors = bulk::errors(client, "certifier", id).await.unwrap();
    let said: Vec<_> = errors
        .lines()
        .map(|line| line.rsplit_once(",IN,IN,").map_or(line, |(_, said)| said.trim_matches('"')))
        .collect();
    assert_eq!(
        said[1..],
        [
            "recipientDOB: This must be a date of the calendar, written YYYY-MM-DD.",
            "recipientName: This member is required and must not be null.; vaccinationDose: This must be a whole number in decimal digits.",
            "An earlier row of this file is for the same programme, beneficiary and dose or sample and says something else.",
            "This dose or test is already certified with other details; correct a vaccination's certificate with PUT /divoc/api/v1/certificate.",
            &format!(
                "a,row,of,another,length{}The first line has 31 columns, and this row has another number.\"",
                ",".repeat(27) + "\""
            ),
        ]
    );
    assert!(!is_certified(client, 3).await && !is_certified(client, 4).await);
    // The file as it came back, with the two dates mended: only its rows are looked at.
    let mended =
        errors.replace("31-Feb-1980", "28-Feb-1980").replace(",,+919900000004", ",Asha Example 4,+919900000004");
    let mended = mended.replace(",zero,2,", ",1,2,");
    let told = through(client, "certifier", "vaccination", mended.as_bytes()).await.unwrap();
    assert_eq!(counts(&told), json!(["done", 5, 2, 3, 0]));
    assert!(is_certified(client, 3).await && is_certified(client, 4).await);
    let again = bulk::errors(client, "certifier", told["uploadId"].as_str().unwrap()).await.unwrap();
    assert_eq!(again.lines().next(), errors.lines().next());
    assert_eq!(again.lines().nth(1).unwrap().matches("An earlier row").count(), 0);
}

#[tokio::test]
async fn a_file_of_many_chunks_is_counted_before_it_is_certified() {
    let service = Service::start().await;
    let client = &service.client;
    // Two of three thousand are well.
    let rows: String = (0..3000).map(|n| vaccination(n, 1, if n % 1500 == 7 { BORN } else { "1980" })).collect();
    let told = through(client, "admin", "vaccination", format!("{VACCINATIONS}{rows}").as_bytes()).await.unwrap();
    assert_eq!(counts(&told), json!(["done", 3000, 2, 2998, 0]));
    let errors = bulk::errors(client, "admin", told["uploadId"].as_str().unwrap()).await.unwrap();
    let codes: Vec<_> = errors.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect();
    let expected: Vec<_> = (0..3000).filter(|n| n % 1500 != 7).map(people::code).collect();
    assert_eq!(codes, expected, "in the order of the file");
}

#[tokio::test]
async fn a_file_whose_rows_cannot_be_told_apart_is_refused_and_nobody_is_certified() {
    let service = Service::start().await;
    let client = &service.client;
    let open = file(1..4) + &vaccination(4, 1, BORN).replace("Asha", "\"Asha") + &vaccination(5, 1, BORN).repeat(200);
    let told = through(client, "certifier", "vaccination", open.as_bytes()).await.unwrap();
    assert_eq!(told["state"], "refused");
    assert_eq!(told["fault"], "Row 5 has more than 65536 bytes; as a rule a quote there is never closed.");
    assert!(!is_certified(client, 1).await);
    let id = told["uploadId"].as_str().unwrap();
    assert_eq!(start(client, "certifier", id).await.unwrap().status, 409);
    let no_table = bring(client, "certifier", "vaccination", b"name,date\nAsha,2021-01-01\n").await.unwrap();
    for (method, what) in [(Method::GET, "preview"), (Method::POST, "start")] {
        let path = format!("/divoc/api/v1/uploads/{no_table}/{what}");
        let refused = client.send(method, &path, "certifier", &[], None).await.unwrap();
        assert_eq!((refused.status, refused.json()["code"].as_str()), (400, Some("INVALID_TEMPLATE")));
        assert!(
            refused.json()["message"]
                .as_str()
                .unwrap()
                .starts_with("Missing Headers : preEnrollmentCode,recipientName,")
        );
    }
}

#[tokio::test]
async fn what_is_announced_wrongly_is_refused_with_all_faults() {
    let service = Service::start().await;
    let client = &service.client;
    for (body, pointers) in [
        (json!([]), vec![""]),
        (json!({ "kind": "letters" }), vec!["/kind", "/bytes"]),
        (json!({ "bytes": 0, "fileName": "" }), vec!["/fileName", "/bytes"]),
        (json!({ "bytes": 8_589_934_593_u64 }), vec!["/bytes"]),
    ] {
        let body = Some(("application/json", body.to_string().into_bytes()));
        let refused = client.send(Method::POST, "/divoc/api/v1/uploads", "certifier", &[], body).await.unwrap();
        assert_eq!(refused.status, 422);
        let told: Vec<_> =
            refused.json()["errors"].as_array().unwrap().iter().map(|it| it["pointer"].clone()).collect();
        assert_eq!(told, pointers);
    }
    let listed = client.get("/divoc/api/v1/uploads", "certifier").await.unwrap().json();
    assert_eq!(listed, json!({ "uploads": [], "next": null }));
}

#[tokio::test]
async fn an_upload_goes_on_where_it_was_interrupted_and_no_part_is_ever_changed() {
    let service = Service::start().await;
    let client = &service.client;
    // Just more than one part: a row with a long cell of a column that nobody knows.
    let filler = vec![b'\n'; 33 << 20];
    let file =
        [VACCINATIONS.as_bytes(), vaccination(1, 1, BORN).as_bytes(), &filler, vaccination(2, 1, BORN).as_bytes()]
            .concat();
    let announced = announce(client, "certifier", "vaccination", file.len()).await.unwrap().json();
    let id = announced["upload"]["uploadId"].as_str().unwrap();
    let parts = announced["parts"].as_array().unwrap();
    assert_eq!((parts.len(), &parts[1]["from"], &parts[1]["until"]), (2, &json!(32 << 20), &json!(file.len())));
    assert_eq!(put(client, &parts[1], &file).await.unwrap().status, 200);
    // Another body, a longer one, another place: all refused.
    assert_eq!(put(client, &parts[1], &vec![b'x'; file.len()]).await.unwrap().status, 412);
    let url = parts[0]["url"].as_str().unwrap();
    let short = client.send(Method::PUT, url, "", &[], Some(("text/csv", b"short".to_vec()))).await.unwrap();
    assert_eq!(short.status, 403);
    let elsewhere = url.replace("part-0000", "part-0009");
    let stolen = client.send(Method::PUT, &elsewhere, "", &[], Some(("text/csv", b"x".to_vec()))).await.unwrap();
    assert_eq!(stolen.status, 403);
    assert_eq!(start(client, "certifier", id).await.unwrap().status, 409);
    let left = client.get(&format!("/divoc/api/v1/uploads/{id}/parts"), "certifier").await.unwrap().json();
    assert_eq!((left["parts"].as_array().unwrap().len(), &left["parts"][0]["part"]), (1, &json!(0)));
    assert_eq!(put(client, &left["parts"][0], &file).await.unwrap().status, 200);
    assert_eq!(start(client, "certifier", id).await.unwrap().status, 202);
    let told = until(client, "certifier", id, |told| told["state"] == "done").await.unwrap();
    assert_eq!(counts(&told), json!(["done", 2, 2, 0, 0]));
}

#[tokio::test]
async fn an_upload_is_its_owners_and_an_administrators() {
    let service = Service::start().await;
    let id = bring(&service.client, "officer", "vaccination", file(1..2).as_bytes()).await.unwrap();
    for (method, what) in [
        (Method::GET, ""),
        (Method::GET, "/parts"),
        (Method::GET, "/preview"),
        (Method::GET, "/errors"),
        (Method::POST, "/start"),
        (Method::DELETE, ""),
    ] {
        let ask = async |id: &str, role: &str| {
            let path = format!("/divoc/api/v1/uploads/{id}{what}");
            service.client.send(method.clone(), &path, role, &[], None).await.unwrap().status
        };
        assert_eq!(ask(&id, "certifier").await, 403, "{what}");
        assert_eq!(ask("0", "admin").await, 404, "{what}");
        assert!(![403, 404].contains(&ask(&id, "admin").await), "{what}");
    }
}

#[tokio::test]
async fn an_upload_that_is_cancelled_is_never_worked_on() {
    let service = Service::start().await;
    let client = &service.client;
    let id = bring(client, "officer", "vaccination", file(1..2).as_bytes()).await.unwrap();
    let cancelled =
        client.send(Method::DELETE, &format!("/divoc/api/v1/uploads/{id}"), "officer", &[], None).await.unwrap();
    assert_eq!((cancelled.status, cancelled.json()["state"].as_str()), (200, Some("cancelled")));
    assert_eq!(start(client, "officer", &id).await.unwrap().status, 409);
    assert!(!is_certified(client, 1).await);
}

fn form(name: &str, file: &str) -> (&'static str, Vec<u8>) {
    let head = format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"july.csv\"\r\n\r\n");
    ("multipart/form-data; boundary=b", format!("{head}{file}\r\n--b--\r\n").into_bytes())
}

#[tokio::test]
async fn divocs_callers_find_their_routes() {
    let service = Service::start().await;
    let client = &service.client;
    let take = async |path: &str, body| client.send(Method::POST, path, "officer", &[], Some(body)).await.unwrap();
    let bad = take(
        "/divoc/api/v1/bulkCertify",
        form("file", &VACCINATIONS.replace("recipientAge,", "").replace("recipientDOB,", "")),
    )
    .await;
    let birth = "Both recipientAge and recipientDOB Headers are missing[at least one required]";
    assert_eq!(
        (bad.status, &bad.json()["code"], &bad.json()["message"]),
        (400, &json!("INVALID_TEMPLATE"), &json!(birth))
    );
    let none = take("/divoc/api/v1/bulkCertify", form("other", VACCINATIONS)).await;
    assert_eq!((none.status, none.json()["code"].as_str()), (400, Some("INVALID_TEMPLATE")));
    let json = take("/divoc/api/v1/bulkCertify", ("application/json", b"{}".to_vec())).await;
    assert_eq!(json.status, 415);
    let listed = client.get("/divoc/api/v1/certify/uploads", "officer").await.unwrap();
    assert_eq!((listed.status, listed.json()), (200, json!([])));

    let file = file(1..3) + &vaccination(3, 1, "1980");
    let taken = take("/divoc/api/v1/bulkCertify", form("file", &file)).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    let results = format!("{TESTS}{}", bulk::test(9, 1));
    assert_eq!(take("/divoc/api/v1/test/bulkCertify", form("file", &results)).await.status, 200);
    let id = taken.json()["uploadId"].as_str().unwrap().to_owned();
    until(client, "officer", &id, |told| told["state"] == "done").await.unwrap();
    let listed = client.get("/divoc/api/v1/certify/uploads", "officer").await.unwrap().json();
    let row = &listed[0];
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(
        json!([row["ID"], row["Filename"], row["UserID"], row["TotalRecords"], row["TotalErrorRows"], row["Status"]]),
        json!([id, "july.csv", "development-officer", 3, 1, "Failed"])
    );
    let errors = client.get(&format!("/divoc/api/v1/certify/uploads/{id}/errors"), "officer").await.unwrap().json();
    assert_eq!(errors["columns"].as_array().unwrap().len(), 32);
    let failed = &errors["errorRows"][0];
    assert_eq!(
        (failed["preEnrollmentCode"].as_str(), failed["recipientDOB"].as_str()),
        (Some("SYN-000000003"), Some("1980"))
    );
    assert_eq!(failed["errors"], "recipientDOB: This must be a date of the calendar, written YYYY-MM-DD.");
    let others = client.get(&format!("/divoc/api/v1/certify/uploads/{id}/errors"), "certifier").await.unwrap();
    assert_eq!(others.status, 403);

    let listed = client.get("/divoc/api/v1/test/certify/uploads", "officer").await.unwrap().json();
    let id = listed[0]["ID"].as_str().unwrap();
    until(client, "officer", id, |told| told["state"] == "done").await.unwrap();
    let listed = client.get("/divoc/api/v1/test/certify/uploads", "officer").await.unwrap().json();
    assert_eq!((&listed[0]["TotalRecords"], &listed[0]["Status"]), (&json!(1), &json!("Success")));
    let path = format!("/certificate/api/test/certificatePDF/{}", people::code(9));
    assert_eq!(client.head(&path, "certifier").await.unwrap().status, 200);
}

#[tokio::test]
async fn a_key_that_does_not_answer_for_a_while_costs_no_row() {
    let key = Arc::new(Mutex::new(None));
    let service = Service::with(|app| {
        let counting = Counting::new(app.signer.clone(), 3);
        app.signer = counting.clone();
        *key.lock().unwrap() = Some(counting);
    })
    .await;
    let client = &service.client;
    let id = bring(client, "certifier", "vaccination", file(1..9).as_bytes()).await.unwrap();
    start(client, "certifier", &id).await.unwrap();
    let key = key.lock().unwrap().take().unwrap();
    // It has refused once what it is asked for again and again.
    while key.signatures.load(Ordering::SeqCst) < 12 {
        tokio::task::yield_now().await;
    }
    let told = client.get(&format!("/divoc/api/v1/uploads/{id}"), "certifier").await.unwrap().json();
    assert_eq!(counts(&told), json!(["certifying", 8, 0, 0, 0]));
    key.last.store(u64::MAX, Ordering::SeqCst);
    let told = until(client, "certifier", &id, |told| told["state"] == "done").await.unwrap();
    assert_eq!(counts(&told), json!(["done", 8, 8, 0, 0]));
    for person in 1..9 {
        let code = BeneficiaryCode::parse(&people::code(person)).unwrap();
        assert_eq!(service.running.store().certificates(&code, None).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_worker_that_goes_down_at_any_write_is_followed_by_another() {
    let (doom, service) = {
        let doom = Arc::new(Mutex::new(None));
        let of_service = doom.clone();
        let service = Service::with(move |app| *of_service.lock().unwrap() = Some(Doomed::in_place_of(app))).await;
        let doom = doom.lock().unwrap().take().unwrap();
        (doom, service)
    };
    let client = &service.client;
    // The start, the count, what was sent out, the outcome: each is the last thing that is heard of it.
    for write in 1..=4 {
        let persons = 10 * u64::try_from(write).unwrap()..10 * u64::try_from(write).unwrap() + 3;
        let id = bring(client, "certifier", "vaccination", file(persons.clone()).as_bytes()).await.unwrap();
        doom.die_after(write);
        start(client, "certifier", &id).await.unwrap();
        let path = format!("/divoc/api/v1/uploads/{id}");
        while client.get(&path, "certifier").await.unwrap().status == 200 {}
        assert!(doom.revive());
        // A start that was not answered is asked for again.
        assert_eq!(start(client, "certifier", &id).await.unwrap().status, 202);
        let told = until(client, "certifier", &id, |told| told["state"] == "done").await.unwrap();
        assert_eq!(counts(&told), json!(["done", 3, 3, 0, 0]), "write {write}");
        for person in persons {
            let code = BeneficiaryCode::parse(&people::code(person)).unwrap();
            assert_eq!(service.running.store().certificates(&code, None).await.unwrap().len(), 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_service_goes_on_with_its_uploads() {
    let data = std::env::temp_dir().join(format!("divoc-bulk-{}", std::process::id()));
    let (mut process, _, client) = process::start(&data).await.unwrap();
    let id = bring(&client, "certifier", "vaccination", file(0..300).as_bytes()).await.unwrap();
    assert_eq!(start(&client, "certifier", &id).await.unwrap().status, 202);
    while !is_certified(&client, 150).await {}
    process.kill().unwrap();
    process.wait().unwrap();
    let (mut process, _, client) = process::start(&data).await.unwrap();
    let told = until(&client, "certifier", &id, |told| told["state"] == "done").await.unwrap();
    assert_eq!(counts(&told), json!(["done", 300, 300, 0, 0]));
    for person in [0, 149, 150, 299] {
        assert!(is_certified(&client, person).await);
    }
    process.kill().unwrap();
    process.wait().unwrap();
    fs::remove_dir_all(data).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_certified_in_a_browser() {
    let service = Service::with(|app| assert!(app.page.is_some(), "the pages are not built: use `make test`")).await;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bulk");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("token"), service.running.tokens().get("officer").unwrap()).unwrap();
    fs::write(folder.join("rows.csv"), file(1..3) + &vaccination(3, 1, "1980")).unwrap();
    browser::drive("bulk.js", &folder, service.running.base_url()).await;
    assert!(is_certified(&service.client, 3).await);
    let page = service.client.get("/bulk/", "").await.unwrap();
    assert!(page.header("content-security-policy").contains("connect-src 'self';"));
    assert_eq!((page.header("cache-control"), page.header("cross-origin-opener-policy")), ("no-cache", "same-origin"));
    service.running.shutdown().await.unwrap();
}

/// The most kilobytes that a process had in memory since it was asked last.
fn peak(process: &Child) -> u64 {
    let folder = Path::new("/proc").join(process.id().to_string());
    let status = fs::read_to_string(folder.join("status")).unwrap();
    fs::write(folder.join("clear_refs"), "5").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Run by hand, for it takes minutes: `cargo test --workspace --test bulk -- --ignored --nocapture`. Rows whose date is wrong go all the way but for the signature.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes"]
async fn memory_is_the_same_for_a_hundred_thousand_rows_and_for_ten_million() {
    let mut peaks = Vec::new();
    for rows in [100_000_u64, 10_000_000] {
        let folder = tempfile::tempdir().unwrap();
        let (mut process, _, client) = process::start(&folder.path().join("data")).await.unwrap();
        let id = bring_rows(&client, folder.path(), rows).await;
        let bringing = peak(&process);
        let begun = std::time::Instant::now();
        let told = until(&client, "certifier", &id, |told| told["state"] == "certifying").await.unwrap();
        assert_eq!(told["rows"], rows);
        let (counting, counted) = (peak(&process), begun.elapsed());
        until(&client, "certifier", &id, |told| told["failed"].as_u64() >= Some(16_000)).await.unwrap();
        let working = peak(&process);
        let megabytes = told["bytes"].as_u64().unwrap() >> 20;
        println!(
            "{rows} rows, {megabytes} MB: at most {bringing} kB while brought, {counting} kB while counted (in {counted:.1?}), {working} kB while worked on"
        );
        process.kill().unwrap();
        process.wait().unwrap();
        peaks.push(counting.max(working));
    }
    assert!(peaks[1] < peaks[0] * 5 / 4, "{peaks:?}");
}

/// Brings a file that is never in memory as a whole.
async fn bring_rows(client: &Client, folder: &Path, rows: u64) -> String {
    use std::io::{Read, Seek, SeekFrom, Write};
    let mut file =
        fs::File::options().create(true).truncate(true).read(true).write(true).open(folder.join("rows.csv")).unwrap();
    let mut writer = std::io::BufWriter::new(&mut file);
    writer.write_all(VACCINATIONS.as_bytes()).unwrap();
    for person in 0..rows {
        writer.write_all(vaccination(person, 1, "1980").as_bytes()).unwrap();
    }
    writer.flush().unwrap();
    drop(writer);
    let bytes = usize::try_from(file.metadata().unwrap().len()).unwrap();
    let announced = announce(client, "certifier", "vaccination", bytes).await.unwrap().json();
    for part in announced["parts"].as_array().unwrap() {
        let (from, until) = (part["from"].as_u64().unwrap(), part["until"].as_u64().unwrap());
        file.seek(SeekFrom::Start(from)).unwrap();
        let mut bytes = Vec::new();
        (&mut file).take(until - from).read_to_end(&mut bytes).unwrap();
        let url = part["url"].as_str().unwrap();
        let taken = client.send(Method::PUT, url, "", &[], Some(("text/csv", bytes))).await.unwrap();
        assert_eq!(taken.status, 200);
    }
    let id = announced["upload"]["uploadId"].as_str().unwrap().to_owned();
    assert_eq!(start(client, "certifier", &id).await.unwrap().status, 202);
    id
}
