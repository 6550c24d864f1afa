//! Print: the picture of a certificate that a caller wants: kind of page, language, format. Made once, then kept.
//!
//! A picture's key is made of everything it shows, so a corrected certificate or a new template has a key of its own: what was kept before can't be stale.

use crate::{
    App, Error,
    analytics::Use,
    fetch::{Selection, fingerprint, symbol},
    http::{Personal, not_modified},
};
use anyhow::{Context, anyhow};
use axum::{
    Extension,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use credential::Facts;
use document::{Kind, Look, Page, Printer};
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// What a caller may want of a picture; a query string.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wish {
    /// BCP 47 or three letters, as DIVOC's: `hi`, `HIN`. Else the facility's region says, else the country's default.
    pub(crate) language: Option<String>,
    /// `domestic`, `international` (DIVOC's name: `ddcc`) or `card`.
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    /// `bilingual` or `single`.
    pub(crate) layout: Option<String>,
    /// `pdf`, `svg` or `png`.
    pub(crate) format: Option<String>,
    /// Dots an inch of a PNG.
    pub(crate) density: Option<u16>,
}

impl Wish {
    /// The page for travel, whatever else is said.
    pub(crate) fn for_travel(mut self) -> Self {
        self.kind = Some("international".to_owned());
        self
    }

    fn look(&self, app: &App, printer: &Printer, facts: &Facts) -> Result<Look, Error> {
        let kind = match self.kind.as_deref().unwrap_or("domestic").to_ascii_lowercase().as_str() {
            _ if facts.is_test() => Kind::Test,
            "domestic" => Kind::Domestic,
            "card" => Kind::Card,
            "international" | "ddcc" if for_travel(app, facts) => Kind::International,
            "international" | "ddcc" => {
                let why = "a page for travel needs a complete course, certified with date of birth (v3)";
                return Err(Error::Parameter("type", why.into()));
            }
            _ => return Err(Error::Parameter("type", "domestic, international (or ddcc) or card".into())),
        };
        let language = printer
            .language(self.language.as_deref(), facts)
            .ok_or_else(|| Error::Parameter("language", format!("one of {}", printer.languages().join(", ")).into()))?;
        let bilingual = match self.layout.as_deref().unwrap_or("bilingual") {
            "bilingual" => true,
            "single" => false,
            _ => return Err(Error::Parameter("layout", "bilingual or single".into())),
        };
        Ok(Look { kind, language, bilingual })
    }

    fn format(&self) -> Result<Format, Error> {
        Ok(match self.format.as_deref().unwrap_or("pdf") {
            "pdf" => Format::Pdf,
            "svg" => Format::Svg,
            "png" => Format::Png(match self.density.unwrap_or(DENSITY) {
                density @ 36..=300 => density,
                _ => return Err(Error::Parameter("density", "36 to 300 dots an inch".into())),
            }),
            _ => return Err(Error::Parameter("format", "pdf, svg or png".into())),
        })
    }
}

/// India's rule: the course is complete, and the certificate is of the kind that states date of birth and ICD-11 code.
pub(crate) fn for_travel(app: &App, facts: &Facts) -> bool {
    let complete = facts.evidence().is_some_and(|given| given.total_doses > 0 && given.dose >= given.total_doses);
    complete && facts.contexts.contains(&app.config.profile.context_v2)
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Pdf,
    Svg,
    Png(u16),
}

impl Format {
    fn media_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Svg => "image/svg+xml",
            Self::Png(_) => "image/png",
        }
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Pdf => "pdf",
            Self::Svg => "svg",
            Self::Png(_) => "png",
        }
    }
}

/// The picture that the caller wants, unless they have it.
pub(crate) async fn picture(
    app: &App,
    selection: &Selection,
    wish: &Wish,
    headers: &HeaderMap,
) -> Result<Response, Error> {
    let picture = Picture::wanted(app, selection, wish)?;
    if let Some(unchanged) = not_modified(headers, &picture.etag) {
        return Ok(unchanged);
    }
    let used = Use::fetched(app, &selection.certificate, picture.format.extension());
    Ok((Extension(used), picture.file(app).await?).into_response())
}

/// The same as a file, for whatever else is done with it.
pub(crate) async fn file(app: &App, selection: &Selection, wish: &Wish) -> Result<Personal, Error> {
    Picture::wanted(app, selection, wish)?.file(app).await
}

/// What prints, in a function that does.
pub(crate) fn printer(app: &App) -> Result<&Printer, Error> {
    app.printer.as_deref().ok_or_else(|| Error::Internal(anyhow!("this process has no printer")))
}

/// A picture that somebody wants.
struct Picture<'s> {
    printer: &'s Printer,
    selection: &'s Selection,
    facts: Facts,
    look: Look,
    format: Format,
    etag: String,
}

impl<'s> Picture<'s> {
    fn wanted(app: &'s App, selection: &'s Selection, wish: &Wish) -> Result<Self, Error> {
        let printer = printer(app)?;
        let facts = selection.certificate.signed.facts();
        let (look, format) = (wish.look(app, printer, &facts)?, wish.format()?);
        let wanted = format!("{look:?} {format:?}");
        let mut parts = vec![printer.version().as_bytes(), wanted.as_bytes()];
        parts.extend(selection.history.iter().map(|certificate| certificate.signed.as_str().as_bytes()));
        let etag = fingerprint(&parts);
        Ok(Self { printer, selection, facts, look, format, etag })
    }

    /// What was made before, else made now and kept. Of several who ask at once, one makes it.
    async fn file(self, app: &App) -> Result<Personal, Error> {
        let (media_type, extension) = (self.format.media_type(), self.format.extension());
        let key = format!("pages/{}.{extension}", self.etag);
        let bytes = kept_or_made(app, &key, media_type, || self.made(app)).await?;
        let id = self.selection.certificate.issuance.certificate_id.as_str();
        let file_name = format!("certificate-{id}.{extension}");
        Ok(Personal { media_type, etag: self.etag, file_name, bytes })
    }

    fn made(&self, app: &App) -> Result<Vec<u8>, Error> {
        let history: Vec<Facts> = self.selection.history.iter().map(|earlier| earlier.signed.facts()).collect();
        let symbol = symbol(app, &self.selection.certificate)?;
        let credential = self.selection.certificate.signed.as_str();
        let page = Page { certificate: &self.facts, history: &history, symbol: &symbol, credential };
        let made = match self.format {
            Format::Pdf => self.printer.pdf(&page, &self.look),
            Format::Svg => self.printer.svg(&page, &self.look).map(String::into_bytes),
            Format::Png(density) => self.printer.png(&page, &self.look, density),
        };
        made.context("printing a certificate").map_err(Error::Internal)
    }
}

/// What is kept under `key`; else what `render` makes, kept from now on. The files are a cache: when they fail, the picture is made anew.
async fn kept_or_made(
    app: &App,
    key: &str,
    media_type: &str,
    render: impl FnOnce() -> Result<Vec<u8>, Error>,
) -> Result<Vec<u8>, Error> {
    if let Some(bytes) = kept(app, key).await {
        return Ok(bytes);
    }
    let turn = app.printing.turn(key);
    let _turn = turn.lock().await;
    if let Some(bytes) = kept(app, key).await {
        return Ok(bytes);
    }
    let made = render()?;
    if app.files.write(key, &made, media_type).await.unwrap_or(true) {
        return Ok(made);
    }
    // Another process was first: its picture is the picture.
    Ok(kept(app, key).await.unwrap_or(made))
}

async fn kept(app: &App, key: &str) -> Option<Vec<u8>> {
    app.files.read(key).await.ok().flatten()
}

/// Who is making which picture in this process.
#[derive(Default)]
pub struct Printing(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

impl Printing {
    /// The turn to make the picture with this key: one holds it at a time.
    fn turn(&self, key: &str) -> Arc<tokio::sync::Mutex<()>> {
        // A panic elsewhere leaves the map whole: each change of it is one call.
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        let known = turns.get(key).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let turn = Arc::default();
            turns.insert(key.to_owned(), Arc::downgrade(&turn));
            turn
        })
    }
}

/// What a telephone shows without blur.
const DENSITY: u16 = 110;
