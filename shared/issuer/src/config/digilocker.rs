//! How DigiLocker asks.

use super::word;
use anyhow::{Context, Result, bail};
use axum::http::HeaderName;

/// What DigiLocker and the country agreed on, beside the key.
#[derive(Clone, Debug)]
pub struct Digilocker {
    /// `DIGILOCKER_AUTHKEYNAME` (`x-digilocker-hmac`): the header with a request's signature.
    pub header: HeaderName,
    /// `DIGILOCKER_ISSUER` (`in.gov.covin`): what URIs of documents begin with.
    pub issuer: String,
    /// `DIGILOCKER_DOCTYPE` (`VACER`): the type of the domestic document.
    pub domestic: String,
    /// `DIGILOCKER_INTERNATIONAL_DOCTYPE` (`IVACR`): the type of the document for travel.
    pub international: String,
    /// `DIGILOCKER_MATCH`: `mobile-or-name` (default, as India does) or `mobile`.
    pub matching: Matching,
}

/// What must agree with the certificate before DigiLocker is given it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// The mobile number is one that the certificate is registered to.
    Mobile,
    /// Or the name, which DigiLocker has from the person's identity document, is the certificate's.
    MobileOrName,
}

impl Digilocker {
    pub(super) fn from_lookup(lookup: &impl Fn(&str) -> Option<String>) -> Result<Self> {
        let text =
            |name: &str, default: &str| lookup(name).filter(|v| !v.is_empty()).unwrap_or_else(|| default.to_owned());
        Ok(Self {
            header: text("DIGILOCKER_AUTHKEYNAME", "x-digilocker-hmac")
                .parse()
                .ok()
                .context("DIGILOCKER_AUTHKEYNAME must be the name of a header")?,
            issuer: word("DIGILOCKER_ISSUER", text("DIGILOCKER_ISSUER", "in.gov.covin"))?,
            domestic: word("DIGILOCKER_DOCTYPE", text("DIGILOCKER_DOCTYPE", "VACER"))?,
            international: word("DIGILOCKER_INTERNATIONAL_DOCTYPE", text("DIGILOCKER_INTERNATIONAL_DOCTYPE", "IVACR"))?,
            matching: match text("DIGILOCKER_MATCH", "mobile-or-name").as_str() {
                "mobile-or-name" => Matching::MobileOrName,
                "mobile" => Matching::Mobile,
                _ => bail!("DIGILOCKER_MATCH must be mobile-or-name or mobile"),
            },
        })
    }
}
