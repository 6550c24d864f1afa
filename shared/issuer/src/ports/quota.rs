//! A pace that all processes keep together.

use async_trait::async_trait;
use std::time::Duration;
use time::OffsetDateTime;

/// Marks in time that many push ahead, each by what it uses up. A mark lies ahead of now by as much as is used up already.
#[async_trait]
pub trait Quota: Send + Sync {
    /// Pushes the mark of that name ahead by `step`, from where it stands or, where that is over, from `now`; but not beyond `latest`. A second call pushes
    /// it once more, so an answer that got lost uses up twice: the pace is kept.
    async fn push(
        &self,
        mark: &str,
        step: Duration,
        latest: OffsetDateTime,
        now: OffsetDateTime,
    ) -> anyhow::Result<Pushed>;
}

/// What became of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// The mark stands there now.
    To(OffsetDateTime),
    /// It would have come to stand beyond the latest, or more want to push it than the records take: it stays where it was.
    Stays,
}
