//! The export: each hour's facts as Parquet files, from which Athena answers what no counter does.
//!
//! An hour is written soon after it is over, and once more a day and a half later, in place of the first, when no stream remembers anything of it any more:
//! late facts are in it then. A run that was killed begins again with the hour it was at.

use super::{columns::parquet, fact::hour_name};
use crate::{
    App,
    ports::{Commit, Drawer, Fact, Sheet},
};
use anyhow::{Context, Result};
use time::{Duration, OffsetDateTime};

/// How far a run came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exported {
    /// Everything that is over is written.
    All,
    /// There is more.
    More,
}

/// Writes hours that are over and were not written yet, soon and finally, for about that long.
///
/// # Errors
/// When records or files do not answer; what was written stays.
pub async fn export(app: &App, patience: std::time::Duration) -> Result<Exported> {
    let deadline = tokio::time::Instant::now() + patience;
    for (name, settled) in [("soon", SOON), ("finally", FINALLY)] {
        let last = hour_of((app.clock)() - settled) - Duration::HOUR;
        let mut place = Place::of(app, name, last).await?;
        while place.next <= last {
            if tokio::time::Instant::now() >= deadline {
                return Ok(Exported::More);
            }
            for shard in 0..Fact::SHARDS {
                write(app, place.next, shard).await?;
            }
            let Some(next) = place.moved(app).await? else { break };
            place = next;
        }
    }
    Ok(Exported::All)
}

/// One shard of an hour: as much as fits into memory, whatever the country's size. Nothing is no file.
async fn write(app: &App, hour: OffsetDateTime, shard: u32) -> Result<()> {
    let mut facts: Vec<Fact> = Vec::new();
    loop {
        let after = facts.last().map(|fact| fact.id.clone());
        let page = app.tally.facts(hour, shard, after.as_deref(), PAGE).await?;
        let whole = page.len() < PAGE;
        facts.extend(page);
        if whole {
            break;
        }
    }
    if facts.is_empty() {
        return Ok(());
    }
    let (day, of_day) = (hour.date(), hour.hour());
    let key = format!("facts/utc_day={}/utc_hour={of_day:02}/{shard:x}.parquet", super::fact::day_name(day));
    app.fact_files.replace(&key, &parquet(&facts)?, "application/vnd.apache.parquet").await
}

/// The next hour that is to be written.
struct Place {
    next: OffsetDateTime,
    sheet: Sheet,
}

impl Place {
    /// Where the last run stopped; the first one goes back as far as facts are kept.
    async fn of(app: &App, name: &str, last: OffsetDateTime) -> Result<Self> {
        let kept = app.cabinet.sheet(Drawer::Analytics, FOLDER, name, (app.clock)()).await?;
        Ok(match kept {
            Some(sheet) => Self { next: super::fact::parse_hour(&sheet.text).context("an hour that is none")?, sheet },
            None => Self {
                next: last - FIRST,
                sheet: Sheet { revision: 0, ..Sheet::new(Drawer::Analytics, FOLDER, name, "") },
            },
        })
    }

    /// One hour on; `None` if another run was quicker.
    async fn moved(self, app: &App) -> Result<Option<Self>> {
        let next = self.next + Duration::HOUR;
        let sheet = self.sheet.saying(hour_name(next));
        let stored = app.cabinet.put(std::slice::from_ref(&sheet), (app.clock)()).await? == Commit::Stored;
        Ok(stored.then_some(Self { next, sheet }))
    }
}

fn hour_of(at: OffsetDateTime) -> OffsetDateTime {
    at - Duration::seconds(at.unix_timestamp().rem_euclid(3600)) - Duration::nanoseconds(at.nanosecond().into())
}

/// How long after an hour most of its facts are there, and all of them: streams remember a day.
const SOON: Duration = Duration::minutes(10);
const FINALLY: Duration = Duration::hours(36);
/// How far back the first run goes.
const FIRST: Duration = Duration::hours(24);
/// Facts of one page.
const PAGE: usize = 2000;
const FOLDER: &str = "export";
