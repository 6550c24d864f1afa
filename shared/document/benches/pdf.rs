//! What a certificate costs. Run with: `cargo bench -p document --bench pdf`, after `make fonts`.

use credential::{
    Facts, Signed,
    qr::{Form, Payload, Symbol},
};
use divan::{Bencher, black_box};
use document::{File, Kind, Look, Page, Printer};
use std::sync::Arc;

fn main() {
    divan::main();
}

/// A stored credential of usual size.
fn stored() -> Signed {
    Signed::from_stored(include_str!("../../../tests/vectors/rsa/v1_did_subject/signed.json").to_owned())
}

/// None without the fonts, or should the credential one day not fit: quick to see in the figures.
fn printer() -> Option<Printer> {
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../fonts/ttf")).ok()?;
    let fonts = files.filter_map(|file| {
        let path = file.ok()?.path();
        let font: File = (path.file_name()?.to_str()?.to_owned(), Arc::new(std::fs::read(&path).ok()?));
        Some(font)
    });
    Printer::new(&document::template("india")?, &fonts.collect::<Vec<_>>()).ok()
}

fn symbol() -> Option<Symbol> {
    Payload::of(&stored(), Form::Utf8).ok().map(|payload| Symbol::of(&payload))
}

fn named(name: &str) -> Facts {
    let mut facts = stored().facts();
    name.clone_into(&mut facts.credential_subject.name);
    facts
}

/// A whole page, warm; the QR symbol is made before.
#[divan::bench(args = ["en", "hi", "ta", "ml", "ur", "sat"])]
fn page(bencher: Bencher, language: &'static str) {
    let (printer, symbol, stored) = (printer(), symbol(), stored());
    let facts = named("Asha Rao");
    let history = [facts.clone(), facts.clone(), facts.clone()];
    let look = Look { kind: Kind::Domestic, language, bilingual: true };
    bencher.bench(|| {
        let (certificate, symbol) = (black_box(&facts), symbol.as_ref()?);
        let page = Page { certificate, history: &history, symbol, credential: stored.as_str() };
        printer.as_ref()?.pdf(&page, &look).ok()
    });
}

/// The first page of a process: the fonts are in memory, nothing else is ready.
#[divan::bench]
fn first_page(bencher: Bencher) {
    let (symbol, stored, facts) = (symbol(), stored(), named("Asha Rao"));
    let history = [facts.clone()];
    let look = Look { kind: Kind::Domestic, language: "hi", bilingual: true };
    bencher.bench(|| {
        let symbol = symbol.as_ref()?;
        let page = Page { certificate: &facts, history: &history, symbol, credential: stored.as_str() };
        printer()?.pdf(&page, &look).ok()
    });
}
