//! What a signed credential says, for those who show it: labels and pictures read this, never the JSON.

use serde::Deserialize;

/// The statements of one credential, in the words it uses. Missing ones are empty. Personal data.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Facts {
    /// The contexts; the second tells v1 from v2.
    #[serde(rename = "@context")]
    pub contexts: Vec<String>,
    /// Who received the vaccine.
    pub credential_subject: Subject,
    /// `issuanceDate`.
    pub issuance_date: String,
    /// One vaccination.
    pub evidence: Vec<Vaccination>,
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
    /// Years, as text.
    pub age: String,
    /// `YYYY-MM-DD`; v3 only.
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

/// `evidence[0]`.
#[derive(Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Vaccination {
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
    /// Who gave it.
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
    /// The vaccination; every credential of ours has exactly one.
    pub fn vaccination(&self) -> Option<&Vaccination> {
        self.evidence.first()
    }
}

/// Foreign credentials carry doses as numbers, as text or as the empty text.
fn number<'de, D: serde::Deserializer<'de>>(source: D) -> Result<u64, D::Error> {
    let value = serde_json::Value::deserialize(source)?;
    Ok(value.as_u64().or_else(|| value.as_str()?.trim().parse().ok()).unwrap_or_default())
}
