//! What a certificate states, put into words: dates in the country's zone, doses, statuses, masked identities.

use credential::{
    Facts,
    facts::{Address, Evidence},
};
use time::{Date, Duration, OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

use crate::{
    language::{Direction, Language, Word},
    template::{Design, ExtraDose, Fact, Template},
};

/// How a dose stands to the number of doses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Unknown,
    Provisional,
    Final,
    /// The first beyond the course.
    Extra,
    LaterExtra,
}

impl Stage {
    fn of(evidence: &Evidence) -> Self {
        let (dose, total) = (evidence.dose, evidence.total_doses);
        if dose == 0 || total == 0 {
            return Self::Unknown;
        }
        match dose.checked_sub(total) {
            None => Self::Provisional,
            Some(0) => Self::Final,
            Some(1) => Self::Extra,
            Some(_) => Self::LaterExtra,
        }
    }
}

/// Puts facts into words.
#[derive(Clone, Copy)]
pub(crate) struct Wording<'a> {
    pub(crate) template: &'a Template,
    pub(crate) design: &'a Design,
    /// The languages of the document, in the order in which they stand; never empty.
    pub(crate) languages: &'a [&'a Language],
}

impl<'a> Wording<'a> {
    /// The title, once in each language.
    pub(crate) fn titles(self, facts: &Facts) -> Vec<String> {
        let nothing = Evidence::default();
        let evidence = facts.evidence().unwrap_or(&nothing);
        let word = self.design.title.unwrap_or(match (Stage::of(evidence), self.template.extra_dose) {
            (Stage::Unknown, _) => Word::PlainTitle,
            (Stage::Provisional, _) => Word::ProvisionalTitle,
            (Stage::Final, _) => Word::FinalTitle,
            (Stage::Extra, ExtraDose::Precaution) => Word::PrecautionTitle,
            (Stage::LaterExtra, ExtraDose::Precaution) => Word::LaterPrecautionTitle,
            (Stage::Extra, ExtraDose::Booster) => Word::BoosterTitle,
            (Stage::LaterExtra, ExtraDose::Booster) => Word::LaterBoosterTitle,
        });
        self.each(|language| counted(language.word(word), evidence))
    }

    /// A word, once in each language; the same in two is said once.
    pub(crate) fn say(self, word: Word) -> Vec<String> {
        self.each(|language| language.word(word).replace("{helpline}", &isolated(&self.template.helpline, language)))
    }

    /// A word on one line.
    pub(crate) fn label(self, word: Word) -> String {
        self.say(word).join(BETWEEN)
    }

    fn each(self, say: impl Fn(&'a Language) -> String) -> Vec<String> {
        let mut said: Vec<String> = Vec::new();
        for text in self.languages.iter().map(|language| say(language)) {
            if !said.contains(&text) {
                said.push(text);
            }
        }
        said
    }

    /// One fact; empty when the certificate doesn't state it.
    pub(crate) fn fact(self, fact: Fact, facts: &Facts) -> String {
        let subject = &facts.credential_subject;
        let nothing = Evidence::default();
        let evidence = facts.evidence().unwrap_or(&nothing);
        match fact {
            Fact::Name => subject.name.clone(),
            Fact::Age if subject.dob.is_empty() => subject.age.clone(),
            Fact::Age => String::new(),
            Fact::BirthDate => self.day(&subject.dob),
            Fact::Gender => self.value(&subject.gender),
            Fact::Nationality => subject.nationality.clone(),
            Fact::Identity => self.identity(&subject.id, &subject.ref_id),
            Fact::Passport => passport(&subject.id),
            Fact::BeneficiaryId => subject.ref_id.clone(),
            Fact::Residence => residence(&subject.address),
            Fact::CertificateId => evidence.certificate_id.clone(),
            Fact::Status => self.status(evidence),
            Fact::NextDose => self.next_dose(evidence),
            Fact::Dose => self.dose(evidence),
            Fact::Vaccine => evidence.vaccine.clone(),
            Fact::VaccineType => joined([&evidence.icd11_code, &evidence.prophylaxis]),
            Fact::Date => self.day(&evidence.date),
            Fact::Batch => evidence.batch.clone(),
            Fact::Manufacturer => evidence.manufacturer.clone(),
            Fact::Vaccinator | Fact::Tester => evidence.verifier.name.clone(),
            Fact::Facility | Fact::Laboratory => {
                let address = &evidence.facility.address;
                joined([&evidence.facility.name, &address.district, &address.address_region])
            }
            Fact::Country => {
                let code = &evidence.facility.address.address_country;
                self.template.countries.get(code).unwrap_or(code).clone()
            }
            Fact::ValidFrom => self.day(&evidence.effective_start),
            Fact::ValidUntil => self.day(&evidence.effective_until),
            Fact::Disease => evidence.disease.clone(),
            Fact::TestType => evidence.test_type.clone(),
            Fact::TestName => evidence.test_name.clone(),
            Fact::SampleOrigin => evidence.sample_origin.clone(),
            Fact::SampleDate => self.minute(&evidence.sample_collection_timestamp),
            Fact::ResultDate => self.minute(&evidence.result_timestamp),
            Fact::TestResult => self.value(&evidence.result),
        }
    }

    /// A value as it is signed, and what it means in the document's languages where certificates carry an English word.
    fn value(self, signed: &str) -> String {
        let word = match signed.trim().to_ascii_lowercase().as_str() {
            "male" => Word::Male,
            "female" => Word::Female,
            "other" => Word::OtherGender,
            "positive" => Word::Positive,
            "negative" => Word::Negative,
            "inconclusive" => Word::Inconclusive,
            "void" => Word::Void,
            _ => return signed.to_owned(),
        };
        let said = self.say(word).into_iter().filter(|text| !text.eq_ignore_ascii_case(signed.trim()));
        std::iter::once(signed.trim().to_owned()).chain(said).collect::<Vec<_>>().join(BETWEEN)
    }

    fn status(self, evidence: &Evidence) -> String {
        let extra = self.template.extra_dose;
        let stage = Stage::of(evidence);
        let said = self.each(|language| {
            let word = |word| language.word(word);
            let complete = word(if evidence.total_doses == 1 { Word::FullyOne } else { Word::FullyMany });
            let text = match (stage, extra) {
                (Stage::Unknown, _) => String::new(),
                (Stage::Provisional, _) if evidence.dose == 1 => word(Word::PartlyOne).to_owned(),
                (Stage::Provisional, _) => word(Word::PartlyMany).to_owned(),
                (Stage::Final, _) => complete.to_owned(),
                (Stage::Extra, ExtraDose::Precaution) => word(Word::AndPrecaution).replace("{status}", complete),
                (Stage::LaterExtra, ExtraDose::Precaution) => {
                    word(Word::AndLaterPrecaution).replace("{status}", complete)
                }
                (Stage::Extra, ExtraDose::Booster) => word(Word::AndBooster).replace("{status}", complete),
                (Stage::LaterExtra, ExtraDose::Booster) => word(Word::AndLaterBooster).replace("{status}", complete),
            };
            counted(&text, evidence)
        });
        said.join(BETWEEN)
    }

    /// In the first language only: it stands in a narrow column.
    fn dose(self, evidence: &Evidence) -> String {
        let word = match (Stage::of(evidence), self.template.extra_dose) {
            (Stage::Unknown, _) => {
                return if evidence.dose == 0 { String::new() } else { evidence.dose.to_string() };
            }
            (Stage::Provisional | Stage::Final, _) => Word::DoseOf,
            (Stage::Extra, ExtraDose::Precaution) => Word::PrecautionDose,
            (Stage::LaterExtra, ExtraDose::Precaution) => Word::LaterPrecautionDose,
            (Stage::Extra, ExtraDose::Booster) => Word::BoosterDose,
            (Stage::LaterExtra, ExtraDose::Booster) => Word::LaterBoosterDose,
        };
        self.languages.first().map(|language| counted(language.word(word), evidence)).unwrap_or_default()
    }

    /// When the next dose is due, by the template's interval for the vaccine; a line in each language, for two sentences on one confuse their directions.
    fn next_dose(self, evidence: &Evidence) -> String {
        let name: String = evidence.vaccine.to_lowercase().split_whitespace().collect();
        let interval = self.template.intervals.iter().find(|interval| name.contains(&interval.vaccine));
        let (Stage::Provisional, Some(interval), Some(given)) =
            (Stage::of(evidence), interval, self.date(&evidence.date))
        else {
            return String::new();
        };
        let after = |days: u16| given.checked_add(Duration::days(days.into()));
        let Some(from) = after(interval.from) else { return String::new() };
        let said = self.each(|language| {
            let from = self.written(from, language);
            match interval.until.and_then(after) {
                None => language.word(Word::NextDoseOn).replace("{from}", &from),
                Some(until) => {
                    let until = self.written(until, language);
                    language.word(Word::NextDoseBetween).replace("{from}", &from).replace("{until}", &until)
                }
            }
        });
        said.join("\n")
    }

    /// A date or a time as a day in the template's zone; text that is neither, as it is.
    fn day(self, text: &str) -> String {
        let day = self.date(text).zip(self.languages.first());
        day.map_or_else(|| text.to_owned(), |(day, language)| self.written(day, language))
    }

    /// A time as day, hour and minute in the template's zone.
    fn minute(self, text: &str) -> String {
        let local = OffsetDateTime::parse(text, &Rfc3339).ok();
        let local = local.and_then(|time| time.checked_to_offset(self.template.time_zone));
        let minute = local.and_then(|time| time.format(format_description!("[hour]:[minute]")).ok());
        minute.map_or_else(|| self.day(text), |minute| format!("{} {minute}", self.day(text)))
    }

    pub(crate) fn date(self, text: &str) -> Option<Date> {
        match OffsetDateTime::parse(text, &Rfc3339) {
            Ok(time) => time.checked_to_offset(self.template.time_zone).map(OffsetDateTime::date),
            Err(_) => Date::parse(text, format_description!("[year]-[month]-[day]")).ok(),
        }
    }

    fn written(self, day: Date, language: &Language) -> String {
        let (year, month, number) = day.to_calendar_date();
        if self.design.iso_dates {
            return format!("{year:04}-{:02}-{number:02}", u8::from(month));
        }
        let name = language.months.get(usize::from(u8::from(month)) - 1).map_or("", String::as_str);
        language
            .date
            .replace("{day}", &format!("{number:02}"))
            .replace("{month}", name)
            .replace("{year}", &year.to_string())
    }

    /// The document and the last four characters of its number. Nothing when the identity was made of the beneficiary's code, as
    /// DIVOC does when no document was shown.
    pub(crate) fn identity(self, iri: &str, code: &str) -> String {
        let derived = iri.strip_suffix(code).is_some_and(|scheme| scheme.ends_with(':'));
        let (kind, number) = parts(iri);
        if number.is_empty() || derived {
            return String::new();
        }
        let documents = &self.template.identity.documents;
        match documents.iter().find(|document| begins(&kind, &document.word)) {
            None => masked(number, None),
            Some(document) => [
                &self.label(document.name),
                &self.template.identity.separator,
                &masked(number, document.mask.as_deref()),
            ]
            .map(String::as_str)
            .concat(),
        }
    }
}

/// The number of a passport, whole: a border compares it with the book.
fn passport(iri: &str) -> String {
    let (kind, number) = parts(iri);
    if begins(&kind, "passport") { number.to_owned() } else { String::new() }
}

/// What an identity's IRI says of the document, in lower case, and the number.
fn parts(iri: &str) -> (String, &str) {
    let (kind, number) = iri.rsplit_once(':').unwrap_or(("", iri));
    (kind.to_lowercase(), number)
}

fn begins(kind: &str, word: &str) -> bool {
    kind.split(|letter: char| !letter.is_alphanumeric()).any(|part| part.starts_with(word))
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

/// Doses filled in.
fn counted(text: &str, evidence: &Evidence) -> String {
    text.replace("{dose}", &evidence.dose.to_string())
        .replace("{total}", &evidence.total_doses.to_string())
        .replace("{extra}", &evidence.dose.saturating_sub(evidence.total_doses).to_string())
}

/// A telephone number within a text of the other direction keeps its own order between two invisible marks.
fn isolated(text: &str, language: &Language) -> String {
    match language.direction {
        Direction::Ltr => text.to_owned(),
        Direction::Rtl => format!("\u{200e}{text}\u{200e}"),
    }
}

/// Stands between two languages on a line.
const BETWEEN: &str = " / ";

#[cfg(test)]
mod tests {
    use super::*;

    fn wording<T>(ask: impl Fn(Wording<'_>) -> T) -> T {
        let template = Template::parse(crate::samples::INDIA).unwrap();
        let languages = crate::language::Languages::new(crate::language::Wording::new());
        ask(Wording { template: &template, design: &template.domestic, languages: &[languages.get("en").unwrap()] })
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
    fn the_next_dose_is_due_by_the_vaccines_interval_until_the_course_is_complete() {
        wording(|wording| {
            for (vaccine, dose, due) in [
                ("COVAXIN", 1, "Between 30 Sep 2021 and 14 Oct 2021"),
                ("Covi Shield", 1, "Between 25 Nov 2021 and 23 Dec 2021"),
                ("Corbevax", 1, "Due on 30 Sep 2021"),
                ("A vaccine of tomorrow", 1, "Due on 22 Sep 2021"),
                ("COVAXIN", 2, ""),
            ] {
                let evidence = Evidence {
                    vaccine: vaccine.to_owned(),
                    date: "2021-09-02T06:00:00Z".to_owned(),
                    dose,
                    total_doses: 2,
                    ..Evidence::default()
                };
                assert_eq!(wording.next_dose(&evidence), due, "{vaccine}");
            }
        });
    }

    #[test]
    fn a_signed_word_is_shown_as_signed_and_then_in_the_documents_language() {
        let template = Template::parse(crate::samples::INDIA).unwrap();
        let languages = crate::language::Languages::new(crate::language::Wording::new());
        let (english, hindi) = (languages.get("en").unwrap(), languages.get("hi").unwrap());
        let value = |languages: &[&Language], text| {
            Wording { template: &template, design: &template.domestic, languages }.value(text)
        };
        assert_eq!(value(&[english], "Female"), "Female");
        assert_eq!(value(&[english, hindi], "female"), "female / महिला");
        assert_eq!(value(&[hindi], "Male"), "Male / पुरुष");
        assert_eq!(value(&[hindi], "Transgender"), "Transgender");
    }

    #[test]
    fn a_passport_is_whole_for_a_border_and_no_other_document_is() {
        assert_eq!(passport("did:Passport:Z1234567"), "Z1234567");
        assert_eq!(passport("did:in.gov.uidai.aadhaar:234234331234"), "");
        assert_eq!(passport(""), "");
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
