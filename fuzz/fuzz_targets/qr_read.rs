//! What a scanner hands over: any bytes are a JSON text or a reason why not, within the bounds.
#![no_main]

use credential::qr::{Unreadable, read};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|scanned: &[u8]| {
    match read(scanned) {
        Ok(text) => {
            assert!(text.len() <= 64 * 1024);
            assert_eq!(read(text.as_bytes()), Ok(text.clone()), "the text is read as itself");
        }
        Err(Unreadable::Bomb(limit)) => assert_eq!(limit, 64 * 1024),
        Err(Unreadable::Neither) => {}
    }
});
