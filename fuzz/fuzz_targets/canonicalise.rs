//! What a verifier is shown, before any signature is known to hold: every JSON object has a canonical form or a reason why not, in bounded time.
#![no_main]

use credential::canonical::canonicalise;
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};

fuzz_target!(|document: &[u8]| {
    let Ok(document) = serde_json::from_slice::<Map<String, Value>>(document) else { return };
    let Ok(canonical) = canonicalise(&document) else { return };
    assert!(canonical.is_empty() || canonical.ends_with('\n'));
    // The order of members says nothing.
    let reversed = document.into_iter().rev().collect();
    assert_eq!(canonicalise(&reversed), Ok(canonical));
});
