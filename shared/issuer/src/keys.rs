//! Public keys for verifiers, open to all: a DID document, a JSON Web Key Set and PEM. Retired keys stay listed, for what they signed stays signed.

use crate::{App, Error};
use anyhow::Result;
use axum::{
    Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use credential::{VerificationMethod, keys};
use std::fmt::Write;

/// The open routes under `/.well-known`.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/.well-known/did.json", get(did))
        .route("/.well-known/jwks.json", get(jwks))
        .route("/.well-known/public-key.pem", get(pem))
}

async fn did(State(app): State<App>) -> Result<Response, Error> {
    let document = keys::did_document(&app.config.profile.did, &listed(&app).await?);
    Ok(public("application/did+json", document.to_string()))
}

async fn jwks(State(app): State<App>) -> Result<Response, Error> {
    let set = keys::key_set(&listed(&app).await?);
    Ok(public("application/jwk-set+json", set.to_string()))
}

async fn pem(State(app): State<App>) -> Result<Response, Error> {
    let mut text = String::new();
    for method in listed(&app).await? {
        let suite = method.key.suite();
        // Text before a PEM block is explanatory and skipped by readers (RFC 7468 § 2).
        let _ = writeln!(text, "{} {} ({})\n{}", method.id, suite.proof_type(), suite.algorithm(), method.key.to_pem());
    }
    Ok(public("application/x-pem-file", text))
}

/// The key that signs now, published before it signs for the first time; once per process.
///
/// # Errors
/// When the key or the store does not answer.
pub async fn current(app: &App) -> Result<&VerificationMethod> {
    app.method
        .get_or_try_init(async || {
            let method = signing_method(app).await?;
            app.store.publish_key(&method, (app.clock)()).await?;
            Ok(method)
        })
        .await
}

/// The current key first, then every other that was ever published, the newest first.
async fn listed(app: &App) -> Result<Vec<VerificationMethod>> {
    let current = signing_method(app).await?;
    let mut methods = app.store.published_keys().await?;
    methods.retain(|method| *method != current);
    methods.insert(0, current);
    Ok(methods)
}

async fn signing_method(app: &App) -> Result<VerificationMethod> {
    Ok(VerificationMethod::new(app.config.verification_method.as_str(), app.signer.public_key().await?))
}

/// Public and cacheable for some minutes: long enough for load, short enough for a new key.
fn public(media_type: &'static str, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CACHE_CONTROL, "public, max-age=300"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (headers, body).into_response()
}
