//! The page's drawing operators: every box of the layout.

use lopdf::text_string;
use printpdf::{
    Codepoint, Color, CurTransMat, DictItem, FontId, LinePoint, Op, PaintMode, PdfFontHandle, Point, Polygon,
    PolygonRing, Pt, Rect, Rgb, TextItem, TextMatrix, TextRenderingMode, WindingOrder, XObjectId, XObjectTransform,
};
use unicode_script::{Script, UnicodeScript};

use crate::{
    embed::{Embedded, stretches},
    font::{Face, Glyph},
    language::Language,
    layout::{Area, Ink, Item, Layout},
    paint::{Colour, Raster, Stroke},
    structure::Structure,
    template::Mark,
    text::Line,
};

/// The page's operators so far.
pub(crate) struct Drawing<'a> {
    pub(crate) ops: Vec<Op>,
    /// The pictures that the page shows, in the order of their names.
    pub(crate) rasters: Vec<&'a Raster>,
    height: f32,
    /// The languages of the page that are not written as the document's is, each with its script.
    others: Vec<(Script, &'a str)>,
}

impl<'a> Drawing<'a> {
    pub(crate) fn new(height: f32, languages: &[&'a Language]) -> Self {
        let written = languages.iter().filter_map(|language| Some((script(&language.name)?, language.tag.as_str())));
        let first = languages.first().and_then(|language| script(&language.name));
        let others = written.filter(|(script, _)| Some(*script) != first).collect();
        Self { ops: Vec::new(), rasters: Vec::new(), height, others }
    }

    /// Draws the page; notes the glyphs in `fonts` and the boxes that are read aloud in `structure`.
    pub(crate) fn page(&mut self, layout: &Layout<'a>, fonts: &mut Embedded<'_>, structure: &mut Structure) {
        for item in &layout.items {
            self.ops.push(begin(item, structure, layout.height));
            match &item.ink {
                Ink::Fill(colour) => fill(&mut self.ops, layout.height, item.area, *colour),
                Ink::Mark(mark) => self.mark(item.area, mark),
                Ink::Symbol => self.ops.push(picture(layout.height, item.area, SYMBOL.to_owned())),
                Ink::Text { line, size, colour } => {
                    let baseline = [item.area.x, layout.height - item.area.y - line.ascent * size];
                    self.text(line, *size, *colour, baseline, fonts);
                }
            }
            self.ops.push(Op::EndMarkedContent);
        }
    }

    fn mark(&mut self, area: Area, mark: &'a Mark) {
        if let Some(raster) = &mark.raster {
            self.ops.push(picture(self.height, area, raster_name(self.rasters.len())));
            self.rasters.push(raster);
        } else {
            outlines(&mut self.ops, self.height, area, mark);
        }
    }

    fn text(&mut self, line: &Line, size: f32, colour: Colour, [mut x, y]: [f32; 2], fonts: &mut Embedded<'_>) {
        let ops = &mut self.ops;
        ops.push(Op::StartTextSection);
        ops.push(Op::SetFillColor { col: paint(colour) });
        for run in &line.runs {
            let Some((name, face, used)) = fonts.face(run.face) else { continue };
            let font = PdfFontHandle::External(FontId(name));
            ops.push(Op::SetFont { font, size: Pt(fine(size)) });
            ops.push(Op::SetTextMatrix { matrix: TextMatrix::Translate(Pt(fine(x)), Pt(fine(y))) });
            let mode = if run.thickened { TextRenderingMode::FillStroke } else { TextRenderingMode::Fill };
            ops.push(Op::SetTextRenderingMode { mode });
            if run.thickened {
                ops.push(Op::SetOutlineColor { col: paint(colour) });
                ops.push(Op::SetOutlineThickness { pt: Pt(fine(size * THICKENING)) });
            }
            let other = script(&run.text).and_then(|script| self.others.iter().find(|(known, _)| *known == script));
            if let Some((_, tag)) = other {
                ops.push(marked("Span", "Lang", DictItem::from_lopdf(&text_string(tag))));
            }
            let mut pen = Pen::default();
            for stretch in stretches(run, used) {
                if let Some(actual) = &stretch.actual {
                    ops.push(marked("Span", "ActualText", DictItem::from_lopdf(&text_string(actual))));
                }
                pen.show(ops, &stretch.glyphs, face, size);
                if stretch.actual.is_some() {
                    ops.push(Op::EndMarkedContent);
                }
            }
            if other.is_some() {
                ops.push(Op::EndMarkedContent);
            }
            x += run.glyphs.iter().map(|glyph| glyph.advance).sum::<f32>() * size;
        }
        ops.push(Op::EndTextSection);
    }
}

/// The script of a text's first letter.
fn script(text: &str) -> Option<Script> {
    text.chars().map(|letter| letter.script()).find(|script| !matches!(script, Script::Common | Script::Inherited))
}

fn begin(item: &Item<'_>, structure: &mut Structure, height: f32) -> Op {
    match structure.place(item, height) {
        None => Op::BeginMarkedContent { tag: "Artifact".to_owned() },
        Some((tag, number)) => marked(tag, "MCID", DictItem::Int(number)),
    }
}

fn marked(tag: &str, key: &str, value: DictItem) -> Op {
    let properties = DictItem::Dict { map: [(key.to_owned(), value)].into() };
    Op::BeginMarkedContentWithProperties { tag: tag.to_owned(), properties }
}

fn fill(ops: &mut Vec<Op>, height: f32, area: Area, colour: Colour) {
    ops.push(Op::SetFillColor { col: paint(colour) });
    let rectangle = Rect {
        x: Pt(fine(area.x)),
        y: Pt(fine(height - area.bottom())),
        width: Pt(fine(area.width)),
        height: Pt(fine(area.height)),
        mode: Some(PaintMode::Fill),
        winding_order: Some(WindingOrder::NonZero),
    };
    ops.push(Op::DrawRectangle { rectangle });
}

fn picture(height: f32, area: Area, name: String) -> Op {
    let transform = XObjectTransform {
        translate_x: Some(Pt(fine(area.x))),
        translate_y: Some(Pt(fine(height - area.bottom()))),
        scale_x: Some(area.width),
        scale_y: Some(area.height),
        ..XObjectTransform::default()
    };
    Op::UseXobject { id: XObjectId(name), transform }
}

fn outlines(ops: &mut Vec<Op>, height: f32, area: Area, mark: &Mark) {
    let unit = area.height / mark.grid;
    let matrix = CurTransMat::Raw([unit, 0.0, 0.0, -unit, fine(area.x), fine(height - area.y)]);
    ops.extend([Op::SaveGraphicsState, Op::SetTransformationMatrix { matrix }]);
    for shape in &mark.paths {
        ops.push(Op::SetFillColor { col: paint(shape.fill) });
        let polygon = Polygon { rings: rings(&shape.d), mode: PaintMode::Fill, winding_order: WindingOrder::NonZero };
        ops.push(Op::DrawPolygon { polygon });
    }
    ops.push(Op::RestoreGraphicsState);
}

fn rings(strokes: &[Stroke]) -> Vec<PolygonRing> {
    let point = |x, y, bezier| LinePoint { p: Point { x: Pt(x), y: Pt(y) }, bezier };
    let mut rings: Vec<PolygonRing> = Vec::new();
    for stroke in strokes {
        if let Stroke::Move(_) = stroke {
            rings.push(PolygonRing::default());
        }
        let Some(PolygonRing { points }) = rings.last_mut() else { continue };
        match *stroke {
            Stroke::Move([x, y]) | Stroke::Line([x, y]) => points.push(point(x, y, false)),
            Stroke::Curve([x1, y1, x2, y2, x3, y3]) => {
                points.extend([point(x1, y1, true), point(x2, y2, true), point(x3, y3, false)]);
            }
            Stroke::Close => points.extend(points.first().cloned()),
        }
    }
    rings
}

/// Where the next glyph should stand and where a viewer would put it, in thousandths of an em from the run's start.
#[derive(Default)]
struct Pen {
    wanted: f32,
    actual: f32,
    rise: f32,
}

impl Pen {
    fn show(&mut self, ops: &mut Vec<Op>, glyphs: &[(Glyph, u16)], face: &Face, size: f32) {
        for level in glyphs.chunk_by(|(one, _), (other, _)| one.offset[1].total_cmp(&other.offset[1]).is_eq()) {
            let rise = level.first().map_or(0.0, |(glyph, _)| fine(glyph.offset[1] * size));
            self.raise(ops, rise);
            let mut items = Vec::new();
            let mut codes = Vec::new();
            for (glyph, code) in level {
                let place = self.wanted + glyph.offset[0] * 1000.0;
                if (place - self.actual).abs() > 0.5 {
                    if !codes.is_empty() {
                        items.push(TextItem::GlyphIds(std::mem::take(&mut codes)));
                    }
                    items.push(TextItem::Offset(fine(self.actual - place)));
                    self.actual = place;
                }
                codes.push(Codepoint::new(*code, 0.0));
                self.actual += face.advance(glyph.id) * 1000.0;
                self.wanted += glyph.advance * 1000.0;
            }
            items.push(TextItem::GlyphIds(codes));
            ops.push(Op::ShowText { items });
        }
        self.raise(ops, 0.0);
    }

    fn raise(&mut self, ops: &mut Vec<Op>, rise: f32) {
        if rise.total_cmp(&self.rise).is_ne() {
            // The operator Ts: the rise in points, whatever the name says.
            ops.push(Op::SetLineOffset { multiplier: rise });
            self.rise = rise;
        }
    }
}

fn paint(colour: Colour) -> Color {
    let [r, g, b] = colour.0.map(|part| thousandth(f32::from(part) / 255.0));
    Color::Rgb(Rgb { r, g, b, icc_profile: None })
}

/// Hundredths of a point are finer than any printer: the rest would only be digits.
fn fine(length: f32) -> f32 {
    (length * 100.0).round() / 100.0
}

fn thousandth(part: f32) -> f32 {
    (part * 1000.0).round() / 1000.0
}

/// A picture's name among the page's resources.
pub(crate) fn raster_name(number: usize) -> String {
    format!("P{number}")
}

/// The QR code's name among the page's resources.
pub(crate) const SYMBOL: &str = "Qr";

/// How wide a regular font's outline is drawn, in em, where bold is wanted and no bold font has the script.
pub(crate) const THICKENING: f32 = 0.02;
