//! The Lambda binaries themselves, driven as Lambda drives them: the template's variables, the sample events of `events/`, AWS's services from an emulator.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use aws_lc_rs::hmac;
use aws_sdk_kms::{
    primitives::Blob,
    types::{KeySpec, KeyUsageType, MacAlgorithmSpec},
};
use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};
use axum::{
    Json, Router,
    http::{HeaderMap, StatusCode},
    routing::{self, get, post},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD},
};
use credential::{CertificateId, PublicKey, RevocationList, Status, Suite, VerificationMethod, qr, verify};
use issuer::ports::{Cabinet, Drawer, IdentityProvider, KeyRing, Sheet, StatusChange};
use lambda::{Function, Template, binary, event, root};
use local::{
    identity::{AUDIENCE, DevelopmentIdentity, FACILITY, ISSUER},
    keys,
};
use ministack::{Emulator, new_key};
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    fs,
    process::Command,
    sync::{Arc, Mutex},
};
use tests::{Answer, bulk, pixels};
use time::OffsetDateTime;

mod citizens;
#[path = "../lambda/mod.rs"]
mod lambda;
mod later;
#[path = "../../../shared/aws/tests/ministack/mod.rs"]
mod ministack;
mod pool;
mod samples;
mod stack;
mod systems;

use pool::Pool;
use stack::{Stack, nowhere, published_by};

/// What a tested person of `events/certify/test-result.json` is asked for.
const TESTED_PDF: &str = "/certificate/api/test/certificatePDF/10000000000301";
const TESTED_QR: &str = "/certificate/api/test/certificateQRCode/10000000000301";
/// What the sample events have where a real one has a token.
const TOKEN: &str = "PLACEHOLDER";
/// What they have where a real one has the id of a certificate, which nobody knows before it is made.
const CERTIFICATE: &str = "20000000000000000101";

#[tokio::test]
async fn from_an_event_to_every_form_of_its_certificate() {
    let stack = Stack::up().await;
    let (certifier, fetcher) = (stack.token("certifier"), stack.token("fetcher"));

    // 1. The event is certified once, however often it comes.
    let certify = stack.function("certify").await;
    let report = event("certify", &[(TOKEN, &certifier)]);
    let first = ok(certify.answer(report.clone()).await, "application/json").json();
    let id = first["certificates"][0]["certificateId"].as_str().unwrap().to_owned();
    assert_eq!(first, answered("created", &id));
    assert_eq!(ok(certify.answer(report).await, "application/json").json(), answered("alreadyIssued", &id));

    // 2. It is printed once, then kept: what comes next is what lies in the bucket, whatever that is.
    let printer = stack.function("certificate_pdf").await;
    let print = event("certificate_pdf", &[(TOKEN, &fetcher)]);
    let pdf = ok(printer.answer(print.clone()).await, "application/pdf");
    assert!(pdf.body.starts_with(b"%PDF-"));
    assert_eq!(pdf.header("content-disposition"), format!("inline; filename=\"certificate-{id}.pdf\""));
    assert_eq!(printer.answer(print.clone()).await, pdf);
    let key = format!("pages/{}.pdf", pdf.header("etag").trim_matches('"'));
    assert_eq!(stack.kept().await, HashMap::from([(key.clone(), pdf.body)]));
    stack.keep(&key, b"%PDF-kept").await;
    assert_eq!(ok(printer.answer(print).await, "application/pdf").body, b"%PDF-kept");

    // 3. Somebody asks whether there is one.
    let head = stack.function("certificate_head").await;
    let ask = event("certificate_head", &[(TOKEN, &fetcher)]);
    let there = head.answer(ask.clone()).await;
    assert_eq!((there.status, there.text()), (200, String::new()));

    // 4. What the picture holds is the credential, and the published key verifies it.
    let public = stack.function("public").await;
    let methods = published(&ok(public.answer(event("public", &[])).await, "application/x-pem-file").text());
    let credential = stack.function("certificate_credential").await;
    let get = event("certificate_credential", &[(TOKEN, &fetcher), (CERTIFICATE, &id)]);
    let json = ok(credential.answer(get.clone()).await, "application/json").text();
    let verified = verify(&json, &methods).unwrap();
    assert!(verified.bound);
    assert_eq!(verified.suite, Suite::Ps256);
    assert_eq!(verified.facts.evidence().unwrap().certificate_id, id);
    let drawer = stack.function("certificate_qr").await;
    let draw = event("certificate_qr", &[(TOKEN, &fetcher)]);
    let picture = ok(drawer.answer(draw).await, "image/png").body;
    assert_eq!(qr::read(&pixels::read_png(&picture).unwrap()).unwrap(), json);

    // 5. A test's result goes the same way, on its own routes.
    let body = fs::read_to_string(root().join("events/certify/test-result.json")).unwrap();
    let report = redirected(event("certify", &[(TOKEN, &certifier)]), "/divoc/api/v1/test/certify", Some(&body));
    let results = ok(certify.answer(report).await, "application/json").json();
    let newest = results["certificates"][0]["certificateId"].as_str().unwrap();
    let print = redirected(event("certificate_pdf", &[(TOKEN, &fetcher)]), TESTED_PDF, None);
    let pdf = ok(printer.answer(print).await, "application/pdf");
    assert_eq!(pdf.header("content-disposition"), format!("inline; filename=\"certificate-{newest}.pdf\""));
    let exists = redirected(event("certificate_head", &[(TOKEN, &fetcher)]), TESTED_PDF, None);
    assert_eq!(head.answer(exists).await.status, 200);
    let draw = redirected(event("certificate_qr", &[(TOKEN, &fetcher)]), TESTED_QR, None);
    let picture = ok(drawer.answer(draw).await, "image/png").body;
    let json = qr::read(&pixels::read_png(&picture).unwrap()).unwrap();
    assert!(verify(&json, &methods).unwrap().facts.is_test());

    // 6. The first status list says nothing against anyone.
    let publisher = stack.function("publish_status").await;
    publisher.outcome(event("publish_status", &[])).await.unwrap();
    let status = stack.function("status").await;
    let list = stack.newest_list(&status).await;
    assert_eq!((list.number(), list.len()), (1, 0));

    // 7. The first certificate is corrected, and the correction taken back; each shows at once.
    let mut corrected = fs::read_to_string(root().join("events/certify/one-dose.json")).unwrap();
    corrected = corrected.replace("4120Z001", "4120Z002");
    let mut correct =
        redirected(event("certify", &[(TOKEN, &certifier)]), "/divoc/api/v1/certificate", Some(&corrected));
    correct["requestContext"]["http"]["method"] = "PUT".into();
    let correction = ok(certify.answer(correct).await, "application/json").json();
    assert_eq!(correction["certificates"][0]["previousCertificateId"], id.as_str());
    let newer = correction["certificates"][0]["certificateId"].as_str().unwrap();
    problem(&credential.answer(get.clone()).await, 410, "no-longer-valid");
    let revoke = stack.function("certificate_revoke").await;
    let take_back = event("certificate_revoke", &[(TOKEN, &certifier), (CERTIFICATE, newer)]);
    let revoked = ok(revoke.answer(take_back).await, "application/json").json();
    assert_eq!(revoked, json!({ "certificates": [{ "certificateId": newer, "dose": 1, "status": "revoked" }] }));
    assert_eq!(head.answer(ask.clone()).await.status, 404);
    let admin = stack.token("admin");
    let ask_history = redirected(
        event("certificate_credential", &[(TOKEN, &admin)]),
        &format!("/divoc/api/v1/certificate/{newer}/history"),
        None,
    );
    let history = ok(credential.answer(ask_history).await, "application/json").json();
    let statuses: Vec<_> = history["certificates"].as_array().unwrap().iter().map(|it| it["status"].clone()).collect();
    assert_eq!(statuses, ["superseded", "revoked"]);

    // 8. The stream starts the publication, and both stand in the next list. With many others, so that it is longer than what KMS hashes itself.
    stack.suspend_many(200).await;
    publisher.outcome(event("publish_status", &[])).await.unwrap();
    let list = stack.newest_list(&status).await;
    assert_eq!((list.number(), list.len()), (2, 202));
    let stands = |id: &str| list.status_of(&CertificateId::parse(id).unwrap(), OffsetDateTime::now_utc());
    assert_eq!((stands(&id), stands(newer)), (Status::Superseded, Status::Revoked));

    // 9. API Gateway lets nobody through without a token; if it did, the function would not.
    let mut anonymous = get;
    anonymous["headers"].as_object_mut().unwrap().remove("authorization").unwrap();
    problem(&credential.answer(anonymous).await, 401, "unauthenticated");

    // 10. The database goes away: the caller is asked to come back.
    drop(stack.emulator);
    let gone = head.answer(ask).await;
    assert_eq!((gone.status, gone.header("retry-after")), (503, "2"));

    let failed = publisher.outcome(event("publish_status", &[])).await.unwrap_err();
    assert!(failed.contains("the task failed; its log says why"), "{failed}");

    // 11. The logs tell what was done, and nothing of whom.
    let routes = [&certify, &revoke, &printer, &head, &public, &credential, &drawer];
    let routes = routes.map(|function| requests(&function.log()));
    assert_eq!(routes.map(|requests| requests.len()), [4, 1, 4, 4, 1, 4, 2]);
}

#[tokio::test]
async fn the_pages_are_handed_out_without_any_service_of_aws() {
    let page = Function::start("page", Template::read().environment("page", &nowhere())).await;
    let entry = ok(page.answer(event("page", &[])).await, "text/html; charset=utf-8");
    let cache = ["content-encoding", "cache-control"].map(|name| entry.header(name));
    assert_eq!(cache, ["gzip", "no-cache"]);
    assert!(entry.header("content-security-policy").ends_with("frame-ancestors 'self'"), "{:?}", entry.headers);
    assert!(entry.body.starts_with(&[0x1f, 0x8b]));
    let embed = redirected(event("page", &[]), "/verify/embed.js", None);
    ok(page.answer(embed).await, "text/javascript; charset=utf-8");
    for path in ["/portal/", "/share/"] {
        let entry = ok(page.answer(redirected(event("page", &[]), path, None)).await, "text/html; charset=utf-8");
        assert!(entry.header("content-security-policy").ends_with("frame-ancestors 'none'"), "{path}");
    }
    problem(&page.answer(redirected(event("page", &[]), "/verify/nothing.js", None)).await, 404, "no-route");
}

#[tokio::test]
async fn verifiers_and_administrators_have_functions_of_their_own() {
    let stack = Stack::up().await;
    let (certifier, admin, border) = (stack.token("certifier"), stack.token("admin"), stack.token("verifier"));
    let certify = stack.function("certify").await;
    let issued = ok(certify.answer(event("certify", &[(TOKEN, &certifier)])).await, "application/json").json();
    let id = issued["certificates"][0]["certificateId"].as_str().unwrap();
    let credential = stack.function("certificate_credential").await;
    let get = event("certificate_credential", &[(TOKEN, &admin), (CERTIFICATE, id)]);
    let json = ok(credential.answer(get.clone()).await, "application/json").text();

    // 1. A border asks for a verdict.
    let judge = stack.function("certificate_verify").await;
    let sample = ok(judge.answer(event("certificate_verify", &[(TOKEN, &border)])).await, "application/json").json();
    assert_eq!((&sample["verdict"], sample.get("facts")), (&json!("invalid"), None));
    let show = redirected(event("certificate_verify", &[(TOKEN, &border)]), "/divoc/api/v1/verify", Some(&json));
    let report = ok(judge.answer(show).await, "application/json").json();
    assert_eq!((&report["summary"], &report["status"]["source"]), (&json!("valid"), &json!("register")));

    // 2. An administrator sees the key that signed.
    let administer = stack.function("keys_admin").await;
    let keys = ok(administer.answer(event("keys_admin", &[(TOKEN, &admin)])).await, "application/json").json();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["state"] == "current").unwrap();
    assert_eq!((&key["signs"], &key["origin"]), (&json!("certificates"), &json!("own")));

    // 3. A batch is recalled: counted, begun, done by the worker when the schedule wakes it; the other worker has nothing to do.
    let recall = stack.function("recall").await;
    let counted = ok(recall.answer(event("recall", &[(TOKEN, &admin)])).await, "application/json").json();
    assert_eq!(counted, json!({ "found": 1, "standing": 1, "complete": true }));
    let wish = event("recall", &[])["body"].as_str().unwrap().to_owned();
    let begin = redirected(event("recall", &[(TOKEN, &admin)]), "/divoc/api/v1/recalls", Some(&wish));
    assert_eq!(recall.answer(begin).await.status, 202);
    for name in ["resign_worker", "recall_worker"] {
        stack.function(name).await.outcome(event(name, &[])).await.unwrap();
    }
    problem(&credential.answer(get).await, 410, "no-longer-valid");

    // 4. The log is open to administrators. What was just done is not sealed yet; what is sealed has been empty.
    let publisher = stack.function("publish_status").await;
    publisher.outcome(event("publish_status", &[])).await.unwrap();
    let log = stack.function("audit_log").await;
    let page = ok(log.answer(event("audit_log", &[(TOKEN, &admin)])).await, "application/json").json();
    assert_eq!((&page["seals"][0]["number"], &page["seals"][0]["count"]), (&json!(0), &json!(0)));

    // 5. None of them says anything of the person.
    let routes = [&judge, &administer, &recall, &log].map(|function| requests(&function.log()));
    assert_eq!(routes.map(|requests| requests.len()), [2, 1, 2, 1]);
}

/// The request on another path of the same function, with another body.
fn redirected(mut event: Value, path: &str, body: Option<&str>) -> Value {
    event["rawPath"] = path.into();
    event["requestContext"]["http"]["path"] = path.into();
    if let Some(body) = body {
        event["body"] = body.into();
        event["headers"]["content-length"] = body.len().to_string().into();
    }
    event
}

fn answered(status: &str, id: &str) -> Value {
    json!({ "certificates": [{
        "index": 0, "certificateId": id, "status": status,
        "links": {
            "pdf": format!("/certificate/api/certificate/{id}"),
            "qr": format!("/certificate/api/certificate/QRCode/{id}"),
            "credential": format!("/certificate/api/credential/{id}"),
        },
    }] })
}

fn ok(answer: Answer, media_type: &str) -> Answer {
    assert_eq!((answer.status, answer.header("content-type")), (200, media_type), "{}", answer.text());
    answer
}

fn problem(answer: &Answer, status: u16, name: &str) {
    assert_eq!((answer.status, answer.header("content-type")), (status, "application/problem+json"));
    assert_eq!(answer.json()["type"], format!("urn:divoc:problem:{name}"));
}

/// The keys in `public-key.pem`; the line above each begins with its name.
fn published(pem: &str) -> Vec<VerificationMethod> {
    let id = pem.split(' ').next().unwrap().to_owned();
    vec![VerificationMethod::new(id, PublicKey::from_pem(pem).unwrap())]
}

/// The lines of a function's log about requests; all are JSON, and none says anything of the persons of the events or of the callers.
fn requests(log: &str) -> Vec<Value> {
    let vaccinated = ["10000000000101", "Asha", "Ramaswamy", "99999 00101", "9999900101", "Mysuru"];
    let tested = ["10000000000301", "Nanda", "Poovaiah", "99999 00301", "9999900301", "Kodagu", "Negative"];
    let personal = vaccinated.into_iter().chain(tested).chain(["Bearer", "eyJ"]);
    let told: BTreeSet<_> = personal.filter(|personal| log.contains(personal)).collect();
    assert_eq!(told, BTreeSet::new(), "{log}");
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["message"] == "request").collect()
}
