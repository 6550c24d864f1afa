//! The rules for single values: texts, whole numbers, postal codes, contacts. Each makes a typed value or says what would be right.

use super::reader::{Reading, wrong};
use crate::{BeneficiaryCode, Code, Contact, Dose, ProgrammeId, claims::is_plain};
use serde_json::Value;

/// A text that both old and new canonicalisation write alike: at most [`Text::MAX`] characters, each of them plain. Kept exactly as sent. Personal data.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Text(String);

impl Text {
    /// Characters of the longest text.
    pub(super) const MAX: usize = 256;

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing in it, which is how an optional text is absent.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Any text, also an empty one.
pub(super) fn text(value: &Value) -> Reading<Text> {
    let text = value.as_str().ok_or_else(|| wrong(Code::Type, "This must be a text."))?;
    if text.chars().count() > Text::MAX {
        return Err(wrong(Code::TooLong, format!("This text may have at most {} characters.", Text::MAX)));
    }
    if !text.chars().all(is_plain) {
        let detail = "This text has a control character, a line break or a character that reverses the direction of writing; take it out.";
        return Err(wrong(Code::Format, detail));
    }
    Ok(Text(text.to_owned()))
}

/// A text with something to read in it.
pub(super) fn filled(value: &Value) -> Reading<Text> {
    let text = text(value)?;
    if text.0.trim().is_empty() {
        return Err(wrong(Code::TooShort, "This text must not be empty or only white space."));
    }
    Ok(text)
}

/// A text that may be empty, which DIVOC takes for absent, but not only white space.
pub(super) fn filled_or_empty(value: &Value) -> Reading<Text> {
    if value.as_str() == Some("") { Ok(Text::default()) } else { filled(value) }
}

/// A country's name or code: two characters or more; an empty one is absent, as in DIVOC.
pub(super) fn country(value: &Value) -> Reading<Text> {
    let country = filled_or_empty(value)?;
    if country.0.chars().count() == 1 {
        return Err(wrong(Code::TooShort, "A country has at least two characters, such as IN."));
    }
    Ok(country)
}

/// `preEnrollmentCode`.
pub(super) fn beneficiary(value: &Value) -> Reading<BeneficiaryCode> {
    let text = filled(value)?;
    let long = || wrong(Code::TooLong, format!("This code may have at most {} characters.", BeneficiaryCode::MAX));
    BeneficiaryCode::parse(text.as_str()).ok_or_else(long)
}

/// `programId`.
pub(super) fn programme(value: &Value) -> Reading<ProgrammeId> {
    let text = text(value)?;
    let long = || wrong(Code::TooLong, format!("This identifier may have at most {} characters.", ProgrammeId::MAX));
    ProgrammeId::parse(text.as_str()).ok_or_else(long)
}

/// A postal code: text, or an integer as Co-WIN's callers send it, written in decimal.
pub(super) fn postal_code(value: &Value) -> Reading<Text> {
    if !value.is_number() {
        return text(value);
    }
    match whole(value)? {
        ..0 => Err(wrong(Code::TooSmall, "A postal code is not negative.")),
        number => Ok(Text(number.to_string())),
    }
}

/// A postal code that must not be empty.
pub(super) fn filled_postal_code(value: &Value) -> Reading<Text> {
    if value.is_number() { postal_code(value) } else { filled(value) }
}

/// The number of a dose.
pub(super) fn dose(value: &Value) -> Reading<Dose> {
    let number = whole(value)?;
    if number < 1 {
        return Err(wrong(Code::TooSmall, "Doses are counted from 1."));
    }
    let large = || wrong(Code::TooLarge, format!("A dose number is at most {}.", Dose::MAX));
    u64::try_from(number).ok().and_then(Dose::new).ok_or_else(large)
}

/// Years of age, at most 150; `None` for an empty text, which DIVOC takes for absent. May be negative: that is judged together with the date of birth.
pub(super) fn age(value: &Value) -> Reading<Option<i64>> {
    if value.as_str() == Some("") {
        return Ok(None);
    }
    match whole(value)? {
        151.. => Err(wrong(Code::TooLarge, "An age is at most 150 years.")),
        years => Ok(Some(years)),
    }
}

/// An entry of `contact`: `tel:…`, `email:…`, `mailto:…`, or a bare telephone number.
pub(super) fn contact(value: &Value, calling_code: &str) -> Reading<Contact> {
    let entry = filled(value)?;
    let contact = Contact::parse(entry.as_str(), calling_code);
    contact.ok_or_else(|| wrong(Code::Format, "A contact is tel: and a telephone number, or email: and an address."))
}

/// A whole number, as a JSON number (`1`, `1.0`) or in decimal digits as text. Numbers beyond 64 bits are cut to the nearest.
fn whole(value: &Value) -> Reading<i64> {
    let fraction = || wrong(Code::Type, "This must be a whole number.");
    let digits = match value {
        Value::Number(number) => {
            let float = number.as_f64().filter(|float| float.fract() == 0.0).ok_or_else(fraction)?;
            number.as_i64().map_or_else(|| format!("{float:.0}"), |number| number.to_string())
        }
        Value::String(text) => text.clone(),
        _ => return Err(wrong(Code::Type, "This must be a number or a text of decimal digits.")),
    };
    let unsigned = digits.strip_prefix('-').unwrap_or(&digits);
    if unsigned.is_empty() || !unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong(Code::Format, "This must be a whole number in decimal digits."));
    }
    Ok(digits.parse().unwrap_or(if unsigned.len() < digits.len() { i64::MIN } else { i64::MAX }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn code<T>(reading: Reading<T>) -> Option<Code> {
        reading.err().map(|wrong| wrong.code())
    }

    #[test]
    fn doses_are_whole_numbers_or_decimal_texts() {
        for (value, number) in [(json!(1), 1), (json!(1.0), 1), (json!("2"), 2), (json!("002"), 2), (json!(20), 20)] {
            assert_eq!(dose(&value).ok().map(Dose::number), Some(number), "{value}");
        }
        let refused = [
            (json!(1.5), Code::Type),
            (json!(true), Code::Type),
            (json!("1.0"), Code::Format),
            (json!("+1"), Code::Format),
            (json!(" 1"), Code::Format),
            (json!(""), Code::Format),
            (json!("-"), Code::Format),
            (json!("१"), Code::Format),
            (json!(0), Code::TooSmall),
            (json!("0"), Code::TooSmall),
            (json!(-1), Code::TooSmall),
            (json!(21), Code::TooLarge),
            (json!(1e300), Code::TooLarge),
            (json!(u64::MAX), Code::TooLarge),
            (json!("99999999999999999999999"), Code::TooLarge),
            (json!("-99999999999999999999999"), Code::TooSmall),
        ];
        for (value, expected) in refused {
            assert_eq!(code(dose(&value)), Some(expected), "{value}");
        }
    }

    #[test]
    fn texts_keep_every_plain_character_and_refuse_the_others() {
        for kept in ["Juan Dela Cruz ", "", " ", "गिरिजा राम भटनागर", "\u{200d}\u{200f}", "\"\\", "a\u{a0}b"]
        {
            assert_eq!(text(&json!(kept)).ok().map(|text| text.0), Some(kept.to_owned()));
        }
        for refused in
            ["\0", "a\tb", "a\nb", "\u{7f}", "\u{80}", "\u{9f}", "\u{2028}", "\u{2029}", "\u{202e}", "\u{2066}"]
        {
            assert_eq!(code(text(&json!(refused))), Some(Code::Format), "{refused:?}");
        }
        assert_eq!(code(text(&json!("ठ".repeat(257)))), Some(Code::TooLong));
        assert_eq!(code(text(&json!("ठ".repeat(256)))), None);
        assert_eq!(code(filled(&json!(" \u{a0}"))), Some(Code::TooShort));
    }

    #[test]
    fn postal_codes_are_texts_or_integers() {
        let read = |value| postal_code(&value).ok().map(|code| code.0);
        assert_eq!(read(json!(560_034)), Some("560034".into()));
        assert_eq!(read(json!(560_034.0)), Some("560034".into()));
        assert_eq!(read(json!("SW1A 1AA")), Some("SW1A 1AA".into()));
        assert_eq!(read(json!("")), Some(String::new()));
        assert_eq!(code(postal_code(&json!(-1))), Some(Code::TooSmall));
        assert_eq!(code(postal_code(&json!(1.5))), Some(Code::Type));
        assert_eq!(code(filled_postal_code(&json!(""))), Some(Code::TooShort));
    }

    #[test]
    fn contacts_are_told_by_their_scheme_in_any_case() {
        let normal = |entry: &str| contact(&json!(entry), "91").ok().map(|contact| contact.normal_form());
        for entry in ["tel:9999900001", "TEL:+91 99999 00001", "9999900001", "tel:0091-99999-00001"] {
            assert_eq!(normal(entry).as_deref(), Some("tel:919999900001"), "{entry}");
        }
        for entry in ["email:Asha@Example.org", "mailto:asha@example.org"] {
            assert_eq!(normal(entry).as_deref(), Some("email:asha@example.org"), "{entry}");
        }
        for entry in [
            "asha@example.org",
            "fax:9999900001",
            "tel:",
            "email:",
            "email:@example.org",
            "email:a@",
            "email:a@b@c",
            "tel:abc",
        ] {
            assert_eq!(code(contact(&json!(entry), "91")), Some(Code::Format), "{entry}");
        }
    }
}
