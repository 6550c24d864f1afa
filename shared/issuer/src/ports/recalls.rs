//! What recalls need of the records.

use super::Commit;
use async_trait::async_trait;
use credential::{
    Issuance, SlotKey, Status,
    traits::{Lot, Place},
};

/// Recalls: certificates found by what they have in common, and the jobs that go through them.
#[async_trait]
pub trait Recalls: Send + Sync {
    /// Some certificates of that lot or place, from where the page before said; as they were a moment ago, for the index follows the records.
    async fn found(&self, by: &Common, after: Option<&str>) -> anyhow::Result<Page>;

    /// Every job, in the order of their ids.
    async fn jobs(&self) -> anyhow::Result<Vec<StoredJob>>;

    /// One job.
    async fn job(&self, id: &str) -> anyhow::Result<Option<StoredJob>>;

    /// Stores a job in place of the one with the revision before it (0: there is none yet). [`Commit::Lost`] if another revision stands; a second call is.
    async fn save(&self, job: &StoredJob) -> anyhow::Result<Commit>;
}

/// What certificates have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Common {
    /// The batch.
    Lot(Lot),
    /// The facility.
    Place(Place),
}

/// Certificates that were found, and where to go on.
#[derive(Clone, Debug)]
pub struct Page {
    /// Each with the status that the index knows.
    pub found: Vec<Candidate>,
    /// What to ask with for the next page; none after the last.
    pub next: Option<String>,
}

/// A certificate as an index knows it.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its slot.
    pub slot: SlotKey,
    /// Its id and time of issue.
    pub issuance: Issuance,
    /// Where it stood.
    pub status: Status,
}

/// A job as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredJob {
    /// Its id.
    pub id: String,
    /// What it is, as JSON.
    pub text: String,
    /// From 1.
    pub revision: u64,
}
