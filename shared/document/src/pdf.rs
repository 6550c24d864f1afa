//! The PDF around a laid out page: catalogue, fonts, QR code, structure, metadata. No clock and no chance: the same page gives the same bytes.

use std::io::Write;

use credential::qr::Bitmap;
use flate2::{Compression, write::ZlibEncoder};
use pdf_writer::{Date, Filter, Name, Pdf, Rect, Ref, Settings, TextStr};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    PrintError,
    embed::Embedded,
    font::Fonts,
    ink::{self, SYMBOL},
    layout::Layout,
    structure::Structure,
    template::Template,
};

/// What a document says about itself.
pub(crate) struct About<'a> {
    pub(crate) title: String,
    /// BCP 47.
    pub(crate) language: &'a str,
    /// RFC 3339.
    pub(crate) issued: &'a str,
}

/// Writes `layout` as a PDF of one page.
///
/// # Errors
/// When a font cannot be cut down to the glyphs used.
pub(crate) fn write(
    layout: &Layout,
    template: &Template,
    fonts: &Fonts,
    bitmap: &Bitmap,
    about: &About<'_>,
) -> Result<Vec<u8>, PrintError> {
    let [catalogue, pages, page, content, information, symbol] = [1, 2, 3, 4, 5, 6].map(Ref::new);
    let tree = 7;
    let (mut embedded, mut structure) = (Embedded::new(fonts), Structure::default());
    let drawing = ink::draw(layout, &template.logo, &mut embedded, &mut structure);
    let first_font = tree + structure.objects();

    let mut pdf = Pdf::with_settings(COMPACT);
    let mut root = pdf.catalog(catalogue);
    root.pages(pages).lang(TextStr(about.language));
    root.viewer_preferences().display_doc_title(true);
    root.mark_info().marked(true);
    root.pair(Name(b"StructTreeRoot"), Ref::new(tree));
    drop(root);
    pdf.pages(pages).kids([page]).count(1);

    {
        let mut sheet = pdf.page(page);
        sheet
            .media_box(Rect::new(0.0, 0.0, layout.width, layout.height))
            .parent(pages)
            .contents(content)
            .struct_parents(0);
        let mut resources = sheet.resources();
        resources.x_objects().pair(Name(SYMBOL), symbol);
        let mut names = resources.fonts();
        for (name, font) in embedded.resources(first_font) {
            names.pair(Name(name.as_bytes()), font);
        }
    }

    pdf.stream(content, &packed(&drawing)?).filter(Filter::FlateDecode);
    picture(&mut pdf, symbol, bitmap)?;
    structure.write(&mut pdf, tree, page);
    embedded.write(&mut pdf, first_font)?;

    let mut say = pdf.document_info(information);
    say.title(TextStr(&about.title));
    if let Some(date) = OffsetDateTime::parse(about.issued, &Rfc3339).ok().and_then(utc) {
        say.creation_date(date).modified_date(date);
    }
    drop(say);
    let id = crate::hash::digest([about.title.as_bytes(), about.issued.as_bytes(), &drawing]).to_be_bytes().to_vec();
    pdf.set_file_id((id.clone(), id));
    Ok(pdf.finish())
}

fn picture(pdf: &mut Pdf, symbol: Ref, bitmap: &Bitmap) -> Result<(), PrintError> {
    let side = i32::try_from(bitmap.side).map_err(|error| PrintError::Pdf(error.to_string()))?;
    let dots = packed(&bitmap.rows)?;
    let mut image = pdf.image_xobject(symbol, &dots);
    image.filter(Filter::FlateDecode);
    image.width(side).height(side).color_space().device_gray();
    image.bits_per_component(1).interpolate(false);
    Ok(())
}

fn utc(time: OffsetDateTime) -> Option<Date> {
    let time = time.checked_to_offset(time::UtcOffset::UTC)?;
    let date = Date::new(u16::try_from(time.year()).ok()?).month(time.month().into()).day(time.day());
    Some(date.hour(time.hour()).minute(time.minute()).second(time.second()).utc_offset_hour(0))
}

/// Compressed as a stream of the filter FlateDecode.
///
/// # Errors
/// Never in practice: it writes to memory.
pub(crate) fn packed(bytes: &[u8]) -> Result<Vec<u8>, PrintError> {
    let mut encoder = ZlibEncoder::new(Vec::with_capacity(bytes.len() / 2), Compression::new(LEVEL));
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.map_err(|error| PrintError::Pdf(error.to_string()))
}

/// Files 2 % larger than at level 6, for about half the time spent in compression.
const LEVEL: u32 = 4;

/// No white space for human readers.
pub(crate) const COMPACT: Settings = Settings { pretty: false };
