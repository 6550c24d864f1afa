//! The structure tree: title, headings, paragraphs and the table, in reading order, for screen readers and for copying.

use lopdf::{Dictionary, Document, Object, ObjectId, dictionary, text_string};

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
    /// A structure type of the PDF standard (ISO 32000-1, 14.8.4).
    role: &'static str,
    /// None: the document.
    parent: Option<usize>,
    boxes: Vec<i64>,
    children: Vec<usize>,
    /// A picture's description, and its place: left, bottom, right, top.
    picture: Option<(String, [f32; 4])>,
}

impl Structure {
    /// Finds or makes the element of a box; gives its tag and the box's number. None for decoration.
    pub(crate) fn place(&mut self, item: &Item<'_>, height: f32) -> Option<(&'static str, i64)> {
        let number = i64::try_from(self.boxes.len()).ok()?;
        let element = match &item.role {
            Role::Decoration => return None,
            role if self.last.as_ref().is_some_and(|(last, _)| last == role) => self.last.as_ref()?.1,
            role => self.make(role, item, height),
        };
        self.last = Some((item.role.clone(), element));
        self.boxes.push(element);
        let element = self.elements.get_mut(element)?;
        element.boxes.push(number);
        Some((element.role, number))
    }

    fn make(&mut self, role: &Role, item: &Item<'_>, height: f32) -> usize {
        let (role, row) = match role {
            Role::TableHeader { .. } => ("TH", Some(None)),
            Role::TableCell { row, .. } => ("TD", Some(Some(*row))),
            Role::Title => ("H1", None),
            Role::Heading => ("H2", None),
            Role::Figure(_) => ("Figure", None),
            Role::Paragraph(_) | Role::Decoration => ("P", None),
        };
        let Some(row) = row else {
            self.table = None;
            let element = self.add(role, None);
            if let (Role::Figure(text), Some(figure)) = (&item.role, self.elements.get_mut(element)) {
                let area = item.area;
                let place = [area.x, height - area.bottom(), area.right(), height - area.y];
                figure.picture = Some((text.clone(), place));
            }
            return element;
        };
        let row = match self.table {
            Some((_, element, number)) if number == row => element,
            table => {
                let table = table.map_or_else(|| self.add("Table", None), |(table, ..)| table);
                let element = self.add("TR", Some(table));
                self.table = Some((table, element, row));
                element
            }
        };
        self.add(role, Some(row))
    }

    fn add(&mut self, role: &'static str, parent: Option<usize>) -> usize {
        let number = self.elements.len();
        self.elements.push(Element { role, parent, boxes: Vec::new(), children: Vec::new(), picture: None });
        if let Some(parent) = parent.and_then(|parent| self.elements.get_mut(parent)) {
            parent.children.push(number);
        }
        number
    }

    /// Writes the tree; gives its root.
    pub(crate) fn write(&self, document: &mut Document, page: ObjectId) -> ObjectId {
        let [root, top] = [document.new_object_id(), document.new_object_id()];
        let objects: Vec<_> = self.elements.iter().map(|_| document.new_object_id()).collect();
        let object = |element: usize| objects.get(element).copied().unwrap_or(top);
        let references =
            |elements: &[usize]| elements.iter().map(|&element| object(element).into()).collect::<Vec<_>>();

        for (element, &place) in self.elements.iter().zip(&objects) {
            let mut dictionary = element.dictionary(element.parent.map_or(top, object), page);
            let boxes = element.boxes.iter().map(|&number| Object::Integer(number));
            dictionary.set("K", boxes.chain(references(&element.children)).collect::<Vec<_>>());
            document.set_object(place, dictionary);
        }
        let tops = self.elements.iter().zip(&objects).filter(|(element, _)| element.parent.is_none());
        let tops: Vec<Object> = tops.map(|(_, &place)| place.into()).collect();
        document.set_object(top, dictionary! { "Type" => "StructElem", "S" => "Document", "P" => root, "K" => tops });
        let boxes = document.add_object(references(&self.boxes));
        let tree = dictionary! {
            "Type" => "StructTreeRoot",
            "K" => top,
            "ParentTree" => dictionary! { "Nums" => vec![0.into(), boxes.into()] },
            "ParentTreeNextKey" => 1,
        };
        document.set_object(root, tree);
        root
    }
}

impl Element {
    fn dictionary(&self, parent: ObjectId, page: ObjectId) -> Dictionary {
        let mut element = dictionary! { "Type" => "StructElem", "S" => self.role, "P" => parent, "Pg" => page };
        if let Some((text, place)) = &self.picture {
            element.set("Alt", text_string(text));
            let place = place.map(Object::from).to_vec();
            element.set("A", dictionary! { "O" => "Layout", "BBox" => place });
        }
        if self.role == "TH" {
            element.set("A", dictionary! { "O" => "Table", "Scope" => "Column" });
        }
        element
    }
}
