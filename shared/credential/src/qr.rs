//! QR codes: the payload as DIVOC's citizens hold it, the symbol, its pictures, and reading a payload back.

use crate::Signed;

/// How the zip's bytes are written into the symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As DIVOC's node service does: each byte ≥ 0x80 as two bytes of UTF-8.
    Utf8,
    /// As DIVOC's Go service does: the bytes themselves.
    Raw,
}

/// What stands in the symbol: a zip with one entry, `certificate.json`.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload {}

/// The payload does not fit a QR code of level M.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the QR payload has {bytes} bytes, at most {most} fit")]
pub struct TooLarge {
    /// Bytes of the payload.
    pub bytes: usize,
    /// Bytes that fit version 40, level M.
    pub most: usize,
}

impl Payload {
    /// Bytes that a version 40 symbol of level M holds.
    pub const MOST: usize = 2331;

    /// The payload of a signed credential.
    ///
    /// # Errors
    /// When it is too large.
    pub fn of(_credential: &Signed, _form: Form) -> Result<Self, TooLarge> {
        todo!()
    }

    /// The bytes in the symbol.
    pub fn bytes(&self) -> &[u8] {
        todo!()
    }
}

/// A QR symbol of level M.
pub struct Symbol {}

impl Symbol {
    /// The smallest symbol that holds `payload`, in byte mode, with the mask that scores best.
    pub fn of(_payload: &Payload) -> Self {
        todo!()
    }

    /// Modules a side, without the quiet zone.
    pub fn modules(&self) -> usize {
        todo!()
    }

    /// Whether the module in column `x`, row `y` is dark; light outside.
    pub fn is_dark(&self, _x: usize, _y: usize) -> bool {
        todo!()
    }

    /// A 1-bit grey PNG with `scale` pixels a module and `margin` light modules around.
    pub fn png(&self, _scale: u32, _margin: u32) -> Vec<u8> {
        todo!()
    }

    /// An SVG `size` units wide with `margin` light modules around.
    pub fn svg(&self, _size: u32, _margin: u32) -> String {
        todo!()
    }
}

/// Why a QR code's content is no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Neither zip nor JSON.
    #[error("neither a zip with certificate.json nor JSON")]
    Neither,
    /// Larger than any credential when unpacked.
    #[error("unpacks to more than {0} bytes")]
    Bomb(usize),
}

/// Reads a payload back: raw zip bytes, UTF-8-expanded zip bytes, or plain JSON. Bounded in time and memory.
///
/// # Errors
/// See [`Unreadable`].
pub fn read(_scanned: &[u8]) -> Result<String, Unreadable> {
    todo!()
}
