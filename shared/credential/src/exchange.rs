//! What DIVOC's signature leaves open: several of its terms share one IRI, so their values may change places (`dose` and `totalDoses`, `batch` and `vaccine`)
//! and the signature still fits. A binding digest forbids that; for a credential without one this module names the members that are in doubt, and for one
//! whose digest is broken it finds what was done.

use crate::{
    binding::{self, Binding},
    context::{self, Context, Term},
};
use serde_json::{Map, Value};

/// JSON Pointers of the members whose value could have been another's, in the document's order.
pub fn exchangeable(document: &Map<String, Value>) -> Vec<String> {
    let mut places = Vec::new();
    let nodes = nodes(document);
    for node in &nodes {
        let present = node.members.iter().filter(|(name, term)| node.rivals(name, term).next().is_some());
        places.extend(present.map(|(name, _)| format!("{}/{name}", node.pointer)));
    }
    places
}

/// The texts that the member at `pointer` may have changed places with.
pub fn rivals(document: &Map<String, Value>, pointer: &str) -> Vec<String> {
    let Some((parent, name)) = pointer.rsplit_once('/') else { return Vec::new() };
    let nodes = nodes(document);
    let node = nodes.iter().find(|node| node.pointer == parent);
    let term = node.and_then(|node| node.active.iter().find_map(|context| context.term(name)));
    let names = node.zip(term).map(|(node, term)| node.rivals(name, term));
    let values = names.into_iter().flatten().filter_map(|rival| node?.object.get(rival)?.as_str());
    values.map(str::to_owned).collect()
}

/// JSON Pointers of the members that one exchange altered, where undoing it makes the binding digest fit again: two values swapped, or one moved to, copied
/// to or taken from a member with the same IRI. Empty where more was done than that.
pub fn altered(document: &Map<String, Value>) -> Vec<String> {
    if binding::check(document) != Binding::Broken {
        return Vec::new();
    }
    let mut tried = Value::Object(document.clone());
    for node in nodes(document) {
        for (one, term) in &node.members {
            for other in node.rivals(one, term) {
                if restores(&mut tried, &node.pointer, one, other) {
                    return vec![format!("{}/{one}", node.pointer), format!("{}/{other}", node.pointer)];
                }
            }
        }
    }
    Vec::new()
}

/// Whether any exchange between two members of one node makes the digest fit. Leaves the document as it was.
fn restores(document: &mut Value, pointer: &str, one: &str, other: &str) -> bool {
    let Some(node) = document.pointer(pointer).and_then(Value::as_object).cloned() else { return false };
    let (Some(value), rival) = (node.get(one), node.get(other)) else { return false };
    let outcomes: [(Option<&Value>, Option<&Value>); 3] =
        [(rival, Some(value)), (Some(value), Some(value)), (None, rival)];
    outcomes.into_iter().any(|(one_becomes, other_becomes)| {
        let mut tried = node.clone();
        for (name, becomes) in [(one, one_becomes), (other, other_becomes)] {
            match becomes {
                Some(value) => tried.insert(name.to_owned(), value.clone()),
                None => tried.shift_remove(name),
            };
        }
        let fits = replace(document, pointer, tried)
            && document.as_object().is_some_and(|whole| binding::check(whole) == Binding::Fits);
        replace(document, pointer, node.clone());
        fits
    })
}

fn replace(document: &mut Value, pointer: &str, node: Map<String, Value>) -> bool {
    document.pointer_mut(pointer).map(|place| *place = Value::Object(node)).is_some()
}

/// One object of the document, with what its terms mean there.
struct Node<'d> {
    pointer: String,
    object: &'d Map<String, Value>,
    active: Vec<&'static Context>,
    members: Vec<(&'d str, &'static Term)>,
}

impl Node<'_> {
    /// The other terms with the IRI of `term`.
    fn rivals(&self, name: &str, term: &'static Term) -> impl Iterator<Item = &'static str> {
        let terms = self.active.iter().flat_map(|context| context.terms());
        terms.filter(move |(other, theirs)| *other != name && theirs.iri == term.iri).map(|(other, _)| other)
    }
}

/// Every object of the document but its proofs.
fn nodes(document: &Map<String, Value>) -> Vec<Node<'_>> {
    let urls = document.get("@context").and_then(Value::as_array).into_iter().flatten();
    let contexts: Vec<_> = urls.filter_map(|url| context::pinned(url.as_str()?)).collect();
    let mut nodes = Vec::new();
    collect(document, String::new(), None, &contexts, &mut nodes);
    nodes
}

fn collect<'d>(
    object: &'d Map<String, Value>,
    pointer: String,
    scope: Option<&'static Context>,
    contexts: &[&'static Context],
    nodes: &mut Vec<Node<'d>>,
) {
    let types = object.get("type").map(|types| types.as_array().map_or(std::slice::from_ref(types), Vec::as_slice));
    let types = types.into_iter().flatten().filter_map(Value::as_str);
    let scopes = types.filter_map(|name| contexts.iter().find_map(|context| context.term(name))?.scope);
    let active: Vec<_> = scopes.chain(scope).collect();
    let term = |name: &str| active.iter().find_map(|context| context.term(name));
    let members: Vec<_> = object
        .iter()
        .filter_map(|(name, _)| Some((name.as_str(), term(name)?)))
        .filter(|(_, term)| !term.iri.starts_with('@'))
        .collect();
    let below: Vec<_> = members
        .iter()
        .filter_map(|(name, term)| Some((*name, term.scope, object.get(*name)?)))
        .flat_map(|(name, scope, value)| match value {
            Value::Object(child) => vec![(format!("{pointer}/{name}"), scope, child)],
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items
                    .filter_map(|(at, item)| Some((format!("{pointer}/{name}/{at}"), scope, item.as_object()?)))
                    .collect()
            }
            _ => Vec::new(),
        })
        .collect();
    nodes.push(Node { pointer, object, active, members });
    for (pointer, scope, child) in below {
        collect(child, pointer, scope, contexts, nodes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(path: &str) -> Map<String, Value> {
        let path = format!("{}/../../tests/vectors/{path}", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn members_that_share_an_iri_are_named_and_no_others() {
        let vaccination = [
            "/credentialSubject/refId",
            "/evidence/0/feedbackUrl",
            "/evidence/0/infoUrl",
            "/evidence/0/certificateId",
            "/evidence/0/batch",
            "/evidence/0/vaccine",
            "/evidence/0/manufacturer",
            "/evidence/0/date",
            "/evidence/0/effectiveStart",
            "/evidence/0/effectiveUntil",
            "/evidence/0/dose",
            "/evidence/0/totalDoses",
        ];
        assert_eq!(exchangeable(&document("rsa/v1_did_subject/input.json")), vaccination);
        let test = [
            "/credentialSubject/refId",
            "/evidence/0/feedbackUrl",
            "/evidence/0/infoUrl",
            "/evidence/0/certificateId",
            "/evidence/0/batch",
            "/evidence/0/testType",
            "/evidence/0/manufacturer",
            "/evidence/0/disease",
            "/evidence/0/sampleOrigin",
            "/evidence/0/sampleCollectionTimestamp",
            "/evidence/0/resultTimestamp",
            "/evidence/0/result",
        ];
        let mut found = exchangeable(&document("test_certificate/input.json"));
        let mut wanted = test.map(str::to_owned).to_vec();
        found.sort();
        wanted.sort();
        assert_eq!(found, wanted);
    }

    #[test]
    fn what_an_id_may_have_changed_places_with_is_found_even_if_it_is_gone() {
        let mut document = document("rsa/v1_did_subject/input.json");
        let evidence = document["evidence"][0].as_object_mut().unwrap();
        let id = evidence.shift_remove("certificateId").unwrap();
        let rest = ["batch", "vaccine", "manufacturer"].map(|name| evidence[name].as_str().unwrap().to_owned());
        assert_eq!(rivals(&document, "/evidence/0/certificateId"), rest);
        document["evidence"][0]["batch"] = id.clone();
        assert_eq!(rivals(&document, "/evidence/0/certificateId")[0], id);
        assert_eq!(rivals(&document, "/evidence/0/facility/name"), Vec::<String>::new());
        assert_eq!(rivals(&document, "/nowhere"), Vec::<String>::new());
    }

    #[test]
    fn an_exchange_is_found_by_undoing_it() {
        let mut bound = document("rsa/v2_did_subject/input.json");
        binding::bind(&mut bound);
        assert_eq!(altered(&bound), Vec::<String>::new(), "nothing to undo");
        let evidence = |change: fn(&mut Map<String, Value>)| {
            let mut document = bound.clone();
            change(document["evidence"][0].as_object_mut().unwrap());
            let mut found = altered(&document);
            found.sort();
            found
        };
        let swapped = evidence(|first| {
            let (dose, total) = (first["dose"].take(), first["totalDoses"].take());
            first["dose"] = total;
            first["totalDoses"] = dose;
        });
        assert_eq!(swapped, ["/evidence/0/dose", "/evidence/0/totalDoses"]);
        let moved = evidence(|first| {
            let batch = first.shift_remove("batch").unwrap();
            first["vaccine"] = batch;
        });
        assert_eq!(moved, Vec::<String>::new(), "one value is gone");
        let copied = evidence(|first| first["effectiveUntil"] = first["effectiveStart"].clone());
        assert_eq!(copied, Vec::<String>::new(), "one value is gone");

        let mut renamed = bound.clone();
        let subject = renamed["credentialSubject"].as_object_mut().unwrap();
        let code = subject.shift_remove("refId").unwrap();
        subject.insert("uhid".to_owned(), code.clone());
        let mut found = altered(&renamed);
        found.sort();
        assert_eq!(found, ["/credentialSubject/refId", "/credentialSubject/uhid"]);
        renamed["credentialSubject"].as_object_mut().unwrap().insert("refId".to_owned(), code);
        let mut found = altered(&renamed);
        found.sort();
        assert_eq!(found, ["/credentialSubject/refId", "/credentialSubject/uhid"], "said twice");
    }
}
