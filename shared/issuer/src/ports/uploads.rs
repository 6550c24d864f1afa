//! Files that callers bring: they go past the service, straight to where they are kept, and are read in parts.

use super::Files;
use async_trait::async_trait;
use std::time::Duration;

/// Files under names of our own making. What lies under a name never changes; what is old is taken away.
#[async_trait]
pub trait Uploads: Files {
    /// Where exactly so many bytes can be put under `key` within that time, once: by `PUT` with `If-None-Match: *`, and without a token. A second call gives
    /// another such URL. One that is no absolute URL is a path of this service.
    async fn entrance(&self, key: &str, bytes: u64, open: Duration) -> anyhow::Result<String>;

    /// How many bytes lie under `key`, if something does.
    async fn length(&self, key: &str) -> anyhow::Result<Option<u64>>;

    /// The bytes from `from` to before `until`, of what must be there and as long; megabytes at most.
    async fn part(&self, key: &str, from: u64, until: u64) -> anyhow::Result<Vec<u8>>;
}
