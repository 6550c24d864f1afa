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

mod lambda;
#[path = "../../shared/aws/tests/ministack/mod.rs"]
mod ministack;

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

#[tokio::test]
async fn a_certificate_is_shared_by_a_link_and_by_a_mail() {
    let stack = Stack::up().await;
    let certify = stack.function("certify").await;
    let report = event("certify", &[(TOKEN, &stack.token("certifier"))]);
    let issued = ok(certify.answer(report).await, "application/json").json();
    let id = issued["certificates"][0]["certificateId"].as_str().unwrap();
    let citizen = stack.identity.token("citizen", "+91 99999 00101").unwrap();
    let share = stack.function("share").await;
    let asked = event("share", &[(TOKEN, &citizen), (CERTIFICATE, id)]);

    // 1. A link is made, opened by somebody without a token, and shows its documents.
    let shared = share.answer(asked.clone()).await;
    assert_eq!(shared.status, 201, "{}", shared.text());
    let shared = shared.json();
    let token = shared["url"].as_str().unwrap().strip_prefix("/share/#").unwrap();
    let read = async |path: &str, body: Value| {
        let mut request = redirected(asked.clone(), path, Some(&body.to_string()));
        request["headers"].as_object_mut().unwrap().remove("authorization").unwrap();
        share.answer(request).await
    };
    let body = json!({ "token": token, "passcode": "2412" });
    problem(&read("/divoc/api/share/open", json!({ "token": token, "passcode": "2413" })).await, 403, "passcode");
    let opened = ok(read("/divoc/api/share/open", body.clone()).await, "application/json").json();
    assert_eq!((&opened["usesLeft"], &opened["certificate"]["certificateId"]), (&json!(1), &json!(id)));
    let document = json!({ "ticket": opened["ticket"], "format": "pdf" });
    let pdf = ok(read("/divoc/api/share/document", document).await, "application/pdf");
    assert!(pdf.body.starts_with(b"%PDF-"));

    // 2. It is listed, and ended.
    let mut list = redirected(asked.clone(), "/divoc/api/citizen/links", None);
    list["requestContext"]["http"]["method"] = "GET".into();
    let listed = ok(share.answer(list).await, "application/json").json();
    assert_eq!(listed["links"][0]["linkId"], shared["linkId"]);
    let path = format!("/divoc/api/citizen/links/{}", shared["linkId"].as_str().unwrap());
    let mut end = redirected(asked.clone(), &path, None);
    end["requestContext"]["http"]["method"] = "DELETE".into();
    assert_eq!(share.answer(end).await.status, 204);
    problem(&read("/divoc/api/share/open", body).await, 404, "no-link");

    // 3. A mail goes out, once.
    let identities = aws_sdk_sesv2::Client::new(&stack.emulator.sdk());
    identities.create_email_identity().email_identity("health.example").send().await.unwrap();
    let mail = format!("/divoc/api/citizen/certificates/{id}/mail");
    for _ in 0..2 {
        let mail = redirected(asked.clone(), &mail, Some(r#"{"email":"reader@example.org"}"#));
        assert_eq!(share.answer(mail).await.status, 202);
    }
    let sent = stack.emulator.get("/_ministack/ses/messages");
    assert_eq!(sent.matches("reader@example.org").count(), 1, "{sent}");

    assert_eq!(requests(&share.log()).len(), 9);
    assert!(!share.log().contains(token) && !share.log().contains("reader"), "{}", share.log());
}

#[tokio::test]
async fn digilocker_and_partners_are_given_what_they_ask_for() {
    let mut stack = Stack::up().await;
    let (certifier, admin, partner) = (stack.token("certifier"), stack.token("admin"), stack.token("partner"));
    let certify = stack.function("certify").await;
    let issued = ok(certify.answer(event("certify", &[(TOKEN, &certifier)])).await, "application/json").json();
    let id = issued["certificates"][0]["certificateId"].as_str().unwrap();

    // 1. DigiLocker is refused until its key is set, and then given the document.
    let pull = event("digilocker", &[]);
    let refused = stack.function("digilocker").await.answer(pull.clone()).await;
    assert_eq!((refused.status, refused.header("content-type")), (401, "application/xml"));
    stack.deployed.insert("DIGILOCKER_KEY_CIPHERTEXT", stack.secret("a key that DigiLocker was told").await);
    let locker = stack.function("digilocker").await;
    let pulled = ok(locker.answer(pull).await, "application/xml").text();
    assert!(pulled.contains("<ResponseStatus Status=\"1\" ts=\"2021-11-22T12:00:00+05:30\" txn=\"1637562600\">"));
    assert!(pulled.contains(&format!("<URI>in.gov.covin-VACER-{id}</URI><DocContent>JVBERi0")));

    // 2. A partner has no access before it is registered, and then sees whom it asks for.
    let partners = stack.function("partner").await;
    let ask = event("partner", &[(TOKEN, &partner)]);
    problem(&partners.answer(ask.clone()).await, 403, "not-admitted");
    let register = stack.function("partners_admin").await;
    let set = event("partners_admin", &[(TOKEN, &admin), ("sample-partner", "development-partner")]);
    assert_eq!(register.answer(set).await.status, 201);
    let rows = ok(partners.answer(ask.clone()).await, "application/json").json();
    assert_eq!(rows["certificates"][0]["certificateId"], id);
    let body = ask["body"].as_str().unwrap();
    let print = redirected(event("partner", &[(TOKEN, &partner)]), "/cert/external/pdf/certificate", Some(body));
    assert!(ok(partners.answer(print).await, "application/pdf").body.starts_with(b"%PDF-"));
    let summary = redirected(event("partner", &[(TOKEN, &partner)]), "/cert/external/kyc", Some(body));
    assert_eq!(ok(partners.answer(summary).await, "application/json").json()["status"], "PARTIALLY_VACCINATED");

    // 3. None of them says anything of the person.
    let routes = [&locker, &partners, &register].map(|function| requests(&function.log()));
    assert_eq!(routes.map(|requests| requests.len()), [1, 4, 1]);
}

#[tokio::test]
async fn what_is_told_of_certificates_leaves_through_functions_of_their_own() {
    let mut stack = Stack::up().await;
    let (url, told) = vaccinating_system().await;
    stack.deployed.extend(
        [
            ("ACK_CALLBACK_URL", url.as_str()),
            ("PUBLIC_URL", "https://certificates.health.example"),
            ("NOTIFY_SMS", "on"),
            ("NOTIFY_EMAIL", "on"),
            ("MAIL_FROM", "no-reply@health.example"),
            ("MAIL_EVENTS", ""),
        ]
        .map(|(name, value)| (name, value.to_owned())),
    );
    let identities = aws_sdk_sesv2::Client::new(&stack.emulator.sdk());
    identities.create_email_identity().email_identity("health.example").send().await.unwrap();
    let certify = stack.function("certify").await;
    let worker = stack.function("post_worker").await;

    // 1. Two doses of somebody with a mailbox: acknowledged, and told in the language of the facility's state.
    let body = fs::read_to_string(root().join("events/certify/two-doses.json")).unwrap();
    let report =
        redirected(event("certify", &[(TOKEN, &stack.token("certifier"))]), "/divoc/api/v1/certify", Some(&body));
    ok(certify.answer(report).await, "application/json");
    worker.outcome(event("post_worker", &[])).await.unwrap();
    let doses: BTreeSet<_> = told.lock().unwrap().iter().map(|body| body["dose"].as_u64().unwrap()).collect();
    assert_eq!(doses, [1, 2].into());
    let contacts =
        |contact: &Value| contact.as_str().unwrap().split_once(':').unwrap().1.replace(' ', "").to_lowercase();
    let person = serde_json::from_str::<Value>(&body).unwrap()[0]["recipient"]["contact"].clone();
    let person: Vec<_> = person.as_array().unwrap().iter().map(contacts).collect();
    let sent = stack.emulator.get("/_ministack/sns/sms-messages");
    assert!(sent.contains(&person[0]) && sent.contains("https://certificates.health.example/portal/"), "{sent}");
    let sent = stack.emulator.get("/_ministack/ses/messages");
    assert!(sent.contains(&person[1]) && sent.contains("no-reply@health.example"), "{sent}");

    // 2. The mail bounced, and the next one is not sent.
    let bounces = stack.function("post_bounces").await;
    let bounce = event("post_bounces", &[("nobody@example.org", &person[1])]);
    bounces.outcome(bounce).await.unwrap();
    let before = stack.emulator.get("/_ministack/ses/messages").matches(&person[1]).count();
    let corrected = body.replacen("\"batch\": \"", "\"batch\": \"X", 2);
    let mut correct = redirected(
        event("certify", &[(TOKEN, &stack.token("certifier"))]),
        "/divoc/api/v1/certificate",
        Some(&corrected),
    );
    correct["requestContext"]["http"]["method"] = "PUT".into();
    ok(certify.answer(correct).await, "application/json");
    worker.outcome(event("post_worker", &[])).await.unwrap();
    assert_eq!(stack.emulator.get("/_ministack/ses/messages").matches(&person[1]).count(), before);
    assert_eq!(told.lock().unwrap().len(), 4);

    // 3. An administrator sees that nothing was given up.
    let post = stack.function("post").await;
    let dead = ok(post.answer(event("post", &[(TOKEN, &stack.token("admin"))])).await, "application/json").json();
    assert_eq!(dead, json!({ "parcels": [], "next": null }));

    // 4. The logs tell how it went, and nothing of whom.
    let lines: Vec<Value> = worker.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rounds: Vec<_> = lines.iter().filter(|line| line["message"] == "post delivered").collect();
    assert_eq!((rounds.len(), &rounds[0]["post_lag_seconds"], &rounds[0]["told"]), (2, &json!(0), &json!(6)));
    for function in [&certify, &worker, &bounces, &post] {
        requests(&function.log());
        assert!(person.iter().all(|contact| !function.log().contains(contact.trim_start_matches('+'))));
    }
}

#[tokio::test]
async fn events_are_accepted_by_one_function_and_certified_by_another() {
    let stack = Stack::up().await;
    let certifier = stack.token("certifier");
    let certify = stack.function("certify").await;
    let worker = stack.function("certify_worker").await;
    let batches = stack.function("batches").await;

    // 1. Nobody waits: the events lie in the queue.
    let mut report = event("certify", &[(TOKEN, &certifier)]);
    report["headers"]["prefer"] = "respond-async".into();
    let accepted = certify.answer(report.clone()).await;
    assert_eq!((accepted.status, accepted.header("preference-applied")), (202, "respond-async"), "{}", accepted.text());
    let id = accepted.json()["batchId"].as_str().unwrap().to_owned();
    let list = ok(batches.answer(event("batches", &[(TOKEN, &certifier)])).await, "application/json").json();
    assert_eq!(list["batches"][0]["batchId"], id.as_str());

    // 2. The worker certifies what it is brought. What it can't do is told to Lambda with all that comes after it in its group.
    let brought = stack.brought("certify").await;
    let [queued] = brought.as_slice() else { panic!("{brought:?}") };
    let other = |id: &str, body: &str| {
        let mut other = queued.clone();
        other["messageId"] = id.into();
        other["attributes"]["MessageGroupId"] = "another".into();
        other["body"] = body.into();
        other
    };
    let whole = queued["body"].as_str().unwrap();
    let records = [other("unreadable", "{}"), queued.clone(), other("behind", whole), queued.clone()];
    let left = worker.outcome(json!({ "Records": records })).await.unwrap();
    let named = |id: &str| json!({ "itemIdentifier": id });
    assert_eq!(left, json!({ "batchItemFailures": [named("unreadable"), named("behind")] }));
    // The same event of another batch: nothing is left to be done.
    let left = worker.outcome(event("certify_worker", &[])).await.unwrap();
    assert_eq!(left, json!({ "batchItemFailures": [] }));

    // 3. Everybody sees it.
    let mut ask = redirected(event("batches", &[(TOKEN, &certifier)]), &format!("/divoc/api/v1/batches/{id}"), None);
    ask["pathParameters"] = json!({ "batchId": id });
    let progress = ok(batches.answer(ask).await, "application/json").json();
    assert_eq!((&progress["state"], &progress["counts"]["issued"]), (&json!("done"), &json!(1)));
    let again = ok(certify.answer(report).await, "application/json").json();
    assert_eq!(again["certificates"][0]["certificateId"], progress["results"][0]["certificateId"]);

    // 4. What was given up is kept, and sent again.
    let mut tired = other("unreadable", "{}");
    tired["attributes"]["ApproximateReceiveCount"] = "20".into();
    let left = worker.outcome(json!({ "Records": [tired] })).await.unwrap();
    assert_eq!(left, json!({ "batchItemFailures": [] }));
    let admin = stack.token("admin");
    let dead = redirected(event("batches", &[(TOKEN, &admin)]), "/divoc/api/v1/dead-letters", None);
    let dead = ok(batches.answer(dead).await, "application/json").json();
    let dead = dead["messages"][0]["messageId"].as_str().unwrap();
    let body = json!({ "messageId": dead }).to_string();
    let mut replay = redirected(event("batches", &[(TOKEN, &admin)]), "/divoc/api/v1/dead-letters/replay", Some(&body));
    replay["requestContext"]["http"]["method"] = "POST".into();
    replay["headers"]["content-type"] = "application/json".into();
    assert_eq!(ok(batches.answer(replay).await, "application/json").json()["replayed"], 1);
    assert_eq!(stack.brought("certify").await[0]["body"], "{}");

    // 5. The log says how long events waited, and nothing of whom.
    let lines: Vec<Value> = worker.log().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let settled: Vec<_> = lines.iter().filter(|line| line["message"] == "events settled").collect();
    assert!(settled.len() == 3 && settled[0]["issuance_lag_seconds"].as_u64().unwrap() < 60, "{settled:?}");
    for function in [&certify, &worker, &batches] {
        requests(&function.log());
    }
}

/// A system that is told of certificates, and what it was told.
async fn vaccinating_system() -> (String, Arc<Mutex<Vec<Value>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    let hear = async move |Json(body): Json<Value>| kept.lock().unwrap().push(body);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ack", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/ack", routing::post(hear))).await });
    (url, told)
}

#[tokio::test]
async fn a_citizen_offers_a_certificate_and_a_wallet_fetches_it() {
    let stack = Stack::up().await;
    let certify = stack.function("certify").await;
    let report = event("certify", &[(TOKEN, &stack.token("certifier"))]);
    let issued = ok(certify.answer(report).await, "application/json").json();
    let id = issued["certificates"][0]["certificateId"].as_str().unwrap();
    let citizen = stack.identity.token("citizen", "9999900101").unwrap();
    let wallet = stack.function("wallet").await;
    let offer = event("wallet", &[(TOKEN, &citizen), (CERTIFICATE, id)]);
    let offered = wallet.answer(offer.clone()).await;
    assert_eq!(offered.status, 201, "{}", offered.text());
    let offered = offered.json()["credential_offer"].clone();
    assert_eq!(offered["credential_issuer"], "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com");
    let grant = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
    let code = offered["grants"][grant]["pre-authorized_code"].as_str().unwrap();

    // API Gateway hands forms on in base64.
    let form = BASE64_STANDARD.encode(format!("grant_type={grant}&pre-authorized_code={code}"));
    let mut exchange = redirected(offer.clone(), "/wallet/token", Some(&form));
    exchange["isBase64Encoded"] = true.into();
    exchange["headers"]["content-type"] = "application/x-www-form-urlencoded".into();
    let token = ok(wallet.answer(exchange.clone()).await, "application/json").json();
    assert_eq!(wallet.answer(exchange).await.json()["error"], "invalid_grant");
    let asked = json!({ "credential_configuration_id": "VaccinationCertificate" }).to_string();
    let mut fetch = redirected(offer.clone(), "/wallet/credential", Some(&asked));
    fetch["headers"]["authorization"] = format!("Bearer {}", token["access_token"].as_str().unwrap()).into();
    let given = ok(wallet.answer(fetch.clone()).await, "application/json").text();
    let credential = stack.function("certificate_credential").await;
    let get = event("certificate_credential", &[(TOKEN, &stack.token("fetcher")), (CERTIFICATE, id)]);
    let stored = ok(credential.answer(get).await, "application/json").text();
    assert_eq!(given, format!(r#"{{"credentials":[{{"credential":{stored}}}]}}"#));

    // The database goes away, and wallets are asked to come back.
    drop(stack.emulator);
    let gone = wallet.answer(fetch).await;
    assert_eq!((gone.status, gone.header("retry-after")), (503, "2"));
    let log = wallet.log();
    assert_eq!(requests(&log).len(), 5);
    assert!(!log.contains(code), "{log}");
}

#[tokio::test]
async fn citizens_log_in_through_a_user_pool_that_asks_the_service_whom_to_believe() {
    let mut stack = Stack::up().await;
    let challenge = stack.function("login_challenge").await;
    let pool = Arc::new(Pool::new(challenge));
    let (iss, url) = pool.clone().serve().await;
    stack.deployed.extend([
        ("CITIZEN_OIDC_ISSUER", iss),
        ("CITIZEN_CLIENT_ID", "portal".to_owned()),
        ("CITIZEN_OIDC_KEY_SET_URL", published_by(&pool.people).await),
        ("CITIZEN_SIGN_IN_URL", url),
    ]);
    let certify = stack.function("certify").await;
    let report = event("certify", &[(TOKEN, &stack.token("certifier"))]);
    let issued = ok(certify.answer(report).await, "application/json").json();

    // 1. Whoever has certificates and whoever has none is answered alike. The message itself is not sent here, which is logged.
    let citizen = stack.function("citizen").await;
    let asked = ok(citizen.answer(event("citizen", &[])).await, "application/json");
    let unknown = event("citizen", &[("+91 99999 00101", "+91 90000 00098")]);
    assert_eq!(ok(citizen.answer(unknown).await, "application/json").text(), asked.text());

    // 2. The pool does not know the citizen yet: it makes them a user, for the ticket is good, and lets them in.
    let prove =
        |body: Value| redirected(event("citizen", &[]), "/divoc/api/citizen/verifyOTP", Some(&body.to_string()));
    let code = stack.code_of("tel:919999900101").await;
    let proven = prove(json!({ "phone": "+91 99999 00101", "otp": code }));
    let token =
        ok(citizen.answer(proven.clone()).await, "application/json").json()["token"].as_str().unwrap().to_owned();
    problem(&citizen.answer(proven).await, 401, "wrong-code");
    let first = ["InitiateAuth", "RespondToAuthChallenge", "SignUp", "InitiateAuth", "RespondToAuthChallenge"];
    assert_eq!(*pool.calls.lock().unwrap(), first);

    // 3. The token shows what is theirs, and makes nobody a certifier.
    let mut list = redirected(event("citizen", &[]), "/divoc/api/citizen/certificates", None);
    list["requestContext"]["http"]["method"] = "GET".into();
    list["headers"]["authorization"] = format!("Bearer {token}").into();
    list["body"] = Value::Null;
    let seen = ok(citizen.answer(list).await, "application/json").json();
    assert_eq!(seen["certificates"][0]["certificateId"], issued["certificates"][0]["certificateId"]);
    problem(&certify.answer(event("certify", &[(TOKEN, &token)])).await, 403, "forbidden");
    let credential = stack.function("certificate_credential").await;
    let id = issued["certificates"][0]["certificateId"].as_str().unwrap();
    let get = event("certificate_credential", &[(TOKEN, &token), (CERTIFICATE, id)]);
    ok(credential.answer(get).await, "application/json");

    // 4. The next time the pool knows them.
    ok(citizen.answer(event("citizen", &[])).await, "application/json");
    let code = stack.code_of("tel:919999900101").await;
    let again = prove(json!({ "phone": "+91 99999 00101", "otp": code }));
    ok(citizen.answer(again).await, "application/json");
    assert_eq!(pool.calls.lock().unwrap()[5..], ["InitiateAuth", "RespondToAuthChallenge"]);

    // 5. Nobody gets in, or is made a user, without a ticket.
    let guess = pool.trigger.outcome(event("login_challenge", &[])).await.unwrap();
    assert_eq!(guess["response"], json!({ "answerCorrect": false }));
    let mut stranger = event("login_challenge", &[]);
    stranger["triggerSource"] = "PreSignUp_SignUp".into();
    assert!(pool.trigger.outcome(stranger.clone()).await.is_err());
    stranger["triggerSource"] = "PostConfirmation_ConfirmSignUp".into();
    assert!(pool.trigger.outcome(stranger).await.is_err());

    // 6. The logs name nobody.
    assert_eq!(requests(&citizen.log()).len(), 7);
    assert!(citizen.log().contains("code sent") && !citizen.log().contains("code-not-sent"));
    let told = format!("{}{}", citizen.log(), pool.trigger.log());
    assert!(!told.contains("99999"), "{told}");
}

#[tokio::test]
async fn lost_numbers_are_recovered_by_officers_and_with_the_paper() {
    let mut stack = Stack::up().await;
    stack.deployed.insert("RECOVERY_WAIT_SECONDS", "1".to_owned());
    let (certifier, officer) = (stack.token("certifier"), stack.token("officer"));
    let other = stack.identity.token_of("officer", "another-officer", "", FACILITY).unwrap();
    let certify = stack.function("certify").await;
    let issued = ok(certify.answer(event("certify", &[(TOKEN, &certifier)])).await, "application/json").json();
    let id = issued["certificates"][0]["certificateId"].as_str().unwrap();
    let recovery = stack.function("recovery").await;
    let ask = |token: &str, path: &str, body: &Value| {
        redirected(event("recovery", &[(TOKEN, token)]), path, Some(&body.to_string()))
    };

    // 1. Staff find the person.
    let found = ok(recovery.answer(event("recovery", &[(TOKEN, &officer)])).await, "application/json").json();
    let found = &found["beneficiaries"][0];
    assert_eq!([&found["beneficiaryId"], &found["certificates"][0]["certificateId"]], ["10000000000101", id]);

    // 2. Two officers move the certificate.
    let wish = json!({ "beneficiaryId": found["beneficiaryId"], "phone": "+91 90000 00001" });
    let asked = recovery.answer(ask(&officer, "/divoc/api/v1/rebindings", &wish)).await;
    assert_eq!(asked.status, 201, "{}", asked.text());
    let path = format!("/divoc/api/v1/rebindings/{}/approval", asked.json()["rebindingId"].as_str().unwrap());
    let approval = json!({ "phone": "+91 90000 00001" });
    problem(&recovery.answer(ask(&officer, &path, &approval)).await, 403, "same-officer");
    assert_eq!(ok(recovery.answer(ask(&other, &path, &approval)).await, "application/json").json()["state"], "done");

    // 3. With the paper it moves on: a code, a word to the number before, and the schedule.
    let get = event("certificate_credential", &[(TOKEN, &officer), (CERTIFICATE, id)]);
    let paper = ok(stack.function("certificate_credential").await.answer(get).await, "application/json").json();
    let wish = json!({ "paper": paper, "registeredPhone": "+91 90000 00001", "newPhone": "+91 90000 00002" });
    let asked = recovery.answer(ask("", "/divoc/api/citizen/recovery", &wish)).await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    let asked = asked.json();
    let path = format!("/divoc/api/citizen/recovery/{}", asked["recoveryId"].as_str().unwrap());
    let code = stack.sent().into_iter().find(|(to, _)| to == "+919000000002").unwrap().1[..6].to_owned();
    let proven = recovery.answer(ask("", &format!("{path}/proof"), &json!({ "otp": code }))).await;
    assert_eq!((proven.status, &proven.json()["state"]), (202, &json!("waiting")), "{}", proven.text());
    assert!(stack.sent().iter().any(|(to, text)| to == "+919000000001" && text.contains("/portal/#objection=")));
    let mut progress = ask("", &path, &json!(null));
    progress["requestContext"]["http"]["method"] = "GET".into();
    let worker = stack.function("recovery_worker").await;
    for _ in 0..500 {
        worker.outcome(event("recovery_worker", &[])).await.unwrap();
        if ok(recovery.answer(progress.clone()).await, "application/json").json()["state"] == "done" {
            break;
        }
    }
    assert!(stack.sent().iter().any(|(to, text)| to == "+919000000002" && text.contains("now registered")));

    // 4. None of them says anything of the person.
    requests(&recovery.log());
    requests(&worker.log());
}

#[tokio::test]
async fn earlier_doses_are_reconciled_and_days_checked_by_functions_of_their_own() {
    let stack = Stack::up().await;
    let (certifier, admin) = (stack.token("certifier"), stack.token("admin"));
    let send = |name: &str, token: &str, method: &str, path: &str, media_type: &str, body: &Value| {
        let mut request = redirected(event(name, &[(TOKEN, token)]), path, Some(&body.to_string()));
        request["requestContext"]["http"]["method"] = method.into();
        request["headers"]["content-type"] = media_type.into();
        request
    };

    // 1. The second dose's report says something else of the first: its certificate is corrected.
    let certify = stack.function("certify").await;
    let first = json!([tests::people::event(1, 1)]);
    let path = "/divoc/api/v1/certify";
    let done = certify.answer(send("certify", &certifier, "POST", path, "application/json", &first)).await;
    let id = ok(done, "application/json").json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned();
    let mut second = tests::people::event(1, 2);
    second["meta"] = json!({ "vaccinations": [{ "dose": 1, "batch": "another" }] });
    let second = json!([second]);
    ok(
        certify.answer(send("certify", &certifier, "POST", path, "application/json", &second)).await,
        "application/json",
    );
    let worker = stack.function("reconcile_worker").await;
    worker.outcome(event("reconcile_worker", &[])).await.unwrap();
    let credential = stack.function("certificate_credential").await;
    let path = format!("/certificate/api/credential/{id}");
    let fetcher = stack.token("fetcher");
    let get = redirected(event("certificate_credential", &[(TOKEN, &fetcher)]), &path, None);
    problem(&credential.answer(get).await, 410, "no-longer-valid");
    let reconcile = stack.function("reconcile").await;
    let list = ok(reconcile.answer(event("reconcile", &[(TOKEN, &admin)])).await, "application/json").json();
    assert_eq!(list, json!({ "reconciliations": [], "next": null }));

    // 2. A source declares what it sent; the night's worker checks the day before.
    let checks = stack.function("checks").await;
    let path = format!("/divoc/api/v1/declarations/{}", OffsetDateTime::now_utc().date());
    let line = tests::people::event(1, 1);
    let declared = checks.answer(send("checks", &certifier, "POST", &path, "application/jsonl", &line)).await;
    assert_eq!((declared.status, &declared.json()["lines"]), (201, &json!(1)), "{}", declared.text());
    // Reading a whole day's log takes the emulator minutes: somebody has done so.
    let yesterday = (OffsetDateTime::now_utc() - time::Duration::hours(1)).date().previous_day().unwrap().to_string();
    let run = json!({
        "day": yesterday, "attempt": 1, "stage": { "Comparing": { "bucket": 0 } }, "begun": 0, "ended": null, "lease": 0, "steps": 0,
        "counts": { "logged": 0, "declared": 0, "agreed": 0 }, "sources": {}, "found": {},
    });
    let run = Sheet::new(Drawer::Checks, "runs", &yesterday, run.to_string());
    stack.store.put(&[run], OffsetDateTime::now_utc()).await.unwrap();
    let checker = stack.function("check_worker").await;
    checker.outcome(event("check_worker", &[])).await.unwrap();
    let list = ok(checks.answer(event("checks", &[(TOKEN, &admin)])).await, "application/json").json();
    assert_eq!((&list["checks"][0]["state"], &list["checks"][0]["findings"]), (&json!("done"), &json!({})), "{list}");

    // 3. None of them says anything of the person.
    let routes = [&reconcile, &checks].map(|function| requests(&function.log()).len());
    assert_eq!(routes, [1, 2]);
    assert!([worker.log(), checker.log()].iter().all(|log| !log.contains("SYN-") && !log.contains("Asha")));
}

#[tokio::test]
async fn a_file_is_brought_to_a_bucket_and_certified_by_a_worker() {
    let mut stack = Stack::up().await;
    stack.bucket.create_bucket().bucket("uploads").send().await.unwrap();
    let queue = aws_sdk_sqs::Client::new(&stack.emulator.sdk());
    let made = queue.create_queue().queue_name("bulk.fifo").attributes(QueueAttributeName::FifoQueue, "true").send();
    stack.deployed.insert("BULK_QUEUE_URL", made.await.unwrap().queue_url.unwrap());
    let token = stack.token("certifier");
    let (uploads, worker) = (stack.function("uploads").await, stack.function("uploads_worker").await);
    let file =
        format!("{}{}{}", bulk::VACCINATIONS, bulk::vaccination(1, 1, "1980-01-02"), bulk::vaccination(2, 1, "1980"));
    let body = json!({ "bytes": file.len() }).to_string();
    let announce = redirected(event("uploads", &[(TOKEN, &token)]), "/divoc/api/v1/uploads", Some(&body));
    let announced = uploads.answer(announce).await;
    assert_eq!(announced.status, 201, "{}", announced.text());
    let (id, part) = (announced.json()["upload"]["uploadId"].clone(), announced.json()["parts"][0].clone());
    let place = format!("/divoc/api/v1/uploads/{}", id.as_str().unwrap());
    // What S3 holds a body to is signed.
    let url = part["url"].as_str().unwrap();
    assert!(url.contains("SignedHeaders=content-length%3Bhost%3Bif-none-match") && !url.contains("crc32"), "{url}");
    let put = async |body: String| {
        let put = reqwest::Client::new().put(url).header("if-none-match", "*").body(body);
        put.send().await.unwrap().status().as_u16()
    };
    assert_eq!(put(file.clone()).await, 200);
    assert_eq!(put(file.clone()).await, 412);
    let ask = async |method: &str, what: &str| {
        let mut ask = redirected(event("uploads", &[(TOKEN, &token)]), &format!("{place}{what}"), None);
        ask["requestContext"]["http"]["method"] = method.into();
        uploads.answer(ask).await
    };
    let preview = ok(ask("GET", "/preview").await, "application/json").json();
    assert_eq!(preview["rows"][1]["errors"][0]["column"], "recipientDOB");
    assert_eq!(ask("POST", "/start").await.status, 202);
    // First the rows are counted, then the one chunk is certified.
    for _ in 0..2 {
        let received = queue.receive_message().queue_url(&stack.deployed["BULK_QUEUE_URL"]).send().await.unwrap();
        let message = &received.messages()[0];
        let mut delivered = event("uploads_worker", &[]);
        delivered["Records"][0]["body"] = message.body().unwrap().into();
        assert_eq!(worker.outcome(delivered).await.unwrap(), json!({ "batchItemFailures": [] }));
        let delete = queue.delete_message().queue_url(&stack.deployed["BULK_QUEUE_URL"]);
        delete.receipt_handle(message.receipt_handle().unwrap()).send().await.unwrap();
    }
    let done = ok(ask("GET", "").await, "application/json").json();
    assert_eq!(json!([done["state"], done["certified"], done["failed"]]), json!(["done", 1, 1]));
    let errors = ok(ask("GET", "/errors").await, "text/csv; charset=utf-8").text();
    assert_eq!((errors.lines().count(), errors.matches("SYN-000000002").count()), (2, 1));
    for log in [uploads.log(), worker.log()] {
        assert!(!log.contains("SYN-") && !log.contains("Asha") && !log.contains("eyJ"), "{log}");
    }
    // A message of an upload that is gone is done.
    assert_eq!(worker.outcome(event("uploads_worker", &[])).await.unwrap(), json!({ "batchItemFailures": [] }));
}

#[test]
fn a_function_that_lacks_a_variable_ends_and_names_it() {
    let template = Template::read();
    for name in template.functions().keys() {
        let mut environment = template.environment(name, &nowhere());
        environment.remove("TABLE_NAME").unwrap();
        let ended = Command::new(binary(name)).env_clear().envs(environment).env("AWS_REGION", "us-east-1").output();
        let ended = ended.unwrap();
        let log = String::from_utf8(ended.stdout).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{name}: {log}");
        let mut last: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
        last.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert_eq!(
            last,
            json!({
                "level": "ERROR", "target": "functions", "message": "the function cannot run",
                "fault": "building the service's parts: TABLE_NAME is not set",
            }),
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_the_stream_tells_is_counted_once_and_kept_as_files() {
    let stack = Stack::up().await;
    let count = stack.function("analytics_count").await;
    // 1. A stream delivers at least once.
    for _ in 0..2 {
        count.outcome(event("analytics_count", &[])).await.unwrap();
    }
    let analytics = stack.function("analytics").await;
    let mut question = event("analytics", &[(TOKEN, &stack.token("admin"))]);
    question["rawQueryString"] = "from=2021-11-22&until=2021-11-22&by=age".into();
    let told = ok(analytics.answer(question).await, "application/json").json();
    for kind in ["issued", "fetched"] {
        assert_eq!(told["kinds"][kind]["values"], json!({ "40-49": 1 }), "{kind}: {told}");
    }

    // 2. What nobody can read holds up nothing, and is said.
    let mut unreadable = event("analytics_count", &[]);
    unreadable["Records"][0]["dynamodb"]["NewImage"]["deeds"] = json!({ "S": "none" });
    unreadable["Records"][0]["dynamodb"]["NewImage"]["kind"] = json!({ "S": "neither" });
    count.outcome(unreadable).await.unwrap();
    assert!(count.log().contains("changes that nobody can read are not counted"), "{}", count.log());
    assert!(!count.log().contains("Asha"));

    // 3. An hour that is over becomes files.
    let then = OffsetDateTime::now_utc() - time::Duration::hours(2);
    let then = format!("{}T{:02}:30:00.000Z", then.date(), then.hour());
    count.outcome(event("analytics_count", &[("2021-11-22T06:30:00.000Z", &then)])).await.unwrap();
    let worker = stack.function("analytics_worker").await;
    worker.outcome(event("analytics_worker", &[])).await.unwrap();
    let listed = stack.bucket.list_objects_v2().bucket("facts").send().await.unwrap();
    let names: Vec<_> = listed.contents().iter().filter_map(|object| object.key()).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names[0].starts_with(&format!("facts/utc_day={}/utc_hour={}/", &then[..10], &then[11..13])), "{names:?}");

    // 4. The database goes away: the stream keeps what was not counted.
    drop(stack.emulator);
    let failed = count.outcome(event("analytics_count", &[("20000000000000000101", "20000000000000000102")])).await;
    assert!(failed.unwrap_err().contains("the task failed; its log says why"));
}

#[test]
fn every_function_of_the_template_has_a_sample_event_that_api_gateway_could_send() {
    let template = Template::read();
    for name in template.functions().keys() {
        let event = event(name, &[]);
        if event["Records"][0]["eventSource"] == "aws:sqs" {
            let attributes = &event["Records"][0]["attributes"];
            assert!(attributes["MessageGroupId"].is_string() && attributes["ApproximateReceiveCount"] == "1", "{name}");
            continue;
        }
        if event["Records"][0]["eventSource"] == "aws:sqs" {
            assert!(event["Records"][0]["attributes"]["MessageGroupId"].is_string());
            continue;
        }
        if name.ends_with("_worker") {
            assert_eq!((&event["source"], &event["detail-type"]), (&json!("aws.events"), &json!("Scheduled Event")));
            continue;
        }
        if name == "login_challenge" {
            assert_eq!(event["triggerSource"], "VerifyAuthChallengeResponse_Authentication");
            continue;
        }
        if name == "post_bounces" {
            let record = &event["Records"][0];
            assert_eq!((&record["EventSource"], &record["Sns"]["Type"]), (&json!("aws:sns"), &json!("Notification")));
            continue;
        }
        if template.routes(name).is_empty() {
            let record = &event["Records"][0];
            assert_eq!((&record["eventSource"], &record["eventName"]), (&json!("aws:dynamodb"), &json!("INSERT")));
            let start = if name == "analytics_count" { "B#" } else { "J#" };
            assert!(record["dynamodb"]["Keys"]["PK"]["S"].as_str().unwrap().starts_with(start));
            continue;
        }
        let route = event["routeKey"].as_str().unwrap();
        assert!(template.routes(name).iter().any(|known| known == route), "{name} has no route {route}");
        let http = &event["requestContext"]["http"];
        assert_eq!(event["requestContext"]["routeKey"], route);
        assert_eq!(event["rawPath"], http["path"]);
        let parameters = event["pathParameters"].as_object().into_iter().flatten();
        let path = parameters.fold(route.to_owned(), |path, (parameter, value)| {
            path.replace(&format!("{{{parameter}}}"), value.as_str().unwrap())
        });
        assert_eq!(path, format!("{} {}", http["method"].as_str().unwrap(), http["path"].as_str().unwrap()));
    }
    let body = fs::read_to_string(root().join("events/certify/one-dose.json")).unwrap();
    let certify = event("certify", &[]);
    assert_eq!(certify["body"], body);
    assert_eq!(certify["headers"]["content-length"], body.len().to_string());
}

/// What is deployed beside the functions, and the country's identity provider.
struct Stack {
    emulator: Emulator,
    identity: DevelopmentIdentity,
    template: Template,
    deployed: HashMap<&'static str, String>,
    store: aws::DynamoStore,
    bucket: aws_sdk_s3::Client,
}

impl Stack {
    async fn up() -> Self {
        let emulator = Emulator::start();
        let sdk = emulator.sdk();
        let records = aws_sdk_dynamodb::Client::new(&sdk);
        aws::create_table(&records, "certificates").await.unwrap();
        let by_path = aws_sdk_s3::config::Builder::from(&sdk).force_path_style(true).build();
        let bucket = aws_sdk_s3::Client::from_conf(by_path);
        bucket.create_bucket().bucket("pictures").send().await.unwrap();
        bucket.create_bucket().bucket("lists").send().await.unwrap();
        bucket.create_bucket().bucket("facts").send().await.unwrap();
        let kms = aws_sdk_kms::Client::new(&sdk);
        let identity = DevelopmentIdentity::from_pem(&keys::generate(Suite::Es256).unwrap()).unwrap();
        let mut deployed = nowhere();
        deployed.extend([
            ("SIGNING_KEY_ARN", new_key(&kms, KeySpec::Rsa2048, KeyUsageType::SignVerify).await),
            ("CONTACT_KEY_ARN", new_key(&kms, KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac).await),
            ("STATUS_KEY_ARN", new_key(&kms, KeySpec::EccNistP256, KeyUsageType::SignVerify).await),
            ("OIDC_KEY_SET_URL", published_by(&identity).await),
            ("CERTIFY_QUEUE_URL", new_queue(&aws_sdk_sqs::Client::new(&sdk), "certify.fifo").await),
        ]);
        Self {
            emulator,
            identity,
            template: Template::read(),
            deployed,
            store: aws::DynamoStore::new(records, "certificates"),
            bucket,
        }
    }

    fn token(&self, role: &str) -> String {
        self.identity.token(role, "").unwrap()
    }

    async fn function(&self, name: &str) -> Function {
        let mut environment = self.template.environment(name, &self.deployed);
        environment.extend([
            ("AWS_ENDPOINT_URL".to_owned(), self.emulator.url.clone()),
            ("AWS_ACCESS_KEY_ID".to_owned(), "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY".to_owned(), "test".to_owned()),
        ]);
        Function::start(name, environment).await
    }

    /// What lies in the queue, as Lambda brings it to a function.
    async fn brought(&self, lane: &str) -> Vec<Value> {
        let queue = aws_sdk_sqs::Client::new(&self.emulator.sdk());
        let url = queue.get_queue_url().queue_name(format!("{lane}.fifo")).send().await.unwrap().queue_url.unwrap();
        let names = [MessageSystemAttributeName::All];
        let request = queue.receive_message().queue_url(url).max_number_of_messages(10);
        let answer = request.set_message_system_attribute_names(Some(names.into())).send().await.unwrap();
        let record = |message: aws_sdk_sqs::types::Message| {
            let attributes = message.attributes.unwrap().into_iter();
            let attributes: HashMap<_, _> = attributes.map(|(name, value)| (name.as_str().to_owned(), value)).collect();
            json!({ "messageId": message.message_id, "body": message.body, "attributes": attributes, "eventSource": "aws:sqs" })
        };
        answer.messages.unwrap_or_default().into_iter().map(record).collect()
    }

    /// A secret of DigiLocker's as the operator encrypts it.
    async fn secret(&self, text: &str) -> String {
        let kms = aws_sdk_kms::Client::new(&self.emulator.sdk());
        let key = new_key(&kms, KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt).await;
        let sent = kms.encrypt().key_id(key).plaintext(aws_sdk_kms::primitives::Blob::new(text));
        let answer = sent.encryption_context("purpose", "digilocker").send().await.unwrap();
        base64::Engine::encode(&base64::prelude::BASE64_STANDARD, answer.ciphertext_blob().unwrap())
    }

    /// The text messages that were sent: to whom, and what.
    fn sent(&self) -> Vec<(String, String)> {
        let answer = self.emulator.get("/_ministack/sns/sms-messages");
        let sent: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        let sent = sent["sms_messages"].as_object().unwrap().values().flat_map(|to| to.as_array().unwrap());
        let text = |message: &Value, name: &str| message[name].as_str().unwrap().to_owned();
        sent.map(|message| (text(message, "PhoneNumber"), text(message, "Message"))).collect()
    }

    /// Suspends imported certificates.
    async fn suspend_many(&self, count: u64) {
        let at = OffsetDateTime::now_utc();
        for number in 0..count {
            let certificate_id = CertificateId::parse(&format!("9876543{number:03}")).unwrap();
            let status = Status::Suspended { until: at + time::Duration::DAY };
            self.store.note(&StatusChange { at, certificate_id, status }).await.unwrap();
        }
    }

    /// The newest revocation list, as a verifier fetches it.
    async fn newest_list(&self, status: &Function) -> RevocationList {
        let text = ok(status.answer(event("status", &[])).await, "application/jose").text();
        let keys: Vec<_> = self.store.keys().await.unwrap().into_iter().map(|known| known.method).collect();
        RevocationList::open(&text, &keys).unwrap()
    }

    /// Everything in the bucket.
    async fn kept(&self) -> HashMap<String, Vec<u8>> {
        let listed = self.bucket.list_objects_v2().bucket("pictures").send().await.unwrap();
        let mut kept = HashMap::new();
        for key in listed.contents().iter().map(|object| object.key().unwrap()) {
            let object = self.bucket.get_object().bucket("pictures").key(key).send().await.unwrap();
            kept.insert(key.to_owned(), object.body.collect().await.unwrap().to_vec());
        }
        kept
    }

    /// The code that was sent last to the contact, found by trying them all: the table does not tell it, and who lacks the key can't try.
    async fn code_of(&self, contact: &str) -> String {
        let kms = aws_sdk_kms::Client::new(&self.emulator.sdk());
        let mac =
            kms.generate_mac().key_id(&self.deployed["CONTACT_KEY_ARN"]).mac_algorithm(MacAlgorithmSpec::HmacSha256);
        let pepper = mac.message(Blob::new("contact hashes, version 1")).send().await.unwrap();
        let sign = |key: &[u8], text: &str| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
        let contact_key = pepper.mac().unwrap().as_ref();
        let who = URL_SAFE_NO_PAD.encode(sign(contact_key, contact));
        let sheet =
            self.store.sheet(Drawer::Challenges, &who, "log-in", OffsetDateTime::now_utc()).await.unwrap().unwrap();
        let kept: Value = serde_json::from_str(&sheet.text).unwrap();
        let kept = URL_SAFE_NO_PAD.decode(kept["code"].as_str().unwrap()).unwrap();
        let key = hmac::Key::new(hmac::HMAC_SHA256, sign(contact_key, "one-time codes, version 1").as_ref());
        let mut codes = (0..1_000_000).map(|number| format!("{number:06}"));
        let fits = |code: &String| hmac::verify(&key, format!("code\nlog-in\n{who}\n{code}").as_bytes(), &kept).is_ok();
        codes.find(fits).unwrap()
    }

    async fn keep(&self, key: &str, bytes: &'static [u8]) {
        let body = aws_sdk_s3::primitives::ByteStream::from_static(bytes);
        self.bucket.put_object().bucket("pictures").key(key).body(body).send().await.unwrap();
    }
}

/// A user pool as far as the service sees it: it plays its triggers to the function, and gives tokens.
struct Pool {
    trigger: Function,
    people: DevelopmentIdentity,
    users: Mutex<BTreeSet<String>>,
    calls: Mutex<Vec<String>>,
}

impl Pool {
    fn new(trigger: Function) -> Self {
        let people = DevelopmentIdentity::from_pem(&keys::generate(Suite::Es256).unwrap()).unwrap();
        Self { trigger, people, users: Mutex::default(), calls: Mutex::default() }
    }

    /// What its tokens name as their issuer, and where it is asked.
    async fn serve(self: Arc<Self>) -> (String, String) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let routes = Router::new().route(
            "/",
            post(async move |headers: HeaderMap, body: String| {
                let operation = headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap().to_owned();
                let answer = self.call(&operation, &serde_json::from_str(&body).unwrap()).await;
                self.calls.lock().unwrap().push(operation);
                answer
            }),
        );
        tokio::spawn(async { axum::serve(listener, routes).await });
        (Self::ISSUER.to_owned(), url)
    }

    async fn call(&self, operation: &str, asked: &Value) -> (StatusCode, Json<Value>) {
        assert_eq!(asked["ClientId"], "portal");
        let refused = |kind: &str| {
            (StatusCode::BAD_REQUEST, Json(json!({ "__type": kind, "message": "+919999900101 is refused" })))
        };
        match operation {
            "InitiateAuth" => {
                let name = asked["AuthParameters"]["USERNAME"].as_str().unwrap();
                let next =
                    self.ask("DefineAuthChallenge_Authentication", name, json!({ "session": [] })).await.unwrap();
                assert_eq!((&next["challengeName"], &next["issueTokens"]), (&json!("CUSTOM_CHALLENGE"), &json!(false)));
                self.ask("CreateAuthChallenge_Authentication", name, json!({ "challengeName": "CUSTOM_CHALLENGE" }))
                    .await
                    .unwrap();
                let parameters = json!({ "USERNAME": name });
                (
                    StatusCode::OK,
                    Json(
                        json!({ "ChallengeName": "CUSTOM_CHALLENGE", "Session": "a session", "ChallengeParameters": parameters }),
                    ),
                )
            }
            "SignUp" => {
                let name = asked["Username"].as_str().unwrap();
                let metadata = json!({ "clientMetadata": asked["ClientMetadata"] });
                let Ok(confirmed) = self.ask("PreSignUp_SignUp", name, metadata).await else {
                    return refused("UserLambdaValidationException");
                };
                assert_eq!(
                    (&confirmed["autoConfirmUser"], &confirmed["autoVerifyPhone"]),
                    (&json!(true), &json!(true))
                );
                self.users.lock().unwrap().insert(name.to_owned());
                (StatusCode::OK, Json(json!({ "UserConfirmed": true, "UserSub": "s" })))
            }
            _ => {
                let answers = &asked["ChallengeResponses"];
                let name = answers["USERNAME"].as_str().unwrap();
                let shown = json!({ "challengeAnswer": answers["ANSWER"] });
                let right =
                    self.ask("VerifyAuthChallengeResponse_Authentication", name, shown).await.unwrap()["answerCorrect"]
                        .clone();
                let session = json!({ "session": [{ "challengeName": "CUSTOM_CHALLENGE", "challengeResult": right }] });
                let next = self.ask("DefineAuthChallenge_Authentication", name, session).await.unwrap();
                assert_eq!(next["failAuthentication"], json!(next["issueTokens"] == false));
                if next["issueTokens"] != true {
                    return refused("NotAuthorizedException");
                }
                let claims = json!({
                    "iss": Self::ISSUER, "aud": "portal", "sub": "s", "token_use": "id", "phone_number": name, "phone_number_verified": true,
                    "cognito:groups": ["admin"],
                });
                let token = self.people.mint(claims.as_object().unwrap().clone()).unwrap();
                (StatusCode::OK, Json(json!({ "AuthenticationResult": { "IdToken": token } })))
            }
        }
    }

    /// What the trigger responds.
    async fn ask(&self, trigger: &str, name: &str, members: Value) -> Result<Value, String> {
        let mut asked = event("login_challenge", &[]);
        let known = self.users.lock().unwrap().contains(name);
        let mut request = json!({ "userAttributes": { "phone_number": name }, "userNotFound": !known });
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        asked["triggerSource"] = trigger.into();
        asked["request"] = request;
        self.trigger.outcome(asked).await.map(|answer| answer["response"].clone())
    }

    const ISSUER: &'static str = "https://cognito-idp.example/eu-central-1_SAMPLE";
}

/// The URL of a FIFO queue made now.
async fn new_queue(client: &aws_sdk_sqs::Client, name: &str) -> String {
    let request = client.create_queue().queue_name(name).attributes(QueueAttributeName::FifoQueue, "true");
    request.send().await.unwrap().queue_url.unwrap()
}

/// What a deployment without parts of its own says to its functions.
fn nowhere() -> HashMap<&'static str, String> {
    let fonts = root().join("fonts/ttf").to_string_lossy().into_owned();
    HashMap::from([
        ("TABLE_NAME", "certificates".to_owned()),
        ("BUCKET_NAME", "pictures".to_owned()),
        ("SIGNING_KEY_ARN", "arn:aws:kms:us-east-1:000000000000:key/none".to_owned()),
        ("CONTACT_KEY_ARN", "arn:aws:kms:us-east-1:000000000000:key/none".to_owned()),
        ("STATUS_KEY_ARN", "arn:aws:kms:us-east-1:000000000000:key/none".to_owned()),
        ("LISTS_BUCKET_NAME", "lists".to_owned()),
        ("UPLOADS_BUCKET_NAME", "uploads".to_owned()),
        ("BULK_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/000000000000/bulk.fifo".to_owned()),
        ("FACTS_BUCKET_NAME", "facts".to_owned()),
        ("MAIL_FROM", "no-reply@health.example".to_owned()),
        ("MAIL_EVENTS", String::new()),
        ("OIDC_ISSUER", ISSUER.to_owned()),
        ("OIDC_AUDIENCE", AUDIENCE.to_owned()),
        ("OIDC_KEY_SET_URL", "https://idp.example.org/keys".to_owned()),
        ("FONTS_DIR", fonts),
        ("CERTIFY_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/000000000000/certify.fifo".to_owned()),
        ("BULK_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/000000000000/bulk.fifo".to_owned()),
        ("PAGE_DIR", root().join("target/page").to_string_lossy().into_owned()),
    ])
}

/// Where the provider's keys can be had, until the test is over.
async fn published_by(identity: &DevelopmentIdentity) -> String {
    let keys = Json(identity.key_set().await.unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    let routes = Router::new().route("/keys", get(async || keys));
    tokio::spawn(async { axum::serve(listener, routes).await });
    url
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
