//! Judged by programs that are not ours: DIVOC's verifier in the versions it pins, zbar, openssl.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use base64::{Engine, engine::general_purpose::STANDARD};
use credential::qr;
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tests::{Service, people};

/// A folder of this test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("divoc-oracle-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        let file = self.0.join(name);
        fs::write(&file, bytes).unwrap();
        file.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn node(program: &str, arguments: &[&str]) -> Output {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle");
    assert!(folder.join("node_modules").is_dir(), "the oracle is not installed: use `make test`");
    Command::new("node").arg(folder.join(program)).args(arguments).output().expect("node runs")
}

/// The credentials and QR pictures of every sample event, certified over HTTP, and the key.
async fn everyone(folder: &Folder) -> (Vec<(String, String)>, String) {
    let service = Service::start().await;
    let events = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let index: Value = serde_json::from_slice(&fs::read(events.join("index.json")).unwrap()).unwrap();
    let mut made = Vec::new();
    for sample in index.as_array().unwrap() {
        let body = serde_json::from_slice(&fs::read(events.join(sample["file"].as_str().unwrap())).unwrap()).unwrap();
        let answer = service.client.certify(sample["schema"].as_str().unwrap(), &body).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        for item in answer.json()["certificates"].as_array().unwrap() {
            let id = item["certificateId"].as_str().unwrap();
            let get = async |link: &str| {
                service.client.get(item["links"][link].as_str().unwrap(), "fetcher").await.unwrap().body
            };
            let json = folder.write(&format!("{id}.json"), &get("credential").await);
            made.push((json, folder.write(&format!("{id}.png"), &get("qr").await)));
        }
    }
    let pem = service.client.get("/.well-known/public-key.pem", "").await.unwrap().body;
    (made, folder.write("public.pem", &pem))
}

#[tokio::test]
async fn divocs_verifier_and_zbar_accept_every_sample_and_refuse_what_was_changed() {
    let folder = Folder::new("everyone");
    let (made, pem) = everyone(&folder).await;
    assert!(made.len() >= 20, "{} certificates", made.len());

    let mut arguments: Vec<&str> = made.iter().map(|(json, _)| json.as_str()).collect();
    arguments.extend(["--pem", &pem]);
    let judged = node("verify.js", &arguments);
    assert!(
        judged.status.success(),
        "{}{}",
        String::from_utf8_lossy(&judged.stdout),
        String::from_utf8_lossy(&judged.stderr)
    );
    assert_eq!(String::from_utf8_lossy(&judged.stdout).matches("\"verified\":true").count(), made.len());

    let genuine =
        made.iter().map(|(json, _)| serde_json::from_str::<Value>(&fs::read_to_string(json).unwrap()).unwrap());
    let (tests, vaccinations): (Vec<_>, Vec<_>) =
        genuine.partition(|credential| credential["type"][1] == "ProofOfTestCertificateCredential");
    for (name, mut changed) in [("test", tests[0].clone()), ("vaccination", vaccinations[0].clone())] {
        changed["credentialSubject"]["name"] = json!("Another Person");
        let changed = folder.write(&format!("{name}.json"), changed.to_string().as_bytes());
        assert_eq!(node("verify.js", &[&changed, "--pem", &pem]).status.code(), Some(1), "{name}");
    }

    let pictures: Vec<&str> = made.iter().map(|(_, picture)| picture.as_str()).collect();
    let scanned = node("scan.js", &pictures);
    assert!(scanned.status.success(), "{}", String::from_utf8_lossy(&scanned.stderr));
    let contents = String::from_utf8(scanned.stdout).unwrap();
    for ((json, _), line) in made.iter().zip(contents.lines()) {
        for content in line.split(' ') {
            assert_eq!(qr::read(&STANDARD.decode(content).unwrap()).unwrap(), fs::read_to_string(json).unwrap());
        }
    }
}

#[tokio::test]
async fn two_readers_find_the_code_on_a_200_dpi_raster_of_every_kind_of_page() {
    let folder = Folder::new("pages");
    let service = Service::start().await;
    let mut pictures = Vec::new();
    for (file, route, kinds) in [
        ("international", "v3", ["domestic", "international", "card"].as_slice()),
        ("precaution-dose", "v1", &["domestic"]),
        ("test-result", "v1/test", &["domestic"]),
    ] {
        let events: Value =
            serde_json::from_str(&fs::read_to_string(format!("../events/certify/{file}.json")).unwrap()).unwrap();
        let answer = service.client.certify(route, &events).await.unwrap().json();
        let items = answer["certificates"].as_array().unwrap();
        let path = items.last().unwrap()["links"]["pdf"].as_str().unwrap();
        for kind in kinds {
            for language in ["en", "ur", "ml"] {
                let query = format!("{path}?type={kind}&language={language}&format=png&density=200");
                let picture = service.client.get(&query, "fetcher").await.unwrap();
                assert_eq!(picture.status, 200, "{}", picture.text());
                pictures.push(folder.write(&format!("{file}-{kind}-{language}.png"), &picture.body));
            }
        }
    }
    let scanned = node("scan.js", &pictures.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(scanned.status.success(), "{}", String::from_utf8_lossy(&scanned.stderr));
    for line in String::from_utf8(scanned.stdout).unwrap().lines() {
        let read = |content| qr::read(&STANDARD.decode(content).unwrap()).unwrap();
        let (zbar, zxing) = line.split_once(' ').unwrap();
        assert_eq!(read(zbar), read(zxing));
    }
}

#[tokio::test]
async fn openssl_verifies_the_signature_over_what_was_signed() {
    let folder = Folder::new("openssl");
    let service = Service::start().await;
    let answer = service.client.certify("v1", &json!([people::event(1, 1)])).await.unwrap().json();
    let path = answer["certificates"][0]["links"]["credential"].as_str().unwrap();
    let mut credential = service.client.get(path, "fetcher").await.unwrap().json();
    let proof = credential.as_object_mut().unwrap().remove("proof").unwrap();
    let created = proof["created"].as_str().unwrap().parse::<String>().unwrap();
    let at = time::OffsetDateTime::parse(&created, &time::format_description::well_known::Rfc3339).unwrap();
    let unsigned = credential::Unsigned::new(credential.as_object().unwrap().clone());
    let prepared = unsigned.prepare(credential::Suite::Ps256, "did:india", at).unwrap();
    let signature = proof["jws"].as_str().unwrap().rsplit("..").next().unwrap();
    let signature = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(signature).unwrap();

    let pem = service.client.get("/.well-known/public-key.pem", "").await.unwrap().body;
    let files = [
        folder.write("key.pem", &pem),
        folder.write("signature", &signature),
        folder.write("message", prepared.signing_input()),
    ];
    let options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"];
    let verdict = |message: &str| {
        let command = ["dgst", "-sha256", "-verify", &files[0], "-signature", &files[1]];
        Command::new("openssl")
            .args(command)
            .args(options)
            .arg(message)
            .output()
            .expect("openssl runs")
            .status
            .success()
    };
    assert!(verdict(&files[2]));
    assert!(!verdict(&folder.write("other", b"another message")));
}
