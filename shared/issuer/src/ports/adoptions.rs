//! What taking over from another instance needs of the records.

use super::{Audit, Certificate};
use async_trait::async_trait;
use credential::{BeneficiaryCode, CertificateId, EventDigest, Status};

/// Certificates that another instance issued, under their own ids. From then on they are the [`Store`](super::Store)'s like all others: fetched, corrected,
/// taken back.
#[async_trait]
pub trait Adoptions: Send + Sync {
    /// Stores a certificate with its look-ups and its entry of the log, all or nothing. Its slot shows the newest by time of issue, so certificates may come
    /// in any order; what was said against it before ([`Adoptions::disown`]) holds. Certificates of the slot that nothing was said against stay valid beside
    /// it, as they were where they come from.
    ///
    /// A second call with the same credential changes nothing and answers [`Adopted::AlreadyThere`].
    async fn adopt(&self, certificate: &Certificate, digest: EventDigest, audit: &Audit) -> anyhow::Result<Adopted>;

    /// Writes down that a certificate is not valid any more, whether it is there, comes later or never, with its entry of the log and its note for the
    /// publication of status lists, all or nothing. A second call changes nothing and answers [`Adopted::AlreadyThere`].
    async fn disown(&self, disowned: &Disowned, audit: &Audit) -> anyhow::Result<Adopted>;
}

/// A certificate that its issuer took back or replaced.
#[derive(Clone, Debug)]
pub struct Disowned {
    /// Its id.
    pub certificate_id: CertificateId,
    /// Whose it was.
    pub beneficiary: BeneficiaryCode,
    /// [`Status::Revoked`] or [`Status::Superseded`].
    pub status: Status,
    /// The certificate that took its place.
    pub successor: Option<CertificateId>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adopted {
    /// It is stored.
    Stored,
    /// It was there before.
    AlreadyThere,
    /// Another certificate, or another person's, has that id; nothing was stored.
    Contradicts,
}
