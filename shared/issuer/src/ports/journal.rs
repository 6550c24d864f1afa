//! What the publication of status lists needs of the records.

use async_trait::async_trait;
use credential::{CertificateId, Status};
use time::OffsetDateTime;

/// What the publication of status lists needs of the records. Reads are as consistent as the [`Store`](super::Store)'s.
///
/// Whatever changes a certificate's status notes it in the transaction of the change, under the minute it took for the time of the change. So a note may
/// become visible some seconds after its minute: readers look back.
#[async_trait]
pub trait Journal: Send + Sync {
    /// The changes noted from the minute of `from` to the minute of `to`, in order of time.
    async fn changes(&self, from: OffsetDateTime, to: OffsetDateTime) -> anyhow::Result<Vec<StatusChange>>;

    /// Every change that was ever noted, in order of time. Looks through all records: for when there is no list to go on from.
    async fn all_changes(&self) -> anyhow::Result<Vec<StatusChange>>;

    /// How many numbers of positions were taken so far, whether certificates came of them or not.
    async fn numbers_taken(&self) -> anyhow::Result<u64>;

    /// What was published last.
    async fn published(&self) -> anyhow::Result<Option<Published>>;

    /// Records what was published, unless something newer is recorded; tells whether it did. A second call changes nothing and answers `true`.
    async fn record(&self, published: &Published) -> anyhow::Result<bool>;

    /// Where a certificate stands; `None` if there is none of that id.
    async fn status_of(&self, certificate: &CertificateId) -> anyhow::Result<Option<Status>>;
}

/// One note of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChange {
    /// When it happened.
    pub at: OffsetDateTime,
    /// The certificate.
    pub certificate_id: CertificateId,
    /// Where it stands since then.
    pub status: Status,
}

/// How far publication came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The number of the newest revocation list.
    pub number: u64,
    /// Up to when the journal was read.
    pub read_until: OffsetDateTime,
    /// How many lists of the W3C's form there are, from number 0.
    pub lists: u64,
}
