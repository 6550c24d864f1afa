//! Pictures, status lists and uploads in S3 buckets.

use anyhow::{Context, Result, bail, ensure};
use async_trait::async_trait;
use aws_sdk_s3::{
    Client,
    config::RequestChecksumCalculation,
    error::ProvideErrorMetadata,
    operation::{get_object::GetObjectError, head_object::HeadObjectError},
    presigning::PresigningConfig,
    primitives::ByteStream,
};
use issuer::ports::{Files, PublicFiles, Uploads};
use std::time::Duration;

/// The [`Files`] in one bucket. The role needs `s3:ListBucket` beside `s3:GetObject`: without it S3 answers "forbidden" for an object that isn't there.
#[derive(Clone, Debug)]
pub struct S3Files {
    client: Client,
    bucket: String,
}

impl S3Files {
    /// The files in `bucket`; sends nothing yet.
    pub fn new(client: Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into() }
    }
}

#[async_trait]
impl Files for S3Files {
    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let mut object = match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) => match error.as_service_error() {
                Some(GetObjectError::NoSuchKey(_)) => return Ok(None),
                _ => return Err(error).context("reading a file"),
            },
        };
        let mut bytes = Vec::new();
        while let Some(part) = object.body.try_next().await.context("reading a file")? {
            bytes.extend_from_slice(&part);
            ensure!(bytes.len() <= MOST, "a file has more than {MOST} bytes");
        }
        Ok(Some(bytes))
    }

    async fn write(&self, key: &str, bytes: &[u8], media_type: &str) -> Result<bool> {
        let body = ByteStream::from(bytes.to_vec());
        let request = self.client.put_object().bucket(&self.bucket).key(key).content_type(media_type).body(body);
        let Err(error) = request.if_none_match("*").send().await else { return Ok(true) };
        // The first write is there, or is just being made.
        match error.as_service_error().and_then(ProvideErrorMetadata::code) {
            Some("PreconditionFailed" | "ConditionalRequestConflict") => Ok(false),
            _ => Err(error).context("keeping a file"),
        }
    }
}

#[async_trait]
impl PublicFiles for S3Files {
    async fn replace(&self, key: &str, bytes: &[u8], media_type: &str) -> Result<()> {
        let body = ByteStream::from(bytes.to_vec());
        let request = self.client.put_object().bucket(&self.bucket).key(key).content_type(media_type).body(body);
        request.send().await.map(|_| ()).context("replacing a file")
    }
}

#[async_trait]
impl Uploads for S3Files {
    /// Length and condition are signed with the URL: S3 refuses a body of another length, and a second one.
    async fn entrance(&self, key: &str, bytes: u64, open: Duration) -> Result<String> {
        let request = self.client.put_object().bucket(&self.bucket).key(key).if_none_match("*");
        let request = request.content_length(i64::try_from(bytes)?);
        // A checksum of the body that is not there yet would be that of nothing.
        let plain =
            aws_sdk_s3::config::Builder::new().request_checksum_calculation(RequestChecksumCalculation::WhenRequired);
        let signed = request.customize().config_override(plain).presigned(PresigningConfig::expires_in(open)?).await;
        Ok(signed.context("signing the place of a file")?.uri().to_owned())
    }

    async fn length(&self, key: &str) -> Result<Option<u64>> {
        let object = match self.client.head_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => object,
            Err(error) => match error.as_service_error() {
                Some(HeadObjectError::NotFound(_)) => return Ok(None),
                _ => return Err(error).context("looking for a file"),
            },
        };
        Ok(Some(u64::try_from(object.content_length().context("a file without length")?)?))
    }

    async fn part(&self, key: &str, from: u64, until: u64) -> Result<Vec<u8>> {
        let range = format!("bytes={from}-{}", until.saturating_sub(1));
        let request = self.client.get_object().bucket(&self.bucket).key(key).range(range);
        let object = request.send().await.context("reading a part of a file")?;
        Ok(object.body.collect().await.context("reading a part of a file")?.to_vec())
    }
}

/// The [`Files`] of a function that prints nothing and publishes nothing: a cache that keeps nothing. Without it every function would carry the S3 client, a tenth of its size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoFiles;

#[async_trait]
impl Files for NoFiles {
    async fn read(&self, _key: &str) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    async fn write(&self, _key: &str, _bytes: &[u8], _media_type: &str) -> Result<bool> {
        Ok(true)
    }
}

#[async_trait]
impl PublicFiles for NoFiles {
    async fn replace(&self, _key: &str, _bytes: &[u8], _media_type: &str) -> Result<()> {
        bail!("this function publishes nothing")
    }
}

#[async_trait]
impl Uploads for NoFiles {
    async fn entrance(&self, _key: &str, _bytes: u64, _open: Duration) -> Result<String> {
        bail!("this function takes no uploads")
    }

    async fn length(&self, _key: &str) -> Result<Option<u64>> {
        Ok(None)
    }

    async fn part(&self, _key: &str, _from: u64, _until: u64) -> Result<Vec<u8>> {
        bail!("this function takes no uploads")
    }
}

/// Twice what a function may answer with (6 MB).
const MOST: usize = 12 << 20;
