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
    // A dense symbol holds by chance, now and then, what looks like the corners of another one; that one can't be read.
    let grids = image.detect_grids();
    let read = |grid: &rqrr::Grid<_>| {
        let mut content = Vec::new();
        grid.decode_to(&mut content).ok().map(|_| content)
    };
    let mut contents = grids.iter().filter_map(read);
    match (contents.next(), contents.next()) {
        (Some(content), None) => Ok(content),
        (None, _) => bail!("no readable QR code among {}", grids.len()),
        (Some(_), Some(_)) => bail!("more than one QR code"),
    }
}

/// A picture in memory: three bytes a dot, row by row.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Dots across.
    pub width: usize,
    /// Dots down.
    pub height: usize,
    /// Red, green and blue of each dot.
    pub dots: Vec<u8>,
}

impl Picture {
    /// The picture of a PNG in true colour.
    pub fn read(png: &[u8]) -> Result<Self> {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().context("no PNG")?;
        let mut dots = vec![0; reader.output_buffer_size().context("too large a PNG")?];
        let frame = reader.next_frame(&mut dots).context("a broken PNG")?;
        if frame.color_type != png::ColorType::Rgb || frame.bit_depth != png::BitDepth::Eight {
            bail!("not in true colour");
        }
        Ok(Self { width: usize::try_from(frame.width)?, height: usize::try_from(frame.height)?, dots })
    }

    /// Pictures of one size, `across` in a row, on grey.
    pub fn sheet(pictures: &[Self], across: usize) -> Self {
        let cell = |of: fn(&Self) -> usize| pictures.iter().map(of).max().unwrap_or_default() + GAP;
        let (cell_width, cell_height) = (cell(|one| one.width), cell(|one| one.height));
        let (width, height) = (cell_width * across + GAP, cell_height * pictures.len().div_ceil(across) + GAP);
        let mut sheet = Self { width, height, dots: vec![170; width * height * 3] };
        for (number, picture) in pictures.iter().enumerate() {
            let (left, top) = (GAP + number % across * cell_width, GAP + number / across * cell_height);
            for (row, dots) in picture.dots.chunks_exact(picture.width * 3).enumerate() {
                let start = ((top + row) * width + left) * 3;
                if let Some(place) = sheet.dots.get_mut(start..start + dots.len()) {
                    place.copy_from_slice(dots);
                }
            }
        }
        sheet
    }

    /// The picture in sixteen greys: a quarter of the file.
    #[must_use]
    pub fn grey(mut self) -> Self {
        for dot in self.dots.chunks_exact_mut(3) {
            let sum: u16 = dot.iter().map(|part| u16::from(*part)).sum();
            dot.fill(u8::try_from(sum / 48 * 17).unwrap_or(255));
        }
        self
    }

    /// The picture as a PNG.
    pub fn png(&self) -> Result<Vec<u8>> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, u32::try_from(self.width)?, u32::try_from(self.height)?);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.dots)?;
        writer.finish()?;
        Ok(file)
    }

    /// The share of dots, 0 to 1, whose colour differs by more than `tolerance` of 255; 1 when the sizes differ.
    pub fn difference(&self, other: &Self, tolerance: u8) -> f64 {
        if (self.width, self.height) != (other.width, other.height) {
            return 1.0;
        }
        let dots = self.dots.chunks_exact(3).zip(other.dots.chunks_exact(3));
        let differ =
            |(one, other): &(&[u8], &[u8])| one.iter().zip(*other).any(|(one, other)| one.abs_diff(*other) > tolerance);
        let count = |number: usize| u32::try_from(number).map_or(f64::INFINITY, f64::from);
        count(dots.clone().filter(differ).count()) / count(dots.count()).max(1.0)
    }
}

/// Dots between the pictures of a sheet.
const GAP: usize = 8;
