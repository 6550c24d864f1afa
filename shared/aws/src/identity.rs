//! The identity provider's keys over HTTPS, through the SDK's own client: no second TLS stack.

use anyhow::{Context, Result, anyhow, ensure};
use async_trait::async_trait;
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use http_body_util::{BodyExt, Limited};
use issuer::ports::IdentityProvider;
use jsonwebtoken::jwk::JwkSet;
use std::time::Duration;
use tokio::time::timeout;

/// The [`IdentityProvider`] whose JSON Web Key Set (RFC 7517) lies under a URL.
#[derive(Debug)]
pub struct KeySetUrl {
    url: String,
    connector: SharedHttpConnector,
}

impl KeySetUrl {
    /// The key set under `url`; asks for nothing yet.
    ///
    /// # Errors
    /// When the URL is not `https:`; `http:` is taken for this machine alone, where emulators live.
    pub fn new(url: impl Into<String>) -> Result<Self> {
        let url = url.into();
        let safe = ["https://", "http://127.0.0.1:", "http://localhost:"].iter().any(|start| url.starts_with(start));
        ensure!(safe, "OIDC_KEY_SET_URL must start with https://");
        let settings = HttpConnectorSettings::builder().connect_timeout(PATIENCE).read_timeout(PATIENCE).build();
        let connector = Connector::builder().connector_settings(settings);
        let connector = connector.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build();
        Ok(Self { url, connector: SharedHttpConnector::new(connector) })
    }

    async fn fetch(&self) -> Result<JwkSet> {
        let answer = self.connector.call(HttpRequest::get(&self.url)?).await?;
        ensure!(answer.status().is_success(), "status {}", answer.status().as_u16());
        let body = Limited::new(answer.into_body(), MOST).collect().await.map_err(|error| anyhow!(error))?;
        Ok(serde_json::from_slice(&body.to_bytes())?)
    }
}

#[async_trait]
impl IdentityProvider for KeySetUrl {
    async fn key_set(&self) -> Result<JwkSet> {
        timeout(PATIENCE, self.fetch()).await.map_err(Into::into).flatten().context("asking for the identity provider's keys")
    }
}

/// A caller waits for this.
const PATIENCE: Duration = Duration::from_secs(3);
/// A key set has some kilobytes.
const MOST: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::*;
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
        let error = KeySetUrl::new("http://example.org/keys").unwrap_err();
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
        KeySetUrl::new(url)?.key_set().await
    }
}
