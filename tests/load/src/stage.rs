//! One kind of request at one rate, and what came of it.

use crate::service::Service;
use ::tests::Answer;
use anyhow::{Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Mutex, Semaphore},
    time::{Instant, sleep_until},
};

/// Requests that may be under way; an arrival beyond them is counted as shed.
const MOST_UNDER_WAY: u32 = 512;

/// What is asked for.
pub(crate) struct Stage {
    pub(crate) name: &'static str,
    /// Requests a second.
    pub(crate) rate: u64,
    /// Requests in all.
    pub(crate) requests: u64,
    /// Things that each asks for.
    pub(crate) each: u64,
}

/// What came of it. Milliseconds, counted from when a request was due.
#[derive(Serialize, Deserialize)]
pub(crate) struct Figures {
    pub(crate) name: String,
    /// Things asked for a second.
    pub(crate) asked: u64,
    /// Things done.
    pub(crate) done: u64,
    pub(crate) done_a_second: f64,
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) longest: f64,
    /// Requests that were answered with a failure.
    pub(crate) failed: u64,
    /// Requests that were not sent, for too many were under way.
    pub(crate) shed: u64,
    /// The service's CPU time for each thing.
    pub(crate) cpu: f64,
    pub(crate) resident_megabytes: u64,
    /// Requests by latency: in the first column those below a tenth of a millisecond, then each column reaches a quarter of a power of ten further.
    pub(crate) histogram: Vec<u64>,
}

/// Columns to ten seconds, and one for what took longer.
pub(crate) const COLUMNS: usize = 22;

/// Where a column of the histogram ends.
pub(crate) fn column_end(column: usize) -> f64 {
    let quarters = u32::try_from(column).map_or(0.0, f64::from);
    10f64.powf(quarters / 4.0 - 1.0)
}

impl Stage {
    /// Sends every request when it is due, and waits for what is under way then.
    pub(crate) async fn run<F, W>(self, service: &Service, request: F) -> Result<Figures>
    where
        F: Fn(u64) -> W,
        W: Future<Output = Result<Answer>> + Send + 'static,
    {
        ensure!(self.rate > 0, "{}: the rate is below one request a second", self.name);
        let progress = ProgressBar::new(self.requests)
            .with_style(ProgressStyle::with_template("{msg:16} {bar:30} {pos}/{len} {per_sec} {eta}")?)
            .with_message(format!("{} {}/s", self.name, self.rate * self.each));
        let latencies = Arc::new(Mutex::new(Vec::new()));
        let (failed, mut shed) = (Arc::new(AtomicU64::new(0)), 0);
        let places = Arc::new(Semaphore::new(usize::try_from(MOST_UNDER_WAY)?));
        let cpu = service.cpu_milliseconds()?;
        let began = Instant::now();
        for number in 0..self.requests {
            let due = began + Duration::from_micros(number * 1_000_000 / self.rate);
            sleep_until(due).await;
            let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                shed += 1;
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
                latencies.lock().await.push(due.elapsed().as_secs_f64() * 1e3);
                progress.inc(1);
                drop(place);
            });
        }
        let _all = places.acquire_many(MOST_UNDER_WAY).await?;
        let took = began.elapsed().as_secs_f64();
        progress.finish_and_clear();
        let latencies = std::mem::take(&mut *latencies.lock().await);
        let cpu = service.cpu_milliseconds()? - cpu;
        self.figures(latencies, failed.load(Ordering::Relaxed), shed, took, cpu, service.resident_megabytes()?)
    }

    fn figures(
        &self,
        mut latencies: Vec<f64>,
        failed: u64,
        shed: u64,
        took: f64,
        cpu: f64,
        resident_megabytes: u64,
    ) -> Result<Figures> {
        latencies.sort_unstable_by(f64::total_cmp);
        let at =
            |percent| latencies.get(latencies.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default();
        let done = (u64::try_from(latencies.len())?.saturating_sub(failed)) * self.each;
        let count = f64::from(u32::try_from(done)?);
        let mut histogram = vec![0; COLUMNS];
        for latency in &latencies {
            let column = (0..COLUMNS).find(|column| *latency < column_end(*column)).unwrap_or(COLUMNS - 1);
            histogram.get_mut(column).into_iter().for_each(|requests| *requests += 1);
        }
        Ok(Figures {
            name: self.name.to_owned(),
            asked: self.rate * self.each,
            done,
            done_a_second: count / took,
            p50: at(50),
            p95: at(95),
            p99: at(99),
            longest: at(100),
            failed,
            shed,
            cpu: cpu / count.max(1.0),
            resident_megabytes,
            histogram,
        })
    }
}

/// What stands above the figures.
pub(crate) const HEADINGS: &str =
    "stage     asked/s  done/s   p50 ms   p95 ms   p99 ms   max ms  failed   shed  CPU ms/1  RSS MB";

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<8} {:>8} {:>7.0} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {:>7} {:>6} {:>9.3} {:>7}",
            self.name,
            self.asked,
            self.done_a_second,
            self.p50,
            self.p95,
            self.p99,
            self.longest,
            self.failed,
            self.shed,
            self.cpu,
            self.resident_megabytes
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_stands_in_the_column_of_its_latency() {
        let stage = Stage { name: "HEAD", rate: 10, requests: 5, each: 1 };
        let figures = stage.figures(vec![0.05, 0.1, 1.0, 20_000.0, 5.0], 1, 2, 2.0, 8.0, 30).unwrap();
        assert_eq!(figures.histogram.iter().sum::<u64>(), 5);
        assert_eq!((figures.histogram[0], figures.histogram[1], figures.histogram[COLUMNS - 1]), (1, 1, 1));
        assert_eq!((figures.done, figures.done_a_second, figures.cpu), (4, 2.0, 2.0));
        assert!(figures.p50 >= 1.0 && figures.longest >= 20_000.0);
    }
}
