//! Small records that features keep beside certificates: challenges, links, requests, parcels. A cabinet has drawers, a drawer folders, a folder sheets.

use super::Commit;
use async_trait::async_trait;
use time::{Duration, OffsetDateTime};

/// Sheets, durable once a call has returned and read back as they were written (strongly consistent). Names are ids and hashes of our own making, for
/// they stand in keys; what is personal stands in a sheet's text.
#[async_trait]
pub trait Cabinet: Send + Sync {
    /// The sheet of that name, unless its time is over.
    async fn sheet(
        &self,
        drawer: Drawer,
        folder: &str,
        name: &str,
        now: OffsetDateTime,
    ) -> anyhow::Result<Option<Sheet>>;

    /// The sheets of a folder whose names come after `after`, in order of name, at most so many; none whose time is over.
    async fn sheets(
        &self,
        drawer: Drawer,
        folder: &str,
        after: Option<&str>,
        most: usize,
        now: OffsetDateTime,
    ) -> anyhow::Result<Vec<Sheet>>;

    /// Puts sheets, each in place of the one with the revision before it (before 1: none, or one whose time is over), all or nothing.
    /// [`Commit::Lost`] if another revision stands anywhere: read again and decide anew. A second call is lost, for the first one stands there.
    async fn put(&self, sheets: &[Sheet], now: OffsetDateTime) -> anyhow::Result<Commit>;

    /// Takes a sheet away if it still has its revision: of many who try, one is told [`Commit::Stored`]. A second call is lost.
    async fn take(&self, sheet: &Sheet) -> anyhow::Result<Commit>;

    /// Takes a sheet away, as [`Cabinet::take`] does, and puts others, all or nothing. [`Commit::Lost`] if it has another revision by now, or one of the
    /// others can't be put. A second call is lost.
    async fn exchange(&self, sheet: &Sheet, others: &[Sheet], now: OffsetDateTime) -> anyhow::Result<Commit> {
        // One whose time is over is none. Records that keep what is over for a while do better: they leave nothing behind for whoever reads the folder.
        let ended = sheet.saying("").until(now);
        self.put(&[std::slice::from_ref(&ended), others].concat(), now).await
    }

    /// Counts one more of `what` by `who` in the window of time that `now` is in, and answers how many there are. Each call counts.
    async fn count(&self, what: &str, who: &str, window: Duration, now: OffsetDateTime) -> anyhow::Result<u64>;
}

/// What a sheet is about. Each function's role names the drawers it may open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Drawer {
    /// One-time codes that were sent.
    Challenges,
    /// What is to be told to the outside about a certificate.
    Parcels,
    /// Parcels that nobody took, until someone sends them again or they are old.
    DeadParcels,
    /// Links that citizens share.
    Links,
    /// Corrections that citizens ask for.
    Requests,
    /// Changes of the contact that certificates are registered to.
    Rebindings,
    /// Partner applications, their rights and quotas.
    Partners,
    /// Contacts that want no messages, or that messages do not reach.
    Silence,
    /// Offers to wallets and what they were exchanged for.
    Offers,
    /// What later reports say of earlier doses, and where certificates contradict it.
    Reconciliations,
    /// Checks of days: what sources declare, what the log leads to, what was found.
    Checks,
    /// Files that were uploaded: how far they are, and what became of their rows.
    Uploads,
    /// Messages that wait for somebody to do their work, where the queue is kept with the records.
    Messages,
    /// Messages whose work was given up.
    DeadMessages,
    /// Events that were accepted to be certified later: what is kept to tell where they stand.
    Batches,
    /// Uses of certificates, until they are counted.
    Uses,
    /// How far analytics came.
    Analytics,
}

impl Drawer {
    /// The drawer's name in keys and in the rights of functions.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Challenges => "challenges",
            Self::Parcels => "parcels",
            Self::DeadParcels => "dead-parcels",
            Self::Links => "links",
            Self::Requests => "requests",
            Self::Rebindings => "rebindings",
            Self::Partners => "partners",
            Self::Silence => "silence",
            Self::Offers => "offers",
            Self::Reconciliations => "reconciliations",
            Self::Checks => "checks",
            Self::Uploads => "uploads",
            Self::Messages => "messages",
            Self::DeadMessages => "dead-messages",
            Self::Batches => "batches",
            Self::Uses => "uses",
            Self::Analytics => "analytics",
        }
    }
}

/// A small record. Its text may be personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct Sheet {
    /// What it is about.
    pub drawer: Drawer,
    /// The folder it lies in.
    pub folder: String,
    /// Its name in the folder.
    pub name: String,
    /// What it says; JSON, as a rule.
    pub text: String,
    /// From 1.
    pub revision: u64,
    /// When its time is over; some time after that it is gone.
    pub until: Option<OffsetDateTime>,
}

impl Sheet {
    /// A new sheet.
    pub fn new(drawer: Drawer, folder: impl Into<String>, name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { drawer, folder: folder.into(), name: name.into(), text: text.into(), revision: 1, until: None }
    }

    /// The same for a limited time.
    #[must_use]
    pub fn until(self, until: OffsetDateTime) -> Self {
        Self { until: Some(until), ..self }
    }

    /// What stands in its place next.
    #[must_use]
    pub fn saying(&self, text: impl Into<String>) -> Self {
        Self { text: text.into(), revision: self.revision + 1, ..self.clone() }
    }
}
