//! A signing key in software, of each suite, and the secret behind contact hashes.

use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use aws_lc_rs::{
    encoding::AsDer,
    error::Unspecified,
    rand::{self, SystemRandom},
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
        RSA_PSS_SHA256,
    },
};
use base64::{Engine, prelude::BASE64_STANDARD};
use credential::{PublicKey, Suite};
use issuer::ports::{Pepper, Secrets, Signer};

/// The [`Signer`] of a laptop: its key lies in a file. RSA takes a quarter of a millisecond a signature, less than handing it to another thread would.
#[derive(Debug)]
pub struct SoftwareSigner {
    key: Key,
    public: Vec<u8>,
}

#[derive(Debug)]
enum Key {
    Rsa(rsa::KeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SoftwareSigner {
    /// The signer with a key as [`generate`] writes it; the key says which suite it is.
    ///
    /// # Errors
    /// When the text is no such key.
    pub fn from_pem(pem: &str) -> Result<Self> {
        let der = decode(pem).context("not a private key in PEM")?;
        let ecdsa = |curve| EcdsaKeyPair::from_pkcs8(curve, &der).map(Key::Ecdsa);
        let key = rsa::KeyPair::from_pkcs8(&der)
            .map(Key::Rsa)
            .or_else(|_| ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING))
            .or_else(|_| ecdsa(&ECDSA_P256K1_SHA256_FIXED_SIGNING))
            .or_else(|_| Ed25519KeyPair::from_pkcs8(&der).map(Key::Ed25519))
            .map_err(|_| anyhow!("not a key that certificates can be signed with"))?;
        let public = match &key {
            Key::Rsa(pair) => pair.public_key().as_der(),
            Key::Ecdsa(pair) => pair.public_key().as_der(),
            Key::Ed25519(pair) => pair.public_key().as_der(),
        };
        Ok(Self { public: public.map_err(no_reason)?.as_ref().to_vec(), key })
    }
}

#[async_trait]
impl Signer for SoftwareSigner {
    async fn public_key(&self) -> Result<PublicKey> {
        Ok(PublicKey::from_der(&self.public)?)
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let random = SystemRandom::new();
        Ok(match &self.key {
            Key::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature).map_err(no_reason)?;
                signature
            }
            Key::Ecdsa(pair) => pair.sign(&random, message).map_err(no_reason)?.as_ref().to_vec(),
            Key::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        })
    }
}

/// A new private key for the suite: PKCS#8 in PEM (RFC 5958, RFC 7468).
///
/// # Errors
/// When the system has no randomness.
pub fn generate(suite: Suite) -> Result<String> {
    let ecdsa = |curve| Ok(EcdsaKeyPair::generate(curve)?.to_pkcs8v1()?.as_ref().to_vec());
    let der = match suite {
        Suite::Ps256 => {
            rsa::KeyPair::generate(rsa::KeySize::Rsa2048).and_then(|key| Ok(key.as_der()?.as_ref().to_vec()))
        }
        Suite::Es256 => ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING),
        Suite::Es256k => ecdsa(&ECDSA_P256K1_SHA256_FIXED_SIGNING),
        Suite::Ed25519 => Ed25519KeyPair::generate().and_then(|key| Ok(key.to_pkcs8v1()?.as_ref().to_vec())),
    };
    Ok(encode(&der.map_err(no_reason)?))
}

/// The [`Pepper`] of a laptop: 32 random bytes, kept in a file as hexadecimal digits.
#[derive(Clone, Copy)]
pub struct KeptPepper([u8; 32]);

impl KeptPepper {
    /// The pepper that [`KeptPepper::generate`] wrote.
    ///
    /// # Errors
    /// When the text is not 64 hexadecimal digits.
    pub fn from_text(text: &str) -> Result<Self> {
        let mut key = [0; 32];
        let (pairs, rest) = text.trim_end().as_bytes().as_chunks::<2>();
        anyhow::ensure!(pairs.len() == key.len() && rest.is_empty(), "the contact key has not 64 digits");
        for (byte, pair) in key.iter_mut().zip(pairs) {
            *byte = u8::from_str_radix(std::str::from_utf8(pair)?, 16)?;
        }
        Ok(Self(key))
    }

    /// A new one.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn generate() -> Result<String> {
        let mut key = [0; 32];
        rand::fill(&mut key).map_err(no_reason)?;
        Ok(key
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect())
    }
}

#[async_trait]
impl Pepper for KeptPepper {
    async fn contact_key(&self) -> Result<[u8; 32]> {
        Ok(self.0)
    }
}

/// The [`Secrets`] of a laptop: what stands in a file, which may be replaced by the key that somebody outside chose.
#[derive(Clone)]
pub struct KeptSecrets(Vec<u8>);

impl KeptSecrets {
    /// The text is the key, without white space around it.
    pub fn from_text(text: &str) -> Self {
        Self(text.trim().as_bytes().to_vec())
    }
}

#[async_trait]
impl Secrets for KeptSecrets {
    async fn digilocker_key(&self) -> Result<Option<Vec<u8>>> {
        Ok(Some(self.0.clone()))
    }
}

fn encode(der: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(der);
    let (lines, rest) = text.as_bytes().as_chunks::<64>();
    let lines = lines.iter().map(<[u8; 64]>::as_slice).chain((!rest.is_empty()).then_some(rest));
    let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
    format!("{BEGIN}\n{}\n{END}\n", lines.join("\n"))
}

/// The DER in a private key's PEM.
pub(crate) fn decode(pem: &str) -> Option<Vec<u8>> {
    let text: String = pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)?.split_whitespace().collect();
    BASE64_STANDARD.decode(text).ok()
}

/// aws-lc says no more than that it failed.
fn no_reason(_: Unspecified) -> anyhow::Error {
    anyhow!("the cryptographic library failed")
}

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_suite_signs_what_its_public_key_verifies() {
        for suite in [Suite::Ps256, Suite::Es256, Suite::Es256k, Suite::Ed25519] {
            let signer = SoftwareSigner::from_pem(&generate(suite).unwrap()).unwrap();
            let key = signer.public_key().await.unwrap();
            assert_eq!(key.suite(), suite);
            let signature = signer.sign(b"a message").await.unwrap();
            assert!(key.verifies(b"a message", &signature), "{suite:?}");
            assert!(!key.verifies(b"a massage", &signature), "{suite:?}");
        }
    }

    #[tokio::test]
    async fn a_key_that_was_kept_is_the_same_key() {
        let pem = generate(Suite::Es256).unwrap();
        let [first, second] = [&pem, &format!("{pem}\n")].map(|pem| SoftwareSigner::from_pem(pem).unwrap());
        assert_eq!(first.public_key().await.unwrap(), second.public_key().await.unwrap());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert_eq!(SoftwareSigner::from_pem("").unwrap_err().to_string(), "not a private key in PEM");
        let other = encode(b"something else");
        let error = SoftwareSigner::from_pem(&other).unwrap_err();
        assert_eq!(error.to_string(), "not a key that certificates can be signed with");
    }

    #[tokio::test]
    async fn a_pepper_that_was_kept_is_the_same_pepper() {
        let text = format!("00ff{}", "a5".repeat(30));
        let pepper = KeptPepper::from_text(&format!("{text}\n")).unwrap().contact_key().await.unwrap();
        assert_eq!(pepper[..3], [0x00, 0xff, 0xa5]);
        assert!(KeptPepper::from_text(&text[1..]).is_err());
        assert_ne!(KeptPepper::generate().unwrap(), KeptPepper::generate().unwrap());
        KeptPepper::from_text(&KeptPepper::generate().unwrap()).unwrap();
    }
}
