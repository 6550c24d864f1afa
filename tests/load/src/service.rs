//! The service in its own process, so that its CPU time and memory are its own.

use anyhow::{Context, Result};
use issuer::config::Place;
use serde::Deserialize;
use serde_json::json;
use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};
use tests::Client;

/// The service, for the process that loads it.
pub(crate) async fn serve() -> Result<()> {
    let place = Place {
        port: 0,
        data: std::env::var("DATA_DIR").unwrap_or_else(|_| ":memory:".to_owned()),
        ..Place::from_env()?
    };
    let running = local::start(place).await?;
    println!("{}", json!({ "url": running.base_url(), "tokens": running.tokens() }));
    tokio::io::copy(&mut tokio::io::stdin(), &mut tokio::io::sink()).await?;
    running.shutdown().await
}

/// That process, as long as it is needed.
pub(crate) struct Service {
    process: Child,
    client: Client,
    url: String,
}

impl Service {
    /// Starts it and waits until it answers.
    pub(crate) fn start() -> Result<Self> {
        let mut process =
            Command::new(std::env::current_exe()?).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no output")?).read_line(&mut line)?;
        let said: Said = serde_json::from_str(&line).context("the service does not start")?;
        Ok(Self { process, client: Client::new(&said.url, said.tokens), url: said.url })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// User and system time of the process so far (Linux counts in hundredths of a second).
    pub(crate) fn cpu_milliseconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().context("no stat")?.split_whitespace().collect();
        let ticks: f64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<f64>().ok()).sum();
        Ok(ticks * 10.0)
    }

    pub(crate) fn resident_megabytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("no VmRSS")?;
        Ok(line.split_whitespace().nth(1).context("no figure")?.parse::<u64>()? / 1024)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the service says when it is up.
#[derive(Deserialize)]
struct Said {
    url: String,
    tokens: HashMap<String, String>,
}
