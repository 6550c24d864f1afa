//! RDF statements of one graph, and how N-Quads writes them.

use std::{borrow::Cow, cmp::Ordering};

pub(super) const RDF_TYPE: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
pub(super) const XSD_BOOLEAN: &str = "http://www.w3.org/2001/XMLSchema#boolean";
pub(super) const XSD_DATE_TIME: &str = "http://www.w3.org/2001/XMLSchema#dateTime";
pub(super) const XSD_DOUBLE: &str = "http://www.w3.org/2001/XMLSchema#double";
pub(super) const XSD_INTEGER: &str = "http://www.w3.org/2001/XMLSchema#integer";

/// One statement. Equal ones are one; "equal" is JavaScript's word for it, see [`Literal::source`].
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Quad<'a> {
    pub(super) subject: Node<'a>,
    pub(super) predicate: Cow<'a, str>,
    pub(super) object: Object<'a>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Node<'a> {
    /// An absolute IRI.
    Iri(Cow<'a, str>),
    /// A blank node by its number.
    Blank(usize),
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Object<'a> {
    Node(Node<'a>),
    Literal(Literal<'a>),
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Literal<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) datatype: Option<&'static str>,
    /// What the JSON held: jsonld.js compares values before it writes them, so 1e-7 and 0 make two quads that read alike.
    pub(super) source: Source,
}

#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Source {
    Text,
    Boolean,
    /// The bits of a double that is not -0.
    Number(u64),
}

impl<'a> Quad<'a> {
    /// The blank nodes of subject and object, in this order; twice the same for a statement about itself.
    pub(super) fn blanks(&self) -> impl Iterator<Item = usize> + use<'a> {
        let subject = match self.subject {
            Node::Blank(number) => Some(number),
            Node::Iri(_) => None,
        };
        let object = match self.object {
            Object::Node(Node::Blank(number)) => Some(number),
            _ => None,
        };
        subject.into_iter().chain(object)
    }

    /// Appends the quad's line. `label` writes the name of a blank node.
    pub(super) fn write(&self, out: &mut String, label: impl Fn(usize, &mut String)) {
        self.subject.write(out, &label);
        out.push_str(" <");
        out.push_str(&self.predicate);
        out.push_str("> ");
        match &self.object {
            Object::Node(node) => node.write(out, &label),
            Object::Literal(literal) => literal.write(out),
        }
        out.push_str(" .\n");
    }
}

impl Node<'_> {
    fn write(&self, out: &mut String, label: impl Fn(usize, &mut String)) {
        match self {
            Self::Blank(number) => label(*number, out),
            Self::Iri(iri) => {
                out.push('<');
                out.push_str(iri);
                out.push('>');
            }
        }
    }
}

impl Literal<'_> {
    fn write(&self, out: &mut String) {
        out.push('"');
        escape(&self.text, out);
        out.push('"');
        if let Some(datatype) = self.datatype {
            out.push_str("^^<");
            out.push_str(datatype);
            out.push('>');
        }
    }
}

/// URDNA2015's escapes: everything but these four characters is written raw.
pub(crate) fn escape(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some((plain, special)) =
        rest.find(['\\', '"', '\n', '\r']).and_then(|position| rest.split_at_checked(position))
    {
        out.push_str(plain);
        let mut characters = special.chars();
        match characters.next() {
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('"') => out.push_str("\\\""),
            _ => out.push_str("\\\\"),
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
}

/// The order in which JavaScript sorts strings: by UTF-16 code units. It differs from UTF-8's where a character beyond U+FFFF, in UTF-16 a surrogate pair
/// from U+D800 on, meets one from U+E000 to U+FFFF: the first bytes are 0xF0 and more against 0xEE and 0xEF.
pub(crate) fn utf16_order(one: &str, other: &str) -> Ordering {
    let differing = one.bytes().zip(other.bytes()).find(|(a, b)| a != b);
    let Some((a, b)) = differing else {
        return one.len().cmp(&other.len());
    };
    let rank = |byte: u8| if matches!(byte, 0xEE | 0xEF) { byte | 0x10 } else { byte };
    rank(a).cmp(&rank(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_sort_by_their_utf16_code_units() {
        let mut sorted =
            ["", "a", "aa", "b", "é", "\u{7FF}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "😀", "😀a"];
        sorted.sort_by(|one, other| utf16_order(one, other));
        let mut expected = sorted;
        expected.sort_by_key(|text| text.encode_utf16().collect::<Vec<_>>());
        assert_eq!(sorted, expected);
        assert_eq!(utf16_order("😀", "\u{E000}"), Ordering::Less);
    }

    #[test]
    fn only_four_characters_are_escaped() {
        let mut out = String::new();
        escape("\"a\\b\nc\rd\te\u{0}\u{7F}é\u{2028}😀\"", &mut out);
        assert_eq!(out, "\\\"a\\\\b\\nc\\rd\te\u{0}\u{7F}é\u{2028}😀\\\"");
    }
}
