//! Pictures of a signed credential: the certificate that a citizen prints. Pure: facts, a template, font bytes in; a PDF out; the same input, the same bytes.
//!
//! ```text
//! Facts ─▶ wording (words, dates, masks) ─▶ compose (blocks ─▶ boxes) ─▶ layout ─▶ pdf (ink, embed, structure)
//!                                              └─▶ text (direction, fonts, lines) ─▶ font (glyphs)
//! ```
//!
//! A country's words, colours and blocks are data: see `templates/india.toml`.

mod compose;
mod embed;
mod font;
mod hash;
mod ink;
mod layout;
mod paint;
mod pdf;
mod structure;
mod template;
mod text;
mod wording;

#[cfg(test)]
mod copied;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use credential::{Facts, qr::Symbol};

use crate::{font::Fonts, layout::Layout, pdf::About, template::Template, text::Shaper};

/// India's template, in English and Hindi.
pub const INDIA: &str = include_str!("../templates/india.toml");

/// What one certificate page shows.
pub struct Page<'a> {
    /// The certificate.
    pub certificate: &'a Facts,
    /// The newest certificate of each dose, this one included, in ascending order of dose.
    pub history: &'a [Facts],
    /// The certificate's QR code.
    pub symbol: &'a Symbol,
}

/// Why a page cannot be printed.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// A font file is missing or broken.
    #[error("font {0}: {1}")]
    Font(String, String),
    /// The template is wrong.
    #[error("template: {0}")]
    Template(String),
    /// The PDF could not be written.
    #[error("pdf: {0}")]
    Pdf(String),
}

/// Prints certificates: a template and the fonts, read once.
pub struct Printer {
    template: Template,
    fonts: Fonts,
    version: String,
}

impl Printer {
    /// A printer for `template` (TOML) with `fonts` (file name, bytes of a TrueType font). Fonts that the template doesn't name are ignored.
    ///
    /// # Errors
    /// When the template or a font it names is wrong.
    pub fn new(template: &str, fonts: Vec<(String, Vec<u8>)>) -> Result<Self, PrintError> {
        let parsed = Template::parse(template)?;
        let fonts = Fonts::new(&parsed.fonts, fonts)?;
        let files = fonts.faces().iter().flat_map(|face| [face.name.as_bytes(), face.bytes.as_slice()]);
        let digest = hash::digest([LAYOUT.as_bytes(), template.as_bytes()].into_iter().chain(files));
        Ok(Self { template: parsed, fonts, version: format!("{digest:016x}") })
    }

    /// Changes whenever the same page would come out otherwise: goes into cache keys and ETags. 16 hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The page as a PDF, in the template's languages.
    ///
    /// # Errors
    /// When a font cannot be cut down to the glyphs used.
    pub fn pdf(&self, page: &Page<'_>) -> Result<Vec<u8>, PrintError> {
        let languages: Vec<_> = self.template.languages.iter().map(String::as_str).collect();
        self.pdf_in(page, &languages)
    }

    /// The page as a PDF with its labels in `languages`, in that order. A label without words in any of them is printed in one it has.
    ///
    /// # Errors
    /// When a font cannot be cut down to the glyphs used.
    pub fn pdf_in(&self, page: &Page<'_>, languages: &[&str]) -> Result<Vec<u8>, PrintError> {
        let layout = self.layout(page, languages);
        let id = page.certificate.evidence().map_or("", |vaccination| &vaccination.certificate_id);
        let title = self.template.document_title.replace("{certificate}", id);
        let language = languages.first().copied().unwrap_or_default();
        let language = self.template.language_tags.get(language).map_or(language, String::as_str);
        let about = About { title, language, issued: &page.certificate.issuance_date };
        pdf::write(&layout, &self.template, &self.fonts, &page.symbol.bitmap(DOTS, 0), &about)
    }

    fn layout(&self, page: &Page<'_>, languages: &[&str]) -> Layout {
        let shaper = Shaper::new(&self.fonts);
        compose::compose(&self.template, languages, &shaper, page)
    }
}

/// Goes into [`Printer::version`]: change it whenever this crate's code would draw the same page otherwise.
const LAYOUT: &str = "2";

/// Dots a module of the QR code, in both directions. Viewers at 100 dots an inch blur a picture of one dot a module until no camera reads it.
const DOTS: u32 = 4;
