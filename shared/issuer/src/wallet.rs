//! Wallet: a citizen's certificate in a wallet app, by OpenID for Verifiable Credential Issuance 1.0 with a pre-authorised code.
//!
//! 1. The citizen asks for an *offer* of a certificate that is theirs (`offers`). The portal shows it as a link and as a QR code.
//! 2. Their wallet reads the offer and what this service can do (`metadata`), and exchanges the offer's code for a token (`token`): once, and with the
//!    transaction code if the citizen wanted one.
//! 3. With the token it fetches the credential (`credential`): the stored one, byte for byte. Nothing is signed here.
//!
//! Codes and tokens are random and live for minutes; the cabinet has their hashes alone. The credential is bound to no key of the wallet: its subject is the
//! person, whom a verifier knows by an identity document. So no proofs are asked for; wallets that send one all the same get the nonce that they want for it.

mod credential;
mod metadata;
mod offers;
mod token;

use crate::{App, fetch::fingerprint, random};
use anyhow::{Context, Result};
use axum::{
    Router,
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use time::Duration;

/// Offers for citizens; the rest is for wallets.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/citizen/offers", post(offers::offer))
        .route("/wallet/offers/{offerId}", get(offers::offered))
        .route("/.well-known/openid-credential-issuer", get(metadata::issuer))
        .route("/.well-known/openid-credential-issuer/{path}", get(metadata::issuer_at))
        .route("/.well-known/oauth-authorization-server", get(metadata::server))
        .route("/.well-known/oauth-authorization-server/{path}", get(metadata::server_at))
        .route("/wallet/token", post(token::token))
        .route("/wallet/nonce", post(credential::nonce))
        .route("/wallet/credential", post(credential::credential))
}

/// What an offer's sheet says. Its folder is named by the hash of its code, which is its id too: who may read the offer learns the code anyway.
#[derive(Clone, Serialize, Deserialize)]
struct Offer {
    /// What is offered.
    promise: Promise,
    /// The transaction code, hashed under the offer's code, which no sheet has: six digits are soon guessed from a plain hash.
    transaction_code: Option<String>,
    /// None when it is used or was guessed at too often.
    tries_left: u8,
}

/// The certificate that a wallet may fetch.
#[derive(Clone, Serialize, Deserialize)]
struct Promise {
    certificate_id: String,
    configuration: metadata::Configuration,
}

/// The folder of what is known by this secret.
fn folder(kind: &str, secret: &str) -> String {
    fingerprint(&[kind.as_bytes(), secret.as_bytes()])
}

/// What a sheet says of it.
fn text(told: &impl Serialize) -> Result<String> {
    serde_json::to_string(told).context("writing an offer or a token")
}

/// 256 random bits, base64url.
fn secret() -> Result<String> {
    let bytes = random::bytes::<32>()?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Names of sheets: each is alone in its folder.
const OFFER: &str = "offer";
const TOKEN: &str = "token";
/// The grant, as offers, requests and metadata call it.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:pre-authorized_code";
/// Time to scan a code, install nothing and type six digits.
const OFFER_LIVES: Duration = Duration::minutes(10);
/// What the specification calls long lived, and forbids to tokens that are bound to no key, begins above that.
const TOKEN_LIVES: Duration = Duration::minutes(5);
/// Wrong transaction codes after which the right one is refused too.
const TRIES: u8 = 5;
