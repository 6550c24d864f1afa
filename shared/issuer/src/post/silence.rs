//! Who wants no messages: citizens say so with their token, receivers of mails with one click.

use crate::{
    App, Error,
    auth::{By, Caller, Citizens, contact_hash, derived_secret},
    http::Json,
    messages::{Word, text},
    ports::{Drawer, Sheet},
};
use anyhow::{Context, Result};
use aws_lc_rs::hmac;
use axum::{
    Router,
    extract::{Path, Query, State},
    http::header,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use credential::Contact;
use serde::Deserialize;
use serde_json::{Value, json};

/// A citizen's wish, and the page behind the link in a mail.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/citizen/silence", get(state).post(change))
        .route("/divoc/api/post/unsubscribe/{token}", get(question).post(unsubscribe))
}

async fn state(State(app): State<App>, By(caller, ..): By<Citizens>) -> Result<Response, Error> {
    let silent = is_silent(&app, phone(&caller)?).await?;
    Ok(axum::Json(json!({ "silent": silent })).into_response())
}

/// `{"silent": true}`: no more messages to the caller's number; `false`: messages again.
async fn change(State(app): State<App>, By(caller, ..): By<Citizens>, body: Json) -> Result<Response, Error> {
    let phone = phone(&caller)?;
    let silent = body.0.get("silent").and_then(Value::as_bool).ok_or(Error::Field("/silent", "true or false"))?;
    if silent {
        silence(&app, phone, "asked").await?;
    } else {
        speak(&app, phone).await?;
    }
    Ok(axum::Json(json!({ "silent": silent })).into_response())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Shown {
    language: String,
}

/// What a person sees who follows the link: a question. Programs that follow links change nothing.
async fn question(
    State(app): State<App>,
    Path(token): Path<String>,
    Query(Shown { language }): Query<Shown>,
) -> Result<Response, Error> {
    named(&app, &token).await?;
    let (question, button) = (text(&language, Word::StopQuestion, &[])?, text(&language, Word::StopButton, &[])?);
    Ok(page(&question, &format!("<form method=\"post\"><button>{button}</button></form>")))
}

/// RFC 8058: a POST without anything else is the wish.
async fn unsubscribe(
    State(app): State<App>,
    Path(token): Path<String>,
    Query(Shown { language }): Query<Shown>,
) -> Result<Response, Error> {
    let name = named(&app, &token).await?;
    write_down(&app, &name, "asked").await?;
    Ok(page(&text(&language, Word::Stopped, &[])?, ""))
}

fn page(words: &str, rest: &str) -> Response {
    let html = format!(
        "<!doctype html><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{words}</title>\
         <style>body{{font:1.1rem/1.6 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem}}\
         button{{font:inherit;padding:.6rem 1.2rem}}</style><main dir=\"auto\"><h1>{words}</h1>{rest}</main>"
    );
    let policy = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'";
    let headers = [(header::CONTENT_SECURITY_POLICY, policy), (header::REFERRER_POLICY, "no-referrer")];
    (headers, Html(html)).into_response()
}

/// The number of a citizen whose token names one.
fn phone(caller: &Caller) -> Result<&Contact, Error> {
    caller.phone().ok_or(Error::Unauthenticated("it names no telephone number"))
}

/// Whether nothing is to be sent to the contact.
pub(crate) async fn is_silent(app: &App, contact: &Contact) -> Result<bool> {
    let name = name(app, contact).await?;
    Ok(app.cabinet.sheet(Drawer::Silence, folder(&name), &name, (app.clock)()).await?.is_some())
}

/// Sends nothing more to the contact; why is a short code of ours.
pub(super) async fn silence(app: &App, contact: &Contact, why: &str) -> Result<()> {
    write_down(app, &name(app, contact).await?, why).await
}

async fn write_down(app: &App, name: &str, why: &str) -> Result<()> {
    let now = (app.clock)();
    let text = json!({ "since": now.unix_timestamp(), "why": why }).to_string();
    // Lost: it is written down already.
    app.cabinet.put(&[Sheet::new(Drawer::Silence, folder(name), name, text)], now).await.map(drop)
}

async fn speak(app: &App, contact: &Contact) -> Result<()> {
    let name = name(app, contact).await?;
    if let Some(there) = app.cabinet.sheet(Drawer::Silence, folder(&name), &name, (app.clock)()).await? {
        app.cabinet.take(&there).await?;
    }
    Ok(())
}

/// The contact's name among the silent: a keyed hash of its own, which leads to no certificate.
async fn name(app: &App, contact: &Contact) -> Result<String> {
    let pepper = app.pepper.contact_key().await.context("reading the contact key")?;
    Ok(contact_hash(&derived_secret(&pepper, b"silent contacts, version 1"), contact))
}

/// One of four thousand partitions: a campaign's messages ask all of them alike.
fn folder(name: &str) -> &str {
    name.get(..2).unwrap_or_default()
}

/// The link with which the receiver of a mail says that they want no more: it names them to us, and nobody to anyone else.
pub(super) async fn unsubscribing(app: &App, contact: &Contact, language: &str) -> Result<String> {
    let name = name(app, contact).await?;
    let token = format!("{name}.{}", BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&key(app).await?, name.as_bytes())));
    Ok(format!("{}/divoc/api/post/unsubscribe/{token}?language={language}", app.config.public_url))
}

/// The name in a link of ours.
async fn named(app: &App, token: &str) -> Result<String, Error> {
    let forged = || Error::Parameter("token", "the link is not whole; copy it from the mail again".into());
    let (name, seal) = token.split_once('.').ok_or_else(forged)?;
    let seal = BASE64_URL_SAFE_NO_PAD.decode(seal).map_err(|_| forged())?;
    hmac::verify(&key(app).await?, name.as_bytes(), &seal).map_err(|_| forged())?;
    Ok(name.to_owned())
}

async fn key(app: &App) -> Result<hmac::Key> {
    let pepper = app.pepper.contact_key().await.context("reading the contact key")?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &derived_secret(&pepper, b"links that unsubscribe, version 1")))
}
