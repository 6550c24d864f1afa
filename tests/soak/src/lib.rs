//! The service through a bad week, in minutes: the issuer's own code, over records in memory, while processes die between any two calls, answers get lost,
//! requests arrive late or twice, the key is throttled and clocks disagree. Everything is drawn from a seed: the same seed is the same run, call by call.
//!
//! [`run`] reports some thousand events until each has its final answer, and gives the [`Account`]: what was told against what is there, certificate by
//! certificate and signature by signature.

mod absent;
mod account;
mod backlog;
mod country;
mod line;
pub mod memory;
mod service;
mod weather;
mod world;

pub use account::Account;
pub use service::Standing;
pub use weather::Weather;

use crate::{memory::Broken, service::Service, world::World};
use anyhow::{Context, Result};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// One run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// All that happens is drawn from it.
    pub seed: u64,
    /// About how many events are reported.
    pub events: u64,
    /// What goes wrong.
    pub weather: Weather,
    /// A rule that the records break.
    pub broken: Option<Broken>,
}

/// Runs it on this thread, in a time of its own; `done` counts the events that have their answer.
///
/// # Errors
/// When the runtime does not start.
pub fn run(run: Run, standing: &Arc<Standing>, done: &Arc<AtomicU64>) -> Result<Account> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let world = Arc::new(World::new(run.seed, run.weather, run.broken));
        let service = Arc::new(Service::new(Arc::clone(&world), Arc::clone(standing)));
        tokio::spawn(backlog::deliver(Arc::clone(&world), Arc::clone(&service)));
        let books = country::report(&world, &service, run.events, done).await;
        // What is still on its way arrives: nothing may change any more.
        tokio::time::sleep(std::time::Duration::from_mins(15)).await;
        Ok(Account::of(&world, &books, &standing.key))
    })
}

/// Runs as many seeds from `first` on as give `events` events, on every core; the sum of their accounts.
///
/// # Errors
/// When a run does not start, or breaks.
pub fn soak(first: u64, events: u64, weather: Weather, done: &Arc<AtomicU64>) -> Result<Account> {
    let standing = Arc::new(Standing::new()?);
    let seeds = Arc::new(AtomicU64::new(first));
    let end = first + events.div_ceil(EACH);
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let workers: Vec<_> = (0..cores)
        .map(|_| {
            let (standing, seeds, done) = (Arc::clone(&standing), Arc::clone(&seeds), Arc::clone(done));
            thread::spawn(move || -> Result<Account> {
                let mut sum = Account::default();
                loop {
                    let seed = seeds.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return Ok(sum);
                    }
                    let account = run(Run { seed, events: EACH, weather, broken: None }, &standing, &done)?;
                    if !account.wrongs.is_empty() {
                        eprintln!("seed {seed}: {:?}", account.wrongs);
                    }
                    sum += account;
                }
            })
        })
        .collect();
    let mut sum = Account::default();
    for worker in workers {
        sum += worker.join().ok().context("a run broke")??;
    }
    Ok(sum)
}

/// Events of one seed: few enough that its records need some ten megabytes.
const EACH: u64 = 5_000;
