//! The fonts of one document: collects the glyphs that are used, then writes just those.

use std::collections::BTreeMap;

use pdf_writer::{
    Name, Pdf, Rect, Ref, Str,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use subsetter::GlyphRemapper;

use crate::{
    PrintError,
    font::{Face, FaceId, Fonts},
    pdf::packed,
    text::Run,
};

/// Fonts by their number in the document: `F0`, `F1`, …
pub(crate) struct Embedded<'a> {
    fonts: &'a Fonts,
    used: Vec<(FaceId, Used)>,
}

/// The glyphs of one face.
#[derive(Default)]
pub(crate) struct Used {
    remapper: GlyphRemapper,
    /// What each glyph of the font says when it is copied.
    says: BTreeMap<u16, String>,
}

impl<'a> Embedded<'a> {
    pub(crate) fn new(fonts: &'a Fonts) -> Self {
        Self { fonts, used: Vec::new() }
    }

    /// The face of a run with its glyphs so far, and its name in the document.
    pub(crate) fn face(&mut self, id: FaceId) -> Option<(String, &'a Face, &mut Used)> {
        let face = self.fonts.face(id)?;
        let place = self.used.iter().position(|(used, _)| *used == id).unwrap_or_else(|| {
            self.used.push((id, Used::default()));
            self.used.len() - 1
        });
        let (_, used) = self.used.get_mut(place)?;
        Some((font_name(place), face, used))
    }

    /// The names in the document and the objects under which [`Self::write`] puts the fonts.
    pub(crate) fn resources(&self, first: i32) -> Vec<(String, Ref)> {
        let place = |place| i32::try_from(place).map_or(first, |place| first + place * OBJECTS);
        (0..self.used.len()).map(|number| (font_name(number), Ref::new(place(number)))).collect()
    }

    /// Writes the fonts into objects from `first` on.
    ///
    /// # Errors
    /// When a font cannot be cut down to the glyphs used.
    pub(crate) fn write(&self, pdf: &mut Pdf, first: i32) -> Result<(), PrintError> {
        for ((id, used), (_, object)) in self.used.iter().zip(self.resources(first)) {
            if let Some(face) = self.fonts.face(*id) {
                used.write(face, pdf, object)?;
            }
        }
        Ok(())
    }
}

impl Used {
    /// The glyph's number in the document.
    pub(crate) fn number(&mut self, glyph: u16) -> u16 {
        self.remapper.remap(glyph)
    }

    /// Notes that `glyphs` (of the whole font) together stand for `text`. True when a reader of the document can find that out from the
    /// glyphs alone: one glyph, that stands for nothing else.
    pub(crate) fn learn(&mut self, face: &Face, glyphs: &[u16], text: &str) -> bool {
        if let [glyph] = glyphs {
            return self.says.entry(*glyph).or_insert_with(|| text.to_owned()) == text;
        }
        // Several glyphs: what each stands for on its own, as far as the font says so, for readers that ignore the actual text.
        for character in text.chars() {
            if let Some(glyph) = face.nominal(character).filter(|glyph| glyphs.contains(glyph)) {
                self.says.entry(glyph).or_insert_with(|| character.to_string());
            }
        }
        false
    }

    fn write(&self, face: &Face, pdf: &mut Pdf, font: Ref) -> Result<(), PrintError> {
        let [descendant, descriptor, file, unicode] = [1, 2, 3, 4].map(|step| Ref::new(font.get() + step));
        let broken = |error: subsetter::Error| PrintError::Font(face.name.clone(), error.to_string());
        let subset = subsetter::subset(&face.bytes, 0, &self.remapper).map_err(broken)?;
        let name = format!("CERTIF+{}", face.name.trim_end_matches(".ttf"));
        let system = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

        let mut composite = pdf.type0_font(font);
        composite.base_font(Name(name.as_bytes())).encoding_predefined(Name(b"Identity-H"));
        composite.descendant_font(descendant).to_unicode(unicode);
        drop(composite);

        let mut glyphs = pdf.cid_font(descendant);
        glyphs.subtype(CidFontType::Type2).base_font(Name(name.as_bytes())).system_info(system);
        glyphs.font_descriptor(descriptor).default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
        glyphs.widths().consecutive(0, self.remapper.remapped_gids().map(|glyph| face.advance(glyph) * 1000.0));
        drop(glyphs);

        let [left, bottom, right, top] = face.bounds().map(|edge| edge * 1000.0);
        let mut description = pdf.font_descriptor(descriptor);
        description.name(Name(name.as_bytes())).flags(FontFlags::SYMBOLIC).bbox(Rect::new(left, bottom, right, top));
        description.italic_angle(0.0).ascent(face.ascent * 1000.0).descent(face.descent * 1000.0);
        description.cap_height(714.0).stem_v(80.0).font_file2(file);
        drop(description);

        let length = i32::try_from(subset.len()).unwrap_or(i32::MAX);
        let bytes = packed(&subset)?;
        let mut stream = pdf.stream(file, &bytes);
        stream.filter(pdf_writer::Filter::FlateDecode);
        stream.pair(Name(b"Length1"), length);
        drop(stream);

        let mut map = UnicodeCmap::<u16>::new(Name(b"Custom"), system);
        for (glyph, text) in &self.says {
            if let Some(number) = self.remapper.get(*glyph) {
                map.pair_with_multiple(number, text.chars());
            }
        }
        let bytes = packed(&map.finish())?;
        pdf.stream(unicode, &bytes).filter(pdf_writer::Filter::FlateDecode);
        Ok(())
    }
}

/// A stretch of a run's glyphs, from left to right.
pub(crate) struct Stretch {
    pub(crate) glyphs: std::ops::Range<usize>,
    /// The text to copy, when the glyphs alone don't tell it.
    pub(crate) actual: Option<String>,
}

/// Cuts a run into words that say their own text and words that need it written beside them.
pub(crate) fn stretches(run: &Run, face: &Face, used: &mut Used) -> Vec<Stretch> {
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut words: Vec<(std::ops::Range<usize>, std::ops::Range<usize>, bool)> = Vec::new();
    let mut index = 0;
    for cluster in run.glyphs.chunk_by(|one, other| one.cluster == other.cluster) {
        let glyphs = index..index + cluster.len();
        index = glyphs.end;
        let start = cluster.first().map_or(0, |glyph| glyph.cluster);
        let text = start..run.cluster_end(start);
        let said = run.text.get(text.clone()).unwrap_or_default();
        let ids: Vec<_> = cluster.iter().map(|glyph| glyph.id).collect();
        let plain = used.learn(face, &ids, said);
        match words.last_mut() {
            Some((word, span, known)) if said != " " && run.text.get(span.clone()) != Some(" ") => {
                word.end = glyphs.end;
                *span = span.start.min(text.start)..span.end.max(text.end);
                *known &= plain;
            }
            _ => words.push((glyphs, text, plain)),
        }
    }
    for (glyphs, span, plain) in words {
        match stretches.last_mut() {
            Some(last) if plain && last.actual.is_none() => last.glyphs.end = glyphs.end,
            _ if plain => stretches.push(Stretch { glyphs, actual: None }),
            _ => stretches.push(Stretch { glyphs, actual: run.text.get(span).map(str::to_owned) }),
        }
    }
    stretches
}

fn font_name(number: usize) -> String {
    format!("F{number}")
}

/// Objects a font takes.
const OBJECTS: i32 = 5;
