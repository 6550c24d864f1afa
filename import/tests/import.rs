//! The command, from outside: rows that another instance signed are taken over one by one, and a service that runs on the same records afterwards answers for
//! them as it does for its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use credential::{CertificateId, RevocationList, qr};
use divoc::{Divoc, ISSUED, revocation, told};
use issuer::ports::KeyRing;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    fs,
    process::Stdio,
    time::{Duration, Instant},
};
use tests::{Answer, Client, people, pixels};
use time::OffsetDateTime;

mod divoc;

async fn post(client: &Client, path: &str, role: &str, body: &str) -> Answer {
    let body = Some(("application/json", body.as_bytes().to_vec()));
    client.send(Method::POST, path, role, &[], body).await.unwrap()
}

async fn is_revoked(client: &Client, paper: &str) -> u16 {
    post(client, "/divoc/api/v1/certificate/revoked", "", paper).await.status
}

#[tokio::test]
async fn printed_certificates_stay_valid_and_their_addresses_answer() {
    let divoc = Divoc::new().await;
    divoc.recognise();
    let later = ISSUED + time::Duration::days(30);
    let rows = [
        divoc.row("448086901", 1, 1, ISSUED).await,
        divoc.row("448086902", 1, 2, later).await,
        // Corrected in DIVOC: both rows are there, and a row that says which one counts.
        divoc.row("448086903", 2, 1, ISSUED).await,
        divoc.row("448086904", 2, 1, later).await,
    ];
    // The last was taken back: DIVOC deletes the row of its certificate.
    let revoked = [revocation(2, "448086903", "448086904"), revocation(3, "448086905", "")];
    let done = divoc.import("revocations", &divoc.dump("revoked.jsonl", &revoked));
    assert_eq!(told(&done), "2 rows: 2 taken over, 0 there before, 0 refused");
    // The newer before the older.
    let dump = divoc.dump("certificates.jsonl", &[3, 1, 0, 2].map(|index: usize| rows[index].clone()));
    let done = divoc.import("certificates", &dump);
    assert_eq!(told(&done), "4 rows: 4 taken over, 0 there before, 0 refused");
    assert!(done.status.success());

    let (running, client) = divoc.successor().await;
    let get = async |path: &str| client.get(path, "fetcher").await.unwrap();
    let paper = |index: usize| rows[index]["certificate"].as_str().unwrap();
    // By id: the credential to the letter, the QR code that holds it, the page.
    assert_eq!(get("/certificate/api/credential/448086901").await.text(), paper(0));
    let picture = get("/certificate/api/certificate/QRCode/448086901").await;
    assert_eq!(qr::read(&pixels::read_png(&picture.body).unwrap()).unwrap(), paper(0));
    for path in [
        "/certificate/api/certificate/448086901".to_owned(),
        "/certificate/api/certificatePDF?certificateId=448086902".to_owned(),
        format!("/certificate/api/certificatePDF/{}", people::code(1)),
    ] {
        let page = get(&path).await;
        assert!(page.body.starts_with(b"%PDF-"), "{path}: {}", page.status);
    }
    for (person, status) in [(1, 200), (2, 200), (3, 404)] {
        let path = format!("/certificate/api/certificatePDF/{}", people::code(person));
        assert_eq!(client.head(&path, "fetcher").await.unwrap().status, status, "{person}");
    }
    let second = get(&format!("/cert/api/certificateId/{}/1", people::code(2))).await.json();
    assert_eq!(second, json!({ "certificateId": "448086904" }));
    assert_eq!(get("/certificate/api/certificate/448086903").await.status, 410);
    // The person finds it by the number that DIVOC had of them.
    let citizen = client.clone().with_token("it", running.token_for_citizen(&people::telephone(1)[4..]));
    let family = citizen.get("/divoc/api/citizen/certificates", "it").await.unwrap();
    assert!(family.text().contains("448086902"), "{}", family.text());

    // A border believes the paper, and is told of what was taken back, whether DIVOC still had its row or not.
    let gone = divoc.credential("448086905", 3, 1, ISSUED).await;
    for (paper, verdict) in [(paper(0), "valid"), (gone.as_str(), "revoked"), (paper(2), "superseded")] {
        let report = post(&client, "/divoc/api/v1/verify", "verifier", paper).await.json();
        assert_eq!((&report["verdict"], &report["bound"]), (&json!(verdict), &json!(false)), "{report}");
        assert_eq!(is_revoked(&client, paper).await, if verdict == "valid" { 404 } else { 200 });
    }
    let list = client.get("/status/revocations", "").await.unwrap().text();
    let methods: Vec<_> = running.store().keys().await.unwrap().into_iter().map(|known| known.method).collect();
    let list = RevocationList::open(&list, &methods).unwrap();
    let standing = |id: &str| list.status_of(&CertificateId::parse(id).unwrap(), OffsetDateTime::now_utc()).as_str();
    let ids = ["448086901", "448086903", "448086904", "448086905"];
    assert_eq!(ids.map(standing), ["valid", "superseded", "valid", "revoked"]);
    let history = client.get("/divoc/api/v1/certificate/448086901/history", "admin").await.unwrap().json();
    assert_eq!(history["certificates"][0]["events"][0]["event"], "imported");

    // From here on it is one of ours: a correction takes its place, under the country's key.
    let corrected = Some(("application/json", json!([people::event(1, 2)]).to_string().into_bytes()));
    let answer = client.send(Method::PUT, "/divoc/api/v1/certificate", "certifier", &[], corrected).await.unwrap();
    assert_eq!(answer.json()["certificates"][0]["previousCertificateId"], "448086902", "{}", answer.text());
    assert_eq!(is_revoked(&client, paper(1)).await, 200);
    // Who reports what DIVOC certified is told that it is certified.
    assert_eq!(client.certify("v1", &json!([people::event(2, 1)])).await.unwrap().status, 409);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_divoc_certified_twice_stays_valid_twice_and_each_can_be_taken_back() {
    let divoc = Divoc::new().await;
    divoc.recognise();
    let (later, last) = (ISSUED + time::Duration::MINUTE, ISSUED + time::Duration::HOUR);
    let rows = [
        divoc.row("100000001", 1, 1, ISSUED).await,
        divoc.row("100000003", 1, 1, last).await,
        divoc.row("100000002", 1, 1, later).await,
    ];
    divoc.import("certificates", &divoc.dump("certificates.jsonl", &rows));
    // While DIVOC goes on: what it takes back after its certificate came.
    divoc.import("revocations", &divoc.dump("revoked.jsonl", &[revocation(1, "100000002", "")]));

    let (running, client) = divoc.successor().await;
    let status = async |id: &str| {
        let path = format!("/certificate/api/credential/{id}");
        client.get(&path, "fetcher").await.unwrap().status
    };
    assert_eq!([status("100000001").await, status("100000002").await, status("100000003").await], [200, 410, 200]);
    let newest = client.get(&format!("/cert/api/certificateId/{}/1", people::code(1)), "fetcher").await.unwrap();
    assert_eq!(newest.json(), json!({ "certificateId": "100000003" }));
    // The older one alone, then everything.
    let delete = async |path: &str| client.send(Method::DELETE, path, "admin", &[], None).await.unwrap().status;
    assert_eq!(delete("/divoc/api/v1/certificate/100000001").await, 200);
    assert_eq!([status("100000001").await, status("100000003").await], [410, 200]);
    assert_eq!(delete(&format!("/divoc/api/v1/certificates/{}?allDoses=true", people::code(1))).await, 200);
    assert_eq!(status("100000003").await, 410);
    // What was taken back may be certified anew.
    assert_eq!(client.certify("v1", &json!([people::event(1, 1)])).await.unwrap().status, 200);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_run_that_is_killed_goes_on_and_takes_nothing_twice() {
    let divoc = Divoc::new().await;
    divoc.recognise();
    let mut rows = Vec::new();
    for person in 0..1_200 {
        rows.push(divoc.row(&format!("{}", 200_000_000 + person), person, 1, ISSUED).await);
    }
    let dump = divoc.dump("certificates.jsonl", &rows);
    let progress = divoc.at("certificates.jsonl.progress");
    let mut command = divoc.command(&["certificates", dump.to_str().unwrap()]);
    let mut killed = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let patience = Instant::now() + Duration::from_mins(2);
    while !progress.exists() {
        assert!(Instant::now() < patience, "the command does not get on");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    // Some rows after the first part, within another.
    tokio::time::sleep(Duration::from_millis(30)).await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    let kept: Value = serde_json::from_slice(&fs::read(&progress).unwrap()).unwrap();
    assert!(kept["lines"].as_u64().unwrap() < 1_200, "{kept}");

    let done = divoc.import("certificates", &dump);
    let whole = told(&done);
    assert!(whole.starts_with("1200 rows: ") && whole.ends_with(" 0 refused"), "{whole}");
    // Nothing is left to do; a file that grew is worked on from where it grew.
    assert_eq!(told(&divoc.import("certificates", &dump)), whole);
    let more = divoc.row("300000000", 1, 2, ISSUED).await;
    fs::write(&dump, fs::read_to_string(&dump).unwrap() + &more.to_string() + "\n").unwrap();
    assert!(told(&divoc.import("certificates", &dump)).starts_with("1201 rows: "));
    // The same rows in another file are all there.
    let copy = divoc.dump("copy.jsonl", &rows[..40]);
    assert_eq!(told(&divoc.import("certificates", &copy)), "40 rows: 0 taken over, 40 there before, 0 refused");
    let (running, client) = divoc.successor().await;
    for person in [0, 499, 500, 777, 1_199] {
        let path = format!("/divoc/api/v1/certificate/{}/history", 200_000_000 + person);
        let history = client.get(&path, "admin").await.unwrap().json();
        assert_eq!(history["certificates"].as_array().unwrap().len(), 1, "{person}");
        assert_eq!(history["certificates"][0]["events"].as_array().unwrap().len(), 1, "{person}");
    }
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_is_not_to_be_believed_is_refused_row_by_row() {
    let (divoc, stranger) = (Divoc::new().await, Divoc::new().await);
    divoc.recognise();
    let good = divoc.row("448086901", 1, 1, ISSUED).await;
    let changed = |name: &str, value: Value| {
        let mut row = good.clone();
        row[name] = value;
        row
    };
    let paper = good["certificate"].as_str().unwrap();
    let sample = include_str!("../../tests/vectors/divoc/sample_rsa.json");
    let cases = [
        (good.clone(), ""),
        (json!("not a row"), "not one of DIVOC's registry"),
        (changed("certificate", Value::Null), "no credential"),
        (stranger.row("448086902", 2, 1, ISSUED).await, "signature does not fit"),
        (changed("certificate", json!(paper.replace("Asha", "Usha"))), "signature does not fit"),
        (changed("certificate", json!(sample)), "signature does not fit"),
        (changed("certificateId", json!("448086909")), "names another certificate or person"),
        (changed("preEnrollmentCode", json!(people::code(9))), "names another certificate or person"),
        (divoc.row("10000000000000000001", 4, 1, ISSUED).await, "form of this service's own"),
        (divoc.row("448086904", 4, 0, ISSUED).await, "neither a dose"),
        (divoc.row("448086901", 5, 1, ISSUED).await, "another certificate or person has"),
        (divoc.row("448086901", 1, 2, ISSUED).await, "another certificate or person has"),
        // Spelled otherwise, and still the same: a number in place of an id, the object in place of its text.
        (changed("certificateId", json!(448_086_901)), ""),
        (changed("certificate", serde_json::from_str(paper).unwrap()), ""),
    ];
    let rows: Vec<Value> = cases.iter().map(|(row, _)| row.clone()).collect();
    // The good one first, by itself, for rows of a part are worked on side by side.
    divoc.import("certificates", &divoc.dump("good.jsonl", &rows[..1]));
    let done = divoc.import("certificates", &divoc.dump("certificates.jsonl", &rows));
    assert_eq!(done.status.code(), Some(1));
    let list = fs::read_to_string(divoc.at("certificates.jsonl.refused.jsonl")).unwrap();
    assert_eq!(told(&done), "14 rows: 0 taken over, 3 there before, 11 refused", "{list}");
    assert!(!list.contains("Asha") && !list.contains("SYN-"), "{list}");
    let refused: Vec<Value> = list.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let expected = cases.iter().enumerate().filter(|(_, (_, why))| !why.is_empty());
    for (told, (index, (_, why))) in refused.iter().zip(expected) {
        assert_eq!(told["line"], json!(index + 1));
        assert!(told["why"].as_str().unwrap().contains(why), "{why}: {told}");
    }
    // Revocations are not signed, but they must be some.
    let revocations = [
        revocation(1, "10000000000000000001", ""),
        revocation(7, "448086901", ""),
        json!({ "previousCertificateId": "448086901" }),
        revocation(1, "a b", ""),
    ];
    let done = divoc.import("revocations", &divoc.dump("revoked.jsonl", &revocations));
    assert_eq!(told(&done), "4 rows: 0 taken over, 0 there before, 4 refused");
    assert_eq!(divoc.command(&["certificates"]).output().unwrap().status.code(), Some(2));
}
