//! The service as a process has it: start, restart, folder, pictures, keys.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected has failed"
)]

use anyhow::Result;
use aws::S3Files;
use credential::{Purpose, Suite};
use issuer::{
    config::Place,
    ports::{Files, KeyRing, Reservation, Store},
};
use local::{Running, pictures};
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

#[path = "../../shared/aws/tests/contract/mod.rs"]
#[allow(dead_code, reason = "one rule is enough here")]
mod contract;

#[tokio::test]
async fn a_restart_finds_everything_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = local::start(place(folder.path())).await.unwrap();
    let keys = first.store().keys().await.unwrap();
    let names: BTreeMap<_, _> = keys.iter().map(|known| (known.method.id.as_str(), known.method.key.suite())).collect();
    assert_eq!(names, BTreeMap::from([("did:india", Suite::Ps256), ("did:india#status", Suite::Es256)]));
    let intent = contract::intent(&contract::slot(1), contract::NOW);
    let Reservation::Ours(issuance) = first.store().reserve(&intent).await.unwrap() else { panic!("not ours") };
    let certificate = contract::certificate(&intent, &issuance, &[]);
    first.store().commit(&intent, &certificate, &contract::audit(), &[]).await.unwrap();
    first.shutdown().await.unwrap();

    let second = local::start(place(folder.path())).await.unwrap();
    assert_eq!(second.store().keys().await.unwrap(), keys);
    let found = second.store().certificates(&intent.slot.beneficiary, None).await.unwrap();
    assert_eq!(found[0].signed.as_str(), certificate.signed.as_str());
    assert_eq!(second.store().beneficiary_of(&issuance.certificate_id).await.unwrap(), Some(intent.slot.beneficiary));
    second.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_secret_is_the_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let running = local::start(place(folder.path())).await.unwrap();
    let data = folder.path().join("data");
    let mode = |name: &str| fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
    for name in ["", "keys"] {
        assert_eq!(mode(name), 0o700, "{name}");
    }
    for name in ["keys/signing.pem", "keys/contact.key", "keys/identity.pem", "keys/digilocker.key", "tokens.json"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    let written: HashMap<String, String> =
        serde_json::from_slice(&fs::read(data.join("tokens.json")).unwrap()).unwrap();
    assert_eq!(written, running.tokens());
    let mut roles: Vec<_> = written.into_keys().collect();
    roles.sort();
    assert_eq!(roles, ["admin", "certifier", "citizen", "fetcher", "officer", "partner", "verifier"]);
}

#[tokio::test]
async fn two_services_never_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let running = local::start(place(folder.path())).await.unwrap();
    let Err(error) = local::start(place(folder.path())).await else { panic!("started twice") };
    assert!(error.to_string().ends_with("is in use by another process"), "{error}");
    running.shutdown().await.unwrap();
    local::start(place(folder.path())).await.unwrap().shutdown().await.unwrap();
}

#[tokio::test]
async fn every_suite_can_be_the_services() {
    for suite in [Suite::Ps256, Suite::Es256, Suite::Es256k, Suite::Ed25519] {
        let running = local::start_signing(memory(), suite, |_| {}).await.unwrap();
        let keys = running.store().keys().await.unwrap();
        let signs = keys.iter().find(|known| known.method.purpose == Purpose::Certificates).unwrap();
        assert_eq!(signs.method.key.suite(), suite);
    }
}

#[tokio::test]
async fn it_answers_over_http_until_it_is_shut_down() {
    let running = local::start(memory()).await.unwrap();
    let url = running.base_url().to_owned();
    let answer = get(&url, "/.well-known/did.json").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    running.shutdown().await.unwrap();
    assert!(get(&url, "/.well-known/did.json").await.is_err());
}

#[tokio::test]
async fn a_picture_comes_back_as_it_went() {
    let folder = tempfile::tempdir().unwrap();
    for place in [None, Some(folder.path().join("files"))] {
        let files = S3Files::new(pictures::client(place.as_deref()).unwrap(), "pictures");
        let (key, bytes) = ("pdf/1234 5-अ+%/v1.pdf", vec![0xff; 300_000]);
        assert_eq!(files.read(key).await.unwrap(), None);
        assert!(files.write(key, &bytes, "application/pdf").await.unwrap());
        assert!(!files.write(key, b"later", "application/pdf").await.unwrap());
        assert_eq!(files.read(key).await.unwrap(), Some(bytes));
        files.write("empty", b"", "image/png").await.unwrap();
        assert_eq!(files.read("empty").await.unwrap(), Some(Vec::new()));
    }
    let names: Vec<_> =
        fs::read_dir(folder.path().join("files")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

/// A process that is killed between giving a picture its name and taking the working name away leaves both on one file.
#[tokio::test]
async fn what_a_killed_process_left_is_not_written_into() {
    let folder = tempfile::tempdir().unwrap();
    let files = || S3Files::new(pictures::client(Some(folder.path())).unwrap(), "pictures");
    assert!(files().write("pages/one", b"one", "image/png").await.unwrap());
    fs::hard_link(folder.path().join("pages/one"), folder.path().join(".0")).unwrap();
    assert!(files().write("pages/other", b"other", "image/png").await.unwrap());
    assert_eq!(files().read("pages/one").await.unwrap(), Some(b"one".to_vec()));
    assert_eq!(files().read("pages/other").await.unwrap(), Some(b"other".to_vec()));
}

#[tokio::test]
async fn a_picture_never_leaves_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    let files = S3Files::new(pictures::client(Some(&folder.path().join("files"))).unwrap(), "pictures");
    for key in ["../secret", "a/../../secret", "/secret", ".0", "a//b"] {
        assert!(files.read(key).await.is_err(), "{key}");
        assert!(files.write(key, b"changed", "image/png").await.is_err(), "{key}");
    }
    assert_eq!(fs::read_to_string(folder.path().join("secret")).unwrap(), "secret");
}

/// A picture larger than the function may answer with is not read into memory.
#[tokio::test]
async fn a_huge_picture_is_refused() {
    let files = S3Files::new(pictures::client(None).unwrap(), "pictures");
    files.write("huge", &vec![0; (12 << 20) + 1], "image/png").await.unwrap();
    assert_eq!(files.read("huge").await.unwrap_err().to_string(), "a file has more than 12582912 bytes");
}

fn place(folder: &Path) -> Place {
    Place { data: folder.join("data").to_str().unwrap().to_owned(), ..memory() }
}

fn memory() -> Place {
    Place {
        port: 0,
        data: ":memory:".into(),
        signing_key: "signing.pem".into(),
        fonts: "no-such-folder".into(),
        template: "india".into(),
        page: "no-such-folder".into(),
        publish_every: std::time::Duration::from_hours(1),
    }
}

async fn get(url: &str, path: &str) -> Result<String> {
    let host = url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// The type is what other crates hold.
#[test]
fn a_running_service_can_move_between_threads() {
    fn movable<T: Send + Sync>() {}
    movable::<Running>();
}
