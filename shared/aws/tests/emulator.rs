//! The adapters against an AWS emulator in a process of its own: what the embedded engine doesn't have (KMS), and a second opinion on what it has.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that meets the unexpected has failed"
)]

use aws::{KmsPepper, KmsSigner, S3Files};
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::{
    config::{Credentials, SharedCredentialsProvider},
    types::{KeySpec, KeyUsageType},
};
use credential::Suite;
use issuer::ports::{Files, Pepper, Signer};
use std::{
    fs::{self, File},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

mod contract;

#[tokio::test(flavor = "multi_thread")]
async fn the_adapters_do_the_same_on_an_emulator() {
    let emulator = Emulator::start();
    let sdk = emulator.sdk();
    let records = contract::Records::on(aws_sdk_dynamodb::Client::new(&sdk)).await;
    contract::all(&records).await;
    let kms = aws_sdk_kms::Client::new(&sdk);
    signatures_verify_in_every_suite(&kms).await;
    keys_without_a_suite_are_refused(&kms).await;
    the_pepper_is_one_keys_and_stays(&kms).await;
    pictures_come_back(&sdk).await;
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
    assert_eq!(files.read("pdf/1.pdf").await.unwrap(), None);
    let bytes = vec![0xff; 100_000];
    files.write("pdf/1.pdf", &bytes, "application/pdf").await.unwrap();
    assert_eq!(files.read("pdf/1.pdf").await.unwrap(), Some(bytes));
}

async fn new_key(kms: &aws_sdk_kms::Client, spec: KeySpec, usage: KeyUsageType) -> String {
    let made = kms.create_key().key_spec(spec).key_usage(usage).send().await.unwrap();
    made.key_metadata.unwrap().arn.unwrap()
}

/// ministack on a free port of this machine, for as long as this lives.
struct Emulator {
    process: Child,
    url: String,
}

impl Emulator {
    fn start() -> Self {
        let python = installed();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}");
        let process = Command::new(python)
            .args(["-m", "ministack"])
            // It would listen everywhere otherwise.
            .envs([("BIND_HOST", "127.0.0.1"), ("IOT_MTLS_ENABLED", "0"), ("AWS_ENDPOINT_URL", &url)])
            .env("GATEWAY_PORT", port.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut emulator = Self { process, url };
        let patience = Instant::now() + Duration::from_mins(2);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(emulator.process.try_wait().unwrap().is_none(), "ministack ended");
            assert!(Instant::now() < patience, "ministack does not answer");
            thread::sleep(Duration::from_millis(50));
        }
        emulator
    }

    fn sdk(&self) -> SdkConfig {
        let credentials = Credentials::new("test", "test", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .endpoint_url(&self.url)
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A Python with ministack under `target/`, installed at the first run; the lock keeps two runs apart.
fn installed() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let folder = target.join("ministack-venv");
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/emulator/requirements.txt");
    let lock = File::create(target.join("ministack-venv.lock")).unwrap();
    lock.lock().unwrap();
    let (wanted, done) = (fs::read(&requirements).unwrap(), folder.join("installed.txt"));
    if fs::read(&done).ok().as_ref() != Some(&wanted) {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        let mut pip = Command::new(folder.join("bin/python"));
        run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&requirements));
        fs::write(done, wanted).unwrap();
    }
    folder.join("bin/python")
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?} failed");
}
