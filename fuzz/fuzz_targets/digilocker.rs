//! What comes to DigiLocker's routes: any bytes are a request or refused, and what an answer tells again of a request is read as it was sent.
#![no_main]

// The reader alone: its crate would bring the whole service with it.
#[allow(dead_code, reason = "the service uses the rest")]
#[path = "../../shared/issuer/src/digilocker/xml.rs"]
mod xml;

use libfuzzer_sys::fuzz_target;
use xml::{Request, answer};

fuzz_target!(|body: &[u8]| {
    for root in ["PullURIRequest", "PullDocRequest"] {
        let Ok(request) = Request::read(body, root) else { continue };
        let details = FIELDS.map(|name| (name, request.detail(name)));
        let told = answer(root, true, &request, &details);
        let Ok(again) = Request::read(told.as_bytes(), root) else { panic!("{told}") };
        // A carriage return that was written as a reference comes back as the line feed that XML makes of it.
        let sent = details.iter().filter(|(_, text)| !text.contains('\r'));
        assert!(sent.into_iter().all(|(name, text)| again.detail(name) == *text), "{told}");
    }
});

const FIELDS: [&str; 4] = ["DocType", "FullName", "Mobile", "URI"];
