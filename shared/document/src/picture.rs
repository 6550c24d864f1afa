//! The page for a screen: SVG and PNG, letters as outlines, so that no reader needs a font.

use std::{collections::BTreeMap, fmt::Write};

use base64::{Engine, engine::general_purpose::STANDARD};
use credential::qr::{Bitmap, Symbol};
use harfrust::font::glyph::outline::PathElement;
use tiny_skia::{
    Color, FillRule, FilterQuality, IntSize, Paint, Path, PathBuilder, Pixmap, PixmapPaint, Rect, Transform,
};

use crate::{
    PrintError,
    archive::escaped,
    font::{FaceId, Fonts},
    ink::THICKENING,
    layout::{Area, Ink, Layout},
    paint::{Colour, Raster, Stroke},
    template::Mark,
    text::Line,
};

/// The page as an SVG of its size on paper.
///
/// # Errors
/// Never in practice: it writes to memory.
pub(crate) fn svg(layout: &Layout<'_>, fonts: &Fonts, symbol: &Symbol, title: &str) -> Result<String, std::fmt::Error> {
    let (mut glyphs, mut body) = (BTreeMap::new(), String::new());
    for item in &layout.items {
        let Area { x, y, width, height } = item.area;
        match &item.ink {
            Ink::Fill(colour) => {
                let fill = web(*colour);
                writeln!(body, r#"<path fill="{fill}" d="M{x:.2} {y:.2}h{width:.2}v{height:.2}h-{width:.2}z"/>"#)?;
            }
            Ink::Mark(mark) => svg_mark(&mut body, item.area, mark)?,
            Ink::Symbol => {
                let bitmap = symbol.bitmap(1, 0);
                let unit = width / side(&bitmap);
                write!(body, r#"<path transform="translate({x:.2} {y:.2}) scale({unit:.5})" d=""#)?;
                for [x, y, width] in dark(&bitmap) {
                    write!(body, "M{x} {y}h{width}v1h-{width}z")?;
                }
                writeln!(body, r#""/>"#)?;
            }
            Ink::Text { line, size, colour } => {
                write!(body, r#"<g fill="{0}" stroke="{0}" stroke-width="0">"#, web(*colour))?;
                for Placed { face, glyph, x, y, thickened } in placed(line, *size, item.area) {
                    let Some(font) = fonts.face(face) else { continue };
                    let next = glyphs.len();
                    let (number, _) =
                        glyphs.entry((face, glyph)).or_insert_with(|| (next, outline(&font.outline(glyph))));
                    let unit = size / font.units();
                    write!(
                        body,
                        r##"<use href="#g{number}" transform="matrix({unit:.5} 0 0 -{unit:.5} {x:.2} {y:.2})""##
                    )?;
                    if thickened {
                        write!(body, r#" stroke-width="{}""#, THICKENING * font.units())?;
                    }
                    write!(body, "/>")?;
                }
                writeln!(body, "</g>")?;
            }
        }
    }
    let (width, height, title) = (layout.width, layout.height, escaped(title));
    let mut page = String::with_capacity(body.len() * 2);
    writeln!(
        page,
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width:.2}pt" height="{height:.2}pt" viewBox="0 0 {width:.2} {height:.2}" role="img" aria-label="{title}">"#
    )?;
    writeln!(page, "<title>{title}</title>\n<defs>")?;
    for (number, d) in glyphs.values() {
        writeln!(page, r#"<path id="g{number}" d="{d}"/>"#)?;
    }
    write!(page, "</defs>\n<path fill=\"#fff\" d=\"M0 0h{width:.2}v{height:.2}H0z\"/>\n{body}</svg>\n")?;
    Ok(page)
}

fn svg_mark(body: &mut String, area: Area, mark: &Mark) -> std::fmt::Result {
    let Area { x, y, width, height } = area;
    if let Some(raster) = &mark.raster {
        let png = STANDARD.encode(raster.png());
        return writeln!(
            body,
            r#"<image x="{x:.2}" y="{y:.2}" width="{width:.2}" height="{height:.2}" href="data:image/png;base64,{png}"/>"#
        );
    }
    writeln!(body, r#"<g transform="translate({x:.2} {y:.2}) scale({:.5})">"#, height / mark.grid)?;
    for shape in &mark.paths {
        write!(body, r#"<path fill="{}" d=""#, web(shape.fill))?;
        for stroke in &shape.d {
            match stroke {
                Stroke::Move([x, y]) => write!(body, "M{x} {y}")?,
                Stroke::Line([x, y]) => write!(body, "L{x} {y}")?,
                Stroke::Curve([x1, y1, x2, y2, x, y]) => write!(body, "C{x1} {y1} {x2} {y2} {x} {y}")?,
                Stroke::Close => write!(body, "Z")?,
            }
        }
        writeln!(body, r#""/>"#)?;
    }
    writeln!(body, "</g>")
}

/// The page as a PNG of `density` dots an inch, held to what a telephone and a good printer want.
///
/// # Errors
/// When the picture cannot be made.
pub(crate) fn png(layout: &Layout<'_>, fonts: &Fonts, symbol: &Symbol, density: u16) -> Result<Vec<u8>, PrintError> {
    let dots = f32::from(density.clamp(LEAST_DENSITY, MOST_DENSITY)) / 72.0;
    let (width, height) = (whole(layout.width * dots), whole(layout.height * dots));
    let mut pixels = Pixmap::new(width, height).ok_or_else(|| PrintError::Page("a page without size".to_owned()))?;
    pixels.fill(Color::WHITE);
    let page = Transform::from_scale(dots, dots);
    let mut glyphs: BTreeMap<(FaceId, u16), Option<Path>> = BTreeMap::new();
    for item in &layout.items {
        let Area { x, y, width, height } = item.area;
        match &item.ink {
            Ink::Fill(colour) => {
                if let Some(area) = Rect::from_xywh(x, y, width, height) {
                    pixels.fill_rect(area, &paint(*colour), page, None);
                }
            }
            Ink::Mark(mark) => png_mark(&mut pixels, item.area, mark, page),
            Ink::Symbol => {
                let bitmap = symbol.bitmap(1, 0);
                let unit = width / side(&bitmap);
                for run in dark(&bitmap) {
                    let [left, top, width] = run.map(|modules| f32::from(modules) * unit);
                    if let Some(area) = Rect::from_xywh(x + left, y + top, width, unit) {
                        pixels.fill_rect(area, &paint(Colour([0; 3])), page, None);
                    }
                }
            }
            Ink::Text { line, size, colour } => {
                let ink = paint(*colour);
                for Placed { face, glyph, x, y, thickened } in placed(line, *size, item.area) {
                    let Some(font) = fonts.face(face) else { continue };
                    let path = glyphs.entry((face, glyph)).or_insert_with(|| path(&font.outline(glyph)));
                    let Some(path) = path else { continue };
                    let unit = size / font.units();
                    let place = page.pre_concat(Transform::from_row(unit, 0.0, 0.0, -unit, x, y));
                    pixels.fill_path(path, &ink, FillRule::Winding, place, None);
                    if thickened {
                        let stroke =
                            tiny_skia::Stroke { width: THICKENING * font.units(), ..tiny_skia::Stroke::default() };
                        pixels.stroke_path(path, &ink, &stroke, place, None);
                    }
                }
            }
        }
    }
    // Everything was laid on white: no dot is transparent.
    let rgb: Vec<u8> = pixels.data().chunks_exact(4).flat_map(|dot| dot.iter().take(3).copied()).collect();
    encoded(width, height, png::ColorType::Rgb, &rgb)
}

fn png_mark(pixels: &mut Pixmap, area: Area, mark: &Mark, page: Transform) {
    let units = mark.raster.as_ref().map_or(mark.grid, |raster| length(raster.height));
    let unit = area.height / units;
    let place = page.pre_concat(Transform::from_row(unit, 0.0, 0.0, unit, area.x, area.y));
    if let Some(picture) = mark.raster.as_ref().and_then(Raster::pixels) {
        let smooth = PixmapPaint { quality: FilterQuality::Bilinear, ..PixmapPaint::default() };
        pixels.draw_pixmap(0, 0, picture.as_ref(), &smooth, place, None);
        return;
    }
    for shape in &mark.paths {
        let mut path = PathBuilder::new();
        for stroke in &shape.d {
            match *stroke {
                Stroke::Move([x, y]) => path.move_to(x, y),
                Stroke::Line([x, y]) => path.line_to(x, y),
                Stroke::Curve([x1, y1, x2, y2, x, y]) => path.cubic_to(x1, y1, x2, y2, x, y),
                Stroke::Close => path.close(),
            }
        }
        if let Some(path) = path.finish() {
            pixels.fill_path(&path, &paint(shape.fill), FillRule::Winding, place, None);
        }
    }
}

/// A glyph on the page, its origin in points from the upper left corner.
struct Placed {
    face: FaceId,
    glyph: u16,
    x: f32,
    y: f32,
    thickened: bool,
}

fn placed(line: &Line, size: f32, area: Area) -> impl Iterator<Item = Placed> {
    let baseline = area.y + line.ascent * size;
    let mut pen = area.x;
    line.runs.iter().flat_map(|run| run.glyphs.iter().map(move |glyph| (run, glyph))).map(move |(run, glyph)| {
        let [right, up] = glyph.offset;
        let (x, y) = (pen + right * size, baseline - up * size);
        pen += glyph.advance * size;
        Placed { face: run.face, glyph: glyph.id, x, y, thickened: run.thickened }
    })
}

/// Runs of dark modules: left, top, length.
fn dark(bitmap: &Bitmap) -> impl Iterator<Item = [u16; 3]> {
    let side = u16::try_from(bitmap.side).unwrap_or_default();
    let width = usize::from(side.div_ceil(8)).max(1);
    bitmap.rows.chunks_exact(width).zip(0..).flat_map(move |(row, y)| {
        let is_dark = move |x: u16| row.get(usize::from(x / 8)).is_some_and(|byte| byte & (0x80 >> (x % 8)) == 0);
        let starts = (0..side).filter(move |x| is_dark(*x) && (*x == 0 || !is_dark(*x - 1)));
        starts.map(move |x| [x, y, u16::try_from((x..side).take_while(|x| is_dark(*x)).count()).unwrap_or_default()])
    })
}

fn side(bitmap: &Bitmap) -> f32 {
    length(bitmap.side)
}

fn length(dots: u32) -> f32 {
    f32::from(u16::try_from(dots).unwrap_or(u16::MAX)).max(1.0)
}

fn outline(elements: &[PathElement]) -> String {
    elements
        .iter()
        .map(|element| match *element {
            PathElement::MoveTo { x, y } => format!("M{x} {y}"),
            PathElement::LineTo { x, y } => format!("L{x} {y}"),
            PathElement::QuadTo { cx0, cy0, x, y } => format!("Q{cx0} {cy0} {x} {y}"),
            PathElement::CurveTo { cx0, cy0, cx1, cy1, x, y } => format!("C{cx0} {cy0} {cx1} {cy1} {x} {y}"),
            PathElement::Close => "Z".to_owned(),
        })
        .collect()
}

fn path(elements: &[PathElement]) -> Option<Path> {
    let mut path = PathBuilder::new();
    for element in elements {
        match *element {
            PathElement::MoveTo { x, y } => path.move_to(x, y),
            PathElement::LineTo { x, y } => path.line_to(x, y),
            PathElement::QuadTo { cx0, cy0, x, y } => path.quad_to(cx0, cy0, x, y),
            PathElement::CurveTo { cx0, cy0, cx1, cy1, x, y } => path.cubic_to(cx0, cy0, cx1, cy1, x, y),
            PathElement::Close => path.close(),
        }
    }
    path.finish()
}

fn paint(colour: Colour) -> Paint<'static> {
    let [red, green, blue] = colour.0;
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, 255);
    paint
}

fn web(colour: Colour) -> String {
    let [red, green, blue] = colour.0;
    format!("#{red:02x}{green:02x}{blue:02x}")
}

impl Raster {
    fn png(&self) -> Vec<u8> {
        let dots = self.colours.chunks_exact(3).zip(&self.opacity);
        let rgba: Vec<u8> = dots.flat_map(|(dot, opacity)| dot.iter().chain([opacity]).copied()).collect();
        encoded(self.width, self.height, png::ColorType::Rgba, &rgba).unwrap_or_default()
    }

    fn pixels(&self) -> Option<Pixmap> {
        let rgb = self.on_white();
        let rgba = rgb.chunks_exact(3).flat_map(|dot| dot.iter().copied().chain([255])).collect();
        Pixmap::from_vec(rgba, IntSize::from_wh(self.width, self.height)?)
    }
}

fn encoded(width: u32, height: u32, colours: png::ColorType, dots: &[u8]) -> Result<Vec<u8>, PrintError> {
    let broken = |error: png::EncodingError| PrintError::Page(error.to_string());
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(colours);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(broken)?;
    writer.write_image_data(dots).map_err(broken)?;
    writer.finish().map_err(broken)?;
    Ok(file)
}

/// A length in whole dots.
fn whole(length: f32) -> u32 {
    // Without a cast the standard library has no other way from a float to a whole number.
    format!("{:.0}", length.max(1.0)).parse().unwrap_or(1)
}

const LEAST_DENSITY: u16 = 36;
const MOST_DENSITY: u16 = 600;
