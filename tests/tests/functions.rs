//! The Lambda binaries themselves, driven as Lambda drives them: the template's variables, the sample events of `events/`, AWS's services from an emulator.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use axum::{Json, Router, routing::get};
use base64::{Engine, prelude::BASE64_STANDARD};
use credential::{CertificateId, PublicKey, RevocationList, Status, Suite, VerificationMethod, qr, verify};
use issuer::ports::{IdentityProvider, KeyRing, StatusChange};
use lambda::{Function, Template, binary, event, root};
use local::{
    identity::{AUDIENCE, DevelopmentIdentity, ISSUER},
    keys,
};
use ministack::{Emulator, new_key};
use serde_json::{Value, json};
use std::{
    collections::{BTreeSet, HashMap},
    fs,
    process::Command,
};
use tests::{Answer, pixels};
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
async fn the_verification_page_is_handed_out_without_any_service_of_aws() {
    let page = Function::start("page", Template::read().environment("page", &nowhere())).await;
    let entry = ok(page.answer(event("page", &[])).await, "text/html; charset=utf-8");
    let cache = ["content-encoding", "cache-control"].map(|name| entry.header(name));
    assert_eq!(cache, ["gzip", "no-cache"]);
    assert!(entry.header("content-security-policy").ends_with("frame-ancestors 'self'"), "{:?}", entry.headers);
    assert!(entry.body.starts_with(&[0x1f, 0x8b]));
    let embed = redirected(event("page", &[]), "/verify/embed.js", None);
    ok(page.answer(embed).await, "text/javascript; charset=utf-8");
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

#[test]
fn every_function_of_the_template_has_a_sample_event_that_api_gateway_could_send() {
    let template = Template::read();
    for name in template.functions().keys() {
        let event = event(name, &[]);
        if name.ends_with("_worker") {
            assert_eq!((&event["source"], &event["detail-type"]), (&json!("aws.events"), &json!("Scheduled Event")));
            continue;
        }
        if template.routes(name).is_empty() {
            let record = &event["Records"][0];
            assert_eq!((&record["eventSource"], &record["eventName"]), (&json!("aws:dynamodb"), &json!("INSERT")));
            assert!(record["dynamodb"]["Keys"]["PK"]["S"].as_str().unwrap().starts_with("J#"));
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
        let kms = aws_sdk_kms::Client::new(&sdk);
        let identity = DevelopmentIdentity::from_pem(&keys::generate(Suite::Es256).unwrap()).unwrap();
        let mut deployed = nowhere();
        deployed.extend([
            ("SIGNING_KEY_ARN", new_key(&kms, KeySpec::Rsa2048, KeyUsageType::SignVerify).await),
            ("CONTACT_KEY_ARN", new_key(&kms, KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac).await),
            ("STATUS_KEY_ARN", new_key(&kms, KeySpec::EccNistP256, KeyUsageType::SignVerify).await),
            ("OIDC_KEY_SET_URL", published_by(&identity).await),
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

    async fn keep(&self, key: &str, bytes: &'static [u8]) {
        let body = aws_sdk_s3::primitives::ByteStream::from_static(bytes);
        self.bucket.put_object().bucket("pictures").key(key).body(body).send().await.unwrap();
    }
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
        ("OIDC_ISSUER", ISSUER.to_owned()),
        ("OIDC_AUDIENCE", AUDIENCE.to_owned()),
        ("OIDC_KEY_SET_URL", "https://idp.example.org/keys".to_owned()),
        ("FONTS_DIR", fonts),
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
