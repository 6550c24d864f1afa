//! QR codes: the payload as DIVOC's citizens hold it, the symbol, its pictures, and reading a payload back.
//!
//! ```text
//! Signed ─▶ Payload::of ─▶ Symbol::of ─▶ png, svg, bitmap ─▶ (paper, camera, scanner) ─▶ read ─▶ JSON
//!           zip, one entry   level M                                                     zip or JSON, bounded
//! ```
//!
//! DIVOC has two writers of the same payload. Its node service treats the zip as text, so that every byte above 0x7F becomes two in the symbol
//! ([`Form::Utf8`]: a usual certificate fills version 33); its Go service writes the bytes as they are ([`Form::Raw`]: version 27, less dense, easier to
//! scan). DIVOC's verifier and [`read`] take both.
//!
//! The same credential always gives the same bytes: the zip carries a fixed date, and no step asks for a clock or for randomness.

mod line;
mod mask;
mod payload;
mod picture;
mod symbol;
mod zip;

pub use payload::{Form, Payload, TooLarge, Unreadable, read};
pub use picture::Bitmap;
pub use symbol::Symbol;

#[cfg(test)]
mod tests;
