//! Anonymous facts of what was done, and how many there are of each kind.

use anyhow::Result;
use async_trait::async_trait;
use std::collections::BTreeMap;
use time::{Date, OffsetDateTime};

/// Facts and counters over them, durable once a call has returned.
///
/// For each day there is a counter for each value of each dimension, within the country and within each state: marginal numbers, never a cube. So what a
/// date range costs to read depends on its days and on how many states and vaccines there are, and not on how many certificates.
#[async_trait]
pub trait Tally: Send + Sync {
    /// Keeps the facts and adds them to their counters, each fact exactly once: one whose id was counted before changes nothing, alone or among others,
    /// however facts are grouped into calls. Answers how many were new. What a call counted before it failed stays counted, so the caller calls again.
    async fn count(&self, facts: &[Fact]) -> Result<u64>;

    /// The counters of a dimension within a scope, for each day from `from` to `until`, in no order; a value may come in several parts, to be added up.
    async fn counts(&self, scope: &Scope, by: Dimension, from: Date, until: Date) -> Result<Vec<Count>>;

    /// Facts of one shard (below [`Fact::SHARDS`]) of an hour, in order of their ids, from after `after` on, at most so many.
    async fn facts(&self, hour: OffsetDateTime, shard: u32, after: Option<&str>, most: usize) -> Result<Vec<Fact>>;
}

/// One thing that was done, without anything that leads to a person: where, for which age band, with which vaccine, but neither to whom nor at which minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Names what was done, so that it is counted once. A hash; it is never given away.
    pub id: String,
    /// What was done.
    pub kind: FactKind,
    /// The hour in which it was done, UTC.
    pub hour: OffsetDateTime,
    /// The country's day.
    pub day: Date,
    /// How often: once, but for what is reported together.
    pub times: u32,
    /// Its value in each dimension.
    pub values: BTreeMap<Dimension, String>,
}

impl Fact {
    /// How many shards an hour has, so that no partition of a table takes all of a campaign's writes.
    pub const SHARDS: u32 = 16;

    /// What stands for a value that nobody stated.
    pub const UNKNOWN: &str = "Unknown";

    /// Its value in a dimension.
    pub fn value(&self, dimension: Dimension) -> &str {
        self.values.get(&dimension).map_or(Self::UNKNOWN, String::as_str)
    }
}

/// What may have been done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FactKind {
    /// A certificate was issued.
    Issued,
    /// One was issued in place of another.
    Updated,
    /// One was taken back.
    Revoked,
    /// One was suspended.
    Suspended,
    /// A suspension was lifted.
    Lifted,
    /// One was fetched, as a page, a QR code or a credential.
    Fetched,
    /// Something that was shown was verified.
    Verified,
    /// An application says that something happened there.
    Reported,
}

impl FactKind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Issued,
        Self::Updated,
        Self::Revoked,
        Self::Suspended,
        Self::Lifted,
        Self::Fetched,
        Self::Verified,
        Self::Reported,
    ];

    /// The name in records and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Updated => "updated",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::Lifted => "lifted",
            Self::Fetched => "fetched",
            Self::Verified => "verified",
            Self::Reported => "reported",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// What facts are counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// `vaccination` or `test`.
    Certificate,
    /// The facility's state.
    State,
    /// The facility's district; counted within its state.
    District,
    /// Ten years of age.
    Age,
    /// The gender as it was stated.
    Gender,
    /// The vaccine, or what was tested for.
    Vaccine,
    /// The number of the dose.
    Dose,
    /// The kind of facility, as far as its name tells.
    Facility,
    /// The programme.
    Programme,
    /// How it was fetched, what verifying came to, or what an application reports.
    Way,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Certificate,
        Self::State,
        Self::District,
        Self::Age,
        Self::Gender,
        Self::Vaccine,
        Self::Dose,
        Self::Facility,
        Self::Programme,
        Self::Way,
    ];

    /// The name in records, questions and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::State => "state",
            Self::District => "district",
            Self::Age => "age",
            Self::Gender => "gender",
            Self::Vaccine => "vaccine",
            Self::Dose => "dose",
            Self::Facility => "facility",
            Self::Programme => "programme",
            Self::Way => "way",
        }
    }

    /// The dimension of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.as_str() == name)
    }
}

/// What part of the country is counted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// All of it.
    Country,
    /// One state, by its value in [`Dimension::State`].
    State(String),
}

impl Scope {
    /// Whether there are counters by the dimension: districts belong to states, and a state is not counted by states.
    pub fn has(&self, by: Dimension) -> bool {
        match self {
            Self::Country => by != Dimension::District,
            Self::State(_) => by != Dimension::State,
        }
    }
}

/// How many of a kind had a value on a day; a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// The day.
    pub day: Date,
    /// The kind.
    pub kind: FactKind,
    /// The value.
    pub value: String,
    /// How many.
    pub number: u64,
}
