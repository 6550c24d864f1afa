//! What a credential needs beside the event: the country's constants and what is settled when a slot is reserved.

use crate::{CertificateId, Kind, claims::is_plain, event::is_iri};
use time::OffsetDateTime;

/// A country's constants in every credential. DIVOC's names for them stand behind each field.
#[derive(Clone, Debug)]
pub struct Profile {
    /// `CERTIFICATE_NAMESPACE`: the context's URL of v1 credentials.
    pub context_v1: String,
    /// `CERTIFICATE_NAMESPACE_V2`: the context's URL of v3 (international) credentials.
    pub context_v2: String,
    /// `TEST_CERTIFICATE_NAMESPACE`: the context's URL of test certificates. DIVOC's test signer is a service of its own and calls it `CERTIFICATE_NAMESPACE`.
    pub context_test: String,
    /// `CERTIFICATE_ISSUER`: an absolute IRI.
    pub issuer: String,
    /// `CERTIFICATE_DID`: the DID before a beneficiary's identity, such as `did:india`.
    pub did: String,
    /// `CERTIFICATE_BASE_URL`: what stands before the id in `evidence[0].id`.
    pub base_url: String,
    /// `TEST_CERTIFICATE_BASE_URL`: the same for test certificates, `CERTIFICATE_BASE_URL` of DIVOC's test signer.
    pub test_base_url: String,
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
            context_test: "https://cowin.gov.in/credentials/testCertificate/v1".into(),
            issuer: "https://divoc.dev/".into(),
            did: "did:india".into(),
            base_url: "https://divoc.dev/vaccine/".into(),
            test_base_url: "https://divoc.dev/test/".into(),
            info_base_url: "https://divoc.dev/?".into(),
            feedback_base_url: "https://divoc.dev/?".into(),
            facility_country: "IN".into(),
        }
    }
}

/// A profile whose credentials would not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} must be an absolute IRI of the characters that RFC 3987 allows, without a fragment")]
pub struct BadProfile(pub &'static str);

impl Profile {
    /// Asked once, at start: whether everything that becomes an id can be one. What has a relative id stands outside the signature, and the fragment of
    /// `evidence[0].id` belongs to the binding digest.
    ///
    /// # Errors
    /// Names the first setting, in DIVOC's words, that cannot be used.
    pub fn check(&self) -> Result<(), BadProfile> {
        let settings = [
            ("CERTIFICATE_NAMESPACE", &self.context_v1),
            ("CERTIFICATE_NAMESPACE_V2", &self.context_v2),
            ("TEST_CERTIFICATE_NAMESPACE", &self.context_test),
            ("CERTIFICATE_ISSUER", &self.issuer),
            ("CERTIFICATE_DID", &self.did),
            ("CERTIFICATE_BASE_URL", &self.base_url),
            ("TEST_CERTIFICATE_BASE_URL", &self.test_base_url),
            ("CERTIFICATE_INFO_BASE_URL", &self.info_base_url),
            ("CERTIFICATE_FEEDBACK_BASE_URL", &self.feedback_base_url),
        ];
        let bad =
            settings.into_iter().find(|(_, text)| !is_iri(text) || text.contains('#') || !text.chars().all(is_plain));
        bad.map_or(Ok(()), |(name, _)| Err(BadProfile(name)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divocs_own_settings_can_be_used() {
        assert_eq!(Profile::default().check(), Ok(()));
    }

    #[test]
    fn a_setting_that_cannot_be_an_id_is_named() {
        let issuer = Profile { issuer: "divoc.dev".into(), ..Profile::default() };
        assert_eq!(issuer.check(), Err(BadProfile("CERTIFICATE_ISSUER")));
        for did in ["", "india", "did:india ", "did:india#1", "did:", ":india"] {
            assert_eq!(
                Profile { did: did.into(), ..Profile::default() }.check(),
                Err(BadProfile("CERTIFICATE_DID")),
                "{did}"
            );
        }
    }
}
