//! The revocation list of one issuer: signed, numbered, complete, and small enough for a telephone; and deltas from one number to the next.
//!
//! ```text
//! RevocationList::first ─▶ next ─▶ next …       list.prepare ─▶ (the status key signs) ─▶ Prepared::seal ─▶ text
//!                            └─▶ delta_from(earlier)                                       text ─▶ RevocationList::open ─▶ status_of
//! ```
//!
//! A list says nothing of certificates that are valid. One of ours is known by its [`Position`], which is part of its id; an imported one, whose id has none,
//! by the first 64 bits of the id's SHA-256. A suspension ends by itself: whoever asks says what time it is.

mod coding;
mod text;

use crate::{CertificateId, Position, PublicKey, Status, VerificationMethod, crypto::sha256, jws::Prepared};
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime, UtcOffset};

pub use crate::jws::BadJws;
pub use text::BadList;

/// The name of an issuer's status key: the fragment keeps it apart from the keys that sign certificates, and the other way round. Keys that follow one
/// another share the name.
pub fn status_method(did: &str) -> String {
    format!("{did}{STATUS}")
}

/// Whether `method` names a status key: such a key signs lists and no certificates.
pub fn is_status_method(method: &str) -> bool {
    method.ends_with(STATUS)
}

const STATUS: &str = "#status";

/// Everything that is not valid, at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationList {
    head: Head,
    /// None of them valid, none of them a suspension that was over when the list was issued.
    entries: Entries,
}

/// What changed from one list to a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationDelta {
    head: Head,
    /// The number of the list it changes.
    from: u64,
    /// New or changed entries; [`Status::Valid`] for those that go.
    entries: Entries,
}

/// What both say of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Head {
    issuer: String,
    number: u64,
    issued_at: OffsetDateTime,
    next_update: OffsetDateTime,
}

type Entries = BTreeMap<Entry, Status>;

/// What a list knows a certificate by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    Ours(Position),
    /// SHA-256 of the id, the first 64 bits.
    Foreign(u64),
}

impl Entry {
    fn of(id: &CertificateId) -> Self {
        id.position().map_or_else(|| Self::Foreign(digest(id)), Self::Ours)
    }

    /// The W3C list it lies in.
    fn list(self) -> Option<u64> {
        match self {
            Self::Ours(position) => Some(position.list()),
            Self::Foreign(_) => None,
        }
    }
}

fn digest(id: &CertificateId) -> u64 {
    sha256(id.as_str()).iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// A delta that belongs to another list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotItsBase {
    /// It comes from another issuer.
    #[error("the delta comes from another issuer")]
    Issuer,
    /// It changes the list of another number.
    #[error("the delta changes list {wanted}, this is list {found}")]
    Number {
        /// The number of the list it changes.
        wanted: u64,
        /// The number of this one.
        found: u64,
    },
}

impl RevocationList {
    /// The most entries that one list may have: a thousandth of two thousand million certificates.
    pub const MOST: usize = 2_000_000;

    /// List number 1, without entries. Times are kept to the second.
    pub fn first(issuer: &str, issued_at: OffsetDateTime, next_update: OffsetDateTime) -> Self {
        Self::empty(issuer, 1, issued_at, next_update)
    }

    /// A list of any number without entries: what everything that ever happened is told to, when the list before is lost.
    pub fn empty(issuer: &str, number: u64, issued_at: OffsetDateTime, next_update: OffsetDateTime) -> Self {
        let head =
            Head { issuer: issuer.to_owned(), number, issued_at: second(issued_at), next_update: second(next_update) };
        Self { head, entries: Entries::new() }
    }

    /// The list after this one: with `changes` in order of time (the last of a certificate counts), without suspensions that are over at `issued_at`.
    #[must_use]
    pub fn next<'c>(
        &self,
        changes: impl IntoIterator<Item = (&'c CertificateId, Status)>,
        issued_at: OffsetDateTime,
        next_update: OffsetDateTime,
    ) -> Self {
        let head = Head {
            issuer: self.head.issuer.clone(),
            number: self.head.number.saturating_add(1),
            issued_at: second(issued_at),
            next_update: second(next_update),
        };
        let changes = changes.into_iter().map(|(id, status)| (Entry::of(id), whole(status)));
        Self { entries: changed(&self.entries, changes, head.issued_at), head }
    }

    /// What changed since `earlier`; `None` unless that is an earlier list of the same issuer.
    pub fn delta_from(&self, earlier: &Self) -> Option<RevocationDelta> {
        let follows = earlier.head.issuer == self.head.issuer && earlier.head.number < self.head.number;
        let gone = earlier.entries.iter().filter(|(entry, status)| {
            // What ends by itself needs no word.
            !self.entries.contains_key(*entry) && status.at(self.head.issued_at) != Status::Valid
        });
        let new = self.entries.iter().filter(|(entry, status)| earlier.entries.get(*entry) != Some(*status));
        let entries =
            gone.map(|(entry, _)| (*entry, Status::Valid)).chain(new.map(|(entry, status)| (*entry, *status)));
        follows.then(|| RevocationDelta {
            head: self.head.clone(),
            from: earlier.head.number,
            entries: entries.collect(),
        })
    }

    /// Where a certificate of this issuer stood when the list was issued, looked at `now`.
    pub fn status_of(&self, id: &CertificateId, now: OffsetDateTime) -> Status {
        self.entries.get(&Entry::of(id)).copied().unwrap_or_default().at(now)
    }

    /// Whether both say the same of every certificate.
    pub fn agrees_with(&self, other: &Self) -> bool {
        self.head.issuer == other.head.issuer && self.entries == other.entries
    }

    /// Makes the list ready for one signature by the status key.
    pub fn prepare(&self, key: &PublicKey) -> Prepared {
        text::prepare_list(self, key)
    }

    /// The list in a text, if one of `methods` signed it that is named [`status_method`] of the list's issuer. At most [`RevocationList::MOST`] entries, written in
    /// the one way there is to write them; so a text costs at most a few times its own length in memory.
    ///
    /// # Errors
    /// The first reason not to believe it.
    pub fn open(text: &str, methods: &[VerificationMethod]) -> Result<Self, BadList> {
        text::open_list(text, methods)
    }

    /// The issuer's DID.
    pub fn issuer(&self) -> &str {
        &self.head.issuer
    }

    /// Its number: 1, 2, 3 …
    pub fn number(&self) -> u64 {
        self.head.number
    }

    /// When it was issued.
    pub fn issued_at(&self) -> OffsetDateTime {
        self.head.issued_at
    }

    /// When a newer one will be there at the latest.
    pub fn next_update(&self) -> OffsetDateTime {
        self.head.next_update
    }

    /// How old it is; never below zero.
    pub fn age(&self, now: OffsetDateTime) -> Duration {
        (now - self.head.issued_at).max(Duration::ZERO)
    }

    /// Whether a newer one should be there.
    pub fn is_stale(&self, now: OffsetDateTime) -> bool {
        now >= self.head.next_update
    }

    /// How many certificates are not valid.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether all certificates are valid.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The W3C lists with a suspension that is over at `at`, ascending; a list may stand there twice.
    pub fn lists_of_suspensions_over(&self, at: OffsetDateTime) -> Vec<u64> {
        let over = self.entries.iter().filter(|(_, status)| status.at(at) == Status::Valid);
        over.filter_map(|(entry, _)| entry.list()).collect()
    }

    /// The certificates of ours in one W3C list (see [`Position::list`]) that are not valid, in order of place.
    pub fn in_list(&self, list: u64) -> impl Iterator<Item = (Position, Status)> {
        let start = Position::new(list.saturating_mul(Position::ENTRIES));
        let from_start = start.map(|start| self.entries.range(Entry::Ours(start)..));
        from_start.into_iter().flatten().map_while(move |(entry, status)| match entry {
            Entry::Ours(position) if position.list() == list => Some((*position, *status)),
            _ => None,
        })
    }
}

impl RevocationDelta {
    /// Makes the delta ready for one signature by the status key.
    pub fn prepare(&self, key: &PublicKey) -> Prepared {
        text::prepare_delta(self, key)
    }

    /// The delta in a text; as [`RevocationList::open`].
    ///
    /// # Errors
    /// The first reason not to believe it.
    pub fn open(text: &str, methods: &[VerificationMethod]) -> Result<Self, BadList> {
        text::open_delta(text, methods)
    }

    /// The list that `base` became.
    ///
    /// # Errors
    /// When it is another list than the one that was changed.
    pub fn apply(&self, base: &RevocationList) -> Result<RevocationList, NotItsBase> {
        if base.head.issuer != self.head.issuer {
            return Err(NotItsBase::Issuer);
        }
        if base.head.number != self.from {
            return Err(NotItsBase::Number { wanted: self.from, found: base.head.number });
        }
        let changes = self.entries.iter().map(|(entry, status)| (*entry, *status));
        Ok(RevocationList { head: self.head.clone(), entries: changed(&base.entries, changes, self.head.issued_at) })
    }

    /// The number of the list it changes.
    pub fn from(&self) -> u64 {
        self.from
    }

    /// The number of the list that comes of it.
    pub fn number(&self) -> u64 {
        self.head.number
    }

    /// The W3C lists in which it changes something, each once, ascending.
    pub fn lists(&self) -> Vec<u64> {
        let mut lists: Vec<u64> = self.entries.keys().filter_map(|entry| entry.list()).collect();
        lists.dedup();
        lists
    }
}

/// The entries after the changes, at the time of the new list.
fn changed(entries: &Entries, changes: impl Iterator<Item = (Entry, Status)>, at: OffsetDateTime) -> Entries {
    let mut entries = entries.clone();
    entries.extend(changes);
    entries.retain(|_, status| status.at(at) != Status::Valid);
    entries
}

/// UTC, cut to the second.
fn second(time: OffsetDateTime) -> OffsetDateTime {
    time.to_offset(UtcOffset::UTC) - Duration::nanoseconds(time.nanosecond().into())
}

/// The end of a suspension on a whole second: rather later than sooner.
fn whole(status: Status) -> Status {
    match status {
        Status::Suspended { until } if until.nanosecond() > 0 => {
            Status::Suspended { until: second(until).saturating_add(Duration::SECOND) }
        }
        Status::Suspended { until } => Status::Suspended { until: second(until) },
        other => other,
    }
}

#[cfg(test)]
mod tests;
