//! What people are told by text message. No name, no certificate: a message is read by whoever holds the telephone.

use crate::messages::{Word, text};
use anyhow::Result;
use time::{OffsetDateTime, UtcOffset, format_description::StaticFormatDescription, macros::format_description};

/// To the registered number: a move away from it waits. In English too, for the language is the asker's choice and the reader may be another.
pub(super) fn objection(language: Option<&str>, effective_at: OffsetDateTime, link: &str) -> Result<String> {
    const TIME: StaticFormatDescription = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    let time = effective_at.to_offset(UtcOffset::UTC).format(TIME)?;
    let told = |language| text(language, Word::MovingAwaySms, &[("time", &time), ("link", link)]);
    let (own, english) = (told(primary(language))?, told(ENGLISH)?);
    Ok(if own == english { english } else { format!("{own}\n{english}") })
}

/// To the new number: the certificates are there.
pub(super) fn moved(language: Option<&str>) -> Result<String> {
    text(primary(language), Word::MovedHereSms, &[])
}

/// The language of a tag, without script and region.
fn primary(tag: Option<&str>) -> &str {
    tag.and_then(|tag| tag.split(['-', '_']).next()).unwrap_or(ENGLISH)
}

const ENGLISH: &str = "en";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_chooses_a_language_cannot_hide_an_objection_in_it() {
        let at = time::macros::datetime!(2026-03-04 08:30 UTC);
        let told = |language| objection(language, at, "https://h.example/portal/#objection=x").unwrap();
        assert!(told(Some("si")).contains("Not you?") && !told(Some("si")).starts_with("Health"));
        assert_eq!(told(None), told(Some("xx")));
        assert_eq!(told(None).matches("2026-03-04 08:30 UTC").count(), 1);
        assert_eq!(told(Some("hi-IN")).matches("https://h.example/portal/#objection=x").count(), 2);
    }
}
