//! Keys for verifiers: what is published is enough to verify a certificate, and stays published; several keys over time, and what an administrator does with them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use credential::{PublicKey, Purpose, Refusal, Suite, VerificationMethod, keys::from_did_document, verify};
use issuer::config::{CaChain, Config, Place};
use local::keys::{SoftwareSigner, generate};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use tests::{Answer, Client, Service, people, service, service::memory};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

async fn certify(client: &Client, person: u64) -> String {
    let answer = client.certify("v1", &json!([people::event(person, 1)])).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let path = answer.json()["certificates"][0]["links"]["credential"].as_str().unwrap().to_owned();
    client.get(&path, "fetcher").await.unwrap().text()
}

async fn in_pem(client: &Client) -> Vec<VerificationMethod> {
    let pem = client.get("/.well-known/public-key.pem", "").await.unwrap().text();
    let keys = pem.split("-----BEGIN").skip(1).map(|block| PublicKey::from_pem(&format!("-----BEGIN{block}")).unwrap());
    keys.map(|key| VerificationMethod::new("did:india", key)).collect()
}

/// The certificates' keys of the DID document, with their lives.
async fn published(client: &Client) -> Vec<VerificationMethod> {
    let mut all = from_did_document(&client.get("/.well-known/did.json", "").await.unwrap().text()).unwrap();
    all.retain(|method| method.purpose == Purpose::Certificates);
    all
}

async fn administer(client: &Client, method: Method, path: &str, body: &Value) -> Answer {
    let body = Some(("application/json", body.to_string().into_bytes()));
    client.send(method, &format!("/divoc/api/v1/keys{path}"), "admin", &[], body).await.unwrap()
}

async fn post(client: &Client, path: &str, body: &Value) -> Answer {
    administer(client, Method::POST, path, body).await
}

async fn list(client: &Client) -> Vec<Value> {
    let answer = client.get("/divoc/api/v1/keys", "admin").await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mut keys = answer.json()["keys"].as_array().unwrap().clone();
    keys.retain(|key| key["signs"] == "certificates");
    keys
}

/// A problem's type without its prefix, and what it says.
fn problem(answer: &Answer) -> (u16, String, String) {
    let problem = answer.json();
    let name = problem["type"].as_str().unwrap().trim_start_matches("urn:divoc:problem:").to_owned();
    (answer.status, name, problem["detail"].as_str().unwrap().to_owned())
}

fn vector(name: &str) -> String {
    std::fs::read_to_string(format!("{}/vectors/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn instant(value: &Value) -> OffsetDateTime {
    OffsetDateTime::parse(value.as_str().unwrap(), &Rfc3339).unwrap()
}

/// A second process of the same service: the first one's records, and a signing key of its own.
async fn beside(first: &Service, suite: Suite) -> Service {
    let store = first.running.store();
    let running = local::start_signing(memory(), suite, |app| {
        app.store = store.clone();
        app.key_ring = store;
        app.clock = service::clock;
    })
    .await
    .unwrap();
    let client = Client::new(running.base_url(), running.tokens());
    Service { running, client }
}

#[tokio::test]
async fn each_suite_signs_certificates_that_its_published_key_verifies() {
    for suite in Suite::ALL {
        let running = local::start_signing(memory(), suite, |_| {}).await.unwrap();
        let client = Client::new(running.base_url(), running.tokens());
        let json = certify(&client, 1).await;
        let methods = in_pem(&client).await;
        let verified = verify(&json, &methods).unwrap_or_else(|refusal| panic!("{suite:?}: {refusal}"));
        assert!(verified.bound, "{suite:?}");
        assert_eq!(verified.suite, suite);
        assert_eq!(verify(&json, &published(&client).await).unwrap().suite, suite);
        let altered = json.replace("Asha", "Usha");
        assert!(matches!(verify(&altered, &methods), Err(Refusal::BadSignature | Refusal::Altered)), "{suite:?}");

        let did = client.get("/.well-known/did.json", "").await.unwrap();
        assert_eq!(did.header("content-type"), "application/did+json");
        assert_eq!(did.json()["id"], "did:india");
        // The certificates' key and that of the status lists.
        let names = did.json()["verificationMethod"].as_array().unwrap().clone();
        let names: Vec<_> = names.iter().map(|method| method["proofVerificationMethod"].clone()).collect();
        assert_eq!(names, [json!(["did:india"]), json!(["did:india#status"])]);
        let set = client.get("/.well-known/jwks.json", "").await.unwrap().json();
        assert_eq!(set["keys"][0]["alg"], suite.algorithm());
        assert_eq!(set["keys"][0]["kid"], methods[0].key.thumbprint());
    }
}

#[tokio::test]
async fn a_new_key_file_signs_and_the_old_one_stays_and_verifies_what_it_signed() {
    let folder = std::env::temp_dir().join(format!("divoc-keys-{}", std::process::id()));
    let place =
        |file: &str| Place { data: folder.to_string_lossy().into_owned(), signing_key: file.to_owned(), ..memory() };
    let first = local::start_signing(place("signing.pem"), Suite::Ps256, |_| {}).await.unwrap();
    let client = Client::new(first.base_url(), first.tokens());
    let old = certify(&client, 1).await;
    let old_key = in_pem(&client).await[0].clone();
    first.shutdown().await.unwrap();

    let second = local::start_signing(place("signing-2027.pem"), Suite::Ed25519, |_| {}).await.unwrap();
    let client = Client::new(second.base_url(), second.tokens());
    let new = certify(&client, 2).await;
    let methods = in_pem(&client).await;
    assert_eq!(methods.len(), 2, "{methods:?}");
    assert_eq!(methods[1], old_key);
    assert_eq!(verify(&old, &methods).unwrap().suite, Suite::Ps256);
    assert_eq!(verify(&new, &methods).unwrap().suite, Suite::Ed25519);
    assert_eq!(verify(&new, &methods[1..]).err(), Some(Refusal::UnknownKey));
    assert_eq!(client.get("/.well-known/jwks.json", "").await.unwrap().json()["keys"].as_array().unwrap().len(), 2);
    second.shutdown().await.unwrap();

    // Back to the old key: it was kept, and signs again as long as nobody retired it.
    let third = local::start_signing(place("signing.pem"), Suite::Ed25519, |_| {}).await.unwrap();
    let client = Client::new(third.base_url(), third.tokens());
    assert_eq!(verify(&certify(&client, 3).await, &methods).unwrap().suite, Suite::Ps256);
    assert_eq!(in_pem(&client).await, [methods[1].clone(), methods[0].clone()]);
    third.shutdown().await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn keys_change_while_certificates_are_made_and_every_one_of_them_is_valid_before_during_and_after() {
    let old = Service::with(|app| app.clock = service::clock).await;
    let before = certify(&old.client, 1).await;
    // The deployment: for a while both sign, each with its own suite and key, under one name.
    let new = beside(&old, Suite::Es256).await;
    let making: Vec<_> = (0..24)
        .map(|person| {
            let client = if person % 2 == 0 { old.client.clone() } else { new.client.clone() };
            tokio::spawn(async move { certify(&client, 100 + person).await })
        })
        .collect();
    let mut during = Vec::new();
    for made in making {
        during.push(made.await.unwrap());
    }
    let keys = list(&new.client).await;
    assert_eq!(keys.iter().map(|key| key["state"].as_str().unwrap()).collect::<Vec<_>>(), ["current", "published"]);
    let thumbprint = keys[1]["thumbprint"].as_str().unwrap();
    let asked = service::clock();
    let retired = post(&new.client, &format!("/{thumbprint}/retire"), &json!({ "reason": "rotation" })).await;
    assert_eq!((retired.status, &retired.json()["state"]), (200, &json!("retiring")), "{}", retired.text());
    let until = instant(&retired.json()["validUntil"]);
    let notice = asked.unix_timestamp() + 300..=service::clock().unix_timestamp() + 300;
    assert!(notice.contains(&until.unix_timestamp()), "{until}");

    // A process that still signs with the old key makes valid certificates to the end, then none.
    service::pass(290);
    let last = certify(&old.client, 2).await;
    service::pass(11);
    let late = old.client.certify("v1", &json!([people::event(3, 1)])).await.unwrap();
    let reason = "no certificate can be signed: the signing key is retired; put another in its place";
    assert_eq!(problem(&late), (503, "signing-key".into(), reason.into()));
    assert_eq!(late.header("retry-after"), "2");
    // The same event goes to the new key; it finds no half of a certificate.
    let after = certify(&new.client, 3).await;

    let methods = published(&new.client).await;
    assert_eq!(methods.len(), 2);
    let suites: Vec<_> = during.iter().map(|json| verify(json, &methods).unwrap().suite).collect();
    assert_eq!(suites.iter().filter(|suite| **suite == Suite::Ps256).count(), 12);
    for (json, suite) in [(&before, Suite::Ps256), (&last, Suite::Ps256), (&after, Suite::Es256)] {
        assert_eq!(verify(json, &methods).unwrap().suite, suite);
    }
    // Had it signed later, nobody would believe it: the same signature with an earlier end.
    let mut ended = methods.clone();
    let old_key = ended.iter_mut().find(|method| method.key.suite() == Suite::Ps256).unwrap();
    old_key.life.until = Some(until - Duration::minutes(1));
    assert_eq!(verify(&last, &ended).err(), Some(Refusal::KeyNotValidThen));
    assert!(verify(&before, &ended).is_ok());
    let pem = new.client.get("/.well-known/public-key.pem", "").await.unwrap().text();
    assert!(pem.contains("did:india RsaSignature2018 (PS256) from 2"), "{pem}");
    let until = until.replace_nanosecond(0).unwrap().format(&Rfc3339).unwrap();
    assert!(pem.contains(&format!(" until {until}\n")), "{pem}");
}

#[tokio::test]
async fn a_certificate_that_one_key_began_and_another_ends_is_valid() {
    let store = Arc::new(std::sync::Mutex::new(None));
    let old = Service::with(|app| {
        let mortal = service::Mortal::new(Arc::clone(&app.store), 2, false);
        app.store = mortal.clone();
        app.clock = service::clock;
        *store.lock().unwrap() = Some(mortal);
    })
    .await;
    // The slot is reserved, and with it the time of issue; then the process dies.
    let answer = old.client.certify("v1", &json!([people::event(40, 1)])).await.unwrap();
    assert_eq!(answer.status, 503);
    assert!(store.lock().unwrap().as_ref().unwrap().died());
    service::pass(3_600);
    let new = beside(&old, Suite::Ed25519).await;
    let json = certify(&new.client, 40).await;
    let methods = published(&new.client).await;
    assert_eq!(verify(&json, &methods).unwrap().suite, Suite::Ed25519);
    let signed: Value = serde_json::from_str(&json).unwrap();
    let created = instant(&signed["proof"]["created"]);
    assert!(created - instant(&signed["issuanceDate"]) >= Duration::seconds(3_599), "{created}");
}

#[tokio::test]
async fn nothing_by_a_compromised_key_is_believed_and_it_signs_no_more() {
    let service = Service::start().await;
    let client = &service.client;
    let json = certify(client, 1).await;
    assert!(verify(&json, &published(client).await).is_ok());
    let key = list(client).await.remove(0);
    let path = format!("/{}/compromise", key["thumbprint"].as_str().unwrap());
    let reported = post(client, &path, &json!({ "reason": "compromise" })).await;
    assert_eq!((reported.status, &reported.json()["state"]), (200, &json!("compromised")), "{}", reported.text());
    let again = post(client, &path, &json!({ "reason": "other" })).await;
    assert_eq!(again.json(), reported.json());

    assert_eq!(verify(&json, &published(client).await).err(), Some(Refusal::KeyCompromised));
    let did = client.get("/.well-known/did.json", "").await.unwrap().json();
    assert_eq!(did["assertionMethod"].as_array().unwrap().len(), 1, "the status lists' key");
    assert!(did["verificationMethod"][0]["revoked"].is_string());
    assert_eq!(did["assertionMethod"][0], did["verificationMethod"][1]["id"]);
    // Verifiers that know no marks are not even given the key.
    assert_eq!(client.get("/.well-known/jwks.json", "").await.unwrap().json(), json!({ "keys": [] }));
    assert_eq!(client.get("/.well-known/public-key.pem", "").await.unwrap().text(), "");
    let refused = client.certify("v1", &json!([people::event(2, 1)])).await.unwrap();
    let reason = "no certificate can be signed: the signing key was reported as compromised; put another in its place";
    assert_eq!(problem(&refused), (503, "signing-key".into(), reason.into()));
    // Under another name it is the same key.
    let renamed =
        json!({ "pem": key["pem"], "verificationMethod": "did:other", "origin": "own", "reason": "rotation" });
    assert_eq!(post(client, "", &renamed).await.status, 201);
    assert_eq!(in_pem(client).await, []);
}

#[tokio::test]
async fn another_instances_key_verifies_what_it_printed_and_signs_nothing() {
    let abroad = local::start_signing(memory(), Suite::Es256k, |_| {}).await.unwrap();
    let abroad = Client::new(abroad.base_url(), abroad.tokens());
    let json = certify(&abroad, 1).await;
    let pem = abroad.get("/.well-known/public-key.pem", "").await.unwrap().text();
    let service = Service::start().await;
    let client = &service.client;
    assert_eq!(verify(&json, &published(client).await).err(), Some(Refusal::UnknownKey));

    let body = json!({ "pem": pem, "verificationMethod": "did:india", "validUntil": "2126-01-01T00:00:00Z", "reason": "recognition" });
    let added = post(client, "", &body).await;
    assert_eq!(added.status, 201, "{}", added.text());
    let mut expected = added.json();
    assert!(instant(&expected["publishedAt"]) <= OffsetDateTime::now_utc());
    expected["publishedAt"].take();
    let key = PublicKey::from_pem(&pem).unwrap();
    let whole = json!({
        "thumbprint": key.thumbprint(), "verificationMethod": "did:india", "algorithm": "ES256K", "signs": "certificates",
        "origin": "foreign", "state": "retiring", "publishedAt": null, "validFrom": null, "validUntil": "2126-01-01T00:00:00Z",
        "compromisedAt": null, "chain": null, "pem": key.to_pem(),
    });
    assert_eq!(expected, whole);
    let again = post(client, "", &body).await;
    assert_eq!((again.status, again.json()), (200, added.json()));
    assert_eq!(verify(&json, &published(client).await).unwrap().suite, Suite::Es256k);
    let did = client.get("/.well-known/did.json", "").await.unwrap().json();
    assert_eq!(did["assertionMethod"].as_array().unwrap().len(), 2, "a foreign key asserts nothing in our name");

    // The other instance stopped on a day that is past.
    let ended = json!({ "pem": vector("keys/ed25519.public.pem"), "verificationMethod": "did:india", "validUntil": "2022-01-01T00:00:00Z", "reason": "cessation" });
    assert_eq!(post(client, "", &ended).await.json()["state"], "retired");
    let other = json!({ "pem": pem, "verificationMethod": "did:india", "validUntil": "2027-01-01T00:00:00Z", "reason": "other" });
    let details = "this key is published under that name with other details, which stay";
    assert_eq!(problem(&post(client, "", &other).await), (409, "key-conflict".into(), details.into()));
}

#[tokio::test]
async fn an_administrators_mistakes_are_told_all_at_once_and_change_nothing() {
    let service = Service::start().await;
    let client = &service.client;
    let before = list(client).await;
    let own = before[0]["thumbprint"].as_str().unwrap();
    let told = |answer: &Answer| -> Vec<String> {
        assert_eq!(
            (answer.status, answer.json()["type"].as_str()),
            (422, Some("urn:divoc:problem:invalid-body")),
            "{}",
            answer.text()
        );
        answer.json()["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["pointer"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(told(&post(client, "", &json!([])).await), [""]);
    assert_eq!(told(&post(client, "", &json!({})).await), ["/pem", "/verificationMethod", "/reason"]);
    let wrong = json!({
        "pem": "-----BEGIN PUBLIC KEY-----", "verificationMethod": "india", "origin": "mine", "signs": 1,
        "validFrom": "2026-01-01", "validUntil": "9999-12-31T23:59:59-01:00", "reason": " ",
    });
    assert_eq!(
        told(&post(client, "", &wrong).await),
        ["/pem", "/verificationMethod", "/origin", "/signs", "/validFrom", "/validUntil", "/reason"]
    );
    let backwards = json!({
        "pem": vector("keys/p256.public.pem"), "verificationMethod": "did:x:y",
        "validFrom": "2026-01-01T00:00:00Z", "validUntil": "2025-01-01T00:00:00Z", "reason": "because",
    });
    assert_eq!(told(&post(client, "", &backwards).await), ["/validUntil", "/reason"]);
    let ours = json!({ "pem": vector("keys/p256.public.pem"), "verificationMethod": "did:x:y", "origin": "own", "validUntil": "2126-01-01T00:00:00Z", "reason": null });
    assert_eq!(told(&post(client, "", &ours).await), ["/validUntil", "/reason"]);
    assert_eq!(
        told(&post(client, &format!("/{own}/retire"), &json!({ "until": "2021-01-01T00:00:00Z" })).await),
        ["/reason", "/until"]
    );
    assert_eq!(told(&post(client, &format!("/{own}/compromise"), &json!({ "reason": 1 })).await), ["/reason"]);
    let chain = administer(client, Method::PUT, &format!("/{own}/chain"), &json!({ "chain": "none" })).await;
    assert_eq!(told(&chain), ["/reason", "/chain"]);
    assert_eq!(
        chain.json()["errors"][1]["detail"],
        "it needs the key's certificate and at least the one of the CA that made it"
    );

    let reason = json!({ "reason": "other" });
    for path in ["/nowhere/retire", "/nowhere/compromise"] {
        assert_eq!(problem(&post(client, path, &reason).await), (404, "no-key".into(), "there is no such key".into()));
    }
    let signing = problem(&post(client, &format!("/{own}/retire"), &reason).await);
    assert_eq!(
        signing,
        (409, "key-conflict".into(), "this is the key that signs now: put another in its place first".into())
    );
    let late = client
        .send(Method::POST, "/divoc/api/v1/keys", "admin", &[], Some(("text/plain", b"{}".to_vec())))
        .await
        .unwrap();
    assert_eq!(late.status, 415);
    assert_eq!(list(client).await, before);
}

#[tokio::test]
async fn the_next_key_is_announced_before_it_signs_and_an_end_once_set_stays() {
    let old = Service::with(|app| app.clock = service::clock).await;
    let pem = generate(Suite::Es256).unwrap();
    let signer = Arc::new(SoftwareSigner::from_pem(&pem).unwrap());
    let key = issuer::ports::Signer::public_key(&*signer).await.unwrap();
    let announced =
        json!({ "pem": key.to_pem(), "verificationMethod": "did:india", "origin": "own", "reason": "rotation" });
    assert_eq!(post(&old.client, "", &announced).await.status, 201);
    assert_eq!(post(&old.client, "", &announced).await.status, 200);
    let known = published(&old.client).await;
    assert_eq!(known.len(), 2);
    service::pass(86_400);
    let store = old.running.store();
    let new = Service::with(|app| {
        app.store = store.clone();
        app.key_ring = store;
        app.signer = signer;
        app.clock = service::clock;
    })
    .await;
    // Verifiers that looked before it signed need not look again.
    assert_eq!(verify(&certify(&new.client, 1).await, &known).unwrap().suite, Suite::Es256);
    let first = list(&new.client)
        .await
        .into_iter()
        .find(|key| key["state"] == "published" && key["algorithm"] == "PS256")
        .unwrap();
    let path = format!("/{}/retire", first["thumbprint"].as_str().unwrap());
    let until = (service::clock() + Duration::hours(2)).replace_nanosecond(0).unwrap().format(&Rfc3339).unwrap();
    let body = json!({ "until": until, "reason": "rotation" });
    let retired = post(&new.client, &path, &body).await;
    assert_eq!(retired.json()["validUntil"], json!(until), "{}", retired.text());
    for again in [&body, &json!({ "reason": "other" })] {
        assert_eq!(post(&new.client, &path, again).await.json(), retired.json());
    }
    let later = json!({ "until": "2126-01-01T00:00:00Z", "reason": "other" });
    let conflict = "the key is retired already, at another instant, which stays";
    assert_eq!(problem(&post(&new.client, &path, &later).await), (409, "key-conflict".into(), conflict.into()));
}

/// A CA made for the test, with OpenSSL, and its certificate of the key for `days`: PEM, the key's first.
fn certified_by_a_ca(key: &PublicKey, days: u32) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key.pem"), key.to_pem()).unwrap();
    std::fs::write(folder.path().join("extensions"), "basicConstraints=CA:FALSE").unwrap();
    let openssl = |arguments: &str| {
        let done = std::process::Command::new("openssl")
            .current_dir(folder.path())
            .args(arguments.split(' '))
            .output()
            .unwrap();
        assert!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
    };
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=CA -days 3650 -addext keyUsage=critical,keyCertSign",
    );
    openssl("genpkey -algorithm ed25519 -out other.key");
    openssl("req -new -key other.key -subj /C=IN/CN=Certificates -out request.pem");
    openssl(&format!(
        "x509 -req -in request.pem -force_pubkey key.pem -CA ca.pem -CAkey ca.key -extfile extensions -days {days} -out leaf.pem"
    ));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    read("leaf.pem") + &read("ca.pem")
}

#[tokio::test]
async fn where_a_ca_is_demanded_nothing_is_signed_without_its_valid_certificates() {
    signs_only_with_valid_certificates(Suite::Ps256).await;
}

#[tokio::test]
async fn a_ca_may_certify_a_key_of_another_kind_than_its_own() {
    signs_only_with_valid_certificates(Suite::Es256k).await;
}

async fn signs_only_with_valid_certificates(suite: Suite) {
    let running = local::start_signing(memory(), suite, |app| {
        app.config = Arc::new(Config { ca_chain: CaChain::Required, ..(*app.config).clone() });
        app.clock = service::clock;
    })
    .await
    .unwrap();
    let client = Client::new(running.base_url(), running.tokens());
    let event = json!([people::event(1, 1)]);
    let refused = client.certify("v1", &event).await.unwrap();
    let reason =
        "no certificate can be signed: the country demands a CA's certificate of the signing key, and none is attached";
    assert_eq!(problem(&refused), (503, "signing-key".into(), reason.into()));

    let key = in_pem(&client).await.remove(0).key;
    let path = format!("/{}/chain", key.thumbprint());
    // The service's clock may be behind OpenSSL's.
    service::pass(120);
    let chain = certified_by_a_ca(&key, 30);
    let body = json!({ "chain": chain, "reason": "certification" });
    let attached = administer(&client, Method::PUT, &path, &body).await;
    assert_eq!(attached.status, 200, "{}", attached.text());
    assert_eq!(attached.json()["chain"]["certificates"], 2);
    assert_eq!(attached.json()["chain"]["daysLeft"], 29);
    assert_eq!(administer(&client, Method::PUT, &path, &body).await.json(), attached.json());
    let json = certify(&client, 1).await;
    let methods = published(&client).await;
    assert_eq!(verify(&json, &methods).unwrap().suite, suite);
    assert_eq!(methods[0].chain.len(), 2);
    let set = client.get("/.well-known/jwks.json", "").await.unwrap().json();
    assert_eq!(set["keys"][0]["x5c"].as_array().unwrap().len(), 2);

    // It runs out: fetching goes on, signing does not.
    service::pass(31 * 86_400);
    let refused = client.certify("v1", &json!([people::event(2, 1)])).await.unwrap();
    let reason =
        "no certificate can be signed: the CA's certificates of the signing key are not valid now; attach new ones";
    assert_eq!(problem(&refused), (503, "signing-key".into(), reason.into()));
    assert_eq!(client.get("/certificate/api/certificatePDF/SYN-000000001", "fetcher").await.unwrap().status, 200);
    let expired = administer(&client, Method::PUT, &path, &body).await;
    assert_eq!(expired.json()["errors"][0]["detail"], "a certificate has expired");
    let renewed = json!({ "chain": certified_by_a_ca(&key, 400), "reason": "certification" });
    assert_eq!(administer(&client, Method::PUT, &path, &renewed).await.json()["chain"]["daysLeft"], 368);
    assert!(verify(&certify(&client, 2).await, &published(&client).await).is_ok());
}

#[tokio::test]
async fn the_contexts_that_credentials_name_are_served() {
    let service = Service::start().await;
    for version in ["v1", "v2"] {
        let context = service.client.get(&format!("/credentials/vaccination/{version}"), "").await.unwrap();
        assert_eq!(context.header("content-type"), "application/ld+json");
        assert_eq!(context.header("access-control-allow-origin"), "*");
        assert!(context.json()["@context"].is_object(), "{version}");
    }
}
