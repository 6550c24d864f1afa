//! The worker: takes parcels to whom they are for, again and again, and can be killed at any time.

use super::{
    SHARDS, acknowledgement, message,
    parcel::{Parcel, To, instant, milliseconds},
    shard_name,
};
use crate::{
    App,
    lease::Lease,
    ports::{Commit, Drawer, Sheet},
    random,
};
use anyhow::{Context, Result};
use std::{borrow::Cow, collections::HashSet, time::Duration};
use time::OffsetDateTime;
use tokio::{task::JoinSet, time::Instant};

/// What a round of the post came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Parcels that were taken in.
    pub told: u64,
    /// Parcels that nobody needs any more.
    pub dropped: u64,
    /// Parcels that were put to the dead ones.
    pub dead: u64,
    /// Parcels that are tried again later, or wait for one that is.
    pub waiting: u64,
    /// When the oldest of those was posted.
    pub oldest: Option<OffsetDateTime>,
}

/// Delivers what is there and due, for about that long.
///
/// 1. A shard that has parcels is leased; another worker leaves it alone until the lease ends.
/// 2. Its parcels are gone through in order of time, several lines at a time, each line (a beneficiary's parcels to one receiver) one after the other. One
///    that has to wait holds back the later ones of its line, and nobody else's.
/// 3. A parcel that was taken in is removed. One that was not says when it is tried again, later each time; after the last try, or where trying again helps
///    nothing, it moves to the dead parcels in one write.
///
/// A crash between telling and removing tells it again, under the same id.
///
/// # Errors
/// When records do not answer. What was not delivered is there for the next round.
pub async fn deliver(app: &App, patience: Duration) -> Result<Round> {
    let deadline = Instant::now() + patience;
    let mut working = JoinSet::new();
    for number in 0..SHARDS {
        let app = app.clone();
        working.spawn(async move { deliver_shard(&app, &shard_name(number), deadline).await });
    }
    let (mut round, mut fault) = (Round::default(), None);
    while let Some(done) = working.join_next().await {
        match done.context("a shard's delivery broke").flatten() {
            Ok(part) => round.add(&part),
            Err(cause) => fault = Some(cause),
        }
    }
    round.log((app.clock)());
    fault.map_or(Ok(round), Err)
}

async fn deliver_shard(app: &App, shard: &str, deadline: Instant) -> Result<Round> {
    let mut round = Round::default();
    if app.cabinet.sheets(Drawer::Parcels, shard, None, 1, (app.clock)()).await?.is_empty() {
        return Ok(round);
    }
    let Some(mut lease) = Lease::of(app, Drawer::Parcels, shard).await? else { return Ok(round) };
    let mut held = HashSet::new();
    let mut after: Option<String> = None;
    loop {
        let page = app.cabinet.sheets(Drawer::Parcels, shard, after.as_deref(), A_PAGE, (app.clock)()).await?;
        let is_last = page.len() < A_PAGE;
        after = page.last().map(|sheet| sheet.name.clone()).or(after);
        round.add(&deliver_page(app, page, &mut held, deadline.min(Instant::now() + A_PAGE_TAKES)).await?);
        if is_last || Instant::now() >= deadline {
            break;
        }
        let Some(next) = lease.renewed(app).await? else { return Ok(round) };
        lease = next;
    }
    lease.end(app).await?;
    Ok(round)
}

/// Delivers a page line by line; `held` are the lines in which one has to wait.
async fn deliver_page(app: &App, page: Vec<Sheet>, held: &mut HashSet<String>, until: Instant) -> Result<Round> {
    let mut round = Round::default();
    let mut lines: Vec<(String, Vec<(Sheet, Parcel)>)> = Vec::new();
    for sheet in page {
        let Ok(parcel) = Parcel::parse(&sheet) else {
            // Of another version of the service: left to it, and to the alarm if it does not come.
            round.wait(sheet.name.get(..13).and_then(|at| at.parse().ok()).map_or(OffsetDateTime::UNIX_EPOCH, instant));
            continue;
        };
        let name = parcel.line();
        if held.contains(&name) {
            round.wait(parcel.at());
        } else if let Some((_, line)) = lines.iter_mut().find(|(known, _)| *known == name) {
            line.push((sheet, parcel));
        } else {
            lines.push((name, vec![(sheet, parcel)]));
        }
    }
    let mut waiting = lines.into_iter();
    let mut working = JoinSet::new();
    loop {
        while working.len() < LINES_AT_A_TIME {
            let Some((name, line)) = waiting.next() else { break };
            let app = app.clone();
            working.spawn(async move { deliver_line(&app, line, until).await.map(|part| (name, part)) });
        }
        let Some(done) = working.join_next().await else { return Ok(round) };
        let (name, part) = done.context("a line's delivery broke")??;
        round.add(&part);
        held.extend((part.waiting > 0).then_some(name));
    }
}

/// Delivers a line until one has to wait, and the rest with it.
async fn deliver_line(app: &App, line: Vec<(Sheet, Parcel)>, until: Instant) -> Result<Round> {
    let mut round = Round::default();
    for (sheet, parcel) in line {
        let is_due = parcel.not_before <= milliseconds((app.clock)());
        let must_wait = round.waiting > 0 || !is_due || Instant::now() >= until;
        if must_wait || settle(app, &sheet, &parcel, &mut round).await? == Settled::Waits {
            round.wait(parcel.at());
        }
    }
    Ok(round)
}

#[derive(PartialEq, Eq)]
enum Settled {
    Gone,
    Waits,
}

/// What came of one try.
pub(super) enum Outcome {
    /// The receiver took it.
    Told,
    /// There is nothing to tell any more.
    Needless,
    /// Not yet, and why.
    Later(Cow<'static, str>),
    /// Trying again helps nothing, and why.
    Never(Cow<'static, str>),
}

/// Tries one parcel and writes down what came of it.
async fn settle(app: &App, sheet: &Sheet, parcel: &Parcel, round: &mut Round) -> Result<Settled> {
    let outcome = match &parcel.to {
        To::Acknowledgement => acknowledgement::tell(app, parcel).await?,
        To::Citizen { contact, .. } => message::tell(app, parcel, contact).await?,
    };
    let (reason, is_final) = match outcome {
        Outcome::Told | Outcome::Needless => {
            let is_told = matches!(outcome, Outcome::Told);
            *(if is_told { &mut round.told } else { &mut round.dropped }) += 1;
            // Lost: another worker had the same answer.
            app.cabinet.take(sheet).await?;
            return Ok(Settled::Gone);
        }
        Outcome::Later(reason) => (reason, parcel.tries + 1 >= app.config.post.most_tries),
        Outcome::Never(reason) => (reason, true),
    };
    let now = (app.clock)();
    let tried = parcel.tried(&reason, now + pause(parcel.tries)?);
    if !is_final {
        app.cabinet.put(&[sheet.saying(tried.text()?)], now).await?;
        return Ok(Settled::Waits);
    }
    if bury(app, sheet, &tried, now).await? == Commit::Stored {
        round.dead += 1;
        let (id, to, reason) = (parcel.certificate()?, parcel.to.as_str(), reason.as_ref());
        tracing::warn!(certificate.id = id.as_str(), to, reason, tries = tried.tries, "a parcel is dead");
    }
    Ok(Settled::Gone)
}

/// Moves a parcel to the dead ones in one write: it is here or there, never both and never nowhere.
async fn bury(app: &App, sheet: &Sheet, parcel: &Parcel, now: OffsetDateTime) -> Result<Commit> {
    let text = parcel.text()?;
    let dead = Sheet::new(Drawer::DeadParcels, &sheet.folder, &sheet.name, text.clone()).until(now + DEAD_FOR);
    app.cabinet.put(&[dead, sheet.saying(text).until(now)], now).await
}

/// Brings a dead parcel back to where it is delivered, to be tried as if it were new; [`Commit::Lost`] if it is not dead any more.
pub(super) async fn revive(app: &App, dead: &Sheet, now: OffsetDateTime) -> Result<Commit> {
    let text = Parcel::parse(dead)?.untried().text()?;
    let sheet = Sheet::new(Drawer::Parcels, &dead.folder, &dead.name, text);
    app.cabinet.put(&[sheet, dead.saying(dead.text.clone()).until(now)], now).await
}

/// How long a parcel rests after a try in vain, when it had so many before: twice as long each time, and a random part of it, so that a receiver that comes
/// back is not run over.
fn pause(tries: u32) -> Result<Duration> {
    let random = random::bytes::<2>()?;
    let longest = FIRST_PAUSE.saturating_mul(1 << tries.min(16)).min(LONGEST_PAUSE);
    Ok(longest / 2 + (longest / 2).mul_f64(f64::from(u16::from_le_bytes(random)) / f64::from(u16::MAX)))
}

impl Round {
    fn wait(&mut self, posted: OffsetDateTime) {
        self.waiting += 1;
        self.oldest = Some(self.oldest.map_or(posted, |oldest| oldest.min(posted)));
    }

    fn add(&mut self, other: &Self) {
        self.told += other.told;
        self.dropped += other.dropped;
        self.dead += other.dead;
        self.waiting += other.waiting;
        self.oldest = self.oldest.into_iter().chain(other.oldest).min();
    }

    /// What the alarms look at (`infra/watch.yaml`); nothing where nothing was to do.
    fn log(&self, now: OffsetDateTime) {
        if *self != Self::default() {
            let lag = self.oldest.map_or(0, |oldest| (now - oldest).whole_seconds());
            let Self { told, dropped, dead, waiting, .. } = self;
            tracing::info!(post_lag_seconds = lag, post_dead = dead, told, dropped, waiting, "post delivered");
        }
    }
}

/// How long telling may begin within a page: what began is over well before the lease.
const A_PAGE_TAKES: Duration = Duration::from_secs(90);
/// Parcels that are read at a time.
const A_PAGE: usize = 200;
/// Lines that are told at a time, in each shard.
const LINES_AT_A_TIME: usize = 8;
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// How long the dead are kept: they hold contacts.
const DEAD_FOR: time::Duration = time::Duration::days(90);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_hour_and_differ() {
        for (tries, longest) in [(0, 10), (1, 20), (4, 160), (8, 2560), (9, 3600), (60, 3600)] {
            let pauses: HashSet<_> = (0..20).map(|_| pause(tries).unwrap()).collect();
            assert!(pauses.len() > 10, "{tries}");
            let within = Duration::from_secs(longest) / 2..=Duration::from_secs(longest);
            assert!(pauses.iter().all(|pause| within.contains(pause)), "{tries}: {pauses:?}");
        }
    }
}
