//! The identity provider's keys over HTTPS.

use crate::https::Https;
use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use issuer::{config::web_address, ports::IdentityProvider};
use jsonwebtoken::jwk::JwkSet;

/// The [`IdentityProvider`] whose JSON Web Key Set (RFC 7517) lies under a URL.
#[derive(Debug)]
pub(crate) struct KeySetUrl {
    url: String,
    https: Https,
}

impl KeySetUrl {
    /// The key set under the URL that the variable `name` holds; asks for nothing yet.
    pub(crate) fn new(name: &str, url: String, https: Https) -> Result<Self> {
        Ok(Self { url: web_address(name, url)?, https })
    }

    async fn fetch(&self) -> Result<JwkSet> {
        let (status, body) = self.https.get(&self.url).await?;
        ensure!((200..=299).contains(&status), "status {status}");
        Ok(serde_json::from_slice(&body)?)
    }
}

#[async_trait]
impl IdentityProvider for KeySetUrl {
    async fn key_set(&self) -> Result<JwkSet> {
        self.fetch().await.context("asking for the identity provider's keys")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MOST, PATIENCE};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    #[tokio::test]
    async fn the_key_set_is_read() {
        let body = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"AA","y":"AA","alg":"ES256"}]}"#;
        let keys = served("200 OK", body.into()).await.unwrap();
        assert_eq!(keys.keys[0].common.key_id.as_deref(), Some("a"));
    }

    #[tokio::test]
    async fn an_endless_answer_is_refused() {
        let error = served("200 OK", " ".repeat(MOST + 1)).await.unwrap_err();
        assert_eq!(format!("{error:#}"), "asking for the identity provider's keys: length limit exceeded");
    }

    #[tokio::test]
    async fn another_status_is_refused() {
        let error = served("404 Not Found", "{}".into()).await.unwrap_err();
        assert_eq!(format!("{error:#}"), "asking for the identity provider's keys: status 404");
    }

    #[test]
    fn an_unprotected_url_is_refused() {
        let error = KeySetUrl::new("OIDC_KEY_SET_URL", "http://example.org/keys".into(), Https::new(PATIENCE, MOST))
            .unwrap_err();
        assert_eq!(error.to_string(), "OIDC_KEY_SET_URL must start with https://");
    }

    /// What is read from a server that answers once.
    async fn served(status: &str, body: String) -> Result<JwkSet> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/keys", listener.local_addr()?);
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.unwrap();
            // A client that has read enough hangs up.
            let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        });
        KeySetUrl::new("OIDC_KEY_SET_URL", url, Https::new(PATIENCE, MOST))?.key_set().await
    }
}
