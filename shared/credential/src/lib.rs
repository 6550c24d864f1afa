//! What is signed: DIVOC's verifiable credential, from the event that a vaccinating or testing system reports to the bytes that a border reads.
//!
//! ```text
//! Event::parse_all ─▶ Event::credential ─▶ Unsigned::prepare ─▶ (a key outside signs) ─▶ Prepared::seal ─▶ Signed
//!                                                                                                        ├─▶ qr::Payload ─▶ qr::Symbol
//!                                                                                                        └─▶ verify
//! ```
//!
//! Everything here is a pure function of its arguments: no clock, no randomness, no network, no environment. The same input gives the same bytes.

pub mod binding;
pub mod bitstring;
pub mod canonical;
pub mod chain;
pub mod checked;
pub mod claims;
pub mod context;
mod crypto;
pub mod event;
pub mod exchange;
pub mod facts;
pub mod fault;
pub mod issuance;
pub mod jws;
pub mod keys;
pub mod proof;
pub mod qr;
pub mod revocations;
pub mod status;
pub mod traits;
pub mod vaccine;
pub mod verify;

pub use claims::{BeneficiaryCode, CertificateId, Contact, Dose, Kind, Occasion, ProgrammeId};
pub use event::{Difference, EarlierDose, Event, EventDigest, Rules, Schema, SlotKey};
pub use facts::Facts;
pub use fault::{Code, Fault, Faults};
pub use issuance::{Issuance, Profile};
pub use keys::{Life, Origin, PublicKey, Purpose, VerificationMethod};
pub use proof::{Prepared, Signed, Suite, Unsigned};
pub use revocations::{RevocationDelta, RevocationList};
pub use status::{Position, Status};
pub use verify::{Flaw, Refusal, Verified, verify};
