//! Open a link: what stands behind it, and a ticket for its documents.
//!
//! Links that are not there look all alike: never made, run out, ended, used up, or of a certificate that is no longer its citizen's.

use super::{
    TRIES,
    link::{Link, hash, same, sealed},
    read, secret, too_busy, whole_second, written,
};
use crate::{
    App, Error,
    body::Body,
    error::rfc3339,
    fetch::Selection,
    http::Json,
    overview::overview,
    ports::{Commit, Drawer, Sheet},
    print::printer,
};
use aws_lc_rs::hmac;
use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

pub(super) async fn open(State(app): State<App>, headers: HeaderMap, body: Json) -> Result<Response, Error> {
    let mut request = Body::of(&body.0);
    let (token, passcode) = (request.required("token"), request.text("passcode"));
    let token = request.done(token)?;
    let attempt = Attempt { token_hash: hash(token), ticket: new_ticket(token, &headers)?, passcode };
    let opened = attempt.open(&app).await?;
    tracing::info!(link.id = opened.link.id, certificate.id = opened.link.certificate, "a link was opened");
    Ok(axum::Json(opened.told(&app, &attempt.ticket)?).into_response())
}

/// One request to open a link.
struct Attempt<'b> {
    token_hash: String,
    /// The ticket that it gets.
    ticket: String,
    passcode: Option<&'b str>,
}

/// A link that was opened.
struct Opened {
    link: Link,
    until: Option<OffsetDateTime>,
    ticket_until: Option<OffsetDateTime>,
    selection: Selection,
}

impl Attempt<'_> {
    /// Opens the link, once however often this attempt is made.
    ///
    /// A use and the ticket that it buys are stored together: nobody is charged for nothing, and of two who race for the last use one gets it.
    async fn open(&self, app: &App) -> Result<Opened, Error> {
        for _ in 0..TRIES {
            let now = (app.clock)();
            let (sheet, link) = Link::find(app, &self.token_hash, now).await?.ok_or(Error::NoLink)?;
            let ticket = app.cabinet.sheet(Drawer::Links, &hash(&self.ticket), TICKET, now).await?;
            if ticket.is_none() && !link.opens() {
                return Err(Error::NoLink);
            }
            if !self.admitted(app, &sheet, &link, now).await? {
                continue;
            }
            let selection = link.selection(app).await?;
            let until = sheet.until;
            if let Some(ticket) = ticket {
                return Ok(Opened { link, until, ticket_until: ticket.until, selection });
            }
            let ticket = self.ticket(until, now)?;
            let ticket_until = ticket.until;
            let link = link.used();
            // A link that may be opened for ever has nothing to count, so that many can open it at once.
            let mut sheets = vec![ticket];
            if link.uses_left.is_some() {
                sheets.push(sheet.saying(written(&link)?));
            }
            if app.cabinet.put(&sheets, now).await? == Commit::Stored {
                return Ok(Opened { link, until, ticket_until, selection });
            }
        }
        Err(too_busy())
    }

    /// Whether the passcode is right, if one is needed. A wrong one is counted before anyone hears that it was wrong; `false` if the link changed meanwhile.
    async fn admitted(&self, app: &App, sheet: &Sheet, link: &Link, now: OffsetDateTime) -> Result<bool, Error> {
        let Some(passcode) = &link.passcode else { return Ok(true) };
        let given = self.passcode.ok_or(Error::Passcode)?;
        if let Some(seconds) = link.locked(now) {
            return Err(Error::TooMany { seconds });
        }
        if same(&sealed(app, &self.token_hash, given).await?, passcode) {
            return Ok(true);
        }
        let guessed_at = sheet.saying(written(&link.clone().guessed_at(now))?);
        match app.cabinet.put(&[guessed_at], now).await? {
            Commit::Stored => Err(Error::Passcode),
            Commit::Lost => Ok(false),
        }
    }

    fn ticket(&self, until: Option<OffsetDateTime>, now: OffsetDateTime) -> Result<Sheet, Error> {
        let ticket_until = until.into_iter().fold(whole_second(now) + TICKET_LASTS, OffsetDateTime::min);
        let ticket = Ticket { link: self.token_hash.clone() };
        Ok(Sheet::new(Drawer::Links, hash(&self.ticket), TICKET, written(&ticket)?).until(ticket_until))
    }
}

impl Opened {
    fn told(&self, app: &App, ticket: &str) -> Result<Value, Error> {
        Ok(json!({
            "ticket": ticket,
            "ticketExpiresAt": self.ticket_until.map(rfc3339),
            "expiresAt": self.until.map(rfc3339),
            "usesLeft": self.link.uses_left,
            "certificate": overview(app, &self.selection.certificate),
            "language": self.link.language,
            "languages": printer(app)?.languages(),
        }))
    }
}

/// What a ticket opens.
#[derive(Serialize, Deserialize)]
struct Ticket {
    link: String,
}

/// The link that a ticket was given for, as long as both last.
pub(super) async fn link_of(app: &App, ticket: &str) -> Result<Link, Error> {
    let now = (app.clock)();
    let sheet = app.cabinet.sheet(Drawer::Links, &hash(ticket), TICKET, now).await?.ok_or(Error::NoLink)?;
    let ticket: Ticket = read(&sheet)?;
    let (_, link) = Link::find(app, &ticket.link, now).await?.ok_or(Error::NoLink)?;
    Ok(link)
}

/// A ticket nobody had before; to a request with an `Idempotency-Key` the one that it had, so that a reader whose first answer got lost is charged once.
fn new_ticket(token: &str, headers: &HeaderMap) -> Result<String, Error> {
    let Some(key) = headers.get("idempotency-key") else { return secret() };
    let token = hmac::Key::new(hmac::HMAC_SHA256, token.as_bytes());
    Ok(URL_SAFE_NO_PAD.encode(hmac::sign(&token, key.as_bytes())))
}

const TICKET: &str = "ticket";
/// How long a ticket is taken: to read the page and fetch a few documents.
const TICKET_LASTS: Duration = Duration::minutes(10);
