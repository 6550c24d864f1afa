//! `recipient.identity`: whatever document a caller names, the subject's id is an absolute IRI (RFC 3987), or the subject would stand outside the signature.

use super::{
    reader::{Reading, wrong},
    values::filled,
};
use crate::{BeneficiaryCode, Code};
use serde_json::Value;
use std::fmt::Write;
use url::Url;

/// What names the beneficiary to the world. Personal data.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Identity {
    /// An absolute IRI, such as `did:in.gov.passport:…`, kept as it is.
    Iri(String),
    /// Any other text, such as the number of an identity card.
    Number(String),
    /// A filler such as `NA`, which DIVOC's `IDENTITY_REJECTION_PATTERN` passes over: the beneficiary code names the person.
    Unknown,
}

impl Identity {
    /// `credentialSubject.id`; `did` stands before everything that is no IRI itself.
    pub(super) fn subject(&self, did: &str, code: &BeneficiaryCode) -> String {
        match self {
            Self::Iri(iri) => iri.clone(),
            Self::Number(number) => format!("{did}:{}", encode(number)),
            Self::Unknown => format!("{did}:{}", encode(code.as_str())),
        }
    }
}

/// DIVOC's choice: what parses as a WHATWG URL is an id, a filler is none, all else is a number under the country's DID.
pub(super) fn identity(value: &Value) -> Reading<Identity> {
    let text = filled(value)?;
    let text = text.as_str();
    if Url::parse(text).is_ok() {
        let detail = "This identity is an IRI with a character that IRIs cannot have, such as a space; write it as % and two hexadecimal digits.";
        return if is_iri(text) { Ok(Identity::Iri(text.to_owned())) } else { Err(wrong(Code::Format, detail)) };
    }
    let upper = text.to_uppercase();
    let filler = upper == "NA" || upper.encode_utf16().count() <= 1;
    Ok(if filler { Identity::Unknown } else { Identity::Number(text.to_owned()) })
}

/// Whether a text is an absolute IRI as it is written: URL parsers mend what they read, but a signature covers what was written.
/// Square brackets, which only IPv6 addresses may have, are left out with the rest.
pub(crate) fn is_iri(url: &str) -> bool {
    let (before, after) = url.split_once('#').unwrap_or((url, ""));
    let percents = url.match_indices('%').all(|(at, _)| {
        let digits = url.get(at + 1..at + 3).unwrap_or_default();
        digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    let fits = |part: &str| part.chars().all(|c| c == '%' || is_path_character(c));
    percents
        && fits(before)
        && fits(after)
        && before.split_once(':').is_some_and(|(scheme, rest)| is_scheme(scheme) && !rest.is_empty())
}

fn is_scheme(text: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.chars().all(rest)
}

/// Writes every character that is none of [`is_path_character`] as `%` and two digits a byte. `%` is written so too: two numbers never become one id.
fn encode(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut encoded, c| {
        if is_path_character(c) {
            encoded.push(c);
        } else {
            for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a text cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        encoded
    })
}

/// `ipchar`, `/` and `?` of RFC 3987 § 2.2, without `%`; private use and the last two characters of every plane are left out, as there.
fn is_path_character(c: char) -> bool {
    match c {
        '\u{0}'..='\u{7f}' => c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/?".contains(c),
        '\u{80}'..='\u{ffff}' => matches!(c, '\u{a0}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{ffef}'),
        _ => u32::from(c) & 0xfffe != 0xfffe && !matches!(c, '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn subject(text: &str) -> Result<String, Code> {
        let code = BeneficiaryCode::parse("BEN 1/7").unwrap();
        identity(&json!(text)).map(|identity| identity.subject("did:india", &code)).map_err(|wrong| wrong.code())
    }

    #[test]
    fn an_identity_becomes_the_subjects_id_as_in_divoc() {
        for (text, id) in [
            ("did:in.gov.uidai.aadhaar:2342343334", "did:in.gov.uidai.aadhaar:2342343334"),
            ("19882120590", "did:india:19882120590"),
            ("NA", "did:india:BEN%201/7"),
            ("na", "did:india:BEN%201/7"),
            ("0", "did:india:BEN%201/7"),
            ("P 1234/5", "did:india:P%201234/5"),
            ("50%", "did:india:50%25"),
            ("a#b", "did:india:a%23b"),
            ("<\"{|}^`\\>", "did:india:%3C%22%7B%7C%7D%5E%60%5C%3E"),
            ("पासपोर्ट-१", "did:india:पासपोर्ट-१"),
            ("did:example:पासपोर्ट", "did:example:पासपोर्ट"),
            ("https://example.org/id?x=1#me", "https://example.org/id?x=1#me"),
        ] {
            assert_eq!(subject(text).as_deref(), Ok(id), "{text}");
        }
    }

    #[test]
    fn an_iri_with_a_character_that_iris_cannot_have_is_refused() {
        for c in
            [" ", "<", ">", "\"", "{", "}", "|", "\\", "^", "`", "%zz", "%", "%4g", "##", "\u{e000}", "[", "\u{fffe}"]
        {
            assert_eq!(subject(&format!("did:example:a{c}b")), Err(Code::Format), "{c}");
        }
        assert_eq!(subject(" did:example:a"), Err(Code::Format));
    }

    #[test]
    fn two_numbers_never_become_one_id() {
        assert_ne!(subject("a b"), subject("a%20b"));
    }

    /// RFC 3987, written down a second time and differently: what no character of an IRI may be.
    fn is_absolute_iri(text: &str) -> bool {
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        let forbidden = |c: char| {
            c <= ' ' || "<>\"{}|\\^`[]".contains(c) || c.is_control() || ('\u{e000}'..='\u{f8ff}').contains(&c)
        };
        let mut percents = rest.split('%').skip(1);
        !scheme.is_empty()
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
            && !rest.is_empty()
            && !rest.chars().any(forbidden)
            && rest.matches('#').count() <= 1
            && percents.all(|after| after.len() >= 2 && after.bytes().take(2).all(|b| b.is_ascii_hexdigit()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn the_subjects_id_is_always_an_absolute_iri(text in "((did|https?|urn|x):)?(//)?[ -~\u{80}-\u{2100}\u{e000}\u{ffff}\u{1f600}]{0,40}") {
            if let Ok(id) = subject(&text) {
                prop_assert!(is_absolute_iri(&id), "{id}");
            }
        }

        #[test]
        fn any_text_has_an_answer(text in any::<String>()) {
            if let Ok(id) = subject(&text) {
                prop_assert!(is_absolute_iri(&id), "{id}");
            }
        }
    }
}
