//! Certificates of test results, from outside: certified exactly once, fetched in every form, apart from vaccinations.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use credential::{PublicKey, VerificationMethod, qr, verify};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::{Arc, atomic::Ordering};
use tests::{Answer, Service, people, pixels, service};

/// `value` with the member at `pointer` replaced.
fn with(mut value: Value, pointer: &str, new: Value) -> Value {
    *value.pointer_mut(pointer).expect("the member is there") = new;
    value
}

async fn certify(service: &Service, schema: &str, events: Value) -> Vec<String> {
    let answer = service.client.certify(schema, &events).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let items = answer.json()["certificates"].as_array().unwrap().clone();
    items.iter().map(|item| item["certificateId"].as_str().unwrap().to_owned()).collect()
}

async fn get(service: &Service, path: &str) -> Answer {
    service.client.get(path, "fetcher").await.unwrap()
}

async fn head(service: &Service, path: &str) -> u16 {
    service.client.head(path, "fetcher").await.unwrap().status
}

fn pdf_path(person: u64) -> String {
    format!("/certificate/api/test/certificatePDF/{}", people::code(person))
}

fn qr_path(person: u64) -> String {
    format!("/certificate/api/test/certificateQRCode/{}", people::code(person))
}

fn shows(answer: &Answer, id: &str) -> bool {
    answer.header("content-disposition").starts_with(&format!("inline; filename=\"certificate-{id}"))
}

#[tokio::test]
async fn a_test_can_be_fetched_in_every_form_and_verified_when_the_call_returns() {
    let service = Service::start().await;
    let answer = service.client.certify("v1/test", &json!([people::test(1, 5)])).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let body = answer.json();
    let id = body["certificates"][0]["certificateId"].as_str().unwrap();
    assert_eq!(
        body,
        json!({ "certificates": [{
            "index": 0, "certificateId": id, "status": "created",
            "links": {
                "pdf": format!("/certificate/api/certificate/{id}"),
                "qr": format!("/certificate/api/certificate/QRCode/{id}"),
                "credential": format!("/certificate/api/credential/{id}"),
            },
        }]})
    );
    let credential = get(&service, &format!("/certificate/api/credential/{id}")).await;
    let document = credential.json();
    assert_eq!(document["@context"][1], "https://cowin.gov.in/credentials/testCertificate/v1");
    assert_eq!(document["type"], json!(["VerifiableCredential", "ProofOfTestCertificateCredential"]));
    assert_eq!(document["evidence"][0]["type"], json!(["TestDetails"]));
    assert_eq!(document["evidence"][0]["certificateId"], id);
    assert!(document["evidence"][0]["id"].as_str().unwrap().starts_with(&format!("https://divoc.dev/test/{id}#b1=")));

    let pem = service.client.get("/.well-known/public-key.pem", "").await.unwrap().text();
    let methods = [VerificationMethod::new("did:india", PublicKey::from_pem(&pem).unwrap())];
    let verified = verify(&credential.text(), &methods).unwrap();
    assert!(verified.bound && verified.facts.is_test());
    let evidence = verified.facts.evidence().unwrap();
    assert_eq!((evidence.certificate_id.as_str(), evidence.result.as_str()), (id, "Negative"));
    assert_eq!(evidence.sample_collection_timestamp, "2021-07-05T09:30:00.000Z");

    for path in [pdf_path(1), format!("/certificate/api/certificate/{id}")] {
        let pdf = get(&service, &path).await;
        assert_eq!((pdf.status, pdf.header("content-type")), (200, "application/pdf"), "{path}");
        assert!(pdf.body.starts_with(b"%PDF-") && shows(&pdf, id), "{path}");
    }
    for path in [qr_path(1), format!("/certificate/api/certificate/QRCode/{id}")] {
        let picture = get(&service, &path).await;
        assert_eq!((picture.status, picture.header("content-type")), (200, "image/png"), "{path}");
        let json = qr::read(&pixels::read_png(&picture.body).unwrap()).unwrap();
        assert_eq!(json.as_bytes(), credential.body, "{path}");
    }
    assert!(get(&service, &format!("{}?format=svg", qr_path(1))).await.text().starts_with("<svg"));
    assert_eq!(get(&service, &format!("{}?format=gif", qr_path(1))).await.status, 400);
    assert_eq!(head(&service, &pdf_path(1)).await, 200);
}

#[tokio::test]
async fn the_same_test_again_gives_the_first_certificate_unchanged() {
    let service = Service::start().await;
    let id = &certify(&service, "v1/test", json!([people::test(2, 5)])).await[0];
    let path = format!("/certificate/api/credential/{id}");
    let signed = get(&service, &path).await.body;
    // Other spellings of the same values, members nobody reads, and another array around it.
    let mut again = people::test(2, 5);
    again["testDetails"]["sampleCollectionTimestamp"] = json!("2021-07-05T15:00:00+05:30");
    again["recipient"]["address"]["pincode"] = json!("560034");
    again["recipient"]["age"] = json!("41");
    again["meta"] = json!({ "uploadTimestamp": "2026-01-01T00:00:00Z" });
    let second = service.client.certify("v1/test", &json!([again, people::test(2, 6)])).await.unwrap();
    assert_eq!(second.status, 200, "{}", second.text());
    let items = second.json()["certificates"].clone();
    assert_eq!((&items[0]["certificateId"], &items[0]["status"]), (&json!(id), &json!("alreadyIssued")));
    assert_eq!(items[1]["status"], "created");
    assert_eq!(get(&service, &path).await.body, signed);
}

#[tokio::test]
async fn sixteen_at_a_time_give_one_certificate_and_one_signature() {
    let mut signer = None;
    let service = Service::with(|app| {
        let counting = service::Counting::new(Arc::clone(&app.signer), u64::MAX);
        app.signer = counting.clone();
        signer = Some(counting);
    })
    .await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let client = service.client.clone();
        calls.spawn(async move { client.certify("v1/test", &json!([people::test(3, 5)])).await.unwrap() });
    }
    let answers = calls.join_all().await;
    let first = answers[0].json()["certificates"][0]["certificateId"].clone();
    assert!(answers.iter().all(|answer| answer.json()["certificates"][0]["certificateId"] == first));
    assert_eq!(signer.unwrap().signatures.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_crash_at_any_write_is_healed_by_the_same_test() {
    // As for vaccinations: reserve, commit.
    for call in 1..=2 {
        for acts_first in [false, true] {
            let mut store = None;
            let service = Service::with(|app| {
                let mortal = service::Mortal::new(Arc::clone(&app.store), call, acts_first);
                app.store = mortal.clone();
                app.clock = service::clock;
                store = Some(mortal);
            })
            .await;
            let event = json!([people::test(4, 5)]);
            assert_eq!(service.client.certify("v1/test", &event).await.unwrap().status, 503);
            let store = store.unwrap();
            assert!(store.died());
            store.revive();
            service::pass(60);
            let id = &certify(&service, "v1/test", event.clone()).await[0];
            assert_eq!(&certify(&service, "v1/test", event).await[0], id, "call {call}, acts first: {acts_first}");
            assert!(shows(&get(&service, &pdf_path(4)).await, id));
        }
    }
}

#[tokio::test]
async fn another_event_for_a_certified_sample_is_a_conflict_and_stores_nothing_of_its_array() {
    let service = Service::start().await;
    certify(&service, "v1/test", json!([people::test(5, 5)])).await;
    let other = with(people::test(5, 5), "/testDetails/result", json!("Positive"));
    let answer = service.client.certify("v1/test", &json!([people::test(6, 5), other.clone()])).await.unwrap();
    assert_eq!(answer.status, 409);
    assert_eq!(answer.json()["type"], "urn:divoc:problem:already-certified");
    assert_eq!(answer.json()["errors"][0]["pointer"], "/1");
    assert_eq!(head(&service, &pdf_path(6)).await, 404, "the array's other item was stored");
    // Another sample, or another programme, is another certificate.
    let later = with(other.clone(), "/testDetails/sampleCollectionTimestamp", json!("2021-07-05T09:30:00.001Z"));
    certify(&service, "v1/test", json!([later, with(other, "/programId", json!("TB"))])).await;
}

#[tokio::test]
async fn every_fault_of_an_array_comes_back_at_once_and_nothing_is_stored() {
    let service = Service::start().await;
    let mut nameless = people::test(8, 5);
    nameless["recipient"].as_object_mut().unwrap().remove("name");
    nameless["testDetails"]["result"] = json!("Unknown");
    let backwards = with(people::test(9, 5), "/testDetails/resultTimestamp", json!("2021-07-04T00:00:00Z"));
    let body = json!([people::test(7, 5), nameless, backwards, people::event(9, 1)]);
    let answer = service.client.certify("v1/test", &body).await.unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (422, "application/problem+json"));
    let problem = answer.json();
    let faults = problem["errors"].as_array().unwrap().iter();
    let faults: Vec<_> =
        faults.map(|fault| (fault["pointer"].as_str().unwrap(), fault["code"].as_u64().unwrap())).collect();
    assert_eq!(
        faults,
        [
            ("/1/recipient/name", 602),
            ("/1/testDetails/result", 606),
            ("/2/testDetails/resultTimestamp", 605),
            ("/3/testDetails", 602),
        ]
    );
    assert_eq!(problem["code"], 602, "DIVOC's callers look for the first fault's number");
    assert_eq!(head(&service, &pdf_path(7)).await, 404);
}

#[tokio::test]
async fn each_bad_value_has_its_pointer_and_stores_nothing() {
    let service = Service::start().await;
    let cases = [
        ("/preEnrollmentCode", json!("")),
        ("/recipient/name", json!("tab\there")),
        ("/recipient/gender", Value::Null),
        ("/recipient/dob", json!("1980-02-30")),
        ("/recipient/dob", json!("2999-01-01")),
        ("/recipient/identity", json!("did:in.gov.uidai.aadhaar:12 34")),
        ("/recipient/contact", Value::Null),
        ("/testDetails/testType", Value::Null),
        ("/testDetails/disease", json!(19)),
        ("/testDetails/sampleCollectionTimestamp", json!("2999-01-01T00:00:00Z")),
        ("/testDetails/sampleCollectionTimestamp", json!("1979-01-01T00:00:00Z")),
        ("/testDetails/resultTimestamp", json!("yesterday")),
        ("/testDetails/result", json!("NEGATIVE")),
        ("/facility/address", Value::Null),
        ("/verifier", json!("Sister Example")),
    ];
    for (number, (pointer, value)) in (0_u64..).zip(cases) {
        let person = 100 + number;
        let event = with(people::test(person, 5), pointer, value.clone());
        let answer = service.client.certify("v1/test", &json!([event])).await.unwrap();
        assert_eq!(answer.status, 422, "{pointer} = {value}: {}", answer.text());
        let places: Vec<_> =
            answer.json()["errors"].as_array().unwrap().iter().map(|it| it["pointer"].clone()).collect();
        assert_eq!(places, [json!(format!("/0{pointer}"))], "{pointer} = {value}");
        assert_eq!(head(&service, &pdf_path(person)).await, 404, "{pointer} = {value} was stored");
    }
    let nobody_knows = with(people::test(99, 5), "/recipient/dob", Value::Null);
    certify(&service, "v1/test", json!([nobody_knows])).await;
}

#[tokio::test]
async fn the_latest_test_is_that_of_the_newest_sample_whatever_the_order_of_arrival() {
    let service = Service::start().await;
    let newest = &certify(&service, "v1/test", json!([people::test(10, 20)])).await[0];
    let older = &certify(&service, "v1/test", json!([people::test(10, 9)])).await[0];
    // A sample of the same day, an hour later by the clock and earlier on the globe.
    let mut abroad = people::test(10, 20);
    abroad["testDetails"]["sampleCollectionTimestamp"] = json!("2021-07-20T10:30:00+05:30");
    certify(&service, "v1/test", json!([abroad])).await;
    for path in [pdf_path(10), qr_path(10)] {
        assert!(shows(&get(&service, &path).await, newest), "{path}");
    }
    // Each stands alone: an older test's page is not the newest one's.
    let by_id = get(&service, &format!("/certificate/api/certificate/{older}")).await;
    assert!(shows(&by_id, older));
    assert_ne!(by_id.header("etag"), get(&service, &pdf_path(10)).await.header("etag"));
}

/// Every route of vaccinations by beneficiary, with its method.
fn vaccination_paths(person: u64) -> Vec<(Method, String)> {
    let code = people::code(person);
    vec![
        (Method::GET, format!("/certificate/api/certificatePDF/{code}")),
        (Method::HEAD, format!("/certificate/api/certificatePDF/{code}")),
        (Method::GET, format!("/certificate/api/certificateQRCode/{code}")),
        (Method::GET, format!("/cert/api/certificatePDF/{code}")),
        (Method::GET, format!("/cert/api/certificatePDF/{code}/1")),
        (Method::HEAD, format!("/cert/api/certificate/{code}")),
        (Method::HEAD, format!("/cert/api/certificate/{code}/1")),
        (Method::GET, format!("/cert/api/certificateId/{code}/1")),
    ]
}

/// The same of tests.
fn test_paths(person: u64) -> Vec<(Method, String)> {
    vec![(Method::GET, pdf_path(person)), (Method::HEAD, pdf_path(person)), (Method::GET, qr_path(person))]
}

#[tokio::test]
async fn tests_and_vaccinations_of_one_person_never_meet() {
    let service = Service::start().await;
    certify(&service, "v1/test", json!([people::test(11, 5)])).await;
    certify(&service, "v1", json!([people::event(12, 1)])).await;
    for role in ["fetcher", "admin"] {
        let absent = vaccination_paths(11).into_iter().chain(test_paths(12));
        for (method, path) in absent {
            let answer = service.client.send(method.clone(), &path, role, &[], None).await.unwrap();
            assert_eq!(answer.status, 404, "{method} {path} as {role}");
        }
        let there = vaccination_paths(12).into_iter().chain(test_paths(11));
        for (method, path) in there {
            let answer = service.client.send(method.clone(), &path, role, &[], None).await.unwrap();
            assert_eq!(answer.status, 200, "{method} {path} as {role}");
        }
    }

    // One person with both: a test of later days changes nothing about the vaccinations' page, and the other way round.
    let second = &certify(&service, "v1", json!([people::event(13, 1), people::event(13, 2)])).await[1];
    let vaccinated = format!("/certificate/api/certificatePDF/{}", people::code(13));
    let before = get(&service, &vaccinated).await;
    let test = &certify(&service, "v1/test", json!([people::test(13, 25)])).await[0];
    let after = get(&service, &vaccinated).await;
    assert_eq!(after.header("etag"), before.header("etag"));
    assert!(shows(&after, second));
    let tested = get(&service, &pdf_path(13)).await;
    assert!(shows(&tested, test));
    certify(&service, "v1", json!([people::event(13, 3)])).await;
    assert_eq!(get(&service, &pdf_path(13)).await.header("etag"), tested.header("etag"));
}

#[tokio::test]
async fn a_citizen_sees_the_tests_registered_to_their_number_and_nothing_else() {
    let service = Service::start().await;
    let mine = &certify(&service, "v1/test", json!([people::test(14, 5)])).await[0];
    let theirs = &certify(&service, "v1/test", json!([people::test(15, 5)])).await[0];
    // One code, another telephone: a newer test that is not theirs to see.
    let moved = with(people::test(14, 8), "/recipient/contact", json!([people::telephone(15)]));
    certify(&service, "v1/test", json!([moved])).await;
    let phone = people::telephone(14).replace("tel:", "");
    let client = service.client.clone().with_token("me", service.running.token_for_citizen(&phone));
    let by_id = |id: &str| {
        ["certificate/", "certificate/QRCode/", "credential/"].map(|route| format!("/certificate/api/{route}{id}"))
    };
    for path in [pdf_path(14), qr_path(14)].into_iter().chain(by_id(mine)) {
        let answer = client.get(&path, "me").await.unwrap();
        assert_eq!(answer.status, 200, "{path}");
        assert!(shows(&answer, mine), "{path}");
    }
    assert_eq!(client.head(&pdf_path(14), "me").await.unwrap().status, 200);
    // A stranger's test and none at all look the same.
    let strange = [pdf_path(15), qr_path(15)].into_iter().chain(by_id(theirs));
    let absent = [pdf_path(999), qr_path(999)].into_iter().chain(by_id("99999999999999999999"));
    for (strange, absent) in strange.zip(absent) {
        let (strange, absent) = (client.get(&strange, "me").await.unwrap(), client.get(&absent, "me").await.unwrap());
        assert_eq!(strange.status, 404);
        assert_eq!(strange.body, absent.body);
    }
    assert_eq!(client.head(&pdf_path(15), "me").await.unwrap().status, 404);
}

#[tokio::test]
async fn the_context_of_tests_is_served() {
    let service = Service::start().await;
    let context = service.client.get("/credentials/testCertificate/v1", "").await.unwrap();
    assert_eq!((context.status, context.header("content-type")), (200, "application/ld+json"));
    assert_eq!(context.text(), credential::context::TEST_CERTIFICATE_V1);
}
