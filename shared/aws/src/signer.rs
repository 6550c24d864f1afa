//! The signing key in KMS. It never leaves there; each signature is one request.

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use aws_lc_rs::digest;
use aws_sdk_kms::{
    Client,
    primitives::Blob,
    types::{KeySpec, MessageType, SigningAlgorithmSpec},
};
use credential::{PublicKey, keys::raw_ecdsa};
use issuer::ports::Signer;
use tokio::sync::OnceCell;

/// The [`Signer`] on one asymmetric KMS key of usage `SIGN_VERIFY`.
#[derive(Debug)]
pub struct KmsSigner {
    pub(crate) client: Client,
    /// The key's ARN: an alias would be another permission, and could be turned to another key while certificates are being made.
    pub(crate) key: String,
    known: OnceCell<Known>,
}

/// What KMS told about the key.
#[derive(Debug)]
struct Known {
    key: PublicKey,
    algorithm: SigningAlgorithmSpec,
}

impl KmsSigner {
    /// The signer with the key of that ARN; asks KMS nothing before the first use.
    pub fn new(client: Client, key: impl Into<String>) -> Self {
        Self { client, key: key.into(), known: OnceCell::new() }
    }

    /// Asked once: a key's public half and kind never change.
    async fn known(&self) -> Result<&Known> {
        self.known.get_or_try_init(|| self.ask()).await
    }

    async fn ask(&self) -> Result<Known> {
        let answer =
            self.client.get_public_key().key_id(&self.key).send().await.context("asking KMS for the public key")?;
        let algorithm = algorithm(answer.key_spec())?;
        let der = answer.public_key().context("KMS named no public key")?;
        Ok(Known { key: PublicKey::from_der(der.as_ref())?, algorithm })
    }
}

#[async_trait]
impl Signer for KmsSigner {
    async fn public_key(&self) -> Result<PublicKey> {
        Ok(self.known().await?.key.clone())
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let algorithm = &self.known().await?.algorithm;
        // KMS takes 4,096 bytes; of more it wants the digest, which its EdDSA would sign as another message.
        let (message, kind) = if message.len() > MOST_RAW && *algorithm != SigningAlgorithmSpec::Ed25519Sha512 {
            (Blob::new(digest::digest(&digest::SHA256, message).as_ref()), MessageType::Digest)
        } else {
            (Blob::new(message), MessageType::Raw)
        };
        let answer = self
            .client
            .sign()
            .key_id(&self.key)
            .message(message)
            .message_type(kind)
            .signing_algorithm(algorithm.clone())
            .send()
            .await
            .context("asking KMS for a signature")?;
        let signature = answer.signature().context("KMS gave no signature")?.as_ref();
        match algorithm {
            SigningAlgorithmSpec::EcdsaSha256 => {
                Ok(raw_ecdsa(signature).context("KMS gave an ECDSA signature that is none")?.to_vec())
            }
            _ => Ok(signature.to_vec()),
        }
    }
}

/// The longest message that KMS hashes itself.
const MOST_RAW: usize = 4096;

/// How a key of this kind signs, where there is a suite for it.
fn algorithm(spec: Option<&KeySpec>) -> Result<SigningAlgorithmSpec> {
    Ok(match spec {
        Some(KeySpec::Rsa2048) => SigningAlgorithmSpec::RsassaPssSha256,
        Some(KeySpec::EccNistP256 | KeySpec::EccSecgP256K1) => SigningAlgorithmSpec::EcdsaSha256,
        Some(KeySpec::EccNistEdwards25519) => SigningAlgorithmSpec::Ed25519Sha512,
        other => bail!(
            "SIGNING_KEY_ARN is a {} key; certificates are signed with RSA_2048, ECC_NIST_P256, ECC_SECG_P256K1 or \
             ECC_NIST_EDWARDS25519",
            other.map_or("nameless", KeySpec::as_str)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_without_a_suite_is_named() {
        let error = algorithm(Some(&KeySpec::Rsa4096)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "SIGNING_KEY_ARN is a RSA_4096 key; certificates are signed with RSA_2048, ECC_NIST_P256, ECC_SECG_P256K1 \
             or ECC_NIST_EDWARDS25519"
        );
    }
}
