//! The public keys of the country, of the present and of the past, with what is known of each.

use async_trait::async_trait;
use credential::{PublicKey, VerificationMethod};
use time::OffsetDateTime;

/// Public keys, durable once a call has returned and read back as they were written (strongly consistent). None is ever taken back.
///
/// Every change is stored together with its audit entry, or not at all; a call that changes nothing leaves no entry. What is said of a key holds under all
/// names that it has.
#[async_trait]
pub trait KeyRing: Send + Sync {
    /// Every key ever published, the newest first.
    async fn keys(&self) -> anyhow::Result<Vec<PublishedKey>>;

    /// Publishes a key under its name. A second call for that key and name changes nothing, whatever else it says of it.
    async fn publish(&self, method: &VerificationMethod, change: &KeyChange) -> anyhow::Result<Effect>;

    /// Ends the time at which the key signs. A second call changes nothing: the first instant stands.
    async fn retire(&self, key: &PublicKey, until: OffsetDateTime, change: &KeyChange) -> anyhow::Result<Effect>;

    /// Marks the key as compromised since `change.at`. A second call changes nothing, and nothing takes the mark away.
    async fn compromise(&self, key: &PublicKey, change: &KeyChange) -> anyhow::Result<Effect>;

    /// Attaches X.509 certificates in DER, the key's own first. A second call with the same certificates changes nothing; others take their place.
    async fn attach_chain(&self, key: &PublicKey, chain: &[Vec<u8>], change: &KeyChange) -> anyhow::Result<Effect>;
}

/// A key and when it was first published under that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedKey {
    /// The key.
    pub method: VerificationMethod,
    /// When.
    pub since: OffsetDateTime,
}

/// Who changes something, why and when: what the audit entry says.
#[derive(Clone, Debug)]
pub struct KeyChange {
    /// The caller: the token's `sub`, or the function that acts by itself.
    pub actor: String,
    /// Why.
    pub reason: KeyReason,
    /// Now.
    pub at: OffsetDateTime,
}

/// Why a key is changed. Codes, no free text, as with certificates: the log is kept for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyReason {
    /// It signs for the first time.
    FirstUse,
    /// One key takes another's place.
    Rotation,
    /// Another instance's certificates are to be believed.
    Recognition,
    /// The CA certified the key, or did so anew.
    Certification,
    /// Who signed with it does so no more.
    Cessation,
    /// Others may sign with it.
    Compromise,
    /// None of these.
    Other,
}

impl KeyReason {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::FirstUse,
        Self::Rotation,
        Self::Recognition,
        Self::Certification,
        Self::Cessation,
        Self::Compromise,
        Self::Other,
    ];

    /// The code in requests and in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstUse => "first-use",
            Self::Rotation => "rotation",
            Self::Recognition => "recognition",
            Self::Certification => "certification",
            Self::Cessation => "cessation",
            Self::Compromise => "compromise",
            Self::Other => "other",
        }
    }
}

/// What a call did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It was stored.
    Changed,
    /// It was so before.
    Unchanged,
}
