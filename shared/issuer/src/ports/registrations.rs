//! Whose certificates are registered to which contact.

use async_trait::async_trait;
use credential::BeneficiaryCode;

/// Certificates by contact. Reads are as consistent as the [`Store`](super::Store)'s.
#[async_trait]
pub trait Registrations: Send + Sync {
    /// The beneficiaries of whom a certificate is, or once was, registered to the contact with that keyed hash. What is registered to it today is for the
    /// caller to see ([`Caller::only_theirs`](crate::auth::Caller::only_theirs)).
    async fn beneficiaries_of(&self, contact: &str) -> anyhow::Result<Vec<BeneficiaryCode>>;
}
