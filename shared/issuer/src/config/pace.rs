//! What is certified while the caller waits, what later, and how fast.

use super::{number, seconds};
use anyhow::{Result, bail};
use std::time::Duration;

/// What a country sets of it.
#[derive(Clone, Debug)]
pub struct Pace {
    /// `SIGNING_RATE` (0: as many as the key makes): signatures in a second that all processes ask the key for together. On AWS somewhat less than the quota
    /// of KMS for the key's family of algorithms, which other keys of the account and Region share.
    pub signing_rate: u32,
    /// `AWS_REGION` (`local`): the quota's Region; Lambda sets it.
    pub region: String,
    /// `ASYNC_ABOVE` (100): a body with more events is answered 202 and certified later, asked for or not.
    pub async_above: usize,
    /// `UPDATE_WAIT_SECONDS` (1,800): how long a correction that came before what it corrects waits for it.
    pub update_wait: Duration,
}

impl Pace {
    /// # Errors
    /// Names the first variable that is wrong.
    pub(super) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let text =
            |name: &str, default: &str| lookup(name).filter(|v| !v.is_empty()).unwrap_or_else(|| default.to_owned());
        let region = text("AWS_REGION", "local");
        if !region.bytes().all(|letter| letter.is_ascii_alphanumeric() || letter == b'-') {
            bail!("AWS_REGION must be the name of a Region, such as ap-south-1");
        }
        Ok(Self {
            signing_rate: number("SIGNING_RATE", &text("SIGNING_RATE", "0"))?,
            region,
            async_above: number("ASYNC_ABOVE", &text("ASYNC_ABOVE", "100"))?,
            update_wait: seconds("UPDATE_WAIT_SECONDS", &text("UPDATE_WAIT_SECONDS", "1800"), LONGEST_WAIT)?,
        })
    }
}

/// Below what the queue waits before it gives a message up.
const LONGEST_WAIT: u64 = 2_700;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_value_names_its_variable() {
        let with = |changed: &str, value: &str| {
            let value = value.to_owned();
            Pace::from_lookup(|name| (name == changed).then(|| value.clone()))
        };
        let usual = with("", "").unwrap();
        assert_eq!((usual.signing_rate, usual.region.as_str(), usual.async_above), (0, "local", 100));
        for (name, value) in
            [("SIGNING_RATE", "fast"), ("AWS_REGION", "a#b"), ("ASYNC_ABOVE", "-1"), ("UPDATE_WAIT_SECONDS", "0")]
        {
            let fault = with(name, value).unwrap_err().to_string();
            assert!(fault.contains(name), "{name}={value}: {fault}");
        }
    }
}
