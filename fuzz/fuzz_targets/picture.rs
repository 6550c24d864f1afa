//! What a camera or scanner hands over: any picture holds one certificate or gives a reason, within the bounds.
//!
//! The first byte chooses: a PNG or JPEG as it is, or brightness in rows of that many pixels, packed into a PNG so that the QR reader sees more than noise.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((width, rest)) = bytes.split_first() else { return };
    let shown = match *width {
        0 => [b"\x89PNG\r\n\x1a\n", rest].concat(),
        1 => [b"\xFF\xD8\xFF", rest].concat(),
        width => match drawn(u32::from(width), rest) {
            Some(png) => png,
            None => return,
        },
    };
    if let Ok(reading) = verifier::read(&shown) {
        assert!(reading.json.len() <= 64 * 1024);
    }
});

fn drawn(width: u32, pixels: &[u8]) -> Option<Vec<u8>> {
    let height = u32::try_from(pixels.len()).ok()? / width;
    let used = usize::try_from(width * height).ok().filter(|used| *used > 0)?;
    let mut png = Vec::new();
    let mut encoder = png::Encoder::new(&mut png, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().ok()?.write_image_data(pixels.get(..used)?).ok()?;
    Some(png)
}
