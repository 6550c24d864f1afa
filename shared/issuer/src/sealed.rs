//! What a feature must keep of people for a while: sealed with a key of the feature's own, so that the table holds none of it in clear.

use crate::auth::derived_secret;
use anyhow::{Result, anyhow};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine, prelude::BASE64_STANDARD};

/// Seals texts of one purpose.
pub(crate) struct Sealer(RandomizedNonceKey);

impl Sealer {
    /// With the key that the label names, out of the secret behind contact hashes.
    pub(crate) fn new(pepper: &[u8; 32], label: &[u8]) -> Result<Self> {
        let key = derived_secret(pepper, label);
        Ok(Self(RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|_| anyhow!("a key of another length"))?))
    }

    /// The text, sealed together with the name of what it belongs to.
    pub(crate) fn seal(&self, name: &str, text: &str) -> Result<String> {
        let mut bytes = text.as_bytes().to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(name.as_bytes()), &mut bytes);
        let nonce = nonce.map_err(|_| anyhow!("a text cannot be sealed"))?;
        Ok(BASE64_STANDARD.encode([nonce.as_ref().as_slice(), &bytes].concat()))
    }

    /// The text; `None` if it was sealed with another key, under another name, or altered.
    pub(crate) fn open(&self, name: &str, sealed: &str) -> Option<String> {
        let sealed = BASE64_STANDARD.decode(sealed).ok()?;
        let (nonce, bytes) = sealed.split_at_checked(NONCE_LEN)?;
        let (nonce, mut bytes) = (Nonce::try_assume_unique_for_key(nonce).ok()?, bytes.to_vec());
        let opened = self.0.open_in_place(nonce, Aad::from(name.as_bytes()), &mut bytes).ok()?;
        String::from_utf8(opened.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_text_is_opened_by_its_key_under_its_name_alone() {
        let key = Sealer::new(&[7; 32], b"one").unwrap();
        let sealed = key.seal("its name", "a person").unwrap();
        assert_eq!(key.open("its name", &sealed).as_deref(), Some("a person"));
        assert_eq!(key.open("another", &sealed), None);
        assert_eq!(key.open("its name", &sealed[4..]), None);
        for other in [Sealer::new(&[8; 32], b"one"), Sealer::new(&[7; 32], b"two")] {
            assert_eq!(other.unwrap().open("its name", &sealed), None);
        }
    }
}
