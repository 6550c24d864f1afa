//! What would be sent to telephones and mailboxes, kept to be read at `/outbox`: one-time codes, links, mails.

use crate::folder::write_private;
use anyhow::{Context, Result};
use async_trait::async_trait;
use axum::{Json, Router, response::Html, routing::get};
use credential::Contact;
use issuer::ports::{Mail, Sender};
use serde::Serialize;
use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// The [`Sender`] of a laptop. Messages are in memory, the newest of them, and in a folder that its owner alone may read, if one is kept.
pub struct Outbox {
    folder: Option<PathBuf>,
    sent: Mutex<Vec<Message>>,
}

/// A message that was sent. Personal data, of people who do not exist.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// When, RFC 3339.
    pub at: String,
    /// `tel:` or `email:` and the contact.
    pub to: String,
    /// A mail's subject.
    pub subject: Option<String>,
    /// What it says.
    pub text: String,
    /// Where a mail's receiver says that they want no more.
    pub unsubscribe: Option<String>,
    /// The names of the files that came with it.
    pub attachments: Vec<String>,
}

impl Outbox {
    /// The outbox whose messages also lie in `folder`, if one is kept.
    ///
    /// # Errors
    /// When the folder can't be made.
    pub fn new(folder: Option<PathBuf>) -> Result<Arc<Self>> {
        if let Some(folder) = &folder {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).context("making the outbox")?;
        }
        Ok(Arc::new(Self { folder, sent: Mutex::default() }))
    }

    /// What was sent, the oldest first.
    pub fn sent(&self) -> Vec<Message> {
        self.messages().clone()
    }

    /// The page with what was sent, and the same as JSON.
    pub fn routes(self: &Arc<Self>) -> Router {
        let outbox = self.clone();
        Router::new()
            .route("/outbox", get(async || Html(include_str!("outbox.html"))))
            .route("/outbox.json", get(async move || Json(outbox.sent())))
    }

    fn keep(&self, message: Message, attachments: &[issuer::ports::Attachment]) -> Result<()> {
        if let Some(folder) = &self.folder {
            // Names in order of time; two messages of one nanosecond do not happen on one machine.
            let name = OffsetDateTime::now_utc().unix_timestamp_nanos();
            write_private(&folder.join(format!("{name}.json")), &serde_json::to_vec_pretty(&message)?)?;
            for attachment in attachments {
                write_private(&folder.join(format!("{name}-{}", attachment.name)), &attachment.bytes)?;
            }
        }
        let mut sent = self.messages();
        if sent.len() >= MOST {
            sent.remove(0);
        }
        sent.push(message);
        Ok(())
    }

    /// A panic elsewhere leaves the list whole: each change of it is one call.
    fn messages(&self) -> MutexGuard<'_, Vec<Message>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Sender for Outbox {
    async fn sms(&self, to: &Contact, text: &str) -> Result<()> {
        self.keep(
            Message {
                at: OffsetDateTime::now_utc().format(&Rfc3339)?,
                to: to.normal_form(),
                subject: None,
                text: text.to_owned(),
                unsubscribe: None,
                attachments: Vec::new(),
            },
            &[],
        )
    }

    async fn mail(&self, to: &Contact, mail: &Mail) -> Result<()> {
        self.keep(
            Message {
                at: OffsetDateTime::now_utc().format(&Rfc3339)?,
                to: to.normal_form(),
                subject: Some(mail.subject.clone()),
                text: mail.text.clone(),
                unsubscribe: mail.unsubscribe.clone(),
                attachments: mail.attachments.iter().map(|attachment| attachment.name.clone()).collect(),
            },
            &mail.attachments,
        )
    }
}

/// Messages in memory.
const MOST: usize = 1000;
