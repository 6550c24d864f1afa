//! Partner applications: who is admitted, to what and how often; what they are told of whom; DIVOC's answers; the log.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use credential::chain::Entry;
use issuer::App;
use reqwest::Method;
use serde_json::{Value, json};
use tests::{Answer, Service, people, service};
use time::Duration;

const CERTIFICATES: &str = "/cert/external/api/certificates";
const PDF: &str = "/cert/external/pdf/certificate";
const KYC: &str = "/cert/external/kyc";
const REGISTER: &str = "/divoc/api/v1/partners/development-partner";

/// A service on the tests' clock, at the start of a day, so that no window of time ends in the middle of a test.
async fn start() -> (Service, App) {
    let mut parts = None;
    let service = Service::with(|app| {
        app.clock = service::clock;
        parts = Some(app.clone());
    })
    .await;
    service::pass(86_400 - service::clock().unix_timestamp().rem_euclid(86_400));
    (service, parts.unwrap())
}

async fn put(service: &Service, path: &str, body: &Value) -> Answer {
    let body = Some(("application/json", body.to_string().into_bytes()));
    service.client.send(Method::PUT, path, "admin", &[], body).await.unwrap()
}

fn rights(scopes: &[&str]) -> Value {
    json!({ "name": "Health application", "scopes": scopes, "perMinute": 100, "perDay": 1000, "enabled": true })
}

async fn register(service: &Service, scopes: &[&str]) {
    assert_eq!(put(service, REGISTER, &rights(scopes)).await.status, 201);
}

async fn ask_as(service: &Service, role: &str, path: &str, body: &Value) -> Answer {
    let body = Some(("application/json", body.to_string().into_bytes()));
    service.client.send(Method::POST, path, role, &[], body).await.unwrap()
}

async fn ask(service: &Service, path: &str, person: u64, mobile: &str) -> Answer {
    ask_as(service, "partner", path, &json!({ "mobile": mobile, "beneficiaryId": people::code(person) })).await
}

async fn certified(service: &Service, events: &Value) -> Vec<String> {
    let answer = service.client.certify("v1", events).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let items = answer.json()["certificates"].as_array().unwrap().clone();
    items.iter().map(|item| item["certificateId"].as_str().unwrap().to_owned()).collect()
}

async fn credential(service: &Service, id: &str) -> String {
    service.client.get(&format!("/certificate/api/credential/{id}"), "fetcher").await.unwrap().text()
}

/// The log's entries of these events.
async fn log(parts: &App, events: &[&str]) -> Vec<(String, String, String)> {
    let now = service::clock();
    let entries = parts.ledger.entries(now - Duration::minutes(5), now + Duration::MINUTE).await.unwrap();
    let told = |entry: &Entry| ["event", "id", "actor"].map(|name| entry.members[name].clone());
    let told = entries.iter().map(told).filter(|[event, ..]| events.contains(&event.as_str()));
    told.map(|[event, id, actor]| (event, id, actor)).collect()
}

fn problem(answer: &Answer, status: u16, name: &str) {
    assert_eq!((answer.status, answer.header("content-type")), (status, "application/problem+json"));
    assert_eq!(answer.json()["type"], format!("urn:divoc:problem:{name}"));
}

fn nobody(answer: &Answer, person: u64) {
    assert_eq!((answer.status, answer.header("content-type")), (404, "application/json"), "{}", answer.text());
    let message = format!("No certificate found for the given beneficiary Id {}", people::code(person));
    assert_eq!(answer.json(), json!({ "status": "not_found", "errorCode": 1, "message": message }));
}

fn other_mobile(answer: &Answer) {
    assert_eq!((answer.status, answer.header("content-type")), (404, "application/json"), "{}", answer.text());
    let message = "Mobile number is not matching for the given beneficiary Id";
    assert_eq!(answer.json(), json!({ "status": "not_found", "errorCode": 2, "message": message }));
}

#[tokio::test]
async fn a_partner_is_given_the_certificates_of_whom_it_asks_for() {
    let (service, parts) = start().await;
    register(&service, &["certificates", "pdf"]).await;
    let ids = certified(&service, &json!([people::event(1, 1), people::event(1, 2)])).await;
    let answer = ask(&service, CERTIFICATES, 1, "9900000001").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"), "{}", answer.text());
    let mut rows = answer.json()["certificates"].as_array().unwrap().clone();
    for (dose, (row, id)) in rows.iter_mut().zip(&ids).enumerate() {
        let row = row.as_object_mut().unwrap();
        let times = ["osCreatedAt", "osUpdatedAt"].map(|name| row.remove(name).unwrap());
        assert!(times.iter().all(|time| time.as_str().unwrap().ends_with('Z')));
        assert_eq!(
            Value::from(row.clone()),
            json!({
                "certificateId": id, "preEnrollmentCode": people::code(1), "programId": "C19", "name": "Asha Example 1",
                "mobile": "9900000001", "dose": dose + 1, "certificate": credential(&service, id).await,
            })
        );
    }
    assert_eq!(rows.len(), 2);

    let pdf = ask(&service, PDF, 1, "+91 99000-00001").await;
    let same =
        service.client.get(&format!("/certificate/api/certificatePDF/{}", people::code(1)), "fetcher").await.unwrap();
    assert_eq!((pdf.status, pdf.header("content-type")), (200, "application/pdf"));
    assert!(pdf.body == same.body && pdf.body.starts_with(b"%PDF-"));

    let shown = |id: &str| ("shown".to_owned(), id.to_owned(), "development-partner".to_owned());
    let mut told = log(&parts, &["shown", "withheld"]).await;
    told.sort();
    let mut expected = vec![shown(&ids[0]), shown(&ids[1]), shown(&ids[1])];
    expected.sort();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_unknown_person_and_another_number_are_told_as_divoc_does_and_the_log_knows() {
    let (service, parts) = start().await;
    register(&service, &["certificates", "pdf", "kyc"]).await;
    let ids = certified(&service, &json!([people::event(1, 1), people::event(2, 1)])).await;
    for path in [CERTIFICATES, PDF, KYC] {
        nobody(&ask(&service, path, 99, "9900000001").await, 99);
        other_mobile(&ask(&service, path, 1, "9900000002").await);
    }
    let withheld = ("withheld".to_owned(), ids[0].clone(), "development-partner".to_owned());
    assert_eq!(log(&parts, &["shown", "withheld"]).await, vec![withheld; 3]);

    // The bodies that ask for nobody, each with what is missing.
    for (body, pointers) in [
        (json!({}), vec!["/beneficiaryId", "/mobile"]),
        (json!([]), vec!["/beneficiaryId", "/mobile"]),
        (json!({ "mobile": "9900000001" }), vec!["/beneficiaryId"]),
        (json!({ "mobile": "9900000001", "beneficiaryId": " " }), vec!["/beneficiaryId"]),
        (json!({ "mobile": "none", "beneficiaryId": "X" }), vec!["/mobile"]),
        (json!({ "mobile": true, "beneficiaryId": "X" }), vec!["/mobile"]),
    ] {
        let answer = ask_as(&service, "partner", CERTIFICATES, &body).await;
        problem(&answer, 400, "asks-for-nobody");
        let told: Vec<_> =
            answer.json()["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].clone()).collect();
        assert_eq!(told, pointers, "{body}");
    }
    let numbers = json!({ "mobile": 9_900_000_001_u64, "beneficiaryId": people::code(1) });
    assert_eq!(ask_as(&service, "partner", CERTIFICATES, &numbers).await.status, 200);
    let broken = Some(("application/json", b"{".to_vec()));
    let broken = service.client.send(Method::POST, CERTIFICATES, "partner", &[], broken).await.unwrap();
    problem(&broken, 400, "not-json");
}

#[tokio::test]
async fn what_was_taken_back_is_as_if_it_had_never_been() {
    let (service, _) = start().await;
    register(&service, &["certificates", "pdf", "kyc"]).await;
    certified(&service, &json!([people::event(1, 1), people::event(1, 2)])).await;
    let revoke = async |query: &str| {
        let path = format!("/divoc/api/v1/certificates/{}?{query}", people::code(1));
        assert_eq!(service.client.send(Method::DELETE, &path, "admin", &[], None).await.unwrap().status, 200);
    };
    revoke("doses=2").await;
    let rows = ask(&service, CERTIFICATES, 1, "9900000001").await.json();
    assert_eq!(rows["certificates"].as_array().unwrap().len(), 1);
    // A correction moves the certificate to another number; the old one sees it no more.
    let mut event = people::event(1, 1);
    event["recipient"]["contact"] = json!(["tel:+919900000003"]);
    let body = Some(("application/json", json!([event]).to_string().into_bytes()));
    let corrected =
        service.client.send(Method::PUT, "/divoc/api/v1/certificate", "certifier", &[], body).await.unwrap();
    assert_eq!(corrected.status, 200, "{}", corrected.text());
    for path in [CERTIFICATES, PDF, KYC] {
        other_mobile(&ask(&service, path, 1, "9900000001").await);
        assert_eq!(ask(&service, path, 1, "9900000003").await.status, 200, "{path}");
    }
    revoke("allDoses=true").await;
    for path in [CERTIFICATES, PDF, KYC] {
        nobody(&ask(&service, path, 1, "9900000003").await, 1);
    }
}

#[tokio::test]
async fn the_summary_says_who_how_far_and_when() {
    let (service, _) = start().await;
    register(&service, &["kyc"]).await;
    let mut evening = people::event(1, 1);
    // Past midnight in India.
    evening["vaccination"]["date"] = json!("2021-01-05T20:30:00.000Z");
    certified(&service, &json!([evening])).await;
    let mut told = json!({
        "name": "Asha Example 1", "age": "41", "gender": "Female", "identity": "Aadhaar # XXXX XXXX XXXX 0001", "refId": people::code(1),
        "vaccine": "COVISHIELD", "status": "PARTIALLY_VACCINATED", "dateOfDose1": "06-01-2021", "dateOfDose2": "",
    });
    let path = format!("{KYC}/{}", people::code(1));
    assert_eq!(ask(&service, KYC, 1, "9900000001").await.json(), told);
    assert_eq!(service.client.get(&path, "fetcher").await.unwrap().json(), told);

    certified(&service, &json!([people::event(1, 2)])).await;
    told["status"] = json!("FULLY_VACCINATED");
    told["dateOfDose2"] = json!("05-02-2021");
    assert_eq!(ask(&service, KYC, 1, "9900000001").await.json(), told);

    // A dose beyond the course changes nothing of it.
    certified(&service, &json!([people::event(1, 3)])).await;
    assert_eq!(ask(&service, KYC, 1, "9900000001").await.json(), told);

    // Tested only.
    assert_eq!(service.client.certify("v1/test", &json!([people::test(2, 1)])).await.unwrap().status, 200);
    let tested = ask(&service, KYC, 2, "9900000002").await.json();
    assert_eq!((&tested["status"], &tested["vaccine"]), (&json!("NOT_VACCINATED"), &json!("")));
    assert_eq!((&tested["dateOfDose1"], &tested["name"]), (&json!(""), &json!("Asha Example 2")));

    // Systems of the country's own ask without the number, DIVOC's way.
    nobody(&service.client.get(&format!("{KYC}/{}", people::code(99)), "fetcher").await.unwrap(), 99);
    let long = service.client.get(&format!("{KYC}/{}", "9".repeat(200)), "fetcher").await.unwrap();
    problem(&long, 404, "no-certificate");
}

#[tokio::test]
async fn systems_of_the_countrys_own_need_no_registration_and_the_right_number() {
    let (service, parts) = start().await;
    let ids = certified(&service, &json!([people::event(1, 1)])).await;
    let body = |mobile: &str| json!({ "mobile": mobile, "beneficiaryId": people::code(1) });
    let path = "/cert/pdf/certificate";
    let pdf = ask_as(&service, "fetcher", path, &body("9900000001")).await;
    assert_eq!((pdf.status, pdf.header("content-type")), (200, "application/pdf"));
    other_mobile(&ask_as(&service, "fetcher", path, &body("9900000002")).await);
    let told = log(&parts, &["shown", "withheld"]).await;
    let by = |event: &str| (event.to_owned(), ids[0].clone(), "development-fetcher".to_owned());
    assert_eq!(told.len(), 2);
    assert!(told.contains(&by("shown")) && told.contains(&by("withheld")), "{told:?}");
}

#[tokio::test]
async fn nobody_is_admitted_who_is_not_registered_switched_on_and_given_the_scope() {
    let (service, _) = start().await;
    certified(&service, &json!([people::event(1, 1)])).await;
    problem(&ask(&service, CERTIFICATES, 1, "9900000001").await, 403, "not-admitted");

    register(&service, &["kyc"]).await;
    for (path, status) in [(CERTIFICATES, 403), (PDF, 403), (KYC, 200)] {
        assert_eq!(ask(&service, path, 1, "9900000001").await.status, status, "{path}");
    }
    let mut off = rights(&["certificates", "pdf", "kyc"]);
    off["enabled"] = json!(false);
    assert_eq!(put(&service, REGISTER, &off).await.status, 200);
    for path in [CERTIFICATES, PDF, KYC] {
        problem(&ask(&service, path, 1, "9900000001").await, 403, "not-admitted");
    }
    assert_eq!(put(&service, REGISTER, &rights(&["certificates"])).await.status, 200);
    assert_eq!(ask(&service, CERTIFICATES, 1, "9900000001").await.status, 200);

    // Another client with the role is another partner. The client counts, not the account behind it; DIVOC's name for the role is understood.
    let mint = |claims: Value| service.running.mint(claims.as_object().unwrap().clone()).unwrap();
    let roles = json!({ "any": { "roles": ["arogyasetu"] } });
    let stranger = mint(json!({ "sub": "development-partner", "azp": "another-client", "resource_access": roles }));
    let known = mint(json!({ "sub": "another", "azp": "development-partner", "resource_access": roles }));
    let cognito = mint(json!({ "sub": "another", "aud": null, "client_id": "divoc", "resource_access": roles }));
    for (token, status) in [(stranger, 403), (known, 200), (cognito, 403)] {
        let client = service.client.clone().with_token("it", token);
        let body = json!({ "mobile": "9900000001", "beneficiaryId": people::code(1) }).to_string().into_bytes();
        let answer =
            client.send(Method::POST, CERTIFICATES, "it", &[], Some(("application/json", body))).await.unwrap();
        assert_eq!(answer.status, status);
    }

    let gone = service.client.send(Method::DELETE, REGISTER, "admin", &[], None).await.unwrap();
    assert_eq!(gone.status, 204);
    problem(&ask(&service, CERTIFICATES, 1, "9900000001").await, 403, "not-admitted");
}

#[tokio::test]
async fn a_partner_asks_as_often_as_it_may_in_a_minute_and_a_day() {
    let (service, _) = start().await;
    certified(&service, &json!([people::event(1, 1)])).await;
    let mut few = rights(&["certificates"]);
    (few["perMinute"], few["perDay"]) = (json!(2), json!(3));
    assert_eq!(put(&service, REGISTER, &few).await.status, 201);
    let asked = async || ask(&service, CERTIFICATES, 1, "9900000001").await;
    let seconds = |answer: &Answer| answer.header("retry-after").parse::<i64>().unwrap();
    for _ in 0..2 {
        assert_eq!(asked().await.status, 200);
    }
    let refused = asked().await;
    problem(&refused, 429, "too-many");
    assert!((1..=60).contains(&seconds(&refused)), "{}", seconds(&refused));
    service::pass(seconds(&refused));
    // What the minute refused does not count for the day.
    assert_eq!(asked().await.status, 200);
    let refused = asked().await;
    problem(&refused, 429, "too-many");
    assert!((86_000..86_400).contains(&seconds(&refused)), "{}", seconds(&refused));
    service::pass(seconds(&refused));
    assert_eq!(asked().await.status, 200);
}

#[tokio::test]
async fn numbers_of_one_person_cannot_be_tried_one_by_one() {
    let (service, _) = start().await;
    register(&service, &["certificates", "pdf", "kyc"]).await;
    certified(&service, &json!([people::event(1, 1), people::event(2, 1)])).await;
    for number in 0..30 {
        let path = [CERTIFICATES, PDF, KYC][number % 3];
        other_mobile(&ask(&service, path, 1, &format!("98000000{number:02}")).await);
    }
    // The right one is not told from a wrong one any more; others may be asked for.
    problem(&ask(&service, CERTIFICATES, 1, "9900000001").await, 429, "too-many");
    problem(&ask(&service, KYC, 1, "9800000031").await, 429, "too-many");
    assert_eq!(ask(&service, CERTIFICATES, 2, "9900000002").await.status, 200);
    service::pass(86_400);
    assert_eq!(ask(&service, CERTIFICATES, 1, "9900000001").await.status, 200);
}

#[tokio::test]
async fn administrators_keep_the_register_and_each_change_stands_in_the_log() {
    let (service, parts) = start().await;
    let get = async |path: &str| service.client.get(path, "admin").await.unwrap();
    assert_eq!(get("/divoc/api/v1/partners").await.json(), json!({ "partners": [] }));
    problem(&get(REGISTER).await, 404, "no-partner");

    let mut told = rights(&["pdf", "certificates", "pdf"]);
    let set = put(&service, REGISTER, &told).await;
    told["partnerId"] = json!("development-partner");
    told["scopes"] = json!(["certificates", "pdf"]);
    assert_eq!((set.status, set.json()), (201, told.clone()));
    // A second call changes nothing.
    assert_eq!(put(&service, REGISTER, &told).await.status, 200);
    told["perDay"] = json!(5);
    assert_eq!((put(&service, REGISTER, &told).await.json(), get(REGISTER).await.json()), (told.clone(), told.clone()));
    assert_eq!(put(&service, "/divoc/api/v1/partners/another", &rights(&["kyc"])).await.status, 201);
    let names: Vec<_> = get("/divoc/api/v1/partners").await.json()["partners"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["partnerId"].clone())
        .collect();
    assert_eq!(names, ["another", "development-partner"]);
    for _ in 0..2 {
        assert_eq!(service.client.send(Method::DELETE, REGISTER, "admin", &[], None).await.unwrap().status, 204);
    }
    problem(&get(REGISTER).await, 404, "no-partner");

    let entry = |event: &str, id: &str| (event.to_owned(), id.to_owned(), "development-admin".to_owned());
    let mut entries = log(&parts, &["partner-set", "partner-removed"]).await;
    entries.sort();
    let mine = "development-partner";
    assert_eq!(
        entries,
        [
            entry("partner-removed", mine),
            entry("partner-set", "another"),
            entry("partner-set", mine),
            entry("partner-set", mine)
        ]
    );
}

#[tokio::test]
async fn a_register_entry_with_faults_is_refused_with_all_of_them() {
    let (service, _) = start().await;
    let faults = async |path: &str, body: Value| {
        let answer = put(&service, path, &body).await;
        problem(&answer, 422, "invalid-body");
        let errors = answer.json()["errors"].as_array().unwrap().clone();
        errors.iter().map(|fault| fault["pointer"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = ["/name", "/scopes", "/perMinute", "/perDay", "/enabled"];
    assert_eq!(faults(REGISTER, json!({})).await, all);
    assert_eq!(faults(REGISTER, json!([])).await, all);
    let wrong = json!({ "name": "a\nb", "scopes": ["everything"], "perMinute": 0, "perDay": 1.5, "enabled": "yes" });
    assert_eq!(faults(REGISTER, wrong).await, all);
    let mut none = rights(&[]);
    none["perMinute"] = json!(1_000_001);
    assert_eq!(faults(REGISTER, none).await, ["/scopes", "/perMinute"]);
    assert_eq!(faults("/divoc/api/v1/partners/a%20b", rights(&["kyc"])).await, [""]);
    assert_eq!(faults(&format!("/divoc/api/v1/partners/{}", "a".repeat(129)), rights(&["kyc"])).await, [""]);
    assert_eq!(service.client.get("/divoc/api/v1/partners", "admin").await.unwrap().json(), json!({ "partners": [] }));
}
