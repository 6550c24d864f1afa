//! Keys for verifiers: what is published is enough to verify a certificate, and stays published.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use credential::{PublicKey, Refusal, Suite, VerificationMethod, verify};
use issuer::config::Place;
use serde_json::json;
use tests::{Client, Service, people, service::memory};

async fn certify(client: &Client, person: u64) -> String {
    let answer = client.certify("v1", &json!([people::event(person, 1)])).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    let path = answer.json()["certificates"][0]["links"]["credential"].as_str().unwrap().to_owned();
    client.get(&path, "fetcher").await.unwrap().text()
}

async fn published(client: &Client) -> Vec<VerificationMethod> {
    let pem = client.get("/.well-known/public-key.pem", "").await.unwrap().text();
    let keys = pem.split("-----BEGIN").skip(1).map(|block| PublicKey::from_pem(&format!("-----BEGIN{block}")).unwrap());
    keys.map(|key| VerificationMethod::new("did:india", key)).collect()
}

#[tokio::test]
async fn each_suite_signs_certificates_that_its_published_key_verifies() {
    for suite in Suite::ALL {
        let running = local::start_signing(memory(), suite, |_| {}).await.unwrap();
        let client = Client::new(running.base_url(), running.tokens());
        let json = certify(&client, 1).await;
        let methods = published(&client).await;
        let verified = verify(&json, &methods).unwrap_or_else(|refusal| panic!("{suite:?}: {refusal}"));
        assert!(verified.bound, "{suite:?}");
        assert_eq!(verified.suite, suite);
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
async fn old_keys_stay_listed_and_verify_what_they_signed() {
    let folder = std::env::temp_dir().join(format!("divoc-keys-{}", std::process::id()));
    let place = || Place { data: folder.to_string_lossy().into_owned(), ..memory() };
    let first = local::start_signing(place(), Suite::Ps256, |_| {}).await.unwrap();
    let client = Client::new(first.base_url(), first.tokens());
    let old = certify(&client, 1).await;
    let old_key = published(&client).await[0].clone();
    first.shutdown().await.unwrap();
    // The old key is taken away; another suite makes another key: what a rotation looks like to verifiers.
    std::fs::remove_file(folder.join("keys").join("signing.pem")).unwrap();
    let second = local::start_signing(place(), Suite::Ed25519, |_| {}).await.unwrap();
    let client = Client::new(second.base_url(), second.tokens());
    let new = certify(&client, 2).await;
    let methods = published(&client).await;
    assert_eq!(methods.len(), 2, "{methods:?}");
    assert_eq!(methods[1], old_key);
    assert_eq!(verify(&old, &methods).unwrap().suite, Suite::Ps256);
    assert_eq!(verify(&new, &methods).unwrap().suite, Suite::Ed25519);
    assert_eq!(verify(&new, &methods[1..]).err(), Some(Refusal::UnknownKey));
    assert_eq!(client.get("/.well-known/jwks.json", "").await.unwrap().json()["keys"].as_array().unwrap().len(), 3);
    second.shutdown().await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
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
