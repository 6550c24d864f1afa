//! Where the service stands: the names of what it uses on AWS, and on one machine its port and folders.

use super::{file_name, number, seconds};
use anyhow::{Context, Result};
use std::time::Duration;

/// The names of what the service uses on AWS.
#[derive(Clone, Debug)]
pub struct Resources {
    /// `TABLE_NAME`: the DynamoDB table.
    pub table: String,
    /// `BUCKET_NAME`: the S3 bucket for pictures.
    pub bucket: String,
    /// `SIGNING_KEY_ARN`: the KMS key that signs certificates.
    pub signing_key: String,
    /// `CONTACT_KEY_ARN`: the KMS HMAC key behind contact hashes.
    pub contact_key: String,
    /// `STATUS_KEY_ARN`: the KMS key that signs status lists.
    pub status_key: String,
    /// `LISTS_BUCKET_NAME`: the S3 bucket for status lists.
    pub lists_bucket: String,
    /// `FACTS_BUCKET_NAME`: the S3 bucket for facts, where the function keeps them.
    pub facts_bucket: Option<String>,
    /// `DIGILOCKER_KEY_CIPHERTEXT`: DigiLocker's key as KMS encrypted it, Base64; empty: DigiLocker is refused.
    pub digilocker_key: String,
    /// `OIDC_KEY_SET_URL`: where the identity provider publishes its keys.
    pub key_set_url: String,
    /// `CITIZEN_OIDC_KEY_SET_URL`: where the citizens' own provider does, if they have one.
    pub citizens_key_set_url: Option<String>,
    /// `CITIZEN_SIGN_IN_URL`: Amazon Cognito's API of the region, where the service itself lets citizens log in.
    pub sign_in_url: Option<String>,
    /// `FONTS_DIR`: the folder with the fonts, where the function prints; default `/opt/fonts`.
    pub fonts: String,
    /// `TEMPLATE`: see [`Place::template`].
    pub template: String,
    /// `PAGE_DIR`: the folder with the built verification page, where the function hands it out; default `/opt/page`.
    pub page: String,
    /// From whom messages come.
    pub messages: Messages,
    /// `UPLOADS_BUCKET_NAME`: the S3 bucket for files that callers bring, where the function reads them.
    pub uploads_bucket: String,
}

/// From whom messages come on AWS.
#[derive(Clone, Debug)]
pub struct Messages {
    /// `MAIL_FROM`: the address that mails come from, one that SES knows to be the country's; empty: SES refuses them.
    pub mail_from: String,
    /// `MAIL_EVENTS`: the configuration set of SES that tells of bounces and complaints; default: none.
    pub mail_events: String,
    /// `SMS_SENDER`: the name that text messages come from, where networks show one; default: the network's number.
    pub sms_sender: String,
}

impl Resources {
    /// Reads every variable.
    ///
    /// # Errors
    /// Names the first that is missing.
    pub fn from_env() -> Result<Self> {
        let required = |name: &str| {
            std::env::var(name).ok().filter(|v| !v.is_empty()).with_context(|| format!("{name} is not set"))
        };
        Ok(Self {
            table: required("TABLE_NAME")?,
            bucket: required("BUCKET_NAME")?,
            signing_key: required("SIGNING_KEY_ARN")?,
            contact_key: required("CONTACT_KEY_ARN")?,
            status_key: required("STATUS_KEY_ARN")?,
            lists_bucket: required("LISTS_BUCKET_NAME")?,
            facts_bucket: required("FACTS_BUCKET_NAME").ok(),
            digilocker_key: required("DIGILOCKER_KEY_CIPHERTEXT").unwrap_or_default(),
            key_set_url: required("OIDC_KEY_SET_URL")?,
            citizens_key_set_url: required("CITIZEN_OIDC_KEY_SET_URL").ok(),
            sign_in_url: required("CITIZEN_SIGN_IN_URL").ok(),
            fonts: required("FONTS_DIR").unwrap_or_else(|_| "/opt/fonts".into()),
            template: required("TEMPLATE").unwrap_or_else(|_| TEMPLATE.into()),
            page: required("PAGE_DIR").unwrap_or_else(|_| "/opt/page".into()),
            uploads_bucket: required("UPLOADS_BUCKET_NAME").unwrap_or_default(),
            messages: Messages {
                mail_from: required("MAIL_FROM").unwrap_or_default(),
                mail_events: required("MAIL_EVENTS").unwrap_or_default(),
                sms_sender: required("SMS_SENDER").unwrap_or_default(),
            },
        })
    }
}

/// Where the local service stands.
#[derive(Clone, Debug)]
pub struct Place {
    /// `PORT`: 8080 unless said; 0 takes a free one.
    pub port: u16,
    /// `DATA_DIR`: records, pictures, keys and tokens; `./data` unless said, `:memory:` keeps nothing.
    pub data: String,
    /// `SIGNING_KEY`: the file of the signing key in `keys/` of that folder; `signing.pem` unless said. A name without a file gets a new key; what other
    /// files hold stays there.
    pub signing_key: String,
    /// `FONTS_DIR`: `./fonts/ttf` unless said.
    pub fonts: String,
    /// `TEMPLATE`: the country's pages: a template that comes with the service (`india` unless said), or the path of a folder with one, which holds a `/`.
    pub template: String,
    /// `PAGE_DIR`: the verification page that `make page` builds; `./target/page` unless said.
    pub page: String,
    /// `STATUS_PUBLISH_SECONDS`: how often changes of status are published; 5 unless said.
    pub publish_every: Duration,
}

impl Place {
    /// Reads the variables.
    ///
    /// # Errors
    /// When a number is none.
    pub fn from_env() -> Result<Self> {
        let text = |name: &str, default: &str| {
            std::env::var(name).ok().filter(|v| !v.is_empty()).unwrap_or_else(|| default.to_owned())
        };
        Ok(Self {
            port: number("PORT", &text("PORT", "8080"))?,
            data: text("DATA_DIR", "./data"),
            signing_key: file_name("SIGNING_KEY", text("SIGNING_KEY", "signing.pem"))?,
            fonts: text("FONTS_DIR", "./fonts/ttf"),
            template: text("TEMPLATE", TEMPLATE),
            page: text("PAGE_DIR", "./target/page"),
            publish_every: seconds("STATUS_PUBLISH_SECONDS", &text("STATUS_PUBLISH_SECONDS", "5"), MOST_BETWEEN)?,
        })
    }
}

/// A day.
const MOST_BETWEEN: u64 = 86_400;

const TEMPLATE: &str = "india";
