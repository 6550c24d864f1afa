//! Share: a citizen shows one of their certificates to whomever they like, by a link that ends, or by mail.
//!
//! A link is a token of 144 random bits, told once and kept as its SHA-256: whoever reads the table opens nothing. It stands in the fragment of a URL, which
//! browsers send to nobody, and comes here in the body of a request: in no log and no referrer. What it shows is what its citizen would see at that moment, by
//! the same rules ([`fetch::exactly`](crate::fetch)): a certificate that was taken back, corrected or registered to another number since is not shown.

mod documents;
mod link;
mod mail;
mod open;
mod own;

use crate::{App, Error, body::Body, ports::Sheet, print::printer, random};
use anyhow::{Context, anyhow};
use axum::{
    Router,
    routing::{delete, get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::{Code, Facts};
use document::languages;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;

/// The citizen's routes, and those of the people they share with.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/citizen/links", post(own::share))
        .route("/divoc/api/citizen/links", get(own::list))
        .route("/divoc/api/citizen/links/{linkId}", delete(own::end))
        .route("/divoc/api/citizen/certificates/{certificateId}/mail", post(mail::mail))
        .route("/divoc/api/share/open", post(open::open))
        .route("/divoc/api/share/document", post(documents::document))
}

/// How often something is done anew that met another change of the same sheet: more often than there are requests at once for one link.
const TRIES: u32 = 32;

/// What a caller hears who lost that often.
fn too_busy() -> Error {
    Error::Unavailable(anyhow!("a sheet changed {TRIES} times while it was being changed"))
}

/// The member `language` of a body: one that there are pages in or, where the country's template offers none, at least messages.
fn language(app: &App, body: &mut Body<'_>) -> Result<Option<&'static str>, Error> {
    let printer = printer(app)?;
    let Some(asked) = body.text("language") else { return Ok(None) };
    let known = languages();
    let language = printer.language(Some(asked), &Facts::default());
    let language = language.or_else(|| known.iter().find(|tag| **tag == asked).copied());
    if language.is_none() {
        body.fault("/language", Code::Enum, format!("it is none of {}", known.join(", ")));
    }
    Ok(language)
}

/// The language where pages are printed in it; else a page chooses its own.
fn printed(app: &App, language: Option<&str>) -> Result<Option<String>, Error> {
    let printer = printer(app)?;
    let offered = language.filter(|language| printer.language(Some(language), &Facts::default()).is_some());
    Ok(offered.map(str::to_owned))
}

/// A secret that nobody guesses, for a URL.
fn secret() -> Result<String, Error> {
    let bytes = random::bytes::<18>()?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// An instant as a sheet's time is kept.
fn whole_second(instant: OffsetDateTime) -> OffsetDateTime {
    instant.replace_nanosecond(0).unwrap_or(instant)
}

/// What a sheet of ours says.
fn read<T: DeserializeOwned>(sheet: &Sheet) -> Result<T, Error> {
    serde_json::from_str(&sheet.text).context("reading a sheet of links").map_err(Error::Internal)
}

/// What shall stand in a sheet of ours.
fn written(says: &impl serde::Serialize) -> Result<String, Error> {
    serde_json::to_string(says).context("writing a sheet of links").map_err(Error::Internal)
}
