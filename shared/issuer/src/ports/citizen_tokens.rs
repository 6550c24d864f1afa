//! Tokens for people who proved who they are.

use async_trait::async_trait;
use credential::Contact;

/// Gives bearer tokens that the service itself will believe: short-lived, for the role citizen and no other, naming the telephone.
#[async_trait]
pub trait CitizenTokens: Send + Sync {
    /// A token for whoever was just proven to have that telephone. A provider that makes sure of it asks for the ticket (see [`crate::login::ticket`]) and uses
    /// it up: a second call wants another one.
    async fn token(&self, phone: &Contact, ticket: &str) -> anyhow::Result<String>;
}
