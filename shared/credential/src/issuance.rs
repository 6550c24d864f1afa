//! What a credential needs beside the event: the country's constants and what is settled when a slot is reserved.

use crate::{CertificateId, Kind};
use time::OffsetDateTime;

/// A country's constants in every credential. DIVOC's names for them stand behind each field.
#[derive(Clone, Debug)]
pub struct Profile {
    /// `CERTIFICATE_NAMESPACE`: the context's URL of v1 credentials.
    pub context_v1: String,
    /// `CERTIFICATE_NAMESPACE_V2`: the context's URL of v3 (international) credentials.
    pub context_v2: String,
    /// `CERTIFICATE_ISSUER`: an absolute IRI.
    pub issuer: String,
    /// `CERTIFICATE_DID`: the DID before a beneficiary's identity, such as `did:india`.
    pub did: String,
    /// `CERTIFICATE_BASE_URL`: what stands before the id in `evidence[0].id`.
    pub base_url: String,
    /// `CERTIFICATE_INFO_BASE_URL`.
    pub info_base_url: String,
    /// `CERTIFICATE_FEEDBACK_BASE_URL`.
    pub feedback_base_url: String,
    /// `FACILITY_COUNTRY_CODE`: the facility's `addressCountry` where the event names none.
    pub facility_country: String,
}

impl Default for Profile {
    /// DIVOC's own defaults.
    fn default() -> Self {
        Self {
            context_v1: "https://divoc.dev/credentials/vaccination/v1".into(),
            context_v2: "https://divoc.dev/credentials/vaccination/v2".into(),
            issuer: "https://divoc.dev/".into(),
            did: "did:india".into(),
            base_url: "https://divoc.dev/vaccine/".into(),
            info_base_url: "https://divoc.dev/?".into(),
            feedback_base_url: "https://divoc.dev/?".into(),
            facility_country: "IN".into(),
        }
    }
}

/// What a slot fixes for the certificate that will fill it, so that a retry prepares the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuance {
    /// The certificate's id.
    pub certificate_id: CertificateId,
    /// When it is issued, to the millisecond, UTC: `issuanceDate`, and to the second the proof's `created`.
    pub issued_at: OffsetDateTime,
    /// What it attests.
    pub kind: Kind,
}
