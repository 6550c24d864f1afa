//! The secret behind contact hashes: the answer of a KMS HMAC key to a fixed label. The key never leaves KMS, the answer lives in memory.

use anyhow::{Context, Result};
use async_trait::async_trait;
use aws_sdk_kms::{Client, primitives::Blob, types::MacAlgorithmSpec};
use issuer::ports::Pepper;
use tokio::sync::OnceCell;

/// The [`Pepper`] from one KMS key of kind `HMAC_256`.
#[derive(Debug)]
pub struct KmsPepper {
    client: Client,
    key: String,
    secret: OnceCell<[u8; 32]>,
}

impl KmsPepper {
    /// The pepper from the key of that ARN; asks KMS nothing before the first use.
    pub fn new(client: Client, key: impl Into<String>) -> Self {
        Self { client, key: key.into(), secret: OnceCell::new() }
    }

    async fn ask(&self) -> Result<[u8; 32]> {
        let answer = self
            .client
            .generate_mac()
            .key_id(&self.key)
            .mac_algorithm(MacAlgorithmSpec::HmacSha256)
            .message(Blob::new(LABEL))
            .send()
            .await
            .context("asking KMS for the contact key")?;
        answer.mac().and_then(|mac| mac.as_ref().try_into().ok()).context("KMS gave a MAC that has not 32 bytes")
    }
}

#[async_trait]
impl Pepper for KmsPepper {
    async fn contact_key(&self) -> Result<[u8; 32]> {
        self.secret.get_or_try_init(|| self.ask()).await.copied()
    }
}

/// Never to be changed: every contact look-up ever written hangs on it.
const LABEL: &str = "contact hashes, version 1";
