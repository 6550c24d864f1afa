//! Lists and deltas as signed text: a compact JWS over JSON that is written in one way only. Reading writes what was read once more and compares, so nothing
//! that is unsorted, doubled, longer than needed or unknown gets past.

use super::{
    BadJws, Entries, Entry, Head, RevocationDelta, RevocationList,
    coding::{Mark, Reader, Writer, parameter},
    status_method,
};
use crate::{Position, PublicKey, Status, VerificationMethod, jws, jws::Prepared};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Why a text is no list or delta to go by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadList {
    /// It is not signed by a key that was given.
    #[error(transparent)]
    Jws(#[from] BadJws),
    /// The key that signed it is not the status key of the issuer it names.
    #[error("it is signed by a key that is not its issuer's status key")]
    WrongKey,
    /// It is not written as lists are.
    #[error("it is not in the form of a revocation list: {0}")]
    Malformed(&'static str),
}

/// JWS `typ` of a list.
const LIST: &str = "revocation-list+jws";
/// JWS `typ` of a delta.
const DELTA: &str = "revocation-delta+jws";
/// The longest text that is looked at, in bytes: 16 MiB.
const MOST: usize = 16 << 20;
/// Bits of an entry that cannot be written with fewer.
const LEAST_BITS: usize = 2;

pub(super) fn prepare_list(list: &RevocationList, key: &PublicKey) -> Prepared {
    Prepared::new(key, LIST, &key.thumbprint(), &payload(&list.head, None, &list.entries))
}

pub(super) fn prepare_delta(delta: &RevocationDelta, key: &PublicKey) -> Prepared {
    Prepared::new(key, DELTA, &key.thumbprint(), &payload(&delta.head, Some(delta.from), &delta.entries))
}

pub(super) fn open_list(text: &str, methods: &[VerificationMethod]) -> Result<RevocationList, BadList> {
    let (head, from, entries) = open(text, LIST, methods)?;
    let over = entries.values().any(|status| status.at(head.issued_at) == Status::Valid);
    match from {
        Some(_) => Err(BadList::Malformed("a whole list starts from none")),
        None if over => Err(BadList::Malformed("it lists what is valid")),
        None => Ok(RevocationList { head, entries }),
    }
}

pub(super) fn open_delta(text: &str, methods: &[VerificationMethod]) -> Result<RevocationDelta, BadList> {
    let (head, from, entries) = open(text, DELTA, methods)?;
    let from = from.filter(|from| *from < head.number);
    let from = from.ok_or(BadList::Malformed("a delta starts from an earlier list"))?;
    Ok(RevocationDelta { head, from, entries })
}

fn open(text: &str, media_type: &str, methods: &[VerificationMethod]) -> Result<(Head, Option<u64>, Entries), BadList> {
    let (bytes, key) = jws::open(text, media_type, MOST, methods, PublicKey::thumbprint)?;
    let payload: Payload =
        serde_json::from_slice(&bytes).map_err(|_| BadList::Malformed("its members are not those of a list"))?;
    let name = status_method(&payload.iss);
    if !methods.iter().any(|method| method.key == *key && method.id == name) {
        return Err(BadList::WrongKey);
    }
    let entries = payload.entries()?;
    let head = payload.head()?;
    if self::payload(&head, payload.from, &entries).as_bytes() != bytes {
        return Err(BadList::Malformed("it could be written otherwise"));
    }
    Ok((head, payload.from, entries))
}

/// The signed JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    /// The issuer's DID.
    iss: String,
    number: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    /// Seconds since 1970, as RFC 7519 has them.
    iat: i64,
    #[serde(rename = "nextUpdate")]
    next_update: i64,
    /// By position.
    ours: Section,
    /// By digest of the id.
    foreign: Section,
}

/// Ascending numbers.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    count: usize,
    /// Rice's parameter.
    rice: u8,
    /// base64url.
    bits: String,
    /// When the suspensions in it end, in their order: seconds since 1970.
    until: Vec<i64>,
}

fn payload(head: &Head, from: Option<u64>, entries: &Entries) -> String {
    let ours = entries.iter().filter_map(|(entry, status)| match entry {
        Entry::Ours(position) => Some((position.number(), *status)),
        Entry::Foreign(_) => None,
    });
    let foreign = entries.iter().filter_map(|(entry, status)| match entry {
        Entry::Ours(_) => None,
        Entry::Foreign(digest) => Some((*digest, *status)),
    });
    let payload = Payload {
        iss: head.issuer.clone(),
        number: head.number,
        from,
        iat: head.issued_at.unix_timestamp(),
        next_update: head.next_update.unix_timestamp(),
        ours: Section::of(&ours.collect::<Vec<_>>()),
        foreign: Section::of(&foreign.collect::<Vec<_>>()),
    };
    // Texts and numbers always have a form in JSON.
    serde_json::to_string(&payload).unwrap_or_default()
}

impl Payload {
    fn head(&self) -> Result<Head, BadList> {
        let (issued_at, next_update) = (instant(self.iat)?, instant(self.next_update)?);
        if next_update <= issued_at || self.number == 0 {
            return Err(BadList::Malformed("its times or its number are none"));
        }
        Ok(Head { issuer: self.iss.clone(), number: self.number, issued_at, next_update })
    }

    fn entries(&self) -> Result<Entries, BadList> {
        if self.ours.count.saturating_add(self.foreign.count) > RevocationList::MOST {
            return Err(BadList::Malformed("it has too many entries"));
        }
        let position = |number| Position::new(number).map(Entry::Ours);
        let mut entries = self.ours.entries(position)?;
        entries.extend(self.foreign.entries(|digest| Some(Entry::Foreign(digest)))?);
        // Collected at once, ascending: the tree is built full.
        Ok(entries.into_iter().collect())
    }
}

impl Section {
    fn of(entries: &[(u64, Status)]) -> Self {
        let parameter = entries.last().map_or(0, |(last, _)| parameter(entries.len(), *last));
        let mut writer = Writer::new(parameter);
        let mut until = Vec::new();
        for (number, status) in entries {
            writer.write(
                *number,
                match status {
                    Status::Revoked => Mark::Revoked,
                    Status::Superseded => Mark::Superseded,
                    Status::Suspended { until: end } => {
                        until.push(end.unix_timestamp());
                        Mark::Suspended
                    }
                    Status::Valid => Mark::Valid,
                },
            );
        }
        Self { count: entries.len(), rice: parameter, bits: URL_SAFE_NO_PAD.encode(writer.finish()), until }
    }

    fn entries(&self, entry: impl Fn(u64) -> Option<Entry>) -> Result<Vec<(Entry, Status)>, BadList> {
        let bits = URL_SAFE_NO_PAD.decode(&self.bits).map_err(|_| BadList::Malformed("its bits are no base64url"))?;
        // Before memory is taken for them.
        if self.rice > 63 || self.count > bits.len() * 8 / LEAST_BITS {
            return Err(BadList::Malformed("it has fewer bits than its count asks for"));
        }
        let mut reader = Reader::new(&bits, self.rice);
        let mut until = self.until.iter();
        let mut entries = Vec::with_capacity(self.count);
        for _ in 0..self.count {
            let (number, mark) = reader.read().ok_or(BadList::Malformed("its bits end too soon"))?;
            let entry = entry(number).ok_or(BadList::Malformed("a position lies beyond all lists"))?;
            let status = match mark {
                Mark::Revoked => Status::Revoked,
                Mark::Superseded => Status::Superseded,
                Mark::Valid => Status::Valid,
                Mark::Suspended => {
                    let end = until.next().ok_or(BadList::Malformed("a suspension has no end"))?;
                    Status::Suspended { until: instant(*end)? }
                }
            };
            entries.push((entry, status));
        }
        Ok(entries)
    }
}

fn instant(seconds: i64) -> Result<OffsetDateTime, BadList> {
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| BadList::Malformed("a time is none"))
}
