//! Languages: one file each, read when a document first needs it. Every word is in every language; a country may say some of them its own way.

use std::{collections::BTreeMap, sync::OnceLock};

use serde::Deserialize;
use toml::Spanned;

use crate::PrintError;

/// One language, as its file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Language {
    /// BCP 47.
    pub(crate) tag: String,
    /// Other codes that choose it: ISO 639-2 and 639-3, and DIVOC's.
    #[cfg_attr(not(test), allow(dead_code, reason = "a test holds CODES against it"))]
    codes: Vec<String>,
    /// What its speakers call it.
    pub(crate) name: String,
    pub(crate) direction: Direction,
    /// Who has read it.
    pub(crate) review: Review,
    /// Short names of the twelve months.
    pub(crate) months: [String; 12],
    /// A day, of `{day}`, `{month}` and `{year}`.
    pub(crate) date: String,
    words: BTreeMap<Word, String>,
}

/// Where a line begins.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Direction {
    Ltr,
    Rtl,
}

/// Who has read a language's words.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Review {
    /// The language that the others are translated from.
    Reference,
    /// A speaker of the language.
    Reviewed,
    /// Nobody but its translator.
    Draft,
}

impl Language {
    /// A word; empty only in a language that [`Languages::all`] refuses.
    pub(crate) fn word(&self, word: Word) -> &str {
        self.words.get(&word).map_or("", String::as_str)
    }

    /// Every word, for tests and lints.
    pub(crate) fn words(&self) -> impl Iterator<Item = (Word, &str)> {
        self.words.iter().map(|(word, text)| (*word, text.as_str()))
    }
}

/// A country's own way to say some words, by language.
pub(crate) type Wording = BTreeMap<Spanned<String>, BTreeMap<Word, Spanned<String>>>;

/// All languages, with the country's wording in them.
pub(crate) struct Languages {
    wording: Wording,
    read: Vec<(&'static str, OnceLock<Option<Language>>)>,
}

impl Languages {
    pub(crate) fn new(wording: Wording) -> Self {
        Self { wording, read: FILES.iter().map(|(tag, _)| (*tag, OnceLock::new())).collect() }
    }

    /// The language with this tag.
    pub(crate) fn get(&self, tag: &str) -> Option<&Language> {
        let (tag, place) = self.read.iter().find(|(known, _)| *known == tag)?;
        place.get_or_init(|| self.parse(tag).ok()).as_ref()
    }

    /// The tag of the language that a caller means: BCP 47, with or without region, or one of three letters, in any case.
    pub(crate) fn tag(asked: &str) -> Option<&'static str> {
        let asked = asked.to_ascii_lowercase();
        let primary = asked.split(['-', '_']).next().unwrap_or_default();
        let named = FILES.iter().find(|(tag, _)| *tag == asked || *tag == primary);
        let coded = || CODES.iter().find(|(code, _)| *code == primary).map(|(_, tag)| *tag);
        named.map(|(tag, _)| *tag).or_else(coded)
    }

    /// Every language's tag.
    pub(crate) fn tags() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(tag, _)| *tag)
    }

    /// Every file, for the printer's version.
    pub(crate) fn files() -> impl Iterator<Item = &'static [u8]> {
        FILES.iter().map(|(_, text)| text.as_bytes())
    }

    fn parse(&self, tag: &str) -> Result<Language, PrintError> {
        let (_, text) = FILES
            .iter()
            .find(|(known, _)| *known == tag)
            .ok_or_else(|| PrintError::Template(format!("no language {tag}")))?;
        let refuse = |why: String| PrintError::Template(format!("languages/{tag}.toml: {why}"));
        let mut language: Language = toml::from_str(text).map_err(|error| refuse(error.to_string()))?;
        if let Some(missing) = Word::ALL.iter().find(|word| language.word(**word).trim().is_empty()) {
            return Err(refuse(format!("{missing:?} has no words")));
        }
        let own = self.wording.iter().filter(|(own, _)| own.get_ref() == tag).flat_map(|(_, words)| words);
        language.words.extend(own.map(|(word, text)| (*word, text.get_ref().clone())));
        Ok(language)
    }

    /// Reads every language.
    ///
    /// # Errors
    /// Names the language and the word that is wrong.
    pub(crate) fn all(&self) -> Result<Vec<Language>, PrintError> {
        FILES.iter().map(|(tag, _)| self.parse(tag)).collect()
    }
}

/// What is filled into a text, such as `{dose}`, in alphabetical order.
pub(crate) fn placeholders(text: &str) -> Vec<&str> {
    let mut found: Vec<_> =
        text.match_indices('{').filter_map(|(start, _)| text.get(start..)?.split_inclusive('}').next()).collect();
    found.sort_unstable();
    found
}

macro_rules! words {
    ($($word:ident,)*) => {
        /// What a document says beside the facts themselves. What each is for stands in `languages/en.toml`.
        #[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Word { $($word,)* }

        impl Word {
            pub(crate) const ALL: &[Self] = &[$(Self::$word,)*];
        }
    };
}

words! {
    ProvisionalTitle,
    FinalTitle,
    PrecautionTitle,
    LaterPrecautionTitle,
    BoosterTitle,
    LaterBoosterTitle,
    PlainTitle,
    InternationalTitle,
    TestTitle,
    Programme,
    PartlyOne,
    PartlyMany,
    FullyOne,
    FullyMany,
    AndPrecaution,
    AndLaterPrecaution,
    AndBooster,
    AndLaterBooster,
    DoseOf,
    PrecautionDose,
    LaterPrecautionDose,
    BoosterDose,
    LaterBoosterDose,
    BeneficiaryHeading,
    VaccinationHeading,
    DosesHeading,
    TestHeading,
    CertificateId,
    Status,
    Name,
    Age,
    BirthDate,
    Gender,
    Nationality,
    Identity,
    Passport,
    BeneficiaryId,
    Residence,
    Vaccine,
    VaccineType,
    Manufacturer,
    Batch,
    Date,
    Dose,
    Country,
    ValidFrom,
    ValidUntil,
    NextDose,
    Vaccinator,
    Facility,
    DateShort,
    VaccineShort,
    BatchShort,
    Disease,
    TestType,
    TestName,
    TestResult,
    SampleOrigin,
    SampleDate,
    ResultDate,
    Laboratory,
    Tester,
    NextDoseBetween,
    NextDoseOn,
    Male,
    Female,
    OtherGender,
    Positive,
    Negative,
    Inconclusive,
    Void,
    IdAadhaar,
    IdDriving,
    IdMnrega,
    IdPassbook,
    IdPassport,
    IdPan,
    IdPension,
    IdVoter,
    IdNpr,
    IdDisability,
    IdService,
    IdRation,
    IdStudent,
    IdNational,
    Scan,
    SymbolDescription,
    LogoDescription,
    Signature,
    Seal,
    Fold,
    SignedLine,
    HelpLine,
    TestLine,
    DocumentTitle,
    TestDocumentTitle,
}

const FILES: [(&str, &str); 30] = [
    ("ar", include_str!("../languages/ar.toml")),
    ("as", include_str!("../languages/as.toml")),
    ("bn", include_str!("../languages/bn.toml")),
    ("brx", include_str!("../languages/brx.toml")),
    ("doi", include_str!("../languages/doi.toml")),
    ("en", include_str!("../languages/en.toml")),
    ("es", include_str!("../languages/es.toml")),
    ("fil", include_str!("../languages/fil.toml")),
    ("fr", include_str!("../languages/fr.toml")),
    ("gu", include_str!("../languages/gu.toml")),
    ("hi", include_str!("../languages/hi.toml")),
    ("id", include_str!("../languages/id.toml")),
    ("kn", include_str!("../languages/kn.toml")),
    ("kok", include_str!("../languages/kok.toml")),
    ("ks", include_str!("../languages/ks.toml")),
    ("mai", include_str!("../languages/mai.toml")),
    ("ml", include_str!("../languages/ml.toml")),
    ("mni", include_str!("../languages/mni.toml")),
    ("mr", include_str!("../languages/mr.toml")),
    ("ne", include_str!("../languages/ne.toml")),
    ("or", include_str!("../languages/or.toml")),
    ("pa", include_str!("../languages/pa.toml")),
    ("pt", include_str!("../languages/pt.toml")),
    ("sa", include_str!("../languages/sa.toml")),
    ("sat", include_str!("../languages/sat.toml")),
    ("sd", include_str!("../languages/sd.toml")),
    ("si", include_str!("../languages/si.toml")),
    ("ta", include_str!("../languages/ta.toml")),
    ("te", include_str!("../languages/te.toml")),
    ("ur", include_str!("../languages/ur.toml")),
];

/// The codes of three letters; a test holds them against the files.
const CODES: [(&str, &str); 39] = [
    ("ara", "ar"),
    ("asm", "as"),
    ("ben", "bn"),
    ("bng", "bn"),
    ("bod", "brx"),
    ("brx", "brx"),
    ("dgo", "doi"),
    ("doi", "doi"),
    ("eng", "en"),
    ("fil", "fil"),
    ("fra", "fr"),
    ("fre", "fr"),
    ("gom", "kok"),
    ("guj", "gu"),
    ("hin", "hi"),
    ("ind", "id"),
    ("kan", "kn"),
    ("kas", "ks"),
    ("kkn", "kok"),
    ("knd", "kn"),
    ("kok", "kok"),
    ("mai", "mai"),
    ("mal", "ml"),
    ("mar", "mr"),
    ("mni", "mni"),
    ("nep", "ne"),
    ("ori", "or"),
    ("ory", "or"),
    ("pan", "pa"),
    ("por", "pt"),
    ("pun", "pa"),
    ("san", "sa"),
    ("sat", "sat"),
    ("sin", "si"),
    ("snd", "sd"),
    ("spa", "es"),
    ("tam", "ta"),
    ("tel", "te"),
    ("urd", "ur"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn languages() -> Languages {
        Languages::new(Wording::new())
    }

    #[test]
    fn every_language_says_every_word_with_the_placeholders_of_english() {
        let places = placeholders;
        let (languages, all) = (languages(), languages().all().unwrap());
        let english = languages.get("en").unwrap();
        for language in &all {
            for word in Word::ALL {
                let (said, reference) = (language.word(*word), english.word(*word));
                assert_eq!(places(said), places(reference), "{} {word:?}", language.tag);
                assert_eq!(said, said.trim(), "{} {word:?}", language.tag);
            }
            assert_eq!(places(&language.date), ["{day}", "{month}", "{year}"], "{}", language.tag);
            assert!(language.months.iter().all(|month| !month.trim().is_empty()), "{}", language.tag);
        }
        assert_eq!(all.iter().filter(|language| language.review == Review::Reference).count(), 1);
    }

    #[test]
    fn a_language_is_found_by_its_tag_and_by_its_codes() {
        let languages = languages();
        for (tag, _) in FILES {
            let language = languages.get(tag).unwrap();
            assert_eq!(language.tag, tag);
            for code in &language.codes {
                assert_eq!(Languages::tag(code), Some(tag), "{code}");
            }
        }
        assert_eq!(CODES.len(), languages.all().unwrap().iter().map(|language| language.codes.len()).sum::<usize>());
        for (asked, tag) in
            [("HIN", "hi"), ("hi-IN", "hi"), ("en_GB", "en"), ("BNG", "bn"), ("KKN", "kok"), ("ORY", "or")]
        {
            assert_eq!(Languages::tag(asked), Some(tag), "{asked}");
        }
        for asked in ["", "tlh", "xx-IN", "../en", "h"] {
            assert_eq!(Languages::tag(asked), None, "{asked}");
        }
    }

    #[test]
    fn a_country_says_a_word_its_own_way_in_one_language() {
        let own = toml::from_str("[en]\nprogramme = \"Ours\"\n").unwrap();
        let languages = Languages::new(own);
        assert_eq!(languages.get("en").unwrap().word(Word::Programme), "Ours");
        assert_ne!(languages.get("hi").unwrap().word(Word::Programme), "Ours");
        assert_eq!(languages.get("en").unwrap().word(Word::Scan), "Scan to verify");
    }
}
