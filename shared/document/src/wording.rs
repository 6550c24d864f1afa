//! What a certificate states, put into words: dates in the country's zone, doses, statuses, masked identities.

use credential::{
    Facts,
    facts::{Address, Evidence},
};
use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

use crate::template::{Fact, Template, Words};

/// How a dose stands to the number of doses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Unknown,
    Provisional,
    Final,
    Precaution,
    LaterPrecaution,
}

impl Stage {
    fn of(vaccination: &Evidence) -> Self {
        let (dose, total) = (vaccination.dose, vaccination.total_doses);
        if dose == 0 || total == 0 {
            return Self::Unknown;
        }
        match dose.checked_sub(total) {
            None => Self::Provisional,
            Some(0) => Self::Final,
            Some(1) => Self::Precaution,
            Some(_) => Self::LaterPrecaution,
        }
    }
}

/// Puts facts into the template's words.
#[derive(Clone, Copy)]
pub(crate) struct Wording<'a> {
    pub(crate) template: &'a Template,
    pub(crate) languages: &'a [&'a str],
}

impl<'a> Wording<'a> {
    /// The title, once in each language.
    pub(crate) fn titles(self, facts: &Facts) -> Vec<String> {
        let Some(vaccination) = facts.evidence() else { return Vec::new() };
        let titles = &self.template.titles;
        let words = match Stage::of(vaccination) {
            Stage::Unknown => &titles.unknown,
            Stage::Provisional => &titles.provisional,
            Stage::Final => &titles.r#final,
            Stage::Precaution => &titles.precaution,
            Stage::LaterPrecaution => &titles.later_precaution,
        };
        self.say(words).into_iter().map(|title| filled(title, vaccination)).collect()
    }

    /// One fact; empty when the certificate doesn't state it.
    pub(crate) fn fact(self, fact: Fact, facts: &Facts) -> String {
        let subject = &facts.credential_subject;
        let nothing = Evidence::default();
        let vaccination = facts.evidence().unwrap_or(&nothing);
        match fact {
            Fact::Name => subject.name.clone(),
            Fact::Age if subject.dob.is_empty() => subject.age.clone(),
            Fact::Age => String::new(),
            Fact::BirthDate => self.day(&subject.dob),
            Fact::Gender => subject.gender.clone(),
            Fact::Nationality => subject.nationality.clone(),
            Fact::Identity => self.identity(&subject.id, &subject.ref_id),
            Fact::BeneficiaryId => subject.ref_id.clone(),
            Fact::Residence => residence(&subject.address),
            Fact::CertificateId => vaccination.certificate_id.clone(),
            Fact::Status => self.status(vaccination),
            Fact::Dose => self.dose(vaccination),
            Fact::Vaccine => vaccination.vaccine.clone(),
            Fact::VaccineType => joined([&vaccination.icd11_code, &vaccination.prophylaxis]),
            Fact::Date => self.day(&vaccination.date),
            Fact::Batch => vaccination.batch.clone(),
            Fact::Manufacturer => vaccination.manufacturer.clone(),
            Fact::Vaccinator => vaccination.verifier.name.clone(),
            Fact::Facility => {
                let address = &vaccination.facility.address;
                joined([&vaccination.facility.name, &address.district, &address.address_region])
            }
            Fact::Country => {
                let code = &vaccination.facility.address.address_country;
                self.template.countries.get(code).unwrap_or(code).clone()
            }
            Fact::ValidFrom => self.day(&vaccination.effective_start),
            Fact::ValidUntil => self.day(&vaccination.effective_until),
        }
    }

    fn status(self, vaccination: &Evidence) -> String {
        let statuses = &self.template.status;
        // Partly vaccinated people are counted by the doses they have, the others by the doses of the course.
        let (counted, count) = match Stage::of(vaccination) {
            Stage::Unknown => return String::new(),
            Stage::Provisional => (&statuses.partly, vaccination.dose),
            Stage::Final => (&statuses.fully, vaccination.total_doses),
            Stage::Precaution => (&statuses.precaution, vaccination.total_doses),
            Stage::LaterPrecaution => (&statuses.later_precaution, vaccination.total_doses),
        };
        self.words(if count == 1 { &counted.one } else { &counted.many }, vaccination)
    }

    fn dose(self, vaccination: &Evidence) -> String {
        let names = &self.template.dose;
        match Stage::of(vaccination) {
            Stage::Unknown if vaccination.dose == 0 => String::new(),
            Stage::Unknown => vaccination.dose.to_string(),
            Stage::Provisional | Stage::Final => self.words(&names.primary, vaccination),
            Stage::Precaution => self.words(&names.precaution, vaccination),
            Stage::LaterPrecaution => self.words(&names.later_precaution, vaccination),
        }
    }

    /// The text in each of the languages asked for that it has; else in the template's first.
    pub(crate) fn say(self, words: &'a Words) -> Vec<&'a str> {
        let in_language = |language: &str| words.0.get(language).map(String::as_str);
        let found: Vec<_> = self.languages.iter().filter_map(|language| in_language(language)).collect();
        if !found.is_empty() {
            return found;
        }
        let first = self.template.languages.iter().find_map(|language| in_language(language));
        first.or_else(|| words.0.values().next().map(String::as_str)).into_iter().collect()
    }

    fn words(self, words: &'a Words, vaccination: &Evidence) -> String {
        filled(&self.say(words).join(" / "), vaccination)
    }

    /// A date or a time as a day in the template's zone; text that is neither, as it is.
    fn day(self, text: &str) -> String {
        let iso = format_description!("[year]-[month]-[day]");
        let day = match OffsetDateTime::parse(text, &Rfc3339) {
            Ok(time) => time.checked_to_offset(self.template.time_zone).map(OffsetDateTime::date),
            Err(_) => Date::parse(text, &iso).ok(),
        };
        let format = time::format_description::parse_borrowed::<2>(&self.template.date_format).ok();
        day.zip(format).and_then(|(day, format)| day.format(&format).ok()).unwrap_or_else(|| text.to_owned())
    }

    /// The document and the last four characters of its number. Nothing when the identity was made of the beneficiary's code, as
    /// DIVOC does when no document was shown.
    fn identity(self, iri: &str, code: &str) -> String {
        let derived = iri.strip_suffix(code).is_some_and(|scheme| scheme.ends_with(':'));
        let (kind, number) = iri.rsplit_once(':').unwrap_or(("", iri));
        if number.is_empty() || derived {
            return String::new();
        }
        let kind = kind.to_lowercase();
        let documents = &self.template.identity.documents;
        let begins =
            |word: &str| kind.split(|letter: char| !letter.is_alphanumeric()).any(|part| part.starts_with(word));
        match documents.iter().find(|document| begins(&document.word)) {
            None => masked(number, None),
            Some(document) => [
                &self.say(&document.name).join(" / "),
                &self.template.identity.separator,
                &masked(number, document.mask.as_deref()),
            ]
            .map(String::as_str)
            .concat(),
        }
    }
}

/// Shows at most the last four characters, and never a whole number.
fn masked(number: &str, mask: Option<&str>) -> String {
    let letters: Vec<char> = number.chars().collect();
    let Some((hidden, shown)) = letters.split_last_chunk::<4>().filter(|(hidden, _)| !hidden.is_empty()) else {
        return "X".repeat(letters.len());
    };
    let mut text = mask.map_or_else(|| "X".repeat(hidden.len()), str::to_owned);
    text.extend(shown);
    text
}

fn residence(address: &Address) -> String {
    joined([
        &address.street_address,
        &address.street_address2,
        &address.city,
        &address.district,
        &address.address_region,
        &address.postal_code,
    ])
}

fn joined<const N: usize>(parts: [&String; N]) -> String {
    let parts: Vec<_> = parts.into_iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

fn filled(text: &str, vaccination: &Evidence) -> String {
    text.replace("{dose}", &vaccination.dose.to_string())
        .replace("{total}", &vaccination.total_doses.to_string())
        .replace("{extra}", &vaccination.dose.saturating_sub(vaccination.total_doses).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wording<T>(ask: impl Fn(Wording<'_>) -> T) -> T {
        let template = Template::parse(crate::INDIA).unwrap();
        ask(Wording { template: &template, languages: &["en", "hi"] })
    }

    #[test]
    fn every_identity_is_masked_to_its_last_four_characters() {
        wording(|wording| {
            for (iri, shown) in [
                ("did:in.gov.uidai.aadhaar:234234331234", "Aadhaar # XXXX XXXX XXXX 1234"),
                ("did:in.gov.uidai.aadhaar:2342341234", "Aadhaar # XXXX XXXX XXXX 1234"),
                ("DID:IN.GOV.UIDAI.AADHAAR:234234331234", "Aadhaar # XXXX XXXX XXXX 1234"),
                ("did:Passport:Z1234567", "Passport # XXXX4567"),
                ("did:in.gov.driving-license:KA0120200001234", "Driver’s License # XXXXXXXXXXX1234"),
                ("did:MNREGA Job Card:KA-01-002", "MNREGA Job Card # XXXXX-002"),
                ("did:pan:ABCDE1234F", "PAN Card # XXXXXX234F"),
                ("did:japan.registry:ABCDE1234F", "XXXXXX234F"),
                ("did:voter.id:ABC1234567", "Voter ID # XXXXXX4567"),
                ("did:india:19882120590", "XXXXXXX0590"),
                ("872550100V", "XXXXXX100V"),
                ("did:Passport:1234", "Passport # XXXX"),
                ("did:Passport:நாற்காலி", "Passport # XXXXகாலி"),
                ("", ""),
            ] {
                assert_eq!(wording.identity(iri, "1234567890124"), shown, "{iri}");
            }
        });
    }

    #[test]
    fn an_identity_made_of_the_beneficiary_code_shows_nothing() {
        wording(|wording| {
            assert_eq!(wording.identity("did:india:1234567890124", "1234567890124"), "");
            assert_eq!(wording.identity("did:india:camp:7", "camp:7"), "");
            assert_eq!(wording.identity("did:india:71234567890124", "1234567890124"), "XXXXXXXXXX0124");
        });
    }

    #[test]
    fn a_time_is_shown_as_the_day_in_the_countrys_zone() {
        wording(|wording| {
            assert_eq!(wording.day("2021-08-28T18:29:59.999Z"), "28 Aug 2021");
            assert_eq!(wording.day("2021-08-28T18:30:00.000Z"), "29 Aug 2021");
            assert_eq!(wording.day("2021-08-29T01:00:00+05:30"), "29 Aug 2021");
            assert_eq!(wording.day("2021-08-28"), "28 Aug 2021");
            assert_eq!(wording.day("28th August"), "28th August");
            assert_eq!(wording.day("9999-12-31T23:59:59Z"), "9999-12-31T23:59:59Z");
            assert_eq!(wording.day(""), "");
        });
    }

    #[test]
    fn the_status_counts_doses() {
        wording(|wording| {
            for (dose, total_doses, status, name) in [
                (1, 2, "Partially Vaccinated (1 Dose)", "1 of 2"),
                (2, 3, "Partially Vaccinated (2 Doses)", "2 of 3"),
                (2, 2, "Fully Vaccinated (2 Doses)", "2 of 2"),
                (1, 1, "Fully Vaccinated (1 Dose)", "1 of 1"),
                (2, 1, "Fully Vaccinated (1 Dose) and a Precaution Dose", "Precaution dose"),
                (3, 2, "Fully Vaccinated (2 Doses) and a Precaution Dose", "Precaution dose"),
                (4, 2, "Fully Vaccinated (2 Doses) and 2 Precaution Doses", "Precaution dose 2"),
                (1, 0, "", "1"),
                (0, 0, "", ""),
            ] {
                let vaccination = Evidence { dose, total_doses, ..Evidence::default() };
                assert_eq!(wording.status(&vaccination), status);
                assert_eq!(wording.dose(&vaccination), name);
            }
        });
    }

    #[test]
    fn empty_parts_of_an_address_leave_no_comma() {
        let address = Address {
            street_address: " 12 Hill Road".to_owned(),
            district: "Pune ".to_owned(),
            postal_code: "411001".to_owned(),
            ..Address::default()
        };
        assert_eq!(residence(&address), "12 Hill Road, Pune, 411001");
    }
}
