//! PNG and JPEG pictures, as brightness alone.

use crate::Unreadable;
use png::{ColorType, Transformations};
use std::io::Cursor;
use zune_jpeg::{
    JpegDecoder,
    zune_core::{bytestream::ZCursor, colorspace::ColorSpace, options::DecoderOptions},
};

/// The brightness of a picture's pixels, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

/// The most pixels that a picture may have: a telephone's camera gives 12 million.
pub(crate) const MOST_PIXELS: usize = 25_000_000;
/// The most bytes that a PNG may unpack to beside its pixels.
const MOST_EXTRA: usize = 1024 * 1024;
/// The most passes that a progressive JPEG may take over its pixels; usual are about ten.
const MOST_SCANS: usize = 32;

impl Picture {
    /// A picture of that many pixels; `None` where they are not that many, or too many.
    pub(crate) fn new(width: usize, height: usize, pixels: Vec<u8>) -> Option<Self> {
        let fits = width.checked_mul(height) == Some(pixels.len()) && (1..=MOST_PIXELS).contains(&pixels.len());
        fits.then_some(Self { width, height, pixels })
    }

    /// Whether the bytes begin as a picture's do.
    pub(crate) fn starts(bytes: &[u8]) -> bool {
        bytes.starts_with(PNG) || bytes.starts_with(JPEG)
    }

    /// A PNG or JPEG picture.
    pub(crate) fn open(bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.starts_with(PNG) { png(bytes) } else { jpeg(bytes) }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn height(&self) -> usize {
        self.height
    }

    /// How many pixels there are.
    pub(crate) fn area(&self) -> usize {
        self.pixels.len()
    }

    /// Row by row.
    pub(crate) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The brightness of a pixel; white beyond the edge.
    pub(crate) fn at(&self, x: usize, y: usize) -> u8 {
        if x < self.width { self.pixels.get(y * self.width + x).copied().unwrap_or(u8::MAX) } else { u8::MAX }
    }

    /// Another picture of that size, each pixel computed from its place.
    pub(crate) fn drawn(width: usize, height: usize, pixel: impl Fn(usize, usize) -> u8) -> Self {
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| pixel(x, y)).collect();
        Self { width, height, pixels }
    }

    /// Dark and light exchanged.
    pub(crate) fn inverted(mut self) -> Self {
        self.pixels.iter_mut().for_each(|pixel| *pixel = u8::MAX - *pixel);
        self
    }

    /// The darkest pixel made black and the lightest white.
    pub(crate) fn stretched(mut self) -> Self {
        let (darkest, lightest) =
            self.pixels.iter().fold((u8::MAX, 0), |(low, high), pixel| (low.min(*pixel), high.max(*pixel)));
        let range = u32::from(lightest.saturating_sub(darkest)).max(1);
        for pixel in &mut self.pixels {
            let above = u32::from(pixel.saturating_sub(darkest));
            *pixel = u8::try_from(above * 255 / range).unwrap_or(u8::MAX);
        }
        self
    }
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xFF\xD8\xFF";

fn png(bytes: &[u8]) -> Result<Picture, Unreadable> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: MOST_EXTRA });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let size = decoder.read_header_info().map_err(|_| Unreadable::BrokenPicture)?;
    let (width, height) = bounded(u64::from(size.width), u64::from(size.height))?;
    // What the decoder itself holds: some rows, or the whole of an interlaced picture.
    decoder.set_limits(png::Limits { bytes: MOST_EXTRA + width * 16 });
    let mut reader = decoder.read_info().map_err(|_| Unreadable::BrokenPicture)?;
    let (colour, _) = reader.output_color_type();
    let mut pixels = Vec::with_capacity(width * height);
    if reader.info().interlaced {
        let mut whole = vec![0; reader.output_buffer_size().ok_or(Unreadable::TooManyPixels)?];
        reader.next_frame(&mut whole).map_err(|_| Unreadable::BrokenPicture)?;
        brightness(&whole, colour, &mut pixels);
    } else {
        while let Some(row) = reader.next_row().map_err(|_| Unreadable::BrokenPicture)? {
            brightness(row.data(), colour, &mut pixels);
        }
    }
    Picture::new(width, height, pixels).ok_or(Unreadable::BrokenPicture)
}

/// Appends the brightness of samples of eight bits; what is transparent shows white paper.
fn brightness(samples: &[u8], colour: ColorType, pixels: &mut Vec<u8>) {
    match colour {
        ColorType::Grayscale | ColorType::Indexed => pixels.extend(samples),
        ColorType::GrayscaleAlpha => {
            pixels.extend(samples.as_chunks().0.iter().map(|[grey, alpha]| over_white(*grey, *alpha)));
        }
        ColorType::Rgb => {
            pixels.extend(samples.as_chunks().0.iter().map(|[red, green, blue]| grey(*red, *green, *blue)));
        }
        ColorType::Rgba => {
            let grey = |[red, green, blue, alpha]: &[u8; 4]| over_white(grey(*red, *green, *blue), *alpha);
            pixels.extend(samples.as_chunks().0.iter().map(grey));
        }
    }
}

/// Rec. 601's brightness.
pub(crate) fn grey(red: u8, green: u8, blue: u8) -> u8 {
    let sum = 77 * u32::from(red) + 150 * u32::from(green) + 29 * u32::from(blue);
    u8::try_from(sum >> 8).unwrap_or(u8::MAX)
}

fn over_white(grey: u8, alpha: u8) -> u8 {
    let (grey, alpha) = (u32::from(grey), u32::from(alpha));
    u8::try_from((grey * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
}

fn jpeg(bytes: &[u8]) -> Result<Picture, Unreadable> {
    let options = DecoderOptions::default()
        .set_max_width(usize::from(u16::MAX))
        .set_max_height(usize::from(u16::MAX))
        .jpeg_set_max_scans(MOST_SCANS)
        .jpeg_set_out_colorspace(ColorSpace::Luma);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|_| Unreadable::BrokenPicture)?;
    let info = decoder.info().ok_or(Unreadable::BrokenPicture)?;
    let (width, height) = bounded(u64::from(info.width), u64::from(info.height))?;
    let mut pixels = decoder.decode().map_err(|_| Unreadable::BrokenPicture)?;
    // Colour spaces without a brightness of their own come as they are.
    if let (Some(ColorSpace::RGB | ColorSpace::CMYK | ColorSpace::YCCK), true) =
        (decoder.output_colorspace(), pixels.len() > width * height)
    {
        let channels = pixels.len() / (width * height);
        pixels = pixels.chunks_exact(channels).map(|samples| samples.first().copied().unwrap_or_default()).collect();
    }
    Picture::new(width, height, pixels).ok_or(Unreadable::BrokenPicture)
}

fn bounded(width: u64, height: u64) -> Result<(usize, usize), Unreadable> {
    let sides = usize::try_from(width).ok().zip(usize::try_from(height).ok());
    let sides = sides.filter(|(width, height)| width.checked_mul(*height).is_some_and(|area| area <= MOST_PIXELS));
    sides.ok_or(Unreadable::TooManyPixels)
}
