//! What a certificate costs. Run with: `cargo bench -p document --bench pdf`, after `make fonts`.

use credential::{
    Facts, Signed,
    qr::{Form, Payload, Symbol},
};
use divan::{Bencher, black_box};
use document::{INDIA, Page, Printer};

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
        Some((path.file_name()?.to_str()?.to_owned(), std::fs::read(&path).ok()?))
    });
    Printer::new(INDIA, fonts.collect()).ok()
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
#[divan::bench(args = ["Asha Rao", "श्रीमती लक्ष्मी त्र्यंबकेश्वर कृष्णमूर्ति", "கிருஷ்ணமூர்த்தி ஸ்ரீனிவாசன்", "محمد عبداللہ خان قریشی"])]
fn page(bencher: Bencher, name: &str) {
    let (printer, symbol, facts) = (printer(), symbol(), named(name));
    let history = [named(name), named(name), named(name)];
    bencher.bench(|| {
        let page = Page { certificate: black_box(&facts), history: &history, symbol: symbol.as_ref()? };
        printer.as_ref()?.pdf(&page).ok()
    });
}

/// Once a process: reading the fonts from the disk, the template, the version.
#[divan::bench]
fn start() -> Option<Printer> {
    printer()
}
