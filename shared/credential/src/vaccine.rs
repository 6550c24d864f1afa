//! Vaccines: from the name that a caller sends to the ICD-11 code and term of v3 credentials.
//!
//! DIVOC's list (`VACCINE_ICD`) comes first and in its order, for the first name that occurs decides; what it lacks of the vaccines that WHO has listed for
//! emergency use, and of those authorised in India, follows.

/// A code of ICD-11's extension codes for COVID-19 vaccines, and its term: `icd11Code` and `prophylaxis`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Icd11 {
    /// The code, such as `XM0GQ8`.
    pub code: &'static str,
    /// The term, in English.
    pub term: &'static str,
}

/// The class of the vaccine with this name: the first table entry that occurs in it, cases and white space aside. `None` for a vaccine that is not tabled; DIVOC
/// writes two empty texts then.
pub fn icd11(vaccine: &str) -> Option<&'static Icd11> {
    let name: String = vaccine.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
    NAMES.iter().find(|(part, _)| name.contains(part)).map(|(_, class)| *class)
}

static INACTIVATED: Icd11 = Icd11 { code: "XM1NL1", term: "COVID-19 vaccine, inactivated virus" };
static REPLICATING_VECTOR: Icd11 = Icd11 { code: "XM0CX4", term: "COVID-19 vaccine, replicating viral vector" };
static RNA: Icd11 = Icd11 { code: "XM0GQ8", term: "COVID-19 vaccine, RNA based vaccine" };
static VECTOR: Icd11 = Icd11 { code: "XM9QW8", term: "COVID-19 vaccine, non-replicating viral vector" };
static DNA: Icd11 = Icd11 { code: "XM6AT1", term: "COVID-19 vaccine, DNA based" };
static SUBUNIT: Icd11 = Icd11 { code: "XM5JC5", term: "COVID-19 vaccine, virus protein subunit" };
static VIRUS_LIKE_PARTICLE: Icd11 = Icd11 { code: "XM1J92", term: "COVID-19 vaccine, virus like particle (VLP)" };

/// Names in lower case without white space.
static NAMES: &[(&str, &Icd11)] = &[
    // DIVOC's, in its order; "modema" is a misspelling that it accepts.
    ("zycov-d", &DNA),
    ("covaxin", &INACTIVATED),
    ("covishield", &VECTOR),
    ("sputnikv", &VECTOR),
    ("pfizer", &RNA),
    ("comirnaty", &RNA),
    ("janssen", &REPLICATING_VECTOR),
    ("moderna", &RNA),
    ("modema", &RNA),
    ("spikevax", &RNA),
    ("astrazeneca", &VECTOR),
    ("vaxzevria", &VECTOR),
    ("sinovac", &INACTIVATED),
    ("coronavac", &INACTIVATED),
    ("sinopharm", &INACTIVATED),
    ("bbibp-corv", &INACTIVATED),
    ("cansino", &VECTOR),
    ("convidecia", &VECTOR),
    ("corbevax", &SUBUNIT),
    ("novavax", &SUBUNIT),
    ("covovax", &SUBUNIT),
    // Other names of vaccines above. WHO counts Janssen's vector among the non-replicating ones; one vaccine has one code here, and it is DIVOC's.
    ("jcovden", &REPLICATING_VECTOR),
    ("ad26.cov2", &REPLICATING_VECTOR),
    ("johnson&johnson", &REPLICATING_VECTOR),
    ("zycovd", &DNA),
    ("bbv152", &INACTIVATED),
    ("sputnik", &VECTOR),
    ("gam-covid-vac", &VECTOR),
    ("biontech", &RNA),
    ("bnt162", &RNA),
    ("mrna-1273", &RNA),
    ("azd1222", &VECTOR),
    ("chadox1", &VECTOR),
    ("ad5-ncov", &VECTOR),
    ("covilo", &INACTIVATED),
    ("nuvaxovid", &SUBUNIT),
    // Listed by WHO since, or authorised in India.
    ("skycovion", &SUBUNIT),
    ("gbp510", &SUBUNIT),
    ("valneva", &INACTIVATED),
    ("vla2001", &INACTIVATED),
    ("bimervax", &SUBUNIT),
    ("vidprevtyn", &SUBUNIT),
    ("incovacc", &VECTOR),
    ("gemcovac", &RNA),
    // Authorised elsewhere: the one of its kind.
    ("covifenz", &VIRUS_LIKE_PARTICLE),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_spacing() {
        for (name, code) in [
            ("COVAXIN", "XM1NL1"),
            ("Covishield (ChAdOx1 nCoV-19)", "XM9QW8"),
            ("Sputnik V", "XM9QW8"),
            ("Sputnik Light", "XM9QW8"),
            ("Pfizer", "XM0GQ8"),
            ("Pfizer-BioNTech Comirnaty®", "XM0GQ8"),
            ("Modema", "XM0GQ8"),
            ("JANSSEN", "XM0CX4"),
            ("ZyCoV-D", "XM6AT1"),
            ("ZyCoV D", "XM6AT1"),
            ("Covilo", "XM1NL1"),
            ("SKYCovione", "XM5JC5"),
            ("Nuvaxovid", "XM5JC5"),
            ("VLA2001 (Valneva)", "XM1NL1"),
            ("Bimervax", "XM5JC5"),
            ("Covifenz", "XM1J92"),
        ] {
            assert_eq!(icd11(name).map(|class| class.code), Some(code), "{name}");
        }
    }

    #[test]
    fn an_unknown_vaccine_has_no_class() {
        for name in ["", " ", "Hepatitis B", "BCG"] {
            assert_eq!(icd11(name), None, "{name}");
        }
    }

    #[test]
    fn the_first_entry_decides() {
        assert_eq!(icd11("AstraZeneca or Janssen").map(|class| class.code), Some("XM0CX4"));
    }

    #[test]
    fn every_name_of_the_table_is_normalised_and_reachable() {
        for (name, class) in NAMES {
            assert_eq!(*name, name.to_lowercase().replace(char::is_whitespace, ""));
            assert_eq!(icd11(name), Some(*class), "{name}");
        }
    }
}
