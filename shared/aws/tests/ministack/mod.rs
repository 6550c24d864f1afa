//! ministack, an AWS in one process, for tests that need what the embedded engine doesn't have. The tests of the functions share it.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::{
    Client,
    config::{Credentials, SharedCredentialsProvider},
    types::{KeySpec, KeyUsageType},
};
use std::{
    fs::{self, File},
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// ministack on a free port of this machine, for as long as this lives.
pub(crate) struct Emulator {
    process: Child,
    /// Where it answers for every service.
    pub(crate) url: String,
}

impl Emulator {
    pub(crate) fn start() -> Self {
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

    /// What the emulator tells of itself under a path, such as the messages that were sent.
    #[allow(dead_code, reason = "not everyone who shares this file asks")]
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.url.trim_start_matches("http://")).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\nhost: localhost\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub(crate) fn sdk(&self) -> SdkConfig {
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

/// The ARN of a key made now.
pub(crate) async fn new_key(kms: &Client, spec: KeySpec, usage: KeyUsageType) -> String {
    let made = kms.create_key().key_spec(spec).key_usage(usage).send().await.unwrap();
    made.key_metadata.unwrap().arn.unwrap()
}

/// A Python with ministack under `target/`, installed at the first run; the lock keeps two runs apart.
fn installed() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let folder = target.join("ministack-venv");
    let lock = File::create(target.join("ministack-venv.lock")).unwrap();
    lock.lock().unwrap();
    let done = folder.join("installed.txt");
    if fs::read_to_string(&done).ok().as_deref() != Some(REQUIREMENTS) {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder));
        let wanted = folder.join("requirements.txt");
        fs::write(&wanted, REQUIREMENTS).unwrap();
        let mut pip = Command::new(folder.join("bin/python"));
        run(pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(&wanted));
        fs::rename(wanted, done).unwrap();
    }
    folder.join("bin/python")
}

const REQUIREMENTS: &str = include_str!("requirements.txt");

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success(), "{command:?} failed");
}
