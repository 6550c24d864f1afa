//! What became of a chunk: written down once, together with the sum of what became of others, so that nobody has to add up ten thousand.

use super::{
    upload::{Held, Upload},
    work::Work,
};
use crate::{
    App,
    ports::{Commit, Drawer, Sheet},
};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// What became of a chunk's rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Outcome {
    /// Rows that have a certificate.
    pub(super) certified: u32,
    /// Rows that cannot have one as they are.
    pub(super) failed: u32,
    /// Rows in which nothing stands.
    pub(super) blank: u32,
    /// The file of the rows that failed, if there are any.
    pub(super) errors: Option<String>,
}

/// The sum of some chunks' outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally {
    pub(super) chunks: u32,
    pub(super) certified: u64,
    pub(super) failed: u64,
    pub(super) blank: u64,
}

impl Tally {
    pub(super) fn sum(tallies: &[Self]) -> Self {
        tallies.iter().fold(Self::default(), |sum, one| Self {
            chunks: sum.chunks + one.chunks,
            certified: sum.certified + one.certified,
            failed: sum.failed + one.failed,
            blank: sum.blank + one.blank,
        })
    }

    fn and(self, outcome: &Outcome) -> Self {
        let (certified, failed, blank) = (outcome.certified.into(), outcome.failed.into(), outcome.blank.into());
        Self::sum(&[self, Self { chunks: 1, certified, failed, blank }])
    }
}

/// The outcome that a chunk has.
pub(super) async fn of(app: &App, upload: &Upload, chunk: u32) -> Result<Option<Sheet>> {
    app.cabinet.sheet(Drawer::Uploads, &upload.id, &name(chunk), (app.clock)()).await
}

/// Writes a chunk's outcome down, unless it has one: then that stands. Chunks of one group come one after the other, so nobody else writes on its sum, as a rule.
pub(super) async fn keep(app: &App, held: &Held, chunk: u32, outcome: &Outcome) -> Result<()> {
    let tally_name = format!("{TALLIES}-{:02}", Work::group_of(chunk));
    for _ in 0..TRIES {
        let now = (app.clock)();
        let written = held.beside(name(chunk), serde_json::to_string(outcome)?);
        let tally = match app.cabinet.sheet(Drawer::Uploads, &held.upload.id, &tally_name, now).await? {
            Some(sheet) => {
                let tally: Tally = serde_json::from_str(&sheet.text).context("a tally that is none")?;
                sheet.saying(serde_json::to_string(&tally.and(outcome))?)
            }
            None => held.beside(tally_name.clone(), serde_json::to_string(&Tally::default().and(outcome))?),
        };
        let commit = app.cabinet.put(&[written, tally], now).await?;
        if commit == Commit::Stored || of(app, &held.upload, chunk).await?.is_some() {
            return Ok(());
        }
    }
    bail!("a sum changed {TRIES} times while it was being changed")
}

/// The sheet of a chunk's outcome; the sheets of all come in order of the file.
pub(super) fn name(chunk: u32) -> String {
    format!("{CHUNK}{chunk:08}")
}

/// The chunk whose outcome a sheet is.
pub(super) fn chunk_of(name: &str) -> Option<u32> {
    name.strip_prefix(CHUNK)?.parse().ok()
}

const CHUNK: &str = "chunk-";
/// What names of sums begin with; nothing but them and the upload itself comes after it.
pub(super) const TALLIES: &str = "tally";
const TRIES: u32 = 20;
