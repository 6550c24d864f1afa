//! Colours, outlines and pictures, as a template has them.

use serde::{Deserialize, Deserializer};

use crate::PrintError;

/// Red, green and blue, 0 to 255; `#rrggbb` in the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Colour(pub(crate) [u8; 3]);

impl Colour {
    pub(crate) const WHITE: Self = Self([255; 3]);
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        let text = String::deserialize(source)?;
        let value =
            text.strip_prefix('#').filter(|hex| hex.len() == 6).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let [_, red, green, blue] = value.ok_or_else(|| serde::de::Error::custom("a colour is #rrggbb"))?.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

/// One filled outline of the logo.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shape {
    pub(crate) fill: Colour,
    #[serde(deserialize_with = "outline")]
    pub(crate) d: Vec<Stroke>,
}

/// One step of an outline, in the logo's grid.
#[derive(Clone, Copy)]
pub(crate) enum Stroke {
    Move([f32; 2]),
    Line([f32; 2]),
    Curve([f32; 6]),
    Close,
}

/// The part of SVG's path data that a plain mark needs: absolute M, L, C and Z.
fn outline<'de, D: Deserializer<'de>>(source: D) -> Result<Vec<Stroke>, D::Error> {
    let text = String::deserialize(source)?;
    strokes(&text).ok_or_else(|| serde::de::Error::custom("an outline is made of M x y, L x y, C x y x y x y and Z"))
}

fn strokes(text: &str) -> Option<Vec<Stroke>> {
    let mut words = text.split_whitespace();
    let mut strokes = Vec::new();
    while let Some(word) = words.next() {
        let mut number = || words.next()?.parse().ok();
        strokes.push(match word {
            "M" => Stroke::Move([number()?, number()?]),
            "L" => Stroke::Line([number()?, number()?]),
            "C" => Stroke::Curve([number()?, number()?, number()?, number()?, number()?, number()?]),
            "Z" => Stroke::Close,
            _ => return None,
        });
    }
    Some(strokes)
}

/// A PNG, decoded.
pub(crate) struct Raster {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Three bytes a dot, row by row.
    pub(crate) colours: Vec<u8>,
    /// One byte a dot: 255 hides what is below.
    pub(crate) opacity: Vec<u8>,
}

impl Raster {
    /// # Errors
    /// When the file is no PNG, or larger than a mark on a page needs.
    pub(crate) fn read(name: &str, bytes: &[u8]) -> Result<Self, PrintError> {
        let refuse = |why: String| PrintError::Picture(name.to_owned(), why);
        if bytes.len() > MOST_BYTES {
            return Err(refuse(format!("{} bytes; at most {MOST_BYTES}", bytes.len())));
        }
        let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        decoder.set_transformations(png::Transformations::normalize_to_color8() | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().map_err(|error| refuse(error.to_string()))?;
        let (width, height) = (reader.info().width, reader.info().height);
        if width > MOST_DOTS || height > MOST_DOTS {
            return Err(refuse(format!("{width} by {height} dots; at most {MOST_DOTS} each way")));
        }
        let mut dots = vec![0; reader.output_buffer_size().unwrap_or_default()];
        let frame = reader.next_frame(&mut dots).map_err(|error| refuse(error.to_string()))?;
        let (mut colours, mut opacity) = (Vec::new(), Vec::new());
        for dot in dots.chunks_exact(frame.color_type.samples()) {
            match *dot {
                [grey, alpha] => {
                    colours.extend([grey; 3]);
                    opacity.push(alpha);
                }
                [red, green, blue, alpha] => {
                    colours.extend([red, green, blue]);
                    opacity.push(alpha);
                }
                _ => return Err(refuse("its colours are unknown".to_owned())),
            }
        }
        Ok(Self { width, height, colours, opacity })
    }

    /// Its colours where it lies on white.
    pub(crate) fn on_white(&self) -> Vec<u8> {
        let dots = self.colours.chunks_exact(3).zip(&self.opacity);
        let laid = |part: u8, opacity: u8| {
            let (part, opacity) = (u32::from(part), u32::from(opacity));
            u8::try_from((part * opacity + 255 * (255 - opacity) + 127) / 255).unwrap_or(255)
        };
        dots.flat_map(|(dot, opacity)| dot.iter().map(move |part| laid(*part, *opacity))).collect()
    }

    pub(crate) fn aspect(&self) -> f32 {
        let length = |dots: u32| f32::from(u16::try_from(dots).unwrap_or(u16::MAX));
        length(self.width) / length(self.height).max(1.0)
    }
}

/// What a mark of a few centimetres needs at 600 dots an inch.
const MOST_DOTS: u32 = 1200;
const MOST_BYTES: usize = 512 * 1024;
