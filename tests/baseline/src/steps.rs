//! Our steps: those of `baseline.js` with the same names, and the PDF.

use crate::clock::Step;
use anyhow::Context as _;
use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PSS_SHA256, RsaKeyPair},
};
use credential::{
    PublicKey, Signed, Suite, Unsigned, VerificationMethod, binding,
    qr::{Form, Payload, Symbol},
    verify,
};
use document::{File, Kind, Look, Page, Printer};
use serde_json::{Map, Value};
use std::{fs, sync::Arc};
use time::{OffsetDateTime, macros::datetime};

pub(crate) const BARE: &str = "bare RSA signature";
pub(crate) const SIGN: &str = "sign";
pub(crate) const VERIFY: &str = "verify";
pub(crate) const QR: &str = "QR PNG";
pub(crate) const PDF: &str = "PDF with QR";

/// The steps, each tried once: what is measured must work.
pub(crate) fn steps() -> anyhow::Result<Vec<Step>> {
    let key = Arc::new(RsaKeyPair::generate(KeySize::Rsa2048)?);
    let unsigned: Map<String, Value> = serde_json::from_str(UNSIGNED)?;
    let stored = Signed::from_stored(STORED.trim().to_owned());
    let printer = printer()?;

    let signed = sign(&key, unsigned.clone())?;
    let methods = [VerificationMethod::new(METHOD, public_key(&key)?)];
    verify(signed.as_str(), &methods)?;
    qr(&stored)?;
    pdf(&printer, &stored)?;

    let bare = {
        let key = Arc::clone(&key);
        move || rsa(&key, &[0; 121]).map_or(0, |signature| signature.len())
    };
    Ok(vec![
        step(BARE, 100, bare),
        step(SIGN, 100, move || sign(&key, unsigned.clone()).map_or(0, |signed| signed.as_str().len())),
        step(VERIFY, 200, move || verify(signed.as_str(), &methods).map_or(0, |_| 1)),
        step(QR, 10, {
            let stored = stored.clone();
            move || qr(&stored).map_or(0, |png| png.len())
        }),
        step(PDF, 5, move || pdf(&printer, &stored).map_or(0, |pdf| pdf.len())),
    ])
}

fn step(name: &'static str, calls: u32, run: impl FnMut() -> usize + 'static) -> Step {
    Step { name, calls, run: Box::new(run) }
}

/// As the service signs: binding digest, canonical form, hashes, RSA, JSON as stored.
fn sign(key: &RsaKeyPair, mut document: Map<String, Value>) -> anyhow::Result<Signed> {
    binding::bind(&mut document);
    let prepared = Unsigned::new(document).prepare(Suite::Ps256, METHOD, CREATED)?;
    let signature = rsa(key, prepared.signing_input())?;
    Ok(prepared.seal(&signature)?)
}

/// The part of signing that no implementation can spare: RSASSA-PSS over the signing input, which always has 121 bytes.
fn rsa(key: &RsaKeyPair, message: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature)?;
    Ok(signature)
}

/// DIVOC's payload at DIVOC's size: two dots a module, a margin of four modules.
fn qr(credential: &Signed) -> anyhow::Result<Vec<u8>> {
    Ok(Symbol::of(&Payload::of(credential, Form::Utf8)?).png(2, 4))
}

/// From the stored text: its facts, its QR code, the page.
fn pdf(printer: &Printer, credential: &Signed) -> anyhow::Result<Vec<u8>> {
    let facts = [credential.facts()];
    let [certificate] = &facts;
    let symbol = Symbol::of(&Payload::of(credential, Form::Utf8)?);
    let page = Page { certificate, history: &facts, symbol: &symbol, credential: credential.as_str() };
    Ok(printer.pdf(&page, &Look { kind: Kind::Domestic, language: "hi", bilingual: true })?)
}

fn public_key(key: &RsaKeyPair) -> anyhow::Result<PublicKey> {
    let der: PublicKeyX509Der = key.public_key().as_der()?;
    Ok(PublicKey::from_der(der.as_ref())?)
}

fn printer() -> anyhow::Result<Printer> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fonts/ttf");
    let mut fonts = Vec::new();
    for file in fs::read_dir(folder).context("no fonts: run `make fonts`")? {
        let file = file?;
        let font: File = (file.file_name().to_string_lossy().into_owned(), Arc::new(fs::read(file.path())?));
        fonts.push(font);
    }
    let template = document::template("india").context("no template")?;
    Ok(Printer::new(&template, &fonts)?)
}

const METHOD: &str = "did:india";
const CREATED: OffsetDateTime = datetime!(2026-11-21 20:15:50 UTC);
const UNSIGNED: &str = include_str!("../../vectors/rsa/v1_did_subject/input.json");
const STORED: &str = include_str!("../../vectors/rsa/v1_did_subject/signed.json");
