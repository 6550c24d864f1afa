//! The claims that name things: each parsed once, valid ever after. Those that identify a person hide their `Debug`.

use crate::status::Position;
use std::fmt;
use time::OffsetDateTime;

/// `preEnrollmentCode`: names the beneficiary in the reporting system; 1 to 128 plain characters, not only white space.
/// Personal data: shown nowhere but in the credential and the store's keys.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BeneficiaryCode(String);

impl BeneficiaryCode {
    /// The longest code that is taken, in characters.
    pub const MAX: usize = 128;

    /// A code that keeps the rule above, trimmed of nothing; `None` otherwise.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.trim().is_empty() && text.chars().count() <= Self::MAX;
        (fits && text.chars().all(is_plain)).then(|| Self(text.to_owned()))
    }

    /// The code as the caller wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BeneficiaryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BeneficiaryCode(…)")
    }
}

/// `programId`: the programme of vaccination or testing; the empty text where a caller names none, as DIVOC's callers may.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ProgrammeId(String);

impl ProgrammeId {
    /// The longest identifier that is taken, in characters.
    pub const MAX: usize = 128;

    /// 0 to [`ProgrammeId::MAX`] plain characters; `None` otherwise.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.chars().count() <= Self::MAX;
        (fits && text.chars().all(is_plain)).then(|| Self(text.to_owned()))
    }

    /// The identifier as the caller wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of one certificate: decimal digits, made by the service. DIVOC's have 9 to 12 digits, ours [`CertificateId::DIGITS`] that hold the certificate's
/// [`Position`] in the status lists beneath a random part.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateId(String);

/// The least id of ours.
const LEAST_ID: u128 = 10_u128.pow(19);
/// Random parts that fit above a position, so that every id has 20 digits: 1.3 × 10⁹.
const RANDOM_PARTS: u128 = 9 * LEAST_ID / (1 << 36);

impl CertificateId {
    /// Digits of an id of ours.
    pub const DIGITS: usize = 20;

    /// The id of the certificate at `position`, with a random part drawn from 128 random bits. Positions are given away once, so ids never collide.
    pub fn new(position: Position, random: u128) -> Self {
        let number = random % RANDOM_PARTS * u128::from(Position::MOST) + u128::from(position.number());
        Self((LEAST_ID + number).to_string())
    }

    /// An id whose position and random part are both drawn from 128 random bits: for samples.
    pub fn from_random(bits: u128) -> Self {
        Self((LEAST_ID + bits % (RANDOM_PARTS * u128::from(Position::MOST))).to_string())
    }

    /// The position in an id of ours; `None` for any other.
    pub fn position(&self) -> Option<Position> {
        let ours = self.0.len() == Self::DIGITS && self.0.bytes().all(|byte| byte.is_ascii_digit());
        let number = self.0.parse::<u128>().ok().filter(|_| ours)?.checked_sub(LEAST_ID)?;
        let position = number % u128::from(Position::MOST);
        (number / u128::from(Position::MOST) < RANDOM_PARTS).then(|| Position::new(u64::try_from(position).ok()?))?
    }

    /// An id that a caller sent: 1 to 64 letters, digits or hyphens; `None` otherwise.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=64).contains(&text.len());
        (fits && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')).then(|| Self(text.to_owned()))
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Number of a dose, 1 to [`Dose::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dose(u8);

impl Dose {
    /// The highest dose number that is believed; beyond it a caller has mistaken a field.
    pub const MAX: u8 = 20;

    /// `None` for 0 and above [`Dose::MAX`].
    pub fn new(number: u64) -> Option<Self> {
        u8::try_from(number).ok().filter(|n| (1..=Self::MAX).contains(n)).map(Self)
    }

    /// The number.
    pub fn number(self) -> u8 {
        self.0
    }
}

/// What a certificate attests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A vaccination, in DIVOC's v1 (domestic) or v3 (international) schema.
    Vaccination,
    /// The result of a laboratory test, such as an RT-PCR.
    Test,
}

impl Kind {
    /// The kind's name in storage keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vaccination => "vaccination",
            Self::Test => "test",
        }
    }
}

/// What a certificate is about: tells it from the beneficiary's others in the same programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Occasion {
    /// The dose that was given.
    Dose(Dose),
    /// When the tested sample was taken: UTC, to the millisecond.
    Sample(OffsetDateTime),
}

impl Occasion {
    /// What a certificate about it attests.
    pub fn kind(self) -> Kind {
        match self {
            Self::Dose(_) => Kind::Vaccination,
            Self::Sample(_) => Kind::Test,
        }
    }

    /// The dose; a test has none.
    pub fn dose(self) -> Option<Dose> {
        match self {
            Self::Dose(dose) => Some(dose),
            Self::Sample(_) => None,
        }
    }
}

/// One entry of `recipient.contact`. Personal data.
#[derive(Clone, PartialEq, Eq)]
pub enum Contact {
    /// `tel:` entry, as digits in international form without `+`.
    Telephone(String),
    /// `email:` or `mailto:` entry, lower-cased.
    Email(String),
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Telephone(_) => "Telephone(…)",
            Self::Email(_) => "Email(…)",
        })
    }
}

impl Contact {
    /// An entry of `recipient.contact`: `tel:…`, `email:…`, `mailto:…`, or a bare telephone number; `None` for anything else.
    pub fn parse(entry: &str, calling_code: &str) -> Option<Self> {
        let (scheme, rest) = entry.split_once(':').unwrap_or(("tel", entry));
        match scheme.to_ascii_lowercase().as_str() {
            "tel" => Self::telephone(rest, calling_code),
            "email" | "mailto" => Self::email(rest),
            _ => None,
        }
    }

    /// A telephone number in any usual spelling (`+91 98…`, `+91 (0) 98…`, `0091…`, `098…`, `98…`) as the digits of its international form; a number without
    /// country code gets `calling_code`. `None` unless 4 to 15 digits remain (E.164) and the first of them is no 0.
    pub fn telephone(text: &str, calling_code: &str) -> Option<Self> {
        // `(0)` marks the digit that is dialled within the country only.
        let text = text.trim().replace("(0)", "");
        let (before, number) = text.split_at_checked(text.find(|c: char| c.is_ascii_digit())?)?;
        let usual = before.chars().all(|c| " +-(.".contains(c))
            && number.chars().all(|c| c.is_ascii_digit() || " -().".contains(c));
        if !usual || before.matches('+').count() > 1 {
            return None;
        }
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let abroad = if before.contains('+') { Some(digits.as_str()) } else { digits.strip_prefix("00") };
        let international = abroad
            .map_or_else(|| from_national(&digits, calling_code), |digits| without_trunk_zero(digits, calling_code));
        let fits = (4..=15).contains(&international.len()) && !international.starts_with('0');
        fits.then_some(Self::Telephone(international))
    }

    /// An e-mail address, lower-cased; its domain is not asked whether it exists. `None` unless there is one `@` with something on both sides, no white space,
    /// and at most 254 bytes (RFC 5321).
    pub fn email(text: &str) -> Option<Self> {
        let address = text.trim().to_lowercase();
        let (local, domain) = address.split_once('@')?;
        let fits = !local.is_empty() && !domain.is_empty() && !domain.contains('@') && address.len() <= 254;
        (fits && address.chars().all(|c| is_plain(c) && !c.is_whitespace())).then_some(Self::Email(address))
    }

    /// The text that is hashed to find a person's certificates by contact: `tel:` or `email:` and the normal form.
    pub fn normal_form(&self) -> String {
        match self {
            Self::Telephone(digits) => format!("tel:{digits}"),
            Self::Email(address) => format!("email:{address}"),
        }
    }
}

/// Digits as they are dialled within the country. More than ten that begin with the country's code have it already. Fewer than four of its own are no number.
fn from_national(digits: &str, calling_code: &str) -> String {
    let national = digits.trim_start_matches('0');
    if national.len() < 4 {
        String::new()
    } else if national.len() > 10 && national.starts_with(calling_code) {
        without_trunk_zero(national, calling_code)
    } else {
        format!("{calling_code}{national}")
    }
}

/// `91098…` is a common misspelling of `9198…`; other countries' numbers are left alone, for some of them have a 0 there.
fn without_trunk_zero(digits: &str, calling_code: &str) -> String {
    digits
        .strip_prefix(calling_code)
        .filter(|_| !calling_code.is_empty())
        .map_or_else(|| digits.to_owned(), |national| format!("{calling_code}{}", national.trim_start_matches('0')))
}

/// Whether old and new canonicalisation, paper and screens all write `c` alike: no control character (C0, DEL, C1), no line or paragraph separator, and none
/// of the characters that reverse or embed a direction of writing, with which a name can be made to read as another.
pub(crate) fn is_plain(c: char) -> bool {
    !c.is_control() && !matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telephone(text: &str) -> Option<String> {
        Contact::telephone(text, "91").map(|contact| contact.normal_form())
    }

    #[test]
    fn one_telephone_has_one_normal_form() {
        for spelling in [
            "9999900001",
            " 99999 00001 ",
            "09999900001",
            "919999900001",
            "0919999900001",
            "00919999900001",
            "+919999900001",
            "+91-99999-00001",
            "(+91) 99999.00001",
            "+91 (0) 99999 00001",
            "+91 099999 00001",
        ] {
            assert_eq!(telephone(spelling).as_deref(), Some("tel:919999900001"), "{spelling}");
        }
        // Ten digits are a number of the country, whatever they begin with.
        assert_eq!(telephone("9199900001").as_deref(), Some("tel:919199900001"));
        // Another country's number keeps its 0.
        assert_eq!(telephone("+39 06 1234567").as_deref(), Some("tel:39061234567"));
    }

    #[test]
    fn what_is_no_telephone_is_refused() {
        for text in [
            "",
            "+",
            "12",
            "000",
            "+0123456",
            "12+34567",
            "++9199999",
            "9999x00001",
            "९९९९९००००१",
            "1234567890123456",
            "+1234567890123456",
        ] {
            assert_eq!(telephone(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_has_one_at_sign_between_two_parts() {
        assert_eq!(
            Contact::email(" Asha@Example.ORG ").map(|contact| contact.normal_form()).as_deref(),
            Some("email:asha@example.org")
        );
        for text in ["", "asha", "@example.org", "asha@", "a@b@c", "a b@example.org", "a@b\u{202e}"] {
            assert_eq!(Contact::email(text), None, "{text}");
        }
    }

    #[test]
    fn a_beneficiary_code_is_kept_as_written() {
        assert_eq!(BeneficiaryCode::parse(" a/b#१ ").as_ref().map(BeneficiaryCode::as_str), Some(" a/b#१ "));
        for text in ["", "  ", "a\nb", "a\u{2066}b", "a\u{2028}b"] {
            assert_eq!(BeneficiaryCode::parse(text), None);
        }
        assert!(BeneficiaryCode::parse(&"ठ".repeat(128)).is_some());
        assert!(BeneficiaryCode::parse(&"ठ".repeat(129)).is_none());
    }

    #[test]
    fn an_id_has_letters_digits_and_hyphens() {
        assert!(["1", "a-7"].iter().all(|text| CertificateId::parse(text).is_some()));
        for text in ["", "a/b", "१२३", &"1".repeat(65)] {
            assert_eq!(CertificateId::parse(text), None);
        }
    }

    #[test]
    fn personal_data_does_not_print() {
        let printed = format!(
            "{:?} {:?} {:?}",
            BeneficiaryCode::parse("7788"),
            Contact::telephone("9999900001", "91"),
            Contact::email("a@b.example")
        );
        assert_eq!(printed, "Some(BeneficiaryCode(…)) Some(Telephone(…)) Some(Email(…))");
    }
}
