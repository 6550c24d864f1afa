//! Mail a certificate: its PDF goes to an address of the citizen's choice, once, however often the same is asked within ten minutes.
//!
//! What is asked lies on a sheet in a folder of its own, named by the hash of everything about it. Only who put it there sends, so that of many equal requests
//! one mail comes; who finds it sent has the first answer. A sender that fails, or a crash, leaves a sheet that the next equal request takes over.

use super::{language, own::owner, printed, read, written};
use crate::{
    App, Error,
    auth::{By, Citizens, contact_hash},
    body::Body,
    fetch::{Selection, exactly, fingerprint},
    http::Json,
    limits::Limit,
    messages::{Word, text},
    ports::{Attachment, Commit, Drawer, Mail, Refused, Sheet},
    post::is_silent,
    print::{Wish, file, printer},
};
use anyhow::{Context, anyhow};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use credential::{Code, Contact};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Duration as Patience;
use time::{Duration, OffsetDateTime};
use tokio::time::{Instant, sleep};

pub(super) async fn mail(
    State(app): State<App>,
    By(caller, ..): By<Citizens>,
    Path(id): Path<String>,
    body: Json,
) -> Result<Response, Error> {
    let mut request = Body::of(&body.0);
    let to = address(&mut request);
    let language = language(&app, &mut request)?;
    let to = request.done(to)?;
    let selection = exactly(&app, &caller, &id).await?;
    let language = language.map_or_else(|| usual_language(&app, &selection), Ok)?;
    let order = Order { owner: owner(&app, &caller).await?, to, language, selection };
    order.carried_out(&app).await?;
    // Whether the address wants mails, or exists, is nobody's to hear.
    Ok((StatusCode::ACCEPTED, axum::Json(json!({ "status": "accepted" }))).into_response())
}

fn address(request: &mut Body<'_>) -> Option<Contact> {
    let to = Contact::email(request.required("email")?);
    if to.is_none() {
        request.fault("/email", Code::Format, "it is no address, such as asha@example.org");
    }
    to
}

/// That of the certificate's page.
fn usual_language(app: &App, selection: &Selection) -> Result<&'static str, Error> {
    let language = printer(app)?.language(None, &selection.certificate.signed.facts());
    language.context("a template without a language").map_err(Error::Internal)
}

/// One certificate to one address.
struct Order {
    owner: String,
    to: Contact,
    language: &'static str,
    selection: Selection,
}

impl Order {
    /// Sends the mail unless that was done, waiting for whoever is at it.
    async fn carried_out(&self, app: &App) -> Result<(), Error> {
        let patience = Instant::now() + PATIENCE;
        let key = app.pepper.contact_key().await?;
        let (to, id) = (contact_hash(&key, &self.to), self.selection.certificate.issuance.certificate_id.as_str());
        let folder = fingerprint(&[self.owner.as_bytes(), id.as_bytes(), to.as_bytes(), self.language.as_bytes()]);
        while Instant::now() < patience {
            let now = (app.clock)();
            let sheet = match app.cabinet.sheet(Drawer::Links, &folder, NAME, now).await? {
                None => {
                    Sheet::new(Drawer::Links, &folder, NAME, written(&Stage::sending(now))?).until(now + REMEMBERED)
                }
                Some(sheet) => match read(&sheet)? {
                    Stage::Sent => return Ok(()),
                    Stage::Sending { since } if now.unix_timestamp() < since + LEASE => {
                        sleep(PAUSE).await;
                        continue;
                    }
                    Stage::Sending { .. } | Stage::Failed => sheet.saying(written(&Stage::sending(now))?),
                },
            };
            if app.cabinet.put(std::slice::from_ref(&sheet), now).await? == Commit::Stored {
                self.counted(app, &sheet, &to).await?;
                return self.sent_from(app, &sheet).await;
            }
        }
        Err(Error::Unavailable(anyhow!("the same mail is being sent by another request")))
    }

    /// Counts a mail that nobody asked for before; one too many is forgotten again.
    async fn counted(&self, app: &App, sheet: &Sheet, to: &str) -> Result<(), Error> {
        if sheet.revision > 1 {
            return Ok(());
        }
        let counted = match FROM_ONE.count(app, &self.owner).await {
            Ok(()) => TO_ONE.count(app, to).await,
            refused => refused,
        };
        if counted.is_err() {
            let now = (app.clock)();
            app.cabinet.put(&[sheet.saying("").until(now)], now).await?;
        }
        counted
    }

    /// Sends the mail and notes what became of it. What could not be noted is over with its lease.
    async fn sent_from(&self, app: &App, sheet: &Sheet) -> Result<(), Error> {
        let sent = self.send(app).await;
        let stage = if sent.is_ok() { Stage::Sent } else { Stage::Failed };
        // A mail that is on its way is accepted, whether or not that could be noted.
        let _ = app.cabinet.put(&[sheet.saying(written(&stage)?)], (app.clock)()).await;
        sent?;
        tracing::info!(certificate.id = self.selection.certificate.issuance.certificate_id.as_str(), "mailed");
        Ok(())
    }

    async fn send(&self, app: &App) -> Result<(), Error> {
        let wish =
            Wish { language: printed(app, Some(self.language))?, format: Some("pdf".to_owned()), ..Wish::default() };
        let pdf = file(app, &self.selection, &wish).await?;
        if is_silent(app, &self.to).await? {
            return Ok(());
        }
        let verify = format!("{}/verify/", app.config.public_url);
        let mail = Mail {
            subject: text(self.language, Word::SharedSubject, &[])?,
            text: text(self.language, Word::SharedMail, &[("verify", &verify)])?,
            attachments: vec![Attachment {
                name: pdf.file_name,
                media_type: pdf.media_type.to_owned(),
                bytes: pdf.bytes,
            }],
            unsubscribe: None,
        };
        match app.sender.mail(&self.to, &mail).await {
            // An address that takes no mail is answered like one that does.
            Err(fault) if fault.is::<Refused>() => Ok(()),
            sent => sent.context("sending a mail").map_err(Error::Unavailable),
        }
    }
}

/// How far the mail is.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// Somebody is at it, since that second.
    Sending {
        since: i64,
    },
    Sent,
    Failed,
}

impl Stage {
    fn sending(now: OffsetDateTime) -> Self {
        Self::Sending { since: now.unix_timestamp() }
    }
}

/// Mails that a citizen may send, and that an address may be sent, in a day.
const FROM_ONE: Limit = Limit { what: "mails-from", window: Duration::DAY, most: 10 };
const TO_ONE: Limit = Limit { what: "mails-to", window: Duration::DAY, most: 5 };
/// How long an equal request has the first answer.
const REMEMBERED: Duration = Duration::minutes(10);
/// Seconds that whoever sends has for it: more than a function has time.
const LEASE: i64 = 30;
/// How long an equal request waits for it, and how often it looks.
const PATIENCE: Patience = Patience::from_secs(20);
const PAUSE: Patience = Patience::from_millis(300);
const NAME: &str = "mail";
