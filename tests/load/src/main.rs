//! Open-loop load on the local service in a process of its own: requests leave on schedule whether or not answers come, latency counts from the schedule.
//!
//! `SECONDS` (10) a stage; `CERTIFY`, `HEAD`, `QR`, `PDF`: arrivals a second (certificates, not requests, for `CERTIFY`); `BATCH` (20) events a request;
//! `DATA_DIR`: where the service keeps its data (`:memory:` unless said). Traffic goes to this machine alone.
//!
//! `load serve` is the other process: the service, its address and tokens as one line of JSON, until its input ends.

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use issuer::config::Place;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tests::{Answer, Client, people};
use tokio::{
    sync::{Mutex, Semaphore},
    time::{Instant, sleep_until},
};

/// Requests that may be under way; an arrival beyond them is counted as shed.
const MOST_UNDER_WAY: usize = 512;

#[tokio::main]
async fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return serve().await;
    }
    let seconds = setting("SECONDS", 10)?;
    let batch = setting("BATCH", 20)?.max(1);
    let service = Service::start()?;
    println!("Open-loop load on {} for {seconds} s a stage\n", service.client_base);
    let certificates = setting("CERTIFY", 1_200)? * seconds;
    let client = service.client.clone();
    let mut rows = Vec::new();

    let certify = client.clone();
    let stage = Stage {
        name: "certify",
        rate: setting("CERTIFY", 1_200)? / batch,
        requests: certificates / batch,
        each: batch,
    };
    rows.push(
        stage
            .run(&service, move |number| {
                let client = certify.clone();
                async move {
                    let events: Value = (0..batch).map(|item| people::event(number * batch + item, 1)).collect();
                    client.certify("v1", &events).await
                }
            })
            .await?,
    );
    for (name, usual, path) in
        [("HEAD", 6_000, "certificatePDF"), ("QR", 500, "certificateQRCode"), ("PDF", 300, "certificatePDF")]
    {
        let rate = setting(name, usual)?;
        let client = client.clone();
        let stage = Stage { name, rate, requests: rate * seconds, each: 1 };
        rows.push(
            stage
                .run(&service, move |number| {
                    let client = client.clone();
                    let path =
                        format!("/certificate/api/{path}/{}", people::code((number * 7_919) % certificates.max(1)));
                    async move {
                        if name == "HEAD" {
                            client.head(&path, "fetcher").await
                        } else {
                            client.get(&path, "fetcher").await
                        }
                    }
                })
                .await?,
        );
    }
    println!(
        "{:<8} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8} {:>7} {:>6} {:>9} {:>7}",
        "stage", "asked/s", "done/s", "p50 ms", "p95 ms", "p99 ms", "max ms", "failed", "shed", "CPU ms/1", "RSS MB"
    );
    for row in rows {
        println!("{row}");
    }
    Ok(())
}

fn setting(name: &str, usual: u64) -> Result<u64> {
    std::env::var(name).map_or(Ok(usual), |text| text.parse().with_context(|| format!("{name} must be a number")))
}

/// One kind of request at one rate.
struct Stage {
    name: &'static str,
    rate: u64,
    requests: u64,
    each: u64,
}

impl Stage {
    async fn run<F, W>(self, service: &Service, request: F) -> Result<String>
    where
        F: Fn(u64) -> W,
        W: Future<Output = Result<Answer>> + Send + 'static,
    {
        ensure!(self.rate > 0, "{}: the rate is below one batch a second", self.name);
        let progress = ProgressBar::new(self.requests)
            .with_style(ProgressStyle::with_template("{msg:8} {bar:30} {pos}/{len} {per_sec} {eta}")?)
            .with_message(self.name);
        let latencies = Arc::new(Mutex::new(Vec::new()));
        let (failed, shed) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let places = Arc::new(Semaphore::new(MOST_UNDER_WAY));
        let cpu = service.cpu_milliseconds()?;
        let began = Instant::now();
        for number in 0..self.requests {
            let due = began + Duration::from_micros(number * 1_000_000 / self.rate);
            sleep_until(due).await;
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                shed.fetch_add(1, Ordering::Relaxed);
                progress.inc(1);
                continue;
            };
            let (work, latencies, failed, progress) =
                (request(number), Arc::clone(&latencies), Arc::clone(&failed), progress.clone());
            tokio::spawn(async move {
                let fine = matches!(work.await, Ok(answer) if answer.status == 200);
                if !fine {
                    failed.fetch_add(1, Ordering::Relaxed);
                }
                latencies.lock().await.push(due.elapsed());
                progress.inc(1);
                drop(place);
            });
        }
        let _all = places.acquire_many(u32::try_from(MOST_UNDER_WAY)?).await?;
        let took = began.elapsed();
        progress.finish_and_clear();
        let mut latencies = std::mem::take(&mut *latencies.lock().await);
        latencies.sort_unstable();
        let done = u64::try_from(latencies.len())?;
        let at = |percent: usize| {
            latencies.get(latencies.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default().as_secs_f64()
                * 1e3
        };
        let per_second = |count: u64| count.to_string().parse::<f64>().unwrap_or_default() / took.as_secs_f64();
        let cpu = service.cpu_milliseconds()? - cpu;
        Ok(format!(
            "{:<8} {:>9} {:>9.0} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>7} {:>6} {:>9.3} {:>7}",
            self.name,
            self.rate * self.each,
            per_second(done * self.each),
            at(50),
            at(95),
            at(99),
            at(100),
            failed.load(Ordering::Relaxed),
            shed.load(Ordering::Relaxed),
            cpu / (done * self.each).max(1).to_string().parse::<f64>()?,
            service.resident_megabytes()?,
        ))
    }
}

/// The service, for the process that loads it.
async fn serve() -> Result<()> {
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

/// The service in its own process, so that its CPU time and memory are its own.
struct Service {
    process: Child,
    client: Client,
    client_base: String,
}

impl Service {
    fn start() -> Result<Self> {
        let mut process =
            Command::new(std::env::current_exe()?).arg("serve").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("no output")?).read_line(&mut line)?;
        let said: Said = serde_json::from_str(&line).context("the service does not start")?;
        Ok(Self { process, client: Client::new(&said.url, said.tokens), client_base: said.url })
    }

    /// User and system time of the process so far (Linux counts in hundredths of a second).
    fn cpu_milliseconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().context("no stat")?.split_whitespace().collect();
        let ticks: f64 = [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<f64>().ok()).sum();
        Ok(ticks * 10.0)
    }

    fn resident_megabytes(&self) -> Result<u64> {
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
