//! One verifier for everything: what a person shows goes in, a verdict with its reasons comes out.
//!
//! ```text
//! bytes ─▶ read ─▶ JSON ─▶ judge(·, Trust, now) ─▶ Report ─▶ JSON
//!   credential, QR text,         keys, revocation list
//!   photograph, PDF
//! ```
//!
//! The same code answers over HTTP, on the command line and in a browser. It is pure: no clock, randomness, network or environment, nothing is stored, and
//! every input is bounded in bytes, pixels and depth before work is spent on it.
//!
//! A [`Report`] says no more of a person than DIVOC's own verifier shows, and nothing that the signature does not cover.

mod facts;
mod judge;
mod pdf;
mod picture;
mod reading;
mod reason;
mod report;
mod scan;

pub use facts::{Course, Facts};
pub use judge::{Examined, Trust, examine, gravity, judge};
pub use reading::{MOST_BYTES, Reading, Source, Unreadable, read, read_frame, read_pixels};
pub use reason::{Code, Reason};
pub use report::{Report, Signature, Standing, StatusReport, Verdict};
