//! The symbol: codewords, modules and the mask that scores best.

use super::{
    line::Line,
    mask::{Grid, Mask},
    payload::Payload,
};
use qrcode::{
    EcLevel, QrResult, Version,
    bits::Bits,
    canvas::{Canvas, Module},
    ec,
};

/// A QR symbol of level M.
pub struct Symbol {
    pub(super) rows: Vec<Line>,
}

impl Symbol {
    /// The smallest symbol that holds `payload`, in byte mode, with the mask that scores best.
    ///
    /// Error correction stays at level M, as DIVOC prints it, even where a symbol of the same size had room for more.
    pub fn of(payload: &Payload) -> Self {
        Self::holding(payload.bytes())
    }

    /// The symbol of a text, such as a link; `None` if it is longer than [`Payload::MOST`] bytes.
    pub fn of_text(text: &str) -> Option<Self> {
        (text.len() <= Payload::MOST).then(|| Self::holding(text.as_bytes()))
    }

    /// As [`Symbol::of`], of at most [`Payload::MOST`] bytes.
    pub(super) fn holding(bytes: &[u8]) -> Self {
        // A payload fits version 40 by its type; were that broken, the symbol would be empty, never wrong.
        let (version, codewords) = smallest(bytes).unwrap_or((Version::Normal(1), (Vec::new(), Vec::new())));
        let (dark, free) = drawn(version, &codewords);
        let candidates = Mask::ALL.map(|mask| {
            let mut grid = dark.masked(&free, mask);
            put_format(&mut grid, mask);
            grid
        });
        // The first of equals, as the standard counts them.
        let best = candidates.into_iter().min_by_key(Grid::penalty);
        Self { rows: best.map(|grid| grid.rows).unwrap_or_default() }
    }

    /// Modules a side, without the quiet zone: 17 + 4 × version.
    pub fn modules(&self) -> usize {
        self.rows.len()
    }

    /// Whether the module in column `x`, row `y` is dark; light outside.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        self.rows.get(y).is_some_and(|row| row.has(x))
    }
}

/// Data and error correction codewords, interleaved.
type Codewords = (Vec<u8>, Vec<u8>);

/// The smallest version that holds `bytes`, with its codewords.
fn smallest(bytes: &[u8]) -> Option<(Version, Codewords)> {
    let version = (1..=40).map(Version::Normal).find(|version| fits(bytes.len(), *version))?;
    codewords(bytes, version).ok().map(|codewords| (version, codewords))
}

fn fits(bytes: usize, version: Version) -> bool {
    // Mode and length take 12 bits up to version 9, 20 bits from there on.
    let overhead = if matches!(version, Version::Normal(..=9)) { 12 } else { 20 };
    Bits::new(version).max_len(EcLevel::M).is_ok_and(|room| overhead + 8 * bytes <= room)
}

/// One segment in byte mode: left to itself, the crate would write some pairs of bytes as Kanji, which readers hand back in another encoding.
fn codewords(bytes: &[u8], version: Version) -> QrResult<Codewords> {
    let mut bits = Bits::new(version);
    bits.push_byte_data(bytes)?;
    bits.push_terminator(EcLevel::M)?;
    ec::construct_codewords(&bits.into_bytes(), version, EcLevel::M)
}

/// The dark modules before masking, and the modules that a mask may invert.
fn drawn(version: Version, (data, correction): &Codewords) -> (Grid, Grid) {
    let mut canvas = Canvas::new(version, EcLevel::M);
    canvas.draw_all_functional_patterns();
    canvas.draw_data(data, correction);
    let modules = usize::try_from(version.width()).unwrap_or_default();
    let (mut dark, mut free) = (Grid::light(modules), Grid::light(modules));
    for (y, row) in (0..version.width()).zip(0..) {
        for (x, column) in (0..version.width()).zip(0..) {
            let module = canvas.get(x, y);
            // The few modules left over after the last codeword are masked too.
            if !matches!(module, Module::Masked(_)) {
                free.put(column, row, true);
            }
            if module.is_dark() {
                dark.put(column, row, true);
            }
        }
    }
    (dark, free)
}

/// Writes the format information twice, around the finders (figure 25 of the standard), and the module that is always dark.
fn put_format(grid: &mut Grid, mask: Mask) {
    let last = grid.rows.len().saturating_sub(1);
    let format = mask.format();
    for bit in 0..15 {
        let dark = (format >> bit) & 1 == 1;
        let (x, y) = match bit {
            0..6 => (8, bit),
            6 | 7 => (8, bit + 1),
            8 => (7, 8),
            _ => (14 - bit, 8),
        };
        grid.put(x, y, dark);
        let (x, y) = if bit < 8 { (last - bit, 8) } else { (8, last + bit - 14) };
        grid.put(x, y, dark);
    }
    grid.put(8, last.saturating_sub(7), true);
}

#[cfg(test)]
mod tests {
    use super::*;
    use qrcodegen::{QrCode, QrCodeEcc, QrSegment, Version as Size};

    /// Whether every module is as an independent implementation draws it, and so the mask is the same too.
    fn agrees(bytes: &[u8]) -> bool {
        let segment = QrSegment::make_bytes(bytes);
        let theirs =
            QrCode::encode_segments_advanced(&[segment], QrCodeEcc::Medium, Size::MIN, Size::MAX, None, false).unwrap();
        let ours = Symbol::holding(bytes);
        let side = usize::try_from(theirs.size()).unwrap();
        let modules = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
        ours.modules() == side
            && modules.into_iter().all(|(x, y)| {
                let theirs = theirs.get_module(i32::try_from(x).unwrap(), i32::try_from(y).unwrap());
                ours.is_dark(x, y) == theirs
            })
    }

    /// Bytes that look random, the same in every run.
    fn bytes(length: usize, seed: u64) -> Vec<u8> {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_be_bytes()[0]
        })
        .take(length)
        .collect()
    }

    /// The largest payload of each version.
    fn rooms() -> impl Iterator<Item = usize> {
        (1..=40).map(|version| (0..=Payload::MOST).rfind(|bytes| fits(*bytes, Version::Normal(version))).unwrap())
    }

    #[test]
    fn symbols_of_all_versions_equal_those_of_an_independent_implementation() {
        for (version, room) in (1_u64..).zip(rooms()) {
            for content in
                [bytes(room, version), bytes(room - 1, version), vec![0; room], vec![b'{'; room / 2 + room / 3]]
            {
                assert!(agrees(&content), "version {version}, {} bytes", content.len());
            }
        }
    }

    #[test]
    fn one_byte_more_than_a_version_holds_takes_the_next_one() {
        for (version, room) in (1..40).zip(rooms()) {
            assert_eq!(Symbol::holding(&bytes(room, 1)).modules(), 17 + 4 * version);
            assert_eq!(Symbol::holding(&bytes(room + 1, 1)).modules(), 21 + 4 * version);
        }
        assert_eq!(rooms().last(), Some(Payload::MOST));
    }

    #[test]
    fn outside_the_symbol_all_is_light() {
        let symbol = Symbol::holding(b"{}");
        assert!(symbol.is_dark(20, 0), "the corner of a finder");
        assert!(![(21, 0), (0, 21), (64, 0), (usize::MAX, usize::MAX)].iter().any(|(x, y)| symbol.is_dark(*x, *y)));
    }

    proptest::proptest! {
        #[test]
        fn symbols_of_any_payload_equal_those_of_an_independent_implementation(
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 1..=Payload::MOST)
        ) {
            proptest::prop_assert!(agrees(&bytes));
        }
    }
}
