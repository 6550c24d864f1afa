//! What a signed credential says, for those who show it: labels and pictures read this, never the JSON.

use crate::{Schema, context::pinned};
use serde::Deserialize;

/// The statements of one credential, in the words it uses. Missing ones are empty. Personal data.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Facts {
    /// The contexts; the second tells v1 from v2.
    #[serde(rename = "@context")]
    pub contexts: Vec<String>,
    /// `type`: the second tells a vaccination from a test.
    #[serde(rename = "type")]
    pub types: Vec<String>,
    /// Who received the vaccine or was tested.
    pub credential_subject: Subject,
    /// `issuanceDate`.
    pub issuance_date: String,
    /// One vaccination or one test.
    pub evidence: Vec<Evidence>,
}

/// `credentialSubject`.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Subject {
    /// An IRI made of the identity document.
    pub id: String,
    /// The beneficiary code.
    pub ref_id: String,
    /// The name, in any script.
    pub name: String,
    /// Free text.
    pub gender: String,
    /// Years, as text; empty for tests.
    pub age: String,
    /// `YYYY-MM-DD`; v3 and tests.
    pub dob: String,
    /// Free text.
    pub nationality: String,
    /// Where the person lives.
    pub address: Address,
}

/// An address of subject or facility.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Address {
    /// First line.
    pub street_address: String,
    /// Second line.
    pub street_address2: String,
    /// District.
    pub district: String,
    /// City.
    pub city: String,
    /// State or region.
    pub address_region: String,
    /// Country code.
    pub address_country: String,
    /// Postal code.
    pub postal_code: String,
}

/// `evidence[0]`: a vaccination or a test; what only the other kind states is empty.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Evidence {
    /// The certificate's id.
    pub certificate_id: String,
    /// Batch number.
    pub batch: String,
    /// The vaccine's name.
    pub vaccine: String,
    /// Its manufacturer.
    pub manufacturer: String,
    /// When it was given, RFC 3339.
    pub date: String,
    /// `YYYY-MM-DD`.
    pub effective_start: String,
    /// `YYYY-MM-DD`.
    pub effective_until: String,
    /// Which dose; 0 if unknown.
    #[serde(deserialize_with = "number")]
    pub dose: u64,
    /// Of how many; 0 if unknown.
    #[serde(deserialize_with = "number")]
    pub total_doses: u64,
    /// ICD-11 code; v3 only.
    pub icd11_code: String,
    /// ICD-11 term; v3 only.
    pub prophylaxis: String,
    /// A test's kind, such as `RT-PCR`.
    pub test_type: String,
    /// The test's product.
    pub test_name: String,
    /// What the test looked for.
    pub disease: String,
    /// Where in the body the sample was taken.
    pub sample_origin: String,
    /// When the sample was taken, RFC 3339.
    pub sample_collection_timestamp: String,
    /// When the result was known, RFC 3339.
    pub result_timestamp: String,
    /// `Positive`, `Negative`, `Inconclusive` or `Void`.
    pub result: String,
    /// Who gave the vaccine or vouches for the test.
    pub verifier: Named,
    /// Where.
    pub facility: Facility,
}

/// `verifier`.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Named {
    /// The name.
    pub name: String,
}

/// `facility`.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub struct Facility {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub address: Address,
}

impl Facts {
    /// The vaccination or the test; every credential of ours has exactly one.
    pub fn evidence(&self) -> Option<&Evidence> {
        self.evidence.first()
    }

    /// The schema of the requests that such a certificate is made of.
    pub fn schema(&self) -> Schema {
        let is_international = |url: &String| pinned(url).is_some() && pinned(url) == pinned(INTERNATIONAL);
        if self.is_test() {
            Schema::Test
        } else if self.contexts.iter().any(is_international) {
            Schema::V3
        } else {
            Schema::V1
        }
    }

    /// Whether it is a test's result (`ProofOfTestCertificateCredential`).
    pub fn is_test(&self) -> bool {
        self.types.iter().any(|name| name == "ProofOfTestCertificateCredential")
    }
}

const INTERNATIONAL: &str = "https://divoc.dev/credentials/vaccination/v2";

/// Foreign credentials carry doses as numbers, as text or as the empty text.
fn number<'de, D: serde::Deserializer<'de>>(source: D) -> Result<u64, D::Error> {
    let value = serde_json::Value::deserialize(source)?;
    Ok(value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()).unwrap_or_default())
}
