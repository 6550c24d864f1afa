//! The entrance of uploads: what S3 does on AWS with a URL that it finds signed, this service does itself.

use anyhow::{Context, Result};
use async_trait::async_trait;
use aws::S3Files;
use aws_lc_rs::{hmac, rand};
use axum::{
    Router,
    extract::{Path, Query, Request, State},
    http::StatusCode,
    routing::put,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use issuer::{
    Error,
    http::body,
    ports::{Files, Uploads},
};
use serde::Deserialize;
use std::{sync::Arc, time::Duration};
use time::OffsetDateTime;

/// The [`Uploads`] in the embedded S3, with a way in that is this process' own.
pub(crate) struct Entrance {
    files: S3Files,
    /// Of this process: whoever was sent away by its end asks for another URL.
    secret: hmac::Key,
}

/// What a URL says, and that it is ours.
#[derive(Deserialize)]
struct Ticket {
    bytes: usize,
    until: i64,
    proof: String,
}

impl Entrance {
    pub(crate) fn new(files: S3Files) -> Result<Self> {
        let mut secret = [0; 32];
        rand::fill(&mut secret).ok().context("the system gives no randomness")?;
        Ok(Self { files, secret: hmac::Key::new(hmac::HMAC_SHA256, &secret) })
    }

    /// Where a part is put.
    pub(crate) fn routes(self: &Arc<Self>) -> Router {
        Router::new().route("/entrance/{*key}", put(enter)).with_state(self.clone())
    }

    fn proof(&self, key: &str, bytes: usize, until: i64) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.secret, format!("{key} {bytes} {until}").as_bytes()))
    }
}

/// As S3: 403 for what is not signed so, 412 for what is there already.
async fn enter(
    State(entrance): State<Arc<Entrance>>,
    Path(key): Path<String>,
    Query(ticket): Query<Ticket>,
    request: Request,
) -> Result<StatusCode, Error> {
    let signed = format!("{key} {} {}", ticket.bytes, ticket.until);
    let proof = URL_SAFE_NO_PAD.decode(&ticket.proof).unwrap_or_default();
    let is_ours = hmac::verify(&entrance.secret, signed.as_bytes(), &proof).is_ok();
    if !is_ours || OffsetDateTime::now_utc().unix_timestamp() >= ticket.until {
        return Ok(StatusCode::FORBIDDEN);
    }
    let bytes = body(request, ticket.bytes).await?;
    if bytes.len() != ticket.bytes {
        return Ok(StatusCode::FORBIDDEN);
    }
    let is_new = entrance.files.write(&key, &bytes, "text/csv").await?;
    Ok(if is_new { StatusCode::OK } else { StatusCode::PRECONDITION_FAILED })
}

#[async_trait]
impl Files for Entrance {
    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.files.read(key).await
    }

    async fn write(&self, key: &str, bytes: &[u8], media_type: &str) -> Result<bool> {
        self.files.write(key, bytes, media_type).await
    }
}

#[async_trait]
impl Uploads for Entrance {
    async fn entrance(&self, key: &str, bytes: u64, open: Duration) -> Result<String> {
        let (bytes, until) = (usize::try_from(bytes)?, (OffsetDateTime::now_utc() + open).unix_timestamp());
        Ok(format!("/entrance/{key}?bytes={bytes}&until={until}&proof={}", self.proof(key, bytes, until)))
    }

    async fn length(&self, key: &str) -> Result<Option<u64>> {
        self.files.length(key).await
    }

    async fn part(&self, key: &str, from: u64, until: u64) -> Result<Vec<u8>> {
        self.files.part(key, from, until).await
    }
}
