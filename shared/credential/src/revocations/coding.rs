//! Sorted numbers with a status each, in as few bits as they need: Rice codes of the gaps (Golomb 1966, Rice 1979), behind each one to three bits of status.
//!
//! At one certificate in a thousand a gap costs 11.5 bits, where the least possible is 11.4.

/// What is kept of a status in the bits; the end of a suspension lies aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// `0`.
    Revoked,
    /// `10`.
    Superseded,
    /// `110`.
    Suspended,
    /// `111`: only in deltas, for an entry that goes.
    Valid,
}

/// Rice's parameter for `count` numbers up to `last`: low bits of a gap that are written as they are. ln 2 of the mean gap is the best divisor.
pub(super) fn parameter(count: usize, last: u64) -> u8 {
    let count = u128::try_from(count).unwrap_or(u128::MAX).max(1);
    let divisor = (u128::from(last) + 1) * 11 / (16 * count);
    divisor.checked_ilog2().and_then(|bits| u8::try_from(bits).ok()).unwrap_or(0)
}

/// Writes ascending numbers.
#[derive(Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
    free: u8,
    parameter: u8,
    next: u64,
}

impl Writer {
    pub(super) fn new(parameter: u8) -> Self {
        Self { parameter, ..Self::default() }
    }

    /// `number` is larger than any before.
    pub(super) fn write(&mut self, number: u64, mark: Mark) {
        let gap = number.saturating_sub(self.next);
        self.next = number.saturating_add(1);
        for _ in 0..gap >> self.parameter {
            self.bit(true);
        }
        self.bit(false);
        for place in (0..self.parameter).rev() {
            self.bit(gap >> place & 1 == 1);
        }
        let bits: &[bool] = match mark {
            Mark::Revoked => &[false],
            Mark::Superseded => &[true, false],
            Mark::Suspended => &[true, true, false],
            Mark::Valid => &[true, true, true],
        };
        for bit in bits {
            self.bit(*bit);
        }
    }

    /// The bits, filled up with zeros to whole bytes.
    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn bit(&mut self, bit: bool) {
        if self.free == 0 {
            self.bytes.push(0);
            self.free = 8;
        }
        self.free -= 1;
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << self.free;
        }
    }
}

/// Reads them back. What it reads may be anything: it ends with `None` when the bits do, or when a number passes 2⁶⁴.
pub(super) struct Reader<'b> {
    bytes: &'b [u8],
    at: usize,
    parameter: u8,
    next: Option<u64>,
}

impl<'b> Reader<'b> {
    /// The parameter is below 64.
    pub(super) fn new(bytes: &'b [u8], parameter: u8) -> Self {
        Self { bytes, at: 0, parameter, next: Some(0) }
    }

    pub(super) fn read(&mut self) -> Option<(u64, Mark)> {
        let mut high = 0_u64;
        while self.bit()? {
            high += 1;
        }
        let mut gap = high.checked_mul(1_u64.checked_shl(self.parameter.into())?)?;
        for place in (0..self.parameter).rev() {
            gap |= u64::from(self.bit()?) << place;
        }
        let number = self.next?.checked_add(gap)?;
        self.next = number.checked_add(1);
        for mark in [Mark::Revoked, Mark::Superseded, Mark::Suspended] {
            if !self.bit()? {
                return Some((number, mark));
            }
        }
        Some((number, Mark::Valid))
    }

    fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1 == 1;
        self.at += 1;
        Some(bit)
    }
}
