//! What is wrong with a request, all of it at once: where (a JSON Pointer, RFC 6901), why, and DIVOC's number for it.

/// Why a value is refused, with the number that DIVOC's callers know from go-openapi's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A required member is missing or null.
    Required,
    /// The value has the wrong JSON type.
    Type,
    /// The text is not in the form that the field wants.
    Format,
    /// The text is none of those that the field allows.
    Enum,
    /// The text is shorter than allowed; in practice: empty.
    TooShort,
    /// The text or list is longer than allowed.
    TooLong,
    /// The number is below the least allowed one.
    TooSmall,
    /// The number is above the greatest allowed one.
    TooLarge,
    /// Neither `dob` nor `age` is there, or what is there cannot be: DIVOC's `MISSING_FIELDS`, answered with 400.
    MissingFields,
    /// Two values that are each allowed contradict one another.
    Contradiction,
}

impl Code {
    /// go-openapi's number (`errors` 0.19): DIVOC's documentation tells callers to look for them.
    pub fn number(self) -> u16 {
        match self {
            Self::Type => 601,
            Self::Required | Self::MissingFields => 602,
            Self::TooLong => 603,
            Self::TooShort => 604,
            Self::Format | Self::Contradiction => 605,
            Self::Enum => 606,
            Self::TooLarge => 608,
            Self::TooSmall => 609,
        }
    }
}

/// One fault. Its text never repeats the value: values are personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where, as a JSON Pointer into the request's body: `/0/recipient/dob`.
    pub pointer: String,
    /// Why.
    pub code: Code,
    /// What would be right, in a sentence for the caller.
    pub detail: String,
}

/// Every fault of one request, in the order of the body; never empty.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} faults, the first at {}", .0.len(), .0.first().map_or("", |f| f.pointer.as_str()))]
pub struct Faults(pub Vec<Fault>);
