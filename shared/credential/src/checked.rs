//! The report of a check, signed by the status key: whoever keeps it can show later what was found on a day, and that nobody rewrote it.

use crate::{
    PublicKey, VerificationMethod,
    jws::{self, BadJws, Prepared},
    revocations::is_status_method,
};

/// JWS `typ` of a report.
const REPORT: &str = "check-report+jws";
/// The longest text that is looked at, in bytes.
const MOST: usize = 1 << 20;

/// Makes a report, JSON as it stands, ready for one signature by the status key.
pub fn prepare(report: &str, key: &PublicKey) -> Prepared {
    Prepared::new(key, REPORT, &key.thumbprint(), report)
}

/// The report in a text, if one of `methods` signed it that is a status key.
///
/// # Errors
/// Why it is not believed.
pub fn open(text: &str, methods: &[VerificationMethod]) -> Result<String, BadJws> {
    let (payload, key) = jws::open(text, REPORT, MOST, methods, PublicKey::thumbprint)?;
    if !methods.iter().any(|method| method.key == *key && is_status_method(&method.id)) {
        return Err(BadJws::UnknownKey);
    }
    String::from_utf8(payload).map_err(|_| BadJws::Malformed)
}
