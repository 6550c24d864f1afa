//! What the service needs from outside. Each contract says what a second call does; the adapters (crate `aws`) decide nothing.

mod adoptions;
mod audit;
mod cabinet;
mod citizen_tokens;
mod journal;
mod key_ring;
mod queue;
mod quota;
mod recalls;
mod registrations;
mod secrets;
mod sender;
mod tally;
mod uploads;
mod webhook;

pub use adoptions::{Adopted, Adoptions, Disowned};
pub use audit::{Audit, AuditEvent, Deed, Reason, Remark, RemarkEvent};
pub use cabinet::{Cabinet, Drawer, Sheet};
pub use citizen_tokens::CitizenTokens;
pub use journal::{Journal, Published, StatusChange};
pub use key_ring::{Effect, KeyChange, KeyReason, KeyRing, PublishedKey};
pub use queue::{Lane, Message, Queue};
pub use quota::{Pushed, Quota};
pub use recalls::{Candidate, Common, Page, Recalls, StoredJob};
pub use registrations::{NO_CONTACT, Registration, Registrations};
pub use secrets::Secrets;
pub use sender::{Attachment, Mail, Refused, Sender};
pub use tally::{Count, Dimension, Fact, FactKind, Scope, Tally};
pub use uploads::Uploads;
pub use webhook::{Reply, Webhook};

use async_trait::async_trait;
use credential::{
    BeneficiaryCode, CertificateId, Dose, EventDigest, Issuance, Kind, PublicKey, SlotKey, Status,
    chain::{Entry, Seal},
};
use jsonwebtoken::jwk::JwkSet;
use time::OffsetDateTime;

/// Records, durable once a call has returned, and read back as they were written (strongly consistent).
#[async_trait]
pub trait Store: Send + Sync {
    /// Reserves the slot's next certificate for the holder until `lease_until`: intent first, signature later.
    ///
    /// A slot that nobody holds, or whose holder's lease is over, becomes ours; what it already fixed (certificate id, time of issue) stays.
    /// A second call answers what stands: [`Reservation::Busy`] while another holder works, [`Reservation::Taken`] once the slot has moved on from
    /// what the intent follows.
    async fn reserve(&self, intent: &Intent) -> anyhow::Result<Reservation>;

    /// Gives the slot back before its lease is over, because the work failed. A second call, or one by a holder that lost it, does nothing.
    async fn release(&self, intent: &Intent) -> anyhow::Result<()>;

    /// Stores the certificate, its look-ups, its audit entry and the sheets (new ones), closes the slot, and supersedes the certificate that it corrects,
    /// all or nothing.
    ///
    /// A second call with the same certificate stores nothing and answers [`Commit::Stored`] again, for an answer may get lost on the way.
    /// One by a holder that lost the slot, with another certificate, or after the corrected certificate was taken back, stores nothing and answers
    /// [`Commit::Lost`].
    async fn commit(
        &self,
        intent: &Intent,
        certificate: &Certificate,
        audit: &Audit,
        sheets: &[Sheet],
    ) -> anyhow::Result<Commit>;

    /// Changes the status of certificates of one beneficiary, each with its audit entry and its note for the publication of status lists, all or nothing.
    ///
    /// A second call finds the status changed already and answers [`Commit::Lost`], as does one that met another change: read again and decide anew.
    async fn change(&self, changes: &[Change], audit: &Audit) -> anyhow::Result<Commit>;

    /// Puts another signature over the same document in a certificate's place, with its audit entry. [`Commit::Lost`] if the stored credential is not
    /// `before`, as at a second call.
    async fn replace_signature(
        &self,
        certificate: &Certificate,
        before: &credential::Signed,
        audit: &Audit,
    ) -> anyhow::Result<Commit>;

    /// What stands in each slot, in the order asked; reserves nothing.
    async fn occupants(&self, slots: &[SlotKey]) -> anyhow::Result<Vec<Option<Occupant>>>;

    /// Every certificate of a beneficiary (of that kind), whatever its status: vaccinations in order of dose, tests of sample, then of issue.
    async fn certificates(&self, beneficiary: &BeneficiaryCode, kind: Option<Kind>)
    -> anyhow::Result<Vec<Certificate>>;

    /// Whether the beneficiary has a certificate of that kind (and dose; a test has none) that is valid now, without reading it.
    async fn has_certificate(
        &self,
        beneficiary: &BeneficiaryCode,
        kind: Kind,
        dose: Option<Dose>,
        now: OffsetDateTime,
    ) -> anyhow::Result<bool>;

    /// The beneficiary that a certificate belongs to.
    async fn beneficiary_of(&self, certificate: &CertificateId) -> anyhow::Result<Option<BeneficiaryCode>>;

    /// Takes `count` numbers that nobody else gets, and answers the first. A second call takes others; numbers of a caller that died are never used.
    async fn numbers(&self, count: u64) -> anyhow::Result<u64>;
}

/// A key that signs certificates or lists; it never leaves where it is.
#[async_trait]
pub trait Signer: Send + Sync {
    /// The public half, with its suite. Cheap after the first call.
    async fn public_key(&self) -> anyhow::Result<PublicKey>;

    /// The raw JWS signature over `message`. A second call may give other bytes (PS256, ECDSA): callers sign once.
    async fn sign(&self, message: &[u8]) -> anyhow::Result<Vec<u8>>;
}

/// The secret under which contacts are hashed, so that a table can be searched by telephone number without holding one.
#[async_trait]
pub trait Pepper: Send + Sync {
    /// 32 bytes, the same at every call. Cheap after the first.
    async fn contact_key(&self) -> anyhow::Result<[u8; 32]>;
}

/// Pictures made once and kept: a cache, never the only copy of anything.
#[async_trait]
pub trait Files: Send + Sync {
    /// The bytes under `key`, if they are there.
    async fn read(&self, key: &str) -> anyhow::Result<Option<Vec<u8>>>;

    /// Puts `bytes` under `key` unless something is there; tells whether it did. What is there is never changed: keys are made of content.
    async fn write(&self, key: &str, bytes: &[u8], media_type: &str) -> anyhow::Result<bool>;
}

/// Files that everyone may read and that may change: status lists.
#[async_trait]
pub trait PublicFiles: Files {
    /// Puts `bytes` under `key`, in place of what may be there.
    async fn replace(&self, key: &str, bytes: &[u8], media_type: &str) -> anyhow::Result<()>;
}

/// The log of everything that was done, written with what was done, and the chain of seals over it.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// The entries from the minute of `from` to before that of `until`, in order of their keys. A late one may appear some seconds after its minute.
    async fn entries(&self, from: OffsetDateTime, until: OffsetDateTime) -> anyhow::Result<Vec<Entry>>;

    /// The newest seal.
    async fn last_seal(&self) -> anyhow::Result<Option<Seal>>;

    /// The seals from that number on, in order, at most so many.
    async fn seals(&self, from: u64, most: usize) -> anyhow::Result<Vec<Seal>>;

    /// Appends a seal; [`Commit::Lost`] if there is one of its number, also if it is the same.
    async fn append(&self, seal: &Seal) -> anyhow::Result<Commit>;

    /// Writes entries about what changes no certificate, at most [`Remark::MOST_AT_ONCE`], all or none. A second call writes them a second time.
    async fn remark(&self, remarks: &[Remark]) -> anyhow::Result<()>;
}

/// Where the identity provider's signing keys come from.
#[async_trait]
pub trait IdentityProvider: Send + Sync {
    /// The provider's current key set; read anew at each call, callers cache it.
    async fn key_set(&self) -> anyhow::Result<JwkSet>;
}

/// One attempt to issue one certificate.
#[derive(Clone, Debug)]
pub struct Intent {
    /// The slot it asks for.
    pub slot: SlotKey,
    /// What the slot must still hold: nothing, or the certificates that were there when the caller looked.
    pub follows: Follows,
    /// The event behind it.
    pub digest: EventDigest,
    /// What the certificate gets if nobody reserved it before.
    pub issuance: Issuance,
    /// Who tries: random, one per attempt.
    pub holder: u128,
    /// Now.
    pub now: OffsetDateTime,
    /// Until when nobody else may try.
    pub lease_until: OffsetDateTime,
}

/// What a new certificate comes after in its slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Nothing: the slot is new.
    Nothing,
    /// That many certificates, the newest of which was revoked and stays so.
    Revoked {
        /// Certificates that the slot had so far.
        version: u32,
    },
    /// That many certificates, the newest of which it corrects.
    Corrects {
        /// Certificates that the slot had so far.
        version: u32,
        /// The newest.
        issuance: Issuance,
    },
}

impl Follows {
    /// Certificates that the slot had so far.
    pub fn version(&self) -> u32 {
        match self {
            Self::Nothing => 0,
            Self::Revoked { version } | Self::Corrects { version, .. } => *version,
        }
    }

    /// The certificate that is superseded.
    pub fn corrected(&self) -> Option<&Issuance> {
        match self {
            Self::Corrects { issuance, .. } => Some(issuance),
            Self::Nothing | Self::Revoked { .. } => None,
        }
    }
}

/// What a reservation found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reservation {
    /// The slot is ours; the certificate gets this.
    Ours(Issuance),
    /// Someone else is at it.
    Busy,
    /// It holds something else than the intent follows.
    Taken(Occupant),
}

/// What stands in a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    /// Certificates that the slot had so far; the newest is [`Occupant::current`].
    pub version: u32,
    /// The newest certificate.
    pub current: Issuance,
    /// Where it stands.
    pub status: Status,
    /// Every certificate that the slot ever had, in order, with the event it was made of.
    pub history: Vec<(EventDigest, CertificateId)>,
}

impl Occupant {
    /// The newest certificate that was made of this event.
    pub fn made_of(&self, digest: EventDigest) -> Option<&CertificateId> {
        self.history.iter().rev().find(|(made_of, _)| *made_of == digest).map(|(_, id)| id)
    }

    /// Whether the newest certificate was made of this event.
    pub fn is_made_of(&self, digest: EventDigest) -> bool {
        self.history.last().is_some_and(|(made_of, _)| *made_of == digest)
    }
}

/// What a commit or a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Everything is stored.
    Stored,
    /// What it was built on had changed; nothing is stored.
    Lost,
}

/// A certificate as it is kept. Personal data.
#[derive(Clone)]
pub struct Certificate {
    /// Its slot.
    pub slot: SlotKey,
    /// Its id and time of issue.
    pub issuance: Issuance,
    /// The signed credential.
    pub signed: credential::Signed,
    /// Keyed hashes of the contacts it is registered to, base64url.
    pub contacts: Vec<String>,
    /// Where it stands.
    pub status: Status,
    /// The certificate that took its place.
    pub successor: Option<CertificateId>,
    /// The certificate whose place it took.
    pub predecessor: Option<CertificateId>,
    /// Everything that was done to it, in order.
    pub deeds: Vec<Deed>,
}

/// One change of a certificate's status.
#[derive(Clone, Debug)]
pub struct Change {
    /// The certificate's slot.
    pub slot: SlotKey,
    /// The certificate.
    pub issuance: Issuance,
    /// Where it stands as far as the caller knows.
    pub from: Status,
    /// Where it shall stand. Its slot tells the same, for only the newest certificate of a slot is ever valid or suspended.
    pub to: Status,
}
