//! Counts from the log and the notes of uses, where no stream tells of changes; and again, where a stream lost some.

use super::{
    fact::of_deed,
    uses::{SHARDS, facts_of_note, folder, place},
};
use crate::{
    App,
    ports::{Certificate, Commit, Drawer, Fact, Sheet},
};
use anyhow::{Context, Result};
use credential::CertificateId;
use std::collections::BTreeSet;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

/// Goes through the log minute by minute. It looks back some minutes each time, for entries may come late; what it met already it leaves out, and what it
/// forgot, after a start, is counted once nevertheless.
pub struct Gatherer {
    from: OffsetDateTime,
    met: BTreeSet<(OffsetDateTime, String)>,
}

impl Gatherer {
    /// Goes on where the last one was; the first begins now.
    ///
    /// # Errors
    /// When records do not answer.
    pub async fn resume(app: &App) -> Result<Self> {
        let now = (app.clock)();
        let kept = app.cabinet.sheet(Drawer::Analytics, PLACE, PLACE, now).await?;
        let from = kept.and_then(|sheet| OffsetDateTime::parse(&sheet.text, &Rfc3339).ok());
        Ok(Self { from: from.unwrap_or(now - BEFORE), met: BTreeSet::new() })
    }

    /// Counts what was done since, for about that long; answers how much of it was new.
    ///
    /// # Errors
    /// When records do not answer; the next step begins where this one did.
    pub async fn step(&mut self, app: &App, patience: std::time::Duration) -> Result<u64> {
        let deadline = tokio::time::Instant::now() + patience;
        let mut counted = 0;
        loop {
            let now = (app.clock)();
            let until = (minute(self.from) + STRIDE).min(minute(now) + Duration::MINUTE);
            // What was met and not counted is met again.
            counted += self.count(app, until, now).await.inspect_err(|_| self.met.clear())?;
            self.go_on(app, until.min(minute(now) - LATE), now).await?;
            if until > now || tokio::time::Instant::now() >= deadline {
                return Ok(counted);
            }
        }
    }

    async fn count(&mut self, app: &App, until: OffsetDateTime, now: OffsetDateTime) -> Result<u64> {
        let mut facts = self.deeds(app, until).await?;
        facts.extend(self.uses(app, until, now).await?);
        app.tally.count(&facts).await
    }

    /// The next step begins at that minute, if it is a later one.
    async fn go_on(&mut self, app: &App, from: OffsetDateTime, now: OffsetDateTime) -> Result<()> {
        if from <= self.from {
            return Ok(());
        }
        self.from = from;
        self.met = self.met.split_off(&(from, String::new()));
        self.keep(app, now).await
    }

    async fn keep(&self, app: &App, now: OffsetDateTime) -> Result<()> {
        let there = app.cabinet.sheet(Drawer::Analytics, PLACE, PLACE, now).await?;
        let text = self.from.format(&Rfc3339)?;
        let next =
            there.map_or_else(|| Sheet::new(Drawer::Analytics, PLACE, PLACE, &text), |sheet| sheet.saying(&text));
        match app.cabinet.put(&[next], now).await? {
            // Lost: another process is as far.
            Commit::Stored | Commit::Lost => Ok(()),
        }
    }

    /// The facts of the log's entries.
    async fn deeds(&mut self, app: &App, until: OffsetDateTime) -> Result<Vec<Fact>> {
        let mut facts = Vec::new();
        for entry in app.ledger.entries(self.from, until).await? {
            let member = |name: &str| entry.members.get(name).map(String::as_str);
            // What is said of keys and partners is no certificate's.
            let Some(id) = member("id").and_then(CertificateId::parse) else { continue };
            let at = member("at")
                .and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok())
                .context("an entry without time")?;
            let event = member("event").unwrap_or_default();
            if !self.met.insert((minute(at), entry.key.clone())) {
                continue;
            }
            let Some(certificate) = known(app, &id).await? else { continue };
            let deed = certificate.deeds.iter().find(|deed| deed.event.as_str() == event && deed.at == at);
            facts.extend(deed.and_then(|deed| of_deed(&app.config.analytics, &certificate, deed)));
        }
        Ok(facts)
    }

    async fn uses(&mut self, app: &App, until: OffsetDateTime, now: OffsetDateTime) -> Result<Vec<Fact>> {
        let mut facts = Vec::new();
        let mut at = minute(self.from);
        while at < until {
            for shard in 0..SHARDS {
                let after = place(at);
                let sheets =
                    app.cabinet.sheets(Drawer::Uses, &folder(at, shard), Some(&after), usize::MAX, now).await?;
                for sheet in sheets {
                    let minutes =
                        sheet.name.get(..2).and_then(|minutes| minutes.parse::<i64>().ok()).unwrap_or_default();
                    let noted = at + Duration::minutes(minutes - i64::from(at.minute()));
                    if self.met.insert((noted, sheet.name.clone())) {
                        facts.extend(facts_of_note(&sheet.name, &sheet.text)?);
                    }
                }
            }
            at += Duration::minutes(60 - i64::from(at.minute()));
        }
        Ok(facts)
    }
}

/// The certificate as it stands.
async fn known(app: &App, id: &CertificateId) -> Result<Option<Certificate>> {
    let Some(code) = app.store.beneficiary_of(id).await? else { return Ok(None) };
    let all = app.store.certificates(&code, None).await?;
    Ok(all.into_iter().find(|certificate| certificate.issuance.certificate_id == *id))
}

fn minute(at: OffsetDateTime) -> OffsetDateTime {
    let second = Duration::seconds(at.second().into()) + Duration::nanoseconds(at.nanosecond().into());
    at - second
}

/// How far one step reads: what a busy hour of one machine does in that time fits into memory.
const STRIDE: Duration = Duration::minutes(10);
/// How far back the first one looks.
const BEFORE: Duration = Duration::minutes(10);
/// How late an entry may come.
const LATE: Duration = Duration::minutes(2);
const PLACE: &str = "gathered";
