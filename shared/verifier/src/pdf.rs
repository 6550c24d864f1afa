//! Streams of a PDF (ISO 32000-1): the files attached to it and its pictures.
//!
//! A stream always stands in the file itself, its dictionary before it, never inside another object. So the file is read once from start to end for those;
//! cross-reference tables, object streams and pages, in which a hostile file could hide loops and bombs, are not looked at at all.

use crate::{
    Unreadable,
    picture::{MOST_PIXELS, Picture, grey},
};
use flate2::read::ZlibDecoder;
use std::io::Read as _;

/// Whether the bytes are a PDF's; some writers put something before its mark.
pub(crate) fn starts(bytes: &[u8]) -> bool {
    find(bytes.get(..1024).unwrap_or(bytes), b"%PDF-").is_some()
}

/// What of a PDF may hold a certificate.
pub(crate) struct Pdf {
    /// The content of attached files.
    pub(crate) attachments: Vec<Vec<u8>>,
    /// Pictures that can be read.
    pub(crate) pictures: Vec<Picture>,
}

/// The most streams that are looked at, pictures that are unpacked, and bytes that all together unpack to.
const MOST_STREAMS: usize = 20_000;
const MOST_PICTURES: usize = 16;
const MOST_UNPACKED: usize = 100_000_000;
/// The longest attached file that could be a credential.
const MOST_ATTACHED: usize = 64 * 1024;
/// The longest dictionary before a stream, and how deep it may nest.
const MOST_DICTIONARY: usize = 64 * 1024;
const MOST_DEPTH: usize = 32;

impl Pdf {
    /// Reads attachments, then pictures.
    pub(crate) fn open(bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut pdf = Self { attachments: Vec::new(), pictures: Vec::new() };
        let mut room = MOST_UNPACKED;
        for (count, stream) in Streams(bytes).enumerate() {
            if count >= MOST_STREAMS {
                return Err(Unreadable::TooComplexPdf);
            }
            if stream.dictionary.has_name(b"Subtype", b"Image") {
                if pdf.pictures.len() >= MOST_PICTURES {
                    return Err(Unreadable::TooComplexPdf);
                }
                pdf.pictures.extend(stream.picture(&mut room)?);
                // All pictures together may keep the QR reader no longer than one.
                if pdf.pictures.iter().map(Picture::area).sum::<usize>() > MOST_PIXELS {
                    return Err(Unreadable::TooComplexPdf);
                }
            } else if stream.dictionary.has_name(b"Type", b"EmbeddedFile") {
                pdf.attachments.extend(stream.unpacked(MOST_ATTACHED, &mut room)?);
            }
        }
        if pdf.attachments.is_empty() && pdf.pictures.is_empty() && is_encrypted(bytes) {
            return Err(Unreadable::EncryptedPdf);
        }
        Ok(pdf)
    }
}

/// Whether a trailer, or the dictionary of a cross-reference stream, names an encryption.
fn is_encrypted(bytes: &[u8]) -> bool {
    find(bytes, b"/Encrypt").is_some()
}

/// A stream's dictionary, unread.
#[derive(Clone, Copy)]
struct Dictionary<'p>(&'p [u8]);

struct Stream<'p> {
    dictionary: Dictionary<'p>,
    data: &'p [u8],
}

/// The streams of a file in its order.
struct Streams<'p>(&'p [u8]);

impl<'p> Iterator for Streams<'p> {
    type Item = Stream<'p>;

    fn next(&mut self) -> Option<Stream<'p>> {
        loop {
            let (_, rest) = self.0.split_at_checked(find(self.0, b" obj")? + 4)?;
            self.0 = rest;
            let (dictionary, behind) = match dictionary(rest) {
                Ok(read) => read,
                // Nothing is looked at twice, so that a file of beginnings takes no longer than any other.
                Err(length) => {
                    self.0 = rest.get(length..).unwrap_or_default();
                    continue;
                }
            };
            let Some(data) = behind.trim_ascii_start().strip_prefix(b"stream") else {
                self.0 = behind;
                continue;
            };
            let data = data.strip_prefix(b"\r\n").or_else(|| data.strip_prefix(b"\n")).unwrap_or(data);
            let (data, rest) = body(data, dictionary);
            self.0 = rest;
            return Some(Stream { dictionary, data });
        }
    }
}

/// A stream's data and what follows: as long as the dictionary says, if `endstream` stands there, else up to the next `endstream`.
fn body<'p>(bytes: &'p [u8], dictionary: Dictionary<'p>) -> (&'p [u8], &'p [u8]) {
    let said = dictionary.number(b"Length").and_then(|length| bytes.split_at_checked(length));
    let said = said.filter(|(_, rest)| rest.trim_ascii_start().starts_with(b"endstream"));
    said.or_else(|| bytes.split_at_checked(find(bytes, b"endstream")?)).unwrap_or((bytes, &[]))
}

/// The dictionary at the start of `bytes`, and what follows it; else how many bytes were looked at for none.
fn dictionary(bytes: &[u8]) -> Result<(Dictionary<'_>, &[u8]), usize> {
    let inside = bytes.trim_ascii_start().strip_prefix(b"<<").ok_or(0_usize)?;
    let (mut rest, mut depth) = (inside.get(..MOST_DICTIONARY).unwrap_or(inside), 1_usize);
    let length = rest.len();
    while depth > 0 {
        let (skipped, by) = match rest {
            [b'<', b'<', ..] => (2, 1),
            [b'>', b'>', ..] => (2, -1),
            [b'(', ..] => (text_length(rest).ok_or(length)?, 0),
            [] => return Err(length),
            _ => (1, 0),
        };
        rest = rest.get(skipped..).unwrap_or_default();
        depth = depth.checked_add_signed(by).filter(|depth| *depth <= MOST_DEPTH).ok_or(length - rest.len())?;
    }
    let (inside, behind) = inside.split_at_checked(length - rest.len()).ok_or(length)?;
    Ok((Dictionary(inside.strip_suffix(b">>").unwrap_or(inside)), behind))
}

/// How long the literal text at the start of `bytes` is, parentheses included.
fn text_length(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut escaped) = (0_usize, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at + 1);
        }
    }
    None
}

impl<'p> Dictionary<'p> {
    /// What follows a key, wherever in the dictionary it stands: a stream's dictionary has no other of that name.
    fn value(self, key: &[u8]) -> Option<&'p [u8]> {
        let mut rest = self.0;
        loop {
            let (_, behind) = rest.split_at_checked(find(rest, b"/")? + 1)?;
            rest = behind;
            if let Some(value) =
                behind.strip_prefix(key).filter(|value| !value.first().is_some_and(u8::is_ascii_alphanumeric))
            {
                return Some(value.trim_ascii_start());
            }
        }
    }

    fn number(self, key: &[u8]) -> Option<usize> {
        let value = self.value(key)?;
        let end = value.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(value.len());
        let (digits, rest) = value.split_at_checked(end)?;
        // `12 0 R` is a reference to a number.
        let mut words = rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let is_reference = words.nth(1).is_some_and(|word| word.starts_with(b"R"));
        std::str::from_utf8(digits).ok()?.parse().ok().filter(|_| !is_reference)
    }

    fn has_name(self, key: &[u8], name: &[u8]) -> bool {
        let found = self.value(key).and_then(|value| value.strip_prefix(b"/")?.strip_prefix(name));
        found.is_some_and(|rest| !rest.first().is_some_and(u8::is_ascii_alphanumeric))
    }

    /// The only filter, or none; `None` for several.
    fn filter(self) -> Option<Filter> {
        let Some(value) = self.value(b"Filter") else { return Some(Filter::None) };
        let value = value.strip_prefix(b"[").unwrap_or(value).trim_ascii_start();
        let end =
            value.iter().skip(1).position(|byte| !byte.is_ascii_alphanumeric()).map_or(value.len(), |end| end + 1);
        let (name, rest) = value.split_at_checked(end)?;
        if rest.trim_ascii_start().starts_with(b"/") && self.value(b"Filter")?.starts_with(b"[") {
            return None;
        }
        match name {
            b"/FlateDecode" => Some(Filter::Flate),
            b"/DCTDecode" => Some(Filter::Jpeg),
            _ => None,
        }
    }
}

enum Filter {
    None,
    Flate,
    Jpeg,
}

impl Stream<'_> {
    /// The stream's content, if it is at most `most` bytes long and packed in a way that is read; the bytes are taken from `room`.
    fn unpacked(&self, most: usize, room: &mut usize) -> Result<Option<Vec<u8>>, Unreadable> {
        let most = most.min(*room);
        let content = match self.dictionary.filter() {
            Some(Filter::None) => self.data.get(..most.min(self.data.len())).unwrap_or(self.data).to_vec(),
            Some(Filter::Flate) => {
                let mut content = Vec::new();
                let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
                // What came before the damage may be enough.
                let _ = ZlibDecoder::new(self.data).take(limit).read_to_end(&mut content);
                content
            }
            Some(Filter::Jpeg) | None => return Ok(None),
        };
        *room = room.checked_sub(content.len()).ok_or(Unreadable::TooComplexPdf)?;
        Ok((content.len() <= most).then_some(content))
    }

    /// The stream as a picture, if it is of a kind that is read.
    fn picture(&self, room: &mut usize) -> Result<Option<Picture>, Unreadable> {
        if matches!(self.dictionary.filter(), Some(Filter::Jpeg)) {
            let picture = Picture::open(self.data);
            let area = picture.as_ref().map_or(0, Picture::area);
            *room = room.checked_sub(area).ok_or(Unreadable::TooComplexPdf)?;
            return Ok(picture.ok());
        }
        let sides = self.dictionary.number(b"Width").zip(self.dictionary.number(b"Height"));
        let Some((width, height)) = sides.filter(|(width, height)| *width > 0 && *height > 0) else { return Ok(None) };
        let bits = if self.dictionary.value(b"ImageMask").is_some_and(|value| value.starts_with(b"true")) {
            1
        } else {
            self.dictionary.number(b"BitsPerComponent").unwrap_or(8)
        };
        // The most that any layout which is read needs: four samples of eight bits a pixel, and a predictor's byte a row.
        let Some(most) = width.checked_mul(4).and_then(|row| (row + 1).checked_mul(height)) else { return Ok(None) };
        let content = self.unpacked(most, room)?;
        Ok(content.and_then(|content| raster(width, height, bits, &content)))
    }
}

/// A picture of rows of samples. How many samples a pixel has, and whether each row begins with a predictor's byte, is told from how many bytes there are:
/// the colour space itself may stand anywhere in the file.
fn raster(width: usize, height: usize, bits: usize, content: &[u8]) -> Option<Picture> {
    let is_read = matches!(bits, 1 | 8) && width.checked_mul(height).is_some_and(|area| area <= MOST_PIXELS);
    is_read.then_some(())?;
    let layouts = [1, 3, 4].into_iter().flat_map(|samples| [(samples, 0), (samples, 1)]);
    let row_length = |samples: usize| (width * samples * bits).div_ceil(8);
    let rows = content.len() / height;
    let (samples, predicted) = layouts.into_iter().find(|(samples, extra)| row_length(*samples) + extra == rows)?;
    let step = (samples * bits).div_ceil(8);
    let mut pixels = Vec::with_capacity(width * height);
    let mut above = vec![0; row_length(samples)];
    for row in content.chunks_exact(rows).take(height) {
        let row = if predicted == 1 { unpredicted(row, &above, step)? } else { row.to_vec() };
        match (bits, samples) {
            (8, 1) => pixels.extend(&row),
            (8, 3) => pixels.extend(row.as_chunks().0.iter().map(|[red, green, blue]| grey(*red, *green, *blue))),
            (8, 4) => pixels.extend(row.as_chunks().0.iter().map(|[cyan, magenta, yellow, black]| {
                let light = |ink: u8| u8::MAX.saturating_sub(ink).saturating_sub(*black);
                grey(light(*cyan), light(*magenta), light(*yellow))
            })),
            (1, 1) => pixels.extend((0..width).map(|x| {
                let bit = row.get(x / 8).is_some_and(|byte| byte >> (7 - x % 8) & 1 == 1);
                if bit { u8::MAX } else { 0 }
            })),
            _ => return None,
        }
        above = row;
    }
    // A palette's numbers may lie close together.
    Picture::new(width, height, pixels).map(Picture::stretched)
}

/// Undoes a row's PNG predictor (RFC 2083 § 6); a byte that names none is no row.
fn unpredicted(row: &[u8], above: &[u8], step: usize) -> Option<Vec<u8>> {
    let (predictor, samples) = row.split_first()?;
    let mut row: Vec<u8> = Vec::with_capacity(samples.len());
    for (at, sample) in samples.iter().enumerate() {
        let before = |line: &[u8]| at.checked_sub(step).and_then(|at| line.get(at)).copied().unwrap_or_default();
        let (left, up, corner) = (before(&row), above.get(at).copied().unwrap_or_default(), before(above));
        let guess = match predictor {
            0 => 0,
            1 => left,
            2 => up,
            3 => left.midpoint(up),
            4 => paeth(left, up, corner),
            _ => return None,
        };
        row.push(sample.wrapping_add(guess));
    }
    Some(row)
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let estimate = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |one: u8| (estimate - i16::from(one)).abs();
    [left, up, corner].into_iter().min_by_key(|one| distance(*one)).unwrap_or(corner)
}

/// Where `wanted` first stands.
fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn stream(dictionary: &str, data: &[u8]) -> Vec<u8> {
        [format!("1 0 obj\n<<{dictionary}>>stream\n").as_bytes(), data, b"\nendstream\nendobj\n"].concat()
    }

    fn attachments(file: &[u8]) -> Vec<Vec<u8>> {
        Pdf::open(file).unwrap().attachments
    }

    fn refusal(file: &[u8]) -> Option<Unreadable> {
        Pdf::open(file).err()
    }

    #[test]
    fn an_attachment_is_found_however_its_dictionary_is_written() {
        for dictionary in [
            "/Type/EmbeddedFile",
            "/Type /EmbeddedFile /Length 5",
            "/Length 5/Type/EmbeddedFile",
            "/Type/EmbeddedFile /Length 7 0 R",
            "/Type/EmbeddedFile /Length 999",
            "/Params<</Size 5/CheckSum<30>>>/Type/EmbeddedFile",
            "/Desc(a \\) >> stream)/Type/EmbeddedFile",
        ] {
            let found = attachments(&stream(dictionary, b"{ 1 }"));
            assert_eq!(found.len(), 1, "{dictionary}");
            assert!(found[0].starts_with(b"{ 1 }"), "{dictionary}");
        }
        assert_eq!(attachments(&stream("/Filter/FlateDecode/Type/EmbeddedFile", &packed(b"{}"))), [b"{}"]);
        assert_eq!(attachments(&stream("/Filter [ /FlateDecode ] /Type/EmbeddedFile", &packed(b"{}"))), [b"{}"]);
        for not_read in [
            "/Type/EmbeddedFile/Filter[/ASCIIHexDecode/FlateDecode]",
            "/Type/EmbeddedFile/Filter/LZWDecode",
            "/Type/EmbeddedFiles",
            "/Type/XObject",
        ] {
            assert_eq!(attachments(&stream(not_read, &packed(b"{}"))), Vec::<Vec<u8>>::new(), "{not_read}");
        }
    }

    #[test]
    fn an_attachment_that_unpacks_to_more_than_a_credential_is_passed_over() {
        let most = packed(&vec![b' '; MOST_ATTACHED]);
        let more = packed(&vec![b' '; MOST_ATTACHED + 1]);
        let file = |data: &[u8]| attachments(&stream("/Type/EmbeddedFile/Filter/FlateDecode", data)).len();
        assert_eq!((file(&most), file(&more)), (1, 0));
    }

    #[test]
    fn bombs_are_refused() {
        let image =
            |side: usize| format!("/Subtype/Image/Width {side}/Height {side}/BitsPerComponent 8/Filter/FlateDecode");
        // 14 GB announced, for which room is never made, and 120 MB there.
        assert_eq!(refusal(&stream(&image(60_000), &packed(&vec![0; 120_000_000]))), Some(Unreadable::TooComplexPdf));
        let many = stream(&image(1), &packed(&[0])).repeat(MOST_PICTURES + 1);
        assert_eq!(refusal(&many), Some(Unreadable::TooComplexPdf));
        let streams = stream("", b"").repeat(MOST_STREAMS + 1);
        assert_eq!(refusal(&streams), Some(Unreadable::TooComplexPdf));
        for hostile in [
            "/Width 99999999999999999999",
            "/Width 18446744073709551615",
            "/Width 0",
            "/BitsPerComponent 18446744073709551615",
        ] {
            let file = stream(&format!("{hostile} {}", image(4)), &packed(&[0; 16]));
            assert!(Pdf::open(&file).unwrap().pictures.is_empty(), "{hostile}");
        }
    }

    #[test]
    fn a_file_of_beginnings_takes_no_longer_than_its_length() {
        for start in [&b" obj<<"[..], b" obj<<(", b" obj<<<<", b" obj<</Type/EmbeddedFile>>stream", b" obj", b"<<"] {
            let file = start.repeat(1_000_000 / start.len());
            // Quadratic reading would take minutes.
            let _ = Pdf::open(&file);
        }
    }

    #[test]
    fn samples_of_every_layout_are_read_as_brightness() {
        let raster = |bits, content: &[u8]| raster(2, 2, bits, content).map(|picture| picture.pixels().to_vec());
        let wanted = Some(vec![0, 255, 255, 0]);
        assert_eq!(raster(8, &[0, 9, 9, 0]), wanted, "grey");
        assert_eq!(raster(8, &[0; 10]), None, "half a pixel");
        assert_eq!(raster(1, &[0b0100_0000, 0b1000_0000]), wanted, "bits");
        assert_eq!(raster(8, &[[0; 3], [8; 3], [8; 3], [0; 3]].concat()), wanted, "RGB");
        assert_eq!(raster(8, &[[0, 0, 0, 255], [0; 4], [0; 4], [0, 0, 0, 255]].concat()), wanted, "CMYK");
        for (predictor, row) in [(0, [9, 0]), (1, [9, 247]), (2, [9, 247]), (4, [9, 247])] {
            // The row above is 0 9: up and Paeth add it, left adds its neighbour.
            assert_eq!(raster(8, &[&[0, 0, 9, predictor][..], &row].concat()), wanted, "predictor {predictor}");
        }
        assert_eq!(raster(8, &[5, 0, 9, 0, 9, 0]), None, "no predictor");
    }
}
