//! Reading what a person shows, told by its first bytes.

use crate::{
    pdf::{self, Pdf},
    picture::Picture,
    scan,
};
use credential::qr;
use std::collections::BTreeSet;

/// A credential that was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Reading {
    /// Its JSON text, not yet verified. Personal data.
    pub json: String,
    /// Where it was.
    pub source: Source,
}

/// Where a credential was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It is the credential itself.
    Credential,
    /// The content of a QR code.
    QrContent,
    /// A QR code in a picture.
    Picture,
    /// Attached to a PDF.
    Attachment,
    /// A QR code in a picture of a PDF.
    PdfPicture,
}

/// Why nothing could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", crate::Code::from(self).detail())]
#[allow(missing_docs, reason = "what each says is the detail of the code with its name")]
pub enum Unreadable {
    Empty,
    TooLarge,
    UnknownFormat,
    OtherCertificate,
    Bomb,
    BrokenPicture,
    TooManyPixels,
    NoQrCode,
    NoCredentialInQrCode,
    SeveralCertificates,
    EncryptedPdf,
    TooComplexPdf,
    NoCertificateInPdf,
}

/// The most bytes that are looked at.
pub const MOST_BYTES: usize = 10 * 1024 * 1024;

/// Finds the credential in a JSON text, in the content of a QR code in either of DIVOC's encodings, in a PNG or JPEG picture with a QR code, or in a PDF.
///
/// # Errors
/// When there is none, none that can be read within the bounds, or more than one.
pub fn read(shown: &[u8]) -> Result<Reading, Unreadable> {
    if shown.is_empty() {
        return Err(Unreadable::Empty);
    }
    if shown.len() > MOST_BYTES {
        return Err(Unreadable::TooLarge);
    }
    if pdf::starts(shown) {
        return in_pdf(&Pdf::open(shown)?);
    }
    if Picture::starts(shown) {
        return in_picture(&Picture::open(shown)?).map(|json| Reading { json, source: Source::Picture });
    }
    content(shown)
}

/// An attached credential before any picture: it is what the page was printed from.
fn in_pdf(pdf: &Pdf) -> Result<Reading, Unreadable> {
    let attached = pdf.attachments.iter().filter_map(|file| qr::read(file).ok());
    if let Some(json) = only(attached.collect())? {
        return Ok(Reading { json, source: Source::Attachment });
    }
    let pictures: Vec<_> = pdf.pictures.iter().map(in_picture).collect();
    let found = pictures.iter().filter_map(|found| found.clone().ok()).collect();
    if let Some(json) = only(found)? {
        return Ok(Reading { json, source: Source::PdfPicture });
    }
    // A picture that says more than that it has no code says why there is nothing.
    let told = pictures.into_iter().filter_map(Result::err).find(|why| *why != Unreadable::NoQrCode);
    Err(told.unwrap_or(Unreadable::NoCertificateInPdf))
}

/// Finds the credential in a picture of which somebody else made pixels: their brightness, row by row. Looks as long as at any picture.
///
/// # Errors
/// As [`read`].
pub fn read_pixels(width: usize, height: usize, brightness: Vec<u8>) -> Result<Reading, Unreadable> {
    let picture = Picture::new(width, height, brightness).ok_or(Unreadable::TooManyPixels)?;
    in_picture(&picture).map(|json| Reading { json, source: Source::Picture })
}

/// As [`read_pixels`], with one look: the next picture of a camera comes soon and says more than a second look at this one.
///
/// # Errors
/// As [`read`].
pub fn read_frame(width: usize, height: usize, brightness: Vec<u8>) -> Result<Reading, Unreadable> {
    let picture = Picture::new(width, height, brightness).ok_or(Unreadable::TooManyPixels)?;
    in_views(scan::codes(&picture).take(1)).map(|json| Reading { json, source: Source::Picture })
}

fn in_picture(picture: &Picture) -> Result<String, Unreadable> {
    in_views(scan::codes(picture))
}

/// The credential in the codes that each way to look at a picture shows.
fn in_views(views: impl Iterator<Item = Vec<Vec<u8>>>) -> Result<String, Unreadable> {
    let mut why = Unreadable::NoQrCode;
    for contents in views {
        let read: Vec<_> = contents.iter().map(|bytes| content(bytes)).collect();
        let found = read.iter().flatten().map(|reading| reading.json.clone()).collect();
        if let Some(json) = only(found)? {
            return Ok(json);
        }
        if let Some(found) = read.into_iter().find_map(Result::err) {
            why = if found == Unreadable::UnknownFormat { Unreadable::NoCredentialInQrCode } else { found };
        }
    }
    Err(why)
}

/// The one credential that was found, wherever and however often.
fn only(mut found: BTreeSet<String>) -> Result<Option<String>, Unreadable> {
    let first = found.pop_first();
    if found.is_empty() { Ok(first) } else { Err(Unreadable::SeveralCertificates) }
}

/// A credential, or what a QR code holds. A text that means to be JSON is handed on as it is, for the judgement says best what is wrong with it.
fn content(shown: &[u8]) -> Result<Reading, Unreadable> {
    let text = std::str::from_utf8(shown).map(|text| text.trim_start_matches('\u{FEFF}').trim_ascii());
    if let Some(json) = text.ok().filter(|text| text.starts_with('{')) {
        return Ok(Reading { json: json.to_owned(), source: Source::Credential });
    }
    match qr::read(shown) {
        Ok(json) => Ok(Reading { json, source: Source::QrContent }),
        Err(qr::Unreadable::Bomb(_)) => Err(Unreadable::Bomb),
        Err(qr::Unreadable::Neither) if is_other_certificate(shown) => Err(Unreadable::OtherCertificate),
        Err(qr::Unreadable::Neither) => Err(Unreadable::UnknownFormat),
    }
}

/// The EU's digital COVID certificate, ICAO's neighbour of it, and SMART Health Cards.
fn is_other_certificate(content: &[u8]) -> bool {
    [&b"HC1:"[..], b"HC2:", b"shc:/"].iter().any(|start| content.trim_ascii_start().starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use credential::{
        Signed,
        qr::{Form, Payload, Symbol},
    };
    use proptest::prelude::*;

    const SIGNED: &str = include_str!("../../../tests/vectors/rsa/v1_did_subject/signed.json");

    fn refusal(shown: &[u8]) -> Option<Unreadable> {
        read(shown).err()
    }

    #[test]
    fn more_bytes_than_are_read_are_refused_before_any_is_looked_at() {
        let mut shown = vec![b' '; MOST_BYTES];
        assert_eq!(refusal(&shown), Some(Unreadable::Bomb));
        shown.push(b' ');
        assert_eq!(refusal(&shown), Some(Unreadable::TooLarge));
        assert_eq!(refusal(b""), Some(Unreadable::Empty));
    }

    #[test]
    fn divocs_own_pictures_are_read_at_two_pixels_a_module() {
        for (picture, json) in [
            (&include_bytes!("../../../tests/vectors/qr/v1_did_subject.png")[..], SIGNED),
            (
                include_bytes!("../../../tests/vectors/qr/qr_sample_rsa.png"),
                include_str!("../../../tests/vectors/divoc/sample_rsa.json"),
            ),
            (
                include_bytes!("../../../tests/vectors/qr/qr_v2_signed.png"),
                include_str!("../../../tests/vectors/divoc/v2_signed.json"),
            ),
        ] {
            let reading = read(picture).unwrap();
            assert_eq!(reading.source, Source::Picture);
            let values: [serde_json::Value; 2] = [&reading.json, json].map(|text| serde_json::from_str(text).unwrap());
            assert_eq!(values[0], values[1]);
        }
    }

    #[test]
    fn a_picture_of_two_certificates_is_refused_and_of_one_twice_is_read() {
        let symbol = |json: &str| Symbol::of(&Payload::of(&Signed::from_stored(json.to_owned()), Form::Raw).unwrap());
        let beside = |one: &Symbol, other: &Symbol| {
            let side = one.modules().max(other.modules()) + 8;
            Picture::drawn(side * 6, side * 3, |x, y| {
                let (symbol, x) = if x < side * 3 { (one, x) } else { (other, x - side * 3) };
                let module = |at: usize| (at / 3).checked_sub(4).filter(|at| *at < symbol.modules());
                let dark = module(x).zip(module(y)).is_some_and(|(x, y)| symbol.is_dark(x, y));
                if dark { 0 } else { 255 }
            })
        };
        let (one, other) = (symbol(SIGNED), symbol(&SIGNED.replace("Female", "Male")));
        assert_eq!(in_picture(&beside(&one, &one)).as_deref(), Ok(SIGNED));
        assert_eq!(in_picture(&beside(&one, &other)), Err(Unreadable::SeveralCertificates));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn garbage_behind_any_mark_is_refused(
            mark in prop::sample::select(vec![&b"%PDF-1.7 1 0 obj<</Subtype/Image"[..], b"\x89PNG\r\n\x1a\n", b"\xFF\xD8\xFF\xE0", b"PK\x03\x04", b""]),
            garbage in prop::collection::vec(any::<u8>(), 1..300),
        ) {
            let found = read(&[mark, &garbage].concat());
            let is_text = garbage.trim_ascii_start().starts_with(b"{");
            prop_assert!(found.is_err() || is_text);
        }
    }
}
