//! Print at a facility: who has certificates on a number, by date of birth, so that somebody who came without anything leaves with a print.
//!
//! DIVOC's route has the number in the query, where proxies on the way may log it; ours asks the same in a body. Both enter who asked into the sealed log
//! before they answer, with the certificates that were found, and allow so many questions an hour.

use super::id;
use crate::{
    App, Error,
    auth::{By, Caller, Searchers, contact_hash},
    body::Body,
    http::Json,
    limits::Limit,
    ports::{Certificate, Remark, RemarkEvent},
    recovery::keyed,
};
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use credential::{Code, Contact, Facts, Status};
use serde::Deserialize;
use serde_json::{Value, json};
use time::{
    Date, Duration, Month, OffsetDateTime,
    format_description::{StaticFormatDescription, well_known::Rfc3339},
    macros::format_description,
};

/// As DIVOC asks.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ByQuery {
    phoneno: String,
    dob: String,
}

/// A row for each beneficiary, of their newest certificate.
pub(super) async fn as_divoc(
    State(app): State<App>,
    By(caller, ..): By<Searchers>,
    Query(query): Query<ByQuery>,
) -> Result<Response, Error> {
    let phone = Contact::telephone(&query.phoneno, &app.config.rules.calling_code);
    // DIVOC takes a whole instant, too.
    let born = query.dob.get(..10).and_then(day);
    let (phone, born) = phone.zip(born).ok_or(Error::NoSearch)?;
    let rows = found(&app, &caller, &phone, born).await?.into_iter().map(|person| {
        let subject = person.facts.credential_subject;
        json!({ "preEnrollmentCode": subject.ref_id, "name": subject.name, "gender": subject.gender, "dob": filled(subject.dob) })
    });
    Ok(axum::Json(rows.collect::<Value>()).into_response())
}

/// The same with what can be printed of each.
pub(super) async fn search(
    State(app): State<App>,
    By(caller, ..): By<Searchers>,
    body: Json,
) -> Result<Response, Error> {
    let mut body = Body::of(&body.0);
    let phone = body.required("phone").and_then(|text| {
        let phone = Contact::telephone(text, &app.config.rules.calling_code);
        if phone.is_none() {
            body.fault("/phone", Code::Format, "it is no telephone number, such as +91 99999 00001");
        }
        phone
    });
    let born = body.required("birthDate").and_then(|text| {
        let born = day(text);
        if born.is_none() {
            body.fault("/birthDate", Code::Format, "it is no date, such as 1980-01-31");
        }
        born
    });
    let (phone, born) = body.done(phone.zip(born))?;
    let people = found(&app, &caller, &phone, born).await?;
    let told: Vec<Value> = people.into_iter().map(Person::told).collect();
    Ok(axum::Json(json!({ "beneficiaries": told })).into_response())
}

/// A beneficiary who was found.
struct Person {
    /// What the newest certificate says.
    facts: Facts,
    /// Those that stand, in order of dose, then of issue.
    certificates: Vec<Certificate>,
}

impl Person {
    fn told(self) -> Value {
        let subject = self.facts.credential_subject;
        let certificates: Vec<Value> = self
            .certificates
            .iter()
            .map(|it| {
                json!({
                    "certificateId": it.issuance.certificate_id.as_str(),
                    "kind": it.slot.occasion.kind().as_str(),
                    "dose": it.slot.occasion.dose().map(credential::Dose::number),
                    "status": it.status.as_str(),
                })
            })
            .collect();
        json!({
            "beneficiaryId": subject.ref_id, "name": subject.name, "gender": subject.gender,
            "birthDate": filled(subject.dob), "age": filled(subject.age), "certificates": certificates,
        })
    }
}

/// Everyone who was born then and has a certificate that stands on the number. Whoever asks is entered into the log before they are told.
async fn found(app: &App, caller: &Caller, phone: &Contact, born: Date) -> Result<Vec<Person>, Error> {
    SEARCHES.count(app, &keyed(app, "searcher", &[&caller.subject]).await?).await?;
    let contact = contact_hash(&app.pepper.contact_key().await?, phone);
    let now = (app.clock)();
    let mut people = Vec::new();
    for beneficiary in app.registrations.beneficiaries_of(&contact).await?.into_iter().take(MOST_PEOPLE) {
        let mut certificates = app.store.certificates(&beneficiary, None).await?;
        certificates.retain(|it| it.contacts.contains(&contact));
        people.extend(person(certificates, born, now));
    }
    let remark = |event, about: &str| Remark { event, about: about.to_owned(), actor: caller.subject.clone(), at: now };
    let shown = people.iter().flat_map(|person| &person.certificates);
    let shown = shown.map(|it| remark(RemarkEvent::Shown, it.issuance.certificate_id.as_str()));
    let remarks: Vec<_> = std::iter::once(remark(RemarkEvent::Searched, &id()?)).chain(shown).collect();
    for together in remarks.chunks(Remark::MOST_AT_ONCE) {
        app.ledger.remark(together).await?;
    }
    tracing::info!(found = people.len(), "searched");
    Ok(people)
}

/// The person of these certificates, if one of those that stand is of somebody born then.
fn person(mut certificates: Vec<Certificate>, born: Date, now: OffsetDateTime) -> Option<Person> {
    for certificate in &mut certificates {
        certificate.status = certificate.status.at(now);
    }
    certificates.retain(|it| matches!(it.status, Status::Valid | Status::Suspended { .. }));
    let newest = certificates.iter().max_by_key(|it| it.issuance.issued_at)?.signed.facts();
    let fits = certificates.iter().any(|it| may_be_born(&it.signed.facts(), born));
    fits.then_some(Person { facts: newest, certificates })
}

/// Whether what a credential says fits a date of birth: its own, to the day. Where it has none, or one that was made of an age (the first of a January), the
/// age on the day of the event must be what it says, give or take a year, for ages are told and rounded.
fn may_be_born(facts: &Facts, born: Date) -> bool {
    let subject = &facts.credential_subject;
    let stated = subject.dob.get(..10).and_then(day);
    if stated == Some(born) {
        return true;
    }
    if let Some(stated) = stated {
        let made_of_age = (stated.month(), stated.day()) == (Month::January, 1);
        return made_of_age && stated.year().abs_diff(born.year()) <= 1;
    }
    let on = facts.evidence().and_then(|it| OffsetDateTime::parse(&it.date, &Rfc3339).ok());
    let age = subject.age.trim().parse::<i32>().ok();
    let years =
        |on: OffsetDateTime| on.year() - born.year() - i32::from((on.month(), on.day()) < (born.month(), born.day()));
    age.zip(on).is_some_and(|(age, on)| years(on).abs_diff(age) <= 1)
}

fn day(text: &str) -> Option<Date> {
    const DAY: StaticFormatDescription = format_description!("[year]-[month]-[day]");
    Date::parse(text, DAY).ok()
}

fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// Questions of one caller: more than one person behind a desk asks, fewer than it takes to go through birthdays.
const SEARCHES: Limit = Limit { what: "searches-by", window: Duration::HOUR, most: 120 };
/// More than a family; numbers of institutions have more, who are asked for by name.
const MOST_PEOPLE: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(dob: &str, age: &str) -> Facts {
        let mut facts = Facts { evidence: vec![credential_evidence()], ..Facts::default() };
        facts.credential_subject.dob = dob.to_owned();
        facts.credential_subject.age = age.to_owned();
        facts
    }

    fn credential_evidence() -> credential::facts::Evidence {
        credential::facts::Evidence { date: "2021-03-05T09:30:00Z".to_owned(), ..Default::default() }
    }

    fn fits(facts: &Facts, born: &str) -> bool {
        may_be_born(facts, day(born).unwrap())
    }

    #[test]
    fn a_date_of_birth_fits_to_the_day() {
        let facts = credential("1980-05-17", "40");
        assert!(fits(&facts, "1980-05-17"));
        assert!(!fits(&facts, "1980-05-18") && !fits(&facts, "1980-01-01"));
    }

    #[test]
    fn an_age_fits_give_or_take_a_year() {
        let facts = credential("", "40");
        for (born, wanted) in [
            ("1980-05-17", true),
            ("1979-03-06", true),
            ("1982-03-05", true),
            ("1982-03-06", false),
            ("1979-03-05", false),
        ] {
            assert_eq!(fits(&facts, born), wanted, "{born}");
        }
        assert!(!fits(&credential("", ""), "1980-05-17"));
        assert!(!fits(&credential("", "forty"), "1980-05-17"));
    }

    #[test]
    fn a_date_that_was_made_of_an_age_is_no_exact_one() {
        let facts = credential("1980-01-01", "41");
        assert!(fits(&facts, "1980-01-01") && fits(&facts, "1979-08-30") && fits(&facts, "1981-02-01"));
        assert!(!fits(&facts, "1982-01-01"));
    }
}
