//! The way of a credential through paper and back, and DIVOC's own pictures.

use super::*;
use crate::Signed;

const SIGNED: &str = include_str!("../../../../tests/vectors/rsa/v1_did_subject/signed.json");

fn payload(form: Form) -> Payload {
    Payload::of(&Signed::from_stored(SIGNED.to_owned()), form).unwrap()
}

/// The grey of a PNG's pixels, row by row, 0 to 255, and its width.
fn pixels(file: &[u8]) -> (Vec<u8>, usize) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut buffer = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut buffer).unwrap();
    let samples = info.color_type.samples();
    (buffer.chunks(samples).map(|pixel| pixel[0]).collect(), usize::try_from(info.width).unwrap())
}

/// What a scanner that knows nothing of us finds in a picture.
fn scanned(file: &[u8]) -> Vec<u8> {
    let (grey, width) = pixels(file);
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, width, |x, y| grey[y * width + x]);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1, "one symbol in the picture");
    let mut bytes = Vec::new();
    grids[0].decode_to(&mut bytes).unwrap();
    bytes
}

/// What a reader finds in the modules themselves.
fn decoded(symbol: &Symbol) -> Vec<u8> {
    let grid = rqrr::SimpleGrid::from_func(symbol.modules(), |x, y| symbol.is_dark(x, y));
    let mut bytes = Vec::new();
    rqrr::Grid::new(grid).decode_to(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_credential_comes_back_from_its_picture_in_every_form_scale_and_margin() {
    for form in [Form::Utf8, Form::Raw] {
        let symbol = Symbol::of(&payload(form));
        for (scale, margin) in [(1, 4), (2, 4), (3, 4), (4, 4), (5, 2), (6, 1), (7, 10), (8, 4)] {
            let scanned = scanned(&symbol.png(scale, margin));
            assert_eq!(scanned, payload(form).bytes(), "{form:?}, scale {scale}, margin {margin}");
            assert_eq!(read(&scanned).unwrap(), SIGNED);
        }
    }
}

#[test]
fn the_pictures_that_divoc_made_are_read() {
    let pictures: [(&[u8], &str); 3] = [
        (include_bytes!("../../../../tests/vectors/qr/v1_did_subject.png"), SIGNED),
        (
            include_bytes!("../../../../tests/vectors/qr/qr_sample_rsa.png"),
            include_str!("../../../../tests/vectors/divoc/sample_rsa.json"),
        ),
        (
            include_bytes!("../../../../tests/vectors/qr/qr_v2_signed.png"),
            include_str!("../../../../tests/vectors/divoc/v2_signed.json"),
        ),
    ];
    for (file, json) in pictures {
        assert_eq!(read(&scanned(file)).unwrap(), json);
    }
}

#[test]
fn our_symbol_is_as_large_as_the_one_that_divoc_made() {
    // Version 33 in the form of the node service, version 27 in that of the Go service.
    assert_eq!(Symbol::of(&payload(Form::Utf8)).modules(), 17 + 4 * 33);
    assert_eq!(Symbol::of(&payload(Form::Raw)).modules(), 17 + 4 * 27);
}

#[test]
fn the_same_credential_gives_the_same_files() {
    let (first, second) = (Symbol::of(&payload(Form::Utf8)), Symbol::of(&payload(Form::Utf8)));
    assert_eq!(first.png(4, 4), second.png(4, 4));
    assert_eq!(first.svg(300, 4), second.svg(300, 4));
}

proptest::proptest! {
    #[test]
    fn bytes_of_any_size_come_back_from_their_symbol(bytes in proptest::collection::vec(proptest::num::u8::ANY, 1..=Payload::MOST)) {
        proptest::prop_assert_eq!(decoded(&Symbol::holding(&bytes)), bytes);
    }
}
