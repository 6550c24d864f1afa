//! What may be uploaded, and how long it is kept.

use super::{number, sources};
use anyhow::{Result, bail};
use time::Duration;

/// Limits of files that callers bring.
#[derive(Clone, Debug)]
pub struct Uploading {
    /// `UPLOAD_MOST_BYTES` (8 GiB): the largest file.
    pub most_bytes: u64,
    /// `UPLOAD_KEEP_DAYS` (30): how long a file, its errors and what became of it are kept. The bucket's own rule takes the files away; see `infra/README.md`.
    pub kept: Duration,
    /// `UPLOAD_SOURCES`: where the page `/bulk/` puts files beside the service, as a list of sources: the bucket's origin; default: nowhere.
    pub page_sources: String,
}

impl Uploading {
    pub(super) fn from_lookup(lookup: &impl Fn(&str) -> Option<String>) -> Result<Self> {
        let text =
            |name: &str, default: &str| lookup(name).filter(|v| !v.is_empty()).unwrap_or_else(|| default.to_owned());
        let days: i64 = number("UPLOAD_KEEP_DAYS", &text("UPLOAD_KEEP_DAYS", "30"))?;
        if !(1..=3650).contains(&days) {
            bail!("UPLOAD_KEEP_DAYS must be 1 to 3650 days");
        }
        Ok(Self {
            most_bytes: number("UPLOAD_MOST_BYTES", &text("UPLOAD_MOST_BYTES", "8589934592"))?,
            kept: Duration::days(days),
            page_sources: sources("UPLOAD_SOURCES", text("UPLOAD_SOURCES", ""))?,
        })
    }
}
