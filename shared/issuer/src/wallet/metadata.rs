//! Metadata: what wallets learn of this service before they ask for anything.

use super::GRANT;
use crate::{App, Error, http::Origin, ports::Certificate};
use axum::{
    Json,
    extract::{Path, State},
};
use credential::{Kind, Profile};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A kind of credential that wallets may be offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Configuration {
    Vaccination,
    /// With date of birth and ICD-11 code.
    InternationalVaccination,
    Test,
}

impl Configuration {
    const ALL: [Self; 3] = [Self::Vaccination, Self::InternationalVaccination, Self::Test];

    /// Of which kind a certificate is.
    pub(super) fn of(certificate: &Certificate, profile: &Profile) -> Self {
        match certificate.slot.occasion.kind() {
            Kind::Test => Self::Test,
            Kind::Vaccination if certificate.signed.facts().contexts.contains(&profile.context_v2) => {
                Self::InternationalVaccination
            }
            Kind::Vaccination => Self::Vaccination,
        }
    }

    /// Its name in offers and requests.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Vaccination => "VaccinationCertificate",
            Self::InternationalVaccination => "InternationalVaccinationCertificate",
            Self::Test => "TestCertificate",
        }
    }

    /// No binding methods and no proof types: the credential is bound to no key, so none is asked for.
    fn told(self, profile: &Profile) -> Value {
        let (context, kind, name) = match self {
            Self::Vaccination => (&profile.context_v1, "ProofOfVaccinationCredential", "Vaccination certificate"),
            Self::InternationalVaccination => {
                (&profile.context_v2, "ProofOfVaccinationCredential", "Vaccination certificate for travel")
            }
            Self::Test => (&profile.context_test, "ProofOfTestCertificateCredential", "Test certificate"),
        };
        json!({
            "format": "ldp_vc",
            "credential_definition": {
                "@context": ["https://www.w3.org/2018/credentials/v1", context],
                "type": ["VerifiableCredential", kind],
            },
            "credential_metadata": { "display": [{ "name": name, "locale": "en" }] },
        })
    }
}

/// The credential issuer: it is its own authorization server.
pub(super) async fn issuer(State(app): State<App>, Origin(base): Origin) -> Json<Value> {
    let of = |it: Configuration| (it.id().to_owned(), it.told(&app.config.profile));
    Json(json!({
        "credential_issuer": base,
        "credential_endpoint": format!("{base}/wallet/credential"),
        "nonce_endpoint": format!("{base}/wallet/nonce"),
        "credential_configurations_supported": Configuration::ALL.map(of).into_iter().collect::<Map<_, _>>(),
    }))
}

/// The authorization server (RFC 8414), which knows one grant and asks no wallet who it is.
pub(super) async fn server(Origin(base): Origin) -> Json<Value> {
    Json(json!({
        "issuer": base,
        "token_endpoint": format!("{base}/wallet/token"),
        "grant_types_supported": [GRANT],
        "response_types_supported": [],
        "token_endpoint_auth_methods_supported": ["none"],
        "authorization_details_types_supported": ["openid_credential"],
        "pre-authorized_grant_anonymous_access_supported": true,
    }))
}

/// Where the well-known name of an issuer with a path is: between host and path.
pub(super) async fn issuer_at(app: State<App>, Path(path): Path<String>, origin: Origin) -> Result<Json<Value>, Error> {
    is_ours(&app, &path)?;
    Ok(issuer(app, origin).await)
}

/// The same of the authorization server.
pub(super) async fn server_at(app: State<App>, Path(path): Path<String>, origin: Origin) -> Result<Json<Value>, Error> {
    is_ours(&app, &path)?;
    Ok(server(origin).await)
}

/// Whether the country's `PUBLIC_URL` has this path.
fn is_ours(app: &App, path: &str) -> Result<(), Error> {
    let ours = app.config.public_url.split("://").nth(1).and_then(|place| place.split_once('/'));
    if ours.is_some_and(|(_, ours)| ours == path) { Ok(()) } else { Err(Error::NoRoute) }
}
