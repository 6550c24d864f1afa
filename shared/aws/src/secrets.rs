//! Secrets shared with somebody outside: they come into the process encrypted, and KMS alone decrypts them.

use anyhow::{Context, Result};
use async_trait::async_trait;
use aws_sdk_kms::{Client, primitives::Blob};
use aws_smithy_types::base64;
use issuer::ports::Secrets;
use tokio::sync::OnceCell;

/// The [`Secrets`] that an operator encrypted with a KMS key (`make digilocker-key`). Whoever reads the function's configuration sees the ciphertext, and
/// only the function's role may have it decrypted.
#[derive(Debug)]
pub struct KmsSecrets {
    client: Client,
    ciphertext: Option<Vec<u8>>,
    key: OnceCell<Vec<u8>>,
}

impl KmsSecrets {
    /// The secret behind this ciphertext in Base64, none if it is empty; asks KMS nothing before the first use.
    ///
    /// # Errors
    /// When the text is no Base64.
    pub fn new(client: Client, ciphertext: &str) -> Result<Self> {
        let bytes = base64::decode(ciphertext.trim()).context("DIGILOCKER_KEY_CIPHERTEXT is not Base64")?;
        let ciphertext = Some(bytes).filter(|bytes| !bytes.is_empty());
        Ok(Self { client, ciphertext, key: OnceCell::new() })
    }

    async fn decrypt(&self, ciphertext: &[u8]) -> Result<Vec<u8>> {
        let answer = self
            .client
            .decrypt()
            .ciphertext_blob(Blob::new(ciphertext))
            .encryption_context(PURPOSE.0, PURPOSE.1)
            .send()
            .await
            .context("having DigiLocker's key decrypted")?;
        let plaintext = answer.plaintext().context("KMS decrypted nothing")?;
        // An editor ends a file with a line feed, which belongs to no key.
        Ok(plaintext.as_ref().trim_ascii().to_vec())
    }
}

#[async_trait]
impl Secrets for KmsSecrets {
    async fn digilocker_key(&self) -> Result<Option<Vec<u8>>> {
        let Some(ciphertext) = &self.ciphertext else { return Ok(None) };
        self.key.get_or_try_init(|| self.decrypt(ciphertext)).await.cloned().map(Some)
    }
}

/// What the operator names while encrypting: a ciphertext made for something else is refused.
const PURPOSE: (&str, &str) = ("purpose", "digilocker");
