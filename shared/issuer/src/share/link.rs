//! A link as it is kept, in a folder named by the hash of its token; its passcode, and what happens to those who guess at it.

use super::{read, written};
use crate::{
    App, Error,
    auth::{Caller, derived_secret},
    fetch::{Selection, exactly, fingerprint},
    ports::{Drawer, Sheet},
};
use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// What a citizen shares, and how often it may still be opened.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Link {
    /// What the citizen calls it.
    pub(super) id: String,
    /// The keyed hash of the citizen's contact.
    pub(super) owner: String,
    /// The certificate's id.
    pub(super) certificate: String,
    /// The language that the citizen chose for its reader.
    pub(super) language: Option<String>,
    /// The passcode, sealed.
    pub(super) passcode: Option<String>,
    /// `None`: as often as its reader likes.
    pub(super) uses_left: Option<u64>,
    /// Wrong passcodes so far.
    #[serde(default)]
    pub(super) wrong: u32,
    /// Until when no passcode is looked at, in seconds since 1970.
    #[serde(default)]
    pub(super) locked_until: i64,
}

impl Link {
    /// The link with that token hash, as long as its time is not over, and the sheet that it stands on.
    pub(super) async fn find(app: &App, token_hash: &str, now: OffsetDateTime) -> Result<Option<(Sheet, Self)>, Error> {
        let sheet = app.cabinet.sheet(Drawer::Links, token_hash, NAME, now).await?;
        sheet.map(|sheet| Ok((sheet.clone(), read(&sheet)?))).transpose()
    }

    /// A new link's sheet.
    pub(super) fn sheet(&self, token_hash: &str, until: OffsetDateTime) -> Result<Sheet, Error> {
        Ok(Sheet::new(Drawer::Links, token_hash, NAME, written(self)?).until(until))
    }

    /// Whether it may be opened once more.
    pub(super) fn opens(&self) -> bool {
        self.uses_left != Some(0)
    }

    /// The link after it was opened.
    pub(super) fn used(self) -> Self {
        Self { uses_left: self.uses_left.map(|left| left.saturating_sub(1)), ..self }
    }

    /// What it shows: what its citizen would see of it now.
    pub(super) async fn selection(&self, app: &App) -> Result<Selection, Error> {
        let shown = exactly(app, &Caller::shown_by(self.owner.clone()), &self.certificate).await;
        shown.map_err(|fault| match fault {
            Error::NoCertificate => Error::NoLink,
            Error::Gone { status, .. } => Error::NothingToShow(status),
            other => other,
        })
    }

    /// For how many seconds no passcode is looked at.
    pub(super) fn locked(&self, now: OffsetDateTime) -> Option<u64> {
        u64::try_from(self.locked_until - now.unix_timestamp()).ok().filter(|left| *left > 0)
    }

    /// The link after another wrong passcode. Every fifth locks it, each time four times as long: a link of thirty days bears 35 guesses.
    pub(super) fn guessed_at(self, now: OffsetDateTime) -> Self {
        let wrong = self.wrong.saturating_add(1);
        let locks = wrong / GUESSES;
        let lock = FIRST_LOCK.saturating_mul(4_i64.saturating_pow(locks.saturating_sub(1)));
        let locked = wrong.is_multiple_of(GUESSES).then(|| now.unix_timestamp().saturating_add(lock));
        Self { wrong, locked_until: locked.unwrap_or(self.locked_until), ..self }
    }
}

/// The hash by which a token, or a ticket, is known.
pub(super) fn hash(secret: &str) -> String {
    fingerprint(&[secret.as_bytes()])
}

/// A passcode as it is kept. A key that the table does not hold, not a slow hash: however slow, a search through ten thousand codes of four digits ends, but
/// without the key it can't begin. Those who ask the service are held by [`Link::guessed_at`].
pub(super) async fn sealed(app: &App, token_hash: &str, passcode: &str) -> Result<String, Error> {
    let secret = derived_secret(&app.pepper.contact_key().await?, b"passcodes of links, version 1");
    let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
    Ok(URL_SAFE_NO_PAD.encode(hmac::sign(&key, format!("{token_hash} {passcode}").as_bytes())))
}

/// Whether two passcodes, sealed, are the same one; in a time that tells nothing.
pub(super) fn same(one: &str, other: &str) -> bool {
    verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

const NAME: &str = "link";
/// Wrong passcodes before a link locks.
const GUESSES: u32 = 5;
/// Seconds that it is locked the first time.
const FIRST_LOCK: i64 = 900;

#[cfg(test)]
mod tests {
    use super::*;
    use time::{Duration, macros::datetime};

    fn link() -> Link {
        let text = r#"{"id":"i","owner":"o","certificate":"1","language":null,"passcode":"p","uses_left":null}"#;
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn who_guesses_at_every_chance_has_guessed_35_times_when_the_longest_link_ends() {
        let (mut now, mut link, mut guesses) = (datetime!(2026-11-01 0:00 UTC), link(), 0);
        let end = now + Duration::hours(720);
        while now < end {
            if let Some(seconds) = link.locked(now) {
                now += Duration::seconds(i64::try_from(seconds).unwrap());
            } else {
                link = link.guessed_at(now);
                guesses += 1;
            }
        }
        assert_eq!(guesses, 35);
    }

    #[test]
    fn the_fifth_wrong_passcode_locks_for_a_quarter_of_an_hour_and_the_tenth_for_an_hour() {
        let now = datetime!(2026-11-01 0:00 UTC);
        let after = |guesses: u32| (0..guesses).fold(link(), |link, _| link.guessed_at(now)).locked(now);
        assert_eq!([4, 5, 10].map(after), [None, Some(900), Some(3600)]);
        assert_eq!(link().guessed_at(now).locked(now), None);
    }

    #[test]
    fn a_link_is_opened_as_often_as_it_may_and_one_without_a_number_for_ever() {
        let twice = Link { uses_left: Some(2), ..link() };
        assert!(twice.clone().used().opens() && !twice.used().used().opens());
        assert!(link().used().opens());
    }
}
