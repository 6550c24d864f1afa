//! HTTPS through the SDK's own client: no second TLS stack.

use anyhow::{Result, anyhow, ensure};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use http_body_util::{BodyExt, Limited};
use std::time::Duration;
use tokio::time::timeout;

/// A client for what is no service of the SDK's. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Https(SharedHttpConnector);

impl Https {
    pub(crate) fn new() -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(PATIENCE).read_timeout(PATIENCE).build();
        let connector = Connector::builder().connector_settings(settings);
        Self(SharedHttpConnector::new(connector.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build()))
    }

    /// Status and body of the answer.
    pub(crate) async fn ask(&self, request: HttpRequest) -> Result<(u16, Vec<u8>)> {
        timeout(PATIENCE, self.whole(request)).await.map_err(Into::into).flatten()
    }

    async fn whole(&self, request: HttpRequest) -> Result<(u16, Vec<u8>)> {
        let answer = self.0.call(request).await?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), MOST).collect().await.map_err(|error| anyhow!(error))?;
        Ok((status, body.to_bytes().into()))
    }
}

/// The URL, if it is `https:`; `http:` is taken for this machine alone, where emulators live. `name` is the variable that holds it.
pub(crate) fn protected(name: &str, url: String) -> Result<String> {
    let safe = ["https://", "http://127.0.0.1:", "http://localhost:"].iter().any(|start| url.starts_with(start));
    ensure!(safe, "{name} must start with https://");
    Ok(url)
}

/// A caller waits for this.
const PATIENCE: Duration = Duration::from_secs(3);
/// A key set has some kilobytes, a token fewer.
pub(crate) const MOST: usize = 256 << 10;
