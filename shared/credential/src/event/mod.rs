//! Certify events: DIVOC's request bodies for vaccinations (v1 and v3) and for test results, parsed once into types, with every fault at once.

mod dates;
mod digest;
mod document;
mod earlier;
mod identity;
mod parts;
mod reader;
mod request;
mod test_details;
#[cfg(test)]
mod tests;
mod values;

use crate::{BeneficiaryCode, Code, Contact, Faults, Issuance, Occasion, Profile, ProgrammeId, Unsigned};
pub use earlier::{Difference, EarlierDose};
pub(crate) use identity::is_iri;
use parts::{Act, Facility, Recipient};
use reader::{Collector, Object, wrong};
use serde_json::Value;
use std::{collections::HashMap, fmt};
use time::OffsetDateTime;
use values::Text;

/// Which of DIVOC's request schemas a body follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Schema {
    /// `POST /v1/certify`: domestic; age, or age derived from the date of birth; context v1.
    V1,
    /// `POST /v3/certify`: international; date of birth, ICD-11 code and prophylaxis; context v2. Gender, addresses and the vaccinator may be absent.
    V3,
    /// `POST /v1/test/certify`: a test's result; date of birth and no age; the context of test certificates. The verifier, and of the person the date of birth,
    /// nationality and address, may be absent.
    Test,
}

/// What a country sets for the events it takes.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The most events in one request.
    pub most_events: usize,
    /// Digits put before telephone numbers that have no country code, such as `91`.
    pub calling_code: String,
}

/// One event: a dose given to a beneficiary, or a test made on them. Personal data.
#[derive(Clone)]
pub struct Event {
    schema: Schema,
    beneficiary: BeneficiaryCode,
    programme: ProgrammeId,
    recipient: Recipient,
    act: Act,
    /// Who gave the dose or vouches for the test; empty where the schema lets it be absent.
    verifier: Text,
    facility: Facility,
    /// What the report says of doses before this one: no part of the certificate.
    earlier: Vec<EarlierDose>,
}

/// Names the one certificate that an event may become.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SlotKey {
    /// The programme.
    pub programme: ProgrammeId,
    /// The beneficiary.
    pub beneficiary: BeneficiaryCode,
    /// Which dose or which test.
    pub occasion: Occasion,
}

/// SHA-256 over everything of the event that the certificate or its delivery depends on. Equal digests: the same event again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventDigest(pub [u8; 32]);

impl Event {
    /// Parses a whole request body: a JSON array of events.
    ///
    /// `now` tells dates that lie in the future. Two events for one slot in one body are a fault unless they are equal; equal ones are both returned.
    ///
    /// # Errors
    /// Every fault of every event, each with its JSON Pointer; events in the body's order, members in the order of the published interface.
    pub fn parse_all(body: &Value, schema: Schema, now: OffsetDateTime, rules: &Rules) -> Result<Vec<Self>, Faults> {
        let (now, faults) = (dates::utc(now), Collector::default());
        let mut slots = HashMap::new();
        let mut events = Vec::new();
        for (index, item) in items(body, rules, &faults).unwrap_or_default().iter().enumerate() {
            let Some(event) = Self::parse(item, format!("/{index}"), schema, now, rules, &faults) else { continue };
            let digest = event.digest();
            if *slots.entry(event.slot()).or_insert(digest) != digest {
                let detail = "An earlier event of this request is for the same programme, beneficiary and dose or sample and says something else.";
                faults.add::<()>(format!("/{index}"), wrong(Code::Contradiction, detail));
            }
            events.push(event);
        }
        let faults = faults.into_faults();
        if faults.is_empty() { Ok(events) } else { Err(Faults(faults)) }
    }

    /// The slot that this event asks for.
    pub fn slot(&self) -> SlotKey {
        SlotKey {
            programme: self.programme.clone(),
            beneficiary: self.beneficiary.clone(),
            occasion: self.act.occasion(),
        }
    }

    /// What tells this event from another one for the same slot: the schema, every claim that reaches the credential, and the contacts.
    pub fn digest(&self) -> EventDigest {
        digest::digest(self)
    }

    /// The beneficiary's contacts in their order, none twice; possibly empty.
    pub fn contacts(&self) -> &[Contact] {
        &self.recipient.contacts
    }

    /// What the report says of doses that were given before this one, which may have certificates that say something else.
    pub fn earlier(&self) -> &[EarlierDose] {
        &self.earlier
    }

    /// The person, as a request writes them. Personal data.
    pub fn recipient(&self) -> Value {
        request::recipient(&self.recipient)
    }

    /// The credential, not yet signed: DIVOC's document (reference: certificate_signer's template), with the binding digest in `evidence[0].id`.
    pub fn credential(&self, profile: &Profile, issuance: &Issuance) -> Unsigned {
        document::credential(self, profile, issuance)
    }

    fn parse(
        item: &Value,
        pointer: String,
        schema: Schema,
        now: OffsetDateTime,
        rules: &Rules,
        faults: &Collector,
    ) -> Option<Self> {
        let event = Object::new(item, pointer, faults)?;
        // Read ahead, for person and act are judged by one another; their own faults are told in their places.
        let given = item.pointer("/vaccination/date").and_then(|date| dates::past_instant(date, now).ok());
        let born = item.pointer("/recipient/dob").and_then(|day| dates::birth(day).ok().flatten());
        let beneficiary = event.required("preEnrollmentCode", values::beneficiary);
        let programme = event.or_default("programId", values::programme);
        let unused = parts::unused(&event, schema);
        let recipient = event.object("recipient", |object| parts::recipient(object, schema, given, now, rules));
        let act = parts::act(&event, schema, born, now);
        let verifier = parts::verifier(&event, schema);
        let facility = event.object("facility", |object| parts::facility(object, schema));
        let dose = act.as_ref().and_then(|act| act.occasion().dose());
        let earlier = earlier::earlier_doses(&event, schema, dose, now);
        unused?;
        Some(Self {
            schema,
            beneficiary: beneficiary?,
            programme: programme?,
            recipient: recipient?,
            act: act?,
            verifier: verifier?,
            facility: facility?,
            earlier: earlier?,
        })
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Event(…)")
    }
}

/// The array's items. A longer array than is allowed is not read at all: the work for one request is bounded.
fn items<'a>(body: &'a Value, rules: &Rules, faults: &Collector) -> Option<&'a [Value]> {
    let refuse = |code, detail: String| faults.add(String::new(), wrong(code, detail));
    match body.as_array() {
        None => refuse(Code::Type, "The body must be a JSON array of events.".into()),
        Some(items) if items.is_empty() => refuse(Code::TooShort, "The array must have at least one event.".into()),
        Some(items) if items.len() > rules.most_events => {
            refuse(Code::TooLong, format!("The array may have at most {} events.", rules.most_events))
        }
        Some(items) => Some(items),
    }
}
