//! Finding QR codes in a picture.
//!
//! DIVOC's codes are dense: version 27 to 37, 125 to 165 modules a side, so a photograph that bends by one part in three hundred shifts the far corner by half a
//! module. The reader is rxing's port of zxing-cpp, which follows the grid of alignment patterns; readers that trust the four corners alone found half as many
//! of our degraded pictures (BENCHMARKS.md). Its parts are called one by one: bytes are wanted, not the text that it would guess from them.

use crate::picture::Picture;
use rxing::{
    Binarizer as _, Luma8LuminanceSource,
    common::{BitMatrix, DetectorRXingResult as _, HybridBinarizer},
    qrcode::cpp_port::{decoder, detector},
};

/// The contents of the QR codes in a picture, once for every way to look at it: as it is, then with more contrast, in negative, smaller, larger.
pub(crate) fn codes(picture: &Picture) -> impl Iterator<Item = Vec<Vec<u8>>> {
    VIEWS.iter().filter_map(move |view| view(picture)).map(|view| codes_in(&view))
}

type View = fn(&Picture) -> Option<Picture>;

const VIEWS: [View; 5] = [
    |picture| Some(picture.clone()),
    |picture| (picture.area() <= LARGE).then(|| picture.clone().stretched()),
    |picture| (picture.area() <= LARGE).then(|| picture.clone().inverted()),
    |picture| (picture.area() > SMALL).then(|| halved(picture)),
    |picture| (picture.area() <= SMALL).then(|| doubled(picture).stretched()),
];

/// Pictures with more pixels than this are looked at in fewer ways.
const LARGE: usize = 8_000_000;
/// Pictures with fewer than this are looked at enlarged.
const SMALL: usize = 1_000_000;
/// The most corners of codes that are looked at.
const MOST_PATTERNS: usize = 256;
/// The most places that are tried as a code.
const MOST_PLACES: usize = 64;

fn codes_in(picture: &Picture) -> Vec<Vec<u8>> {
    let sides = u32::try_from(picture.width()).ok().zip(u32::try_from(picture.height()).ok());
    let source =
        sides.and_then(|(width, height)| Luma8LuminanceSource::new(picture.pixels().to_vec(), width, height).ok());
    let Some(source) = source else { return Vec::new() };
    let binarizer = HybridBinarizer::new(source);
    binarizer.get_black_matrix().map(codes_of).unwrap_or_default()
}

fn codes_of(image: &BitMatrix) -> Vec<Vec<u8>> {
    let mut patterns = detector::FindFinderPatterns(image, true, 0);
    // The largest are tried first anyway; thousands of small ones are no photograph's, and each costs time.
    patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.size));
    patterns.truncate(MOST_PATTERNS);
    let places = detector::GenerateFinderPatternSets(&mut patterns);
    let mut used = Vec::new();
    let mut codes = Vec::new();
    for place in places.into_iter().take(MOST_PLACES) {
        let corners = [place.bl, place.tl, place.tr];
        if corners.iter().any(|corner| used.contains(corner)) {
            continue;
        }
        let code = detector::SampleQR(image, &place).and_then(|found| decoder::Decode(found.getBits()));
        if let Ok(code) = code {
            used.extend(corners);
            codes.push(code.content().bytes().to_vec());
        }
    }
    codes
}

/// Half as wide and high: takes noise away.
fn halved(picture: &Picture) -> Picture {
    Picture::drawn(picture.width() / 2, picture.height() / 2, |x, y| {
        let at = |dx, dy| u16::from(picture.at(2 * x + dx, 2 * y + dy));
        u8::try_from((at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4).unwrap_or(u8::MAX)
    })
}

/// Twice as wide and high, between pixels the mean of their neighbours: lets the reader place edges between pixels.
fn doubled(picture: &Picture) -> Picture {
    Picture::drawn(picture.width() * 2, picture.height() * 2, |x, y| {
        let (left, top) = (x / 2, y / 2);
        let (right, bottom) = ((x.div_ceil(2)).min(picture.width() - 1), y.div_ceil(2).min(picture.height() - 1));
        let sum: u16 = [(left, top), (right, top), (left, bottom), (right, bottom)]
            .into_iter()
            .map(|(x, y)| u16::from(picture.at(x, y)))
            .sum();
        u8::try_from(sum / 4).unwrap_or(u8::MAX)
    })
}
