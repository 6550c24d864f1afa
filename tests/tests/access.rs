//! Who may call what: no token, bad tokens, foreign tokens, wrong roles; what is open; what never reaches a log.

use reqwest::Method;
use serde_json::{Value, json};
use std::{
    io::Write,
    sync::{Arc, Mutex},
};
use tests::{Service, people};

/// Every route that needs a token, with the roles it admits.
const GUARDED: [(&str, &str, &[&str]); 15] = [
    ("POST", "/divoc/api/v1/certify", &["certifier"]),
    ("POST", "/divoc/api/v3/certify", &["certifier"]),
    ("GET", "/certificate/api/certificatePDF/X", &["fetcher", "citizen", "admin"]),
    ("HEAD", "/certificate/api/certificatePDF/X", &["certifier", "fetcher", "citizen", "admin"]),
    ("GET", "/certificate/api/certificatePDF?certificateId=1", &["fetcher", "citizen", "admin"]),
    ("GET", "/certificate/api/certificate/1", &["fetcher", "citizen", "admin"]),
    ("GET", "/certificate/api/certificateQRCode/X", &["fetcher", "citizen", "admin"]),
    ("GET", "/certificate/api/certificate/QRCode/1", &["fetcher", "citizen", "admin"]),
    ("GET", "/certificate/api/credential/1", &["fetcher", "citizen", "admin"]),
    ("GET", "/cert/api/certificatePDF/X", &["fetcher", "citizen", "admin"]),
    ("GET", "/cert/api/certificatePDF/X/1", &["fetcher", "citizen", "admin"]),
    ("HEAD", "/cert/api/certificate/X", &["certifier", "fetcher", "citizen", "admin"]),
    ("HEAD", "/cert/api/certificate/X/1", &["certifier", "fetcher", "citizen", "admin"]),
    ("GET", "/cert/api/certificateId/X/1", &["fetcher", "citizen", "admin"]),
    ("HEAD", "/certificate/api/certificate/1", &["fetcher", "citizen", "admin"]),
];

const OPEN: [&str; 8] = [
    "/",
    "/health",
    "/openapi.yaml",
    "/.well-known/did.json",
    "/.well-known/jwks.json",
    "/.well-known/public-key.pem",
    "/credentials/vaccination/v1",
    "/credentials/vaccination/v2",
];

fn body(method: &str) -> Option<(&'static str, Vec<u8>)> {
    (method == "POST").then(|| ("application/json", b"[]".to_vec()))
}

fn mint(service: &Service, claims: &Value) -> String {
    service.running.mint(claims.as_object().unwrap().clone()).unwrap()
}

#[tokio::test]
async fn each_route_admits_the_roles_it_names_and_no_other() {
    let service = Service::start().await;
    for (method, path, admitted) in GUARDED {
        for role in ["certifier", "fetcher", "citizen", "verifier", "admin"] {
            let answer = service.client.send(method.parse().unwrap(), path, role, &[], body(method)).await.unwrap();
            let refused = answer.status == 403;
            assert_eq!(refused, !admitted.contains(&role), "{method} {path} as {role}: {}", answer.status);
            if refused && method != "HEAD" {
                let problem = answer.json();
                assert_eq!(problem["type"], "urn:divoc:problem:forbidden");
                assert!(problem["roles"].as_array().unwrap().iter().all(|named| admitted.contains(&named.as_str().unwrap())));
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
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
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
        ("it is meant for another audience", without("aud")),
        ("it lacks exp or iss", without("exp")),
        ("its key is not the issuer's", mint(&stranger, &good)),
        ("its signature does not fit", format!("{head}.{}", signature.chars().rev().collect::<String>())),
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
        assert!(detail.contains(reason) || (reason == "it is no JWT" && detail.contains("algorithm")), "{reason}: {detail}");
    }
    // DIVOC's Keycloak name for the role is understood; Cognito's access token names its client instead of an audience.
    for token in [valid, { let mut claims = good.clone(); claims.as_object_mut().unwrap().remove("aud"); claims["client_id"] = json!("divoc"); mint(&service, &claims) }] {
        let client = service.client.clone().with_token("it", token);
        let body = Some(("application/json", json!([people::event(1, 1)]).to_string().into_bytes()));
        assert_eq!(client.send(Method::POST, "/divoc/api/v1/certify", "it", &[], body).await.unwrap().status, 200);
    }
    for header in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer "] {
        let answer = service.client.send(Method::POST, "/divoc/api/v1/certify", "", &[("authorization", header)], body("POST")).await.unwrap();
        assert_eq!(answer.status, 401, "{header}");
    }
}

#[tokio::test]
async fn unknown_routes_and_wrong_methods_are_problems_too() {
    let service = Service::start().await;
    let unknown = service.client.get("/certificate/api/nothing", "fetcher").await.unwrap();
    assert_eq!((unknown.status, &unknown.json()["type"]), (404, &json!("urn:divoc:problem:no-route")));
    for (method, path) in [(Method::GET, "/divoc/api/v1/certify"), (Method::DELETE, "/certificate/api/certificatePDF/X"), (Method::POST, "/health")] {
        let wrong = service.client.send(method.clone(), path, "certifier", &[], None).await.unwrap();
        assert_eq!(wrong.status, 405, "{method} {path}");
        assert_eq!(wrong.json()["type"], "urn:divoc:problem:no-method");
        assert!(!wrong.header("allow").is_empty(), "{method} {path}");
    }
}

/// Everything that was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// One thread, so that the log of this test's service is this test's.
#[tokio::test(flavor = "current_thread")]
async fn no_log_and_no_problem_tells_who_someone_is() {
    let log = Log::default();
    let kept = log.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || kept.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    let service = Service::start().await;
    let event = people::event(77, 1);
    let issued = service.client.certify("v1", &json!([event])).await.unwrap();
    assert_eq!(issued.status, 200);
    let mut wrong = event.clone();
    wrong["vaccination"]["dose"] = json!("Asha Example 77");
    let mut other = event.clone();
    other["recipient"]["name"] = json!("Other Example 78");
    let mut answers = vec![service.client.certify("v1", &json!([wrong])).await.unwrap(), service.client.certify("v1", &json!([other])).await.unwrap()];
    for path in ["/certificate/api/certificatePDF/SYN-000000077", "/cert/api/certificatePDF/SYN-000000077/9", "/certificate/api/nothing/SYN-000000077"] {
        answers.push(service.client.get(path, "fetcher").await.unwrap());
        answers.push(service.client.get(path, "citizen").await.unwrap());
    }
    drop(guard);
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("issued") && log.contains("/certificate/api/certificatePDF/{beneficiaryId}"), "nothing was logged: {log}");
    let problems: String = answers.iter().filter(|answer| answer.status != 200).map(tests::Answer::text).collect();
    for personal in ["Asha", "Other Example", "SYN-000000077", "99000000", "9999000000", "Sample Street", "Bearer ey", "B1-4120Z"] {
        let ours: Vec<&str> = log.lines().filter(|line| line.contains(personal) && !line.contains("hyper") && !line.contains("reqwest")).collect();
        assert!(ours.is_empty(), "{personal} was logged: {ours:?}");
        assert!(!problems.contains(personal), "{personal} stands in a problem: {problems}");
    }
}
