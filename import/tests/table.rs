//! The command against DynamoDB and KMS as a stack has them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use credential::{BeneficiaryCode, CertificateId, Status};
use divoc::{Divoc, ISSUED, revocation, told};
use issuer::ports::{Journal, Store};
use ministack::{Emulator, new_key};
use std::process::{Command, Output};
use tests::people;

#[allow(dead_code, reason = "the other test needs the rest")]
mod divoc;
#[path = "../../shared/aws/tests/ministack/mod.rs"]
mod ministack;

#[tokio::test]
async fn certificates_are_taken_over_into_the_table_of_a_stack() {
    let emulator = Emulator::start();
    let sdk = emulator.sdk();
    let records = aws_sdk_dynamodb::Client::new(&sdk);
    aws::create_table(&records, "certificates").await.unwrap();
    let kms = aws_sdk_kms::Client::new(&sdk);
    let contact_key = new_key(&kms, KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac).await;
    let import = |words: &[&str]| -> Output {
        let place = ["--table", "certificates", "--contact-key", &contact_key];
        let mut command = Command::new(env!("CARGO_BIN_EXE_import"));
        let command = command.args(words).args(place).env("AWS_ENDPOINT_URL", &emulator.url);
        let keys = [("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test"), ("AWS_REGION", "us-east-1")];
        command.envs(keys).output().unwrap()
    };

    let divoc = Divoc::new().await;
    let later = ISSUED + time::Duration::DAY;
    let rows = [
        divoc.row("448086902", 1, 1, later).await,
        divoc.row("448086901", 1, 1, ISSUED).await,
        divoc.row("448086903", 2, 1, ISSUED).await,
    ];
    let (key, dump) = (divoc.at("old.pem"), divoc.dump("certificates.jsonl", &rows));
    let revoked = [revocation(1, "448086901", "448086902"), revocation(3, "448086904", "")];
    let revoked = divoc.dump("revoked.jsonl", &revoked);
    let [key, dump, revoked] = [&key, &dump, &revoked].map(|path| path.to_str().unwrap());
    assert!(import(&["key", key, "--method", "did:india"]).status.success());
    assert_eq!(told(&import(&["revocations", revoked])), "2 rows: 2 taken over, 0 there before, 0 refused");
    let done = import(&["certificates", dump]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(told(&done), "3 rows: 3 taken over, 0 there before, 0 refused", "{said}");

    let store = aws::DynamoStore::new(records, "certificates");
    let code = BeneficiaryCode::parse(&people::code(1)).unwrap();
    let found = store.certificates(&code, None).await.unwrap();
    let statuses: Vec<_> = found.iter().map(|it| (it.issuance.certificate_id.as_str(), it.status)).collect();
    assert_eq!(statuses, [("448086901", Status::Superseded), ("448086902", Status::Valid)]);
    assert_eq!(found[0].successor.as_ref().map(CertificateId::as_str), Some("448086902"));
    for (id, status) in [("448086903", Some(Status::Valid)), ("448086904", Some(Status::Revoked)), ("1", None)] {
        assert_eq!(store.status_of(&CertificateId::parse(id).unwrap()).await.unwrap(), status, "{id}");
    }
    let slot = store.occupants(&[found[0].slot.clone()]).await.unwrap().remove(0).unwrap();
    assert_eq!((slot.version, slot.current.certificate_id.as_str()), (2, "448086902"));
}
