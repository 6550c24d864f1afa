//! The PDF around a laid out page: `printpdf` writes the page; `lopdf`, on which it is built, adds what makes the document certain and
//! readable aloud: fonts, structure, language, dates. No clock and no chance: the same page gives the same bytes.

use std::io::Write;

use credential::qr::{Bitmap, Symbol};
use flate2::{Compression, write::ZlibEncoder};
use lopdf::{Document, Object, ObjectId, StringFormat, dictionary, text_string};
use printpdf::{
    DictItem, ExternalStream, ExternalXObject, PdfDocument, PdfPage, PdfSaveOptions, Pt, Rect, XObject, XObjectId,
};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339, macros::format_description};

use crate::{
    PrintError, archive,
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
    let mut document = drawn(layout, drawing, symbol)?;
    "1.7".clone_into(&mut document.version);
    let Place { page, content, fonts: place } = Place::of(&document).map_err(broken)?;

    let fonts = embedded.write(&mut document)?;
    document.set_object(place, fonts);
    let tree = structure.write(&mut document, page);
    let sheet = document.get_dictionary_mut(page).map_err(broken)?;
    sheet.set("StructParents", 0);
    sheet.set("Tabs", "S");
    let root = document.catalog_mut().map_err(broken)?;
    root.set("Lang", text_string(about.languages.first().map_or("", |language| &language.tag)));
    root.set("ViewerPreferences", dictionary! { "DisplayDocTitle" => true });
    root.set("MarkInfo", dictionary! { "Marked" => true });
    root.set("StructTreeRoot", tree);
    let date = date(about.issued);
    archive::keep(&mut document, about, date.as_deref())?;

    let stream = document.get_object_mut(content).and_then(Object::as_stream_mut).map_err(broken)?;
    let id = crate::hash::digest([about.title.as_bytes(), about.issued.as_bytes(), &stream.content]);
    let packed = packed(&stream.content)?;
    stream.set_content(packed);
    stream.dict.set("Filter", "FlateDecode");
    // In place of printpdf's random ones.
    let id = Object::String(id.to_be_bytes().to_vec(), StringFormat::Hexadecimal);
    document.trailer.set("ID", vec![id.clone(), id]);
    describe(&mut document, &about.title, date).map_err(broken)?;

    let mut bytes = Vec::new();
    document.save_to(&mut bytes).map_err(broken)?;
    Ok(bytes)
}

/// The page with everything on it except its fonts, which printpdf would parse whole and give other codes.
fn drawn(layout: &Layout<'_>, drawing: Drawing<'_>, symbol: &Symbol) -> Result<Document, PrintError> {
    let mut document = PdfDocument::default();
    let pictures = &mut document.resources.xobjects.map;
    let Bitmap { side, rows } = symbol.bitmap(DOTS, 0);
    pictures.insert(XObjectId(SYMBOL.to_owned()), picture(side, side, "DeviceGray", 1, &rows)?);
    for (number, raster) in drawing.rasters.iter().enumerate() {
        // On white, as it lies on paper: a picture without transparency prints everywhere.
        let object = picture(raster.width, raster.height, "DeviceRGB", 8, &raster.on_white())?;
        pictures.insert(XObjectId(raster_name(number)), object);
    }
    let sheet = Rect::from_wh(Pt(layout.width), Pt(layout.height));
    document.pages.push(PdfPage {
        media_box: sheet.clone(),
        trim_box: sheet.clone(),
        crop_box: sheet,
        ops: drawing.ops,
    });
    let mut warnings = Vec::new();
    let document = document.to_lopdf_document(&PdfSaveOptions::default(), &mut warnings);
    warnings.into_iter().next().map_or(Ok(document), |warning| Err(PrintError::Page(warning.msg)))
}

fn picture(width: u32, height: u32, colours: &str, bits: i64, dots: &[u8]) -> Result<XObject, PrintError> {
    let name = |name: &str| DictItem::Name(name.into());
    let description = [
        ("Type", name("XObject")),
        ("Subtype", name("Image")),
        ("Width", DictItem::Int(width.into())),
        ("Height", DictItem::Int(height.into())),
        ("ColorSpace", name(colours)),
        ("BitsPerComponent", DictItem::Int(bits)),
        ("Interpolate", DictItem::Bool(false)),
        ("Filter", name("FlateDecode")),
    ];
    let dict = description.map(|(key, value)| (key.to_owned(), value)).into();
    let stream = ExternalStream { dict, content: packed(dots)?, compress: false };
    Ok(XObject::External(ExternalXObject { stream, width: None, height: None, dpi: None }))
}

/// Where printpdf put what is still to be finished.
struct Place {
    page: ObjectId,
    content: ObjectId,
    /// The page's fonts by name.
    fonts: ObjectId,
}

impl Place {
    fn of(document: &Document) -> lopdf::Result<Self> {
        let page = document.page_iter().next().ok_or(lopdf::Error::PageNumberNotFound(1))?;
        let sheet = document.get_dictionary(page)?;
        let resources = sheet.get_deref(b"Resources", document)?.as_dict()?;
        Ok(Self {
            page,
            content: sheet.get(b"Contents")?.as_reference()?,
            fonts: resources.get(b"Font")?.as_reference()?,
        })
    }
}

/// Title and dates, nothing else: printpdf's own description claims a print standard and holds empty names.
fn describe(document: &mut Document, title: &str, date: Option<String>) -> lopdf::Result<()> {
    let mut description = dictionary! { "Title" => text_string(title) };
    if let Some(date) = date {
        description.set("CreationDate", Object::string_literal(date.as_str()));
        description.set("ModDate", Object::string_literal(date));
    }
    let place = document.trailer.get(b"Info")?.as_reference()?;
    document.set_object(place, description);
    Ok(())
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
