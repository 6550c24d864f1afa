//! What a QR code costs, step by step. Run with: `cargo bench -p credential --bench qr`.

use credential::{
    Signed,
    qr::{Form, Payload, Symbol, read},
};
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

/// A stored credential of usual size: version 33 in DIVOC's form, version 27 in raw form.
fn stored() -> Signed {
    Signed::from_stored(include_str!("../../../tests/vectors/rsa/v1_did_subject/signed.json").to_owned())
}

/// Nothing is timed if the credential should one day not fit: `None` is quick to see in the figures.
fn symbol(form: Form) -> Option<Symbol> {
    Payload::of(&stored(), form).ok().map(|payload| Symbol::of(&payload))
}

const FORMS: [Form; 2] = [Form::Utf8, Form::Raw];

#[divan::bench(args = FORMS)]
fn payload(bencher: Bencher, form: Form) {
    let credential = stored();
    bencher.bench(|| Payload::of(black_box(&credential), form));
}

#[divan::bench(args = FORMS)]
fn estimate(bencher: Bencher, form: Form) {
    let credential = stored();
    bencher.bench(|| Payload::estimate(black_box(credential.as_str()), "did:india", 256, form));
}

#[divan::bench(args = FORMS)]
fn symbol_of_payload(bencher: Bencher, form: Form) {
    let payload = Payload::of(&stored(), form).ok();
    bencher.bench(|| payload.as_ref().map(Symbol::of));
}

#[divan::bench(args = [1, 2, 4, 8])]
fn png_of_symbol(bencher: Bencher, scale: u32) {
    let symbol = symbol(Form::Utf8);
    bencher.bench(|| symbol.as_ref().map(|symbol| symbol.png(scale, 4)));
}

#[divan::bench]
fn svg_of_symbol(bencher: Bencher) {
    let symbol = symbol(Form::Utf8);
    bencher.bench(|| symbol.as_ref().map(|symbol| symbol.svg(300, 4)));
}

#[divan::bench(args = FORMS)]
fn png_of_stored_credential(bencher: Bencher, form: Form) {
    let credential = stored();
    bencher.bench(|| Payload::of(black_box(&credential), form).map(|payload| Symbol::of(&payload).png(4, 4)));
}

#[divan::bench(args = FORMS)]
fn read_of_payload(bencher: Bencher, form: Form) {
    let payload = Payload::of(&stored(), form).ok();
    bencher.bench(|| payload.as_ref().map(|payload| read(payload.bytes())));
}
