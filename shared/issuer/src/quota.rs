//! The signing quota: how many signatures all processes of the service may ask the key for, together. KMS counts by family of algorithms, account and Region;
//! so does this.
//!
//! A bucket that fills with tokens needs no bucket: one mark in time stands in the records for each family and Region, and every signature pushes it ahead by
//! the time that one takes at the rate. As far as it lies ahead of now, so much is used up (the generic cell rate algorithm). Who waits is given a turn by the
//! same push, so those who wait are served in the order in which they came, without asking again.

use crate::{App, ports::Pushed};
use anyhow::{Result, bail};
use credential::Suite;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::sleep;

/// Takes so many signatures from the quota, and waits for its turn: for work that nobody stands and waits for. Ask for what is signed next and not for hours
/// of work: a part of a tenth of a second at a time goes in between others'.
///
/// # Errors
/// When the records do not answer, or so many wait already that the turn would come too late. What was not used is lost, and was little.
pub async fn take(app: &App, signatures: usize) -> Result<()> {
    let (mut left, most) = (count(signatures), (app.config.pace.signing_rate / 10).max(1));
    while left > 0 {
        let part = left.min(most);
        if !taken(app, part, PATIENCE).await? {
            bail!("more wait for the signing quota than is left of it for {} seconds", PATIENCE.as_secs());
        }
        left -= part;
    }
    Ok(())
}

/// Takes so many signatures from the quota if they can be made now; `false`, and nothing taken, if not: for work that somebody waits for.
///
/// # Errors
/// When the records do not answer.
pub async fn take_now(app: &App, signatures: usize) -> Result<bool> {
    taken(app, count(signatures), Duration::ZERO).await
}

/// Signatures that this process may make beyond those it asked for. All processes push one item of the database, which takes a thousand writes in a second:
/// so each asks for some more than it needs, a hundredth of a second's, and uses them up within a second or not at all.
#[derive(Debug, Default)]
pub struct Allowance {
    left: u32,
    until: Option<OffsetDateTime>,
}

impl Allowance {
    fn left(&self, now: OffsetDateTime) -> u32 {
        if self.until.is_some_and(|until| now < until) { self.left } else { 0 }
    }
}

async fn taken(app: &App, signatures: u32, patience: Duration) -> Result<bool> {
    let rate = app.config.pace.signing_rate;
    if rate == 0 || signatures == 0 {
        return Ok(true);
    }
    let now = (app.clock)();
    let mut allowance = app.allowance.lock().await;
    let left = allowance.left(now);
    if signatures <= left {
        allowance.left = left - signatures;
        return Ok(true);
    }
    let asked = (signatures - left).max(rate / 100);
    let Pushed::To(mark) = app.quota.push(&mark(app).await?, time_of(asked, rate), now + BURST + patience, now).await?
    else {
        return Ok(false);
    };
    let pause = Duration::try_from(mark - now - BURST).unwrap_or_default();
    *allowance = Allowance { left: left + asked - signatures, until: Some(now + pause + Duration::from_secs(1)) };
    drop(allowance);
    sleep(pause).await;
    Ok(true)
}

/// The name of the mark.
async fn mark(app: &App) -> Result<String> {
    let family = match app.signer.public_key().await?.suite() {
        Suite::Ps256 => "rsa",
        _ => "ecc",
    };
    Ok(format!("signing#{family}-{}", app.config.pace.region))
}

fn time_of(signatures: u32, rate: u32) -> Duration {
    Duration::from_secs(1) * signatures / rate.max(1)
}

fn count(signatures: usize) -> u32 {
    u32::try_from(signatures).unwrap_or(u32::MAX)
}

/// What may be used up at once after a rest.
const BURST: Duration = Duration::from_secs(1);
/// How long a turn may be away: well within the time that a worker has.
const PATIENCE: Duration = Duration::from_secs(30);
