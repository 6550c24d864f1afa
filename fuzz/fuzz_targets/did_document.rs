//! What a verifier loads: any text is a DID document or is refused, and what was understood of one is written and read again as it was.
#![no_main]

use credential::keys::{did_document, from_did_document};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(methods) = from_did_document(text) else { return };
    let written = did_document("did:web:x.example", &methods).to_string();
    // One key under more names than are read again is no error of anybody.
    let Ok(read) = from_did_document(&written) else { return assert!(methods.len() > 16, "{written}") };
    assert_eq!(did_document("did:web:x.example", &read).to_string(), written);
});
