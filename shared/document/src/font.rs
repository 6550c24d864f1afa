//! Fonts: which of them has a character, and the glyphs of a stretch of text. The only place that knows the shaper.

use std::sync::{Arc, Mutex, PoisonError};

use harfrust::{
    Buffer, Direction, Font, GlyphId, ShapeOptions, ShapePlan, ShaperFont,
    font::Blob,
    font::glyph::outline::{DrawMemory, DrawOptions, PathElement},
};

use crate::{File, PrintError, template::FontFiles};

/// Regular or bold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// The number of a face in [`Fonts`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct FaceId(usize);

/// The faces that a template names, in the order in which a character is looked for.
pub(crate) struct Fonts {
    faces: Vec<Face>,
    /// How many of the first faces are bold.
    bold: usize,
}

/// One font file, parsed once.
pub(crate) struct Face {
    pub(crate) name: String,
    bytes: Arc<dyn AsRef<[u8]> + Send + Sync>,
    /// Above and below the baseline, in em; the second is negative.
    pub(crate) ascent: f32,
    pub(crate) descent: f32,
    font: Font,
    /// How each script that came up is shaped: worked out once, it is most of the work on a short text.
    plans: Mutex<Vec<Arc<ShapePlan>>>,
}

/// A glyph at its place; lengths in em.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Glyph {
    pub(crate) id: u16,
    /// How far it moves the pen.
    pub(crate) advance: f32,
    /// How far it stands from the pen.
    pub(crate) offset: [f32; 2],
    /// Where its text begins: a byte index into the run's text.
    pub(crate) cluster: usize,
}

impl Fonts {
    /// # Errors
    /// When a font that the template names was not given or cannot be parsed.
    pub(crate) fn new(files: &FontFiles, given: &[File]) -> Result<Self, PrintError> {
        let face = |name: &String| {
            let file = given.iter().find(|(given, _)| given == name);
            let (_, bytes) = file.ok_or_else(|| PrintError::Font(name.clone(), "was not given".to_owned()))?;
            Face::new(name, bytes).ok_or_else(|| PrintError::Font(name.clone(), "is no TrueType font".to_owned()))
        };
        let faces = files.bold.iter().chain(&files.regular).map(face).collect::<Result<_, _>>()?;
        Ok(Self { faces, bold: files.bold.len() })
    }

    pub(crate) fn face(&self, id: FaceId) -> Option<&Face> {
        self.faces.get(id.0)
    }

    pub(crate) fn is_bold(&self, id: FaceId) -> bool {
        id.0 < self.bold
    }

    /// All faces, bold ones first.
    pub(crate) fn faces(&self) -> &[Face] {
        &self.faces
    }

    /// The first face of `weight` that has `character`; a bold text falls back to the regular faces.
    pub(crate) fn having(&self, character: char, weight: Weight) -> Option<FaceId> {
        let first = match weight {
            Weight::Bold => 0,
            Weight::Regular => self.bold,
        };
        let place = self.faces.iter().skip(first).position(|face| face.has(character))?;
        Some(FaceId(first + place))
    }
}

impl Face {
    fn new(name: &str, bytes: &Arc<dyn AsRef<[u8]> + Send + Sync>) -> Option<Self> {
        let font = Font::new(Blob::Shared(Arc::clone(bytes)), 0)?;
        let line = font.metrics().scaled_f32(1.0).h_line()?;
        Some(Self {
            name: name.to_owned(),
            bytes: Arc::clone(bytes),
            ascent: line.ascender,
            descent: line.descender,
            font,
            plans: Mutex::default(),
        })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.as_ref().as_ref()
    }

    /// The outline of a glyph in font units, y growing upwards; nothing for a blank one.
    pub(crate) fn outline(&self, glyph: u16) -> Vec<PathElement> {
        let mut outline = Vec::new();
        if let Some(glyph) = self.font.outline_glyphs().get(GlyphId::from(glyph)) {
            let options = DrawOptions::default();
            // A broken outline is a blank glyph.
            let _ = glyph.draw(&options, DrawMemory::default(), &mut outline);
        }
        outline
    }

    pub(crate) fn has(&self, character: char) -> bool {
        self.nominal(character).is_some()
    }

    /// The glyph that stands for `character` before shaping.
    pub(crate) fn nominal(&self, character: char) -> Option<u16> {
        self.font
            .charmap()
            .map_unicode(character)
            .and_then(|glyph| u16::try_from(glyph.to_u32()).ok())
            .filter(|&id| id != 0)
    }

    /// The advance of a glyph on its own, in em.
    pub(crate) fn advance(&self, glyph: u16) -> f32 {
        self.font.glyph_metrics().h_advance(GlyphId::from(glyph)) / self.units()
    }

    /// The box around every glyph of the font, in em: left, bottom, right, top.
    pub(crate) fn bounds(&self) -> [f32; 4] {
        let bounds = self.font.metrics().scaled_f32(1.0).bounds();
        [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max]
    }

    /// The glyphs of `text`, from left to right. The text is of one direction.
    pub(crate) fn shape(&self, text: &str, rightwards: bool) -> Vec<Glyph> {
        let mut buffer = Buffer::new();
        buffer.push_str(text);
        buffer.set_direction(if rightwards { Direction::LeftToRight } else { Direction::RightToLeft });
        buffer.guess_segment_properties();
        let plan = self.plan(&buffer);
        if harfrust::shape(&ShaperFont::new(&self.font), &mut buffer, ShapeOptions::new().plan(Some(&plan))).is_err() {
            return Vec::new();
        }
        let em = |units: i32| i16::try_from(units).map_or(0.0, f32::from) / self.units();
        let placed = buffer.glyph_infos().iter().zip(buffer.glyph_positions());
        placed
            .map(|(glyph, position)| Glyph {
                id: u16::try_from(glyph.glyph_id).unwrap_or_default(),
                advance: em(position.x_advance),
                offset: [em(position.x_offset), em(position.y_offset)],
                cluster: usize::try_from(glyph.cluster).unwrap_or_default(),
            })
            .collect()
    }

    fn plan(&self, buffer: &Buffer) -> Arc<ShapePlan> {
        let (script, direction) = (buffer.script(), buffer.direction());
        // A panic elsewhere leaves the list whole: it only grows.
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        let known = plans.iter().find(|plan| plan.script() == script && plan.direction() == direction);
        known.cloned().unwrap_or_else(|| {
            let plan = Arc::new(ShapePlan::new(&self.font, direction, script, None, &[]));
            plans.push(Arc::clone(&plan));
            plan
        })
    }

    /// Units an em, in which outlines are drawn.
    pub(crate) fn units(&self) -> f32 {
        f32::from(self.font.units_per_em())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::fonts;

    /// Origin: tests/vectors/shaping/README.md.
    #[test]
    fn every_script_is_shaped_as_harfbuzz_does() {
        let fonts = fonts();
        for line in include_str!("../../../tests/vectors/shaping/harfbuzz.tsv").lines() {
            let [file, text, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("three columns: {line}")
            };
            let (name, bytes) = fonts.iter().find(|(name, _)| name == file).unwrap();
            let face = Face::new(name, bytes).unwrap();
            let glyphs: Vec<_> =
                face.shape(text, !file.contains("Arabic")).iter().map(|glyph| written(&face, glyph)).collect();
            assert_eq!(glyphs.join(" "), expected, "{text}");
        }
    }

    fn written(face: &Face, glyph: &Glyph) -> String {
        let units = |em: f32| (em * face.units()).round();
        let [x, y] = glyph.offset.map(units);
        format!("{}@{}+{},{},{}", glyph.id, glyph.cluster, units(glyph.advance), x, y)
    }
}
