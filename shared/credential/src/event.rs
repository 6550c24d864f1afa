//! Certify events: DIVOC's v1 and v3 request bodies, parsed once into types, with every fault at once.

use crate::{BeneficiaryCode, Contact, Dose, Faults, Issuance, Kind, Profile, ProgrammeId, Unsigned};
use serde_json::Value;
use time::OffsetDateTime;

/// Which of DIVOC's request schemas a body follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Schema {
    /// `POST /v1/certify`: domestic; age, or age derived from the date of birth; context v1.
    V1,
    /// `POST /v3/certify`: international; date of birth, ICD-11 code and prophylaxis; context v2.
    V3,
}

/// What a country sets for the events it takes.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The most events in one request.
    pub most_events: usize,
    /// Digits put before telephone numbers that have no country code, such as `91`.
    pub calling_code: String,
}

/// One event: a dose given to a beneficiary.
#[derive(Clone)]
pub struct Event {}

/// Names the one certificate that an event may become.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SlotKey {
    /// The programme.
    pub programme: ProgrammeId,
    /// The beneficiary.
    pub beneficiary: BeneficiaryCode,
    /// What is attested.
    pub kind: Kind,
    /// Which dose.
    pub dose: Dose,
}

/// SHA-256 over everything of the event that the certificate or its delivery depends on. Equal digests: the same event again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventDigest(pub [u8; 32]);

impl Event {
    /// Parses a whole request body: a JSON array of events.
    ///
    /// `now` tells dates that lie in the future. Two events for one slot in one body are a fault unless they are equal.
    ///
    /// # Errors
    /// Every fault of every event, each with its JSON Pointer.
    pub fn parse_all(_body: &Value, _schema: Schema, _now: OffsetDateTime, _rules: &Rules) -> Result<Vec<Self>, Faults> {
        todo!()
    }

    /// The slot that this event asks for.
    pub fn slot(&self) -> SlotKey {
        todo!()
    }

    /// What tells this event from another one for the same slot.
    pub fn digest(&self) -> EventDigest {
        todo!()
    }

    /// The beneficiary's contacts.
    pub fn contacts(&self) -> &[Contact] {
        todo!()
    }

    /// The credential, not yet signed: DIVOC's document (reference: certificate_signer's template), with the binding digest in `evidence[0].id`.
    pub fn credential(&self, _profile: &Profile, _issuance: &Issuance) -> Unsigned {
        todo!()
    }
}
