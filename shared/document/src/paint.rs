//! Colours and outlines, as a template writes them.

use serde::{Deserialize, Deserializer};

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
