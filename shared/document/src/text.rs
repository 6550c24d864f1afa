//! From a text in any script to a line of glyphs: direction, a font for each character, shaping, line breaking.

use std::{cell::RefCell, collections::HashMap, ops::Range, rc::Rc};

use unicode_bidi::{BidiInfo, Level};
use unicode_script::{Script, UnicodeScript};

use crate::font::{FaceId, Fonts, Glyph, Weight};

/// One line of text, shaped. Lengths are in em: times the size they are points.
pub(crate) struct Line {
    /// The text as it will be copied and read aloud.
    pub(crate) text: String,
    /// From left to right.
    pub(crate) runs: Vec<Run>,
    pub(crate) width: f32,
    /// Above and below the baseline, by the fonts of the line; both positive.
    pub(crate) ascent: f32,
    pub(crate) descent: f32,
}

/// A stretch of one font and one direction.
pub(crate) struct Run {
    pub(crate) face: FaceId,
    /// In the order in which it is read.
    pub(crate) text: String,
    /// Whether it is read from left to right.
    pub(crate) rightwards: bool,
    /// Whether bold was wanted of a face that is regular.
    pub(crate) thickened: bool,
    /// From left to right, whatever the direction.
    pub(crate) glyphs: Vec<Glyph>,
}

impl Run {
    /// The text that each glyph's cluster stands for: where it begins, where it ends.
    pub(crate) fn cluster_end(&self, start: usize) -> usize {
        self.glyphs
            .iter()
            .map(|glyph| glyph.cluster)
            .filter(|&cluster| cluster > start)
            .min()
            .unwrap_or(self.text.len())
    }
}

/// Shapes texts; the same text is shaped once.
pub(crate) struct Shaper<'a> {
    fonts: &'a Fonts,
    memory: RefCell<HashMap<(Weight, String), Rc<Line>>>,
}

impl<'a> Shaper<'a> {
    pub(crate) fn new(fonts: &'a Fonts) -> Self {
        Self { fonts, memory: RefCell::default() }
    }

    /// `text` on one line.
    pub(crate) fn line(&self, text: &str, weight: Weight) -> Rc<Line> {
        let key = (weight, text.to_owned());
        if let Some(line) = self.memory.borrow().get(&key) {
            return Rc::clone(line);
        }
        let line = Rc::new(self.shaped(&self.printable(text, weight), weight));
        self.memory.borrow_mut().insert(key, Rc::clone(&line));
        line
    }

    /// `text` on as many lines as it needs, none wider than `width` em. Breaks at spaces; a longer word between clusters.
    pub(crate) fn lines(&self, text: &str, weight: Weight, width: f32) -> Vec<Rc<Line>> {
        let text = text.trim();
        let whole = self.line(text, weight);
        if whole.width <= width {
            return vec![whole];
        }
        let space = self.line(" ", weight).width;
        let mut lines = Vec::new();
        let (mut open, mut used) = (String::new(), 0.0);
        for word in text.split_whitespace() {
            for (number, piece) in self.pieces(word, weight, width).into_iter().enumerate() {
                let needed = self.line(&piece, weight).width;
                // A later piece of a cut word always begins a line.
                if !open.is_empty() && (number > 0 || used + space + needed > width) {
                    lines.push(self.line(&open, weight));
                    open.clear();
                }
                used = if open.is_empty() { needed } else { used + space + needed };
                open = if open.is_empty() { piece } else { open + " " + &piece };
            }
        }
        if !open.is_empty() {
            lines.push(self.line(&open, weight));
        }
        lines
    }

    /// `text` and "…", shortened until both fit `width` em.
    pub(crate) fn cut(&self, text: &str, weight: Weight, width: f32) -> Rc<Line> {
        let mut shown = text.to_owned();
        loop {
            let line = self.line(&format!("{}…", shown.trim_end()), weight);
            if line.width <= width || shown.pop().is_none() {
                return line;
            }
        }
    }

    /// A word cut into pieces that fit `width`; nearly always the word itself.
    fn pieces(&self, word: &str, weight: Weight, width: f32) -> Vec<String> {
        let line = self.line(word, weight);
        if line.width <= width {
            return vec![word.to_owned()];
        }
        let (mut pieces, mut open, mut used) = (Vec::new(), String::new(), 0.0);
        for run in &line.runs {
            let mut starts: Vec<_> = run.glyphs.iter().map(|glyph| glyph.cluster).collect();
            starts.sort_unstable();
            starts.dedup();
            for start in starts {
                let advances = run.glyphs.iter().filter(|glyph| glyph.cluster == start).map(|glyph| glyph.advance);
                let needed: f32 = advances.sum();
                // Shaped again on its own, a piece may be a little wider: the slack is for that.
                if !open.is_empty() && used + needed > width * 0.95 {
                    pieces.push(std::mem::take(&mut open));
                    used = 0.0;
                }
                used += needed;
                open.push_str(run.text.get(start..run.cluster_end(start)).unwrap_or_default());
            }
        }
        pieces.extend(Some(open).filter(|open| !open.is_empty()));
        pieces
    }

    /// The text with one space between words, no controls, and a visible mark for each character that no font has. Direction overrides
    /// go too: they could make a name read otherwise than it is signed.
    fn printable(&self, text: &str, weight: Weight) -> String {
        let mark = if self.fonts.having(MISSING, weight).is_some() { MISSING } else { '?' };
        let mut printable = String::with_capacity(text.len());
        for character in text.chars() {
            match character {
                space if space.is_whitespace() => printable.push_str(if printable.ends_with(' ') { "" } else { " " }),
                control if control.is_control() => {}
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
                known if invisible(known) || self.fonts.having(known, weight).is_some() => printable.push(known),
                _ => printable.push(mark),
            }
        }
        printable
    }

    fn shaped(&self, text: &str, weight: Weight) -> Line {
        let mut runs = Vec::new();
        for (range, rightwards) in directions(text) {
            let start = range.start;
            let mut parts = self.parts(text.get(range).unwrap_or_default(), weight);
            if !rightwards {
                parts.reverse();
            }
            runs.extend(parts.into_iter().filter_map(|(face, part)| {
                let text = text.get(start + part.start..start + part.end)?.to_owned();
                let glyphs = self.fonts.face(face)?.shape(&text, rightwards);
                let thickened = weight == Weight::Bold && !self.fonts.is_bold(face);
                Some(Run { face, text, rightwards, thickened, glyphs })
            }));
        }
        let faces = || runs.iter().filter_map(|run| self.fonts.face(run.face));
        Line {
            text: text.to_owned(),
            width: runs.iter().flat_map(|run| &run.glyphs).map(|glyph| glyph.advance).sum(),
            ascent: faces().map(|face| face.ascent).fold(1.0, f32::max),
            descent: faces().map(|face| -face.descent).fold(0.25, f32::max),
            runs,
        }
    }

    /// Cuts `text` where the font or the script changes: scripts are shaped by rules of their own, even when one font has both. A letter
    /// takes the first font that has it; digits, punctuation and marks stay with the letters before them, so that no conjunct is torn.
    fn parts(&self, text: &str, weight: Weight) -> Vec<(FaceId, Range<usize>)> {
        let mut parts: Vec<(FaceId, Range<usize>)> = Vec::new();
        let mut open: Option<(FaceId, Script)> = None;
        for (index, character) in text.char_indices() {
            let end = index + character.len_utf8();
            let script = character.script();
            let shared = matches!(script, Script::Common | Script::Inherited | Script::Unknown);
            let has = |face: FaceId| self.fonts.face(face).is_some_and(|face| face.has(character));
            let stays = open.is_some_and(|(face, _)| invisible(character) || (shared && has(face)));
            let wanted = self.fonts.having(character, weight).map(|face| (face, script));
            match (wanted, parts.last_mut()) {
                (_, Some((_, range))) if stays || wanted == open || wanted.is_none() => range.end = end,
                (Some((face, script)), _) => {
                    parts.push((face, index..end));
                    open = Some((face, script));
                }
                (None, _) => {}
            }
        }
        parts
    }
}

/// Stretches of one direction, from left to right, with whether they are read rightwards.
fn directions(text: &str) -> Vec<(Range<usize>, bool)> {
    if text.is_ascii() {
        return vec![(0..text.len(), true)];
    }
    let bidi = BidiInfo::new(text, None);
    let Some(paragraph) = bidi.paragraphs.first() else { return Vec::new() };
    let (levels, runs) = bidi.visual_runs(paragraph, paragraph.range.clone());
    runs.into_iter()
        .map(|run| {
            let rightwards = levels.get(run.start).is_none_or(Level::is_ltr);
            (run, rightwards)
        })
        .collect()
}

/// Joiners, direction marks and variation selectors: they shape or order their neighbours and have no picture of their own.
pub(crate) fn invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

const MISSING: char = '\u{fffd}';
