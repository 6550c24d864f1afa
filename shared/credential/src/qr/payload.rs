//! The payload: what stands in the symbol, how large it will be, and reading it back.

use super::zip::{self, Broken};
use crate::Signed;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::de::IgnoredAny;

/// How the zip's bytes are written into the symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As DIVOC's node service does: each byte ≥ 0x80 as two bytes of UTF-8.
    Utf8,
    /// As DIVOC's Go service does: the bytes themselves.
    Raw,
}

/// What stands in the symbol: a zip with one entry, `certificate.json`.
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(Vec<u8>);

/// The payload does not fit a QR code of level M.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the QR payload has {bytes} bytes, at most {most} fit")]
pub struct TooLarge {
    /// Bytes of the payload.
    pub bytes: usize,
    /// Bytes that fit version 40, level M.
    pub most: usize,
}

impl Payload {
    /// Bytes that a version 40 symbol of level M holds.
    pub const MOST: usize = 2331;

    /// How far a payload may come out above its [estimate](Payload::estimate), in bytes: refuse what is estimated above `MOST - MARGIN`.
    ///
    /// A signature is random, and so is how many of the zip's bytes are ≥ 0x80. Over 10,000 signatures the size in [`Form::Utf8`] has a standard deviation
    /// of 15.1 bytes for a usual credential (mean 1,629) and 19.3 for one near the limit, in [`Form::Raw`] of 1.9; the estimate adds half of that. The
    /// margin is more than five times both together.
    pub const MARGIN: usize = 120;

    /// The payload of a signed credential.
    ///
    /// # Errors
    /// When it is too large.
    pub fn of(credential: &Signed, form: Form) -> Result<Self, TooLarge> {
        let bytes = form.write(zip::pack(credential.as_str().as_bytes()));
        if bytes.len() <= Self::MOST { Ok(Self(bytes)) } else { Err(TooLarge { bytes: bytes.len(), most: Self::MOST }) }
    }

    /// The bytes in the symbol.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The size to expect of a credential that is not signed yet, in bytes: what is too large can be refused before a signature is spent on it.
    ///
    /// `unsigned` is the JSON text without proof, `method` the proof's verification method, `signature_bytes` the length of the raw signature (256 for
    /// RSA-2048, 64 for the others).
    pub fn estimate(unsigned: &str, method: &str, signature_bytes: usize, form: Form) -> usize {
        let sample =
            |seed| form.write(zip::pack(with_proof(unsigned, method, &noise(seed, signature_bytes)).as_bytes())).len();
        let first = sample(1);
        // Far below the limit one sample tells enough: most credentials end here.
        if first + 3 * Self::MARGIN <= Self::MOST {
            return first;
        }
        (1..=SAMPLES).map(sample).sum::<usize>().div_ceil(usize::try_from(SAMPLES).unwrap_or(1))
    }
}

impl Form {
    fn write(self, zip: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Raw => zip,
            Self::Utf8 => zip.into_iter().map(char::from).collect::<String>().into_bytes(),
        }
    }
}

/// Why a QR code's content is no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Neither zip nor JSON.
    #[error("neither a zip with certificate.json nor JSON")]
    Neither,
    /// Larger than any credential when unpacked.
    #[error("unpacks to more than {0} bytes")]
    Bomb(usize),
}

/// Reads a payload back: raw zip bytes, UTF-8-expanded zip bytes, or plain JSON. Gives the JSON text of an object, without a byte order mark or space around
/// it. Bounded in time and memory: 64 KiB in, 64 KiB out.
///
/// A scanner that hands over text has turned the symbol's bytes into UTF-8 once more; that is undone too.
///
/// # Errors
/// [`Unreadable::Bomb`] beyond the bounds, [`Unreadable::Neither`] for everything else that holds no JSON object.
pub fn read(scanned: &[u8]) -> Result<String, Unreadable> {
    if scanned.len() > LIMIT {
        return Err(Unreadable::Bomb(LIMIT));
    }
    let mut bytes = scanned.to_vec();
    // As they are; from Form::Utf8, or from Form::Raw through a scanner of text; from Form::Utf8 through a scanner that took it for Latin-1.
    for _ in 0..3 {
        if !bytes.starts_with(b"PK\x03\x04") {
            break;
        }
        match zip::unpack(&bytes, LIMIT) {
            Ok(content) => return json(&content),
            Err(Broken::TooLarge) => return Err(Unreadable::Bomb(LIMIT)),
            Err(Broken::Damaged) => bytes = narrowed(&bytes).ok_or(Unreadable::Neither)?,
        }
    }
    json(&bytes)
}

/// The text, if it is a JSON object.
fn json(bytes: &[u8]) -> Result<String, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::Neither)?;
    let text = text.trim_start_matches('\u{FEFF}').trim_ascii();
    let object = text.starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok();
    if object { Ok(text.to_owned()) } else { Err(Unreadable::Neither) }
}

/// Undoes [`Form::Utf8`]: every character back to one byte.
fn narrowed(bytes: &[u8]) -> Option<Vec<u8>> {
    std::str::from_utf8(bytes).ok()?.chars().map(|character| u8::try_from(character).ok()).collect()
}

/// The credential with a proof in the shape of DIVOC's and the longest of the names, so that an estimate errs on the safe side.
fn with_proof(unsigned: &str, method: &str, signature: &str) -> String {
    let open = unsigned.trim_ascii_end().strip_suffix('}').unwrap_or(unsigned);
    format!(
        r#"{open},"proof":{{"type":"EcdsaSecp256k1Signature2019","created":"2026-11-21T20:15:50Z","verificationMethod":"{method}","proofPurpose":"assertionMethod","jws":"eyJhbGciOiJFUzI1NksiLCJiNjQiOmZhbHNlLCJjcml0IjpbImI2NCJdfQ..{signature}"}}}}"#
    )
}

/// Base64url that looks like a signature of that many bytes (xorshift; the same for the same seed).
fn noise(seed: u64, bytes: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let words = std::iter::from_fn(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some(state.to_le_bytes())
    });
    BASE64_URL_SAFE_NO_PAD.encode(words.flatten().take(bytes).collect::<Vec<_>>())
}

/// A credential that fits a symbol unpacks to a few kilobytes.
const LIMIT: usize = 64 * 1024;

/// Signatures that an estimate is the mean of.
const SAMPLES: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNED: &str = include_str!("../../../../tests/vectors/rsa/v1_did_subject/signed.json");

    /// Of that many bytes of noise, in a shape that is JSON.
    fn credential(bytes: usize) -> Signed {
        Signed::from_stored(format!(r#"{{"x":"{}"}}"#, noise(1, bytes)))
    }

    #[test]
    fn a_payload_of_2331_bytes_fits_and_one_byte_more_does_not() {
        let sizes: Vec<_> = (1500..2400).map(|bytes| (bytes, form_length(&credential(bytes)))).collect();
        let (fits, _) = sizes.iter().find(|(_, length)| *length == Payload::MOST).unwrap();
        assert_eq!(Payload::of(&credential(*fits), Form::Raw).map(|payload| payload.bytes().len()), Ok(2331));
        let (larger, _) = sizes.iter().find(|(_, length)| *length == Payload::MOST + 1).unwrap();
        let refused = Payload::of(&credential(*larger), Form::Raw).err();
        assert_eq!(refused, Some(TooLarge { bytes: 2332, most: 2331 }));
    }

    fn form_length(credential: &Signed) -> usize {
        zip::pack(credential.as_str().as_bytes()).len()
    }

    #[test]
    fn jszip_and_streamed_archives_are_read_in_both_forms() {
        let archives: [&[u8]; 2] = [
            include_bytes!("../../../../tests/vectors/qr/v1_did_subject.zip"),
            include_bytes!("../../../../tests/vectors/qr/streamed.zip"),
        ];
        for zip in archives {
            let once = Form::Utf8.write(zip.to_vec());
            let twice = Form::Utf8.write(once.clone());
            for scanned in [zip.to_vec(), once, twice] {
                assert_eq!(read(&scanned).unwrap(), SIGNED);
            }
        }
    }

    #[test]
    fn plain_json_is_read_without_mark_and_space() {
        let marked = format!("\u{FEFF} \r\n{SIGNED}\n");
        assert_eq!([read(SIGNED.as_bytes()), read(marked.as_bytes())], [Ok(SIGNED.to_owned()), Ok(SIGNED.to_owned())]);
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        let zipped = zip::pack(b"not JSON");
        let deep = [&b"{\"a\":"[..], &b"[".repeat(60_000)].concat();
        let refused: [&[u8]; 9] =
            [b"", b"PK\x03\x04", b"[1]", b"\"a\"", b"{", b"{} {}", b"{\"a\":\"\xFF\"}", &zipped, &deep];
        for scanned in refused {
            assert_eq!(read(scanned), Err(Unreadable::Neither));
        }
    }

    #[test]
    fn a_bomb_is_refused_by_its_size_packed_or_unpacked() {
        let fits = format!("{{{}}}", " ".repeat(LIMIT - 2));
        assert_eq!(read(&zip::pack(fits.as_bytes())), Ok(fits.clone()));
        let bomb = zip::pack(&vec![b' '; 8 << 20]);
        assert!(bomb.len() < LIMIT);
        assert_eq!(read(&bomb), Err(Unreadable::Bomb(65_536)));
        assert_eq!(read(format!("{fits} ").as_bytes()), Err(Unreadable::Bomb(65_536)));
    }

    #[test]
    fn an_estimate_is_no_further_off_than_the_margin() {
        let unsigned = format!("{}}}", SIGNED.split_once(",\"proof\"").unwrap().0);
        for (bytes, form) in [(256, Form::Utf8), (256, Form::Raw), (64, Form::Utf8), (64, Form::Raw)] {
            let estimate = Payload::estimate(&unsigned, "did:india", bytes, form);
            for seed in 1000..1100 {
                let signed = with_proof(&unsigned, "did:india", &noise(seed, bytes));
                let found = form.write(zip::pack(signed.as_bytes())).len();
                assert!(found.abs_diff(estimate) < Payload::MARGIN, "{found} bytes, estimated {estimate}");
            }
        }
    }

    #[test]
    fn a_credential_that_divoc_signed_is_as_large_as_estimated() {
        let unsigned = format!("{}}}", SIGNED.split_once(",\"proof\"").unwrap().0);
        for form in [Form::Utf8, Form::Raw] {
            let found = Payload::of(&Signed::from_stored(SIGNED.to_owned()), form).unwrap().bytes().len();
            assert!(found.abs_diff(Payload::estimate(&unsigned, "did:india", 256, form)) < Payload::MARGIN);
        }
    }

    /// Prints the figures behind [`Payload::MARGIN`]: `cargo test -p credential --lib spread -- --ignored --nocapture`.
    #[test]
    #[ignore = "a measurement, not a test"]
    fn spread_of_the_payload_over_ten_thousand_signatures() {
        let usual = format!("{}}}", SIGNED.split_once(",\"proof\"").unwrap().0);
        // Filled up until DIVOC's form has little room left.
        let large = usual.replace("Juan Dela Cruz ", &noise(77, 470));
        for (name, unsigned, signature) in [("usual", &usual, 256), ("usual", &usual, 64), ("large", &large, 256)] {
            for form in [Form::Utf8, Form::Raw] {
                let sizes = (1000..11_000).map(|seed| {
                    let signed = with_proof(unsigned, "did:india", &noise(seed, signature));
                    u32::try_from(form.write(zip::pack(signed.as_bytes())).len()).unwrap()
                });
                let sizes: Vec<f64> = sizes.map(f64::from).collect();
                let mean = sizes.iter().sum::<f64>() / 10_000.0;
                let deviation = (sizes.iter().map(|size| (size - mean).powi(2)).sum::<f64>() / 10_000.0).sqrt();
                let most = sizes.iter().fold(0.0, |most: f64, size| most.max(*size));
                let estimate = Payload::estimate(unsigned, "did:india", signature, form);
                println!(
                    "{name}, {signature} bytes, {form:?}: estimate {estimate}, mean {mean:.1}, σ {deviation:.2}, most {most}"
                );
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn garbage_never_panics(garbage in proptest::collection::vec(proptest::num::u8::ANY, 0..300), archive in proptest::bool::ANY) {
            let scanned = if archive { [&b"PK\x03\x04"[..], &garbage, b"PK\x05\x06", &garbage].concat() } else { garbage };
            proptest::prop_assert_eq!(read(&scanned), Err(Unreadable::Neither));
        }
    }
}
