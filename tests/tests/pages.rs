//! Pages, from outside: language, kind and format are the caller's to choose; what cannot be is told; a picture is made once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use credential::{
    Signed,
    qr::{Form, Payload, Symbol},
};
use document::{Kind, Look, Page};
use serde_json::{Value, json};
use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
};
use tests::{Answer, Service, people, pixels::Picture, service::Shelf};

/// A complete course of one dose, certified with date of birth.
fn traveller() -> Value {
    let events: Value = serde_json::from_str(include_str!("../../events/certify/international.json")).unwrap();
    events.as_array().unwrap().last().unwrap().clone()
}

async fn service_with(schema: &str, event: Value) -> (Service, String) {
    let service = Service::start().await;
    let path = certified(&service, schema, event).await;
    (service, path)
}

/// Certifies the event; gives where its page is.
async fn certified(service: &Service, schema: &str, event: Value) -> String {
    let code = event["preEnrollmentCode"].as_str().unwrap().to_owned();
    let answer = service.client.certify(schema, &json!([event])).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    format!("/certificate/api/certificatePDF/{code}")
}

async fn get(service: &Service, path: &str) -> Answer {
    service.client.get(path, "fetcher").await.unwrap()
}

#[tokio::test]
async fn each_language_layout_kind_and_format_is_a_document_of_its_own() {
    let (service, path) = service_with("v3", traveller()).await;
    let mut bodies = Vec::new();
    for query in [
        "",
        "?language=TAM",
        "?language=ur",
        "?layout=single",
        "?type=ddcc",
        "?type=card",
        "?format=svg",
        "?format=png",
        "?format=png&density=36",
    ] {
        let answer = get(&service, &format!("{path}{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        let (kind, start, extension) = match query {
            _ if query.contains("svg") => ("image/svg+xml", b"<svg".as_slice(), "svg"),
            _ if query.contains("png") => ("image/png", b"\x89PNG".as_slice(), "png"),
            _ => ("application/pdf", b"%PDF".as_slice(), "pdf"),
        };
        assert_eq!(answer.header("content-type"), kind, "{query}");
        assert!(answer.body.starts_with(start), "{query}");
        assert!(answer.header("content-disposition").ends_with(&format!(".{extension}\"")), "{query}");
        assert!(!bodies.contains(&answer.body), "{query} is like another");
        bodies.push(answer.body);
    }
    // The same language under another name, the same kind by another route.
    assert_eq!(get(&service, &format!("{path}?language=ta-IN")).await.body, bodies[1]);
    let code = path.rsplit('/').next().unwrap();
    assert_eq!(get(&service, &format!("/cert/api/v3/ddcc/certificatePDF/{code}")).await.body, bodies[4]);
    assert_eq!(get(&service, &format!("/cert/api/v2/certificatePDF/{code}")).await.body, bodies[0]);
}

#[tokio::test]
async fn what_cannot_be_printed_is_told() {
    let (service, path) = service_with("v1", people::event(1, 1)).await;
    for (query, told) in [
        ("language=tlh", "one of en, as, bn"),
        ("language=fr", "one of en, as, bn"),
        ("type=passport", "domestic, international"),
        ("layout=triple", "bilingual or single"),
        ("format=docx", "pdf, svg or png"),
        ("format=png&density=9999", "36 to 300 dots"),
        ("density=many", "query"),
    ] {
        let answer = get(&service, &format!("{path}?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{query}");
        assert!(answer.text().contains(told), "{query}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_page_for_travel_needs_a_complete_course_and_a_date_of_birth() {
    let refused = async |schema: &str, event: Value| {
        let (service, path) = service_with(schema, event).await;
        get(&service, &format!("{path}?type=international")).await
    };
    let domestic = refused("v1", people::event(1, 1)).await;
    assert_eq!((domestic.status, domestic.text().contains("complete course")), (400, true), "{}", domestic.text());
    let mut incomplete = traveller();
    incomplete["vaccination"]["dose"] = json!(1);
    incomplete["vaccination"]["totalDoses"] = json!(2);
    assert_eq!(refused("v3", incomplete).await.status, 400);
}

#[tokio::test]
async fn of_those_who_ask_at_once_one_makes_the_picture() {
    let shelf = Arc::new(Shelf::default());
    let files = shelf.clone();
    let service = Service::with(move |app| app.files = files).await;
    let path = certified(&service, "v1", people::event(1, 1)).await;
    let asked: Vec<_> = (0..16)
        .map(|_| {
            let (client, path) = (service.client.clone(), path.clone());
            tokio::spawn(async move { client.get(&path, "fetcher").await.unwrap() })
        })
        .collect();
    let mut bodies = Vec::new();
    for answer in asked {
        bodies.push(answer.await.unwrap().body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    assert_eq!(shelf.written.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn who_is_second_of_two_processes_gives_the_firsts_picture() {
    let shelf = Arc::new(Shelf::behind(b"%PDF-another"));
    let service = Service::with(move |app| app.files = shelf).await;
    let path = certified(&service, "v1", people::event(1, 1)).await;
    assert_eq!(get(&service, &path).await.body, b"%PDF-another");
}

/// Every language of every template on one sheet. `UPDATE_GOLDEN=1` writes it anew: look at it before it is committed.
#[test]
fn every_language_looks_as_it_did() {
    let credential = include_str!("../vectors/rsa/v1_did_subject/signed.json");
    let signed = Signed::from_stored(credential.to_owned());
    let (mut facts, symbol) = (signed.facts(), Symbol::of(&Payload::of(&signed, Form::Utf8).unwrap()));
    // The vector's own dose and total are empty.
    (facts.evidence[0].dose, facts.evidence[0].total_doses) = (1, 2);
    let page = Page { certificate: &facts, history: &[], symbol: &symbol, credential };
    let fonts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fonts/ttf");
    let mut pages = Vec::new();
    for template in document::TEMPLATES {
        let printer = aws::printer(&fonts, template).unwrap();
        printer.check().unwrap_or_else(|fault| panic!("{template}: {fault}"));
        for language in printer.languages() {
            let look = Look { kind: Kind::Domestic, language, bilingual: false };
            pages.push(Picture::read(&printer.png(&page, &look, 36).unwrap()).unwrap().grey());
        }
    }
    let sheet = Picture::sheet(&pages, 8);
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/pages/languages.png");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(file, sheet.png().unwrap()).unwrap();
    }
    let golden = Picture::read(&std::fs::read(file).unwrap()).unwrap();
    let changed = sheet.difference(&golden, 32);
    assert!(changed < 0.001, "{changed:.4} of the dots changed: look at the pages, then UPDATE_GOLDEN=1");
}

/// Every kind of page of every template, in its languages: what a template's author would find out by looking.
#[test]
fn every_template_prints_every_kind() {
    let credential = include_str!("../vectors/rsa/v1_did_subject/signed.json");
    let signed = Signed::from_stored(credential.to_owned());
    let (facts, symbol) = (signed.facts(), Symbol::of(&Payload::of(&signed, Form::Utf8).unwrap()));
    let page = Page { certificate: &facts, history: &[], symbol: &symbol, credential };
    let fonts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fonts/ttf");
    for template in document::TEMPLATES {
        let printer = aws::printer(&fonts, template).unwrap();
        let language = printer.language(None, &facts).unwrap();
        for kind in [Kind::Domestic, Kind::International, Kind::Test, Kind::Card] {
            let pdf = printer.pdf(&page, &Look { kind, language, bilingual: true }).unwrap();
            assert!(pdf.len() < 120_000, "{template} {kind:?}: {} bytes", pdf.len());
        }
    }
}
