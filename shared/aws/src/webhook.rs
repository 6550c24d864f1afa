//! Another system that wants to be told things, over HTTPS.

use crate::https::Https;
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use issuer::{
    config::web_address,
    ports::{Reply, Webhook},
};
use std::time::Duration;

/// The [`Webhook`] over HTTPS; `http:` is taken for this machine alone.
#[derive(Debug)]
pub struct HttpsWebhook(Https);

impl HttpsWebhook {
    /// Posts nothing yet.
    pub fn new() -> Self {
        Self(Https::new(PATIENCE, MOST))
    }
}

impl Default for HttpsWebhook {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Webhook for HttpsWebhook {
    async fn post(&self, url: &str, headers: &[(&'static str, String)], body: &[u8]) -> Result<Reply> {
        let url = web_address("the webhook's URL", url.to_owned())?;
        let (status, body) = self.0.post(&url, headers, body).await.context("telling another system")?;
        Ok(Reply { status, body })
    }
}

/// How long a system may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// What it has to say is a token at most.
const MOST: usize = 16 << 10;

/// The [`Webhook`] of a function that tells nobody anything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoWebhook;

#[async_trait]
impl Webhook for NoWebhook {
    async fn post(&self, _url: &str, _headers: &[(&'static str, String)], _body: &[u8]) -> Result<Reply> {
        bail!("this function tells nobody anything")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    /// What comes of a post to a server that answers once, and what the server was sent.
    async fn posted(answer: String) -> (Result<Reply>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"{}") {
                let mut part = [0; 1024];
                let read = stream.read(&mut part).await.unwrap();
                request.extend_from_slice(&part[..read]);
            }
            // A client that has read enough hangs up.
            let _ = stream.write_all(answer.as_bytes()).await;
            String::from_utf8(request).unwrap()
        });
        let reply = HttpsWebhook::new().post(&url, &[("webhook-id", "7".to_owned())], b"{}").await;
        (reply, server.await.unwrap())
    }

    #[tokio::test]
    async fn what_is_said_arrives_with_its_headers_and_the_reply_comes_back() {
        let (reply, request) = posted("HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\nok".to_owned()).await;
        let reply = reply.unwrap();
        assert_eq!((reply.status, reply.body.as_slice()), (202, b"ok".as_slice()));
        assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("webhook-id: 7\r\n") && request.contains("content-length: 2\r\n"), "{request}");
    }

    #[tokio::test]
    async fn no_redirect_is_followed_and_no_endless_reply_is_read() {
        let moved = "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_owned();
        assert_eq!(posted(moved).await.0.unwrap().status, 302);
        let long = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}", MOST + 1, " ".repeat(MOST + 1));
        assert!(format!("{:#}", posted(long).await.0.err().unwrap()).contains("length limit exceeded"));
    }

    #[tokio::test]
    async fn nothing_is_said_unprotected() {
        let fault = HttpsWebhook::new().post("http://health.example/", &[], b"{}").await.err().unwrap();
        assert_eq!(fault.to_string(), "the webhook's URL must start with https://");
    }
}
