//! The API's description and the routes say the same.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use serde_json::Value;
use std::{collections::BTreeSet, sync::Arc};
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
    let folder = format!("{}/../shared/issuer/src", env!("CARGO_MANIFEST_DIR"));
    let folders = [folder.clone(), format!("{folder}/keys"), format!("{folder}/post"), format!("{folder}/reconcile")];
    let sources: Vec<String> = folders
        .iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect();
    let declarations = sources.iter().flat_map(|source| source.split(".route(").skip(1));
    let routes = declarations.flat_map(|declaration| {
        let (path, rest) = declaration.trim_start().trim_start_matches('"').split_once('"').unwrap();
        let methods: Vec<_> = ["get", "head", "post", "put", "delete"]
            .into_iter()
            .filter(|method| {
                let handlers = rest.split(".route(").next().unwrap().split('\n').take(3).collect::<String>();
                let called = format!("{method}(");
                handlers.starts_with(&format!(", {called}"))
                    || handlers.trim_start_matches([',', ' ']).starts_with(&called)
                    || handlers.contains(&format!(").{called}"))
            })
            .map(|method| (path.to_owned(), method.to_owned()))
            .collect();
        methods
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
    let files = [
        "verify/index.html",
        "verify/1/page.js",
        "portal/index.html",
        "portal/1/page.js",
        "share/index.html",
        "bulk/index.html",
        "bulk/1/page.js",
        "dashboard/index.html",
        "dashboard/1/page.js",
    ]
    .map(|name| (name.to_owned(), Vec::new()));
    let page = Arc::new(issuer::page::Page::new(files.into()).unwrap());
    let service = Service::with(|app| app.page = Some(page)).await;
    for (path, method) in described() {
        let path = path
            .replace("{beneficiaryId}", "X")
            .replace("{certificateId}", "1")
            .replace("{dose}", "1")
            .replace("{recallId}", "1")
            .replace("{uploadId}", "1")
            .replace("{requestId}", "1")
            .replace("{recoveryId}", "1")
            .replace("{rebindingId}", "1")
            .replace("{reconciliationId}", "1")
            .replace("{day}", "2027-01-31");
        let path = path.replace("{number}/{purpose}", "0/revocation").replace("{number}", "1").replace("{from}", "1");
        let path = path
            .replace("{thumbprint}", "X")
            .replace("{linkId}", "X")
            .replace("{partnerId}", "X")
            .replace("{parcelId}", "0-1")
            .replace("{token}", "x")
            .replace("{offerId}", "X")
            .replace("{batchId}", "1")
            .replace("{path}", "X")
            .replace("{key}", "X");
        let path = path.replace("{version}/{file}", "1/page.js").replace("{file}", "index.html");
        let answer = service.client.send(method.to_uppercase().parse().unwrap(), &path, "", &[], None).await.unwrap();
        // There is no second list yet, and a question without a body is none.
        let fits = match path.as_str() {
            "/status/deltas/1" => {
                answer.status == 404 && (method == "head" || answer.json()["type"] == "urn:divoc:problem:no-list")
            }
            // Nobody asked for that recovery.
            "/divoc/api/citizen/recovery/1" if method == "get" => answer.status == 404,
            "/divoc/api/citizen/recovery" if method == "post" => answer.status == 415,
            path if ["/certificate/revoked", "/generateOTP", "/verifyOTP", "/proof", "/objection"]
                .iter()
                .any(|end| path.ends_with(end)) =>
            {
                answer.status == 415
            }
            path if path.starts_with("/divoc/api/share/") => answer.status == 415,
            "/divoc/api/post/unsubscribe/x" => answer.status == 400,
            "/divoc/api/v1/events" => answer.status == 415,
            // No form, no offer, and no service that is called so.
            "/wallet/token" => answer.json()["error"] == "invalid_request",
            "/wallet/offers/X" => answer.json()["type"] == "urn:divoc:problem:no-offer",
            path if path.starts_with("/.well-known/") && path.ends_with("/X") => answer.status == 404,
            _ => matches!(answer.status, 200 | 401),
        };
        assert!(fits, "{method} {path}: {}", answer.status);
    }
}
