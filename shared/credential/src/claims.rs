//! The claims that name things: each parsed once, valid ever after. Those that identify a person hide their `Debug`.

use std::fmt;

/// `preEnrollmentCode`: names the beneficiary in the vaccinating system; 1 to 128 characters, no control character.
/// Personal data: shown nowhere but in the credential and the store's keys.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BeneficiaryCode(String);

impl BeneficiaryCode {
    /// The longest code that is taken, in characters.
    pub const MAX: usize = 128;

    /// A code that keeps the rule above, trimmed of nothing; `None` otherwise.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.trim().is_empty() && text.chars().count() <= Self::MAX;
        (fits && !text.chars().any(char::is_control)).then(|| Self(text.to_owned()))
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

/// `programId`: the vaccination programme; the empty text where a caller names none, as DIVOC's callers may.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ProgrammeId(String);

impl ProgrammeId {
    /// 0 to 128 characters, no control character; `None` otherwise.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.chars().count() <= 128;
        (fits && !text.chars().any(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// The identifier as the caller wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of one certificate: decimal digits, random, made by the service. DIVOC's have 9 to 12 digits, ours [`CertificateId::DIGITS`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateId(String);

impl CertificateId {
    /// Digits of an id of ours: 9 × 10¹⁹ ids, so that billions of certificates collide less than once and guessing one is hopeless.
    pub const DIGITS: usize = 20;

    /// The id drawn from 128 random bits; the modulo's bias is below 2⁻⁶¹.
    pub fn from_random(bits: u128) -> Self {
        const LEAST: u128 = 10_u128.pow(19);
        Self((LEAST + bits % (9 * LEAST)).to_string())
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
}

impl Kind {
    /// The kind's name in storage keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Vaccination => "vaccination",
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
    /// A telephone number in any usual spelling (`+91 98…`, `0091…`, `098…`, `98…`) as the digits of its international form; a number without country code
    /// gets `calling_code`. `None` unless 4 to 15 digits remain (E.164).
    pub fn telephone(text: &str, calling_code: &str) -> Option<Self> {
        let text = text.trim();
        if !text.chars().all(|c| c.is_ascii_digit() || " +-().".contains(c)) || text.chars().skip(1).any(|c| c == '+') {
            return None;
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let international = if text.starts_with('+') {
            digits
        } else if let Some(rest) = digits.strip_prefix("00") {
            rest.to_owned()
        } else {
            let national = digits.trim_start_matches('0');
            let already = digits.len() > 10 && digits.starts_with(calling_code);
            if already { digits.clone() } else { format!("{calling_code}{national}") }
        };
        (4..=15).contains(&international.len()).then_some(Self::Telephone(international))
    }

    /// The text that is hashed to find a person's certificates by contact: `tel:` or `email:` and the normal form.
    pub fn normal_form(&self) -> String {
        match self {
            Self::Telephone(digits) => format!("tel:{digits}"),
            Self::Email(address) => format!("email:{address}"),
        }
    }
}
