//! What each client may ask in a minute and in a day: whoever comes with a token is counted where the country says so, and told how much is left, as the draft
//! on `RateLimit` header fields has it (draft-ietf-httpapi-ratelimit-headers).
//!
//! The records count for all processes. Of a large limit a process takes some requests at a time, so that a busy client's counter is no bottleneck; what it
//! does not use up is lost to the client, and is little.

use crate::{
    App, Error,
    auth::{Caller, Role},
    config::Allowed,
    fetch::fingerprint,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};
use time::{Duration, OffsetDateTime};

/// Where a request's answer finds what its caller is to be told: an extension of the request.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<OnceLock<[(HeaderName, String); 2]>>);

impl Told {
    /// Writes it into the answer, if its caller was counted.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        for (name, text) in self.0.get().into_iter().flatten() {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        }
    }
}

/// Counts one more request of the caller.
///
/// # Errors
/// [`Error::TooMany`] beyond what they may, with when the window ends that they used up.
pub(crate) async fn count(app: &App, caller: &Caller, told: Option<&Told>) -> Result<(), Error> {
    let Some((who, allowed)) = allowed(app, caller) else { return Ok(()) };
    let mut windows = Vec::new();
    for (name, what, length, most) in [
        ("minute", "client-minute", Duration::MINUTE, allowed.a_minute),
        ("day", "client-day", Duration::DAY, allowed.a_day),
    ] {
        // What the minute refuses does not count for the day.
        if most == 0 || windows.iter().any(|window: &Window| window.left.is_none()) {
            continue;
        }
        let left = one_more(app, what, &who, length, most).await?;
        let (length, ends) = (length.whole_seconds().unsigned_abs(), ends(app, length));
        windows.push(Window { name, most, length, left, ends });
    }
    if let Some(told) = told.filter(|_| !windows.is_empty()) {
        let policy = windows.iter().map(|it| format!("\"{}\";q={};w={}", it.name, it.most, it.length));
        let left = windows.iter().map(|it| format!("\"{}\";r={};t={}", it.name, it.left.unwrap_or(0), it.ends));
        let list = |entries: Vec<String>| entries.join(", ");
        let headers = [(POLICY, list(policy.collect())), (LEFT, list(left.collect()))];
        // A request is counted once.
        let _ = told.0.set(headers);
    }
    match windows.iter().filter(|window| window.left.is_none()).map(|window| window.ends).max() {
        Some(seconds) => Err(Error::TooMany { seconds }),
        None => Ok(()),
    }
}

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// A window of time, and what is left of it; `None`: it is used up.
struct Window {
    name: &'static str,
    most: u64,
    length: u64,
    left: Option<u64>,
    ends: u64,
}

/// Under which name the caller is counted, and what they may. A citizen is one of very many who use the same client: they count each for themselves.
fn allowed(app: &App, caller: &Caller) -> Option<(String, Allowed)> {
    let clients = &app.config.limits.clients;
    if caller.roles.iter().all(|role| *role == Role::Citizen) {
        let who = fingerprint(&[b"citizen", caller.subject.as_bytes()]);
        return clients.get("citizen").map(|allowed| (who, *allowed));
    }
    let who = fingerprint(&[b"client", caller.client.as_bytes()]);
    clients.get(&caller.client).or_else(|| clients.get("*")).map(|allowed| (who, *allowed))
}

/// Seconds until the window ends.
fn ends(app: &App, length: Duration) -> u64 {
    let length = length.whole_seconds().max(1);
    (length - (app.clock)().unix_timestamp().rem_euclid(length)).unsigned_abs()
}

/// Requests that this process may let in without asking the records again, by what is counted and of whom.
#[derive(Default)]
pub struct Counted(Mutex<HashMap<(&'static str, String), Part>>);

/// A part of a window's requests.
#[derive(Clone, Copy)]
struct Part {
    window: i64,
    left: u64,
    /// What nobody has taken so far.
    beyond: u64,
}

/// What a process knows of a window without asking the records.
enum Known {
    /// One more was let in, and so much is left.
    Left(u64),
    /// There is none left.
    Spent,
    /// The records must be asked.
    Nothing,
}

impl Counted {
    /// A panic elsewhere leaves the map whole: each change of it is one call.
    fn parts(&self) -> MutexGuard<'_, HashMap<(&'static str, String), Part>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one of the part's requests.
    fn take(&self, name: &(&'static str, String), window: i64) -> Known {
        let mut parts = self.parts();
        let Some(part) = parts.get_mut(name).filter(|part| part.window == window) else { return Known::Nothing };
        match part.left.checked_sub(1) {
            Some(left) => {
                part.left = left;
                Known::Left(left + part.beyond)
            }
            None if part.beyond == 0 => Known::Spent,
            None => Known::Nothing,
        }
    }

    fn put(&self, name: (&'static str, String), part: Part) {
        let mut parts = self.parts();
        if parts.len() >= MOST_KNOWN {
            parts.clear();
        }
        parts.insert(name, part);
    }
}

/// What is left after one more request; `None`: there was none left.
async fn one_more(app: &App, what: &'static str, who: &str, length: Duration, most: u64) -> Result<Option<u64>, Error> {
    let now: OffsetDateTime = (app.clock)();
    let window = now.unix_timestamp().div_euclid(length.whole_seconds().max(1));
    let name = (what, who.to_owned());
    match app.counted.take(&name, window) {
        Known::Left(left) => return Ok(Some(left)),
        Known::Spent => return Ok(None),
        Known::Nothing => {}
    }
    let size = (most / PARTS).clamp(1, MOST_AT_ONCE);
    let taken = app.cabinet.count(what, who, length, now).await?.saturating_mul(size);
    let ours = size.saturating_sub(taken.saturating_sub(most)).min(size);
    let beyond = most.saturating_sub(taken);
    app.counted.put(name, Part { window, left: ours.saturating_sub(1), beyond });
    Ok((ours > 0).then(|| ours - 1 + beyond))
}

/// A window is taken in so many parts, or more.
const PARTS: u64 = 1_000;
/// The largest part: what a process may leave unused.
const MOST_AT_ONCE: u64 = 100;
/// Callers that a process knows at a time.
const MOST_KNOWN: usize = 4_096;
