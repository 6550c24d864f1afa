//! Strict JSON-LD 1.1 expansion over the pinned contexts, fused with the conversion to RDF.

use super::{
    CanonicalError,
    active::{Active, base_contexts, breaks_quads},
    number,
    path::{Path, Step},
    quad::{Literal, Node, Object, Quad, RDF_TYPE, Source, XSD_BOOLEAN, XSD_DATE_TIME},
    utf16_order,
};
use crate::context::{Coercion, Context};
use serde_json::{Map, Number, Value};
use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

/// How many statements a document may make. A certificate makes about 45.
const MAX_QUADS: usize = 4096;

/// The statements of a document.
pub(super) struct Expanded<'a> {
    /// Each once.
    pub(super) quads: Vec<Quad<'a>>,
    /// Blank nodes are numbered from 0 up to this.
    pub(super) blanks: usize,
    /// See [`super::CanonicalForm::uncovered`].
    pub(super) uncovered: Option<String>,
}

pub(super) fn expand(document: &Map<String, Value>) -> Result<Expanded<'_>, CanonicalError> {
    let contexts = base_contexts(document.get("@context"))?;
    let mut expansion = Expansion::default();
    expansion.node(document, &Active { contexts: &contexts, outer: None }, &Path::TOP)?;
    Ok(expansion.finish())
}

/// What a member's key means.
enum Key<'a> {
    Id,
    Type,
    Property(Property<'a>),
}

struct Property<'a> {
    iri: Cow<'a, str>,
    coercion: Coercion,
    scope: Option<&'static Context>,
}

#[derive(Default)]
struct Expansion<'a> {
    quads: Vec<Quad<'a>>,
    labels: HashMap<Cow<'a, str>, usize>,
    blanks: usize,
    uncovered: Option<String>,
}

impl<'a> Expansion<'a> {
    /// States everything about one node object and gives its name; `None` if its id is relative, when what it says is dropped but not what its parts say.
    ///
    /// `outer` is what its parents hand down. Contexts of its own types hold for its members, but not inside them.
    fn node(
        &mut self,
        object: &'a Map<String, Value>,
        outer: &Active,
        path: &Path,
    ) -> Result<Option<Node<'a>>, CanonicalError> {
        let types = types(object, outer, path)?;
        let scopes = type_scopes(&types, outer, path)?;
        let active = Active { contexts: &scopes, outer: Some(outer) };
        let subject = self.name(object, &active, path)?;
        for name in &types {
            // A type that no context defines is dropped, as are the names of keywords.
            let iri = match outer.term(name) {
                Some(term) => Some(Cow::Borrowed(term.iri)).filter(|iri| !iri.starts_with('@')),
                None => outer.iri(name),
            };
            let node = iri.map(|iri| self.node_named(iri, path)).transpose()?;
            self.state(subject.as_ref(), Cow::Borrowed(RDF_TYPE), node.map(Object::Node))?;
        }
        for (name, value) in object {
            let path = path.child(Step::Member(name))?;
            if path.is_left_out() {
                continue;
            }
            if let Key::Property(property) = key(name, &active, &path)? {
                self.values(subject.as_ref(), &property, value, &active, &path)?;
            }
        }
        Ok(subject)
    }

    /// The name of a node object: its id, or a new blank node.
    fn name(
        &mut self,
        object: &'a Map<String, Value>,
        active: &Active,
        path: &Path,
    ) -> Result<Option<Node<'a>>, CanonicalError> {
        let Some((member, value)) = aliased(object, active, "id", "@id", path)? else {
            return Ok(Some(self.new_blank()));
        };
        let path = path.child(Step::Member(member))?;
        let id = value.as_str().ok_or_else(|| path.shape("an id is one text"))?;
        self.reference(active.iri(id), &path)
    }

    /// A node that is named by an IRI, or nothing if there is none: then it is noted that the signature will not speak of it.
    fn reference(&mut self, iri: Option<Cow<'a, str>>, path: &Path) -> Result<Option<Node<'a>>, CanonicalError> {
        if iri.is_none() && self.uncovered.is_none() {
            self.uncovered = Some(path.pointer());
        }
        iri.map(|iri| self.node_named(iri, path)).transpose()
    }

    fn node_named(&mut self, iri: Cow<'a, str>, path: &Path) -> Result<Node<'a>, CanonicalError> {
        if iri.starts_with("_:") {
            if let Some(number) = self.labels.get(&iri) {
                return Ok(Node::Blank(*number));
            }
            let number = self.blanks;
            self.labels.insert(iri, number);
            return Ok(self.new_blank());
        }
        if breaks_quads(&iri) {
            return Err(path.shape("an IRI has no angle brackets and no control characters"));
        }
        Ok(Node::Iri(iri))
    }

    fn new_blank(&mut self) -> Node<'a> {
        self.blanks += 1;
        Node::Blank(self.blanks - 1)
    }

    /// States every value of a property. Arrays are sets, also inside one another; null says nothing.
    fn values(
        &mut self,
        subject: Option<&Node<'a>>,
        property: &Property<'a>,
        value: &'a Value,
        active: &Active,
        path: &Path,
    ) -> Result<(), CanonicalError> {
        let object = match value {
            Value::Null => None,
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.values(subject, property, item, active, &path.child(Step::Index(index))?)?;
                }
                None
            }
            Value::Object(members) => {
                let inside = Active { contexts: property.scope.as_slice(), outer: Some(active) };
                // The contexts of the node's types do not reach into its values, but into mere references.
                let outer = if inside.is_reference(members) { Some(active) } else { active.outer };
                self.node(members, &Active { outer, ..inside }, path)?.map(Object::Node)
            }
            Value::String(text) if property.coercion == Coercion::Id => {
                let active = Active { contexts: property.scope.as_slice(), outer: Some(active) };
                self.reference(active.iri(text), path)?.map(Object::Node)
            }
            Value::String(text) => Some(literal(Cow::Borrowed(text), None, Source::Text, property)),
            Value::Bool(truth) => {
                let text = if *truth { "true" } else { "false" };
                Some(literal(Cow::Borrowed(text), Some(XSD_BOOLEAN), Source::Boolean, property))
            }
            Value::Number(number) => Some(numeric(number, property)),
        };
        self.state(subject, property.iri.clone(), object)
    }

    fn state(
        &mut self,
        subject: Option<&Node<'a>>,
        predicate: Cow<'a, str>,
        object: Option<Object<'a>>,
    ) -> Result<(), CanonicalError> {
        let (Some(subject), Some(object)) = (subject, object) else {
            return Ok(());
        };
        if self.quads.len() == MAX_QUADS {
            return Err(CanonicalError::Bounds("too many statements"));
        }
        self.quads.push(Quad { subject: subject.clone(), predicate, object });
        Ok(())
    }

    fn finish(self) -> Expanded<'a> {
        let mut seen = HashSet::with_capacity(self.quads.len());
        let first: Vec<bool> = self.quads.iter().map(|quad| seen.insert(quad)).collect();
        let quads = self.quads.into_iter().zip(first).filter_map(|(quad, first)| first.then_some(quad)).collect();
        Expanded { quads, blanks: self.blanks, uncovered: self.uncovered }
    }
}

/// The member that is a keyword or its alias. Both at once are refused, as JSON-LD does.
fn aliased<'a>(
    object: &'a Map<String, Value>,
    active: &Active,
    alias: &'static str,
    keyword: &'static str,
    path: &Path,
) -> Result<Option<(&'static str, &'a Value)>, CanonicalError> {
    let short = object.get(alias).filter(|_| active.term(alias).is_some_and(|term| term.iri == keyword));
    match (short, object.get(keyword)) {
        (Some(_), Some(_)) => Err(path.child(Step::Member(keyword))?.shape("it stands beside its alias")),
        (Some(value), None) => Ok(Some((alias, value))),
        (None, value) => Ok(value.map(|value| (keyword, value))),
    }
}

fn types<'a>(object: &'a Map<String, Value>, outer: &Active, path: &Path) -> Result<Vec<&'a str>, CanonicalError> {
    let Some((member, value)) = aliased(object, outer, "type", "@type", path)? else {
        return Ok(Vec::new());
    };
    let path = path.child(Step::Member(member))?;
    let names = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let name = |value: &'a Value| match value.as_str() {
        Some(name) if name.starts_with('@') => Err(path.shape("a type is no keyword")),
        Some(name) if outer.term(name).is_some_and(|term| term.coercion == Coercion::Refused) => {
            Err(path.shape("presentations and proofs are no part of a credential"))
        }
        Some(name) => Ok(name),
        None => Err(path.shape("a type is a text")),
    };
    names.iter().map(name).collect()
}

/// The contexts that hang below a node's types, in the order in which JSON-LD applies them.
fn type_scopes(types: &[&str], outer: &Active, path: &Path) -> Result<Vec<&'static Context>, CanonicalError> {
    let mut sorted = Cow::Borrowed(types);
    if types.len() > 1 {
        sorted.to_mut().sort_by(|one, other| utf16_order(one, other));
    }
    let mut scopes: Vec<&'static Context> = Vec::new();
    for scope in sorted.iter().filter_map(|name| outer.term(name)?.scope) {
        let active = Active { contexts: &scopes, outer: Some(outer) };
        if scope.terms().any(|(name, term)| active.term(name).is_some_and(|known| known != term)) {
            return Err(path.shape("its types define a protected term differently"));
        }
        scopes.push(scope);
    }
    Ok(scopes)
}

fn key<'a>(name: &'a str, active: &Active, path: &Path) -> Result<Key<'a>, CanonicalError> {
    match name {
        "@id" => return Ok(Key::Id),
        "@type" => return Ok(Key::Type),
        _ if name.starts_with('@') => return Err(path.shape("keywords are not taken")),
        _ => {}
    }
    if let Some(term) = active.term(name) {
        return match term.iri {
            "@id" => Ok(Key::Id),
            "@type" => Ok(Key::Type),
            _ if term.coercion == Coercion::Refused => Err(path.shape("proofs and presentations are not taken here")),
            iri => Ok(Key::Property(Property { iri: Cow::Borrowed(iri), coercion: term.coercion, scope: term.scope })),
        };
    }
    let iri = active.iri(name).ok_or_else(|| CanonicalError::UndefinedTerm { path: path.pointer() })?;
    if iri.starts_with("_:") || iri == RDF_TYPE || breaks_quads(&iri) {
        return Err(path.shape("it is no usable property"));
    }
    Ok(Key::Property(Property { iri, coercion: Coercion::Plain, scope: None }))
}

fn literal<'a>(text: Cow<'a, str>, datatype: Option<&'static str>, source: Source, property: &Property) -> Object<'a> {
    let datatype = if property.coercion == Coercion::DateTime { Some(XSD_DATE_TIME) } else { datatype };
    Object::Literal(Literal { text, datatype, source })
}

fn numeric<'a>(json: &Number, property: &Property) -> Object<'a> {
    // JavaScript has doubles only; a JSON number beyond their range is not read at all.
    let value = json.as_f64().unwrap_or_default();
    let (text, datatype) = number::literal(value);
    // Adding 0 makes -0 and 0 the same.
    literal(Cow::Owned(text), Some(datatype), Source::Number((value + 0.0).to_bits()), property)
}
