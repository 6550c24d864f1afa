//! What somebody sends as a PDF: any bytes behind the mark hold one certificate or give a reason, within the bounds.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let shown = [b"%PDF-1.7\n", bytes].concat();
    if let Ok(reading) = verifier::read(&shown) {
        assert!(reading.json.len() <= 64 * 1024);
    }
});
