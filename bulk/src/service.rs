//! The service, asked over HTTPS with the AWS SDK's client: the one TLS stack that is in the tree. What is lost on the way is asked for again.

use anyhow::{Context, Result, anyhow, bail};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use serde_json::Value;
use std::time::Duration;
use tokio::time::sleep;

/// The service, and the token with which it is asked.
pub(crate) struct Service {
    connector: SharedHttpConnector,
    base: String,
    token: String,
}

/// What came back.
pub(crate) struct Answer {
    status: u16,
    /// Where it goes on: a path.
    pub(crate) next: Option<String>,
    pub(crate) bytes: Vec<u8>,
}

impl Service {
    pub(crate) fn new(base: &str, token: &str) -> Self {
        let settings = HttpConnectorSettings::builder().connect_timeout(PATIENCE).read_timeout(PATIENCE).build();
        let connector = Connector::builder().connector_settings(settings);
        let connector = connector.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build();
        Self { connector: SharedHttpConnector::new(connector), base: base.to_owned(), token: token.to_owned() }
    }

    /// The JSON of an answer.
    ///
    /// # Errors
    /// When the service refuses, in its words, or does not answer.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
        let body = body.map(|body| body.to_string().into_bytes());
        let answer =
            self.persistently(method, &format!("{}{path}", self.base), Some(&self.token), body.as_deref()).await?;
        serde_json::from_slice(&answer.bytes).context("an answer that is no JSON")
    }

    /// What lies at a path.
    ///
    /// # Errors
    /// As [`Service::ask`].
    pub(crate) async fn get(&self, path: &str) -> Result<Answer> {
        self.persistently("GET", &format!("{}{path}", self.base), Some(&self.token), None).await
    }

    /// Puts a part of a file where the service said, which is told no token.
    ///
    /// # Errors
    /// As [`Service::ask`].
    pub(crate) async fn put(&self, url: &str, bytes: Vec<u8>) -> Result<()> {
        let url = if url.starts_with('/') { format!("{}{url}", self.base) } else { url.to_owned() };
        self.persistently("PUT", &url, None, Some(&bytes)).await.map(drop)
    }

    /// Asks again what got lost on the way or could not be done now.
    async fn persistently(&self, method: &str, url: &str, token: Option<&str>, body: Option<&[u8]>) -> Result<Answer> {
        for pause in PAUSES {
            match self.send(method, url, token, body).await {
                Ok(answer) if answer.status < 300 => return Ok(answer),
                // The part is there: the answer that said so got lost.
                Ok(answer) if method == "PUT" && answer.status == 412 => return Ok(answer),
                Ok(answer) if answer.status != 429 && answer.status < 500 => bail!("{}", refusal(&answer)),
                _ => sleep(pause).await,
            }
        }
        let answer = self.send(method, url, token, body).await.context("the service does not answer")?;
        if answer.status < 300 { Ok(answer) } else { bail!("{}", refusal(&answer)) }
    }

    async fn send(&self, method: &str, url: &str, token: Option<&str>, body: Option<&[u8]>) -> Result<Answer> {
        let mut request = HttpRequest::new(body.map_or_else(SdkBody::empty, SdkBody::from));
        request.set_method(method)?;
        request.set_uri(url)?;
        let headers = request.headers_mut();
        if let Some(token) = token {
            headers.try_insert("authorization", format!("Bearer {token}"))?;
            headers.try_insert("content-type", "application/json")?;
        } else {
            headers.try_insert("if-none-match", "*")?;
            headers.try_insert("content-length", body.map_or(0, <[u8]>::len).to_string())?;
        }
        let answer = self.connector.call(request).await?;
        let next = answer.headers().get("link").and_then(path_of);
        let status = answer.status().as_u16();
        let bytes = answer.into_body().collect().await.map_err(|error| anyhow!(error))?.to_bytes().to_vec();
        Ok(Answer { status, next, bytes })
    }
}

/// `<https://…/a/b>; rel="next"` as `/a/b`.
fn path_of(link: &str) -> Option<String> {
    let (url, _) = link.strip_prefix('<')?.split_once('>')?;
    let path = url.split_once("://").map_or(url, |(_, rest)| rest.find('/').map_or("", |at| rest.split_at(at).1));
    Some(path.to_owned())
}

/// The service's own words.
fn refusal(answer: &Answer) -> String {
    let problem: Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
    let detail = problem.get("detail").and_then(Value::as_str).unwrap_or("the service gives no reason");
    format!("{detail} ({})", answer.status)
}

/// A part of 32 MiB may take long.
const PATIENCE: Duration = Duration::from_mins(10);
/// Between tries.
const PAUSES: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4), Duration::from_secs(8)];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_on_the_same_service() {
        for link in ["</a?after=1>; rel=\"next\"", "<https://b.example/a?after=1>; rel=\"next\""] {
            assert_eq!(path_of(link).as_deref(), Some("/a?after=1"));
        }
        assert_eq!(path_of("none"), None);
    }
}
