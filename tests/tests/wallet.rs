//! Certificates in wallets: offers, tokens and credentials by OpenID4VCI 1.0, fetched by libraries that wallets are made with; and every refusal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use anyhow::{Result, bail};
use async_trait::async_trait;
use credential::{PublicKey, VerificationMethod, qr::Symbol};
use issuer::ports::{Cabinet, Commit, Drawer, Sheet};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};
use tests::{Answer, Client, Service, client::segment, people, pixels, service};
use time::{Duration, OffsetDateTime};
use tokio::task::{JoinSet, spawn_blocking};

const OFFERS: &str = "/divoc/api/citizen/offers";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
const FORM: &str = "application/x-www-form-urlencoded";

/// A service with one certificate, its citizen, and a wallet.
struct Scene {
    service: Service,
    client: Client,
    certificate: String,
}

impl Scene {
    async fn new() -> Self {
        Self::on(Service::start().await).await
    }

    async fn on(service: Service) -> Self {
        let client = client(&service);
        let certificate = certified(&service, "v1", &json!([people::event(1, 1)])).await;
        Self { service, client, certificate }
    }

    async fn offer(&self, wish: &Value) -> Answer {
        self.post(OFFERS, "asha", wish).await
    }

    /// An offer's code, and its transaction code if it has one.
    async fn code(&self, with_transaction_code: bool) -> (String, String) {
        let offer = self.offer(&json!({ "certificateId": self.certificate, "txCode": with_transaction_code })).await;
        assert_eq!(offer.status, 201, "{}", offer.text());
        let offer = offer.json();
        let code = offer["credential_offer"]["grants"][GRANT]["pre-authorized_code"].as_str().unwrap().to_owned();
        (code, offer["txCode"].as_str().unwrap_or_default().to_owned())
    }

    async fn token(&self, members: &[(&str, &str)]) -> Answer {
        token(&self.client, members).await
    }

    /// A token that opens the certificate.
    async fn opened(&self) -> String {
        let (code, _) = self.code(false).await;
        let answer = self.token(&[("grant_type", GRANT), ("pre-authorized_code", &code)]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    async fn credential(&self, token: &str, asked: &Value) -> Answer {
        let client = self.client.clone().with_token("wallet", token.to_owned());
        let body = Some(("application/json", asked.to_string().into_bytes()));
        client.send(Method::POST, "/wallet/credential", "wallet", &[], body).await.unwrap()
    }

    async fn post(&self, path: &str, role: &str, body: &Value) -> Answer {
        let body = Some(("application/json", body.to_string().into_bytes()));
        self.client.send(Method::POST, path, role, &[], body).await.unwrap()
    }

    async fn stored(&self) -> String {
        stored(&self.service, &self.certificate).await
    }
}

/// A caller with a token of the person with number 1 and one of a stranger.
fn client(service: &Service) -> Client {
    let asha = service.running.token_for_citizen("+919900000001");
    let stranger = service.running.token_for_citizen("+919900000002");
    service.client.clone().with_token("asha", asha).with_token("stranger", stranger)
}

async fn certified(service: &Service, schema: &str, events: &Value) -> String {
    let answer = service.client.certify(schema, events).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned()
}

async fn stored(service: &Service, certificate: &str) -> String {
    service.client.get(&format!("/certificate/api/credential/{certificate}"), "fetcher").await.unwrap().text()
}

async fn token(client: &Client, members: &[(&str, &str)]) -> Answer {
    let form: Vec<String> = members.iter().map(|(name, value)| format!("{name}={}", segment(value))).collect();
    let body = Some((FORM, form.join("&").into_bytes()));
    client.send(Method::POST, "/wallet/token", "", &[], body).await.unwrap()
}

/// What OAuth wants of a refusal: 400, JSON, a code, never kept.
fn refused(answer: &Answer, error: &str) {
    assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some(error)), "{}", answer.text());
    assert_eq!((answer.header("content-type"), answer.header("cache-control")), ("application/json", "no-store"));
    assert_eq!(answer.json()["error_description"].as_str().map(str::is_ascii), Some(true));
}

/// What a problem is called.
fn problem(answer: &Answer) -> (u16, String) {
    let kind = answer.json()["type"].as_str().unwrap_or_default().replace("urn:divoc:problem:", "");
    (answer.status, kind)
}

/// What a wallet made with one of the libraries of tests/wallet received.
async fn received(wallet: &'static str, link: &str, transaction_code: Option<&str>) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("wallet");
    assert!(folder.join("node_modules").is_dir(), "the wallets are not installed: use `make test`");
    let mut command = Command::new("node");
    command.arg(folder.join(wallet)).arg(link).args(transaction_code);
    // Beside this thread, which the service runs on.
    let output = spawn_blocking(move || command.output().expect("node runs")).await.unwrap();
    assert!(output.status.success(), "{wallet}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn wallets_of_two_makers_receive_the_stored_credential_and_it_verifies() {
    let service = Service::start().await;
    let client = client(&service);
    let events = |name: &str| {
        let file = format!("{}/../events/certify/{name}.json", env!("CARGO_MANIFEST_DIR"));
        let mut events: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        for event in events.as_array_mut().unwrap() {
            event["recipient"]["contact"] = json!([people::telephone(1)]);
        }
        events
    };
    let pem = service.client.get("/.well-known/public-key.pem", "").await.unwrap().text();
    let keys = [VerificationMethod::new("did:india", PublicKey::from_pem(&pem).unwrap())];
    let kinds = [
        ("v1", json!([people::event(1, 1)]), "VaccinationCertificate"),
        ("v3", events("international"), "InternationalVaccinationCertificate"),
        ("v1/test", json!([people::test(1, 5)]), "TestCertificate"),
    ];
    for (schema, events, configuration) in kinds {
        let certificate = certified(&service, schema, &events).await;
        let stored = stored(&service, &certificate).await;
        for (wallet, version) in [("openid4vc.js", json!("V1")), ("sphereon.js", json!(1015))] {
            for with_transaction_code in [false, true] {
                let wish = json!({ "certificateId": certificate, "txCode": with_transaction_code }).to_string();
                let body = Some(("application/json", wish.into_bytes()));
                let offer = client.send(Method::POST, OFFERS, "asha", &[], body).await.unwrap().json();
                assert_eq!(offer["credential_offer"]["credential_configuration_ids"], json!([configuration]));
                let got = received(wallet, offer["deepLink"].as_str().unwrap(), offer["txCode"].as_str()).await;
                assert_eq!(got["version"], version);
                assert_eq!(got["credential"], serde_json::from_str::<Value>(&stored).unwrap(), "{wallet}");
                // Members stay in their order in both libraries, so that writing it again gives the same bytes.
                let again = serde_json::to_string(&got["credential"]).unwrap();
                assert!(credential::verify(&again, &keys).unwrap().bound, "{wallet}");
                if wallet == "openid4vc.js" {
                    let heard = got["heard"].as_str().unwrap();
                    assert_eq!(heard, format!(r#"{{"credentials":[{{"credential":{stored}}}]}}"#));
                }
            }
        }
    }
}

#[tokio::test]
async fn an_offer_is_a_link_a_code_to_scan_and_an_object_without_the_person() {
    let scene = Scene::new().await;
    let answer = scene.offer(&json!({ "certificateId": scene.certificate, "txCode": true })).await;
    assert_eq!((answer.status, answer.header("cache-control")), (201, "no-store"));
    let offer = answer.json();
    let base = scene.service.running.base_url();
    let id = offer["offerId"].as_str().unwrap();
    assert_eq!(id.len(), 43);
    assert_eq!(offer["credential_offer_uri"], format!("{base}/wallet/offers/{id}"));
    let link =
        format!("openid-credential-offer://?credential_offer_uri={}", segment(&format!("{base}/wallet/offers/{id}")));
    assert_eq!(offer["deepLink"], link);
    let symbol = Symbol::of_text(&link).unwrap();
    assert_eq!(offer["qr"], symbol.svg(320, 4));
    assert_eq!(pixels::read_png(&symbol.png(4, 4)).unwrap(), link.as_bytes());
    let digits = offer["txCode"].as_str().unwrap();
    assert!(digits.len() == 6 && digits.bytes().all(|digit| digit.is_ascii_digit()));
    let object = json!({
        "credential_issuer": base,
        "credential_configuration_ids": ["VaccinationCertificate"],
        "grants": { GRANT: {
            "pre-authorized_code": id,
            "tx_code": { "input_mode": "numeric", "length": 6, "description": "The digits that the certificate portal shows beside the offer" },
        } },
    });
    assert_eq!(offer["credential_offer"], object);
    let expires = offer["expiresAt"].as_str().unwrap();
    let expires = OffsetDateTime::parse(expires, &time::format_description::well_known::Rfc3339).unwrap();
    assert!((expires - OffsetDateTime::now_utc() - Duration::minutes(10)).abs() < Duration::minutes(1));

    // Wallets read it as often as they like.
    for _ in 0..3 {
        let read = scene.client.get(&format!("/wallet/offers/{id}"), "").await.unwrap();
        assert_eq!((read.status, read.header("content-type")), (200, "application/json"));
        assert_eq!(read.json(), object);
    }
    assert_eq!(
        scene.token(&[("grant_type", GRANT), ("pre-authorized_code", id), ("tx_code", digits)]).await.status,
        200
    );
    let used = scene.client.get(&format!("/wallet/offers/{id}"), "").await.unwrap();
    assert_eq!(problem(&used), (404, "no-offer".into()));
    assert_eq!(problem(&scene.client.get("/wallet/offers/nothing", "").await.unwrap()), (404, "no-offer".into()));
}

#[tokio::test]
async fn a_country_may_name_its_own_app_and_its_own_address() {
    let service = Service::with(|app| {
        let mut config = (*app.config).clone();
        config.public_url = "https://health.example/certificates".into();
        config.wallet_link = "https://wallet.health.example/offer?app=1".into();
        app.config = Arc::new(config);
    })
    .await;
    let scene = Scene::on(service).await;
    let offer = scene.offer(&json!({ "certificateId": scene.certificate })).await.json();
    let id = offer["offerId"].as_str().unwrap();
    let place = format!("https://health.example/certificates/wallet/offers/{id}");
    let link = format!("https://wallet.health.example/offer?app=1&credential_offer_uri={}", segment(&place));
    assert_eq!((&offer["deepLink"], offer.get("txCode")), (&json!(link), None));

    for well_known in ["openid-credential-issuer", "oauth-authorization-server"] {
        let get = async |path: &str| scene.client.get(&format!("/.well-known/{well_known}{path}"), "").await.unwrap();
        let (plain, with_path) = (get("").await, get("/certificates").await);
        assert_eq!((plain.status, with_path.status), (200, 200));
        assert_eq!(plain.json(), with_path.json());
        assert_eq!(problem(&get("/elsewhere").await), (404, "no-route".into()));
    }
}

#[tokio::test]
async fn metadata_says_what_wallets_must_know() {
    let service = Service::start().await;
    let base = service.running.base_url();
    let issuer = service.client.get("/.well-known/openid-credential-issuer", "").await.unwrap();
    assert_eq!(issuer.header("content-type"), "application/json");
    let issuer = issuer.json();
    assert_eq!(
        (&issuer["credential_issuer"], &issuer["credential_endpoint"]),
        (&json!(base), &json!(format!("{base}/wallet/credential")))
    );
    assert_eq!(
        issuer["credential_configurations_supported"]["TestCertificate"],
        json!({
            "format": "ldp_vc",
            "credential_definition": {
                "@context": ["https://www.w3.org/2018/credentials/v1", "https://cowin.gov.in/credentials/testCertificate/v1"],
                "type": ["VerifiableCredential", "ProofOfTestCertificateCredential"],
            },
            "credential_metadata": { "display": [{ "name": "Test certificate", "locale": "en" }] },
        })
    );
    let nonce = async || service.client.send(Method::POST, "/wallet/nonce", "", &[], None).await.unwrap();
    let (one, other) = (nonce().await, nonce().await);
    assert_eq!(
        (one.status, one.header("cache-control"), one.json()["c_nonce"].as_str().map(str::len)),
        (200, "no-store", Some(43))
    );
    assert_ne!(one.body, other.body);
    let server = service.client.get("/.well-known/oauth-authorization-server", "").await.unwrap().json();
    assert_eq!(server["token_endpoint"], format!("{base}/wallet/token"));
    assert_eq!(server["grant_types_supported"], json!([GRANT]));
    let nowhere = service.client.get("/.well-known/openid-credential-issuer/x", "").await.unwrap();
    assert_eq!(problem(&nowhere), (404, "no-route".into()));
}

#[tokio::test]
async fn a_citizen_offers_what_is_theirs_and_valid_and_nothing_else() {
    let scene = Scene::new().await;
    let wish = json!({ "certificateId": scene.certificate });
    let foreign = scene.post(OFFERS, "stranger", &wish).await;
    let none = scene.post(OFFERS, "stranger", &json!({ "certificateId": "20000000000000000101" })).await;
    assert_eq!(problem(&foreign), (404, "no-certificate".into()));
    assert_eq!(foreign.body, none.body);
    for role in ["fetcher", "certifier", "verifier", "admin"] {
        assert_eq!(problem(&scene.post(OFFERS, role, &wish).await), (403, "forbidden".into()), "{role}");
    }
    assert_eq!(problem(&scene.post(OFFERS, "", &wish).await), (401, "unauthenticated".into()));
    for (body, pointers) in [
        (json!({}), vec!["/certificateId"]),
        (json!([]), vec!["/certificateId"]),
        (json!({ "certificateId": 7, "txCode": "no" }), vec!["/certificateId", "/txCode"]),
        (json!({ "certificateId": scene.certificate, "txCode": null }), vec!["/txCode"]),
    ] {
        let answer = scene.offer(&body).await;
        assert_eq!(problem(&answer), (422, "invalid-body".into()));
        let named: Vec<_> =
            answer.json()["errors"].as_array().unwrap().iter().map(|it| it["pointer"].clone()).collect();
        assert_eq!(named, pointers);
    }
    let broken = Some(("application/json", b"{".to_vec()));
    assert_eq!(
        problem(&scene.client.send(Method::POST, OFFERS, "asha", &[], broken).await.unwrap()),
        (400, "not-json".into())
    );
    let path = format!("/divoc/api/v1/certificate/{}", scene.certificate);
    assert_eq!(scene.client.send(Method::DELETE, &path, "certifier", &[], None).await.unwrap().status, 200);
    assert_eq!(problem(&scene.offer(&wish).await), (410, "no-longer-valid".into()));
}

#[tokio::test]
async fn a_citizen_makes_a_hundred_offers_a_day_and_no_more() {
    let scene = Scene::on(Service::with(|app| app.clock = service::clock).await).await;
    let wish = json!({ "certificateId": scene.certificate });
    for _ in 0..100 {
        assert_eq!(scene.offer(&wish).await.status, 201);
    }
    let refused = scene.offer(&wish).await;
    assert_eq!(problem(&refused), (429, "too-many".to_owned()));
    assert!(refused.header("retry-after").parse::<i64>().is_ok_and(|seconds| (1..=86_400).contains(&seconds)));
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_only_by_the_grant_it_is_for() {
    let scene = Scene::new().await;
    let (code, _) = scene.code(false).await;
    let right = [("grant_type", GRANT), ("pre-authorized_code", code.as_str())];
    let other_code = "A".repeat(43);
    let details = |configuration: &str| {
        json!([{ "type": "openid_credential", "credential_configuration_id": configuration }]).to_string()
    };
    let foreign = details("TestCertificate");
    for (members, error) in [
        (vec![], "invalid_request"),
        (vec![right[1]], "invalid_request"),
        (vec![right[0]], "invalid_request"),
        (vec![right[0], right[1], right[1]], "invalid_request"),
        (vec![right[0], right[1], ("tx_code", "123456")], "invalid_request"),
        (vec![("grant_type", "authorization_code"), right[1]], "unsupported_grant_type"),
        (vec![("grant_type", "client_credentials")], "unsupported_grant_type"),
        (vec![right[0], ("pre-authorized_code", &other_code)], "invalid_grant"),
        (vec![right[0], ("pre-authorized_code", "' OR 1=1 --")], "invalid_grant"),
        (vec![right[0], right[1], ("authorization_details", "nonsense")], "invalid_authorization_details"),
        (vec![right[0], right[1], ("authorization_details", &foreign)], "invalid_authorization_details"),
    ] {
        refused(&scene.token(&members).await, error);
    }
    let as_json = json!({ "grant_type": GRANT, "pre-authorized_code": code });
    refused(&scene.post("/wallet/token", "", &as_json).await, "invalid_request");
    let large = Some((FORM, vec![b'a'; 20_000]));
    let large = scene.client.send(Method::POST, "/wallet/token", "", &[], large).await.unwrap();
    assert_eq!(problem(&large), (413, "body-too-large".into()));

    // None of that used it up. Members that nobody knows are not looked at, and details are answered with an identifier.
    let details = details("VaccinationCertificate");
    let members =
        [right[0], right[1], ("authorization_details", &details), ("client_id", "sample-wallet"), ("resource", "x")];
    let answer = scene.token(&members).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    let given = answer.json();
    assert_eq!((&given["token_type"], &given["expires_in"]), (&json!("Bearer"), &json!(300)));
    assert_eq!(given["authorization_details"][0]["credential_identifiers"], json!([scene.certificate]));
    let opened = scene
        .credential(given["access_token"].as_str().unwrap(), &json!({ "credential_identifier": scene.certificate }))
        .await;
    assert_eq!(opened.status, 200, "{}", opened.text());
    refused(&scene.token(&right).await, "invalid_grant");
}

#[tokio::test]
async fn wrong_transaction_codes_lock_the_offer() {
    let scene = Scene::new().await;
    let (code, digits) = scene.code(true).await;
    let asks = [("grant_type", GRANT), ("pre-authorized_code", code.as_str())];
    let wrong = if digits == "000000" { "000001" } else { "000000" };
    // What could not be right costs no try.
    for _ in 0..6 {
        refused(&scene.token(&asks).await, "invalid_request");
    }
    for _ in 0..5 {
        refused(&scene.token(&[asks[0], asks[1], ("tx_code", wrong)]).await, "invalid_grant");
    }
    refused(&scene.token(&[asks[0], asks[1], ("tx_code", &digits)]).await, "invalid_grant");

    let (code, digits) = scene.code(true).await;
    let asks = [("grant_type", GRANT), ("pre-authorized_code", code.as_str())];
    let wrong = if digits == "000000" { "000001" } else { "000000" };
    for _ in 0..4 {
        refused(&scene.token(&[asks[0], asks[1], ("tx_code", wrong)]).await, "invalid_grant");
    }
    assert_eq!(scene.token(&[asks[0], asks[1], ("tx_code", &digits)]).await.status, 200);
}

#[tokio::test]
async fn of_64_wallets_that_race_with_one_code_one_wins() {
    let scene = Scene::new().await;
    let (code, _) = scene.code(false).await;
    let mut racing = JoinSet::new();
    for _ in 0..64 {
        let (client, code) = (scene.client.clone(), code.clone());
        racing.spawn(async move { token(&client, &[("grant_type", GRANT), ("pre-authorized_code", &code)]).await });
    }
    let mut won = Vec::new();
    for answer in racing.join_all().await {
        if answer.status == 200 { won.push(answer) } else { refused(&answer, "invalid_grant") }
    }
    assert_eq!(won.len(), 1);
    let token = won[0].json()["access_token"].as_str().unwrap().to_owned();
    let asked = json!({ "credential_configuration_id": "VaccinationCertificate" });
    assert_eq!(scene.credential(&token, &asked).await.status, 200);
}

#[tokio::test]
async fn guesses_that_race_are_counted_each() {
    let scene = Scene::new().await;
    let (code, digits) = scene.code(true).await;
    let mut racing = JoinSet::new();
    for guess in 0..40 {
        let (client, code, digits) = (scene.client.clone(), code.clone(), digits.clone());
        let guess = format!("{guess:06}");
        if guess == digits {
            continue;
        }
        racing.spawn(async move {
            token(&client, &[("grant_type", GRANT), ("pre-authorized_code", &code), ("tx_code", &guess)]).await
        });
    }
    let answers = racing.join_all().await;
    let told = |why: &str| answers.iter().filter(|it| it.json()["error_description"] == why).count();
    assert_eq!(told("the transaction code is wrong"), 5);
    assert_eq!(told("the code is unknown, over or used"), answers.len() - 5);
    let right = [("grant_type", GRANT), ("pre-authorized_code", &code), ("tx_code", &digits)];
    refused(&scene.token(&right).await, "invalid_grant");
}

#[tokio::test]
async fn codes_live_ten_minutes_and_tokens_five() {
    let scene = Scene::on(Service::with(|app| app.clock = service::clock).await).await;
    let (code, _) = scene.code(false).await;
    let (unused, _) = scene.code(false).await;
    service::pass(595);
    let answer = scene.token(&[("grant_type", GRANT), ("pre-authorized_code", &code)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let asked = json!({ "credential_configuration_id": "VaccinationCertificate" });
    service::pass(10);
    refused(&scene.token(&[("grant_type", GRANT), ("pre-authorized_code", &unused)]).await, "invalid_grant");
    assert_eq!(scene.client.get(&format!("/wallet/offers/{unused}"), "").await.unwrap().status, 404);
    service::pass(285);
    assert_eq!(scene.credential(&token, &asked).await.status, 200);
    service::pass(10);
    assert_eq!(problem(&scene.credential(&token, &asked).await), (401, "unauthenticated".into()));
}

#[tokio::test]
async fn a_token_opens_one_credential_as_often_as_it_is_asked() {
    let scene = Scene::new().await;
    let token = scene.opened().await;
    let asked = json!({ "credential_configuration_id": "VaccinationCertificate" });
    let stored = scene.stored().await;
    for _ in 0..3 {
        let given = scene.credential(&token, &asked).await;
        assert_eq!((given.status, given.header("cache-control")), (200, "no-store"));
        assert_eq!(given.text(), format!(r#"{{"credentials":[{{"credential":{stored}}}]}}"#));
    }
    let identified = json!({ "credential_identifier": scene.certificate, "proofs": { "jwt": ["not looked at"] } });
    assert_eq!(scene.credential(&token, &identified).await.status, 200);

    let both =
        json!({ "credential_identifier": scene.certificate, "credential_configuration_id": "VaccinationCertificate" });
    let encrypted = json!({ "credential_configuration_id": "VaccinationCertificate", "credential_response_encryption": { "enc": "A128GCM" } });
    for (asked, error) in [
        (json!({}), "invalid_credential_request"),
        (json!([]), "invalid_credential_request"),
        (json!({ "format": "ldp_vc" }), "invalid_credential_request"),
        (json!({ "credential_configuration_id": 1 }), "invalid_credential_request"),
        (both, "invalid_credential_request"),
        (encrypted, "invalid_encryption_parameters"),
        (json!({ "credential_configuration_id": "TestCertificate" }), "unknown_credential_configuration"),
        (json!({ "credential_configuration_id": "Nothing" }), "unknown_credential_configuration"),
        (json!({ "credential_identifier": "20000000000000000101" }), "unknown_credential_identifier"),
    ] {
        refused(&scene.credential(&token, &asked).await, error);
    }
    let client = scene.client.clone().with_token("wallet", token.clone());
    for (media_type, body) in [("application/json", "{"), ("text/plain", "{}"), ("application/jwt", "e30.e30.")] {
        let body = Some((media_type, body.as_bytes().to_vec()));
        refused(
            &client.send(Method::POST, "/wallet/credential", "wallet", &[], body).await.unwrap(),
            "invalid_credential_request",
        );
    }

    // A token of the identity provider opens nothing here, nor does a code, nor this token anything else.
    let (code, _) = scene.code(false).await;
    for (role, wrong) in
        [("asha", scene.service.running.token_for_citizen("+919900000001")), ("code", code), ("none", "x".into())]
    {
        let answer = scene.credential(&wrong, &asked).await;
        assert_eq!(problem(&answer), (401, "unauthenticated".into()), "{role}");
        assert!(answer.header("www-authenticate").contains("invalid_token"), "{role}");
    }
    let nobody = scene.post("/wallet/credential", "", &asked).await;
    assert_eq!(problem(&nobody), (401, "unauthenticated".into()));
    let path = format!("/certificate/api/credential/{}", scene.certificate);
    assert_eq!(problem(&client.get(&path, "wallet").await.unwrap()), (401, "unauthenticated".into()));
}

#[tokio::test]
async fn what_was_taken_back_since_is_not_given_out() {
    let scene = Scene::new().await;
    let token = scene.opened().await;
    let (code, _) = scene.code(false).await;
    let asked = json!({ "credential_configuration_id": "VaccinationCertificate" });
    let path = format!("/divoc/api/v1/certificate/{}/suspension", scene.certificate);
    let until =
        (OffsetDateTime::now_utc() + Duration::DAY).format(&time::format_description::well_known::Rfc3339).unwrap();
    let body = Some(("application/json", json!({ "until": until }).to_string().into_bytes()));
    let suspended = scene.client.send(Method::PUT, &path, "admin", &[], body).await.unwrap();
    assert_eq!(suspended.status, 200, "{}", suspended.text());
    refused(&scene.credential(&token, &asked).await, "credential_request_denied");
    assert_eq!(scene.client.send(Method::DELETE, &path, "admin", &[], None).await.unwrap().status, 200);
    assert_eq!(scene.credential(&token, &asked).await.status, 200);

    let revoke = format!("/divoc/api/v1/certificate/{}", scene.certificate);
    assert_eq!(scene.client.send(Method::DELETE, &revoke, "certifier", &[], None).await.unwrap().status, 200);
    refused(&scene.credential(&token, &asked).await, "credential_request_denied");
    let late = scene.token(&[("grant_type", GRANT), ("pre-authorized_code", &code)]).await.json();
    refused(&scene.credential(late["access_token"].as_str().unwrap(), &asked).await, "credential_request_denied");
}

/// A cabinet that goes down at the next write, before or after it takes effect, and keeps the names that were written.
struct Frail {
    inner: Arc<dyn Cabinet>,
    fails: AtomicBool,
    names: Mutex<HashSet<String>>,
    texts: Mutex<Vec<String>>,
}

#[async_trait]
impl Cabinet for Frail {
    async fn sheet(&self, drawer: Drawer, folder: &str, name: &str, now: OffsetDateTime) -> Result<Option<Sheet>> {
        self.inner.sheet(drawer, folder, name, now).await
    }

    async fn sheets(
        &self,
        drawer: Drawer,
        folder: &str,
        after: Option<&str>,
        most: usize,
        now: OffsetDateTime,
    ) -> Result<Vec<Sheet>> {
        self.inner.sheets(drawer, folder, after, most, now).await
    }

    async fn put(&self, sheets: &[Sheet], now: OffsetDateTime) -> Result<Commit> {
        if self.fails.swap(false, Ordering::SeqCst) {
            bail!("the table is gone");
        }
        self.names.lock().unwrap().extend(sheets.iter().map(|sheet| format!("{}/{}", sheet.folder, sheet.name)));
        self.texts.lock().unwrap().extend(sheets.iter().map(|sheet| sheet.text.clone()));
        self.inner.put(sheets, now).await
    }

    async fn take(&self, sheet: &Sheet) -> Result<Commit> {
        self.inner.take(sheet).await
    }

    async fn count(&self, what: &str, who: &str, window: Duration, now: OffsetDateTime) -> Result<u64> {
        self.inner.count(what, who, window, now).await
    }
}

#[tokio::test]
async fn a_write_that_fails_uses_no_code_up_and_nothing_secret_is_written() {
    let mut frail = None;
    let service = Service::with(|app| {
        let inner = app.cabinet.clone();
        let cabinet =
            Arc::new(Frail { inner, fails: AtomicBool::new(false), names: Mutex::default(), texts: Mutex::default() });
        frail = Some(cabinet.clone());
        app.cabinet = cabinet;
    })
    .await;
    let (scene, frail) = (Scene::on(service).await, frail.unwrap());
    frail.fails.store(true, Ordering::SeqCst);
    assert_eq!(
        problem(&scene.offer(&json!({ "certificateId": scene.certificate })).await),
        (503, "unavailable".into())
    );

    let (code, digits) = scene.code(true).await;
    let asks = [("grant_type", GRANT), ("pre-authorized_code", code.as_str()), ("tx_code", digits.as_str())];
    frail.fails.store(true, Ordering::SeqCst);
    let failed = scene.token(&asks).await;
    assert_eq!((problem(&failed), failed.header("retry-after")), ((503, "unavailable".into()), "2"));
    let answer = scene.token(&asks).await;
    assert_eq!(answer.status, 200, "{}", answer.text());

    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let written = format!("{:?} {:?}", frail.names.lock().unwrap(), frail.texts.lock().unwrap());
    for secret in [&code, &digits, &token] {
        assert!(!written.contains(secret.as_str()), "{written}");
    }
    assert_eq!(frail.names.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_credential_has_its_own_media_type_for_who_asks() {
    let scene = Scene::new().await;
    let path = format!("/certificate/api/credential/{}", scene.certificate);
    let get =
        async |accept: &str| scene.client.send(Method::GET, &path, "asha", &[("accept", accept)], None).await.unwrap();
    let mut tags = HashSet::new();
    for (accept, media_type, extension) in [
        ("*/*", "application/json", "json"),
        ("application/json, text/plain;q=0.5", "application/json", "json"),
        ("application/vc+ld+json", "application/vc+ld+json", "vc.json"),
        ("application/vc, application/vc+ld+json;q=0.9, */*;q=0.1", "application/vc+ld+json", "vc.json"),
        ("application/ld+json", "application/ld+json", "vc.json"),
    ] {
        let answer = get(accept).await;
        assert_eq!((answer.status, answer.header("content-type"), answer.header("vary")), (200, media_type, "accept"));
        let name = format!("inline; filename=\"certificate-{}.{extension}\"", scene.certificate);
        assert_eq!(answer.header("content-disposition"), name);
        assert_eq!(answer.text(), scene.stored().await);
        tags.insert(answer.header("etag").to_owned());
        let known = [("accept", accept), ("if-none-match", answer.header("etag"))];
        assert_eq!(scene.client.send(Method::GET, &path, "asha", &known, None).await.unwrap().status, 304);
    }
    assert_eq!(tags.len(), 3);
    for accept in ["application/vc", "text/html", "application/json;q=0"] {
        let answer = get(accept).await;
        assert_eq!(problem(&answer), (406, "not-acceptable".into()), "{accept}");
    }
    let stranger = scene.client.send(Method::GET, &path, "stranger", &[("accept", "text/html")], None).await.unwrap();
    assert_eq!(problem(&stranger), (404, "no-certificate".into()));
}

#[test]
fn a_national_portals_link_opens_the_citizens_portal_and_tells_nothing() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../page/tests/embed.js");
    assert!(program.with_file_name("node_modules").is_dir(), "the browser's driver is not installed: use `make test`");
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
    let driven = Command::new("node").arg(program).env("CHROMIUM", chromium).output().expect("node runs");
    let (said, wrong) = (String::from_utf8_lossy(&driven.stdout), String::from_utf8_lossy(&driven.stderr));
    assert!(driven.status.success(), "{said}\n{wrong}");
}
