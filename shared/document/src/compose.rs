//! Composes a page: walks the template's blocks from top to bottom and places facts, table, QR code and footer.

use std::rc::Rc;

use credential::Facts;

use crate::{
    Page,
    font::Weight,
    language::{Direction, Word},
    layout::{Area, Ink, Item, Layout, Role, Style},
    paint::Colour,
    template::{Block, Design, Doses, Field, Fields, Mark, Sheet, Signature, SymbolPlace, Template},
    text::{Line, Shaper},
    wording::Wording,
};

/// The page at the largest scale at which everything fits above the footer. Even the smallest is legible for what a certificate holds;
/// what would not fit then is cut by the limit of lines.
pub(crate) fn compose<'a>(wording: Wording<'a>, shaper: &Shaper<'_>, page: &Page<'_>) -> Layout<'a> {
    let attempt = |scale: f32| Composer::new(wording, shaper, scale * wording.design.scale).page(page);
    let mut composed = attempt(1.0);
    for scale in [0.93, 0.86, 0.79, 0.72, 0.65, 0.58, 0.5, 0.42, 0.35] {
        if composed.1 {
            break;
        }
        composed = attempt(scale);
    }
    let rightwards = wording.languages.iter().all(|language| language.direction == Direction::Ltr);
    if rightwards { composed.0 } else { composed.0.mirrored() }
}

struct Composer<'a, 's> {
    template: &'a Template,
    design: &'a Design,
    sheet: &'a Sheet,
    place: &'a SymbolPlace,
    wording: Wording<'a>,
    shaper: &'s Shaper<'s>,
    scale: f32,
    items: Vec<Item<'a>>,
    /// Paragraphs so far.
    paragraphs: usize,
}

/// A column of the page: where it begins and how wide it is.
#[derive(Clone, Copy)]
struct Column {
    x: f32,
    width: f32,
}

impl<'a, 's> Composer<'a, 's> {
    fn new(wording: Wording<'a>, shaper: &'s Shaper<'s>, scale: f32) -> Self {
        let Wording { template, design, .. } = wording;
        let sheet = design.page.as_ref().unwrap_or(&template.page);
        let place = design.symbol.as_ref().unwrap_or(&template.symbol);
        Self { template, design, sheet, place, wording, shaper, scale, items: Vec::new(), paragraphs: 0 }
    }

    /// The page, and whether everything fits.
    fn page(mut self, page: &Page<'_>) -> (Layout<'a>, bool) {
        let [width, height] = self.sheet.size.size().map(points);
        let margin = points(self.sheet.margin);
        let full = Column { x: margin, width: width - 2.0 * margin };
        let band = points(self.sheet.band);
        self.fill(Area { x: 0.0, y: 0.0, width, height: band }, self.template.colours.accent);
        if self.sheet.fold {
            self.fold(width, height);
        }
        let decoration = self.items.len();
        let top = points(self.sheet.top);
        let modules = u16::try_from(page.symbol.modules()).unwrap_or(u16::MAX);
        let quiet = points(self.place.size.get_ref() * self.place.quiet_zone.get_ref()) / f32::from(modules.max(21));
        let (symbol, symbol_bottom) = self.symbol(full, top.max(quiet + band), quiet);
        let narrow = Column { x: full.x, width: symbol.x - quiet.max(self.gap(8.0)) - full.x };
        let footer = self.footer(full, width, height);
        // What stands last is read last.
        let last = self.items.split_off(decoration);
        let (mut y, mut beside) = (top, true);
        for block in &self.design.blocks {
            if beside && !block.beside_symbol() {
                beside = false;
                y = y.max(symbol_bottom);
            }
            y = self.block(block, if beside { narrow } else { full }, y, page);
        }
        self.items.extend(last);
        // The code keeps its size whatever the text's; that it has room is the template's duty.
        let fits = y <= footer;
        (Layout { width, height, items: self.items }, fits)
    }

    fn block(&mut self, block: &'a Block, column: Column, y: f32, page: &Page<'_>) -> f32 {
        match block {
            Block::Issuer(_) => self.issuer(column, y),
            Block::Title(_) => self.title(column, y, page.certificate),
            Block::Fields(fields) => self.fields(fields, column, y, page.certificate),
            Block::Doses(doses) => self.doses(doses, column, y, page),
            Block::Signature(block) => self.signature(block, column, y),
        }
    }

    /// The QR code at the right edge, its caption below. Nothing else stands in the quiet zone.
    fn symbol(&mut self, column: Column, y: f32, quiet: f32) -> (Area, f32) {
        let size = points(*self.place.size.get_ref());
        let area = Area { x: column.x + column.width - size, y, width: size, height: size };
        let description = self.wording.label(Word::SymbolDescription);
        self.items.push(Item { area, ink: Ink::Symbol, role: Role::Figure(description) });
        if !self.place.caption {
            return (area, area.bottom() + quiet);
        }
        let (role, style) =
            (self.paragraph(), self.style(self.template.sizes.small, Weight::Regular, self.template.colours.muted));
        let caption = self.wording.label(Word::Scan);
        let lines = self.fitted(&caption, style, size);
        let mut y = area.bottom() + quiet.max(points(2.5));
        for (line, size) in lines {
            let x = area.x + (area.width - line.width * size) / 2.0;
            y = self.put(line, Style { size, ..style }, x, y, role.clone());
        }
        (area, y + self.gap(3.0))
    }

    fn issuer(&mut self, column: Column, y: f32) -> f32 {
        let template = self.template;
        let logo = self.mark(&template.logo, Word::LogoDescription, column.x, y);
        let text = Column { x: logo.right() + points(4.0), width: column.width - logo.width - points(4.0) };
        let style = self.style(template.sizes.issuer, Weight::Bold, template.colours.accent);
        let role = self.paragraph();
        let first = self.items.len();
        let mut end = y;
        for words in self.wording.say(Word::Programme) {
            end = self.text(&words, style, text, end, &role);
        }
        // Centred on the logo's height.
        let down = ((logo.height - (end - y)) / 2.0).max(0.0);
        self.items.iter_mut().skip(first).for_each(|item| item.area.y += down);
        end.max(logo.bottom()) + self.gap(5.0)
    }

    /// A picture of the country's own, its upper left corner at `x` and `y`.
    fn mark(&mut self, mark: &'a Mark, description: Word, x: f32, y: f32) -> Area {
        let height = points(mark.size) * self.scale;
        let area = Area { x, y, width: height * mark.aspect(), height };
        let role = Role::Figure(self.wording.label(description));
        self.items.push(Item { area, ink: Ink::Mark(mark), role });
        area
    }

    /// Signature and seal, each over a line with its caption.
    fn signature(&mut self, block: &'a Signature, column: Column, y: f32) -> f32 {
        let colours = &self.template.colours;
        let style = self.style(self.template.sizes.small, Weight::Regular, colours.muted);
        let gutter = points(10.0);
        let width = (column.width - gutter) / 2.0;
        let mut below = y;
        let marks = [(&block.signature, Word::Signature), (&block.seal, Word::Seal)];
        let tallest = marks.iter().filter_map(|(mark, _)| mark.as_ref()).map(|mark| mark.size).fold(0.0, f32::max);
        let line = y + points(tallest) * self.scale + self.gap(1.0);
        for (place, (mark, word)) in [column.x, column.x + width + gutter].into_iter().zip(marks) {
            let Some(mark) = mark else { continue };
            let above = line - self.gap(1.0) - points(mark.size) * self.scale;
            self.mark(mark, word, place, above);
            self.fill(Area { x: place, y: line, width, height: 0.5 }, colours.rule);
            let role = self.paragraph();
            let caption = self.wording.label(word);
            below = below.max(self.text(&caption, style, Column { x: place, width }, line + self.gap(0.8), &role));
        }
        below + self.gap(4.0)
    }

    /// Where the sheet is folded: a short line at both edges, and what it is for.
    fn fold(&mut self, width: f32, height: f32) {
        let (mark, margin, colour) = (points(6.0), points(self.sheet.margin), self.template.colours.muted);
        for x in [0.0, width - mark] {
            self.fill(Area { x, y: height / 2.0, width: mark, height: 0.5 }, colour);
        }
        let style = Style { size: 5.0, weight: Weight::Regular, colour };
        let caption = self.wording.languages.last().map_or("", |language| language.word(Word::Fold));
        let line = self.shaper.line(caption, style.weight);
        let size = style.size.min((margin - points(4.0)) / line.width.max(0.1));
        let y = height / 2.0 + points(0.6);
        self.put(line, Style { size, ..style }, points(1.0), y, Role::Decoration);
    }

    fn title(&mut self, column: Column, mut y: f32, facts: &Facts) -> f32 {
        let (sizes, colours) = (&self.template.sizes, &self.template.colours);
        let mut style = self.style(sizes.title, Weight::Bold, colours.ink);
        for title in self.wording.titles(facts) {
            y = self.text(&title, style, column, y, &Role::Title) + self.gap(0.5);
            style = self.style(sizes.subtitle, Weight::Bold, colours.accent);
        }
        y + self.gap(3.0)
    }

    fn fields(&mut self, block: &Fields, column: Column, y: f32, facts: &Facts) -> f32 {
        let mut y = self.heading(block.heading, column, y);
        let count = f32::from(*block.columns.get_ref());
        let gutter = points(6.0);
        let cell = (column.width - gutter * (count - 1.0)) / count;
        let mut below = y;
        let mut x = column.x;
        let mut rows = 0;
        for field in &block.facts {
            let fact = self.wording.fact(field.fact, facts);
            if fact.trim().is_empty() {
                continue;
            }
            let width = if field.wide { column.width } else { cell };
            // A new row when the field does not fit beside the last one.
            if rows == 0 || x + width > column.x + column.width + 0.5 {
                y = below;
                if rows > 0 {
                    y = self.row_rule(column, y, block.heading.is_some());
                }
                rows += 1;
                x = column.x;
            }
            below = below.max(self.field(field, &fact, Column { x, width }, y));
            x += width + gutter;
        }
        below + self.gap(4.0)
    }

    fn row_rule(&mut self, column: Column, y: f32, drawn: bool) -> f32 {
        let y = y + self.gap(1.1);
        if drawn {
            self.fill(Area { x: column.x, y, width: column.width, height: 0.5 }, self.template.colours.rule);
        }
        y + self.gap(1.1)
    }

    fn field(&mut self, field: &Field, fact: &str, column: Column, y: f32) -> f32 {
        let (sizes, colours) = (&self.template.sizes, &self.template.colours);
        let role = self.paragraph();
        let label = self.wording.label(field.label());
        let mut y = self.text(&label, self.style(sizes.label, Weight::Regular, colours.muted), column, y, &role);
        let colour = if field.highlight { colours.highlight } else { colours.ink };
        for line in fact.lines() {
            y = self.text(line, self.style(sizes.value, Weight::Bold, colour), column, y, &role);
        }
        y
    }

    fn doses(&mut self, block: &Doses, column: Column, y: f32, page: &Page<'_>) -> f32 {
        let mut y = self.heading(block.heading, column, y);
        let (sizes, colours) = (&self.template.sizes, &self.template.colours);
        let header: Vec<_> = block.columns.iter().map(|one| self.wording.say(one.label())).collect();
        let white = self.style(sizes.label, Weight::Bold, Colour::WHITE);
        y = self.row(block, column, y, &header, white, Some(colours.accent), |column| Role::TableHeader { column });
        let alone = std::slice::from_ref(page.certificate);
        let history = if page.history.is_empty() { alone } else { page.history };
        let ink = self.style(sizes.table, Weight::Regular, colours.ink);
        for (row, facts) in history.iter().enumerate() {
            let cells: Vec<_> = block.columns.iter().map(|one| vec![self.wording.fact(one.fact, facts)]).collect();
            let band = (row % 2 == 1).then_some(colours.tint);
            y = self.row(block, column, y, &cells, ink, band, |column| Role::TableCell { row, column });
            self.fill(Area { x: column.x, y, width: column.width, height: 0.5 }, colours.rule);
        }
        y + self.gap(4.0)
    }

    /// One row of the table over `band`; each cell has one or more texts below each other.
    #[allow(clippy::too_many_arguments)]
    fn row(
        &mut self,
        block: &Doses,
        column: Column,
        y: f32,
        cells: &[Vec<String>],
        style: Style,
        band: Option<Colour>,
        role: impl Fn(usize) -> Role,
    ) -> f32 {
        let shares: f32 = block.columns.iter().map(|one| one.share).sum();
        let padding = points(1.8);
        let first = self.items.len();
        let (mut x, mut below) = (column.x, y);
        for (number, (cell, place)) in cells.iter().zip(&block.columns).enumerate() {
            let width = column.width * place.share / shares;
            let inside = Column { x: x + padding, width: width - 2.0 * padding };
            let mut end = y + self.gap(1.2);
            for text in cell {
                end = self.text(text, style, inside, end, &role(number));
            }
            below = below.max(end);
            x += width;
        }
        let below = below + self.gap(1.2);
        if let Some(colour) = band {
            let area = Area { x: column.x, y, width: column.width, height: below - y };
            self.items.insert(first, Item { area, ink: Ink::Fill(colour), role: Role::Decoration });
        }
        below
    }

    /// A section's heading on a tinted band.
    fn heading(&mut self, word: Option<Word>, column: Column, y: f32) -> f32 {
        let Some(word) = word else { return y };
        let colours = &self.template.colours;
        let style = self.style(self.template.sizes.heading, Weight::Bold, colours.accent);
        let text = self.wording.label(word);
        let inside = Column { x: column.x + points(4.0), width: column.width - points(5.0) };
        let first = self.items.len();
        let end = self.text(&text, style, inside, y + self.gap(0.7), &Role::Heading) + self.gap(0.7);
        let band = Area { x: column.x, y, width: column.width, height: end - y };
        let bar = Area { width: points(1.2), ..band };
        let fills = [(band, colours.tint), (bar, colours.accent)];
        let fills = fills.map(|(area, colour)| Item { area, ink: Ink::Fill(colour), role: Role::Decoration });
        self.items.splice(first..first, fills);
        end + self.gap(1.8)
    }

    /// The footer at the page's bottom; gives where it begins.
    fn footer(&mut self, column: Column, width: f32, height: f32) -> f32 {
        let (first, colours) = (self.items.len(), &self.template.colours);
        let words = self.design.footer.as_ref().unwrap_or(&self.template.footer);
        let band = points(self.sheet.band);
        let mut end = 0.0;
        if !words.is_empty() {
            self.fill(Area { height: 0.8, y: 0.0, x: column.x, width: column.width }, colours.accent);
            end = points(2.0);
        }
        let style = self.style(self.template.sizes.small, Weight::Regular, colours.muted);
        for word in words {
            let role = self.paragraph();
            for text in self.wording.say(*word) {
                end = self.text(&text, style, column, end, &role);
            }
            end += self.gap(0.8);
        }
        let top = height - band - if words.is_empty() { 0.0 } else { self.gap(4.0) } - end;
        self.items.iter_mut().skip(first).for_each(|item| item.area.y += top);
        self.fill(Area { x: 0.0, y: height - band, width, height: band }, colours.accent);
        top
    }

    /// A text in a column: gives where the next one begins.
    fn text(&mut self, text: &str, style: Style, column: Column, mut y: f32, role: &Role) -> f32 {
        for (line, size) in self.fitted(text, style, column.width) {
            y = self.put(line, Style { size, ..style }, column.x, y, role.clone());
        }
        y
    }

    /// The fewest lines that the smallest size allows, at the largest size that gets by with as many.
    fn fitted(&self, text: &str, style: Style, width: f32) -> Vec<(Rc<Line>, f32)> {
        let sizes = &self.template.sizes;
        if text.trim().is_empty() {
            return Vec::new();
        }
        let short =
            text.char_indices().nth(MOST_LETTERS).and_then(|(end, _)| text.get(..end)).map(|start| format!("{start}…"));
        let text = short.as_deref().unwrap_or(text);
        let at = |share: f32| self.shaper.lines(text, style.weight, width / (style.size * share));
        let mut share = 1.0;
        let mut lines = at(share);
        if lines.len() > 1 {
            let fewest = at(*sizes.floor.get_ref()).len();
            while lines.len() > fewest {
                share = sizes.floor.get_ref().max(share - 0.05);
                lines = at(share);
            }
        }
        let size = style.size * share;
        if lines.len() > *sizes.lines.get_ref() {
            lines.truncate(*sizes.lines.get_ref());
            let last = lines.pop().map(|line| self.shaper.cut(&line.text, style.weight, width / size));
            lines.extend(last);
        }
        lines.into_iter().map(|line| (line, size)).collect()
    }

    fn put(&mut self, line: Rc<Line>, style: Style, x: f32, y: f32, role: Role) -> f32 {
        let Style { size, colour, .. } = style;
        let area = Area { x, y, width: line.width * size, height: (line.ascent + line.descent) * size };
        self.items.push(Item { area, ink: Ink::Text { line, size, colour }, role });
        area.bottom()
    }

    fn fill(&mut self, area: Area, colour: Colour) {
        self.items.push(Item { area, ink: Ink::Fill(colour), role: Role::Decoration });
    }

    fn style(&self, size: f32, weight: Weight, colour: Colour) -> Style {
        Style { size: size * self.scale, weight, colour }
    }

    fn paragraph(&mut self) -> Role {
        self.paragraphs += 1;
        Role::Paragraph(self.paragraphs)
    }

    /// White space of `millimetres` at scale 1.
    fn gap(&self, millimetres: f32) -> f32 {
        points(millimetres) * self.scale
    }
}

fn points(millimetres: f32) -> f32 {
    millimetres * 72.0 / 25.4
}

/// No text of a certificate is longer; one that is would only cost time, as the limit of lines cuts it sooner.
const MOST_LETTERS: usize = 1000;
