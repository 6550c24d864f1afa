//! A check and how far it came.

use super::{RUNS, gone, parse_day};
use crate::{
    App,
    error::rfc3339,
    ports::{Commit, Drawer, Sheet},
};
use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use time::{Date, OffsetDateTime};

/// What is kept.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) day: String,
    /// From 1; each has folders of its own.
    pub(super) attempt: u32,
    pub(super) stage: Stage,
    pub(super) begun: i64,
    pub(super) ended: Option<i64>,
    /// Until when one worker has it.
    pub(super) lease: i64,
    /// Steps that were made.
    pub(super) steps: u64,
    pub(super) counts: Counts,
    /// Who declared something, and how many lines.
    pub(super) sources: BTreeMap<String, u64>,
    /// How many findings there are of each kind.
    pub(super) found: BTreeMap<String, u64>,
}

/// What a check does next.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Stage {
    /// It reads the log from that minute of the day on, without so many of its entries.
    Reading {
        minute: u32,
        skip: usize,
    },
    /// It compares that bucket.
    Comparing {
        bucket: u8,
    },
    Done,
}

/// What was met.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Counts {
    /// Certificates that the log speaks of.
    pub(super) logged: u64,
    /// Lines that sources declared.
    pub(super) declared: u64,
    /// Those of them that are certified as declared.
    pub(super) agreed: u64,
}

impl Run {
    fn new(day: Date, attempt: u32, now: OffsetDateTime) -> Self {
        Self {
            day: day.to_string(),
            attempt,
            stage: Stage::Reading { minute: 0, skip: 0 },
            begun: now.unix_timestamp(),
            ended: None,
            lease: 0,
            steps: 0,
            counts: Counts::default(),
            sources: BTreeMap::new(),
            found: BTreeMap::new(),
        }
    }

    pub(super) fn parse(sheet: &Sheet) -> Result<Self> {
        serde_json::from_str(&sheet.text).map_err(|_| anyhow!("a check that is none"))
    }

    pub(super) fn text(&self) -> Result<String> {
        serde_json::to_string(self).context("writing a check")
    }

    pub(super) fn date(&self) -> Result<Date> {
        parse_day(&self.day).context("a check of no day")
    }

    /// As administrators see it, and as its report begins.
    pub(super) fn told(&self) -> Value {
        let when = |instant: i64| OffsetDateTime::from_unix_timestamp(instant).map(rfc3339).unwrap_or_default();
        // Reading and comparing are a half each.
        let percent = match self.stage {
            Stage::Reading { minute, .. } => minute * 50 / MINUTES,
            Stage::Comparing { bucket } => 50 + u32::from(bucket) * 50 / 64,
            Stage::Done => 100,
        };
        json!({
            "day": self.day,
            "attempt": self.attempt,
            "state": if self.stage == Stage::Done { "done" } else { "running" },
            "percent": percent,
            "begunAt": when(self.begun),
            "endedAt": self.ended.map(when),
            "logged": self.counts.logged,
            "declared": self.counts.declared,
            "agreed": self.counts.agreed,
            "sources": self.sources,
            "findings": self.found,
        })
    }
}

/// The check of a day: a new one where there is none, or where it is done and shall be made `again`; else the one that is under way. `None`: it is done.
pub(super) async fn begun(app: &App, day: Date, again: bool) -> Result<Option<Run>> {
    for _ in 0..TRIES {
        let now = (app.clock)();
        let there = app.cabinet.sheet(Drawer::Checks, RUNS, &day.to_string(), now).await?;
        let next = match &there {
            None => {
                let run = Run::new(day, 1, now);
                (Sheet::new(Drawer::Checks, RUNS, &run.day, run.text()?).until(gone(day)), run)
            }
            Some(sheet) => {
                let run = Run::parse(sheet)?;
                if run.stage != Stage::Done {
                    return Ok(Some(run));
                }
                if !again {
                    return Ok(None);
                }
                let run = Run::new(day, run.attempt + 1, now);
                (sheet.saying(run.text()?), run)
            }
        };
        if app.cabinet.put(&[next.0], now).await? == Commit::Stored {
            tracing::info!(check.day = next.1.day, "check begun");
            return Ok(Some(next.1));
        }
    }
    bail!("a check changed {TRIES} times while it was begun")
}

/// Minutes of a day.
pub(super) const MINUTES: u32 = 1_440;
const TRIES: u32 = 5;
