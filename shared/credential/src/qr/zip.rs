//! A zip archive with one entry, written as DIVOC's JSZip writes it and read as anyone may have written it (PKWARE APPNOTE 6.3).
//!
//! Reading trusts the central directory alone: Go's writer leaves the sizes in the local header empty. Bounds come first: nothing is unpacked beyond the
//! limit, whatever the headers say.

use flate2::{Compression, Crc, read::DeflateDecoder, write::DeflateEncoder};
use std::io::{Read, Write};

/// The one entry.
pub(super) const ENTRY: &str = "certificate.json";

/// Why an archive gives no entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// Damaged, encrypted, of an unknown method, or not a zip at all.
    Damaged,
    /// Unpacks to more than the limit.
    TooLarge,
}

/// An archive whose only entry, `certificate.json`, holds `content`.
pub(super) fn pack(content: &[u8]) -> Vec<u8> {
    // Storing is always possible; deflating into memory has nothing to fail on.
    let (method, packed) = deflate(content).map_or((STORED, content.to_vec()), |packed| (DEFLATED, packed));
    let mut crc = Crc::new();
    crc.update(content);
    let described = Described { method, crc: crc.sum(), packed: length(&packed), unpacked: length(content) };

    let mut zip = Vec::with_capacity(packed.len() + 160);
    zip.extend(LOCAL);
    described.write(&mut zip);
    zip.extend(ENTRY.as_bytes());
    zip.extend(&packed);

    let directory = length(&zip);
    zip.extend(CENTRAL);
    zip.extend(MADE_BY);
    described.write(&mut zip);
    // Comment, disk, attributes inside and outside, and where the local header stands: all zero.
    zip.extend([0; 14]);
    zip.extend(ENTRY.as_bytes());

    let directory_length = length(&zip) - directory;
    zip.extend(END);
    zip.extend([0, 0, 0, 0, 1, 0, 1, 0]);
    zip.extend(directory_length.to_le_bytes());
    zip.extend(directory.to_le_bytes());
    zip.extend([0, 0]);
    zip
}

/// What `certificate.json` holds, or else the only entry, if that is at most `limit` bytes.
pub(super) fn unpack(zip: &[u8], limit: usize) -> Result<Vec<u8>, Broken> {
    let entry = wanted(entries(zip).ok_or(Broken::Damaged)?).ok_or(Broken::Damaged)?;
    if entry.unpacked > limit {
        return Err(Broken::TooLarge);
    }
    let packed = body(zip, &entry).ok_or(Broken::Damaged)?;
    let mut content = Vec::new();
    // One byte beyond the limit tells a lying header from an entry that just fits.
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    match entry.method {
        STORED => packed.take(most).read_to_end(&mut content),
        DEFLATED => DeflateDecoder::new(packed).take(most).read_to_end(&mut content),
        _ => return Err(Broken::Damaged),
    }
    .map_err(|_| Broken::Damaged)?;
    if content.len() > limit {
        return Err(Broken::TooLarge);
    }
    let mut crc = Crc::new();
    crc.update(&content);
    if content.len() == entry.unpacked && crc.sum() == entry.crc { Ok(content) } else { Err(Broken::Damaged) }
}

/// The fields that local and central header share.
struct Described {
    method: u16,
    crc: u32,
    packed: u32,
    unpacked: u32,
}

impl Described {
    fn write(&self, zip: &mut Vec<u8>) {
        zip.extend(NEEDED);
        zip.extend([0, 0]);
        zip.extend(self.method.to_le_bytes());
        zip.extend(DATE);
        zip.extend(self.crc.to_le_bytes());
        zip.extend(self.packed.to_le_bytes());
        zip.extend(self.unpacked.to_le_bytes());
        // Lengths of the name and of no extra field.
        zip.extend([16, 0, 0, 0]);
    }
}

/// One entry of the central directory.
struct Entry<'a> {
    name: &'a [u8],
    method: u16,
    crc: u32,
    packed: usize,
    unpacked: usize,
    header: usize,
}

/// The central directory, found through the last end record.
fn entries(zip: &[u8]) -> Option<Vec<Entry<'_>>> {
    let end = zip.windows(4).rposition(|window| window == END)?;
    let mut record = Fields(zip.get(end + 4..)?);
    record.skip(6)?;
    let count = record.two()?;
    record.skip(4)?;
    let mut directory = Fields(zip.get(record.four()?..)?);
    (0..count).map(|_| directory.entry()).collect()
}

/// Readers differ on which of two entries of one name counts, so that a second one is refused.
fn wanted(mut entries: Vec<Entry<'_>>) -> Option<Entry<'_>> {
    if entries.len() > 1 {
        entries.retain(|entry| entry.name == ENTRY.as_bytes());
    }
    let only = entries.pop()?;
    entries.is_empty().then_some(only)
}

/// The packed bytes of an entry, after the local header's own name and extra field.
fn body<'a>(zip: &'a [u8], entry: &Entry<'_>) -> Option<&'a [u8]> {
    let mut local = Fields(zip.get(entry.header..)?);
    (local.skip(4)? == LOCAL).then_some(())?;
    local.skip(22)?;
    let (name, extra) = (local.two()?, local.two()?);
    local.skip(usize::from(name) + usize::from(extra))?;
    local.skip(entry.packed)
}

/// Little-endian fields, one after the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn skip(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn two(&mut self) -> Option<u16> {
        self.skip(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    fn four(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.skip(4)?.try_into().ok()?)).ok()
    }

    fn entry(&mut self) -> Option<Entry<'a>> {
        (self.skip(4)? == CENTRAL).then_some(())?;
        self.skip(4)?;
        let encrypted = self.two()? & 1 == 1;
        let method = self.two()?;
        self.skip(4)?;
        let crc = u32::try_from(self.four()?).ok()?;
        let (packed, unpacked) = (self.four()?, self.four()?);
        let (name, extra, comment) = (self.two()?, self.two()?, self.two()?);
        self.skip(8)?;
        let header = self.four()?;
        let name = self.skip(usize::from(name))?;
        self.skip(usize::from(extra) + usize::from(comment))?;
        (!encrypted).then_some(Entry { name, method, crc, packed, unpacked, header })
    }
}

fn deflate(content: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::with_capacity(content.len()), LEVEL);
    encoder.write_all(content).ok()?;
    encoder.finish().ok()
}

/// Zip's lengths have 32 bits. What is packed here is a few kilobytes.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
/// Version 1.0, as JSZip says, though deflating came with 2.0.
const NEEDED: [u8; 2] = [10, 0];
/// Version 2.0, on MS-DOS.
const MADE_BY: [u8; 2] = [20, 0];
/// Midnight of 1980-01-01: the earliest there is, and the same for everyone.
const DATE: [u8; 4] = [0, 0, 0x21, 0];
/// zlib-rs packs faster and looser than other zlibs: its level 9 is as tight as level 6 of JSZip, and takes no longer than its own level 6 here.
const LEVEL: Compression = Compression::new(9);
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: usize = 1000;

    fn archive(content: &[u8]) -> Vec<u8> {
        let zip = pack(content);
        assert_eq!(unpack(&zip, ROOM).unwrap(), content, "a whole archive is read");
        zip
    }

    /// An archive of the given entries, each (name, content), stored; Python's `zipfile` reads it.
    fn stored(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let (mut zip, mut directory) = (Vec::new(), Vec::new());
        for (name, content) in entries {
            let header = length(&zip).to_le_bytes();
            let mut crc = Crc::new();
            crc.update(content);
            let mut described = Vec::new();
            Described { method: STORED, crc: crc.sum(), packed: length(content), unpacked: length(content) }
                .write(&mut described);
            described[22] = u8::try_from(name.len()).unwrap();
            zip.extend([&LOCAL[..], &described, name.as_bytes(), content].concat());
            directory.extend([&CENTRAL[..], &MADE_BY, &described, &[0; 10], &header, name.as_bytes()].concat());
        }
        let count = [u8::try_from(entries.len()).unwrap(), 0];
        let (size, start) = (length(&directory).to_le_bytes(), length(&zip).to_le_bytes());
        [&zip[..], &directory, &END, &[0; 4], &count, &count, &size, &start, &[0; 2]].concat()
    }

    #[test]
    fn an_archive_is_laid_out_as_jszip_does() {
        // From DIVOC's own zip of the same credential: all but the date, the deflated bytes and the lengths that follow from these.
        let theirs = include_bytes!("../../../../tests/vectors/qr/v1_did_subject.zip");
        let content = unpack(theirs, 2000).unwrap();
        let ours = pack(&content);
        assert_eq!(ours[..10], theirs[..10]);
        assert_eq!(ours[10..14], DATE);
        assert_eq!(ours[14..18], theirs[14..18], "CRC");
        assert_eq!(ours[22..46], theirs[22..46], "length, name");
        let (ours, theirs) = (&ours[ours.len() - 84..], &theirs[theirs.len() - 84..]);
        assert_eq!(ours[..12], theirs[..12]);
        assert_eq!(ours[16..20], theirs[16..20], "CRC");
        assert_eq!(ours[24..78], theirs[24..78], "length, attributes, name, end record");
        assert_eq!(ours[82..], theirs[82..]);
    }

    #[test]
    fn the_certificate_is_found_wherever_it_stands() {
        for entries in [[(ENTRY, b"yes"), ("a", b"no!")], [("a", b"no!"), (ENTRY, b"yes")]] {
            assert_eq!(unpack(&stored(&entries.map(|(name, content)| (name, &content[..]))), ROOM).unwrap(), b"yes");
        }
    }

    #[test]
    fn an_only_entry_may_have_any_name() {
        assert_eq!(unpack(&stored(&[("other.json", b"yes")]), ROOM).unwrap(), b"yes");
    }

    #[test]
    fn an_archive_without_one_clear_certificate_is_refused() {
        for entries in [&[("a", &b"1"[..]), ("b", b"2")][..], &[(ENTRY, b"1"), (ENTRY, b"2")], &[]] {
            assert_eq!(unpack(&stored(entries), ROOM), Err(Broken::Damaged));
        }
    }

    #[test]
    fn what_unpacks_beyond_the_limit_is_refused_whatever_the_header_says() {
        let mut zip = pack(&[b' '; ROOM + 1]);
        assert_eq!(unpack(&zip, ROOM), Err(Broken::TooLarge));
        // The central header's length, made small.
        let length = zip.len() - 84 + 24;
        zip[length..length + 4].copy_from_slice(&10_u32.to_le_bytes());
        assert_eq!(unpack(&zip, ROOM), Err(Broken::TooLarge));
        archive(&[b' '; ROOM]);
    }

    #[test]
    fn a_changed_content_is_noticed() {
        let mut zip = stored(&[(ENTRY, b"dose 1")]);
        let digit = zip.windows(6).position(|window| window == b"dose 1").unwrap() + 5;
        zip[digit] = b'2';
        assert_eq!(unpack(&zip, ROOM), Err(Broken::Damaged));
    }

    #[test]
    fn encrypted_entries_and_unknown_methods_are_refused() {
        let zip = archive(b"content");
        let central = zip.len() - 84;
        for (field, value) in [(8, 1), (10, 12)] {
            let mut zip = zip.clone();
            zip[central + field] = value;
            assert_eq!(unpack(&zip, ROOM), Err(Broken::Damaged));
        }
    }

    #[test]
    fn a_part_of_an_archive_is_no_archive() {
        let zip = archive(b"content that is cut");
        for end in 0..zip.len() - 2 {
            assert_eq!(unpack(&zip[..end], ROOM), Err(Broken::Damaged), "the first {end} bytes");
        }
    }

    proptest::proptest! {
        #[test]
        fn damage_anywhere_gives_the_content_or_an_error(at in 0..400_usize, value in proptest::num::u8::ANY) {
            let content = b"damage".repeat(30);
            let mut zip = archive(&content);
            let at = at % zip.len();
            zip[at] = value;
            if let Ok(found) = unpack(&zip, ROOM) {
                proptest::prop_assert_eq!(found, content);
            }
        }
    }
}
