//! The parts of an event and how they are read from the body: DIVOC's `CertificationRequest` (v1) and `CertificationRequestV2` (v3), member by member.

use super::{
    Rules, Schema,
    dates::{begins_after, birth, day_or_instant, full_years, past_instant},
    identity::{Identity, identity},
    reader::{Object, Reading},
    values::{Text, age, contact, country, dose, filled, filled_or_empty, filled_postal_code, postal_code, text},
};
use crate::{Code, Contact, Dose};
use serde_json::Value;
use time::{Date, OffsetDateTime};

/// Who received the dose. Personal data.
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

/// What is known of a person's age: never nothing. Personal data.
#[derive(Clone, Copy)]
pub(super) enum Birth {
    /// The date of birth alone.
    Day(Date),
    /// The age alone, in years.
    Age(u8),
    /// Both, as sent; they agree to about a year.
    DayAndAge(Date, u8),
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

/// Where it was given.
#[derive(Clone)]
pub(super) struct Facility {
    pub(super) name: Text,
    pub(super) address: Address,
}

/// An address; where v3 lets it be absent, all of it is empty.
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
    let birth = read_birth(recipient, given, now);
    let gender = match schema {
        Schema::V1 => recipient.required("gender", filled),
        Schema::V3 => recipient.or_default("gender", filled_or_empty),
    };
    let nationality = recipient.required("nationality", filled);
    let identity = recipient.required("identity", identity);
    let contacts = recipient
        .required_list("contact", MOST_CONTACTS, |entry| contact(entry, &rules.calling_code))
        .map(without_repetition);
    let address = relaxed(recipient, "address", schema, |object| address(object, postal_code));
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

/// `vaccination`; `born` is the date of birth, if that could be read.
pub(super) fn vaccination(vaccination: &Object<'_>, born: Option<Date>, now: OffsetDateTime) -> Option<Vaccination> {
    let name = vaccination.required("name", text);
    let batch = vaccination.or_default("batch", text);
    let manufacturer = vaccination.required("manufacturer", text);
    let date = read_given(vaccination, born, now);
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

/// The name of who gave the dose; empty where v3 lets `vaccinator` be absent.
pub(super) fn vaccinator(event: &Object<'_>, schema: Schema) -> Option<Text> {
    relaxed(event, "vaccinator", schema, |vaccinator| vaccinator.required("name", filled))
}

/// `facility`.
pub(super) fn facility(facility: &Object<'_>, schema: Schema) -> Option<Facility> {
    let name = facility.required("name", filled);
    let address = relaxed(facility, "address", schema, |object| address(object, filled_postal_code));
    Some(Facility { name: name?, address: address? })
}

/// Members that are read for their faults only: they reach no credential.
pub(super) fn unused(event: &Object<'_>) -> Option<()> {
    let enrolment = event.or_default("enrollmentType", filled);
    let illnesses = event.list("comorbidities", MOST_COMORBIDITIES, text);
    let meta = event.object_or_default("meta", |_| Some(()));
    enrolment.and(illnesses).and(meta)
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

/// An object that v1 requires and v3 does not.
fn relaxed<T: Default>(
    owner: &Object<'_>,
    name: &str,
    schema: Schema,
    read: impl FnOnce(&Object<'_>) -> Option<T>,
) -> Option<T> {
    match schema {
        Schema::V1 => owner.object(name, read),
        Schema::V3 => owner.object_or_default(name, read),
    }
}

fn read_given(vaccination: &Object<'_>, born: Option<Date>, now: OffsetDateTime) -> Option<OffsetDateTime> {
    let given = vaccination.required("date", |date| past_instant(date, now))?;
    // A date of birth in the future has a fault of its own.
    if born.is_some_and(|born| begins_after(born, given) && !begins_after(born, now)) {
        return vaccination.refuse("date", Code::Contradiction, "The dose must not be given before the date of birth.");
    }
    Some(given)
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
