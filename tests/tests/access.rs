//! Who may call what: no token, bad tokens, foreign tokens, wrong roles; what is open.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use reqwest::Method;
use serde_json::{Value, json};
use tests::{Service, people};

/// Every route that needs a token, with the roles it admits.
const GUARDED: [(&str, &str, &[&str]); 103] = [
    ("POST", "/divoc/api/v1/certify", &["certifier"]),
    ("POST", "/divoc/api/v3/certify", &["certifier"]),
    ("POST", "/divoc/api/v1/test/certify", &["certifier"]),
    ("PUT", "/divoc/api/v1/certificate", &["certifier", "admin"]),
    ("PUT", "/divoc/api/v3/certificate", &["certifier", "admin"]),
    ("DELETE", "/divoc/api/v1/certificates/X?allDoses=true", &["certifier", "admin"]),
    ("DELETE", "/divoc/api/v1/certificate/1", &["certifier", "admin"]),
    ("PUT", "/divoc/api/v1/certificate/1/suspension", &["admin"]),
    ("DELETE", "/divoc/api/v1/certificate/1/suspension", &["admin"]),
    ("GET", "/divoc/api/v1/log", &["admin"]),
    ("POST", "/divoc/api/v1/recalls/preview", &["admin"]),
    ("POST", "/divoc/api/v1/recalls", &["admin"]),
    ("GET", "/divoc/api/v1/recalls", &["admin"]),
    ("GET", "/divoc/api/v1/recalls/1", &["admin"]),
    ("DELETE", "/divoc/api/v1/recalls/1", &["admin"]),
    ("GET", "/divoc/api/v1/certificate/1/history", &["citizen", "admin"]),
    ("POST", "/divoc/api/v1/verify", &["certifier", "fetcher", "verifier", "admin"]),
    ("GET", "/certificate/api/test/certificatePDF/X", &["fetcher", "citizen", "admin"]),
    ("HEAD", "/certificate/api/test/certificatePDF/X", &["certifier", "fetcher", "citizen", "admin"]),
    ("GET", "/certificate/api/test/certificateQRCode/X", &["fetcher", "citizen", "admin"]),
    ("GET", "/certificate/api/certificatePDF/X", &["fetcher", "citizen", "admin"]),
    ("HEAD", "/certificate/api/certificatePDF/X", &["certifier", "fetcher", "citizen", "admin"]),
    ("GET", "/certificate/api/certificatePDF?certificateId=1", &["fetcher", "citizen", "admin"]),
    ("GET", "/certificate/api/certificate/1", &["fetcher", "citizen", "admin"]),
    ("GET", "/certificate/api/certificateQRCode/X", &["fetcher", "citizen", "admin"]),
    ("GET", "/certificate/api/certificate/QRCode/1", &["fetcher", "citizen", "admin"]),
    ("GET", "/certificate/api/credential/1", &["fetcher", "citizen", "admin"]),
    ("GET", "/cert/api/certificatePDF/X", &["fetcher", "citizen", "admin"]),
    ("GET", "/cert/api/certificatePDF/X/1", &["fetcher", "citizen", "admin"]),
    ("GET", "/cert/api/v2/certificatePDF/X", &["fetcher", "citizen", "admin"]),
    ("GET", "/cert/api/v3/ddcc/certificatePDF/X", &["fetcher", "citizen", "admin"]),
    ("HEAD", "/cert/api/certificate/X", &["certifier", "fetcher", "citizen", "admin"]),
    ("HEAD", "/cert/api/certificate/X/1", &["certifier", "fetcher", "citizen", "admin"]),
    ("GET", "/cert/api/certificateId/X/1", &["fetcher", "citizen", "admin"]),
    ("HEAD", "/certificate/api/certificate/1", &["fetcher", "citizen", "admin"]),
    ("GET", "/divoc/api/v1/keys", &["admin"]),
    ("POST", "/divoc/api/v1/keys", &["admin"]),
    ("POST", "/divoc/api/v1/keys/X/retire", &["admin"]),
    ("POST", "/divoc/api/v1/keys/X/compromise", &["admin"]),
    ("PUT", "/divoc/api/v1/keys/X/chain", &["admin"]),
    ("GET", "/divoc/api/citizen/certificates", &["citizen"]),
    ("GET", "/divoc/api/v1/certificates", &["citizen"]),
    ("GET", "/cert/api/certificates", &["citizen"]),
    ("POST", "/divoc/api/citizen/requests", &["citizen"]),
    ("GET", "/divoc/api/citizen/requests", &["citizen"]),
    ("GET", "/divoc/api/v1/requests?state=open", &["certifier", "admin"]),
    ("POST", "/divoc/api/v1/requests/1/decision", &["certifier", "admin"]),
    ("POST", "/divoc/api/citizen/links", &["citizen"]),
    ("GET", "/divoc/api/citizen/links", &["citizen"]),
    ("DELETE", "/divoc/api/citizen/links/X", &["citizen"]),
    ("POST", "/divoc/api/citizen/certificates/1/mail", &["citizen"]),
    ("POST", "/cert/external/api/certificates", &["partner"]),
    ("POST", "/cert/external/pdf/certificate", &["partner"]),
    ("POST", "/cert/external/kyc", &["partner"]),
    ("GET", "/cert/external/kyc/X", &["fetcher"]),
    ("POST", "/cert/pdf/certificate", &["fetcher"]),
    ("GET", "/divoc/api/v1/partners", &["admin"]),
    ("GET", "/divoc/api/v1/partners/X", &["admin"]),
    ("PUT", "/divoc/api/v1/partners/X", &["admin"]),
    ("DELETE", "/divoc/api/v1/partners/X", &["admin"]),
    ("GET", "/divoc/api/v1/post/dead", &["admin"]),
    ("POST", "/divoc/api/v1/post/dead/replay", &["admin"]),
    ("DELETE", "/divoc/api/v1/post/dead/0-1", &["admin"]),
    ("GET", "/divoc/api/v1/post/secret", &["admin"]),
    ("GET", "/divoc/api/citizen/silence", &["citizen"]),
    ("POST", "/divoc/api/citizen/silence", &["citizen"]),
    ("POST", "/divoc/api/citizen/offers", &["citizen"]),
    ("GET", "/divoc/api/citizen/recovery", &["citizen"]),
    ("DELETE", "/divoc/api/citizen/recovery/1", &["citizen"]),
    ("POST", "/divoc/api/v1/rebindings", &["officer"]),
    ("GET", "/divoc/api/v1/rebindings", &["officer"]),
    ("DELETE", "/divoc/api/v1/rebindings/1", &["officer"]),
    ("POST", "/divoc/api/v1/rebindings/1/approval", &["officer"]),
    ("GET", "/certificate/api/beneficiaries?phoneno=1&dob=1", &["officer", "fetcher"]),
    ("POST", "/divoc/api/v1/beneficiaries/search", &["officer", "fetcher"]),
    ("GET", "/divoc/api/v1/batches", &["certifier", "admin"]),
    ("GET", "/divoc/api/v1/batches/1", &["certifier", "admin"]),
    ("GET", "/divoc/api/v1/dead-letters", &["admin"]),
    ("POST", "/divoc/api/v1/dead-letters/replay", &["admin"]),
    ("GET", "/divoc/api/v1/reconciliations", &["admin"]),
    ("POST", "/divoc/api/v1/reconciliations/1/decision", &["admin"]),
    ("POST", "/divoc/api/v1/declarations/2027-01-31", &["certifier"]),
    ("GET", "/divoc/api/v1/checks", &["admin"]),
    ("POST", "/divoc/api/v1/checks", &["admin"]),
    ("GET", "/divoc/api/v1/checks/2027-01-31", &["admin"]),
    ("GET", "/divoc/api/v1/checks/2027-01-31/report", &["admin"]),
    ("POST", "/divoc/api/v1/uploads", &["certifier", "officer", "admin"]),
    ("GET", "/divoc/api/v1/uploads", &["certifier", "officer", "admin"]),
    ("GET", "/divoc/api/v1/uploads/1", &["certifier", "officer", "admin"]),
    ("DELETE", "/divoc/api/v1/uploads/1", &["certifier", "officer", "admin"]),
    ("GET", "/divoc/api/v1/uploads/1/parts", &["certifier", "officer", "admin"]),
    ("GET", "/divoc/api/v1/uploads/1/preview", &["certifier", "officer", "admin"]),
    ("POST", "/divoc/api/v1/uploads/1/start", &["certifier", "officer", "admin"]),
    ("GET", "/divoc/api/v1/uploads/1/errors", &["certifier", "officer", "admin"]),
    ("POST", "/divoc/api/v1/bulkCertify", &["certifier", "officer", "admin"]),
    ("GET", "/divoc/api/v1/certify/uploads", &["certifier", "officer", "admin"]),
    ("GET", "/divoc/api/v1/certify/uploads/1/errors", &["certifier", "officer", "admin"]),
    ("POST", "/divoc/api/v1/test/bulkCertify", &["certifier", "officer", "admin"]),
    ("GET", "/divoc/api/v1/test/certify/uploads", &["certifier", "officer", "admin"]),
    ("GET", "/divoc/api/v1/test/certify/uploads/1/errors", &["certifier", "officer", "admin"]),
    ("GET", "/divoc/api/v1/analytics", &["admin"]),
    ("GET", "/divoc/api/v1/analytics/facts?hour=2026-11-26T09", &["admin"]),
    ("GET", "/divoc/admin/api/v1/analytics", &["admin"]),
];

const OPEN: [&str; 14] = [
    "/",
    "/health",
    "/openapi.yaml",
    "/.well-known/did.json",
    "/.well-known/jwks.json",
    "/.well-known/public-key.pem",
    "/credentials/vaccination/v1",
    "/credentials/vaccination/v2",
    "/credentials/testCertificate/v1",
    "/divoc/api/citizen/configuration",
    "/.well-known/openid-credential-issuer",
    "/.well-known/oauth-authorization-server",
    "/divoc/api/v1/analytics/public",
    "/divoc/admin/api/v1/public",
];

/// Routes that need no token but a signature of the whole body.
const SIGNED: [&str; 2] = ["/cert/api/pullUriRequest", "/cert/api/pullDocRequest"];

fn body(method: &str) -> Option<(&'static str, Vec<u8>)> {
    matches!(method, "POST" | "PUT").then(|| ("application/json", b"[]".to_vec()))
}

fn mint(service: &Service, claims: &Value) -> String {
    service.running.mint(claims.as_object().unwrap().clone()).unwrap()
}

#[tokio::test]
async fn each_route_admits_the_roles_it_names_and_no_other() {
    let service = Service::start().await;
    // The role is not enough for a partner: it must be registered too.
    let rights = json!({ "name": "Health application", "scopes": ["certificates", "pdf", "kyc"], "perMinute": 9, "perDay": 9, "enabled": true });
    let body_of_rights = Some(("application/json", rights.to_string().into_bytes()));
    let path = "/divoc/api/v1/partners/development-partner";
    let registered = service.client.send(Method::PUT, path, "admin", &[], body_of_rights).await.unwrap();
    assert_eq!(registered.status, 201);
    for (method, path, admitted) in GUARDED {
        for role in ["certifier", "fetcher", "citizen", "verifier", "admin", "partner", "officer"] {
            let answer = service.client.send(method.parse().unwrap(), path, role, &[], body(method)).await.unwrap();
            let refused = answer.status == 403;
            // An officer is a fetcher too, as DIVOC's facility-admin.
            let is_admitted = admitted.contains(&role) || (role == "officer" && admitted.contains(&"fetcher"));
            assert_eq!(refused, !is_admitted, "{method} {path} as {role}: {}", answer.status);
            if refused && method != "HEAD" {
                let problem = answer.json();
                assert_eq!(problem["type"], "urn:divoc:problem:forbidden");
                assert!(
                    problem["roles"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .all(|named| admitted.contains(&named.as_str().unwrap()))
                );
            }
        }
    }
}

#[tokio::test]
async fn no_guarded_route_opens_without_a_token_and_no_open_one_asks_for_it() {
    let service = Service::start().await;
    for (method, path, _) in GUARDED {
        let answer = service.client.send(method.parse().unwrap(), path, "", &[], body(method)).await.unwrap();
        assert_eq!(answer.status, 401, "{method} {path}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{method} {path}");
    }
    for path in OPEN {
        assert_eq!(service.client.get(path, "").await.unwrap().status, 200, "{path}");
    }
    for path in SIGNED {
        let answer = service.client.send(Method::POST, path, "admin", &[], body("POST")).await.unwrap();
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, ""), "{path}");
    }
    // The link in a mail is its own proof, and this one is none.
    for method in [Method::GET, Method::POST] {
        let forged = service.client.send(method, "/divoc/api/post/unsubscribe/x", "", &[], None).await.unwrap();
        assert_eq!(forged.status, 400);
    }
}

#[tokio::test]
async fn tokens_that_are_not_to_be_believed_are_refused_with_the_reason() {
    let service = Service::start().await;
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    let good = json!({
        "iss": local::identity::ISSUER, "aud": "divoc", "sub": "s", "exp": now + 600, "resource_access": { "any": { "roles": ["facility-staff"] } },
    });
    let changed = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        mint(&service, &claims)
    };
    let stranger = Service::start().await;
    let valid = mint(&service, &good);
    let (head, signature) = valid.rsplit_once('.').unwrap();
    let cases = [
        ("it has expired", changed("exp", json!(now - 3_600))),
        ("it is not valid yet", changed("nbf", json!(now + 3_600))),
        ("it comes from another issuer", changed("iss", json!("https://elsewhere.example"))),
        ("it is meant for another audience", changed("aud", json!("another"))),
        ("it is meant for another audience", changed("aud", Value::Null)),
        ("it lacks exp or iss", changed("exp", Value::Null)),
        ("its signature does not fit", mint(&stranger, &good)),
        (
            "its signature does not fit",
            format!("{head}.{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]),
        ),
        ("it is no JWT", "nonsense".to_owned()),
        // {"alg":"none"} and {"alg":"HS256"}
        ("it is no JWT", format!("eyJhbGciOiJub25lIn0.{}.", head.split('.').nth(1).unwrap())),
        ("its algorithm is not taken", format!("eyJhbGciOiJIUzI1NiJ9.{}.AAAA", head.split('.').nth(1).unwrap())),
    ];
    for (reason, token) in cases {
        let client = service.client.clone().with_token("it", token);
        let answer = client.send(Method::POST, "/divoc/api/v1/certify", "it", &[], body("POST")).await.unwrap();
        assert_eq!(answer.status, 401, "{reason}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(
            detail.contains(reason) || (reason == "it is no JWT" && detail.contains("algorithm")),
            "{reason}: {detail}"
        );
    }
    let mut of_client = good.clone();
    of_client["aud"] = Value::Null;
    of_client["client_id"] = json!("divoc");
    let of_client = mint(&service, &of_client);
    // DIVOC's Keycloak name for the role is understood; Cognito's access token names its client instead of an audience.
    for token in [valid, of_client] {
        let client = service.client.clone().with_token("it", token);
        let body = Some(("application/json", json!([people::event(1, 1)]).to_string().into_bytes()));
        assert_eq!(client.send(Method::POST, "/divoc/api/v1/certify", "it", &[], body).await.unwrap().status, 200);
    }
    for header in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer "] {
        let answer = service
            .client
            .send(Method::POST, "/divoc/api/v1/certify", "", &[("authorization", header)], body("POST"))
            .await
            .unwrap();
        assert_eq!(answer.status, 401, "{header}");
    }
}

#[tokio::test]
async fn unknown_routes_and_wrong_methods_are_problems_too() {
    let service = Service::start().await;
    let unknown = service.client.get("/certificate/api/nothing", "fetcher").await.unwrap();
    assert_eq!((unknown.status, &unknown.json()["type"]), (404, &json!("urn:divoc:problem:no-route")));
    for (method, path) in [
        (Method::GET, "/divoc/api/v1/certify"),
        (Method::DELETE, "/certificate/api/certificatePDF/X"),
        (Method::POST, "/health"),
    ] {
        let wrong = service.client.send(method.clone(), path, "certifier", &[], None).await.unwrap();
        assert_eq!(wrong.status, 405, "{method} {path}");
        assert_eq!(wrong.json()["type"], "urn:divoc:problem:no-method");
        assert!(!wrong.header("allow").is_empty(), "{method} {path}");
    }
}
