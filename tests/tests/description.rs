//! The API's description and the routes say the same.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use serde_json::Value;
use std::collections::BTreeSet;
use tests::Service;

fn described() -> BTreeSet<(String, String)> {
    let description: Value = serde_yaml_ng::from_str(issuer::site::OPENAPI).unwrap();
    let paths = description["paths"].as_object().unwrap();
    let methods =
        |path: &Value| path.as_object().unwrap().keys().filter(|key| *key != "parameters").cloned().collect::<Vec<_>>();
    paths.iter().flat_map(|(path, item)| methods(item).into_iter().map(move |method| (path.clone(), method))).collect()
}

/// The routes as the sources declare them: `.route("path", method(…`.
fn declared() -> BTreeSet<(String, String)> {
    let sources = ["certify", "fetch", "keys", "site"].map(|module| {
        std::fs::read_to_string(format!("{}/../shared/issuer/src/{module}.rs", env!("CARGO_MANIFEST_DIR"))).unwrap()
    });
    let declarations = sources.iter().flat_map(|source| source.split(".route(").skip(1));
    let routes = declarations.map(|declaration| {
        let (path, rest) = declaration.trim_start().trim_start_matches('"').split_once('"').unwrap();
        let method = rest.trim_start_matches([',', ' ', '\n']).split('(').next().unwrap().trim();
        (path.to_owned(), method.to_owned())
    });
    routes.collect()
}

#[test]
fn every_route_is_described_and_every_description_has_a_route() {
    let (described, declared) = (described(), declared());
    assert!(declared.len() > 20, "the sources were not understood: {declared:?}");
    assert_eq!(described, declared);
}

#[tokio::test]
async fn every_described_route_is_served() {
    let service = Service::start().await;
    for (path, method) in described() {
        let path = path.replace("{beneficiaryId}", "X").replace("{certificateId}", "1").replace("{dose}", "1");
        let answer = service.client.send(method.to_uppercase().parse().unwrap(), &path, "", &[], None).await.unwrap();
        assert!(matches!(answer.status, 200 | 401), "{method} {path}: {}", answer.status);
    }
}
