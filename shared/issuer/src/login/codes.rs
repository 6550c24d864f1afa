//! One-time codes: proof that somebody has a telephone now. Six digits by text message, for one [`Purpose`], once, for five minutes.
//!
//! What an attacker meets:
//!
//! - **Guessing.** Five tries in five minutes, whatever is sent again meanwhile; a try is counted in the same write that judges it, so parallel tries are
//!   counted too. With ten codes a day to a number, that is at best one chance in twenty thousand a day.
//! - **Reading our records.** They have an HMAC of the code under a key of its own, over purpose, number and code, and no number.
//! - **Asking who has certificates.** Text messages go only to numbers that have some, or everyone could have us bomb strangers at the country's cost. So
//!   that this does not show, the same things are counted, read and written for every number, and every answer takes equally long: the pace
//!   (`CODE_PACE_MILLISECONDS`), before whose end the message is handed over or given up. A message that could not be handed over is logged and answered alike:
//!   its reader asks for another code, and an answer of its own would tell that there was something to send.
//! - **Locking others out.** Whoever wastes a number's tries does so for five minutes, and is limited by their own address before that.

use crate::{
    App, Error,
    auth::contact_hash,
    client::Client,
    limits::Limit,
    messages::{Word, text},
    ports::{Commit, Drawer, Sheet},
    random,
};
use anyhow::{Context, Result, anyhow};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::Contact;
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use tokio::time::{Instant, sleep_until, timeout_at};

/// What a code is good for; it opens nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// See what is registered to the number.
    LogIn,
    /// Have certificates registered to this number. Whoever asks for it has seen to it that the number may get a message.
    BindNumber,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::LogIn => "log-in",
            Self::BindNumber => "bind-number",
        }
    }

    fn words(self) -> Word {
        match self {
            Self::LogIn => Word::LogInCode,
            Self::BindNumber => Word::BindNumberCode,
        }
    }

    /// Whether the number may get a message.
    async fn admits(self, app: &App, who: &str) -> Result<bool> {
        match self {
            Self::LogIn => Ok(!app.registrations.beneficiaries_of(who).await?.is_empty()),
            Self::BindNumber => Ok(true),
        }
    }
}

/// Sends a new code for this purpose to the contact, in the client's language. The one before it is void; tries that were used up stay so for their five
/// minutes.
///
/// # Errors
/// [`Error::TooMany`] for too many codes to this number or from this address, or too many wrong ones just now.
pub async fn send(app: &App, purpose: Purpose, contact: &Contact, client: &Client) -> Result<(), Error> {
    let over = Instant::now() + app.config.citizens.pace;
    let secret = Secret::of(app).await?;
    let hour = |what, most| Limit { what, window: Duration::HOUR, most };
    hour("codes-from", app.config.citizens.codes_per_address).count(app, &secret.hash(&client.network())).await?;
    let who = contact_hash(&secret.contact_key, contact);
    hour("codes-to", app.config.citizens.codes_per_number).count(app, &who).await?;
    let a_day = app.config.citizens.codes_per_number * 2;
    Limit { what: "codes-to-a-day", window: Duration::DAY, most: a_day }.count(app, &who).await?;
    let code = random()?;
    keep(app, purpose, &who, &secret.code(purpose, &who, &code)).await?;
    let admitted = purpose.admits(app, &who).await?;
    let text = text(client.language().unwrap_or_default(), purpose.words(), &[("code", &code)])?;
    deliver(app, contact, admitted.then_some(text), over).await;
    Ok(())
}

/// Whether the code is the one that was sent last for this purpose to the contact. It is used up then: of two who show it one is believed.
///
/// # Errors
/// [`Error::WrongCode`] for any other, and for none that was sent, that is used or too old; [`Error::TooMany`] after five wrong ones.
pub async fn prove(app: &App, purpose: Purpose, contact: &Contact, code: &str) -> Result<(), Error> {
    let secret = Secret::of(app).await?;
    let who = contact_hash(&secret.contact_key, contact);
    for _ in 0..TURNS {
        let now = (app.clock)();
        let sheet = app.cabinet.sheet(Drawer::Challenges, &who, purpose.as_str(), now).await?;
        let sheet = sheet.ok_or(Error::WrongCode)?;
        let challenge = Challenge::read(&sheet)?;
        challenge.has_tries_left(now)?;
        // Nothing is told before the write stands that uses the code or the try.
        let right = secret.is_code(purpose, &who, code, &challenge.code);
        let next = if right { challenge.used() } else { challenge.tried() };
        if app.cabinet.put(&[sheet.saying(next.text()?)], now).await? == Commit::Stored {
            return if right { Ok(()) } else { Err(Error::WrongCode) };
        }
    }
    Err(crowded())
}

/// What is kept of a code.
#[derive(Deserialize, Serialize)]
struct Challenge {
    /// The HMAC, base64url; empty once the code is used. The sheet stays, or one who read it before could use up the next code in its stead.
    code: String,
    /// Wrong codes since `since`.
    tries: u32,
    /// When tries were last counted from nothing, Unix time.
    since: i64,
}

impl Challenge {
    fn read(sheet: &Sheet) -> Result<Self> {
        serde_json::from_str(&sheet.text).context("reading a challenge")
    }

    fn text(&self) -> Result<String> {
        serde_json::to_string(self).context("writing a challenge")
    }

    fn used(self) -> Self {
        Self { code: String::new(), ..self }
    }

    fn tried(self) -> Self {
        Self { tries: self.tries + 1, ..self }
    }

    fn has_tries_left(&self, now: OffsetDateTime) -> Result<(), Error> {
        let until = self.since + VALID.whole_seconds();
        let seconds = (until - now.unix_timestamp()).max(1).unsigned_abs();
        if self.tries < TRIES { Ok(()) } else { Err(Error::TooMany { seconds }) }
    }

    /// Whether its tries still count when another code is sent.
    fn counts(&self, now: OffsetDateTime) -> bool {
        now.unix_timestamp() < self.since + VALID.whole_seconds()
    }
}

/// Puts the new code in the old one's place.
async fn keep(app: &App, purpose: Purpose, who: &str, code: &str) -> Result<(), Error> {
    for _ in 0..TURNS {
        let now = (app.clock)();
        let before = app.cabinet.sheet(Drawer::Challenges, who, purpose.as_str(), now).await?;
        let counting = before.as_ref().map(Challenge::read).transpose()?.filter(|challenge| challenge.counts(now));
        if let Some(challenge) = &counting {
            challenge.has_tries_left(now)?;
        }
        let (tries, since) = counting.map_or((0, now.unix_timestamp()), |before| (before.tries, before.since));
        let text = Challenge { code: code.to_owned(), tries, since }.text()?;
        let sheet = match before {
            Some(before) => before.saying(text),
            None => Sheet::new(Drawer::Challenges, who, purpose.as_str(), text),
        };
        if app.cabinet.put(&[sheet.until(now + VALID)], now).await? == Commit::Stored {
            return Ok(());
        }
    }
    Err(crowded())
}

/// Hands a message over, if there is one, and waits for the same instant in any case.
async fn deliver(app: &App, contact: &Contact, text: Option<String>, over: Instant) {
    if let Some(text) = text {
        // The cause may name the number: whoever sends tells what it can.
        match timeout_at(over, app.sender.sms(contact, &text)).await {
            Ok(Ok(())) => tracing::info!("code sent"),
            Ok(Err(_)) => tracing::error!(problem = "code-not-sent", "the sender refuses a code"),
            Err(_) => tracing::error!(problem = "code-not-sent", "the sender is slower than CODE_PACE_MILLISECONDS"),
        }
    }
    sleep_until(over).await;
}

/// The keys of codes and addresses.
pub(super) struct Secret {
    pub(super) contact_key: [u8; 32],
    key: hmac::Key,
}

impl Secret {
    pub(super) async fn of(app: &App) -> Result<Self> {
        let contact_key = app.pepper.contact_key().await?;
        let root = hmac::Key::new(hmac::HMAC_SHA256, &contact_key);
        let key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&root, LABEL).as_ref());
        Ok(Self { contact_key, key })
    }

    /// A hash of text that is no code: an address, a ticket.
    pub(super) fn hash(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, text.as_bytes()))
    }

    fn code(&self, purpose: Purpose, who: &str, code: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.key, signed(purpose, who, code).as_bytes()))
    }

    /// In a time that says nothing of how much of the code is right.
    fn is_code(&self, purpose: Purpose, who: &str, code: &str, kept: &str) -> bool {
        let kept = URL_SAFE_NO_PAD.decode(kept).unwrap_or_default();
        hmac::verify(&self.key, signed(purpose, who, code).as_bytes(), &kept).is_ok()
    }
}

/// Purposes and hashes have no line breaks, so that no other three are written alike.
fn signed(purpose: Purpose, who: &str, code: &str) -> String {
    format!("code\n{}\n{who}\n{code}", purpose.as_str())
}

/// Six digits, each code as likely as any other.
fn random() -> Result<String> {
    loop {
        let bytes = random::bytes::<4>()?;
        let number = u32::from_le_bytes(bytes);
        // What is left over above the last whole million would make small codes likelier.
        if number < u32::MAX - u32::MAX % CODES {
            return Ok(format!("{:06}", number % CODES));
        }
    }
}

fn crowded() -> Error {
    Error::Unavailable(anyhow!("a challenge changed {TURNS} times while it was being changed"))
}

/// How long a code is good, and how long its wrong tries count.
pub(crate) const VALID: Duration = Duration::minutes(5);
/// Digits of a code.
pub(crate) const DIGITS: usize = 6;
const CODES: u32 = 1_000_000;
const TRIES: u32 = 5;
/// More than can try and send at once before a limit stops them.
const TURNS: usize = 20;
const LABEL: &[u8] = b"one-time codes, version 1";
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_six_digits_and_are_not_all_alike() {
        let codes: Vec<String> = (0..50).map(|_| random().unwrap()).collect();
        assert!(codes.iter().all(|code| code.len() == DIGITS && code.bytes().all(|b| b.is_ascii_digit())), "{codes:?}");
        assert!(codes.iter().collect::<std::collections::BTreeSet<_>>().len() > 40, "{codes:?}");
    }

    #[test]
    fn a_code_is_kept_under_its_purpose_and_number_and_key() {
        let secret = |byte| Secret { contact_key: [byte; 32], key: hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]) };
        let kept = secret(7).code(Purpose::LogIn, "who", "123456");
        assert!(secret(7).is_code(Purpose::LogIn, "who", "123456", &kept));
        assert!(!secret(7).is_code(Purpose::BindNumber, "who", "123456", &kept));
        assert!(!secret(7).is_code(Purpose::LogIn, "other", "123456", &kept));
        assert!(!secret(8).is_code(Purpose::LogIn, "who", "123456", &kept));
        assert!(!secret(7).is_code(Purpose::LogIn, "who", "123456", ""));
        assert!(!kept.contains("123456"));
    }
}
