//! What makes two events the same: one digest, which must come out the same years from now.
//!
//! The form is fixed: the mark of its version, then every field in the order below as eight bytes of length (big-endian) and its UTF-8 text, so that no two
//! events write the same bytes. A change to it is a new version beside this one, never a change in place: stored digests are compared with new ones.

use super::{
    Event, EventDigest, Schema,
    dates::{write_day, write_instant},
    identity::Identity,
    parts::{Act, Address, Birth, Facility, Recipient, Vaccination},
    test_details::TestDetails,
};
use crate::crypto::Sha256;

/// SHA-256 of the form above. Left out: `meta`, `comorbidities`, `enrollmentType`, and whatever is derived, such as an age from a date of birth.
pub(super) fn digest(event: &Event) -> EventDigest {
    let mut form = Form::new("divoc-event-1");
    form.field(match event.schema {
        Schema::V1 => "v1",
        Schema::V3 => "v3",
        Schema::Test => "test",
    });
    form.field(event.beneficiary.as_str());
    form.field(event.programme.as_str());
    form.recipient(&event.recipient);
    match &event.act {
        Act::Vaccination(vaccination) => form.vaccination(vaccination),
        Act::Test(test) => form.test(test),
    }
    form.field(event.verifier.as_str());
    form.facility(&event.facility);
    form.finish()
}

struct Form(Sha256);

impl Form {
    fn new(version: &str) -> Self {
        let mut form = Self(Sha256::new());
        form.field(version);
        form
    }

    fn field(&mut self, text: &str) {
        // A length beyond 64 bits does not fit memory.
        self.0.update(&u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(text.as_bytes());
    }

    fn recipient(&mut self, recipient: &Recipient) {
        self.field(recipient.name.as_str());
        let (day, age) = match recipient.birth {
            Birth::Day(day) => (write_day(day), String::new()),
            Birth::Age(age) => (String::new(), age.to_string()),
            Birth::DayAndAge(day, age) => (write_day(day), age.to_string()),
            Birth::Unknown => (String::new(), String::new()),
        };
        self.field(&day);
        self.field(&age);
        self.field(recipient.gender.as_str());
        self.field(recipient.nationality.as_str());
        // An IRI has a scheme and a number is none, so the two never share a text.
        self.field(match &recipient.identity {
            Identity::Iri(text) | Identity::Number(text) => text,
            Identity::Unknown => "",
        });
        self.field(&recipient.contacts.len().to_string());
        for contact in &recipient.contacts {
            self.field(&contact.normal_form());
        }
        self.address(&recipient.address);
    }

    fn vaccination(&mut self, vaccination: &Vaccination) {
        self.field(vaccination.name.as_str());
        self.field(vaccination.batch.as_str());
        self.field(vaccination.manufacturer.as_str());
        self.field(&write_instant(vaccination.date));
        self.field(&write_day(vaccination.effective_start));
        self.field(&write_day(vaccination.effective_until));
        self.field(&vaccination.dose.number().to_string());
        self.field(&vaccination.total_doses.number().to_string());
    }

    fn test(&mut self, test: &TestDetails) {
        self.field(test.test_type.as_str());
        self.field(test.disease.as_str());
        self.field(&write_instant(test.sampled_at));
        self.field(&write_instant(test.result_at));
        self.field(test.result.as_str());
        self.field(test.test_name.as_str());
        self.field(test.batch.as_str());
        self.field(test.manufacturer.as_str());
        self.field(test.sample_origin.as_str());
    }

    fn facility(&mut self, facility: &Facility) {
        self.field(facility.name.as_str());
        self.address(&facility.address);
    }

    fn address(&mut self, address: &Address) {
        let Address { line1, line2, district, city, state, country, postal_code } = address;
        for text in [line1, line2, district, city, state, country, postal_code] {
            self.field(text.as_str());
        }
    }

    fn finish(self) -> EventDigest {
        EventDigest(self.0.finish())
    }
}
