//! A certificate request by the signing key, which stays in KMS: for an operator's command, with rights of its own, and for no function.

use crate::KmsSigner;
use anyhow::{Context, Result, bail};
use aws_sdk_kms::{
    primitives::Blob,
    types::{MessageType, SigningAlgorithmSpec},
};
use credential::Suite;
use issuer::{
    ports::Signer,
    x509::{Request, Subject, Usage},
};

impl KmsSigner {
    /// A PKCS #10 request in PEM for that key. An RSA key signs it with PKCS #1 v1.5: who is allowed that signature only can make no certificate.
    ///
    /// # Errors
    /// When KMS refuses or gives something else.
    pub async fn request(&self, subject: &Subject, usages: &[Usage]) -> Result<String> {
        let key = self.public_key().await?;
        let algorithm = match key.suite() {
            Suite::Ps256 => SigningAlgorithmSpec::RsassaPkcs1V15Sha256,
            Suite::Es256 | Suite::Es256k => SigningAlgorithmSpec::EcdsaSha256,
            Suite::Ed25519 => SigningAlgorithmSpec::Ed25519Sha512,
        };
        let request = Request::prepare(&key, subject, usages);
        if request.signing_input().len() > MOST {
            bail!("the subject and the usages are too long");
        }
        let answer = self
            .client
            .sign()
            .key_id(&self.key)
            .message(Blob::new(request.signing_input()))
            .message_type(MessageType::Raw)
            .signing_algorithm(algorithm)
            .send()
            .await
            .context("asking KMS to sign the request")?;
        Ok(request.seal(answer.signature().context("KMS gave no signature")?.as_ref()))
    }
}

/// The longest message that KMS hashes itself.
const MOST: usize = 4096;
