//! Reads back the text of a document that this crate wrote, glyph by glyph, as a plain reader does that knows nothing of actual texts.

use std::{collections::HashMap, io::Read};

/// The text of the page in drawing order, a line break between texts.
pub(crate) fn copied(pdf: &[u8]) -> String {
    let objects = objects(pdf);
    let text_of = |number: usize| String::from_utf8_lossy(&objects[&number].0).into_owned();
    let page = objects.keys().copied().find(|&number| text_of(number).contains("/Type/Page/")).unwrap();
    let content = &objects[&reference(&text_of(page), "/Contents ").unwrap()].1;
    let resources = text_of(reference(&text_of(page), "/Resources ").unwrap());
    let names = text_of(reference(&resources, "/Font ").unwrap());
    let fonts: Vec<HashMap<u16, String>> = (0..)
        .map_while(|number| reference(&names, &format!("/F{number} ")))
        .map(|font| texts(&objects[&reference(&text_of(font), "/ToUnicode ").unwrap()].1))
        .collect();
    let (mut copied, mut font, mut at) = (String::new(), 0, 0);
    while at < content.len() {
        let rest = &content[at..];
        match rest {
            [b'/', b'F', number, ..] if number.is_ascii_digit() => font = usize::from(number - b'0'),
            [b'E', b'T', ..] => copied.push('\n'),
            [b'(' | b'<', ..] if !rest.starts_with(b"<<") => {
                let (bytes, length) = string(rest);
                // An actual text begins with a byte order mark.
                if !bytes.starts_with(&[0xfe, 0xff]) {
                    let codes = bytes.chunks(2).map(|code| u16::from_be_bytes([code[0], code[1]]));
                    copied.extend(codes.filter_map(|code| fonts[font].get(&code)).map(String::as_str));
                }
                at += length;
                continue;
            }
            [b'<', b'<', ..] => at += 1,
            _ => {}
        }
        at += 1;
    }
    copied
}

/// The dictionaries and the unpacked streams by number.
fn objects(pdf: &[u8]) -> HashMap<usize, (Vec<u8>, Vec<u8>)> {
    let find =
        |from: usize, what: &[u8]| pdf[from..].windows(what.len()).position(|part| part == what).map(|at| from + at);
    let table = find(0, b"\nxref\n").unwrap();
    let entries = String::from_utf8_lossy(&pdf[table..]).into_owned();
    let offsets =
        entries.lines().filter(|line| line.trim_end().ends_with(" n")).map(|line| line[..10].parse().unwrap());
    offsets
        .enumerate()
        .map(|(number, offset): (usize, usize)| {
            let end = find(offset, b"\nendobj").unwrap();
            // The metadata is not packed.
            let packed = find(offset, b"/FlateDecode").is_some_and(|at| at < end);
            let stream = find(offset, b"stream\n").filter(|&at| at < end && packed);
            let mut unpacked = Vec::new();
            if let Some(stream) = stream {
                let packed = &pdf[stream + 7..end];
                let read = flate2::read::ZlibDecoder::new(packed).read_to_end(&mut unpacked);
                read.unwrap();
            }
            (number + 1, (pdf[offset..stream.unwrap_or(end)].to_vec(), unpacked))
        })
        .collect()
}

fn reference(dictionary: &str, key: &str) -> Option<usize> {
    let rest = &dictionary[dictionary.find(key)? + key.len()..];
    rest.split_whitespace().next()?.parse().ok()
}

/// What each code says, by the character map.
fn texts(map: &[u8]) -> HashMap<u16, String> {
    let map = String::from_utf8_lossy(map);
    let lines = map.lines().filter_map(|line| line.strip_prefix('<')?.strip_suffix('>')?.split_once("> <"));
    lines
        .filter(|(code, text)| code.len() == 4 && *text != "FFFF")
        .map(|(code, text)| {
            let units: Vec<_> =
                (0..text.len()).step_by(4).map(|at| u16::from_str_radix(&text[at..at + 4], 16).unwrap()).collect();
            (u16::from_str_radix(code, 16).unwrap(), String::from_utf16(&units).unwrap())
        })
        .collect()
}

/// A string of the content stream and how many bytes it takes there.
fn string(source: &[u8]) -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    if source[0] == b'<' {
        let end = source.iter().position(|&byte| byte == b'>').unwrap();
        let hex = std::str::from_utf8(&source[1..end]).unwrap();
        bytes.extend((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()));
        return (bytes, end + 1);
    }
    let (mut at, mut depth) = (1, 1);
    loop {
        match source[at] {
            b'\\' => {
                at += 1;
                bytes.push(match source[at] {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 8,
                    b'f' => 12,
                    b'0'..=b'3' => {
                        at += 2;
                        u8::from_str_radix(std::str::from_utf8(&source[at - 2..=at]).unwrap(), 8).unwrap()
                    }
                    other => other,
                });
            }
            b')' if depth == 1 => return (bytes, at + 1),
            byte => {
                depth += i32::from(byte == b'(') - i32::from(byte == b')');
                bytes.push(byte);
            }
        }
        at += 1;
    }
}
