//! Open-loop load on the local service in a process of its own: requests leave on schedule whether or not answers come, latency counts from the schedule.
//!
//! `SECONDS` (10) a rate; `CERTIFY`, `HEAD`, `QR`, `PDF`: the highest arrivals a second (certificates, not requests, for `CERTIFY`); `STEPS` (3): at so many rates,
//! up to the highest; `BATCH` (20) events a request; `DATA_DIR`: where the service keeps its data (`:memory:` unless said); `LOAD_OUT` (`target/load`): the folder for
//! the table's figures and the drawings. Traffic goes to this machine alone.
//!
//! `load serve` is the other process: the service, its address and tokens as one line of JSON, until its input ends.

mod chart;
mod service;
mod stage;

use crate::{
    service::Service,
    stage::{Figures, Stage},
};
use anyhow::{Context, Result};
use serde_json::Value;
use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tests::people;

#[tokio::main]
async fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some("serve") {
        return service::serve().await;
    }
    let (seconds, batch) = (setting("SECONDS", 10)?.max(1), setting("BATCH", 20)?.max(1));
    let service = Service::start()?;
    println!("Open-loop load on {} for {seconds} s a rate\n", service.url());
    let mut measured = certify(&service, seconds, batch).await?;
    let people = measured.iter().map(|figures| figures.done).sum::<u64>().max(1);
    for (name, usual, path) in
        [("HEAD", 6_000, "certificatePDF"), ("QR", 500, "certificateQRCode"), ("PDF", 300, "certificatePDF")]
    {
        // Each rate asks for other people, so that a PDF is always a first one.
        let first = Arc::new(AtomicU64::new(0));
        for rate in rates(name, usual)? {
            let (client, start) = (service.client(), first.fetch_add(rate * seconds, Ordering::Relaxed));
            let request = move |number| {
                let client = client.clone();
                let path = format!("/certificate/api/{path}/{}", people::code((start + number) * 7_919 % people));
                async move {
                    match name {
                        "HEAD" => client.head(&path, "fetcher").await,
                        _ => client.get(&path, "fetcher").await,
                    }
                }
            };
            let stage = Stage { name, rate, requests: rate * seconds, each: 1 };
            measured.push(stage.run(&service, request).await?);
        }
    }
    println!("{}", stage::HEADINGS);
    for figures in &measured {
        println!("{figures}");
    }
    keep(&measured)
}

/// Certificates of ever new people, at each rate.
async fn certify(service: &Service, seconds: u64, batch: u64) -> Result<Vec<Figures>> {
    let mut measured = Vec::new();
    let mut first = 0;
    for rate in rates("CERTIFY", 1_200)? {
        let (client, start) = (service.client(), first);
        let stage =
            Stage { name: "certify", rate: rate / batch, requests: rate.max(batch) * seconds / batch, each: batch };
        first += stage.requests * batch;
        let request = move |number| {
            let client = client.clone();
            async move {
                let events: Value = (0..batch).map(|item| people::event(start + number * batch + item, 1)).collect();
                client.certify("v1", &events).await
            }
        };
        measured.push(stage.run(service, request).await?);
    }
    Ok(measured)
}

/// What was measured as JSON, and drawn.
fn keep(measured: &[Figures]) -> Result<()> {
    let folder = std::env::var("LOAD_OUT").unwrap_or_else(|_| "target/load".to_owned());
    let folder = Path::new(&folder);
    fs::create_dir_all(folder).context("making LOAD_OUT")?;
    fs::write(folder.join("figures.json"), serde_json::to_string_pretty(measured)?)?;
    chart::by_rate(&folder.join("by-rate.svg"), measured)?;
    chart::histograms(&folder.join("histogram.svg"), measured)?;
    println!("\nfigures.json, by-rate.svg and histogram.svg lie in {}", folder.display());
    Ok(())
}

/// The rates of a stage: equal steps up to the highest.
fn rates(name: &str, usual: u64) -> Result<Vec<u64>> {
    let (highest, steps) = (setting(name, usual)?, setting("STEPS", 3)?.max(1));
    Ok((1..=steps).map(|step| highest * step / steps).filter(|rate| *rate > 0).collect())
}

fn setting(name: &str, usual: u64) -> Result<u64> {
    std::env::var(name).map_or(Ok(usual), |text| text.parse().with_context(|| format!("{name} must be a number")))
}
