//! `soak`: many events through a storm, with a display of how far it is. `EVENTS` (10,000,000) and `SEED` (1) say what runs; it fails if anything is wrong.

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use soak::{Weather, soak};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

fn main() -> Result<()> {
    let (events, seed) = (setting("EVENTS", 10_000_000)?, setting("SEED", 1)?);
    let bar = ProgressBar::new(events)
        .with_style(ProgressStyle::with_template("{bar:40} {human_pos} of {human_len} events, {per_sec}, {eta} left")?);
    let done = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let (shown, counted) = (bar.clone(), Arc::clone(&done));
    let display = thread::spawn(move || {
        while !shown.is_finished() {
            shown.set_position(counted.load(Ordering::Relaxed));
            thread::sleep(Duration::from_millis(500));
        }
    });
    let account = soak(seed, events, Weather::STORM, &done);
    bar.finish_and_clear();
    display.join().ok().context("the display broke")?;
    let account = account?;
    print!("{account}");
    println!("{:>14.0}  seconds", began.elapsed().as_secs_f64());
    ensure!(account.wrongs.is_empty(), "the service is at fault: SEED={seed} EVENTS={events} shows it again");
    Ok(())
}

fn setting(name: &str, usual: u64) -> Result<u64> {
    match std::env::var(name) {
        Ok(text) => text.parse().with_context(|| format!("{name} must be a whole number")),
        Err(_) => Ok(usual),
    }
}
