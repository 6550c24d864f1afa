//! The real program, which a test may kill.

use crate::Client;
use anyhow::{Context, Result, ensure};
use std::{
    collections::HashMap,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A program beside the test binaries; `make test` builds it.
///
/// # Errors
/// When it is not there.
pub fn program(name: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let target = test.parent().and_then(Path::parent).context("a test without a folder")?.join(name);
    ensure!(target.exists(), "{} is not built: use `make test`", target.display());
    Ok(target)
}

/// Starts the service on the folder, and waits until it answers.
///
/// # Errors
/// When it does not start.
pub async fn start(data: &Path) -> Result<(Child, String, Client)> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let fonts = concat!(env!("CARGO_MANIFEST_DIR"), "/../fonts/ttf");
    let process = Command::new(program("local")?)
        .env("PORT", port.to_string())
        .env("DATA_DIR", data)
        .env("FONTS_DIR", fonts)
        .stdout(Stdio::null())
        .spawn()?;
    let base = format!("http://127.0.0.1:{port}");
    let anyone = Client::new(&base, HashMap::new());
    let patience = Instant::now() + Duration::from_mins(1);
    while anyone.get("/health", "").await.is_err() {
        ensure!(Instant::now() < patience, "the service does not start");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let tokens = serde_json::from_slice(&fs::read(data.join("tokens.json"))?)?;
    Ok((process, base.clone(), Client::new(&base, tokens)))
}
