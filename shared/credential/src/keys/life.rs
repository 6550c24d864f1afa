//! A key under the name that proofs use, and its life: from when, until when and for what its signatures are believed.
//!
//! Nobody's clock decides here: what counts is the time that a proof says it was made at. A key's owner writes that time honestly. A thief does not, so of a
//! compromised key nothing is believed, whatever its proofs say.

use super::PublicKey;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A key under the name that proofs use for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationMethod {
    /// `proof.verificationMethod`, such as `did:india`.
    pub id: String,
    /// The key.
    pub key: PublicKey,
    /// When it signs.
    pub life: Life,
    /// What it signs.
    pub purpose: Purpose,
    /// Who signs with it.
    pub origin: Origin,
    /// Its X.509 certificates in DER, the key's own first, each signed by the next; empty without a CA.
    pub chain: Vec<Vec<u8>>,
}

impl VerificationMethod {
    /// A key of the instance's own for certificates, without limits: what DIVOC's verifiers know of a key.
    pub fn new(id: impl Into<String>, key: PublicKey) -> Self {
        Self {
            id: id.into(),
            key,
            life: Life::default(),
            purpose: Purpose::Certificates,
            origin: Origin::Own,
            chain: Vec::new(),
        }
    }
}

/// When a key signs. Limits are inclusive and hold to the second, as `proof.created` does; the default has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// Since when; `None`: since ever.
    pub from: Option<OffsetDateTime>,
    /// Until when; `None`: it has not been retired.
    pub until: Option<OffsetDateTime>,
    /// When it was found that others may sign with it. From then on none of its signatures is believed, older ones included.
    pub compromised: Option<OffsetDateTime>,
}

impl Life {
    /// Whether the key signed at that instant. A compromise is another question.
    pub fn covers(&self, instant: OffsetDateTime) -> bool {
        let second = instant.unix_timestamp();
        self.from.is_none_or(|from| from.unix_timestamp() <= second)
            && self.until.is_none_or(|until| second <= until.unix_timestamp())
    }

    /// Whether the key signed when a proof was `created`. A text that is no RFC 3339 time passes only where there are no limits, as it does with DIVOC.
    pub(crate) fn covers_text(&self, created: &str) -> bool {
        if self.from.is_none() && self.until.is_none() {
            return true;
        }
        OffsetDateTime::parse(created, &Rfc3339).is_ok_and(|instant| self.covers(instant))
    }

    /// What a proof by this key says as its time, where the certificate's time of issue was fixed at `issued_at`: an attempt that another key began, and
    /// this one finishes, must not seem to be from before this key.
    pub fn created(&self, issued_at: OffsetDateTime) -> OffsetDateTime {
        self.from.map_or(issued_at, |from| from.max(issued_at))
    }
}

/// What a key signs. One that signs lists is held by other functions than one that signs certificates, and is not believed for those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Certificates.
    Certificates,
    /// Status lists.
    StatusLists,
}

impl Purpose {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Certificates, Self::StatusLists];

    /// Its name in documents and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certificates => "certificates",
            Self::StatusLists => "statusLists",
        }
    }
}

/// Who signs with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// This instance.
    Own,
    /// Another one, whose printed certificates stay valid here: a key to verify with, never to sign.
    Foreign,
}

impl Origin {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Own, Self::Foreign];

    /// Its name in documents and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Foreign => "foreign",
        }
    }
}
