//! Another system that wants to be told things.

use async_trait::async_trait;

/// Tells another system over HTTPS. Nothing is followed but the URL itself, and an answer that is too long or late is none.
#[async_trait]
pub trait Webhook: Send + Sync {
    /// Posts `body` with these headers and answers what the system said, whatever its status. A second call posts a second time: what is told names
    /// itself, so that the receiver knows it again.
    async fn post(&self, url: &str, headers: &[(&'static str, String)], body: &[u8]) -> anyhow::Result<Reply>;
}

/// What a system said.
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}
