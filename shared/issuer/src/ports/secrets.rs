//! Secrets that we share with somebody outside.

use async_trait::async_trait;

/// What only we and one other know.
#[async_trait]
pub trait Secrets: Send + Sync {
    /// The key that DigiLocker signs its requests with; none while the operator has set none. Cheap after the first call.
    async fn digilocker_key(&self) -> anyhow::Result<Option<Vec<u8>>>;
}
