//! Reads a QR code back from the pixels of a picture, with a decoder that is not ours.

use anyhow::{Context, Result, bail};

/// The bytes in the one QR code of a grey PNG of ours.
pub fn read_png(png: &[u8]) -> Result<Vec<u8>> {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(png));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().context("no PNG")?;
    let mut pixels = vec![0; reader.output_buffer_size().context("too large a PNG")?];
    let frame = reader.next_frame(&mut pixels).context("a broken PNG")?;
    let (width, height) = (usize::try_from(frame.width)?, usize::try_from(frame.height)?);
    let step = frame.color_type.samples();
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        pixels.get((y * width + x) * step).copied().unwrap_or(255)
    });
    let grids = image.detect_grids();
    let [grid] = grids.as_slice() else { bail!("{} QR codes, not one", grids.len()) };
    let mut content = Vec::new();
    grid.decode_to(&mut content).context("an unreadable QR code")?;
    Ok(content)
}
