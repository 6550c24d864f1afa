//! The page as positioned boxes, before any PDF: what stands where, so that tests can look at it.

use std::rc::Rc;

use crate::{font::Weight, paint::Colour, template::Mark, text::Line};

/// A rectangle in points; the origin is the page's top left corner, y grows downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
}

impl Area {
    pub(crate) fn right(&self) -> f32 {
        self.x + self.width
    }

    pub(crate) fn bottom(&self) -> f32 {
        self.y + self.height
    }
}

/// What an area shows.
pub(crate) enum Ink<'a> {
    /// A line of text, its baseline `ascent` below the area's top.
    Text { line: Rc<Line>, size: f32, colour: Colour },
    /// A filled rectangle.
    Fill(Colour),
    /// A picture of the country's own.
    Mark(&'a Mark),
    /// The QR code without its quiet zone.
    Symbol,
}

/// What a box is to a reader who listens to the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nothing: decoration.
    Decoration,
    Title,
    Heading,
    /// Part of the paragraph with this number.
    Paragraph(usize),
    TableHeader {
        column: usize,
    },
    TableCell {
        row: usize,
        column: usize,
    },
    /// A picture with its description.
    Figure(String),
}

/// One box.
pub(crate) struct Item<'a> {
    pub(crate) area: Area,
    pub(crate) ink: Ink<'a>,
    pub(crate) role: Role,
}

/// A laid out page.
pub(crate) struct Layout<'a> {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) items: Vec<Item<'a>>,
}

impl Layout<'_> {
    /// The page for those who read from right to left: every box on the other side. Texts have an order of their own.
    pub(crate) fn mirrored(mut self) -> Self {
        for Item { area, .. } in &mut self.items {
            area.x = self.width - area.right();
        }
        self
    }
}

/// How a text is set.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    pub(crate) size: f32,
    pub(crate) weight: Weight,
    pub(crate) colour: Colour,
}
