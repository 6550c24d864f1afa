use super::*;
use serde_json::json;

fn credential() -> Map<String, Value> {
    let text = include_str!("../../../../tests/vectors/rsa/v2_did_subject/signed.json");
    serde_json::from_str(text).unwrap()
}

fn bound() -> Map<String, Value> {
    let mut credential = credential();
    bind(&mut credential);
    credential
}

fn altered(alter: impl Fn(&mut Value)) -> Binding {
    let mut value = Value::Object(bound());
    alter(&mut value);
    check(value.as_object().unwrap())
}

#[test]
fn a_bound_credential_fits_and_differs_in_its_id_alone() {
    let bound = bound();
    let id = evidence_id(&bound).unwrap().to_owned();
    // Made with python: hashlib.sha256(json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).digest()[:16]
    assert_eq!(id, "https://cowin.gov.in/vaccine/448086902#b1=uZFVZXei1oWHGlL9uy6djw");
    assert_eq!(check(&bound), Binding::Fits);
    let mut back = Value::Object(bound);
    back["evidence"][0]["id"] = "https://cowin.gov.in/vaccine/448086902".into();
    assert_eq!(back, Value::Object(credential()));
}

#[test]
fn binding_again_changes_nothing() {
    let mut again = bound();
    bind(&mut again);
    assert_eq!(again, bound());
}

#[test]
fn an_id_with_a_fragment_of_its_own_keeps_it() {
    let mut value = Value::Object(credential());
    value["evidence"][0]["id"] = "https://x.example/#/certificates/1".into();
    let Value::Object(mut document) = value else { panic!("not an object") };
    bind(&mut document);
    let id = evidence_id(&document).unwrap();
    assert!(id.starts_with("https://x.example/#/certificates/1&b1="), "{id}");
    assert_eq!(check(&document), Binding::Fits);
}

#[test]
fn a_credential_without_our_fragment_has_no_binding() {
    assert_eq!(check(&credential()), Binding::Absent);
    for id in [
        json!("urn:x#b2=AAAAAAAAAAAAAAAAAAAAAA"),
        json!("urn:x#b1=AAAA"),
        json!("urn:x&b1=AAAAAAAAAAAAAAAAAAAAAA"),
        json!(1),
    ] {
        let mut value = Value::Object(credential());
        value["evidence"][0]["id"] = id;
        assert_eq!(check(value.as_object().unwrap()), Binding::Absent);
    }
}

#[test]
fn a_document_without_a_place_for_it_stays_as_it_is() {
    for evidence in [json!([]), json!({ "id": "urn:x" }), json!([{ "@id": "urn:x" }]), json!(null)] {
        let document = Map::from_iter([("evidence".to_owned(), evidence)]);
        let mut bound = document.clone();
        bind(&mut bound);
        assert_eq!(bound, document);
    }
}

#[test]
fn the_order_of_members_and_the_proof_do_not_matter() {
    let reversed: Map<String, Value> = bound().into_iter().rev().collect();
    assert_eq!(check(&reversed), Binding::Fits);
    assert_eq!(altered(|credential| credential["proof"] = json!(null)), Binding::Fits);
}

#[test]
fn any_other_change_breaks_it() {
    type Alteration = fn(&mut Value);
    let alterations: [Alteration; 6] = [
        |credential| credential["evidence"][0]["dose"] = json!(2),
        |credential| credential["evidence"][0]["dose"] = json!("1"),
        |credential| credential["credentialSubject"]["name"] = json!("x"),
        |credential| credential["credentialSubject"]["uhid"] = json!("77889950"),
        |credential| credential["@context"][1] = json!("https://divoc.dev/credentials/vaccination/v2"),
        |credential| credential["nonTransferable"] = json!(null),
    ];
    for (number, alteration) in alterations.into_iter().enumerate() {
        assert_eq!(altered(alteration), Binding::Broken, "alteration {number}");
    }
}

#[test]
fn a_fragment_that_was_moved_out_of_its_place_is_no_foreign_credential() {
    type Alteration = fn(&mut Value);
    let alterations: [Alteration; 4] = [
        |credential| credential["evidence"] = credential["evidence"][0].take(),
        |credential| credential["evidence"] = json!([credential["evidence"].take()]),
        |credential| credential["evidence"] = json!([null, credential["evidence"][0].take()]),
        |credential| {
            let id = credential["evidence"][0]["id"].take();
            credential["evidence"][0].as_object_mut().unwrap().remove("id");
            credential["evidence"][0]["@id"] = id;
        },
    ];
    for (number, alteration) in alterations.into_iter().enumerate() {
        assert_eq!(altered(alteration), Binding::Broken, "alteration {number}");
    }
}

#[test]
fn the_form_is_that_of_rfc_8785() {
    // From RFC 8785 § 3.2.2 and § 3.2.3 (names), its numbers within doubles.
    let value = json!({
        "numbers": [333_333_333.333_333_3, 1e30, 4.50, 2e-3, 0.000_000_000_000_000_000_000_000_001],
        "string": "\u{20ac}$\u{000F}\u{000a}A'\u{0042}\u{0022}\u{005c}\\\"/",
        "literals": [null, true, false],
        "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh", "1": "One",
        "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis",
    });
    let mut form = String::new();
    write(&value, &mut form);
    let expected = concat!(
        r#"{"\r":"Carriage Return","1":"One","literals":[null,true,false],"#,
        r#""numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/","#,
        "\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",",
        "\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
    );
    assert_eq!(form, expected);
}
