//! Recovery: certificates whose registered number is wrong or lost come to be registered to another one, and nobody else comes to see them.
//!
//! - With the paper (`paper`): a citizen shows the newest certificate, says the number that it is registered to, and proves to have the new one. The old
//!   number is told, and has three days to object.
//! - By officers (`officers`): where nobody knows what number is registered, two officers of a facility who see the person and their identity document.
//! - Not at all: staff finds a person's certificates by number and date of birth (`search`) and prints them.
//!
//! A certificate's number is never written into it again. What was moved stands beside a beneficiary's certificates and is read with them
//! ([`Registration`](crate::ports::Registration)): so it holds for what is issued later, too, and a report that still names the old number changes nothing.

mod messages;
mod officers;
mod paper;
mod request;
mod search;
mod shown;
mod work;

pub use work::work;

use crate::{
    App, Error,
    ports::{Audit, AuditEvent, Certificate, Commit, Deed, Drawer, NO_CONTACT, Reason, Sheet},
    random,
};
use anyhow::{Result, anyhow};
use aws_lc_rs::hmac;
use axum::{
    Router,
    routing::{delete, get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::{BeneficiaryCode, CertificateId};
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// What citizens ask with the paper, what officers do, and the search.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/citizen/recovery", post(paper::ask).get(paper::pending))
        .route("/divoc/api/citizen/recovery/objection", post(paper::object))
        .route("/divoc/api/citizen/recovery/{recoveryId}", get(paper::progress).delete(paper::stop))
        .route("/divoc/api/citizen/recovery/{recoveryId}/proof", post(paper::prove))
        .route("/divoc/api/v1/rebindings", post(officers::ask).get(officers::waiting))
        .route("/divoc/api/v1/rebindings/{rebindingId}", delete(officers::withdraw))
        .route("/divoc/api/v1/rebindings/{rebindingId}/approval", post(officers::approve))
        .route("/certificate/api/beneficiaries", get(search::as_divoc))
        .route("/divoc/api/v1/beneficiaries/search", post(search::search))
}

/// A beneficiary's certificates that come to be registered to another contact.
struct Move<'m> {
    beneficiary: &'m BeneficiaryCode,
    /// What is replaced.
    from: Replaced<'m>,
    /// The keyed hash of the new contact.
    to: &'m str,
    /// Who is behind it, for the log.
    actor: String,
}

/// What a move replaces: no more than whoever asks for it has shown to be theirs.
enum Replaced<'m> {
    /// The contact with that keyed hash.
    Contact(&'m str),
    /// Whatever is registered now, or nothing.
    Anything,
}

impl Replaced<'_> {
    fn among(&self, certificates: &[Certificate]) -> BTreeSet<String> {
        let registered: BTreeSet<_> = certificates.iter().flat_map(|it| it.contacts.iter().cloned()).collect();
        match self {
            Self::Contact(contact) => registered.into_iter().filter(|known| known == contact).collect(),
            Self::Anything => {
                let without = certificates.iter().any(|it| it.contacts.is_empty());
                registered.into_iter().chain(without.then(|| NO_CONTACT.to_owned())).collect()
            }
        }
    }
}

/// What became of a move.
#[derive(Debug, PartialEq, Eq)]
enum Moved {
    /// The certificates are registered to the new contact, and the sheet says so.
    Yes,
    /// Nothing is registered to what is replaced.
    Nothing,
    /// The sheet was changed meanwhile: what it says now counts.
    Overtaken,
}

/// Moves, and puts `done` in the place of the revision before it: in one transaction, so that a move is made exactly as often as its sheet says, whoever
/// crashes, and not at all once the sheet says that it is stopped.
async fn apply(app: &App, moving: &Move<'_>, done: &Sheet) -> Result<Moved> {
    for _ in 0..TRIES {
        // In this order: what was moved after the first read is seen by the write, which is lost.
        let before = app.registrations.registration(moving.beneficiary).await?.unwrap_or_default();
        let certificates = app.store.certificates(moving.beneficiary, None).await?;
        let mut from = moving.from.among(&certificates);
        let (Some(named), false) = (newest(&certificates), from.is_empty()) else { return Ok(Moved::Nothing) };
        from.remove(moving.to);
        let now = (app.clock)();
        let deed = Deed {
            event: AuditEvent::Rebound,
            at: now,
            actor: moving.actor.clone(),
            reason: Some(Reason::HolderRequest),
        };
        let next = before.moving(&from, moving.to, deed.clone());
        let audit = Audit { deed, key: None };
        let sheets = std::slice::from_ref(done);
        if app.registrations.rebind(moving.beneficiary, &next, named, &audit, sheets).await? == Commit::Stored {
            tracing::info!(certificate.id = named.as_str(), "registered to another contact");
            return Ok(Moved::Yes);
        }
        let there = app.cabinet.sheet(done.drawer, &done.folder, &done.name, now).await?;
        if there.is_none_or(|there| there.revision + 1 != done.revision) {
            return Ok(Moved::Overtaken);
        }
    }
    Err(crowded())
}

/// The certificate under whose id the log tells of a move; the move concerns all of the beneficiary.
fn newest(certificates: &[Certificate]) -> Option<&CertificateId> {
    certificates.iter().map(|it| &it.issuance).max_by_key(|it| it.issued_at).map(|it| &it.certificate_id)
}

/// A sheet of recovery's drawer.
async fn sheet(app: &App, folder: &str, name: &str) -> Result<Option<Sheet>> {
    app.cabinet.sheet(Drawer::Rebindings, folder, name, (app.clock)()).await
}

/// A keyed hash of something that is personal or secret, for a name; `what` keeps kinds apart.
async fn keyed(app: &App, what: &str, parts: &[&str]) -> Result<String, Error> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &app.pepper.contact_key().await?);
    let mut hash = hmac::Context::with_key(&key);
    // Contacts are hashed as `tel:…` and `email:…`: nothing here is the hash of one.
    hash.update(b"recovery");
    for part in [what].iter().chain(parts) {
        hash.update(&part.len().to_le_bytes());
        hash.update(part.as_bytes());
    }
    Ok(URL_SAFE_NO_PAD.encode(hash.sign()))
}

/// An id that nobody guesses.
fn id() -> Result<String> {
    let bytes = random::bytes::<16>()?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// An instant as part of a name, in whose order names are.
fn stamp(at: OffsetDateTime) -> String {
    format!("{:012}", at.unix_timestamp())
}

/// The sender's own cause may name the number: it tells what it can.
fn unsent() -> anyhow::Error {
    anyhow!("the sender does not take a message")
}

fn crowded() -> anyhow::Error {
    anyhow!("a registration changed {TRIES} times while it was being changed")
}

/// How often something that met another change is tried again.
const TRIES: u32 = 8;
