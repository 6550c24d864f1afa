//! What is told to whom of a certificate.

use super::{number, web_address};
use anyhow::{Context, Result, bail};
use credential::Contact;
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};

/// What is told to whom when a certificate was issued or corrected; nothing to nobody unless said.
#[derive(Clone, Debug)]
pub struct Post {
    /// The vaccinating system that is told of every certificate.
    pub callback: Option<Callback>,
    /// `NOTIFY_SMS` and `NOTIFY_EMAIL` (`on` or `off`, the default; on one machine the default is `on`): how citizens are told.
    pub channels: Vec<Channel>,
    /// `POST_MOST_TRIES` (20, which takes about half a day): after how many tries in vain a parcel is dead.
    pub most_tries: u32,
}

impl Post {
    pub(super) fn from_lookup(lookup: &impl Fn(&str) -> Option<String>) -> Result<Self> {
        let said = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let text = |name: &str, default: &str| said(name).unwrap_or_else(|| default.to_owned());
        let mut channels = Vec::new();
        for (name, channel) in [("NOTIFY_SMS", Channel::Sms), ("NOTIFY_EMAIL", Channel::Mail)] {
            match text(name, "off").as_str() {
                "on" => channels.push(channel),
                "off" => {}
                _ => bail!("{name} must be on or off"),
            }
        }
        let source = |url: String| -> Result<TokenSource> {
            let key = Secret(said("ACK_CALLBACK_AUTH_KEY").context("ACK_CALLBACK_AUTH_KEY is not set")?);
            let name = "ACK_CALLBACK_AUTH_TOKEN_EXPIRY";
            let minutes: u16 = number(name, &text(name, "10"))?;
            let expiry = Duration::from_mins(minutes.into());
            Ok(TokenSource { url: web_address("ACK_CALLBACK_AUTH_URL", url)?, key, expiry })
        };
        let callback = |url: String| -> Result<Callback> {
            let token = said("ACK_CALLBACK_AUTH_URL").map(source).transpose()?;
            let secret_version = number("ACK_SECRET_VERSION", &text("ACK_SECRET_VERSION", "1"))?;
            Ok(Callback { url: web_address("ACK_CALLBACK_URL", url)?, token, secret_version })
        };
        Ok(Self {
            callback: said("ACK_CALLBACK_URL").map(callback).transpose()?,
            channels,
            most_tries: number("POST_MOST_TRIES", &text("POST_MOST_TRIES", "20"))?,
        })
    }
}

/// A way to a citizen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Text messages.
    Sms,
    /// Mails.
    Mail,
}

impl Channel {
    /// The way to that contact.
    pub fn of(contact: &Contact) -> Self {
        match contact {
            Contact::Telephone(_) => Self::Sms,
            Contact::Email(_) => Self::Mail,
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Mail => "mail",
        }
    }
}

/// Where certificates are acknowledged; DIVOC's names.
#[derive(Clone, Debug)]
pub struct Callback {
    /// `ACK_CALLBACK_URL`: where each certificate is posted to; default: nowhere.
    pub url: String,
    /// The way to a token; none where `ACK_CALLBACK_AUTH_URL` is not said.
    pub token: Option<TokenSource>,
    /// `ACK_SECRET_VERSION` (1): the secret that signs. One more is another secret; the one before it signs beside it.
    pub secret_version: u32,
}

/// Where the token comes from that the receiver of acknowledgements wants to see.
#[derive(Clone, Debug)]
pub struct TokenSource {
    /// `ACK_CALLBACK_AUTH_URL`: what gives it.
    pub url: String,
    /// `ACK_CALLBACK_AUTH_KEY`: our name there.
    pub key: Secret,
    /// `ACK_CALLBACK_AUTH_TOKEN_EXPIRY` (10): minutes that it is used.
    pub expiry: Duration,
}

/// A text that is not to be shown.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
