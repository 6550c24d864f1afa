//! Speaks to a running service with one token per role.

use anyhow::{Context, Result};
use reqwest::{Method, header};
use serde_json::Value;
use std::collections::HashMap;

/// A caller of the service.
#[derive(Clone)]
pub struct Client {
    base: String,
    tokens: HashMap<String, String>,
    http: reqwest::Client,
}

/// What came back: everything a test may want to compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: HashMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// One header; empty if absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

impl Client {
    /// A caller of the service at `base`, with a token for each role.
    pub fn new(base: &str, tokens: HashMap<String, String>) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), tokens, http: reqwest::Client::new() }
    }

    /// The same caller with another token under `name`.
    #[must_use]
    pub fn with_token(mut self, name: &str, token: String) -> Self {
        self.tokens.insert(name.to_owned(), token);
        self
    }

    /// Reports events; `schema` is `v1`, `v3` or `v1/test`.
    pub async fn certify(&self, schema: &str, events: &Value) -> Result<Answer> {
        let body = Some(("application/json", events.to_string().into_bytes()));
        self.send(Method::POST, &format!("/divoc/api/{schema}/certify"), "certifier", &[], body).await
    }

    /// Fetches a path in a role; the empty role sends no token.
    pub async fn get(&self, path: &str, role: &str) -> Result<Answer> {
        self.send(Method::GET, path, role, &[], None).await
    }

    /// Asks whether there is something.
    pub async fn head(&self, path: &str, role: &str) -> Result<Answer> {
        self.send(Method::HEAD, path, role, &[], None).await
    }

    /// Any request.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        role: &str,
        headers: &[(&str, &str)],
        body: Option<(&str, Vec<u8>)>,
    ) -> Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = self.tokens.get(role) {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some((media_type, bytes)) = body {
            request = request.header(header::CONTENT_TYPE, media_type).body(bytes);
        }
        let response = request.send().await.context("sending a request")?;
        let status = response.status().as_u16();
        let named = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap_or_default().to_owned())
        };
        // When it was answered says nothing of what was.
        let headers = response.headers().iter().filter(|(name, _)| *name != header::DATE).map(named).collect();
        Ok(Answer { status, headers, body: response.bytes().await.context("reading an answer")?.to_vec() })
    }
}

/// A path segment, percent-encoded.
pub fn segment(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.extend(['%', hex(byte >> 4), hex(byte & 15)]),
        }
    }
    encoded
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase()
}
