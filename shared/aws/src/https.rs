//! Requests of our own over HTTPS, through the SDK's client: no second TLS stack. Nothing is followed, and nothing is waited for or read without end.

use anyhow::{Result, anyhow};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, Limited};
use std::time::Duration;
use tokio::time::timeout;

/// A client that waits so long for an answer, and reads so much of it. Cloning it is cheap.
#[derive(Clone, Debug)]
pub(crate) struct Https {
    connector: SharedHttpConnector,
    patience: Duration,
    most: usize,
}

impl Https {
    pub(crate) fn new(patience: Duration, most: usize) -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(patience).read_timeout(patience).build();
        let connector = Connector::builder().connector_settings(settings);
        let connector = connector.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build();
        Self { connector: SharedHttpConnector::new(connector), patience, most }
    }

    /// Status and body of what lies under a URL.
    pub(crate) async fn get(&self, url: &str) -> Result<(u16, Vec<u8>)> {
        self.send(HttpRequest::get(url)?).await
    }

    /// Status and body of the answer to `body`.
    pub(crate) async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Result<(u16, Vec<u8>)> {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method("POST")?;
        request.set_uri(url)?;
        for (name, value) in headers {
            request.headers_mut().try_insert(*name, value.clone())?;
        }
        self.send(request).await
    }

    async fn send(&self, request: HttpRequest) -> Result<(u16, Vec<u8>)> {
        let answered = async {
            let answer = self.connector.call(request).await?;
            let status = answer.status().as_u16();
            let body = Limited::new(answer.into_body(), self.most).collect().await.map_err(|error| anyhow!(error))?;
            Ok((status, body.to_bytes().to_vec()))
        };
        timeout(self.patience, answered).await.map_err(Into::into).flatten()
    }
}
