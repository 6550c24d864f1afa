//! The PDF around a laid out page: the page is drawn in `printpdf`'s operators; `lopdf`, on which it is built, holds them together with what makes the
//! document certain and readable aloud: fonts, structure, language, dates. No clock and no chance: the same page gives the same bytes.

use std::io::Write;

use credential::qr::{Bitmap, Symbol};
use flate2::{Compression, write::ZlibEncoder};
use lopdf::{Dictionary, Document, Object, Stream, StringFormat, dictionary, text_string, xref::XrefType};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339, macros::format_description};

use crate::{
    PrintError, archive, content,
    embed::Embedded,
    font::Fonts,
    ink::{Drawing, SYMBOL, raster_name},
    language::Language,
    layout::Layout,
    structure::Structure,
};

/// What a document says about itself.
pub(crate) struct About<'a> {
    pub(crate) title: String,
    /// In the order in which they stand; the first is the document's.
    pub(crate) languages: &'a [&'a Language],
    /// RFC 3339.
    pub(crate) issued: &'a str,
    /// The signed credential.
    pub(crate) credential: &'a str,
}

/// Writes `layout` as a PDF of one page.
///
/// # Errors
/// When a font cannot be cut down to the glyphs used.
pub(crate) fn write(
    layout: &Layout<'_>,
    fonts: &Fonts,
    symbol: &Symbol,
    about: &About<'_>,
) -> Result<Vec<u8>, PrintError> {
    let (mut embedded, mut structure) = (Embedded::new(fonts), Structure::default());
    let mut drawing = Drawing::new(layout.height, about.languages);
    drawing.page(layout, &mut embedded, &mut structure);
    let content = content::encoded(&drawing.ops)?;
    let mut document = Document::with_version("1.7");
    document.reference_table.cross_reference_type = XrefType::CrossReferenceTable;

    let pictures = pictures(&mut document, &drawing, symbol)?;
    let fonts = embedded.write(&mut document)?;
    let resources = dictionary! { "Font" => document.add_object(fonts), "XObject" => pictures };
    let stream = Stream::new(dictionary! { "Filter" => "FlateDecode" }, packed(&content)?);
    let [page, pages] = [document.new_object_id(), document.new_object_id()];
    let sheet = [0.0, 0.0, layout.width, layout.height].map(Object::Real).to_vec();
    let sheet = dictionary! {
        "Type" => "Page",
        "Parent" => pages,
        "MediaBox" => sheet.clone(),
        "CropBox" => sheet.clone(),
        "TrimBox" => sheet,
        "Resources" => document.add_object(resources),
        "Contents" => document.add_object(stream),
        "StructParents" => 0,
        "Tabs" => "S",
    };
    document.set_object(page, sheet);
    document.set_object(pages, dictionary! { "Type" => "Pages", "Count" => 1, "Kids" => vec![page.into()] });
    let tree = structure.write(&mut document, page);
    let root = document.add_object(dictionary! {
        "Type" => "Catalog",
        "Pages" => pages,
        "PageLayout" => "OneColumn",
        "Lang" => text_string(about.languages.first().map_or("", |language| &language.tag)),
        "ViewerPreferences" => dictionary! { "DisplayDocTitle" => true },
        "MarkInfo" => dictionary! { "Marked" => true },
        "StructTreeRoot" => tree,
    });
    document.trailer.set("Root", root);
    let date = date(about.issued);
    archive::keep(&mut document, about, date.as_deref())?;
    describe(&mut document, &about.title, date);

    // Made of what the file says, where other writers take chance.
    let id = crate::hash::digest([about.title.as_bytes(), about.issued.as_bytes(), &content]);
    let id = Object::String(id.to_be_bytes().to_vec(), StringFormat::Hexadecimal);
    document.trailer.set("ID", vec![id.clone(), id]);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).map_err(broken)?;
    Ok(bytes)
}

/// The pictures that the page shows, by their names.
fn pictures(document: &mut Document, drawing: &Drawing<'_>, symbol: &Symbol) -> Result<Dictionary, PrintError> {
    let Bitmap { side, rows } = symbol.bitmap(DOTS, 0);
    let mut pictures = dictionary! { SYMBOL => document.add_object(picture(side, side, "DeviceGray", 1, &rows)?) };
    for (number, raster) in drawing.rasters.iter().enumerate() {
        // On white, as it lies on paper: a picture without transparency prints everywhere.
        let stream = picture(raster.width, raster.height, "DeviceRGB", 8, &raster.on_white())?;
        pictures.set(raster_name(number), document.add_object(stream));
    }
    Ok(pictures)
}

fn picture(width: u32, height: u32, colours: &str, bits: i64, dots: &[u8]) -> Result<Stream, PrintError> {
    let description = dictionary! {
        "Type" => "XObject",
        "Subtype" => "Image",
        "Width" => width,
        "Height" => height,
        "ColorSpace" => colours,
        "BitsPerComponent" => bits,
        "Interpolate" => false,
        "Filter" => "FlateDecode",
    };
    Ok(Stream::new(description, packed(dots)?))
}

/// Title and dates, nothing else.
fn describe(document: &mut Document, title: &str, date: Option<String>) {
    let mut description = dictionary! { "Title" => text_string(title) };
    if let Some(date) = date {
        description.set("CreationDate", Object::string_literal(date.as_str()));
        description.set("ModDate", Object::string_literal(date));
    }
    let place = document.add_object(description);
    document.trailer.set("Info", place);
}

/// A PDF date in UTC.
fn date(time: &str) -> Option<String> {
    let time = OffsetDateTime::parse(time, &Rfc3339).ok()?.checked_to_offset(UtcOffset::UTC)?;
    time.format(format_description!("D:[year][month][day][hour][minute][second]Z")).ok()
}

/// Compressed as a stream of the filter FlateDecode.
///
/// # Errors
/// Never in practice: it writes to memory.
pub(crate) fn packed(bytes: &[u8]) -> Result<Vec<u8>, PrintError> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::new(LEVEL));
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(broken)
}

#[allow(clippy::needless_pass_by_value, reason = "map_err passes it so")]
fn broken(error: impl ToString) -> PrintError {
    PrintError::Page(error.to_string())
}

/// Files 2 % larger than at level 6, for about half the time spent in compression.
const LEVEL: u32 = 4;

/// Dots a module of the QR code, in both directions. Viewers at 100 dots an inch blur a picture of one dot a module until no camera reads it.
const DOTS: u32 = 4;
