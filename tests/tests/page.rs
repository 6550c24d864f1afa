//! The verification page in a browser: Chromium shows it certificates of a running service, as its users do. What happens there stands in `page/tests/drive.js`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a test that cannot go on has failed"
)]

use credential::Unsigned;
use issuer::App;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};
use tests::{Answer, Service, browser, people, pixels::Picture};
use time::OffsetDateTime;

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_tells_every_verdict_also_without_a_network() {
    let (service, app) = started().await;
    let folder = folder("browser");
    certificates(&service, &app, &folder).await;
    issuer::status::publish(&app).await.unwrap();
    browser::drive("drive.js", &folder, service.running.base_url()).await;
    service.running.shutdown().await.unwrap();
}

#[test]
fn the_code_for_browsers_gives_the_verdicts_of_the_native_code() {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/page/verify");
    let mut entries =
        fs::read_dir(&built).expect("the page is not built: use `make test`").map(|entry| entry.unwrap().path());
    let version = entries.find(|path| path.is_dir()).unwrap();
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../page/tests/verdicts.mjs");
    let judged = Command::new("node").arg(program).arg(version).output().expect("node runs");
    assert!(judged.status.success(), "{}", String::from_utf8_lossy(&judged.stderr));
    println!("{}", String::from_utf8_lossy(&judged.stdout));
}

#[tokio::test]
async fn the_page_comes_with_the_headers_that_keep_it_apart_and_fresh() {
    let (service, _) = started().await;
    let get = async |path: &str, headers: &[(&str, &str)]| {
        service.client.send(Method::GET, path, "", headers, None).await.unwrap()
    };
    let page = get("/verify/", &[]).await;
    assert_eq!(
        ["content-type", "cache-control", "content-security-policy", "referrer-policy", "x-content-type-options"]
            .map(|name| page.header(name)),
        [
            "text/html; charset=utf-8",
            "no-cache",
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; \
             manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
            "no-referrer",
            "nosniff",
        ]
    );
    let etag = page.header("etag");
    assert_eq!(get("/verify/", &[("if-none-match", etag)]).await.status, 304);
    // Without its slash the page would look for its files elsewhere; the client follows.
    assert_eq!(get("/verify", &[]).await.body, page.body);

    let text = page.text();
    let script = text.split("src=\"").nth(1).unwrap().split('"').next().unwrap();
    let plain = get(&format!("/verify/{script}"), &[]).await;
    assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
    let packed = get(&format!("/verify/{script}"), &[("accept-encoding", "gzip")]).await;
    assert_eq!((packed.header("content-encoding"), packed.header("vary")), ("gzip", "accept-encoding"));
    assert!(packed.body.len() < plain.body.len());

    for path in ["/verify/nothing.js", "/verify/0/main.js", "/verify/..%2fCargo.toml"] {
        assert_eq!(get(path, &[]).await.json()["type"], "urn:divoc:problem:no-route", "{path}");
    }
}

#[tokio::test]
async fn a_service_without_its_pages_says_how_to_have_it() {
    let service = Service::with(|app| app.page = None).await;
    let answer = service.client.get("/verify/", "").await.unwrap();
    assert_eq!(
        (answer.status, answer.json()),
        (
            404,
            json!({
                "type": "urn:divoc:problem:no-page", "title": "No pages", "status": 404,
                "detail": "this service has no pages; `make page` builds them into the folder PAGE_DIR",
            })
        )
    );
}

async fn started() -> (Service, App) {
    let mut parts = None;
    let service = Service::with(|app| parts = Some(app.clone())).await;
    let app = parts.unwrap();
    assert!(app.page.is_some(), "the page is not built: use `make test`");
    (service, app)
}

/// A folder of this test's own beside what is built; its pictures of the page are kept to be looked at.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page").join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Certificates of every kind, as files; `cases.json` says what the page should make of each.
async fn certificates(service: &Service, app: &App, folder: &Path) {
    let mut cases = Vec::new();
    let mut write = |name: &str, kind: &str, bytes: &[u8]| {
        fs::write(folder.join(name), bytes).unwrap();
        cases.push(json!({ "file": name, "kind": kind }));
    };
    let valid = Made::of(service, people::event(1, 1)).await;
    write("valid.json", "valid", valid.credential.as_bytes());
    write("valid.png", "valid", &valid.get(service, "qr").await);
    write("valid.pdf", "valid", &valid.get(service, "pdf").await);
    let result = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/certify/test-result.json")).unwrap();
    let tested = serde_json::from_slice::<Value>(&result).unwrap()[0].clone();
    write("test.json", "valid", Made::by(service, "v1/test", tested).await.credential.as_bytes());

    let revoked = Made::of(service, people::event(2, 1)).await;
    let path = format!("/divoc/api/v1/certificates/{}?doses=1", people::code(2));
    ok(service.client.send(Method::DELETE, &path, "certifier", &[], None).await.unwrap());
    write("revoked.json", "revoked", revoked.credential.as_bytes());

    let replaced = Made::of(service, people::event(3, 1)).await;
    let mut event = people::event(3, 1);
    event["recipient"]["name"] = "Asha Corrected".into();
    let body = Some(("application/json", json!([event]).to_string().into_bytes()));
    ok(service.client.send(Method::PUT, "/divoc/api/v1/certificate", "certifier", &[], body).await.unwrap());
    write("superseded.json", "superseded", replaced.credential.as_bytes());

    let suspended = Made::of(service, people::event(4, 1)).await;
    let next_year = format!("{}-12-31T00:00:00Z", OffsetDateTime::now_utc().year() + 1);
    let body = Some(("application/json", json!({ "until": next_year }).to_string().into_bytes()));
    let path = format!("/divoc/api/v1/certificate/{}/suspension", suspended.id);
    ok(service.client.send(Method::PUT, &path, "admin", &[], body).await.unwrap());
    write("suspended.json", "suspended", suspended.credential.as_bytes());

    // Dose and number of doses exchanged: DIVOC's signature does not see it, the binding digest does.
    let altered = valid.credential.replacen("\"dose\":1,\"totalDoses\":2", "\"dose\":2,\"totalDoses\":1", 1);
    assert_ne!(altered, valid.credential);
    write("invalid.json", "invalid", altered.as_bytes());
    write("unbound.json", "unbound", unbound(app, &valid.credential).await.as_bytes());
    let stranger = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/ed25519/v1_did_subject/signed.json");
    write("unknown-issuer.json", "unknown-issuer", &fs::read(stranger).unwrap());
    write("unreadable.txt", "unreadable", b"A letter, and no certificate.");

    // Finding a code takes luck, reading it is the page's work.
    let mut films = Vec::new();
    for density in [250, 200, 150] {
        let page = valid.get(service, &format!("pdf?format=png&density={density}")).await;
        films.extend(film(&Picture::read(&page).unwrap()));
    }
    fs::write(folder.join("camera.y4m"), films.first().expect("a printed page has a QR code")).unwrap();
    fs::write(folder.join("cases.json"), Value::from(cases).to_string()).unwrap();
    fs::write(folder.join("person.json"), json!(["Asha Example", people::code(1), valid.id]).to_string()).unwrap();
}

/// A certificate that was issued.
struct Made {
    id: String,
    links: Value,
    credential: String,
}

impl Made {
    async fn of(service: &Service, event: Value) -> Self {
        Self::by(service, "v1", event).await
    }

    async fn by(service: &Service, schema: &str, event: Value) -> Self {
        let answer = ok(service.client.certify(schema, &json!([event])).await.unwrap()).json();
        let item = &answer["certificates"][0];
        let (id, links) = (item["certificateId"].as_str().unwrap().to_owned(), item["links"].clone());
        let credential = service.client.get(links["credential"].as_str().unwrap(), "fetcher").await.unwrap();
        Self { id, links, credential: ok(credential).text() }
    }

    /// One of its links, with a query if there is one behind its name.
    async fn get(&self, service: &Service, link: &str) -> Vec<u8> {
        let (name, query) = link.split_once('?').unwrap_or((link, ""));
        let path = format!("{}?{query}", self.links[name].as_str().unwrap());
        ok(service.client.get(&path, "fetcher").await.unwrap()).body
    }
}

fn ok(answer: Answer) -> Answer {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

/// The credential as DIVOC would have signed it: without the binding digest.
async fn unbound(app: &App, credential: &str) -> String {
    let mut document: Value = serde_json::from_str(credential).unwrap();
    let id = &mut document["evidence"][0]["id"];
    *id = id.as_str().unwrap().split('#').next().unwrap().into();
    let suite = app.signer.public_key().await.unwrap().suite();
    let unsigned = Unsigned::new(document.as_object().unwrap().clone());
    let prepared = unsigned.prepare(suite, &app.config.verification_method, OffsetDateTime::now_utc()).unwrap();
    let signature = app.signer.sign(prepared.signing_input()).await.unwrap();
    prepared.seal(&signature).unwrap().as_str().to_owned()
}

/// What a camera sees over a printed page: its QR code, a little turned, out of the middle and grey. YUV4MPEG2, two pictures. `None` where no code is found.
fn film(page: &Picture) -> Option<Vec<u8>> {
    const WIDTH: usize = 1440;
    const HEIGHT: usize = 1080;
    let grey = |x: usize, y: usize| f64::from(page.dots[(y * page.width + x) * 3 + 1]);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(page.width, page.height, |x, y| grey(x, y) as u8);
    let grids = image.detect_grids();
    // By chance a dense code seems to hold another one; the one that can be read is meant.
    let corners = grids.iter().find(|grid| grid.decode_to(std::io::sink()).is_ok())?.bounds;
    let middle = |of: fn(&rqrr::Point) -> i32| corners.iter().map(|corner| f64::from(of(corner))).sum::<f64>() / 4.0;
    let (x, y) = (middle(|corner| corner.x), middle(|corner| corner.y));
    let width = f64::from(corners[1].x - corners[0].x);
    let (scale, (sine, cosine)) = (width / 820.0, 4_f64.to_radians().sin_cos());
    let mut brightness = Vec::with_capacity(WIDTH * HEIGHT);
    for row in 0..HEIGHT {
        for column in 0..WIDTH {
            let (right, down) = (column as f64 - 730.0, row as f64 - 545.0);
            let (x, y) = (x + scale * (cosine * right - sine * down), y + scale * (sine * right + cosine * down));
            let inside = x >= 0.0 && y >= 0.0 && x < page.width as f64 - 2.0 && y < page.height as f64 - 2.0;
            let paper = if inside { between(&grey, x, y) } else { 90.0 };
            // Ink is not black and paper not white, less so towards one side.
            brightness.push((40.0 + paper * (0.55 + 0.15 * column as f64 / WIDTH as f64)) as u8);
        }
    }
    let mut film = format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n").into_bytes();
    for _ in 0..2 {
        film.extend(b"FRAME\n");
        film.extend(&brightness);
        film.extend(std::iter::repeat_n(128, WIDTH * HEIGHT / 2));
    }
    Some(film)
}

/// The brightness between four dots.
fn between(grey: &impl Fn(usize, usize) -> f64, x: f64, y: f64) -> f64 {
    let (left, top, right, down) = (x as usize, y as usize, x.fract(), y.fract());
    let row = |y| grey(left, y) * (1.0 - right) + grey(left + 1, y) * right;
    row(top) * (1.0 - down) + row(top + 1) * down
}
