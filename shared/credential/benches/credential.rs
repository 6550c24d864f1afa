//! What a certificate costs beside the bare RSA operation: `cargo bench -p credential`.

#![expect(clippy::expect_used, reason = "a bench that cannot be set up stops")]

use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PSS_SHA256, RsaKeyPair},
};
use credential::{Prepared, PublicKey, Signed, Suite, Unsigned, VerificationMethod, binding, canonical, verify};
use divan::{Bencher, black_box};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use time::{OffsetDateTime, macros::datetime};

const METHOD: &str = "did:india";
const CREATED: OffsetDateTime = datetime!(2026-11-21 20:15:50 UTC);

static KEY: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("an RSA key"));

fn main() {
    LazyLock::force(&KEY);
    divan::main();
}

fn document() -> Map<String, Value> {
    let text = include_str!("../../../tests/vectors/rsa/v2_did_subject/input.json");
    serde_json::from_str(text).expect("the vector is JSON")
}

fn prepare(document: Map<String, Value>) -> Prepared {
    Unsigned::new(document).prepare(Suite::Ps256, METHOD, CREATED).expect("the vector is canonical")
}

fn rsa(message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; 256];
    KEY.sign(&RSA_PSS_SHA256, &SystemRandom::new(), message, &mut signature).expect("a signature");
    signature
}

fn sign(mut document: Map<String, Value>) -> Signed {
    binding::bind(&mut document);
    let prepared = prepare(document);
    let signature = rsa(prepared.signing_input());
    prepared.seal(&signature).expect("an RSA-2048 signature has 256 bytes")
}

#[divan::bench]
fn canonicalise(bencher: Bencher) {
    let document = document();
    bencher.bench(|| canonical::canonicalise(black_box(&document)));
}

#[divan::bench]
fn bind(bencher: Bencher) {
    bencher.with_inputs(document).bench_refs(binding::bind);
}

#[divan::bench(name = "prepare")]
fn prepare_document(bencher: Bencher) {
    bencher.with_inputs(document).bench_values(prepare);
}

#[divan::bench]
fn seal(bencher: Bencher) {
    bencher.with_inputs(|| prepare(document())).bench_values(|prepared| prepared.seal(&[7; 256]));
}

#[divan::bench]
fn bare_rsa_signature(bencher: Bencher) {
    let prepared = prepare(document());
    bencher.bench(|| rsa(black_box(prepared.signing_input())));
}

#[divan::bench]
fn sign_whole(bencher: Bencher) {
    bencher.with_inputs(document).bench_values(sign);
}

#[divan::bench]
fn bare_rsa_verification(bencher: Bencher) {
    let message = prepare(document()).signing_input().to_vec();
    let (key, signature) = (public_key(), rsa(&message));
    bencher.bench(|| key.verifies(black_box(&message), &signature));
}

#[divan::bench]
fn verify_whole(bencher: Bencher) {
    let signed = sign(document());
    let methods = [VerificationMethod::new(METHOD, public_key())];
    bencher.bench(|| verify(black_box(signed.as_str()), &methods).map(|verified| verified.bound));
}

/// Graphs made to keep a canonicaliser busy for years: hubs that cannot be told apart, with neighbours that cannot either.
#[divan::bench(args = [9, 40, 1000])]
fn refuse_hard_graph(bencher: Bencher, neighbours: usize) {
    let hub = json!({ "type": "Vaccination", "verifier": vec![json!({}); neighbours] });
    let mut document = document();
    document.insert("evidence".to_owned(), json!(vec![hub; 4]));
    bencher.bench(|| canonical::canonicalise(black_box(&document)).expect_err("a bound"));
}

fn public_key() -> PublicKey {
    let der: PublicKeyX509Der = KEY.public_key().as_der().expect("a public key");
    PublicKey::from_der(der.as_ref()).expect("RSA-2048")
}
