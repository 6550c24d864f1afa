//! The parts of an event and how they are read from the body: DIVOC's `CertificationRequest` (v1), `CertificationRequestV2` (v3) and
//! `TestCertificationRequest`, member by member.

use super::{
    Rules, Schema,
    dates::{begins_after, birth, day_or_instant, full_years, past_birth, past_instant},
    identity::{Identity, identity},
    reader::{Object, Reading},
    test_details::{TestDetails, test_details},
    values::{Text, age, contact, country, dose, filled, filled_or_empty, filled_postal_code, postal_code, text},
};
use crate::{Code, Contact, Dose, Occasion};
use serde_json::Value;
use time::{Date, OffsetDateTime};

/// Who received the dose or was tested. Personal data.
#[derive(Clone)]
pub(super) struct Recipient {
    pub(super) name: Text,
    pub(super) birth: Birth,
    pub(super) gender: Text,
    pub(super) nationality: Text,
    pub(super) identity: Identity,
    pub(super) contacts: Vec<Contact>,
    pub(super) address: Address,
}

/// What is known of a person's age. Personal data.
#[derive(Clone, Copy)]
pub(super) enum Birth {
    /// The date of birth alone.
    Day(Date),
    /// The age alone, in years.
    Age(u8),
    /// Both, as sent; they agree to about a year.
    DayAndAge(Date, u8),
    /// Nothing, which only a test's event may say.
    Unknown,
}

/// What was done.
#[derive(Clone)]
pub(super) enum Act {
    /// A dose was given.
    Vaccination(Vaccination),
    /// A sample was tested.
    Test(TestDetails),
}

impl Act {
    pub(super) fn occasion(&self) -> Occasion {
        match self {
            Self::Vaccination(vaccination) => Occasion::Dose(vaccination.dose),
            Self::Test(test) => Occasion::Sample(test.sampled_at),
        }
    }
}

/// What was given, when, and until when it counts.
#[derive(Clone)]
pub(super) struct Vaccination {
    pub(super) name: Text,
    pub(super) batch: Text,
    pub(super) manufacturer: Text,
    /// UTC, to the millisecond.
    pub(super) date: OffsetDateTime,
    pub(super) effective_start: Date,
    pub(super) effective_until: Date,
    pub(super) dose: Dose,
    pub(super) total_doses: Dose,
}

/// Where it was done.
#[derive(Clone)]
pub(super) struct Facility {
    pub(super) name: Text,
    pub(super) address: Address,
}

/// An address; where the schema lets it be absent, all of it is empty.
#[derive(Clone, Default)]
pub(super) struct Address {
    pub(super) line1: Text,
    pub(super) line2: Text,
    pub(super) district: Text,
    pub(super) city: Text,
    pub(super) state: Text,
    /// Empty where the caller named none.
    pub(super) country: Text,
    pub(super) postal_code: Text,
}

/// More contacts than a person has; a store keeps one entry for each.
const MOST_CONTACTS: usize = 10;

/// Further illnesses that are sent along and left out of the credential.
const MOST_COMORBIDITIES: usize = 100;

/// `recipient`; `given` is when the dose was given, if that could be read.
pub(super) fn recipient(
    recipient: &Object<'_>,
    schema: Schema,
    given: Option<OffsetDateTime>,
    now: OffsetDateTime,
    rules: &Rules,
) -> Option<Recipient> {
    let name = recipient.required("name", filled);
    let birth = match schema {
        Schema::V1 | Schema::V3 => read_birth(recipient, given, now),
        Schema::Test => read_birth_of_tested(recipient, now),
    };
    let gender = match schema {
        Schema::V1 | Schema::Test => recipient.required("gender", filled),
        Schema::V3 => recipient.or_default("gender", filled_or_empty),
    };
    let nationality = match schema {
        Schema::V1 | Schema::V3 => recipient.required("nationality", filled),
        Schema::Test => recipient.or_default("nationality", filled_or_empty),
    };
    let identity = recipient.required("identity", identity);
    let contacts = recipient
        .required_list("contact", MOST_CONTACTS, |entry| contact(entry, &rules.calling_code))
        .map(without_repetition);
    let read = |object: &Object<'_>| address(object, postal_code);
    let address = match schema {
        Schema::V1 => recipient.object("address", read),
        Schema::V3 | Schema::Test => recipient.object_or_default("address", read),
    };
    Some(Recipient {
        name: name?,
        birth: birth?,
        gender: gender?,
        nationality: nationality?,
        identity: identity?,
        contacts: contacts?,
        address: address?,
    })
}

/// `vaccination` or `testDetails`; `born` is the date of birth, if that could be read.
pub(super) fn act(event: &Object<'_>, schema: Schema, born: Option<Date>, now: OffsetDateTime) -> Option<Act> {
    match schema {
        Schema::V1 | Schema::V3 => {
            event.object("vaccination", |object| vaccination(object, born, now)).map(Act::Vaccination)
        }
        Schema::Test => event.object("testDetails", |object| test_details(object, born, now)).map(Act::Test),
    }
}

fn vaccination(vaccination: &Object<'_>, born: Option<Date>, now: OffsetDateTime) -> Option<Vaccination> {
    let name = vaccination.required("name", text);
    let batch = vaccination.or_default("batch", text);
    let manufacturer = vaccination.required("manufacturer", text);
    let date = after_birth(vaccination, "date", born, now, "The dose must not be given before the date of birth.");
    let effective = read_effective(vaccination);
    let number = vaccination.required("dose", dose);
    let total_doses = vaccination.required("totalDoses", dose);
    let (effective_start, effective_until) = effective?;
    Some(Vaccination {
        name: name?,
        batch: batch?,
        manufacturer: manufacturer?,
        date: date?,
        effective_start,
        effective_until,
        dose: number?,
        total_doses: total_doses?,
    })
}

/// The name of who gave the dose (`vaccinator`) or vouches for the test (`verifier`).
pub(super) fn verifier(event: &Object<'_>, schema: Schema) -> Option<Text> {
    let read = |verifier: &Object<'_>| verifier.required("name", filled);
    match schema {
        Schema::V1 => event.object("vaccinator", read),
        Schema::V3 => event.object_or_default("vaccinator", read),
        Schema::Test => event.object_or_default("verifier", read),
    }
}

/// `facility`.
pub(super) fn facility(facility: &Object<'_>, schema: Schema) -> Option<Facility> {
    let name = facility.required("name", filled);
    let read = |object: &Object<'_>| address(object, filled_postal_code);
    let address = match schema {
        Schema::V1 | Schema::Test => facility.object("address", read),
        Schema::V3 => facility.object_or_default("address", read),
    };
    Some(Facility { name: name?, address: address? })
}

/// Members that are read for their faults only: they reach no credential.
pub(super) fn unused(event: &Object<'_>, schema: Schema) -> Option<()> {
    match schema {
        Schema::V1 | Schema::V3 => {
            let enrolment = event.or_default("enrollmentType", filled);
            let illnesses = event.list("comorbidities", MOST_COMORBIDITIES, text);
            enrolment.and(illnesses).map(drop)
        }
        Schema::Test => Some(()),
    }
}

fn address(address: &Object<'_>, postal: fn(&Value) -> Reading<Text>) -> Option<Address> {
    let line1 = address.required("addressLine1", text);
    let line2 = address.or_default("addressLine2", text);
    let city = address.or_default("city", text);
    let district = address.required("district", filled);
    let state = address.required("state", filled);
    let postal_code = address.required("pincode", postal);
    let country = address.or_default("country", country);
    Some(Address {
        line1: line1?,
        line2: line2?,
        district: district?,
        city: city?,
        state: state?,
        country: country?,
        postal_code: postal_code?,
    })
}

/// The past instant `name`, which must not come before the date of birth; `detail` says so.
pub(super) fn after_birth(
    act: &Object<'_>,
    name: &str,
    born: Option<Date>,
    now: OffsetDateTime,
    detail: &'static str,
) -> Option<OffsetDateTime> {
    let instant = act.required(name, |value| past_instant(value, now))?;
    // A date of birth in the future has a fault of its own.
    if born.is_some_and(|born| begins_after(born, instant) && !begins_after(born, now)) {
        return act.refuse(name, Code::Contradiction, detail);
    }
    Some(instant)
}

fn read_effective(vaccination: &Object<'_>) -> Option<(Date, Date)> {
    let start = vaccination.required("effectiveStart", day_or_instant);
    let until = vaccination.required("effectiveUntil", day_or_instant);
    let (start, until) = (start?, until?);
    if until < start {
        return vaccination.refuse(
            "effectiveUntil",
            Code::Contradiction,
            "This date must not come before effectiveStart.",
        );
    }
    Some((start, until))
}

/// `dob` alone, and even that may be unknown.
fn read_birth_of_tested(recipient: &Object<'_>, now: OffsetDateTime) -> Option<Birth> {
    let day = recipient.or_default("dob", |day| past_birth(day, now))?;
    Some(day.map_or(Birth::Unknown, Birth::Day))
}

/// `dob` and `age` together: one must be there, neither may be impossible, and they must agree. DIVOC answers the first two at the person, not at the member.
fn read_birth(recipient: &Object<'_>, given: Option<OffsetDateTime>, now: OffsetDateTime) -> Option<Birth> {
    let day = recipient.or_default("dob", birth);
    let years = recipient.or_default("age", age);
    if day.flatten().is_some_and(|day| begins_after(day, now)) || years.flatten().is_some_and(|years| years < 0) {
        return recipient.refuse(
            "",
            Code::MissingFields,
            "The date of birth must not lie in the future and the age must not be negative.",
        );
    }
    match (day?, years?.and_then(|years| u8::try_from(years).ok())) {
        (Some(day), Some(age)) => agree(recipient, day, age, given, now),
        (Some(day), None) => Some(Birth::Day(day)),
        (None, Some(age)) => Some(Birth::Age(age)),
        (None, None) => recipient.refuse("", Code::MissingFields, "Either dob (after 1900) or age must be there."),
    }
}

/// Systems send the age of the day of vaccination or that of the day of sending, and count it in their own ways: one year of difference to either is let pass.
fn agree(
    recipient: &Object<'_>,
    day: Date,
    age: u8,
    given: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Option<Birth> {
    let far = |instant: OffsetDateTime| full_years(day, instant.date()).abs_diff(i64::from(age)) > 1;
    if given.is_some_and(|given| far(given) && far(now)) {
        return recipient.refuse(
            "age",
            Code::Contradiction,
            "The age is neither that on the day of vaccination nor today's, by dob.",
        );
    }
    Some(Birth::DayAndAge(day, age))
}

fn without_repetition(contacts: Vec<Contact>) -> Vec<Contact> {
    contacts.into_iter().fold(Vec::new(), |mut kept, contact| {
        if !kept.contains(&contact) {
            kept.push(contact);
        }
        kept
    })
}
