//! What certificates have in common when a batch of vaccine or a facility turns out to be at fault: lot and place, in a form in which spellings meet.

use crate::{Facts, claims::is_plain};

/// A batch of vaccine or test kits: upper case, white space as single blanks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lot(String);

/// A facility: name and district in lower case, white space as single blanks, a bar between them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place(String);

impl Lot {
    /// `None` for a text of nothing, of control characters or of more than 256 characters.
    pub fn of(batch: &str) -> Option<Self> {
        normal(batch).map(|batch| Self(batch.to_uppercase()))
    }

    /// The lot that a certificate names.
    pub fn in_facts(facts: &Facts) -> Option<Self> {
        Self::of(&facts.evidence()?.batch)
    }

    /// Its normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Place {
    /// `None` for a name of nothing; a district may be absent, as it may in an event.
    pub fn of(name: &str, district: &str) -> Option<Self> {
        let name = normal(name)?.to_lowercase();
        Some(Self(format!("{name}|{}", normal(district).unwrap_or_default().to_lowercase())))
    }

    /// The facility that a certificate names.
    pub fn in_facts(facts: &Facts) -> Option<Self> {
        let facility = &facts.evidence()?.facility;
        Self::of(&facility.name, &facility.address.district)
    }

    /// Its normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The longest text that is taken for a lot, a name or a district, in characters.
const MOST: usize = 256;

fn normal(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let normal = words.join(" ");
    (!normal.is_empty() && normal.chars().count() <= MOST && normal.chars().all(is_plain)).then_some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_meet() {
        assert_eq!(Lot::of(" 4120z  001 "), Lot::of("4120Z 001"));
        assert_ne!(Lot::of("4120Z001"), Lot::of("4120Z 001"));
        let centre = Place::of("Sample  Health Centre", "Mysuru").unwrap();
        assert_eq!(centre.as_str(), "sample health centre|mysuru");
        assert_eq!(Some(centre), Place::of("SAMPLE HEALTH CENTRE ", " mysuru"));
        assert_ne!(Place::of("a", "b"), Place::of("a", ""));
    }

    #[test]
    fn nothing_is_no_lot_and_no_place() {
        assert_eq!((Lot::of(" "), Lot::of("a\u{0}"), Place::of("", "Mysuru")), (None, None, None));
        assert_eq!(Lot::of(&"x".repeat(257)), None);
    }
}
