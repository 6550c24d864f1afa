//! The QR code as a picture of dots.

use credential::qr::Symbol;

/// The modules of a QR code, row by row, without quiet zone.
pub(crate) struct Grid {
    rows: Vec<Vec<bool>>,
}

impl Grid {
    pub(crate) fn of(symbol: &Symbol) -> Self {
        let modules = symbol.modules();
        Self { rows: (0..modules).map(|y| (0..modules).map(|x| symbol.is_dark(x, y)).collect()).collect() }
    }

    /// Modules a side; at most 177, by the QR code's standard.
    pub(crate) fn modules(&self) -> u16 {
        u16::try_from(self.rows.len()).unwrap_or(u16::MAX)
    }

    /// Dots a side of [`Self::dots`].
    pub(crate) fn side(&self) -> i32 {
        i32::from(self.modules()) * i32::from(DOTS)
    }

    /// One bit a dot, dark is 0, rows padded to whole bytes. Four dots a module: viewers at 100 dots an inch blur a picture of one
    /// dot a module until no camera reads it.
    pub(crate) fn dots(&self) -> Vec<u8> {
        let nibble = |module: Option<&bool>| if module.copied().unwrap_or(true) { 0x0 } else { 0xf };
        let line = |row: &Vec<bool>| {
            let bytes = row.chunks(2).map(|pair| (nibble(pair.first()) << 4) | nibble(pair.get(1)));
            bytes.collect::<Vec<u8>>().repeat(usize::from(DOTS))
        };
        self.rows.iter().flat_map(line).collect()
    }
}

/// Dots a module, in both directions: half a byte.
const DOTS: u8 = 4;

#[cfg(test)]
impl Grid {
    /// A made-up code of `side` modules.
    pub(crate) fn from_fn(side: usize, dark: impl Fn(usize, usize) -> bool) -> Self {
        Self { rows: (0..side).map(|y| (0..side).map(|x| dark(x, y)).collect()).collect() }
    }
}
