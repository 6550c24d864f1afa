//! The command, run as people run it, on a service of its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on has failed")]

use std::{fs, path::Path, process::Output};
use tests::{
    Service,
    bulk::{VACCINATIONS, bring, vaccination},
};
use tokio::task::spawn_blocking;

async fn bulk(service: &Service, folder: &Path, more: &[&str]) -> (Option<i32>, String, String) {
    let token = folder.join("token");
    fs::write(&token, service.running.tokens().get("certifier").unwrap()).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_bulk"));
    command.arg("--service").arg(service.running.base_url()).arg("--token").arg(token).args(more);
    command.arg(folder.join("rows.csv"));
    let output: Output = spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_brought_and_what_fails_comes_back() {
    let (service, folder) = (Service::start().await, tempfile::tempdir().unwrap());
    let rows = [vaccination(1, 1, "1980-01-02"), vaccination(2, 1, "1980"), vaccination(3, 1, "02-Jan-1980")].concat();
    fs::write(folder.path().join("rows.csv"), format!("{VACCINATIONS}{rows}")).unwrap();
    let (code, said, wrong) = bulk(&service, folder.path(), &[]).await;
    assert_eq!(code, Some(1), "{said}{wrong}");
    assert!(said.contains("row 3: recipientDOB: This must be a date of the calendar"), "{said}");
    assert!(
        said.contains("of the first 3 rows 2 are right") && said.contains("3 rows: 2 certified, 1 failed, 0 blank"),
        "{said}"
    );
    let errors = fs::read_to_string(folder.path().join("rows.errors.csv")).unwrap();
    fs::write(folder.path().join("rows.csv"), errors.replace(",1980,", ",1980-01-02,")).unwrap();
    let (code, said, wrong) = bulk(&service, folder.path(), &[]).await;
    assert_eq!(code, Some(0), "{said}{wrong}");
    assert!(
        said.contains("passed over: column \"errors\"") && said.contains("1 rows: 1 certified, 0 failed"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_its_columns_in_the_wrong_place_is_not_started() {
    let (service, folder) = (Service::start().await, tempfile::tempdir().unwrap());
    let rows = vaccination(1, 1, "1980").repeat(3);
    fs::write(folder.path().join("rows.csv"), format!("{VACCINATIONS}{rows}")).unwrap();
    let (code, _, wrong) = bulk(&service, folder.path(), &[]).await;
    assert_eq!((code, wrong.as_str()), (Some(2), "bulk: nothing is certified; --yes goes on all the same\n"));
    assert_eq!(bulk(&service, folder.path(), &["--yes"]).await.0, Some(1));
    fs::write(folder.path().join("rows.csv"), "name\nAsha\n").unwrap();
    let (code, _, wrong) = bulk(&service, folder.path(), &[]).await;
    assert_eq!((code, wrong.starts_with("bulk: Missing Headers : preEnrollmentCode,")), (Some(2), true), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_goes_on_by_its_id() {
    let (service, folder) = (Service::start().await, tempfile::tempdir().unwrap());
    let file = format!("{VACCINATIONS}{}", vaccination(1, 1, "1980-01-02"));
    fs::write(folder.path().join("rows.csv"), &file).unwrap();
    let id = bring(&service.client, "certifier", "vaccination", file.as_bytes()).await.unwrap();
    for _ in 0..2 {
        let (code, said, wrong) = bulk(&service, folder.path(), &["--upload", &id]).await;
        assert_eq!(code, Some(0), "{said}{wrong}");
        assert!(said.contains("1 rows: 1 certified"), "{said}");
    }
    fs::write(folder.path().join("rows.csv"), "another file").unwrap();
    let (code, _, wrong) = bulk(&service, folder.path(), &["--upload", &id]).await;
    assert_eq!((code, wrong.as_str()), (Some(2), "bulk: the upload is of another file: this one has 12 bytes\n"));
}
