//! The verification page's reader and judge: `verifier` for browsers. Bytes, pixels and texts in, JSON out.

use credential::{RevocationList, keys::from_did_document};
use serde_json::json;
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use verifier::{Code, Reading, Trust, Unreadable};
use wasm_bindgen::prelude::wasm_bindgen;

/// Judges credentials by one issuer's keys and status list.
#[wasm_bindgen]
pub struct Judge(Trust);

#[wasm_bindgen]
impl Judge {
    /// A judge that believes the keys of a DID document and a status list that one of them signed. What is missing or broken is not believed: without keys
    /// every issuer is unknown, without a list no status is checked.
    #[wasm_bindgen(constructor)]
    pub fn new(did: Option<String>, list: Option<String>) -> Judge {
        let methods = did.and_then(|text| from_did_document(&text).ok()).unwrap_or_default();
        let revocations = list.and_then(|text| RevocationList::open(text.trim(), &methods).ok());
        Judge(Trust { methods, revocations, ..Trust::default() })
    }

    /// What it relies on: `{"keys": 2, "status": {"number": 12, "issuedAt": "2026-11-25T10:00:00Z"}}`; without a list `status` is null.
    pub fn about(&self) -> String {
        let status = self.0.revocations.as_ref().map(|list| {
            json!({ "number": list.number(), "issuedAt": list.issued_at().format(&Rfc3339).unwrap_or_default() })
        });
        json!({ "keys": self.0.methods.len(), "status": status }).to_string()
    }

    /// The verdict on a credential as [`verifier::Report`] in JSON. `now` in milliseconds since 1970, as browsers count.
    pub fn judge(&self, credential: &str, now: f64) -> String {
        serde_json::to_string(&verifier::judge(credential, &self.0, instant(now))).unwrap_or_default()
    }
}

/// Finds the credential in a file or a text: `{"credential": "…"}` or `{"unreadable": "no-qr-code"}`.
#[wasm_bindgen]
pub fn read(shown: &[u8]) -> String {
    found(verifier::read(shown))
}

/// Finds the credential in a picture of which the browser made pixels: red, green, blue and opacity of each, row by row. Answers as [`read`].
#[wasm_bindgen]
pub fn scan(width: usize, height: usize, pixels: &[u8]) -> String {
    found(verifier::read_pixels(width, height, brightness(pixels)))
}

/// The same for one of many pictures of a camera, with one look.
#[wasm_bindgen]
pub fn glance(width: usize, height: usize, pixels: &[u8]) -> String {
    found(verifier::read_frame(width, height, brightness(pixels)))
}

/// Of each pixel as the eye weighs colours (ITU-R BT.601), in 256ths.
fn brightness(pixels: &[u8]) -> Vec<u8> {
    let (pixels, _) = pixels.as_chunks::<4>();
    let weighed = |[red, green, blue, _]: &[u8; 4]| {
        let sum = 77 * u32::from(*red) + 150 * u32::from(*green) + 29 * u32::from(*blue);
        u8::try_from(sum / 256).unwrap_or(u8::MAX)
    };
    pixels.iter().map(weighed).collect()
}

fn found(read: Result<Reading, Unreadable>) -> String {
    match read {
        Ok(reading) => json!({ "credential": reading.json }),
        Err(why) => json!({ "unreadable": Code::from(&why) }),
    }
    .to_string()
}

/// A browser's time. One that is out of all bounds is 1970: before every list was issued.
fn instant(milliseconds: f64) -> OffsetDateTime {
    let since = Duration::checked_seconds_f64(milliseconds / 1000.0);
    since.and_then(|since| OffsetDateTime::UNIX_EPOCH.checked_add(since)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use time::macros::datetime;

    const SIGNED: &str = include_str!("../../tests/vectors/rsa/v1_did_subject/signed.json");

    fn parsed(json: &str) -> Value {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn what_is_shown_gives_a_credential_or_the_reason_why_not() {
        assert_eq!(parsed(&read(SIGNED.as_bytes())), json!({ "credential": SIGNED.trim() }));
        assert_eq!(parsed(&read(b"no certificate")), json!({ "unreadable": "unknown-format" }));
        for look in [scan, glance] {
            assert_eq!(parsed(&look(2, 2, &[255; 16])), json!({ "unreadable": "no-qr-code" }));
            assert_eq!(
                parsed(&look(2, 3, &[255; 16])),
                json!({ "unreadable": "too-many-pixels" }),
                "not that many pixels"
            );
        }
    }

    #[test]
    fn without_keys_every_issuer_is_unknown_and_broken_texts_are_none() {
        for (did, list) in [(None, None), (Some("{}".to_owned()), Some("no list".to_owned()))] {
            let judge = Judge::new(did, list);
            assert_eq!(parsed(&judge.about()), json!({ "keys": 0, "status": null }));
            let report = parsed(&judge.judge(SIGNED, 1.8e12));
            assert_eq!((&report["verdict"], &report["facts"]), (&json!("unknown-issuer"), &Value::Null));
        }
    }

    #[test]
    fn what_a_judge_relies_on_is_told() {
        let trusts = parsed(include_str!("../../tests/vectors/verdicts/trusts.json"));
        let text = |name: &str| trusts["own"][name].as_str().map(str::to_owned);
        let judge = Judge::new(text("didDocument"), text("list"));
        let about = parsed(&judge.about());
        assert_eq!(about["status"]["issuedAt"], "2026-11-25T11:00:00Z");
        assert!(about["keys"].as_u64() > Some(1) && about["status"]["number"].as_u64() > Some(0), "{about}");
    }

    #[test]
    fn colours_weigh_as_the_eye_sees_them() {
        let pixels = [[255, 255, 255, 255], [255, 0, 0, 0], [0, 255, 0, 9], [0, 0, 255, 255], [0; 4]].concat();
        assert_eq!(brightness(&pixels), [255, 76, 149, 28, 0]);
    }

    #[test]
    fn a_time_out_of_all_bounds_is_before_every_list() {
        assert_eq!(instant(1_795_651_200_500.0), datetime!(2026-11-26 0:00:00.5 UTC));
        assert_eq!([f64::NAN, f64::INFINITY, -1e300].map(instant), [OffsetDateTime::UNIX_EPOCH; 3]);
    }
}
