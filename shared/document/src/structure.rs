//! The structure tree: title, headings, paragraphs and the table, in reading order, for screen readers and for copying.

use pdf_writer::{
    Pdf, Rect, Ref, TextStr,
    types::{StructRole, TableHeaderScope},
};

use crate::layout::{Item, Role};

/// The elements of the document and the marked boxes of the page.
#[derive(Default)]
pub(crate) struct Structure {
    elements: Vec<Element>,
    /// The element of each marked box.
    boxes: Vec<usize>,
    /// The element that was extended last, with its role: the lines of one text belong together.
    last: Option<(Role, usize)>,
    /// The table with its last row: the element and the number of the row, none for the header.
    table: Option<(usize, usize, Option<usize>)>,
}

struct Element {
    role: StructRole,
    /// None: the document.
    parent: Option<usize>,
    boxes: Vec<i32>,
    children: Vec<usize>,
    picture: Option<(String, Rect)>,
}

impl Structure {
    /// Finds or makes the element of a box; gives its tag and the box's number. None for decoration.
    pub(crate) fn place(&mut self, item: &Item, height: f32) -> Option<(&'static [u8], i32)> {
        let number = i32::try_from(self.boxes.len()).ok()?;
        let element = match &item.role {
            Role::Decoration => return None,
            role if self.last.as_ref().is_some_and(|(last, _)| last == role) => self.last.as_ref()?.1,
            role => self.make(role, item, height),
        };
        self.last = Some((item.role.clone(), element));
        self.boxes.push(element);
        let element = self.elements.get_mut(element)?;
        element.boxes.push(number);
        Some((tag(element.role), number))
    }

    fn make(&mut self, role: &Role, item: &Item, height: f32) -> usize {
        let (role, row) = match role {
            Role::TableHeader { .. } => (StructRole::TH, Some(None)),
            Role::TableCell { row, .. } => (StructRole::TD, Some(Some(*row))),
            Role::Title => (StructRole::H1, None),
            Role::Heading => (StructRole::H2, None),
            Role::Figure(_) => (StructRole::Figure, None),
            Role::Paragraph(_) | Role::Decoration => (StructRole::P, None),
        };
        let Some(row) = row else {
            self.table = None;
            let element = self.add(role, None);
            if let (Role::Figure(text), Some(figure)) = (&item.role, self.elements.get_mut(element)) {
                let area = item.area;
                let place = Rect::new(area.x, height - area.bottom(), area.right(), height - area.y);
                figure.picture = Some((text.clone(), place));
            }
            return element;
        };
        let row = match self.table {
            Some((_, element, number)) if number == row => element,
            table => {
                let table = table.map_or_else(|| self.add(StructRole::Table, None), |(table, ..)| table);
                let element = self.add(StructRole::TR, Some(table));
                self.table = Some((table, element, row));
                element
            }
        };
        self.add(role, Some(row))
    }

    fn add(&mut self, role: StructRole, parent: Option<usize>) -> usize {
        let number = self.elements.len();
        self.elements.push(Element { role, parent, boxes: Vec::new(), children: Vec::new(), picture: None });
        if let Some(parent) = parent.and_then(|parent| self.elements.get_mut(parent)) {
            parent.children.push(number);
        }
        number
    }

    /// Writes the tree: the root at `root`, the document after it, then the elements.
    pub(crate) fn write(&self, pdf: &mut Pdf, root: i32, page: Ref) {
        let document = Ref::new(root + 1);
        let object = |element: usize| Ref::new(i32::try_from(element).map_or(root, |element| root + 2 + element));
        let mut tree = pdf.indirect(Ref::new(root)).start::<pdf_writer::writers::StructTreeRoot<'_>>();
        tree.child(document).parent_tree_next_key(1);
        tree.parent_tree().nums().insert(0, object(self.elements.len()));
        drop(tree);

        let mut top = pdf.struct_element(document);
        top.kind(StructRole::Document).parent(Ref::new(root));
        let tops = self.elements.iter().enumerate().filter(|(_, element)| element.parent.is_none());
        top.children().items(tops.map(|(number, _)| object(number)));
        drop(top);

        for (number, element) in self.elements.iter().enumerate() {
            element.write(pdf, object(number), element.parent.map_or(document, object), page, object);
        }
        pdf.indirect(object(self.elements.len())).array().items(self.boxes.iter().map(|&element| object(element)));
    }

    /// How many objects [`Self::write`] takes.
    pub(crate) fn objects(&self) -> i32 {
        i32::try_from(self.elements.len()).unwrap_or_default() + 3
    }
}

impl Element {
    fn write(&self, pdf: &mut Pdf, object: Ref, parent: Ref, page: Ref, child: impl Fn(usize) -> Ref) {
        let mut element = pdf.struct_element(object);
        element.kind(self.role).parent(parent).page(page);
        if let Some((text, place)) = &self.picture {
            element.alt(TextStr(text));
            element.attributes().push().layout().bbox(*place);
        }
        if self.role == StructRole::TH {
            element.attributes().push().table().scope(TableHeaderScope::Column);
        }
        let mut children = element.children();
        for &number in &self.boxes {
            children.marked_content_id(number);
        }
        for &number in &self.children {
            children.struct_element(child(number));
        }
    }
}

fn tag(role: StructRole) -> &'static [u8] {
    role.to_name().0
}
