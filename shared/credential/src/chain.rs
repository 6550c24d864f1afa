//! The log's chain: seals over what was done, each holding the one before. Whoever keeps one seal's hash notices any later change of what lies before it.
//!
//! ```text
//! hash(n) = SHA-256( "divoc-log-1", n, from, until, skipped, count, root(n), hash(n - 1) )
//! root    = SHA-256( every entry's digest, in order of the entries' keys )
//! ```
//! Every part is written as eight bytes of length (big-endian) and its bytes, so that no two contents write the same.

use crate::crypto::sha256;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One entry of the log as it is stored: its key, which begins with its time, and its members.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// Unique, and in order of time.
    pub key: String,
    /// What was done, to what, by whom, when and why.
    pub members: BTreeMap<String, String>,
}

/// A link of the chain: what was done within some minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// From 0, without gaps.
    pub number: u64,
    /// The first minute it covers, RFC 3339 to the minute.
    pub from: String,
    /// The first minute after those.
    pub until: String,
    /// Entries of these minutes that lie in the seals before.
    pub skipped: u64,
    /// Entries under this seal.
    pub count: u64,
    /// SHA-256 over their digests, base64url.
    pub root: String,
    /// The hash of the seal before, base64url; empty for the first.
    pub previous: String,
    /// The hash of all of the above, base64url.
    pub hash: String,
}

/// Where a chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A number is missing or stands twice.
    #[error("the seal does not follow the one before it by number")]
    Number,
    /// It holds another hash than the one before it has.
    #[error("the seal does not hold the hash of the one before it")]
    Previous,
    /// Its minutes do not continue those of the one before.
    #[error("the seal's minutes do not continue those of the one before it")]
    Minutes,
    /// Entries were taken away, added or changed.
    #[error("the entries are not those that were sealed")]
    Entries,
    /// The seal itself was changed.
    #[error("the seal's hash is not that of its content")]
    Hash,
}

impl Seal {
    /// The most entries under one seal: what an answer of 6 MB holds with room to spare.
    pub const MOST: usize = 4096;

    /// The seal that follows `previous` over `entries`, which are in order of their keys.
    pub fn over(previous: Option<&Self>, from: &str, until: &str, skipped: u64, entries: &[Entry]) -> Self {
        let mut seal = Self {
            number: previous.map_or(0, |before| before.number + 1),
            from: from.to_owned(),
            until: until.to_owned(),
            skipped,
            count: length(entries),
            root: root(entries),
            previous: previous.map(|before| before.hash.clone()).unwrap_or_default(),
            hash: String::new(),
        };
        seal.hash = seal.computed();
        seal
    }

    /// Whether this seal continues the chain after `previous` and seals exactly these entries.
    ///
    /// # Errors
    /// Where the chain is broken.
    pub fn check(&self, previous: Option<&Self>, entries: &[Entry]) -> Result<(), Broken> {
        if self.hash != self.computed() {
            return Err(Broken::Hash);
        }
        if self.number != previous.map_or(0, |before| before.number + 1) {
            return Err(Broken::Number);
        }
        if self.previous != previous.map(|before| before.hash.as_str()).unwrap_or_default() {
            return Err(Broken::Previous);
        }
        if previous.is_some_and(|before| !self.continues(before)) {
            return Err(Broken::Minutes);
        }
        let in_order = entries.windows(2).all(|pair| matches!(pair, [one, next] if one.key < next.key));
        if !in_order || self.count != length(entries) || self.root != root(entries) {
            return Err(Broken::Entries);
        }
        Ok(())
    }

    /// The same minutes from where the one before stopped, or those that follow its own.
    fn continues(&self, before: &Self) -> bool {
        let same = self.from == before.from && self.until == before.until;
        if same {
            self.skipped == before.skipped + before.count
        } else {
            self.from == before.until && self.skipped == 0
        }
    }

    fn computed(&self) -> String {
        let (number, skipped, count) = (self.number.to_string(), self.skipped.to_string(), self.count.to_string());
        digest(&["divoc-log-1", &number, &self.from, &self.until, &skipped, &count, &self.root, &self.previous])
    }
}

fn root(entries: &[Entry]) -> String {
    let digests: Vec<String> = entries.iter().map(entry_digest).collect();
    digest(&digests.iter().map(String::as_str).collect::<Vec<_>>())
}

fn entry_digest(entry: &Entry) -> String {
    let members = entry.members.iter().flat_map(|(name, value)| [name.as_str(), value.as_str()]);
    digest(&std::iter::once(entry.key.as_str()).chain(members).collect::<Vec<_>>())
}

fn digest(parts: &[&str]) -> String {
    let mut written = Vec::new();
    for part in parts {
        // A length beyond 64 bits does not fit memory.
        written.extend(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        written.extend(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(sha256(&written))
}

fn length(entries: &[Entry]) -> u64 {
    u64::try_from(entries.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(second: u64, actor: &str) -> Entry {
        let members = [("event", "issued"), ("actor", actor), ("id", "1")];
        Entry {
            key: format!("2026-03-01T08:30:{second:02}.000Z#1#issued"),
            members: members.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        }
    }

    /// Three seals: two of one busy minute, one of the next.
    fn chain() -> Vec<(Seal, Vec<Entry>)> {
        let parts = [vec![entry(1, "a"), entry(2, "b")], vec![entry(3, "a")], Vec::new()];
        let ranges = [("08:30", "08:31", 0), ("08:30", "08:31", 2), ("08:31", "08:40", 0)];
        let mut chain: Vec<(Seal, Vec<Entry>)> = Vec::new();
        for (entries, (from, until, skipped)) in parts.into_iter().zip(ranges) {
            let seal = Seal::over(chain.last().map(|(seal, _)| seal), from, until, skipped, &entries);
            chain.push((seal, entries));
        }
        chain
    }

    fn first_break(chain: &[(Seal, Vec<Entry>)]) -> Option<(usize, Broken)> {
        let mut previous = None;
        for (at, (seal, entries)) in chain.iter().enumerate() {
            if let Err(broken) = seal.check(previous, entries) {
                return Some((at, broken));
            }
            previous = Some(seal);
        }
        None
    }

    /// Seals the changed content anew, as someone would who may write but does not have everybody's copies.
    fn resealed(seal: &Seal) -> Seal {
        Seal { hash: seal.computed(), ..seal.clone() }
    }

    #[test]
    fn a_chain_that_nobody_touched_is_unbroken() {
        assert_eq!(first_break(&chain()), None);
        assert_eq!(chain()[2].0.number, 2);
        // Made with Python's hashlib over the form above; another value would break every stored chain.
        assert_eq!(chain()[0].0.hash, "QuIBgoxYX9adh-I0dnyyxq41HoIAntQtPlNDR5N415Y");
    }

    #[test]
    fn every_change_breaks_it_where_it_was_made_or_right_after() {
        type Change = fn(&mut Vec<(Seal, Vec<Entry>)>);
        let changes: [(Change, usize, Broken); 9] = [
            (|chain| drop(chain[0].1[0].members.insert("actor".into(), "x".into())), 0, Broken::Entries),
            (|chain| chain[0].1.truncate(1), 0, Broken::Entries),
            (|chain| chain[1].1.push(entry(4, "x")), 1, Broken::Entries),
            (|chain| chain[0].1.reverse(), 0, Broken::Entries),
            (|chain| chain[1].0.root = chain[0].0.root.clone(), 1, Broken::Hash),
            (|chain| drop(chain.remove(1)), 1, Broken::Number),
            (
                |chain| {
                    chain[0].1.truncate(1);
                    chain[0].0 = Seal::over(None, "08:30", "08:31", 0, &chain[0].1);
                },
                1,
                Broken::Previous,
            ),
            (
                |chain| {
                    chain[2].0.from = "08:32".into();
                    chain[2].0 = resealed(&chain[2].0);
                },
                2,
                Broken::Minutes,
            ),
            (
                |chain| {
                    chain[1].0.skipped = 1;
                    chain[1].0 = resealed(&chain[1].0);
                },
                1,
                Broken::Minutes,
            ),
        ];
        for (number, (change, at, broken)) in changes.into_iter().enumerate() {
            let mut chain = chain();
            change(&mut chain);
            assert_eq!(first_break(&chain), Some((at, broken)), "change {number}");
        }
    }
}
