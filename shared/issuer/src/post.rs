//! Post: what is told to the outside about a certificate. The vaccinating system gets an acknowledgement, the citizen a message, on issue and on correction.
//!
//! Each telling is a *parcel*: a sheet of the cabinet that is stored in the certificate's own transaction, so that nothing is told of a certificate that
//! isn't there and nothing that is there stays untold. [`deliver`] takes parcels to whom they are for, however often it takes; who can't be told is left
//! with the dead parcels, for an administrator. A repeated event stores no certificate and so no parcel: duplicates and failures are silent.

mod acknowledgement;
mod admin;
mod bounces;
mod deliver;
mod message;
mod parcel;
mod silence;

pub use acknowledgement::Token;
pub use bounces::record_bounces;
pub use deliver::{Round, deliver};
pub(crate) use parcel::{instant, milliseconds};
pub(crate) use silence::is_silent;

use crate::{
    App,
    auth::derived_secret,
    config::Channel,
    ports::{Certificate, Sheet},
};
use anyhow::Result;
use aws_lc_rs::hmac;
use axum::Router;
use credential::{BeneficiaryCode, Contact};
use parcel::{Event, Parcel, SealingKey, To};
use time::OffsetDateTime;

/// What administrators and receivers ask for.
pub fn routes() -> Router<App> {
    admin::routes().merge(silence::routes())
}

/// The parcels about a certificate that is about to be stored at `at`, for those whom the country wants to be told: none where it wants nobody to be.
pub(crate) fn parcels(
    app: &App,
    pepper: &[u8; 32],
    certificate: &Certificate,
    contacts: &[Contact],
    at: OffsetDateTime,
) -> Result<Vec<Sheet>> {
    let post = &app.config.post;
    if post.callback.is_none() && post.channels.is_empty() {
        return Ok(Vec::new());
    }
    let mut receivers = Vec::new();
    if post.callback.is_some() {
        receivers.push(To::Acknowledgement);
    }
    let key = SealingKey::new(pepper)?;
    for contact in contacts.iter().filter(|contact| post.channels.contains(&Channel::of(contact))) {
        receivers.push(To::Citizen { channel: Channel::of(contact), contact: key.seal(contact)? });
    }
    let shard = shard(pepper, &certificate.slot.beneficiary);
    let event = if certificate.predecessor.is_some() { Event::Corrected } else { Event::Created };
    receivers.into_iter().map(|to| Parcel::new(certificate, event, to, at).first_sheet(&shard)).collect()
}

/// The folder of what is to be done about a beneficiary: one of sixteen, so that no partition takes all of a campaign's, by a keyed hash, so that it says
/// nothing.
pub(crate) fn shard(pepper: &[u8; 32], beneficiary: &BeneficiaryCode) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &derived_secret(pepper, b"shards of parcels, version 1"));
    let hash = hmac::sign(&key, beneficiary.as_str().as_bytes());
    shard_name(hash.as_ref().first().map_or(0, |byte| byte % SHARDS))
}

/// The name of a folder.
pub(crate) fn shard_name(number: u8) -> String {
    format!("{number:x}")
}

/// How many folders there are.
pub(crate) const SHARDS: u8 = 16;
