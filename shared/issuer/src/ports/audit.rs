//! What the log says of a deed: who did what to a certificate, when and why.

use time::OffsetDateTime;

/// Who does what, and why: written with what they do.
#[derive(Clone, Debug)]
pub struct Audit {
    /// What is done.
    pub deed: Deed,
    /// The public key that signed, as its RFC 7638 thumbprint; none where nothing is signed.
    pub key: Option<String>,
}

/// One thing that was done to a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// What.
    pub event: AuditEvent,
    /// When.
    pub at: OffsetDateTime,
    /// The caller: the token's `sub`.
    pub actor: String,
    /// Why, where a reason was given.
    pub reason: Option<Reason>,
}

/// What can be done to a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditEvent {
    /// It was issued.
    Issued,
    /// It was issued in place of another.
    Corrected,
    /// Another took its place.
    Superseded,
    /// It was taken back.
    Revoked,
    /// It was suspended.
    Suspended,
    /// Its suspension was lifted.
    Lifted,
    /// It was signed again, with another key.
    Resigned,
    /// It was registered to another contact, with everything else of its beneficiary.
    Rebound,
    /// It was taken over from the instance that had issued it.
    Imported,
}

impl AuditEvent {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Issued,
        Self::Corrected,
        Self::Superseded,
        Self::Revoked,
        Self::Suspended,
        Self::Lifted,
        Self::Resigned,
        Self::Rebound,
        Self::Imported,
    ];

    /// The name in the log and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "issued",
            Self::Corrected => "corrected",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::Lifted => "lifted",
            Self::Resigned => "resigned",
            Self::Rebound => "rebound",
            Self::Imported => "imported",
        }
    }
}

/// Why something is done. Codes, no free text: what people write about people does not belong in a log that is kept for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// What it says is wrong and is corrected.
    Correction,
    /// It should not have been issued.
    IssuedInError,
    /// The person has it twice.
    Duplicate,
    /// It was obtained by deceit.
    Fraud,
    /// The vaccine or the test is recalled.
    Recall,
    /// The key that signed it is not to be trusted.
    KeyCompromise,
    /// The person asked for it.
    HolderRequest,
    /// It is being looked into.
    Investigation,
    /// A report of a later dose says something else.
    Reconciliation,
    /// None of these.
    Other,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Correction,
        Self::IssuedInError,
        Self::Duplicate,
        Self::Fraud,
        Self::Recall,
        Self::KeyCompromise,
        Self::HolderRequest,
        Self::Investigation,
        Self::Reconciliation,
        Self::Other,
    ];

    /// The code in requests, answers and the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Correction => "correction",
            Self::IssuedInError => "issued-in-error",
            Self::Duplicate => "duplicate",
            Self::Fraud => "fraud",
            Self::Recall => "recall",
            Self::KeyCompromise => "key-compromise",
            Self::HolderRequest => "holder-request",
            Self::Investigation => "investigation",
            Self::Reconciliation => "reconciliation",
            Self::Other => "other",
        }
    }

    /// The reason with this code.
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == code)
    }
}

/// An entry about something that changes no certificate: who was shown what, who may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What happened.
    pub event: RemarkEvent,
    /// What it happened to: the id of a certificate or of a partner; a search has one of its own.
    pub about: String,
    /// Who did it: a partner's id, `digilocker`, or a token's `sub`.
    pub actor: String,
    /// When.
    pub at: OffsetDateTime,
}

impl Remark {
    /// How many are written all or none.
    pub const MOST_AT_ONCE: usize = 100;
}

/// What can happen without a change to a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RemarkEvent {
    /// A certificate, or what it says, was given to somebody outside.
    Shown,
    /// Somebody outside asked for a certificate with another telephone number than its own, and was not given it.
    Withheld,
    /// Somebody looked for people by number and date of birth; what they were shown of them is entered beside it.
    Searched,
    /// A partner was registered, or its rights changed.
    PartnerSet,
    /// A partner was taken off the register.
    PartnerRemoved,
}

impl RemarkEvent {
    /// The name in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Shown => "shown",
            Self::Withheld => "withheld",
            Self::Searched => "searched",
            Self::PartnerSet => "partner-set",
            Self::PartnerRemoved => "partner-removed",
        }
    }
}
