//! What a verdict costs: `cargo bench -p verifier`.

#![expect(clippy::expect_used, reason = "a bench that cannot be set up stops")]

use credential::{PublicKey, VerificationMethod};
use divan::{Bencher, black_box};
use time::{OffsetDateTime, macros::datetime};
use verifier::{Trust, judge, read};

const SIGNED: &str = include_str!("../../../tests/vectors/rsa/v1_did_subject/signed.json");
const KEY: &str = include_str!("../../../tests/vectors/keys/rsa2048.public.pem");
const PICTURE: &[u8] = include_bytes!("../../../tests/vectors/qr/v1_did_subject.png");
const PHOTOGRAPH: &[u8] = include_bytes!("../../../tests/vectors/verdicts/pictures/photo-curve10.jpg");
const NOW: OffsetDateTime = datetime!(2026-11-25 12:00 UTC);

fn main() {
    divan::main();
}

#[divan::bench]
fn judge_rsa(bencher: Bencher) {
    let key = PublicKey::from_pem(KEY).expect("a key");
    let trust = Trust::new(vec![VerificationMethod::new("did:india", key)]);
    bencher.bench(|| judge(black_box(SIGNED), &trust, NOW));
}

#[divan::bench]
fn read_png_of_divoc() {
    read(black_box(PICTURE)).expect("a certificate");
}

#[divan::bench]
fn read_photograph() {
    read(black_box(PHOTOGRAPH)).expect("a certificate");
}
