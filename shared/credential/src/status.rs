//! Where a certificate stands after it was issued, and where its entry lies in the lists that verifiers keep.
//!
//! A certificate's place in the lists is part of its id, so whoever holds a certificate finds its status without asking anyone.

use crate::crypto::HmacKey;
use time::OffsetDateTime;

/// Where a certificate stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Status {
    /// Nothing speaks against it.
    #[default]
    Valid,
    /// Not valid until then, valid again afterwards. Whoever reads it compares with the clock, so nobody has to lift it.
    Suspended {
        /// The first instant at which it is valid again.
        until: OffsetDateTime,
    },
    /// Corrected: another certificate took its place.
    Superseded,
    /// Taken back for good.
    Revoked,
}

impl Status {
    /// What it comes to at `now`: a suspension that is over is none.
    #[must_use]
    pub fn at(self, now: OffsetDateTime) -> Self {
        match self {
            Self::Suspended { until } if until <= now => Self::Valid,
            other => other,
        }
    }

    /// When a suspension ends.
    pub fn until(self) -> Option<OffsetDateTime> {
        if let Self::Suspended { until } = self { Some(until) } else { None }
    }

    /// The status in answers and in storage.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Suspended { .. } => "suspended",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
        }
    }
}

/// The place of one certificate in the status lists: which list, and which entry of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(u64);

impl Position {
    /// Entries of one list: the least that W3C's Bitstring Status List asks for, so that looking one up tells little.
    pub const ENTRIES: u64 = 1 << 17;
    /// Positions that there are: 524,288 lists, 68.7 billion certificates.
    pub const MOST: u64 = 1 << 36;

    /// `None` beyond [`Position::MOST`].
    pub fn new(number: u64) -> Option<Self> {
        (number < Self::MOST).then_some(Self(number))
    }

    /// Entries of one list that no certificate is ever given: those that are set are decoys.
    pub const RESERVED: u64 = Self::ENTRIES / 16;
    /// Certificates of one list.
    pub const GIVEN: u64 = Self::ENTRIES - Self::RESERVED;

    /// The place of the certificate that was given this number, in order of issue. Within its list the place is drawn by `secret`, so that it tells
    /// nobody else when a certificate was issued or which ones were issued together. No two numbers share a place. `None` beyond [`Position::MOST`].
    pub fn of_number(number: u64, secret: &[u8; 32]) -> Option<Self> {
        let key = HmacKey::new(secret);
        Self::drawn(number / Self::GIVEN, number % Self::GIVEN, &key)
    }

    /// The places of one list that [`Position::of_number`] never gives, in an order drawn by the same secret.
    pub fn reserved(list: u64, secret: &[u8; 32]) -> impl DoubleEndedIterator<Item = Self> {
        let key = HmacKey::new(secret);
        (Self::GIVEN..Self::ENTRIES).filter_map(move |entry| Self::drawn(list, entry, &key))
    }

    /// Where an entry of a list lies after shuffling.
    fn drawn(list: u64, mut entry: u64, key: &HmacKey) -> Option<Self> {
        // The permutation is one of 2¹⁸; walking until it comes back below 2¹⁷ makes it one of 2¹⁷.
        loop {
            entry = shuffled(entry, list, key);
            if entry < Self::ENTRIES {
                return Self::new(list.saturating_mul(Self::ENTRIES).saturating_add(entry));
            }
        }
    }

    /// The position as one number.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The list's number.
    pub fn list(self) -> u64 {
        self.0 / Self::ENTRIES
    }

    /// The entry within the list.
    pub fn entry(self) -> u64 {
        self.0 % Self::ENTRIES
    }
}

/// A permutation of 18 bits: a Feistel network of four rounds (Luby and Rackoff) whose rounds are HMAC-SHA-256.
fn shuffled(entry: u64, list: u64, key: &HmacKey) -> u64 {
    const HALF: u64 = (1 << 9) - 1;
    let (mut left, mut right) = (entry >> 9 & HALF, entry & HALF);
    for round in 0..4_u64 {
        let message = [list.to_le_bytes(), round.to_le_bytes(), right.to_le_bytes()].concat();
        let mixed = key.sign(&message).iter().take(2).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        (left, right) = (right, left ^ mixed & HALF);
    }
    left << 9 | right
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CertificateId;
    use std::collections::BTreeSet;
    use time::macros::datetime;

    #[test]
    fn every_number_of_a_list_has_a_place_of_its_own_in_that_list_and_the_reserved_ones_are_the_rest() {
        let list = 5;
        let numbers = list * Position::GIVEN..(list + 1) * Position::GIVEN;
        let given = numbers.filter_map(|number| Position::of_number(number, &[7; 32]));
        let places: Vec<_> = given.chain(Position::reserved(list, &[7; 32])).collect();
        let distinct: BTreeSet<_> = places.iter().map(|place| place.entry()).collect();
        assert_eq!(u64::try_from(distinct.len()).unwrap(), Position::ENTRIES);
        assert!(places.iter().all(|place| place.list() == list));
        // Neighbours by number are strangers by place: the mean distance of two random entries is a third of the list.
        let distance: u64 = places.windows(2).map(|pair| pair[0].entry().abs_diff(pair[1].entry())).sum();
        let mean = distance / (Position::ENTRIES - 1);
        assert!(mean.abs_diff(Position::ENTRIES / 3) < Position::ENTRIES / 100, "{mean}");
    }

    #[test]
    fn another_secret_and_another_list_shuffle_otherwise() {
        let entries = |list: u64, secret: u8| {
            let numbers = (0..100).map(|entry| list * Position::GIVEN + entry);
            numbers.map(|number| Position::of_number(number, &[secret; 32]).unwrap().entry()).collect::<Vec<_>>()
        };
        assert_ne!(entries(0, 1), entries(0, 2));
        assert_ne!(entries(0, 1), entries(1, 1));
    }

    #[test]
    fn an_id_of_ours_tells_its_position_and_a_foreign_one_has_none() {
        for number in [0, 1, Position::ENTRIES, Position::MOST - 1] {
            for random in [0, 1, u128::MAX] {
                let position = Position::new(number).unwrap();
                let id = CertificateId::new(position, random);
                assert_eq!((id.as_str().len(), id.position()), (CertificateId::DIGITS, Some(position)));
            }
        }
        assert_eq!(Position::new(Position::MOST), None);
        for foreign in
            ["123456789", "98765432101", "01234567890123456789", "1234567890123456789a", "99999999999999999999"]
        {
            assert_eq!(CertificateId::parse(foreign).unwrap().position(), None, "{foreign}");
        }
    }

    #[test]
    fn a_suspension_ends_by_itself() {
        let until = datetime!(2026-12-01 0:00 UTC);
        let suspended = Status::Suspended { until };
        assert_eq!(suspended.at(datetime!(2026-11-30 23:59:59 UTC)), suspended);
        assert_eq!(suspended.at(until), Status::Valid);
        assert_eq!(Status::Revoked.at(until), Status::Revoked);
    }
}
