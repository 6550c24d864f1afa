//! Facts from what was done. Pure; nothing here leads from a fact to a person.

use crate::{
    config::Analytics,
    ports::{AuditEvent, Certificate, Deed, Dimension, Fact, FactKind},
};
use anyhow::{Context, Result};
use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::Facts;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use time::{Date, OffsetDateTime, UtcOffset, format_description::StaticFormatDescription, macros::format_description};

/// The fact of a deed; `None` for a deed that is another one's consequence (a correction ends the old certificate), or that changes nothing to be counted.
///
/// It is named by the certificate and the deed, so that whoever tells of it, and however often, it is one fact.
pub fn of_deed(rules: &Analytics, certificate: &Certificate, deed: &Deed) -> Option<Fact> {
    let kind = match deed.event {
        AuditEvent::Issued => FactKind::Issued,
        AuditEvent::Corrected => FactKind::Updated,
        AuditEvent::Revoked => FactKind::Revoked,
        AuditEvent::Suspended => FactKind::Suspended,
        AuditEvent::Lifted => FactKind::Lifted,
        // What was taken over was counted where it was issued.
        AuditEvent::Superseded | AuditEvent::Resigned | AuditEvent::Rebound | AuditEvent::Imported => return None,
    };
    let at = deed.at.unix_timestamp_nanos() / 1_000_000;
    let id = id(&[certificate.issuance.certificate_id.as_str(), deed.event.as_str(), &at.to_string()]);
    let mut fact = at_time(rules, id, kind, deed.at);
    fact.values = values(rules, &certificate.signed.facts(), certificate.slot.programme.as_str(), fact.day);
    Some(fact)
}

/// What a change of a record tells: a certificate's newest deed.
pub fn of_change(rules: &Analytics, certificate: &Certificate) -> Option<Fact> {
    of_deed(rules, certificate, certificate.deeds.last()?)
}

/// A fact of which nothing is known but what and when.
pub(super) fn at_time(rules: &Analytics, id: String, kind: FactKind, at: OffsetDateTime) -> Fact {
    let at = at.to_offset(UtcOffset::UTC);
    let hour = at.replace_time(time::Time::from_hms(at.hour(), 0, 0).unwrap_or(time::Time::MIDNIGHT));
    let day = at.checked_to_offset(rules.zone).unwrap_or(at).date();
    Fact { id, kind, hour, day, times: 1, values: BTreeMap::new() }
}

/// What a certificate says in each dimension.
pub(super) fn values(rules: &Analytics, facts: &Facts, programme: &str, day: Date) -> BTreeMap<Dimension, String> {
    let Some(evidence) = facts.evidence() else { return BTreeMap::new() };
    let (subject, place) = (&facts.credential_subject, &evidence.facility.address);
    let dose = if facts.is_test() { String::new() } else { evidence.dose.to_string() };
    let vaccine = if facts.is_test() { &evidence.test_type } else { &evidence.vaccine };
    let values = [
        (Dimension::Certificate, if facts.is_test() { "test" } else { "vaccination" }.to_owned()),
        (Dimension::State, titled(&place.address_region)),
        (Dimension::District, titled(&place.district)),
        (Dimension::Age, age_band(&subject.age, &subject.dob, day)),
        (Dimension::Gender, titled(&subject.gender)),
        (Dimension::Vaccine, plain(vaccine).to_uppercase()),
        (Dimension::Dose, dose),
        (Dimension::Facility, facility(rules, &evidence.facility.name)),
        (Dimension::Programme, plain(programme)),
    ];
    values.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

/// Ten years, so that a band tells no age: `40-49`, and `90+` for the few.
fn age_band(age: &str, born: &str, day: Date) -> String {
    let years = age.trim().parse::<u32>().ok().or_else(|| {
        let born = Date::parse(born, DAY).ok()?;
        let birthday_comes = (day.month(), day.day()) < (born.month(), born.day());
        u32::try_from(day.year() - born.year() - i32::from(birthday_comes)).ok()
    });
    match years {
        None => String::new(),
        Some(90..) => "90+".to_owned(),
        Some(years) => format!("{}-{}", years / 10 * 10, years / 10 * 10 + 9),
    }
}

/// The first kind that has a word of the name; words count as they stand, in any case.
fn facility(rules: &Analytics, name: &str) -> String {
    let letters = name.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ");
    let name = format!(" {} ", letters.split_whitespace().collect::<Vec<_>>().join(" "));
    let has = |word: &String| name.contains(&format!(" {word} "));
    let kind = rules.facility_kinds.iter().find(|(_, words)| words.iter().any(has));
    kind.map_or_else(|| "Other".to_owned(), |(kind, _)| kind.clone())
}

/// Spellings that differ in case or white space meet.
fn titled(text: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters.flat_map(char::to_lowercase)).collect::<String>())
    };
    plain(text).split(' ').filter_map(word).collect::<Vec<_>>().join(" ")
}

/// White space as single blanks, nothing that separates the parts of a key, not too long.
fn plain(text: &str) -> String {
    let text = text.replace(|c: char| c == '#' || c.is_control(), " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.chars().take(LONGEST).collect::<String>().trim_end().to_owned()
}

/// Characters of the longest value.
const LONGEST: usize = 64;

/// A name of what was done: whoever knows the certificate's id learns nothing by it, and nobody else can tell which certificate it was.
pub(super) fn id(parts: &[&str]) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    for part in parts {
        hash.update(&part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(hash.finish().as_ref().get(..16).unwrap_or_default())
}

impl Fact {
    /// The fact as the feed tells it: without its id.
    pub fn json(&self) -> Value {
        let mut members = Map::new();
        members.insert("kind".into(), self.kind.as_str().into());
        members.insert("hour".into(), hour_name(self.hour).into());
        members.insert("day".into(), day_name(self.day).into());
        members.insert("times".into(), json!(self.times));
        members.extend(Dimension::ALL.map(|by| (by.as_str().to_owned(), self.value(by).into())));
        Value::Object(members)
    }

    /// The fact that is told so.
    ///
    /// # Errors
    /// When it is told otherwise.
    pub fn from_json(id: String, told: &Value) -> Result<Self> {
        let text =
            |name: &str| told.get(name).and_then(Value::as_str).with_context(|| format!("a fact without {name}"));
        let times = told.get("times").and_then(Value::as_u64).and_then(|times| u32::try_from(times).ok());
        let value = |by: Dimension| {
            text(by.as_str()).ok().filter(|value| *value != Self::UNKNOWN).map(|value| (by, value.to_owned()))
        };
        Ok(Self {
            id,
            kind: FactKind::parse(text("kind")?).context("a kind that is unknown")?,
            hour: parse_hour(text("hour")?).context("an hour that is none")?,
            day: parse_day(text("day")?).context("a day that is none")?,
            times: times.context("a fact without times")?,
            values: Dimension::ALL.into_iter().filter_map(value).collect(),
        })
    }
}

/// A day: `2026-11-26`.
pub fn day_name(day: Date) -> String {
    day.format(DAY).unwrap_or_default()
}

/// The day of that name.
pub fn parse_day(name: &str) -> Option<Date> {
    Date::parse(name, DAY).ok()
}

/// An hour, UTC: `2026-11-26T09`.
pub fn hour_name(hour: OffsetDateTime) -> String {
    hour.to_offset(UtcOffset::UTC).format(HOUR).unwrap_or_default()
}

/// The hour of that name.
pub fn parse_hour(name: &str) -> Option<OffsetDateTime> {
    let (day, hour) = name.split_once('T')?;
    let hour = Some(hour).filter(|hour| hour.len() == 2)?.parse().ok()?;
    Some(parse_day(day)?.with_hms(hour, 0, 0).ok()?.assume_utc())
}

const DAY: StaticFormatDescription = format_description!("[year]-[month]-[day]");
const HOUR: StaticFormatDescription = format_description!("[year]-[month]-[day]T[hour]");

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::{date, datetime};

    fn rules() -> Analytics {
        crate::Config::from_lookup(|name| {
            ["OIDC_ISSUER", "OIDC_AUDIENCE"].contains(&name).then(|| "https://id.example".into())
        })
        .unwrap()
        .analytics
    }

    fn facts(document: Value) -> Facts {
        serde_json::from_value(document).unwrap()
    }

    fn vaccination() -> Facts {
        facts(json!({
            "type": ["VerifiableCredential", "ProofOfVaccinationCredential"],
            "credentialSubject": { "id": "did:in.gov.uidai.aadhaar:99990001", "refId": "SYN-1", "name": "Asha Example", "gender": "female", "age": "41",
                "address": { "addressRegion": "Kerala", "district": "Idukki", "streetAddress": "12 Sample Street" } },
            "evidence": [{ "certificateId": "123456789", "vaccine": "Covishield", "dose": 2, "totalDoses": 2, "batch": "B-1", "verifier": { "name": "Sister Example" },
                "facility": { "name": "Primary Health Centre, Kottur", "address": { "addressRegion": " KARNATAKA", "district": "bengaluru  south" } } }],
        }))
    }

    #[test]
    fn a_fact_says_where_and_what_and_nothing_of_whom() {
        let values = values(&rules(), &vaccination(), "C19", date!(2026 - 11 - 26));
        let told: Vec<_> = values.iter().map(|(by, value)| (by.as_str(), value.as_str())).collect();
        assert_eq!(
            told,
            [
                ("certificate", "vaccination"),
                ("state", "Karnataka"),
                ("district", "Bengaluru South"),
                ("age", "40-49"),
                ("gender", "Female"),
                ("vaccine", "COVISHIELD"),
                ("dose", "2"),
                ("facility", "Health centre"),
                ("programme", "C19"),
            ]
        );
        let fact =
            Fact { values, ..at_time(&rules(), id(&["1"]), FactKind::Issued, datetime!(2026-11-26 20:15:59 UTC)) };
        let text = fact.json().to_string();
        for personal in [
            "Asha",
            "99990001",
            "SYN-1",
            "Sample Street",
            "123456789",
            "Sister",
            "Kottur",
            "B-1",
            "41",
            "20:15",
            &fact.id,
        ] {
            assert!(!text.contains(personal), "{personal} in {text}");
        }
        assert_eq!(Fact::from_json(fact.id.clone(), &fact.json()).unwrap(), fact);
    }

    #[test]
    fn a_day_is_the_countrys_and_an_hour_is_utcs() {
        let fact = at_time(&rules(), String::new(), FactKind::Fetched, datetime!(2026-11-26 18:31:00 UTC));
        assert_eq!((day_name(fact.day).as_str(), hour_name(fact.hour).as_str()), ("2026-11-27", "2026-11-26T18"));
        assert_eq!(parse_hour("2026-11-26T18"), Some(fact.hour));
        assert_eq!(
            [parse_hour("2026-11-26T24"), parse_hour("2026-11-26"), parse_hour("2026-11-26T1")],
            [None, None, None]
        );
    }

    #[test]
    fn ages_are_told_by_ten_years() {
        let band = |age, born| age_band(age, born, date!(2026 - 11 - 26));
        assert_eq!([band("0", ""), band("9", ""), band("10", ""), band("104", "")], ["0-9", "0-9", "10-19", "90+"]);
        assert_eq!([band("", "1986-11-26"), band("", "1986-11-27"), band("", "")], ["40-49", "30-39", ""]);
        assert_eq!(band("", "2027-01-01"), "");
    }

    #[test]
    fn the_kind_of_a_facility_is_in_its_name() {
        let kind = |name| facility(&rules(), name);
        assert_eq!(
            [
                kind("District HOSPITAL"),
                kind("PHC Kottur"),
                kind("Sample Diagnostics"),
                kind("Town Hall"),
                kind("Labour Office")
            ],
            ["Hospital", "Health centre", "Laboratory", "Other", "Other"]
        );
    }

    #[test]
    fn values_are_bounded_and_hold_no_separator() {
        assert_eq!(plain(" a#b\u{7}c\n d "), "a b c d");
        assert_eq!(plain(&"x".repeat(100)).len(), 64);
        assert_eq!(titled("ÉLAN vital"), "Élan Vital");
    }
}
