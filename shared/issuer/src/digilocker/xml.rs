//! DigiLocker's XML: a request read without anything that XML could do to its reader, and an answer written.
//!
//! The body is bounded before it comes here, and is read once, front to back. A document type is refused, so there are no entities but XML's own five.
//! Elements that the protocol does not name are passed over, as in DIVOC; names are compared without their prefix, for callers differ in it.

use quick_xml::{
    Reader, XmlVersion,
    escape::{escape, resolve_xml_entity},
    events::{BytesRef, BytesStart, Event},
};
use std::collections::BTreeMap;

/// What a request says. Personal data.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Request {
    attributes: BTreeMap<String, String>,
    details: BTreeMap<String, String>,
}

/// Why a body is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) &'static str);

impl Request {
    /// Reads a body whose outermost element is `root`.
    ///
    /// # Errors
    /// Why it is refused, in words without anything of the body.
    pub(crate) fn read(body: &[u8], root: &'static str) -> Result<Self, Refused> {
        let text = std::str::from_utf8(body).map_err(|_| Refused("it is not UTF-8"))?;
        if !text.chars().all(is_character) {
            return Err(Refused("it has a character that XML has not"));
        }
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let config = reader.config_mut();
        (config.check_comments, config.expand_empty_elements) = (true, true);
        let mut reading = Reading { root, path: Vec::new(), field: None, begun: false, request: Self::default() };
        loop {
            match reader.read_event().map_err(|_| NOT_WELL_FORMED)? {
                Event::Start(tag) => reading.open(&tag)?,
                Event::End(_) => reading.close()?,
                Event::Text(text) => reading.write(&text.xml10_content())?,
                Event::CData(text) => reading.write(&text.xml10_content())?,
                Event::GeneralRef(reference) => reading.write(&referred(&reference)?)?,
                Event::DocType(_) => return Err(Refused("it has a document type")),
                Event::Eof => return reading.done(),
                Event::Empty(_) | Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            }
        }
    }

    /// An attribute of the outermost element; empty if it is not there.
    pub(crate) fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// An element in `DocDetails`, without white space around it; empty if it is not there.
    pub(crate) fn detail(&self, name: &str) -> &str {
        self.details.get(name).map_or("", |text| text.trim())
    }
}

/// A request half read.
struct Reading {
    root: &'static str,
    /// The elements that are open, outermost first.
    path: Vec<String>,
    /// The text of the detail that is open.
    field: Option<String>,
    begun: bool,
    request: Request,
}

impl Reading {
    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), Refused> {
        let name = tag.local_name();
        let name: &str = name.as_ref();
        match self.path.as_slice() {
            [] if self.begun || name != self.root => return Err(Refused("its outermost element is another")),
            [] => self.attributes(tag)?,
            [_, parent] if parent == DETAILS && FIELDS.contains(&name) => {
                if self.request.details.contains_key(name) {
                    return Err(Refused("an element stands twice"));
                }
                self.field = Some(String::new());
            }
            path if path.len() >= DEPTH => return Err(Refused("its elements lie too deep")),
            _ => {}
        }
        self.begun = true;
        self.path.push(name.to_owned());
        Ok(())
    }

    fn attributes(&mut self, tag: &BytesStart<'_>) -> Result<(), Refused> {
        // Each is compared with all before it, so there must not be many.
        for (count, attribute) in tag.attributes().enumerate() {
            let attribute = attribute.map_err(|_| NOT_WELL_FORMED)?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| NOT_WELL_FORMED)?;
            if count >= MOST_ATTRIBUTES || value.len() > LONGEST || !value.chars().all(is_character) {
                return Err(Refused("its attributes are too many or too long"));
            }
            let name: &str = attribute.key.as_ref();
            if ATTRIBUTES.contains(&name) {
                self.request.attributes.insert(name.to_owned(), value.into_owned());
            }
        }
        Ok(())
    }

    fn write(&mut self, text: &str) -> Result<(), Refused> {
        match (self.path.len(), &mut self.field) {
            (0, _) if text.trim().is_empty() => Ok(()),
            (0, _) => Err(NOT_WELL_FORMED),
            (3, Some(field)) if field.len() + text.len() > LONGEST => Err(Refused("an element is too long")),
            (3, Some(field)) => {
                field.push_str(text);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn close(&mut self) -> Result<(), Refused> {
        let name = self.path.pop().ok_or(NOT_WELL_FORMED)?;
        if self.path.len() == 2
            && let Some(text) = self.field.take()
        {
            self.request.details.insert(name, text);
        }
        Ok(())
    }

    fn done(self) -> Result<Request, Refused> {
        if self.begun && self.path.is_empty() { Ok(self.request) } else { Err(NOT_WELL_FORMED) }
    }
}

/// What a reference stands for: a character, or one of XML's own entities.
fn referred(reference: &BytesRef<'_>) -> Result<String, Refused> {
    if let Some(character) = reference.resolve_char_ref().map_err(|_| NOT_WELL_FORMED)? {
        return is_character(character).then(|| character.to_string()).ok_or(NOT_WELL_FORMED);
    }
    resolve_xml_entity(reference).map(str::to_owned).ok_or(Refused("it has an entity that XML has not"))
}

/// XML 1.0, production 2.
fn is_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// An answer: whether there is something, what the request is known by, and the details in order.
pub(crate) fn answer(root: &str, found: bool, request: &Request, details: &[(&str, &str)]) -> String {
    let (ts, txn) = (escape(request.attribute("ts")), escape(request.attribute("txn")));
    let details = details.iter().map(|(name, text)| format!("<{name}>{}</{name}>", escape(*text)));
    let details = details.collect::<Vec<_>>().concat();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<{root} xmlns:ns2=\"http://tempuri.org/\">\
         <ResponseStatus Status=\"{}\" ts=\"{ts}\" txn=\"{txn}\"></ResponseStatus><DocDetails>{details}</DocDetails></{root}>",
        u8::from(found),
    )
}

/// A credential as the machine-readable form of a document. Nothing in it can end the section that it stands in.
pub(crate) fn machine_readable(id: &str, credential: &str) -> String {
    let credential = credential.replace("]]>", "]]]]><![CDATA[>");
    format!("<certificate id=\"{}\"><![CDATA[{credential}]]></certificate>", escape(id))
}

const NOT_WELL_FORMED: Refused = Refused("it is not well-formed XML");
const DETAILS: &str = "DocDetails";
const ATTRIBUTES: [&str; 5] = ["ver", "ts", "txn", "orgId", "format"];
/// A photograph, which may be sent too, is of no use here.
const FIELDS: [&str; 9] = ["DocType", "DigiLockerId", "UID", "FullName", "DOB", "tracking_id", "Mobile", "UDF1", "URI"];
const DEPTH: usize = 8;
const MOST_ATTRIBUTES: usize = 32;
/// Bytes of an attribute or a field.
const LONGEST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Request, Refused> {
        Request::read(body.as_bytes(), "PullURIRequest")
    }

    fn refused(body: &str) -> &'static str {
        read(body).err().map_or("it was read", |refused| refused.0)
    }

    #[test]
    fn a_request_says_what_stands_in_it() {
        let request = read(concat!(
            "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?><!-- pulled -->\n",
            "<ns2:PullURIRequest xmlns:ns2=\"http://tempuri.org/\" ver=\"1.0\" ts='2026-01-02T03:04:05+05:30' txn=\"a&amp;b&#x20;c\" format=\"both\">",
            "<DocDetails><DocType>VACER</DocType><FullName> Asha &lt;Example&gt; <![CDATA[& Co]]> </FullName>",
            "<UDF9><deep/>x</UDF9><Mobile/></DocDetails></ns2:PullURIRequest>\n",
        ))
        .unwrap();
        let told = ["ts", "txn", "format", "orgId"].map(|name| request.attribute(name));
        assert_eq!(told, ["2026-01-02T03:04:05+05:30", "a&b c", "both", ""]);
        let told = ["DocType", "FullName", "Mobile", "UDF9", "URI"].map(|name| request.detail(name));
        assert_eq!(told, ["VACER", "Asha <Example> & Co", "", "", ""]);
    }

    #[test]
    fn what_is_no_request_is_refused_with_the_reason() {
        let nested = format!("<PullURIRequest>{}", "<a>".repeat(9));
        let wide = format!("<PullURIRequest {}/>", (0..40).map(|n| format!("a{n}='' ")).collect::<Vec<_>>().concat());
        let long = format!("<PullURIRequest><DocDetails><Mobile>{}", "9".repeat(1025));
        let malformed = "it is not well-formed XML";
        for (body, reason) in [
            ("", malformed),
            ("nothing", malformed),
            ("<PullURIRequest>", malformed),
            ("<PullURIRequest></PullDocRequest>", malformed),
            ("<PullURIRequest/>text", malformed),
            ("<PullURIRequest ts='1' ts='2'/>", malformed),
            ("<PullURIRequest ts='&bomb;'/>", malformed),
            ("<PullURIRequest>&#0;</PullURIRequest>", malformed),
            ("<PullURIRequest>&#x1;</PullURIRequest>", malformed),
            ("<PullURIRequest><!-- -- --></PullURIRequest>", malformed),
            ("<PullURIRequest>\u{1}</PullURIRequest>", "it has a character that XML has not"),
            ("<PullDocRequest/>", "its outermost element is another"),
            ("<PullURIRequest/><PullURIRequest/>", "its outermost element is another"),
            (
                "<PullURIRequest><DocDetails><a>&bomb;</a></DocDetails></PullURIRequest>",
                "it has an entity that XML has not",
            ),
            (
                "<!DOCTYPE PullURIRequest [<!ENTITY a \"b\">]><PullURIRequest>&a;</PullURIRequest>",
                "it has a document type",
            ),
            ("<!DOCTYPE PullURIRequest SYSTEM \"file:///etc/passwd\"><PullURIRequest/>", "it has a document type"),
            (
                "<PullURIRequest><DocDetails><Mobile>1</Mobile><Mobile>2</Mobile></DocDetails></PullURIRequest>",
                "an element stands twice",
            ),
            (&nested, "its elements lie too deep"),
            (&wide, "its attributes are too many or too long"),
            (&long, "an element is too long"),
        ] {
            assert_eq!(refused(body), reason, "{body}");
        }
        assert_eq!(Request::read(b"<PullURIRequest>\xff", "PullURIRequest").err(), Some(Refused("it is not UTF-8")));
    }

    #[test]
    fn nothing_ends_what_it_stands_in() {
        let request = read("<PullURIRequest txn='\"&gt;&lt;a b=&quot;'/>").unwrap();
        let told = answer("PullURIResponse", false, &request, &[("Mobile", "</Mobile><URI>x")]);
        assert_eq!(
            told,
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<PullURIResponse xmlns:ns2=\"http://tempuri.org/\">\
             <ResponseStatus Status=\"0\" ts=\"\" txn=\"&quot;&gt;&lt;a b=&quot;\"></ResponseStatus>\
             <DocDetails><Mobile>&lt;/Mobile&gt;&lt;URI&gt;x</Mobile></DocDetails></PullURIResponse>"
        );
        let form = machine_readable("1", r#"{"name":"a]]>b"}"#);
        assert_eq!(form, r#"<certificate id="1"><![CDATA[{"name":"a]]]]><![CDATA[>b"}]]></certificate>"#);
    }
}
