//! The fonts of one document: collects the glyphs that are used, then writes just those.

use std::{collections::BTreeMap, fmt::Write, ops::Range};

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary};
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

    /// Writes the fonts; gives them by their names in the document.
    ///
    /// # Errors
    /// When a font cannot be cut down to the glyphs used.
    pub(crate) fn write(&self, document: &mut Document) -> Result<Dictionary, PrintError> {
        let mut fonts = Dictionary::new();
        for (number, (id, used)) in self.used.iter().enumerate() {
            if let Some(face) = self.fonts.face(*id) {
                fonts.set(font_name(number), used.write(face, document)?);
            }
        }
        Ok(fonts)
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

    /// A composite font whose codes are our own: one map leads from them to glyphs, another to texts.
    fn write(&self, face: &Face, document: &mut Document) -> Result<ObjectId, PrintError> {
        let broken = |error: subsetter::Error| PrintError::Font(face.name.clone(), error.to_string());
        let subset = subsetter::subset(face.bytes(), 0, &self.remapper).map_err(broken)?;
        let name = format!("CERTIF+{}", face.name.trim_end_matches(".ttf"));
        let codes = self.in_order();

        let mut file = stream(&subset)?;
        file.dict.set("Length1", i64::try_from(subset.len()).unwrap_or(i64::MAX));
        let file = document.add_object(file);
        let descriptor = document.add_object(descriptor(face, &name, file));
        let mut places = vec![0, 0];
        places.extend(codes.iter().flat_map(|(glyph, _)| self.remapper.get(*glyph).unwrap_or_default().to_be_bytes()));
        let places = document.add_object(stream(&places)?);
        let widths = codes.iter().map(|(glyph, _)| Object::Real(face.advance(*glyph) * 1000.0)).collect();
        let system = dictionary! {
            "Registry" => Object::string_literal("Adobe"),
            "Ordering" => Object::string_literal("Identity"),
            "Supplement" => 0,
        };
        let glyphs = document.add_object(dictionary! {
            "Type" => "Font",
            "Subtype" => "CIDFontType2",
            "BaseFont" => name.as_str(),
            "CIDSystemInfo" => system,
            "FontDescriptor" => descriptor,
            "DW" => 0,
            "W" => vec![1.into(), Object::Array(widths)],
            "CIDToGIDMap" => places,
        });
        let texts = document.add_object(stream(texts(&codes).as_bytes())?);
        Ok(document.add_object(dictionary! {
            "Type" => "Font",
            "Subtype" => "Type0",
            "BaseFont" => name.as_str(),
            "Encoding" => "Identity-H",
            "DescendantFonts" => vec![glyphs.into()],
            "ToUnicode" => texts,
        }))
    }
}

fn descriptor(face: &Face, name: &str, file: ObjectId) -> Dictionary {
    dictionary! {
        "Type" => "FontDescriptor",
        "FontName" => name,
        "Flags" => SYMBOLIC,
        "FontBBox" => face.bounds().map(|edge| Object::Real(edge * 1000.0)).to_vec(),
        "ItalicAngle" => 0,
        "Ascent" => face.ascent * 1000.0,
        "Descent" => face.descent * 1000.0,
        "CapHeight" => 714,
        "StemV" => 80,
        "FontFile2" => file,
    }
}

/// The map from codes to texts, a CMap of ISO 32000-1, 9.10.3. Silent glyphs are left out.
fn texts(codes: &[(u16, &str)]) -> String {
    let spoken: Vec<_> = (1_u16..).zip(codes).filter(|(_, (_, text))| !text.is_empty()).collect();
    let mut map = String::from(MAP_START);
    // Writing to a string cannot fail.
    for block in spoken.chunks(MOST_PAIRS) {
        let _ = writeln!(map, "{} beginbfchar", block.len());
        for (code, (_, text)) in block {
            let _ = write!(map, "<{code:04X}> <");
            text.encode_utf16().for_each(|unit| _ = write!(map, "{unit:04X}"));
            map.push_str(">\n");
        }
        map.push_str("endbfchar\n");
    }
    map.push_str(MAP_END);
    map
}

fn stream(bytes: &[u8]) -> Result<Stream, PrintError> {
    Ok(Stream::new(dictionary! { "Filter" => "FlateDecode" }, packed(bytes)?))
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

/// The flag of a font with glyphs outside of Adobe's Latin set.
const SYMBOLIC: i64 = 1 << 2;

/// Pairs a block of a CMap may hold.
const MOST_PAIRS: usize = 100;

const MAP_START: &str = "\
/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo 3 dict dup begin
/Registry (Adobe) def
/Ordering (Identity) def
/Supplement 0 def
end def
/CMapName /Custom def
/CMapVersion 1 def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
";

const MAP_END: &str = "\
endcmap
CMapName currentdict /CMap defineresource pop
end
end
";
