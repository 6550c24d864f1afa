//! Pictures of a signed credential: the certificate that a citizen prints. Pure: facts, a template, font bytes in; a PDF out; the same input, the same bytes.

use credential::{Facts, qr::Symbol};

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
pub struct Printer {}

impl Printer {
    /// A printer for `template` (TOML) with `fonts` (file name, bytes of a TrueType font).
    ///
    /// # Errors
    /// When the template or a font it names is wrong.
    pub fn new(_template: &str, _fonts: Vec<(String, Vec<u8>)>) -> Result<Self, PrintError> {
        todo!()
    }

    /// Changes whenever the same page would come out otherwise: goes into cache keys and ETags.
    pub fn version(&self) -> &str {
        todo!()
    }

    /// The page as a PDF.
    ///
    /// # Errors
    /// When the PDF library fails.
    pub fn pdf(&self, _page: &Page<'_>) -> Result<Vec<u8>, PrintError> {
        todo!()
    }
}
