//! How large a revocation list is, and how long it takes to write and to read: `cargo run --release -p credential --example revocations`.
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use credential::{
    CertificateId, Position, PublicKey, RevocationList, Status, VerificationMethod, revocations::status_method,
};
use flate2::{Compression, write::GzEncoder};
use std::{collections::BTreeSet, io::Write, time::Instant};
use time::macros::datetime;

fn main() {
    println!(
        "{:>13} {:>9} {:>11} {:>11} {:>9} {:>9}",
        "certificates", "entries", "bytes", "with gzip", "write ms", "read ms"
    );
    for (certificates, entries) in [
        (1_000_000, 1_000),
        (100_000_000, 10_000),
        (100_000_000, 100_000),
        (100_000_000, 1_000_000),
        (1_900_000_000, 1_900_000),
    ] {
        measure(certificates, entries);
    }
}

fn measure(certificates: u64, entries: usize) {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let der: PublicKeyX509Der = pair.public_key().as_der().unwrap();
    let method = VerificationMethod::new(status_method("did:india"), PublicKey::from_der(der.as_ref()).unwrap());
    let (now, tomorrow) = (datetime!(2026-11-25 10:00 UTC), datetime!(2026-11-26 10:00 UTC));
    let ids: Vec<_> = places(certificates, entries).into_iter().map(|place| CertificateId::new(place, 0)).collect();
    // One in four was corrected.
    let statuses = [Status::Revoked, Status::Revoked, Status::Superseded, Status::Revoked].into_iter().cycle();
    let list = RevocationList::first("did:india", now, tomorrow).next(ids.iter().zip(statuses), now, tomorrow);

    let started = Instant::now();
    let prepared = list.prepare(&method.key);
    let signature = pair.sign(&SystemRandom::new(), prepared.signing_input()).unwrap();
    let text = prepared.seal(signature.as_ref()).unwrap();
    let written = started.elapsed().as_millis();
    let started = Instant::now();
    let read = RevocationList::open(&text, &[method]).unwrap();
    let reading = started.elapsed().as_millis();
    assert!(read == list, "it was read as it was written");
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(text.as_bytes()).unwrap();
    let zipped = gzip.finish().unwrap().len();
    println!("{certificates:>13} {entries:>9} {:>11} {zipped:>11} {written:>9} {reading:>9}", text.len());
}

/// Distinct places at random.
fn places(certificates: u64, entries: usize) -> BTreeSet<Position> {
    let mut state = 1_u64;
    let mut places = BTreeSet::new();
    while places.len() < entries {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        places.extend(Position::new(((state >> 32) * certificates) >> 32));
    }
    places
}
