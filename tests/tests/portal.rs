//! The citizens' portal and the page of shared links in a browser: Chromium uses them as citizens do. What happens there stands in `page/tests/portal.js`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use issuer::App;
use reqwest::Method;
use serde_json::{Value, json};
use std::{fs, path::Path, sync::Arc};
use tests::{Answer, Service, browser, people};
use time::OffsetDateTime;

#[tokio::test(flavor = "multi_thread")]
async fn a_family_finds_and_shares_its_certificates_in_a_browser() {
    let service = Service::with(|app| {
        assert!(app.page.is_some(), "the pages are not built: use `make test`");
        patient(app);
    })
    .await;
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("portal");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("people.json"), family(&service).await.to_string()).unwrap();
    let lost = certify(&service, "v1", people::event(6, 1)).await;
    let paper = service.client.get(&format!("/certificate/api/certificate/QRCode/{lost}?scale=8"), "fetcher").await;
    fs::write(folder.join("paper.png"), ok(paper.unwrap()).body).unwrap();
    browser::drive("portal.js", &folder, service.running.base_url()).await;
    service.running.shutdown().await.unwrap();
}

#[tokio::test]
async fn the_pages_come_with_the_headers_that_keep_them_private() {
    let service = Service::start().await;
    let get = async |path: &str| service.client.get(path, "").await.unwrap();
    for path in ["/portal/", "/share/", "/portal", "/share"] {
        let page = get(path).await;
        assert_eq!(
            [
                "content-type",
                "cache-control",
                "content-security-policy",
                "referrer-policy",
                "x-content-type-options",
                "cross-origin-opener-policy",
                "access-control-allow-origin",
            ]
            .map(|name| page.header(name)),
            [
                "text/html; charset=utf-8",
                "no-cache",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; base-uri 'none'; \
                 form-action 'none'; frame-ancestors 'none'",
                "no-referrer",
                "nosniff",
                "same-origin",
                "",
            ],
            "{path}"
        );
    }
    let text = get("/share/").await.text();
    let script = text.split("type=\"module\" src=\"../").nth(1).unwrap().split('"').next().unwrap();
    let plain = get(&format!("/{script}")).await;
    assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
    for path in ["/portal/nothing.js", "/portal/0/main.js", "/portal/..%2fverify/sw.js"] {
        assert_eq!(get(path).await.json()["type"], "urn:divoc:problem:no-route", "{path}");
    }
}

#[tokio::test]
async fn the_portal_may_ask_the_provider_that_citizens_log_in_with() {
    let service = Service::with(|app| {
        let config = Arc::make_mut(&mut app.config);
        config.portal_sources = "https://id.example https://login.example".to_owned();
    })
    .await;
    let policy = service.client.get("/portal/", "").await.unwrap().header("content-security-policy").to_owned();
    assert!(policy.contains("; connect-src 'self' https://id.example https://login.example; "), "{policy}");
}

/// Lets one person log in more often than people do, without waiting each time; and with a provider on this machine.
fn patient(app: &mut App) {
    let config = Arc::make_mut(&mut app.config);
    config.citizens.codes_per_number = 1000;
    config.citizens.pace = std::time::Duration::ZERO;
    "http://127.0.0.1:*".clone_into(&mut config.portal_sources);
}

/// Certificates of every kind and status on one number; whose they are.
async fn family(service: &Service) -> Value {
    let phone = people::telephone(1);
    let on_it = |mut event: Value| {
        event["recipient"]["contact"] = json!([phone]);
        event
    };
    for dose in [1, 2] {
        certify(service, "v1", on_it(people::event(1, dose))).await;
    }
    certify(service, "v1", on_it(people::event(2, 1))).await;
    let mut corrected = on_it(people::event(2, 1));
    corrected["recipient"]["name"] = "Asha Corrected".into();
    let body = Some(("application/json", json!([corrected]).to_string().into_bytes()));
    ok(service.client.send(Method::PUT, "/divoc/api/v1/certificate", "certifier", &[], body).await.unwrap());

    let revoked = certify(service, "v1", on_it(people::event(3, 1))).await;
    let path = format!("/divoc/api/v1/certificate/{revoked}?reason=duplicate");
    ok(service.client.send(Method::DELETE, &path, "certifier", &[], None).await.unwrap());

    let suspended = certify(service, "v1", on_it(people::event(4, 1))).await;
    let next_year = format!("{}-12-31T00:00:00Z", OffsetDateTime::now_utc().year() + 1);
    let body = Some(("application/json", json!({ "until": next_year }).to_string().into_bytes()));
    let path = format!("/divoc/api/v1/certificate/{suspended}/suspension");
    ok(service.client.send(Method::PUT, &path, "admin", &[], body).await.unwrap());

    certify(service, "v1/test", on_it(people::test(5, 3))).await;
    json!({
        "phone": phone.trim_start_matches("tel:+91"),
        "names": ["Asha Example 1", "Asha Corrected", "Asha Example 3", "Asha Example 4", "Asha Example 5"],
        "revoked": "Asha Example 3",
        "suspended": "Asha Example 4",
        "lost": people::telephone(6).trim_start_matches("tel:+91"),
        "fresh": "9000000077",
        "token": service.running.token_for_citizen(phone.trim_start_matches("tel:")),
        "strangersToken": service.running.token_for_citizen(people::telephone(99).trim_start_matches("tel:")),
    })
}

async fn certify(service: &Service, schema: &str, event: Value) -> String {
    let answer = ok(service.client.certify(schema, &json!([event])).await.unwrap()).json();
    answer["certificates"][0]["certificateId"].as_str().unwrap().to_owned()
}

fn ok(answer: Answer) -> Answer {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}
