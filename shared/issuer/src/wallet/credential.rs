//! Credential: what a token opens. The stored credential, byte for byte, as often as the wallet asks while the token lives.

use super::{Promise, TOKEN, folder, secret};
use crate::{
    App, Error,
    analytics::Use,
    auth::bearer,
    error::Refusal,
    http::{body, essence},
    ports::{Certificate, Drawer},
};
use anyhow::Context;
use axum::{
    Extension, Json,
    extract::{Request, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use credential::{CertificateId, Status};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::{json, value::RawValue};

/// The credential endpoint.
pub(super) async fn credential(State(app): State<App>, request: Request) -> Result<Response, Error> {
    let promise = promised(&app, request.headers()).await?;
    Asked::read(request).await?.is_for(&promise)?;
    let certificate = standing(&app, &promise).await?;
    tracing::info!(certificate.id = promise.certificate_id, "given to a wallet");
    let credential = RawValue::from_string(certificate.signed.as_str().to_owned());
    let credential = credential.context("a stored credential that is no JSON").map_err(Error::Internal)?;
    let used = Extension(Use::fetched(&app, &certificate, "wallet"));
    Ok((used, Json(Given { credentials: [Issued { credential }] })).into_response())
}

/// The nonce endpoint: some wallets ask for no credential without one. Nothing hangs on it, so nothing is kept of it.
pub(super) async fn nonce() -> Result<Response, Error> {
    Ok(Json(json!({ "c_nonce": secret()? })).into_response())
}

#[derive(Serialize)]
struct Given {
    credentials: [Issued; 1],
}

#[derive(Serialize)]
struct Issued {
    /// As it was signed: written again, it might be written otherwise.
    credential: Box<RawValue>,
}

/// What the token opens.
async fn promised(app: &App, headers: &HeaderMap) -> Result<Promise, Error> {
    let token = folder(TOKEN, bearer(headers)?);
    let sheet = app.cabinet.sheet(Drawer::Offers, &token, TOKEN, (app.clock)()).await?;
    let sheet = sheet.ok_or(Error::Unauthenticated("it is unknown or over"))?;
    serde_json::from_str(&sheet.text).context("reading a token").map_err(Error::Internal)
}

/// What a wallet asks. Proofs that it sends all the same are not looked at: the credential is bound to no key.
#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "credential_configuration_id")]
    configuration: Option<String>,
    #[serde(rename = "credential_identifier")]
    identifier: Option<String>,
    #[serde(rename = "credential_response_encryption")]
    encryption: Option<IgnoredAny>,
}

impl Asked {
    async fn read(request: Request) -> Result<Self, Error> {
        let malformed = Error::Wallet(Refusal::InvalidCredentialRequest, "the body is no credential request in JSON");
        if essence(request.headers()) != "application/json" {
            return Err(malformed);
        }
        let bytes = body(request, MOST_BYTES).await?;
        serde_json::from_slice(&bytes).map_err(|_| malformed)
    }

    /// Whether what is asked for is what was promised.
    fn is_for(&self, promise: &Promise) -> Result<(), Error> {
        if self.encryption.is_some() {
            return Err(Error::Wallet(Refusal::InvalidEncryptionParameters, "answers are encrypted by TLS alone"));
        }
        match (&self.configuration, &self.identifier) {
            (Some(id), None) if id == promise.configuration.id() => Ok(()),
            (None, Some(id)) if *id == promise.certificate_id => Ok(()),
            (Some(_), None) => {
                Err(Error::Wallet(Refusal::UnknownCredentialConfiguration, "the offer was for another configuration"))
            }
            (None, Some(_)) => {
                Err(Error::Wallet(Refusal::UnknownCredentialIdentifier, "the offer was for another credential"))
            }
            _ => Err(Error::Wallet(
                Refusal::InvalidCredentialRequest,
                "one of credential_configuration_id and credential_identifier is wanted",
            )),
        }
    }
}

/// The certificate as it stands now. It may have been taken back since it was offered.
async fn standing(app: &App, promise: &Promise) -> Result<Certificate, Error> {
    let id = CertificateId::parse(&promise.certificate_id).context("a promise of nothing").map_err(Error::Internal)?;
    let code = app.store.beneficiary_of(&id).await?.ok_or(DENIED)?;
    let certificates = app.store.certificates(&code, None).await?;
    let now = (app.clock)();
    let valid = |it: &Certificate| it.issuance.certificate_id == id && it.status.at(now) == Status::Valid;
    certificates.into_iter().find(valid).ok_or(DENIED)
}

const DENIED: Error = Error::Wallet(Refusal::CredentialRequestDenied, "the certificate is not valid now");
/// Room for proofs, which are not looked at.
const MOST_BYTES: usize = 64 * 1024;
