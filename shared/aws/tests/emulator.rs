//! The adapters against an AWS emulator in a process of its own: what the embedded engine doesn't have (KMS), and a second opinion on what it has.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

use aws::{AwsSender, KmsPepper, KmsSecrets, KmsSigner, S3Files};
use aws_config::SdkConfig;
use aws_sdk_kms::{
    primitives::Blob,
    types::{KeySpec, KeyUsageType},
};
use aws_smithy_types::base64;
use credential::{Contact, PublicKey, Suite};
use issuer::{
    config::Messages,
    ports::{Attachment, Files, Mail, Pepper, Secrets, Sender, Signer},
    x509::{Subject, Usage},
};
use ministack::{Emulator, new_key};
use std::{
    io::Write,
    process::{Command, Stdio},
};

mod contract;
mod dynamo;
mod ministack;

#[tokio::test(flavor = "multi_thread")]
async fn the_adapters_do_the_same_on_an_emulator() {
    let emulator = Emulator::start();
    let sdk = emulator.sdk();
    let table = aws_sdk_dynamodb::Client::new(&sdk);
    contract::all(&dynamo::records(table.clone()).await).await;
    dynamo::tally::all(table).await;
    let kms = aws_sdk_kms::Client::new(&sdk);
    signatures_verify_in_every_suite(&kms).await;
    keys_without_a_suite_are_refused(&kms).await;
    openssl_verifies_a_request_by_every_kind_of_key(&kms).await;
    the_pepper_is_one_keys_and_stays(&kms).await;
    a_secret_comes_out_as_it_was_encrypted(&kms).await;
    pictures_come_back(&sdk).await;
    messages_arrive(&emulator).await;
}

async fn a_secret_comes_out_as_it_was_encrypted(kms: &aws_sdk_kms::Client) {
    let key = new_key(kms, KeySpec::SymmetricDefault, KeyUsageType::EncryptDecrypt).await;
    let encrypted = async |purpose: &str| {
        let sent = kms.encrypt().key_id(&key).plaintext(Blob::new("what was agreed on\n"));
        let answer = sent.encryption_context("purpose", purpose).send().await.unwrap();
        base64::encode(answer.ciphertext_blob().unwrap())
    };
    let secret = KmsSecrets::new(kms.clone(), &encrypted("digilocker").await).unwrap();
    for _ in 0..2 {
        assert_eq!(secret.digilocker_key().await.unwrap().unwrap(), b"what was agreed on");
    }
    let unset = KmsSecrets::new(kms.clone(), "").unwrap();
    assert_eq!(unset.digilocker_key().await.unwrap(), None);
    let other = KmsSecrets::new(kms.clone(), &encrypted("another").await).unwrap();
    assert!(other.digilocker_key().await.is_err());
    let wrong = KmsSecrets::new(kms.clone(), "a secret in clear!").unwrap_err();
    assert_eq!(wrong.to_string(), "DIGILOCKER_KEY_CIPHERTEXT is not Base64");
}

async fn signatures_verify_in_every_suite(kms: &aws_sdk_kms::Client) {
    let suites = [
        (KeySpec::Rsa2048, Suite::Ps256),
        (KeySpec::EccNistP256, Suite::Es256),
        (KeySpec::EccSecgP256K1, Suite::Es256k),
        (KeySpec::EccNistEdwards25519, Suite::Ed25519),
    ];
    for (spec, suite) in suites {
        let signer = KmsSigner::new(kms.clone(), new_key(kms, spec, KeyUsageType::SignVerify).await);
        let key = signer.public_key().await.unwrap();
        assert_eq!(key.suite(), suite);
        assert_eq!(signer.public_key().await.unwrap(), key);
        // Numbers with leading zeros come once in some dozens: R‖S must keep its width.
        for message in 0..40_u8 {
            let signature = signer.sign(&[message; 121]).await.unwrap();
            assert!(key.verifies(&[message; 121], &signature), "{suite:?} {message}");
            assert!(!key.verifies(&[message ^ 1; 121], &signature), "{suite:?} {message}");
        }
    }
}

async fn openssl_verifies_a_request_by_every_kind_of_key(kms: &aws_sdk_kms::Client) {
    let subject = Subject::parse("C=IN, O=Example Ministry, CN=Certificates").unwrap();
    let usages = [Usage::parse("divoc").unwrap()];
    for spec in [KeySpec::Rsa2048, KeySpec::EccNistP256, KeySpec::EccSecgP256K1, KeySpec::EccNistEdwards25519] {
        let signer = KmsSigner::new(kms.clone(), new_key(kms, spec.clone(), KeyUsageType::SignVerify).await);
        let request = signer.request(&subject, &usages).await.unwrap();
        let mut openssl = Command::new("openssl")
            .args(["req", "-verify", "-pubkey", "-noout"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        openssl.stdin.take().unwrap().write_all(request.as_bytes()).unwrap();
        let said = openssl.wait_with_output().unwrap();
        let fault = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(fault.contains("verify OK"), "{spec}: {fault}");
        let key = PublicKey::from_pem(&String::from_utf8(said.stdout).unwrap()).unwrap();
        assert_eq!(key, signer.public_key().await.unwrap());
    }
}

async fn keys_without_a_suite_are_refused(kms: &aws_sdk_kms::Client) {
    let signer = KmsSigner::new(kms.clone(), new_key(kms, KeySpec::Rsa4096, KeyUsageType::SignVerify).await);
    let error = signer.public_key().await.unwrap_err().to_string();
    assert!(error.starts_with("SIGNING_KEY_ARN is a RSA_4096 key"), "{error}");
}

async fn the_pepper_is_one_keys_and_stays(kms: &aws_sdk_kms::Client) {
    let key = new_key(kms, KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac).await;
    let other = new_key(kms, KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac).await;
    let first = KmsPepper::new(kms.clone(), &key).contact_key().await.unwrap();
    assert_eq!(KmsPepper::new(kms.clone(), &key).contact_key().await.unwrap(), first);
    assert_ne!(KmsPepper::new(kms.clone(), &other).contact_key().await.unwrap(), first);
}

async fn pictures_come_back(sdk: &SdkConfig) {
    let config = aws_sdk_s3::config::Builder::from(sdk).force_path_style(true).build();
    let client = aws_sdk_s3::Client::from_conf(config);
    client.create_bucket().bucket("pictures").send().await.unwrap();
    let files = S3Files::new(client, "pictures");
    assert_eq!(files.read("pages/1.pdf").await.unwrap(), None);
    let bytes = vec![0xff; 100_000];
    assert!(files.write("pages/1.pdf", &bytes, "application/pdf").await.unwrap());
    assert!(!files.write("pages/1.pdf", b"later", "application/pdf").await.unwrap());
    assert_eq!(files.read("pages/1.pdf").await.unwrap(), Some(bytes));
}

async fn messages_arrive(emulator: &Emulator) {
    let sdk = emulator.sdk();
    let messages = Messages {
        mail_from: "no-reply@health.example".into(),
        mail_events: String::new(),
        sms_sender: "HEALTH".into(),
    };
    let identities = aws_sdk_sesv2::Client::new(&sdk);
    identities.create_email_identity().email_identity("health.example").send().await.unwrap();
    let sender = AwsSender::new(&sdk, messages);
    let (phone, address) = (Contact::telephone("+91 90000 00001", "91").unwrap(), Contact::Email("a@b.example".into()));
    sender.sms(&phone, "प्रमाणपत्र").await.unwrap();
    let pdf = Attachment { name: "certificate.pdf".into(), media_type: "application/pdf".into(), bytes: vec![0xff; 9] };
    let unsubscribe = Some("https://health.example/stop".to_owned());
    let mail = Mail { subject: "Siap".into(), text: "Sertifikat".into(), attachments: vec![pdf], unsubscribe };
    sender.mail(&address, &mail).await.unwrap();
    let sent = emulator.get("/_ministack/sns/sms-messages");
    for part in ["+919000000001", "Transactional", "HEALTH", r"\u092a\u094d\u0930"] {
        assert!(sent.contains(part), "{part}: {sent}");
    }
    let sent = emulator.get("/_ministack/ses/messages");
    for part in ["a@b.example", "no-reply@health.example", "Siap", "Sertifikat"] {
        assert!(sent.contains(part), "{part}: {sent}");
    }
    assert!(sender.sms(&address, "to a mailbox").await.is_err());
    assert!(sender.mail(&phone, &mail).await.is_err());
}
