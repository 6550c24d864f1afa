//! Tickets: a proof of a telephone that was given a moment ago, to show where a token is made. Random, good for one telephone, once, for a minute.
//!
//! An identity provider that asks back whom it may believe (Cognito's custom authentication) is shown the ticket and asks here. Nobody else ever sees one.

use super::codes::Secret;
use crate::{
    App,
    auth::contact_hash,
    ports::{Commit, Drawer, Sheet},
    random,
};
use anyhow::{Result, ensure};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::Contact;
use time::Duration;

/// A new ticket for a telephone that was proven.
pub(super) async fn issue(app: &App, phone: &Contact) -> Result<String> {
    let bytes = random::bytes::<32>()?;
    let ticket = URL_SAFE_NO_PAD.encode(bytes);
    let (folder, name) = place(app, phone, &ticket).await?;
    let now = (app.clock)();
    let sheet = Sheet::new(Drawer::Challenges, folder, name, "").until(now + VALID);
    ensure!(app.cabinet.put(&[sheet], now).await? == Commit::Stored, "a ticket that was there before");
    Ok(ticket)
}

/// Whether the ticket is good; it stays so.
///
/// # Errors
/// When its record can't be read.
pub async fn is_good(app: &App, phone: &Contact, ticket: &str) -> Result<bool> {
    Ok(find(app, phone, ticket).await?.is_some())
}

/// Whether the ticket is good; it is used up then.
///
/// # Errors
/// When its record can't be read or taken.
pub async fn redeem(app: &App, phone: &Contact, ticket: &str) -> Result<bool> {
    match find(app, phone, ticket).await? {
        Some(sheet) => Ok(app.cabinet.take(&sheet).await? == Commit::Stored),
        None => Ok(false),
    }
}

async fn find(app: &App, phone: &Contact, ticket: &str) -> Result<Option<Sheet>> {
    let (folder, name) = place(app, phone, ticket).await?;
    app.cabinet.sheet(Drawer::Challenges, &folder, &name, (app.clock)()).await
}

/// Its record has the ticket's keyed hash for a name: reading it gives no ticket.
async fn place(app: &App, phone: &Contact, ticket: &str) -> Result<(String, String)> {
    let secret = Secret::of(app).await?;
    let hash = secret.hash(&format!("ticket\n{ticket}"));
    Ok((contact_hash(&secret.contact_key, phone), format!("ticket-{hash}")))
}

const VALID: Duration = Duration::minutes(1);
