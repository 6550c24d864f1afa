//! Where work for later is put on AWS.

use anyhow::{Context, Result};

/// The queues of the lanes, by URL.
#[derive(Clone, Debug)]
pub struct Queues {
    /// `CERTIFY_QUEUE_URL`: the SQS FIFO queue for events that are certified later.
    pub certify: String,
    /// `BULK_QUEUE_URL`: the one for parts of uploaded files.
    pub bulk: String,
}

impl Queues {
    /// Reads both. A function that sends to one alone is given one alone; the other is then empty, and sending to it fails.
    ///
    /// # Errors
    /// When neither is set.
    pub fn from_env() -> Result<Self> {
        let url = |name: &str| std::env::var(name).unwrap_or_default();
        let queues = Self { certify: url("CERTIFY_QUEUE_URL"), bulk: url("BULK_QUEUE_URL") };
        let is_any = !queues.certify.is_empty() || !queues.bulk.is_empty();
        is_any.then_some(queues).context("neither CERTIFY_QUEUE_URL nor BULK_QUEUE_URL is set")
    }
}
