//! Pictures of a signed credential: the certificate that a citizen prints or shows. Pure: facts, a template, font bytes in; a PDF, an SVG or a PNG out; the
//! same input, the same bytes.
//!
//! ```text
//! Facts ─▶ wording (language, dates, masks) ─▶ compose (blocks ─▶ boxes) ─▶ layout ─┬▶ pdf (ink, content, embed, structure, archive)
//!                                                └─▶ text (direction, fonts, lines) └▶ picture (SVG, PNG)
//! ```
//!
//! What stands on a page is data: a country's folder under `templates/`, a language's file under `languages/`.

mod archive;
mod compose;
mod content;
mod embed;
mod font;
mod hash;
mod ink;
mod language;
mod layout;
mod paint;
mod pdf;
mod picture;
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

use std::sync::Arc;

use credential::{Facts, qr::Symbol};
use time::Date;

use crate::{
    font::{Fonts, Weight},
    language::{Language, Languages, Review},
    layout::Layout,
    pdf::About,
    template::Template,
    text::Shaper,
    wording::Wording,
};

/// A file of a template or a font: its name, without a folder, and its bytes.
pub type File = (String, Arc<dyn AsRef<[u8]> + Send + Sync>);

/// The templates that come with the service.
pub const TEMPLATES: [&str; 5] = ["india", "indonesia", "jamaica", "philippines", "srilanka"];

/// The languages that there are, BCP 47; a template may offer fewer.
pub fn languages() -> Vec<&'static str> {
    Languages::tags().collect()
}

/// The folder of a template that comes with the service.
pub fn template(name: &str) -> Option<Vec<File>> {
    macro_rules! folder {
        ($folder:literal: $($file:literal)*) => {
            vec![$(($file.to_owned(), Arc::new(include_bytes!(concat!("../templates/", $folder, "/", $file))))),*]
        };
    }
    Some(match name {
        "india" => folder!("india": "template.toml"),
        "indonesia" => folder!("indonesia": "template.toml"),
        "jamaica" => folder!("jamaica": "template.toml" "signature.png" "seal.png"),
        "philippines" => folder!("philippines": "template.toml"),
        "srilanka" => folder!("srilanka": "template.toml" "signature.png" "seal.png"),
        _ => return None,
    })
}

/// What one page shows.
pub struct Page<'a> {
    /// The certificate.
    pub certificate: &'a Facts,
    /// The newest certificate of each dose, this one included, in ascending order of dose.
    pub history: &'a [Facts],
    /// The certificate's QR code.
    pub symbol: &'a Symbol,
    /// The signed credential, which goes into the PDF as `certificate.json`.
    pub credential: &'a str,
}

/// Kinds of page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For use at home: age or date of birth, masked identity.
    Domestic,
    /// For travel: date of birth, passport, ISO dates.
    International,
    /// A test's result.
    Test,
    /// For the wallet.
    Card,
}

/// How a page looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// What kind of page.
    pub kind: Kind,
    /// Its language, one that [`Printer::language`] gave.
    pub language: &'static str,
    /// Whether the template's second language stands beside it.
    pub bilingual: bool,
}

/// Why a page cannot be printed.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// A font file is missing or broken, or has no picture of a letter.
    #[error("font {0}: {1}")]
    Font(String, String),
    /// The template is wrong.
    #[error("template: {0}")]
    Template(String),
    /// A picture of the template is wrong.
    #[error("picture {0}: {1}")]
    Picture(String, String),
    /// The file could not be written.
    #[error("page: {0}")]
    Page(String),
}

/// Prints certificates: a template and the fonts, read once.
pub struct Printer {
    template: Template,
    languages: Languages,
    fonts: Fonts,
    version: String,
}

impl Printer {
    /// A printer for the template of a folder, whose files are given, with `fonts` (TrueType). Fonts that the template doesn't name are ignored.
    ///
    /// # Errors
    /// When the template, a picture or a font that it names is wrong.
    pub fn new(template: &[File], fonts: &[File]) -> Result<Self, PrintError> {
        let text = template.iter().find(|(name, _)| name == "template.toml");
        let (_, text) = text.ok_or_else(|| PrintError::Template("there is no template.toml".to_owned()))?;
        let text = std::str::from_utf8(text.as_ref().as_ref());
        let text = text.map_err(|_| PrintError::Template("template.toml is not UTF-8".to_owned()))?;
        let mut parsed = Template::parse(text)?;
        for mark in parsed.marks_mut() {
            mark.read(template)?;
        }
        let fonts = Fonts::new(&parsed.fonts, fonts)?;
        let mut parts: Vec<&[u8]> = vec![LAYOUT.as_bytes()];
        Languages::files().for_each(|file| parts.push(file));
        parts.extend(template.iter().flat_map(|(name, bytes)| [name.as_bytes(), bytes.as_ref().as_ref()]));
        parts.extend(fonts.faces().iter().flat_map(|face| [face.name.as_bytes(), face.bytes()]));
        let version = format!("{:016x}", hash::digest(parts));
        let languages = Languages::new(std::mem::take(&mut parsed.wording));
        Ok(Self { template: parsed, languages, fonts, version })
    }

    /// Changes whenever the same page would come out otherwise: goes into cache keys and ETags. 16 hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The language to print in: the one asked for (BCP 47 or three letters), else that of the facility's region, else the country's default. None when the
    /// one asked for is not offered.
    pub fn language(&self, asked: Option<&str>, certificate: &Facts) -> Option<&'static str> {
        let choice = &self.template.language;
        let region = certificate.evidence().map_or("", |evidence| &evidence.facility.address.address_region);
        let regional =
            || choice.regions.get(region.trim().to_lowercase().as_str()).unwrap_or(&choice.default).get_ref();
        let tag = Languages::tag(asked.unwrap_or_else(|| regional()))?;
        choice.offered.iter().any(|offered| offered.get_ref() == tag).then_some(tag)
    }

    /// The languages that the template offers, BCP 47.
    pub fn languages(&self) -> Vec<&'static str> {
        self.template.language.offered.iter().filter_map(|tag| Languages::tag(tag.get_ref())).collect()
    }

    /// The offered languages that no speaker has reviewed yet.
    pub fn drafts(&self) -> Vec<&'static str> {
        let draft =
            |tag: &&'static str| self.languages.get(tag).is_some_and(|language| language.review == Review::Draft);
        self.languages().into_iter().filter(draft).collect()
    }

    /// The day of a date or a time in the country's zone; none for other text.
    pub fn day(&self, text: &str) -> Option<Date> {
        Wording { template: &self.template, design: self.template.design(Kind::Domestic), languages: &[] }.date(text)
    }

    /// The identity document and the last characters of its number, in English; nothing where none was shown.
    pub fn identity(&self, certificate: &Facts) -> String {
        let languages: Vec<&Language> = self.languages.get("en").into_iter().collect();
        let design = self.template.design(Kind::Domestic);
        let wording = Wording { template: &self.template, design, languages: &languages };
        wording.identity(&certificate.credential_subject.id, &certificate.credential_subject.ref_id)
    }

    /// Reads every language and looks for every letter of the offered ones in the fonts: what a template's author wants to know and a page would only show.
    ///
    /// # Errors
    /// Names the language and the letter that no font has.
    pub fn check(&self) -> Result<(), PrintError> {
        for language in self.languages.all()? {
            if !self.languages().contains(&language.tag.as_str()) {
                continue;
            }
            for (word, text) in language.words() {
                let missing = text
                    .chars()
                    .find(|letter| !text::invisible(*letter) && self.fonts.having(*letter, Weight::Regular).is_none());
                if let Some(letter) = missing {
                    let why = format!("no font has {letter:?}, which {word:?} needs");
                    return Err(PrintError::Font(language.tag.clone(), why));
                }
            }
        }
        Ok(())
    }

    /// The page as a PDF.
    ///
    /// # Errors
    /// When a font cannot be cut down to the glyphs used.
    pub fn pdf(&self, page: &Page<'_>, look: &Look) -> Result<Vec<u8>, PrintError> {
        let (languages, shaper) = (self.printed(look), Shaper::new(&self.fonts));
        let layout = self.layout(page, look, &languages, &shaper);
        let about = About {
            title: title(page, &languages),
            languages: &languages,
            issued: &page.certificate.issuance_date,
            credential: page.credential,
        };
        pdf::write(&layout, &self.fonts, page.symbol, &about)
    }

    /// The page as an SVG, its letters as outlines.
    ///
    /// # Errors
    /// Never in practice.
    pub fn svg(&self, page: &Page<'_>, look: &Look) -> Result<String, PrintError> {
        let (languages, shaper) = (self.printed(look), Shaper::new(&self.fonts));
        let layout = self.layout(page, look, &languages, &shaper);
        let title = title(page, &languages);
        picture::svg(&layout, &self.fonts, page.symbol, &title).map_err(|error| PrintError::Page(error.to_string()))
    }

    /// The page as a PNG of `density` dots an inch.
    ///
    /// # Errors
    /// When the picture cannot be made.
    pub fn png(&self, page: &Page<'_>, look: &Look, density: u16) -> Result<Vec<u8>, PrintError> {
        let (languages, shaper) = (self.printed(look), Shaper::new(&self.fonts));
        let layout = self.layout(page, look, &languages, &shaper);
        picture::png(&layout, &self.fonts, page.symbol, density)
    }

    /// The languages of a page in the order in which they stand.
    fn printed(&self, look: &Look) -> Vec<&Language> {
        let beside = self.template.language.beside.as_ref().filter(|_| look.bilingual);
        let beside = beside.filter(|tag| tag.get_ref() != look.language);
        beside
            .map(|tag| tag.get_ref().as_str())
            .into_iter()
            .chain([look.language])
            .filter_map(|tag| self.languages.get(tag))
            .collect()
    }

    fn layout<'a>(
        &'a self,
        page: &Page<'_>,
        look: &Look,
        languages: &'a [&'a Language],
        shaper: &Shaper<'_>,
    ) -> Layout<'a> {
        let design = self.template.design(look.kind);
        compose::compose(Wording { template: &self.template, design, languages }, shaper, page)
    }
}

/// What the file is called in its metadata: no personal data.
fn title(page: &Page<'_>, languages: &[&Language]) -> String {
    let word =
        if page.certificate.is_test() { language::Word::TestDocumentTitle } else { language::Word::DocumentTitle };
    let id = page.certificate.evidence().map_or("", |evidence| &evidence.certificate_id);
    languages.first().map(|language| language.word(word).replace("{certificate}", id)).unwrap_or_default()
}

/// Goes into [`Printer::version`]: change it whenever this crate's code would draw the same page otherwise.
const LAYOUT: &str = "3";
