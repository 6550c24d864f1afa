//! What a verifier is shown: any text is believed or refused, with keys of all four suites at hand.
#![no_main]

use credential::{PublicKey, VerificationMethod, verify};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// The keys of the seeds.
static METHODS: LazyLock<Vec<VerificationMethod>> = LazyLock::new(|| {
    [
        include_str!("../../tests/vectors/keys/rsa2048.public.pem"),
        include_str!("../../tests/vectors/keys/ed25519.public.pem"),
        include_str!("../../tests/vectors/ecdsa/p256/p256.public.pem"),
        include_str!("../../tests/vectors/ecdsa/secp256k1/secp256k1.public.pem"),
    ]
    .map(|pem| VerificationMethod::new("did:india", PublicKey::from_pem(pem).expect("a key of the vectors")))
    .into()
});

fuzz_target!(|text: &[u8]| {
    let Ok(text) = std::str::from_utf8(text) else { return };
    if verify(text, &METHODS).is_ok() {
        assert!(verify(text, &[]).is_err(), "nothing is believed without a key");
    }
});
