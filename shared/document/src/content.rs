//! The page's operators as bytes: the content stream of ISO 32000-1, Annex A.
//!
//! What printpdf's own writer makes of the same operators, to the byte (the test holds one against the other). Written here because that writer can't be had
//! without half a megabyte of a colour profile for print shops and a second parser of fonts, which every start of the function would load.

use lopdf::{
    Object,
    content::{Content, Operation},
};
use printpdf::{Color, LinePoint, Op, PaintMode, Polygon, Pt, Rect, TextItem, WindingOrder, XObjectTransform};

use crate::PrintError;

/// The operators in their order.
///
/// # Errors
/// When one of them is none that [`crate::ink`] draws with.
pub(crate) fn encoded(ops: &[Op]) -> Result<Vec<u8>, PrintError> {
    let mut stream = Stream::default();
    for op in ops {
        stream.write(op).ok_or_else(|| PrintError::Page("an operator that no page has".to_owned()))?;
    }
    Content { operations: stream.0 }.encode().map_err(|error| PrintError::Page(error.to_string()))
}

/// What was written so far.
#[derive(Default)]
struct Stream(Vec<Operation>);

impl Stream {
    /// Nothing for an operator that no page has.
    fn write(&mut self, op: &Op) -> Option<()> {
        match op {
            Op::BeginMarkedContent { tag } => self.put("BMC", [name(tag)]),
            Op::BeginMarkedContentWithProperties { tag, properties } => {
                self.put("BDC", [name(tag), properties.to_lopdf()]);
            }
            Op::EndMarkedContent => self.put("EMC", []),
            Op::SaveGraphicsState => self.put("q", []),
            Op::RestoreGraphicsState => self.put("Q", []),
            Op::SetTransformationMatrix { matrix } => self.put("cm", matrix.as_array().map(Object::Real)),
            Op::SetFillColor { col } => self.put("rg", colour(col)?),
            Op::SetOutlineColor { col } => self.put("RG", colour(col)?),
            Op::SetOutlineThickness { pt } => self.put("w", [length(*pt)]),
            Op::DrawRectangle { rectangle } => self.rectangle(rectangle)?,
            Op::DrawPolygon { polygon } => self.polygon(polygon)?,
            Op::UseXobject { id, transform } => self.picture(&id.0, transform)?,
            Op::StartTextSection => self.put("BT", []),
            Op::EndTextSection => self.put("ET", []),
            Op::SetFont { font, size } => self.put("Tf", [name(&font.get_resource_name()), length(*size)]),
            Op::SetTextMatrix { matrix } => self.put("Tm", matrix.as_array().map(Object::Real)),
            Op::SetTextRenderingMode { mode } => self.put("Tr", [Object::Integer(mode.id())]),
            Op::SetLineOffset { multiplier } => self.put("Ts", [Object::Real(*multiplier)]),
            Op::ShowText { items } => {
                let shown = shown(items)?;
                self.put("TJ", [Object::Array(shown)]);
            }
            _ => return None,
        }
        Some(())
    }

    fn put<const N: usize>(&mut self, operator: &str, operands: [Object; N]) {
        self.0.push(Operation::new(operator, operands.into()));
    }

    fn rectangle(&mut self, Rect { x, y, width, height, mode, winding_order }: &Rect) -> Option<()> {
        self.put("re", [x, y, width, height].map(|side| length(*side)));
        self.paint((*mode)?, (*winding_order)?)
    }

    fn polygon(&mut self, polygon: &Polygon) -> Option<()> {
        for ring in &polygon.rings {
            self.ring(&ring.points);
        }
        self.put("h", []);
        self.paint(polygon.mode, polygon.winding_order)
    }

    /// A point that is a handle begins a curve: two handles and the point where it ends.
    fn ring(&mut self, points: &[LinePoint]) {
        let Some((first, mut rest)) = points.split_first() else { return };
        self.put("m", place(first));
        loop {
            rest = match rest {
                [one, two, end, after @ ..] if one.bezier => {
                    let ([x1, y1], [x2, y2], [x3, y3]) = (place(one), place(two), place(end));
                    self.put("c", [x1, y1, x2, y2, x3, y3]);
                    after
                }
                [point, after @ ..] => {
                    self.put("l", place(point));
                    after
                }
                [] => return,
            }
        }
    }

    fn paint(&mut self, mode: PaintMode, winding: WindingOrder) -> Option<()> {
        (mode == PaintMode::Fill).then(|| self.put(winding.get_fill_op(), []))
    }

    /// A picture is one unit wide and high.
    fn picture(&mut self, picture: &str, at: &XObjectTransform) -> Option<()> {
        let matrix = [at.scale_x?, 0.0, 0.0, at.scale_y?, at.translate_x?.0, at.translate_y?.0];
        self.put("q", []);
        self.put("cm", matrix.map(Object::Real));
        self.put("Do", [name(picture)]);
        self.put("Q", []);
        Some(())
    }
}

/// Glyphs by their codes and what moves the pen between them.
fn shown(items: &[TextItem]) -> Option<Vec<Object>> {
    let mut shown = Vec::new();
    for item in items {
        match item {
            TextItem::Offset(offset) => shown.push(Object::Real(*offset)),
            TextItem::GlyphIds(glyphs) => shown.extend(
                glyphs
                    .iter()
                    .map(|glyph| Object::String(glyph.gid.to_be_bytes().to_vec(), lopdf::StringFormat::Hexadecimal)),
            ),
            TextItem::Text(_) => return None,
        }
    }
    Some(shown)
}

fn colour(colour: &Color) -> Option<[Object; 3]> {
    match colour {
        Color::Rgb(rgb) => Some([rgb.r, rgb.g, rgb.b].map(Object::Real)),
        _ => None,
    }
}

fn place(point: &LinePoint) -> [Object; 2] {
    [point.p.x, point.p.y].map(length)
}

fn length(length: Pt) -> Object {
    Object::Real(length.0)
}

fn name(name: &str) -> Object {
    Object::Name(name.as_bytes().to_vec())
}
