//! The acknowledgement to the vaccinating system: DIVOC's body and DIVOC's token, and the signature of Standard Webhooks over both.

use super::{deliver::Outcome, parcel::Parcel};
use crate::{
    App,
    auth::derived_secret,
    config::{Callback, TokenSource},
    error::rfc3339,
    ports::Reply,
};
use anyhow::{Context, Result, ensure};
use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::json;
use time::OffsetDateTime;

/// Tells the system that a certificate is there.
pub(super) async fn tell(app: &App, parcel: &Parcel) -> Result<Outcome> {
    let Some(callback) = &app.config.post.callback else { return Ok(Outcome::Never("nobody".into())) };
    let body = body(parcel)?;
    let mut refused = None;
    for _ in 0..2 {
        let mut headers = signature(app, callback, parcel, &body).await?;
        let token = match &callback.token {
            None => None,
            Some(source) => match token(app, source, refused.as_deref()).await {
                Ok(token) => Some(token),
                Err(_) => return Ok(Outcome::Later("no-token".into())),
            },
        };
        headers.extend(token.clone().map(|token| ("authorization", token)));
        let Ok(reply) = app.webhook.post(&callback.url, &headers, body.as_bytes()).await else {
            return Ok(Outcome::Later("no-answer".into()));
        };
        match (token, reply.status) {
            // The token may have ended early: a new one, once.
            (Some(token), 401 | 403) if refused.is_none() => refused = Some(token),
            (_, status) => return Ok(judged(status)),
        }
    }
    Ok(Outcome::Later("no-token".into()))
}

/// What a status means for the parcel. A receiver that does not let us in has to mend that; what it does not understand it never will.
fn judged(status: u16) -> Outcome {
    let reason = format!("status-{status}").into();
    match status {
        200..=299 => Outcome::Told,
        401 | 403 | 408 | 409 | 425 | 429 => Outcome::Later(reason),
        400..=499 => Outcome::Never(reason),
        _ => Outcome::Later(reason),
    }
}

/// DIVOC's members, then ours.
fn body(parcel: &Parcel) -> Result<String> {
    let body = json!({
        "beneficiary_reference_id": parcel.beneficiary()?.as_str(),
        "dose": parcel.dose,
        "status": "success",
        "reason": "created",
        "date_created": rfc3339(parcel.at()),
        "certificateId": parcel.certificate()?.as_str(),
        "kind": parcel.kind,
        "event": parcel.event.as_str(),
    });
    Ok(body.to_string())
}

/// The headers of Standard Webhooks. The id is the certificate's: the same at every try, another for every certificate.
async fn signature(app: &App, callback: &Callback, parcel: &Parcel, body: &str) -> Result<Vec<(&'static str, String)>> {
    let id = format!("certificate-{}", parcel.certificate()?.as_str());
    let timestamp = (app.clock)().unix_timestamp().to_string();
    let signed = format!("{id}.{timestamp}.{body}");
    let signatures: Vec<_> = secrets(app, callback)
        .await?
        .iter()
        .map(|secret| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes()))
        .map(|signature| format!("v1,{}", BASE64_STANDARD.encode(signature)))
        .collect();
    Ok(vec![
        ("content-type", "application/json".to_owned()),
        ("webhook-id", id),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", signatures.join(" ")),
    ])
}

/// The secrets that sign today, the newest first: the one before it signs too, until the receiver has taken over the new one.
pub(super) async fn secrets(app: &App, callback: &Callback) -> Result<Vec<[u8; 32]>> {
    let pepper = app.pepper.contact_key().await.context("reading the contact key")?;
    let newest = callback.secret_version;
    let versions = (newest.saturating_sub(1).max(1)..=newest).rev();
    Ok(versions
        .map(|version| derived_secret(&pepper, format!("secret of acknowledgements, version {version}").as_bytes()))
        .collect())
}

/// A token of the receiver's, and until when it is used.
pub struct Token {
    text: String,
    until: OffsetDateTime,
}

/// DIVOC's way to a token: what the receiver answers to our name. Kept for a while, asked for anew if `refused` is the one that is kept.
async fn token(app: &App, source: &TokenSource, refused: Option<&str>) -> Result<String> {
    let mut kept = app.callback_token.lock().await;
    let now = (app.clock)();
    if let Some(token) = kept.as_ref().filter(|token| token.until > now && Some(token.text.as_str()) != refused) {
        return Ok(token.text.clone());
    }
    let body = json!({ "user_name": source.key.reveal() }).to_string();
    let headers = [("content-type", "application/json".to_owned())];
    let Reply { status, body } = app.webhook.post(&source.url, &headers, body.as_bytes()).await?;
    ensure!((200..=299).contains(&status), "status {status} instead of a token");
    let text = String::from_utf8(body).ok().map(|text| text.trim().to_owned());
    let text = text.filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '));
    let text = text.context("a token that is none")?;
    *kept = Some(Token { text: text.clone(), until: now + source.expiry });
    Ok(text)
}
