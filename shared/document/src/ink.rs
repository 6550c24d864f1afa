//! The content stream: every box of the layout as drawing operators.

use pdf_writer::{Content, Name, Str, TextStr, types::TextRenderingMode};

use crate::{
    embed::{Embedded, stretches},
    font::{Face, Glyph},
    layout::{Area, Ink, Item, Layout},
    paint::{Colour, Stroke},
    pdf::COMPACT,
    structure::Structure,
    template::Logo,
    text::Line,
};

/// Draws the page; notes the glyphs in `fonts` and the boxes that are read aloud in `structure`.
pub(crate) fn draw(layout: &Layout, logo: &Logo, fonts: &mut Embedded<'_>, structure: &mut Structure) -> Vec<u8> {
    let mut content = Content::with_settings(COMPACT);
    for item in &layout.items {
        begin(&mut content, item, structure, layout.height);
        match &item.ink {
            Ink::Fill(colour) => fill(&mut content, layout.height, item.area, *colour),
            Ink::Logo => mark(&mut content, layout.height, item.area, logo),
            Ink::Symbol => symbol(&mut content, layout.height, item.area),
            Ink::Text { line, size, colour } => {
                let baseline = [item.area.x, layout.height - item.area.y - line.ascent * size];
                text(&mut content, line, *size, *colour, baseline, fonts);
            }
        }
        content.end_marked_content();
    }
    content.finish().into_vec()
}

fn begin(content: &mut Content, item: &Item, structure: &mut Structure, height: f32) {
    match structure.place(item, height) {
        None => {
            content.begin_marked_content(Name(b"Artifact"));
        }
        Some((tag, number)) => {
            content.begin_marked_content_with_properties(Name(tag)).properties().identify(number);
        }
    }
}

fn fill(content: &mut Content, height: f32, area: Area, colour: Colour) {
    paint(content, colour);
    content.rect(fine(area.x), fine(height - area.bottom()), fine(area.width), fine(area.height)).fill_nonzero();
}

fn symbol(content: &mut Content, height: f32, area: Area) {
    content.save_state().transform([area.width, 0.0, 0.0, area.height, fine(area.x), fine(height - area.bottom())]);
    content.x_object(Name(SYMBOL)).restore_state();
}

fn mark(content: &mut Content, height: f32, area: Area, logo: &Logo) {
    let unit = area.width / logo.grid;
    content.save_state().transform([unit, 0.0, 0.0, -unit, fine(area.x), fine(height - area.y)]);
    for shape in &logo.paths {
        paint(content, shape.fill);
        for stroke in &shape.d {
            match *stroke {
                Stroke::Move([x, y]) => content.move_to(x, y),
                Stroke::Line([x, y]) => content.line_to(x, y),
                Stroke::Curve([x1, y1, x2, y2, x3, y3]) => content.cubic_to(x1, y1, x2, y2, x3, y3),
                Stroke::Close => content.close_path(),
            };
        }
        content.fill_nonzero();
    }
    content.restore_state();
}

fn text(content: &mut Content, line: &Line, size: f32, colour: Colour, [mut x, y]: [f32; 2], fonts: &mut Embedded<'_>) {
    content.begin_text();
    paint(content, colour);
    for run in &line.runs {
        let Some((name, face, used)) = fonts.face(run.face) else { continue };
        content.set_font(Name(name.as_bytes()), fine(size)).set_text_matrix([1.0, 0.0, 0.0, 1.0, fine(x), fine(y)]);
        content.set_text_rendering_mode(if run.thickened {
            TextRenderingMode::FillStroke
        } else {
            TextRenderingMode::Fill
        });
        if run.thickened {
            content.set_line_width(fine(size * THICKENING));
        }
        let mut pen = Pen::default();
        for stretch in stretches(run, used) {
            if let Some(actual) = &stretch.actual {
                let mut mark = content.begin_marked_content_with_properties(Name(b"Span"));
                mark.properties().actual_text(TextStr(actual));
            }
            pen.show(content, &stretch.glyphs, face, size);
            if stretch.actual.is_some() {
                content.end_marked_content();
            }
        }
        x += run.glyphs.iter().map(|glyph| glyph.advance).sum::<f32>() * size;
    }
    content.end_text();
}

/// Where the next glyph should stand and where a viewer would put it, in thousandths of an em from the run's start.
#[derive(Default)]
struct Pen {
    wanted: f32,
    actual: f32,
    rise: f32,
}

impl Pen {
    fn show(&mut self, content: &mut Content, glyphs: &[(Glyph, u16)], face: &Face, size: f32) {
        for level in glyphs.chunk_by(|(one, _), (other, _)| one.offset[1].total_cmp(&other.offset[1]).is_eq()) {
            let rise = level.first().map_or(0.0, |(glyph, _)| fine(glyph.offset[1] * size));
            if rise.total_cmp(&self.rise).is_ne() {
                content.set_rise(rise);
                self.rise = rise;
            }
            let mut positioned = content.show_positioned();
            let mut items = positioned.items();
            let mut codes = Vec::new();
            for (glyph, code) in level {
                let place = self.wanted + glyph.offset[0] * 1000.0;
                if (place - self.actual).abs() > 0.5 {
                    if !codes.is_empty() {
                        items.show(Str(&std::mem::take(&mut codes)));
                    }
                    items.adjust(fine(self.actual - place));
                    self.actual = place;
                }
                codes.extend(code.to_be_bytes());
                self.actual += face.advance(glyph.id) * 1000.0;
                self.wanted += glyph.advance * 1000.0;
            }
            items.show(Str(&codes));
        }
        if self.rise != 0.0 {
            content.set_rise(0.0);
            self.rise = 0.0;
        }
    }
}

fn paint(content: &mut Content, colour: Colour) {
    let [red, green, blue] = colour.0.map(|part| thousandth(f32::from(part) / 255.0));
    content.set_fill_rgb(red, green, blue).set_stroke_rgb(red, green, blue);
}

/// Hundredths of a point are finer than any printer: the rest would only be digits.
fn fine(length: f32) -> f32 {
    (length * 100.0).round() / 100.0
}

fn thousandth(part: f32) -> f32 {
    (part * 1000.0).round() / 1000.0
}

/// The QR code's name among the page's resources.
pub(crate) const SYMBOL: &[u8] = b"Qr";

/// How wide a regular font's outline is drawn, in em, where bold is wanted and no bold font has the script.
const THICKENING: f32 = 0.02;
