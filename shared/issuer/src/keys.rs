//! The country's keys: published for verifiers, open to all, as DID document, JSON Web Key Set and PEM; changed by administrators ([`admin`]); and the one that
//! signs now ([`current()`]).
//!
//! A new key is published before it signs for the first time. The old one stays listed, for what it signed stays signed, and is retired by an administrator
//! once no process signs with it any more: while a deployment is under way both do, and one that is taken back makes the old key the current one again.

pub mod admin;
pub mod current;

pub use current::{Current, current};

use crate::{App, Error, ports::PublishedKey};
use axum::{
    Router,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use credential::{PublicKey, VerificationMethod, keys};

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
    Ok(public("application/x-pem-file", keys::pem_list(&listed(&app).await?)))
}

/// The current key first, then every other that was ever published, the newest first.
async fn listed(app: &App) -> Result<Vec<VerificationMethod>, Error> {
    let key = app.signer.public_key().await?;
    let published = app.key_ring.keys().await?;
    let (current, others): (Vec<_>, Vec<_>) = published.into_iter().partition(|known| is_current(app, &key, known));
    let mut methods: Vec<_> = current.into_iter().map(|known| known.method).collect();
    if methods.is_empty() {
        // It has not signed yet, so nobody can miss the instant from which it does.
        methods.push(VerificationMethod::new(app.config.verification_method.as_str(), key));
    }
    if let Some(current) = methods.first() {
        current::report_expiry(app, current);
    }
    methods.extend(others.into_iter().map(|known| known.method));
    Ok(methods)
}

/// Whether that is the signing key under the name that proofs now give it.
fn is_current(app: &App, key: &PublicKey, known: &PublishedKey) -> bool {
    known.method.key == *key && known.method.id == app.config.verification_method
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
