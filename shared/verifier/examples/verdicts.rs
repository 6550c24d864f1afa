//! Writes `tests/vectors/verdicts/verdicts.jsonl`: what is shown, whom the verifier trusts, and the report that must come out, on any platform.
//!
//! `cargo run -p verifier --example verdicts`. The keys are made of fixed seeds and Ed25519 has no randomness, so the same source writes the same file.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "a generator that cannot go on stops")]

use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use credential::{
    CertificateId, Life, Position, PublicKey, Purpose, RevocationList, Signed, Status, Suite, Unsigned,
    VerificationMethod, binding, keys,
    qr::{Form, Payload, Symbol},
    revocations::status_method,
};
use serde_json::{Map, Value, json};
use std::{fs, io::Write as _};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339, macros::datetime};
use verifier::{Report, Trust, judge, read};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors");
const DID: &str = "did:example:health";
const SIGNED_AT: OffsetDateTime = datetime!(2026-11-21 20:15:50 UTC);
const NOW: OffsetDateTime = datetime!(2026-11-25 12:00 UTC);

fn main() {
    let mut corpus = Corpus { trusts: Map::new(), lines: String::new() };
    let issuer = Issuer::new();
    issuer.trusts(&mut corpus);
    corpus.divoc();
    corpus.own(&issuer);
    corpus.statuses(&issuer);
    corpus.alterations(&issuer);
    corpus.shapes(&issuer);
    corpus.containers(&issuer);
    let trusts = serde_json::to_string_pretty(&corpus.trusts).expect("JSON");
    fs::write(format!("{VECTORS}/verdicts/trusts.json"), trusts + "\n").expect("a writable folder");
    fs::write(format!("{VECTORS}/verdicts/verdicts.jsonl"), &corpus.lines).expect("a writable folder");
}

/// What was written so far.
struct Corpus {
    trusts: Map<String, Value>,
    lines: String,
}

impl Corpus {
    fn trust(&mut self, name: &str, methods: &[VerificationMethod], list: Option<&str>) {
        let document = keys::did_document(DID, methods).to_string();
        self.trusts.insert(name.to_owned(), json!({ "didDocument": document, "list": list }));
    }

    fn shown(&mut self, name: &str, trust: &str, bytes: &[u8]) {
        self.shown_at(name, trust, bytes, NOW);
    }

    fn shown_at(&mut self, name: &str, trust: &str, bytes: &[u8], now: OffsetDateTime) {
        let shown = std::str::from_utf8(bytes)
            .map_or_else(|_| json!({ "base64": BASE64_STANDARD.encode(bytes) }), |text| json!({ "text": text }));
        self.record(name, trust, bytes, &shown, now);
    }

    fn record(&mut self, name: &str, trust: &str, bytes: &[u8], shown: &Value, now: OffsetDateTime) {
        let believed = opened(&self.trusts[trust]);
        let report = match read(bytes) {
            Ok(reading) => judge(&reading.json, &believed, now),
            Err(why) => Report::unreadable(&why),
        };
        let now = now.format(&Rfc3339).expect("a year with four digits");
        let line = json!({ "name": name, "trust": trust, "now": now, "shown": shown, "report": report });
        self.lines.push_str(&line.to_string());
        self.lines.push('\n');
    }

    /// DIVOC's own: signed by its code, bound by nothing.
    fn divoc(&mut self) {
        let method =
            |path: &str| vec![VerificationMethod::new("did:india", PublicKey::from_pem(&vector(path)).expect("a key"))];
        for (trust, path) in [
            ("divoc-rsa", "keys/rsa2048.public.pem"),
            ("divoc-dev", "divoc/dev_public.pem"),
            ("divoc-ed25519", "keys/ed25519.public.pem"),
            ("p256", "ecdsa/p256/p256.public.pem"),
            ("secp256k1", "ecdsa/secp256k1/secp256k1.public.pem"),
        ] {
            self.trust(trust, &method(path), None);
        }
        for (trust, path) in [
            ("divoc-rsa", "rsa/v1_did_subject/signed.json"),
            ("divoc-rsa", "rsa/v2_did_subject/signed.json"),
            ("divoc-rsa", "rsa/hard_strings/signed.json"),
            ("divoc-rsa", "rsa/seed_no_dob/signed.json"),
            ("divoc-dev", "divoc/sample_rsa.json"),
            ("divoc-dev", "divoc/v2_signed.json"),
            ("divoc-ed25519", "ed25519/v1_did_subject/signed.json"),
            ("p256", "ecdsa/p256/signed.json"),
            ("secp256k1", "ecdsa/secp256k1/signed.json"),
        ] {
            self.shown(path, trust, vector(path).as_bytes());
        }
        self.shown(
            "rsa/v1_did_subject under another key",
            "divoc-dev",
            vector("rsa/v1_did_subject/signed.json").as_bytes(),
        );
        let signed: Value = serde_json::from_str(&vector("rsa/v1_did_subject/signed.json")).expect("JSON");
        for (name, other) in SWAPS {
            let text = swapped(&signed, name, other).to_string();
            self.shown(&format!("unbound, {name} and {other} exchanged"), "divoc-rsa", text.as_bytes());
        }
    }

    fn own(&mut self, issuer: &Issuer) {
        for (name, document) in [("vaccination", document(1)), ("test", test(1))] {
            let signed = issuer.sign(document);
            self.shown(&format!("own {name}"), "own", signed.as_bytes());
            self.shown(&format!("own {name}, no list"), "own-without-list", signed.as_bytes());
            self.shown(&format!("own {name}, nobody trusted"), "divoc-rsa", signed.as_bytes());
        }
        let signed = issuer.sign(document(1));
        self.shown("own, key not in use then", "own-later", signed.as_bytes());
        self.shown("own, key compromised", "own-compromised", signed.as_bytes());
        let unbound = issuer.seal(document(1));
        self.shown("own key, without binding digest", "own", unbound.as_bytes());
    }

    fn statuses(&mut self, issuer: &Issuer) {
        for (name, number) in [("revoked", REVOKED), ("suspended", SUSPENDED), ("superseded", SUPERSEDED)] {
            self.shown(&format!("own, {name}"), "own", issuer.sign(document(number)).as_bytes());
        }
        let suspended = issuer.sign(document(SUSPENDED));
        self.shown_at("own, suspension over, list stale", "own", suspended.as_bytes(), NOW + Duration::days(30));
        let mut hidden = document(REVOKED);
        let evidence = hidden["evidence"][0].as_object_mut().expect("an object");
        let (id, batch) = (evidence["certificateId"].take(), evidence["batch"].take());
        evidence["certificateId"] = batch;
        evidence["batch"] = id;
        self.shown("unbound, revoked id hidden as batch", "own", issuer.seal(hidden).as_bytes());
    }

    /// Every member changed, taken away and exchanged.
    fn alterations(&mut self, issuer: &Issuer) {
        for (kind, document) in [("vaccination", document(1)), ("test", test(1))] {
            let signed: Value = serde_json::from_str(&issuer.sign(document)).expect("JSON");
            let mut places = Vec::new();
            leaves(&signed, String::new(), &mut places);
            for place in places {
                let mut changed = signed.clone();
                let member = changed.pointer_mut(&place).expect("a place");
                *member = match &*member {
                    Value::Number(number) => json!(number.as_u64().unwrap_or_default() + 1),
                    Value::String(text) => json!(format!("{text}x")),
                    other => other.clone(),
                };
                self.shown(&format!("own {kind}, {place} changed"), "own", changed.to_string().as_bytes());
                let mut lacking = signed.clone();
                let (parent, name) = place.rsplit_once('/').expect("a pointer");
                match lacking.pointer_mut(parent) {
                    Some(Value::Object(members)) => drop(members.shift_remove(name)),
                    Some(Value::Array(items)) => drop(items.remove(name.parse().expect("an index"))),
                    _ => {}
                }
                self.shown(&format!("own {kind}, {place} taken away"), "own", lacking.to_string().as_bytes());
            }
            for (name, other) in if kind == "test" { &SWAPS_OF_TESTS[..] } else { &SWAPS[..] } {
                let text = swapped(&signed, name, other).to_string();
                self.shown(&format!("own {kind}, {name} and {other} exchanged"), "own", text.as_bytes());
            }
        }
    }

    /// What is no credential, or signed in another way.
    fn shapes(&mut self, issuer: &Issuer) {
        let signed = issuer.sign(document(1));
        let value: Value = serde_json::from_str(&signed).expect("JSON");
        let with = |change: &dyn Fn(&mut Value)| {
            let mut changed = value.clone();
            change(&mut changed);
            changed.to_string()
        };
        let shapes = [
            ("empty", String::new()),
            ("not JSON", signed.trim_end_matches('}').to_owned()),
            ("not an object", "[]".to_owned()),
            ("nested too deep", format!("{{\"a\":{}", "[".repeat(20_000))),
            ("too long", format!("{{\"a\":\"{}\"}}", "x".repeat(70_000))),
            ("a member twice", signed.replacen("\"issuer\":", "\"issuer\":\"https://x.example/\",\"issuer\":", 1)),
            ("no proof", with(&|value| drop(value.as_object_mut().and_then(|value| value.shift_remove("proof"))))),
            ("two proofs", with(&|value| value["proof"] = json!([value["proof"], value["proof"]]))),
            ("five proofs", with(&|value| value["proof"] = json!(vec![value["proof"].clone(); 5]))),
            (
                "a good proof beside one of another suite",
                with(&|value| {
                    let mut other = value["proof"].clone();
                    other["type"] = json!("JsonWebSignature2020");
                    value["proof"] = json!([other, value["proof"]]);
                }),
            ),
            ("a proof that is a text", with(&|value| value["proof"] = json!("x"))),
            ("a member with a keyword", with(&|value| value["evidence"][0]["verifier"] = json!({ "@value": "x" }))),
            ("unknown suite", with(&|value| value["proof"]["type"] = json!("JsonWebSignature2020"))),
            ("another purpose", with(&|value| value["proof"]["proofPurpose"] = json!("authentication"))),
            (
                "broken base64",
                with(&|value| {
                    value["proof"]["jws"] = json!(value["proof"]["jws"].as_str().map(|jws| jws.replace("..", "..!")));
                }),
            ),
            ("a proof with a nonce", with(&|value| value["proof"]["nonce"] = json!("1"))),
            (
                "a proof without time",
                with(&|value| drop(value["proof"].as_object_mut().and_then(|proof| proof.shift_remove("created")))),
            ),
            ("foreign context", with(&|value| value["@context"][1] = json!("https://example.org/credentials/v1"))),
            (
                "context of another kind",
                with(&|value| value["@context"][1] = json!("https://cowin.gov.in/credentials/testCertificate/v1")),
            ),
            (
                "context under another host",
                with(&|value| value["@context"][1] = json!("https://divoc.dev/credentials/vaccination/v2")),
            ),
            ("an undefined member", with(&|value| value["evidence"][0]["remark"] = json!("x"))),
            ("health certificate of the EU", "HC1:NCFOXN%TS3DH3ZSUZK+.V0ETD%65NL-AH".to_owned()),
            ("a link", "https://example.org/".to_owned()),
        ];
        for (name, text) in shapes {
            self.shown(name, "own", text.as_bytes());
        }
        let mut two = document(1);
        let second = two["evidence"][0].clone();
        two["evidence"].as_array_mut().expect("a list").push(second);
        two["evidence"][1]["id"] = json!("https://health.example/vaccination/2");
        self.shown("signed, with two vaccinations", "own", issuer.sign(two).as_bytes());
        let mut names = document(1);
        names["credentialSubject"]["name"] = json!(["Asha", "Usha"]);
        self.shown("signed, with two names", "own", issuer.sign(names).as_bytes());
        let mut relative = document(1);
        relative["credentialSubject"]["id"] = json!("19882120590");
        let mut relative = Value::Object(relative);
        relative["proof"] = value["proof"].clone();
        self.shown("a subject without absolute IRI", "own", relative.to_string().as_bytes());
    }

    /// The same certificate in everything that may hold it.
    fn containers(&mut self, issuer: &Issuer) {
        let signed = Signed::from_stored(issuer.sign(document(1)));
        let other = Signed::from_stored(issuer.sign(document(2)));
        for (name, form) in [("UTF-8", Form::Utf8), ("raw", Form::Raw)] {
            let payload = Payload::of(&signed, form).expect("it fits");
            self.shown(&format!("content of a QR code, {name}"), "own", payload.bytes());
            self.shown(&format!("PNG, {name}"), "own", &Symbol::of(&payload).png(2, 4));
        }
        let picture = |signed| Symbol::of(&Payload::of(signed, Form::Raw).expect("it fits")).png(2, 4);
        let packed = packed(signed.as_str().as_bytes());
        let attached = ("/Type/EmbeddedFile/Filter/FlateDecode", packed.as_slice());
        let second = ("/Type /EmbeddedFile", other.as_str().as_bytes());
        self.shown("PDF, attached", "own", &pdf(&[attached]));
        self.shown("PDF, two certificates attached", "own", &pdf(&[attached, second]));
        self.shown("PDF, one certificate attached twice", "own", &pdf(&[attached, attached]));
        let (width, height, rgb, rows) = samples(&picture(&signed));
        let sides = format!(
            "/Subtype /Image /Width {width} /Height {height} /BitsPerComponent 8 /ColorSpace 9 0 R /Filter /FlateDecode"
        );
        self.shown("PDF, picture in RGB", "own", &pdf(&[(&sides, &rgb)]));
        self.shown(
            "PDF, picture with predictors",
            "own",
            &pdf(&[(&format!("{sides} /DecodeParms << /Predictor 15 >>"), &rows)]),
        );
        self.shown("PDF without certificate", "own", &pdf(&[("/Type /Metadata", b"<x/>")]));
        self.shown("PDF, encrypted", "own", b"%PDF-1.7\ntrailer << /Encrypt 5 0 R >>\n%%EOF");
        self.shown("PNG, cut off", "own", &picture(&signed)[..900]);
        self.shown("PNG of one pixel", "own", &one_pixel());
        self.shown("PNG with more pixels than are read", "own", &announced(60_000, 60_000));
        let mut names: Vec<_> = fs::read_dir(format!("{VECTORS}/verdicts/pictures"))
            .expect("pictures")
            .map(|entry| entry.expect("an entry").path())
            .collect();
        names.sort();
        for path in names {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let bytes = fs::read(&path).expect("a picture");
            self.record(
                &format!("picture {name}"),
                "divoc-rsa",
                &bytes,
                &json!({ "file": format!("pictures/{name}") }),
                NOW,
            );
        }
    }
}

const SWAPS: [(&str, &str); 6] = [
    ("effectiveStart", "effectiveUntil"),
    ("date", "effectiveStart"),
    ("batch", "vaccine"),
    ("manufacturer", "certificateId"),
    ("dose", "totalDoses"),
    ("batch", "certificateId"),
];
const SWAPS_OF_TESTS: [(&str, &str); 5] = [
    ("sampleCollectionTimestamp", "resultTimestamp"),
    ("result", "sampleOrigin"),
    ("testType", "disease"),
    ("batch", "certificateId"),
    ("manufacturer", "result"),
];
const REVOKED: u64 = 1_000;
const SUSPENDED: u64 = 1_001;
const SUPERSEDED: u64 = 1_002;

/// An issuer whose keys anyone can make again.
struct Issuer {
    pair: Ed25519KeyPair,
    status: Ed25519KeyPair,
}

impl Issuer {
    fn new() -> Self {
        let pair = |seed| Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).expect("a seed of 32 bytes");
        Self { pair: pair(7), status: pair(8) }
    }

    fn trusts(&self, corpus: &mut Corpus) {
        let own = VerificationMethod::new(DID, public(&self.pair));
        let status = VerificationMethod {
            purpose: Purpose::StatusLists,
            ..VerificationMethod::new(status_method(DID), public(&self.status))
        };
        let id = |number| id(number);
        let first = RevocationList::first(DID, NOW - Duration::days(2), NOW - Duration::days(1));
        let (revoked, suspended, superseded) = (id(REVOKED), id(SUSPENDED), id(SUPERSEDED));
        let changes = [
            (&revoked, Status::Revoked),
            (&suspended, Status::Suspended { until: NOW + Duration::days(7) }),
            (&superseded, Status::Superseded),
        ];
        let list = first.next(changes, NOW - Duration::hours(1), NOW + Duration::hours(23));
        let prepared = list.prepare(&status.key);
        let signature = self.status.sign(prepared.signing_input());
        let list = prepared.seal(signature.as_ref()).expect("64 bytes");
        let keys = [own.clone(), status];
        corpus.trust("own", &keys, Some(&list));
        corpus.trust("own-without-list", &keys, None);
        let life = Life { from: Some(SIGNED_AT + Duration::days(1)), ..Life::default() };
        corpus.trust("own-later", &[VerificationMethod { life, ..own.clone() }], None);
        let life = Life { compromised: Some(SIGNED_AT), ..Life::default() };
        corpus.trust("own-compromised", &[VerificationMethod { life, ..own }], None);
    }

    /// Bound and signed.
    fn sign(&self, mut document: Map<String, Value>) -> String {
        binding::bind(&mut document);
        self.seal(document)
    }

    /// Signed as it is.
    fn seal(&self, document: Map<String, Value>) -> String {
        let prepared = Unsigned::new(document).prepare(Suite::Ed25519, DID, SIGNED_AT).expect("canonical");
        let signature = self.pair.sign(prepared.signing_input());
        prepared.seal(signature.as_ref()).expect("64 bytes").as_str().to_owned()
    }
}

fn public(pair: &Ed25519KeyPair) -> PublicKey {
    let der: PublicKeyX509Der = pair.public_key().as_der().expect("a public key");
    PublicKey::from_der(der.as_ref()).expect("Ed25519")
}

fn id(number: u64) -> CertificateId {
    CertificateId::new(Position::new(number).expect("a position"), 1)
}

fn document(number: u64) -> Map<String, Value> {
    renamed("rsa/v2_did_subject/input.json", number)
}

fn test(number: u64) -> Map<String, Value> {
    renamed("test_certificate/input.json", number)
}

/// A vector under an id of ours.
fn renamed(path: &str, number: u64) -> Map<String, Value> {
    let mut document: Map<String, Value> = serde_json::from_str(&vector(path)).expect("JSON");
    let id = id(number);
    let evidence = &mut document["evidence"][0];
    evidence["certificateId"] = json!(id.as_str());
    evidence["id"] = json!(format!("https://health.example/vaccination/{}", id.as_str()));
    evidence["infoUrl"] = json!(format!("https://health.example/info?{}", id.as_str()));
    document
}

/// A trust as its text in the corpus.
fn opened(trust: &Value) -> Trust {
    let methods = keys::from_did_document(trust["didDocument"].as_str().expect("a text")).expect("keys");
    let list = trust["list"].as_str().map(|text| RevocationList::open(text, &methods).expect("a list"));
    Trust { methods, revocations: list, ..Trust::default() }
}

fn vector(path: &str) -> String {
    fs::read_to_string(format!("{VECTORS}/{path}")).expect(path)
}

fn swapped(credential: &Value, one: &str, other: &str) -> Value {
    let mut altered = credential.clone();
    let first = altered["evidence"][0].as_object_mut().expect("an object");
    let (a, b) = (first[one].take(), first[other].take());
    first[one] = b;
    first[other] = a;
    altered
}

fn leaves(value: &Value, pointer: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| leaves(value, format!("{pointer}/{name}"), places));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| leaves(value, format!("{pointer}/{at}"), places));
        }
        _ => places.push(pointer),
    }
}

fn packed(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

/// A PDF of bare streams.
fn pdf(streams: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = b"%PDF-1.7\n".to_vec();
    for (number, (dictionary, data)) in streams.iter().enumerate() {
        write!(bytes, "{} 0 obj\n<< {dictionary} /Length {} >>\nstream\r\n", number + 1, data.len()).expect("memory");
        bytes.extend(*data);
        bytes.extend(b"\nendstream\nendobj\n");
    }
    bytes.extend(b"trailer << /Size 1 >>\n%%EOF\n");
    bytes
}

/// A picture's samples as RGB, bare and with PNG's predictor "up" before each row, both packed.
fn samples(picture: &[u8]) -> (u32, u32, Vec<u8>, Vec<u8>) {
    let mut decoder = png::Decoder::new(std::io::Cursor::new(picture));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().expect("a PNG");
    let (width, height) = (reader.info().width, reader.info().height);
    let (mut rgb, mut rows) = (Vec::new(), Vec::new());
    let mut above = Vec::new();
    while let Some(row) = reader.next_row().expect("a row") {
        let row: Vec<u8> = row.data().iter().flat_map(|grey| [*grey; 3]).collect();
        above.resize(row.len(), 0);
        rows.push(2);
        rows.extend(row.iter().zip(&above).map(|(here, above): (&u8, &u8)| here.wrapping_sub(*above)));
        rgb.extend(&row);
        above = row;
    }
    (width, height, packed(&rgb), packed(&rows))
}

fn one_pixel() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&[0])).expect("memory");
    bytes
}

/// A PNG that announces that size and holds nothing.
fn announced(width: u32, height: u32) -> Vec<u8> {
    let header = [&b"IHDR"[..], &width.to_be_bytes(), &height.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let mut crc = flate2::Crc::new();
    crc.update(&header);
    [&b"\x89PNG\r\n\x1a\n\0\0\0\x0D"[..], &header, &crc.sum().to_be_bytes(), b"\0\0\0\0IEND\xAE\x42\x60\x82"].concat()
}
