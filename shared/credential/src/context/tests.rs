use super::*;
use serde_json::{Map, Value};

const W3C: &str = include_str!("../../../../tests/vectors/contexts/credentials-v1.json");
const KEYWORDS: [&str; 2] = ["@version", "@protected"];

/// Holds one context of a document against its table: the same names, each with the same IRI, coercion, prefix and scope.
fn assert_equal(table: &Context, context: &Value, prefixes: &Map<String, Value>) {
    let context = context.as_object().unwrap();
    assert_eq!(context["@version"], 1.1);
    assert_eq!(context["@protected"], true, "every context protects its terms");
    let mut prefixes = prefixes.clone();
    prefixes.extend(context.iter().filter(|(_, v)| v.is_string()).map(|(k, v)| (k.clone(), v.clone())));

    let named: Vec<_> = context.keys().map(String::as_str).filter(|k| !KEYWORDS.contains(k)).collect();
    assert_eq!(table.terms().map(|(name, _)| name).collect::<Vec<_>>(), named);
    for name in named {
        let (term, definition) = (table.term(name).unwrap(), &context[name]);
        let iri = definition.as_str().or_else(|| definition["@id"].as_str()).unwrap();
        assert_eq!(term.iri, expand(iri, &prefixes), "{name}");
        assert_eq!(term.prefix, definition.is_string() && iri.ends_with(['/', '#']), "{name}");
        if term.coercion == Coercion::Refused {
            assert!(term.scope.is_none(), "{name}");
            continue;
        }
        let coercion = match (definition["@type"].as_str(), definition["@container"].as_str()) {
            (Some("@id"), None) => Coercion::Id,
            (Some("xsd:dateTime"), None) => Coercion::DateTime,
            (None, None) => Coercion::Plain,
            other => panic!("{name} has {other:?}"),
        };
        assert_eq!(term.coercion, coercion, "{name}");
        match (term.scope, definition.get("@context")) {
            (Some(scope), Some(nested)) => assert_equal(scope, nested, &prefixes),
            (ours, theirs) => assert!(ours.is_none() && theirs.is_none(), "{name}"),
        }
    }
}

fn expand(iri: &str, prefixes: &Map<String, Value>) -> String {
    match iri.split_once(':').and_then(|(prefix, rest)| Some((prefixes.get(prefix)?.as_str()?, rest))) {
        Some((start, rest)) if start.ends_with(['/', '#']) => format!("{start}{rest}"),
        _ => iri.to_owned(),
    }
}

#[test]
fn the_w3c_table_says_what_the_w3c_document_says() {
    let document: Value = serde_json::from_str(W3C).unwrap();
    assert_equal(pinned(CREDENTIALS_V1_URL).unwrap(), &document["@context"], &Map::new());
}

#[test]
fn our_tables_say_what_our_served_documents_say() {
    for (end, table, text) in OURS {
        let served: Value = serde_json::from_str(text).unwrap();
        assert_equal(table, &served["@context"], &Map::new());
        assert_eq!(document(end), Some(text));
        assert_eq!(document(&format!("https://health.example{end}")), Some(text));
    }
}

#[test]
fn a_context_is_known_under_every_host_that_serves_it() {
    for host in ["https://cowin.gov.in", "https://divoc.dev", "http://localhost:8080", "https://health.example/certify"]
    {
        for (end, table, _) in OURS {
            assert!(std::ptr::eq(pinned(&format!("{host}{end}")).unwrap(), table));
        }
    }
}

#[test]
fn other_urls_are_not_pinned() {
    for url in [
        "",
        "/credentials/vaccination/v1",
        "https:///credentials/vaccination/v1",
        "ftp://divoc.dev/credentials/vaccination/v1",
        "https://divoc.dev/credentials/vaccination/v3",
        "https://divoc.dev/credentials/vaccination/v1/",
        "https://evil.example/?/credentials/vaccination/v1",
        "https://evil.example/#/credentials/vaccination/v1",
        "https://www.w3.org/2018/credentials/v2",
        "https://w3id.org/security/v2",
    ] {
        assert!(pinned(url).is_none(), "{url}");
    }
}

#[test]
fn versions_of_a_context_contradict_one_another() {
    assert!(VACCINATION_V1_TERMS.contradicts(&VACCINATION_V2_TERMS));
    assert!(VACCINATION_V1_TERMS.contradicts(&TEST_CERTIFICATE_V1_TERMS));
    assert!(!VACCINATION_V1_TERMS.contradicts(&CREDENTIALS_V1_TERMS));
    assert!(!VACCINATION_V1_TERMS.contradicts(&VACCINATION_V1_TERMS));
}
