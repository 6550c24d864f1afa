//! How much a country lets each client ask, and through which door.

use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;

/// What a country sets of it.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// `CLIENT_LIMITS` (none): requests of each client in a minute and in a day, as `name=minute/day` with commas between, 0 for no limit. The name is the
    /// token's `azp` or `client_id`; `*` is each client that is not named, `citizen` each citizen: `*=600/100000, registry=60000/0, citizen=60/500`.
    pub clients: BTreeMap<String, Allowed>,
    /// `ORIGIN_SECRET_SHA256` (none): the SHA-256, in hexadecimal digits, of what the edge in front of the service writes into `X-Origin-Secret`. A request
    /// without it went around the edge and is refused.
    pub origin_secret: Option<[u8; 32]>,
}

/// Requests that are let in; 0: all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// In a minute.
    pub a_minute: u64,
    /// In a day.
    pub a_day: u64,
}

impl Limits {
    /// # Errors
    /// Names the variable that is wrong.
    pub(super) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let text = |name: &str| lookup(name).unwrap_or_default();
        let clients = text("CLIENT_LIMITS");
        let entries = clients.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let clients = entries.map(entry).collect::<Option<_>>();
        let secret = text("ORIGIN_SECRET_SHA256");
        Ok(Self {
            clients: clients.context("CLIENT_LIMITS must be like *=600/100000, registry=60000/0")?,
            origin_secret: (!secret.is_empty()).then(|| digest(&secret)).transpose()?,
        })
    }
}

fn entry(entry: &str) -> Option<(String, Allowed)> {
    let (name, numbers) = entry.rsplit_once('=')?;
    let (a_minute, a_day) = numbers.split_once('/')?;
    let number = |text: &str| text.trim().parse().ok();
    let name = name.trim();
    (!name.is_empty()).then_some((name.to_owned(), Allowed { a_minute: number(a_minute)?, a_day: number(a_day)? }))
}

fn digest(text: &str) -> Result<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs.iter().map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    let bytes = bytes.collect::<Option<Vec<u8>>>().filter(|_| rest.is_empty());
    match bytes.and_then(|bytes| bytes.try_into().ok()) {
        Some(digest) => Ok(digest),
        None => bail!("ORIGIN_SECRET_SHA256 must be 64 hexadecimal digits"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Limits> {
        Limits::from_lookup(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn clients_are_named_with_what_they_may() {
        let limits = read("CLIENT_LIMITS", "*=600/100000, registry of=all=60000/0 ,").unwrap();
        let named = |name: &str| limits.clients.get(name).copied();
        assert_eq!(named("*"), Some(Allowed { a_minute: 600, a_day: 100_000 }));
        assert_eq!(named("registry of=all"), Some(Allowed { a_minute: 60_000, a_day: 0 }));
        assert!(read("CLIENT_LIMITS", "").unwrap().clients.is_empty());
        for wrong in ["*", "*=600", "=600/1", "*=many/1", "*=-1/1"] {
            assert!(read("CLIENT_LIMITS", wrong).unwrap_err().to_string().starts_with("CLIENT_LIMITS"), "{wrong}");
        }
    }

    #[test]
    fn the_secret_is_a_digest() {
        let digest = "0f".repeat(32);
        assert_eq!(read("ORIGIN_SECRET_SHA256", &digest).unwrap().origin_secret, Some([0x0f; 32]));
        for wrong in ["secret", "0f0", &digest[2..], &"+f".repeat(32)[..63]] {
            assert!(read("ORIGIN_SECRET_SHA256", wrong).is_err(), "{wrong}");
        }
    }
}
