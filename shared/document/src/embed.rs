//! The fonts of one document: collects the glyphs that are used, then writes just those.

use std::{collections::BTreeMap, ops::Range};

use pdf_writer::{
    Filter, Name, Pdf, Rect, Ref, Str,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use subsetter::GlyphRemapper;

use crate::{
    PrintError,
    font::{Face, FaceId, Fonts, Glyph},
    pdf::packed,
    text::Run,
};

/// Fonts by their number in the document: `F0`, `F1`, …
pub(crate) struct Embedded<'a> {
    fonts: &'a Fonts,
    used: Vec<(FaceId, Used)>,
}

/// The glyphs of one face that are used, each once for every text that it stands for: the same glyph is a part of many syllables.
#[derive(Default)]
pub(crate) struct Used {
    remapper: GlyphRemapper,
    codes: BTreeMap<(u16, String), u16>,
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
    /// The code in the document of a glyph that stands for `text`.
    fn code(&mut self, glyph: u16, text: String) -> u16 {
        // 0 is the missing glyph.
        let next = u16::try_from(self.codes.len() + 1).unwrap_or_default();
        self.remapper.remap(glyph);
        *self.codes.entry((glyph, text)).or_insert(next)
    }

    /// Glyphs and texts in the order of their codes, from 1.
    fn in_order(&self) -> Vec<(u16, &str)> {
        let mut codes: Vec<_> = self.codes.iter().map(|((glyph, text), code)| (code, *glyph, text.as_str())).collect();
        codes.sort_unstable();
        codes.into_iter().map(|(_, glyph, text)| (glyph, text)).collect()
    }

    fn write(&self, face: &Face, pdf: &mut Pdf, font: Ref) -> Result<(), PrintError> {
        let [descendant, descriptor, file, unicode, glyph_map] =
            [1, 2, 3, 4, 5].map(|step| Ref::new(font.get() + step));
        let broken = |error: subsetter::Error| PrintError::Font(face.name.clone(), error.to_string());
        let subset = subsetter::subset(&face.bytes, 0, &self.remapper).map_err(broken)?;
        let name = format!("CERTIF+{}", face.name.trim_end_matches(".ttf"));
        let codes = self.in_order();
        let system = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

        let mut composite = pdf.type0_font(font);
        composite.base_font(Name(name.as_bytes())).encoding_predefined(Name(b"Identity-H"));
        composite.descendant_font(descendant).to_unicode(unicode);
        drop(composite);

        let mut glyphs = pdf.cid_font(descendant);
        glyphs.subtype(CidFontType::Type2).base_font(Name(name.as_bytes())).system_info(system);
        glyphs.font_descriptor(descriptor).default_width(0.0).cid_to_gid_map_stream(glyph_map);
        glyphs.widths().consecutive(1, codes.iter().map(|(glyph, _)| face.advance(*glyph) * 1000.0));
        drop(glyphs);

        let mut places = vec![0, 0];
        places.extend(codes.iter().flat_map(|(glyph, _)| self.remapper.get(*glyph).unwrap_or_default().to_be_bytes()));
        pdf.stream(glyph_map, &packed(&places)?).filter(Filter::FlateDecode);

        let [left, bottom, right, top] = face.bounds().map(|edge| edge * 1000.0);
        let mut description = pdf.font_descriptor(descriptor);
        description.name(Name(name.as_bytes())).flags(FontFlags::SYMBOLIC).bbox(Rect::new(left, bottom, right, top));
        description.italic_angle(0.0).ascent(face.ascent * 1000.0).descent(face.descent * 1000.0);
        description.cap_height(714.0).stem_v(80.0).font_file2(file);
        drop(description);

        let length = i32::try_from(subset.len()).unwrap_or(i32::MAX);
        let bytes = packed(&subset)?;
        let mut stream = pdf.stream(file, &bytes);
        stream.filter(Filter::FlateDecode);
        stream.pair(Name(b"Length1"), length);
        drop(stream);

        let mut map = UnicodeCmap::<u16>::new(Name(b"Custom"), system);
        for (code, (_, text)) in (1..).zip(codes).filter(|(_, (_, text))| !text.is_empty()) {
            map.pair_with_multiple(code, text.chars());
        }
        pdf.stream(unicode, &packed(&map.finish())?).filter(Filter::FlateDecode);
        Ok(())
    }
}

/// A stretch of a run's glyphs, from left to right, with their codes in the document.
pub(crate) struct Stretch {
    pub(crate) glyphs: Vec<(Glyph, u16)>,
    /// The text to copy, when the glyphs alone don't tell it well.
    pub(crate) actual: Option<String>,
}

/// Cuts a run into words that say their own text and words that need it written beside them.
pub(crate) fn stretches(run: &Run, used: &mut Used) -> Vec<Stretch> {
    let mut words: Vec<Word> = Vec::new();
    for cluster in run.glyphs.chunk_by(|one, other| one.cluster == other.cluster) {
        let start = cluster.first().map_or(0, |glyph| glyph.cluster);
        let span = start..run.cluster_end(start);
        let text = run.text.get(span.clone()).unwrap_or_default();
        let glyphs = coded(cluster, text, run.rightwards, used);
        // Readers turn leftward text round themselves, the actual text too: there the glyphs' own texts serve better.
        let plain = !run.rightwards
            || (cluster.len() == 1
                && cluster.iter().all(|glyph| glyph.offset.iter().all(|length| length.abs() < f32::EPSILON)));
        match words.last_mut() {
            Some(word) if !text.starts_with(' ') && !word.space => {
                word.glyphs.extend(glyphs);
                word.span = word.span.start.min(span.start)..word.span.end.max(span.end);
                word.plain &= plain;
            }
            _ => words.push(Word { glyphs, span, plain, space: text.starts_with(' ') }),
        }
    }
    let mut stretches: Vec<Stretch> = Vec::new();
    for Word { glyphs, span, plain, .. } in words {
        match stretches.last_mut() {
            Some(last) if plain && last.actual.is_none() => last.glyphs.extend(glyphs),
            _ => stretches.push(Stretch { glyphs, actual: run.text.get(span).filter(|_| !plain).map(str::to_owned) }),
        }
    }
    stretches
}

/// A word of a run, or the space between two.
struct Word {
    glyphs: Vec<(Glyph, u16)>,
    span: Range<usize>,
    plain: bool,
    space: bool,
}

/// Spreads a cluster's text over its glyphs so that they say it when read one after the other, whatever each of them looks like: the
/// first says the first letter, the last the rest. When there are more glyphs than letters, accents and dots are silent first.
fn coded(cluster: &[Glyph], text: &str, rightwards: bool, used: &mut Used) -> Vec<(Glyph, u16)> {
    let letters = text.chars().count();
    let wide = cluster.iter().filter(|glyph| glyph.advance > 0.0).count();
    let speaks = |glyph: &Glyph| cluster.len() <= letters || wide == 0 || glyph.advance > 0.0;
    let mut speakers = cluster.iter().filter(|glyph| speaks(glyph)).count();
    let mut rest = text.chars();
    let mut say = |glyph: &Glyph| {
        if !speaks(glyph) {
            return (*glyph, used.code(glyph.id, String::new()));
        }
        speakers -= 1;
        let text =
            if speakers == 0 { rest.as_str().to_owned() } else { rest.next().map(String::from).unwrap_or_default() };
        (*glyph, used.code(glyph.id, text))
    };
    if rightwards {
        return cluster.iter().map(say).collect();
    }
    let mut glyphs: Vec<_> = cluster.iter().rev().map(&mut say).collect();
    glyphs.reverse();
    glyphs
}

fn font_name(number: usize) -> String {
    format!("F{number}")
}

/// Objects a font takes.
const OBJECTS: i32 = 6;
