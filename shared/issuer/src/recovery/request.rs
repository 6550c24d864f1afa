//! A citizen's request, from the first question to its end: what is kept of it and what may follow what.
//!
//! ```text
//! Asked ──▶ Proven ──▶ Waiting ──▶ Done
//!   │       the code    │  the old number was told
//!   ▼       was right   ├─▶ Stopped   its owner objected
//! Unfit                 └─▶ Refused   certificate or number were no longer so when the time came
//! ```

use super::{keyed, sheet, stamp};
use crate::{
    App, Error,
    error::rfc3339,
    http::with_member,
    ports::{Commit, Drawer, Sheet},
};
use anyhow::{Context, Result};
use credential::{BeneficiaryCode, CertificateId, Contact};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

/// What is kept of a request. Personal data.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Recovery {
    /// The new number.
    pub(super) new: String,
    /// The language of its messages.
    pub(super) language: Option<String>,
    pub(super) state: State,
}

/// How far it is.
#[derive(Clone, Deserialize, Serialize)]
pub(super) enum State {
    /// A code was sent to the new number. Without a case, paper and registered number do not fit; nobody is told before they prove the new number.
    Asked(Option<Case>),
    /// The new number is proven.
    Proven(Case),
    /// The registered number was told; the move takes effect at the instant, Unix time.
    Waiting { case: Case, until: i64 },
    /// The certificates were moved.
    Done,
    /// The owner of the registered number objected.
    Stopped,
    /// When the time came, it could not take effect.
    Refused,
    /// Paper and registered number did not fit.
    Unfit,
}

/// Whose certificates are to be moved away from which number.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Case {
    beneficiary: String,
    certificate: String,
    /// The keyed hash of the registered number.
    pub(super) from: String,
    /// The registered number, until it is told.
    pub(super) registered: Option<String>,
}

impl Case {
    pub(super) fn new(
        beneficiary: &BeneficiaryCode,
        certificate: &CertificateId,
        from: String,
        registered: &Contact,
    ) -> Self {
        Self {
            beneficiary: beneficiary.as_str().to_owned(),
            certificate: certificate.as_str().to_owned(),
            from,
            registered: Some(number_of(registered)),
        }
    }

    /// The case once its number is told, and need not be known any longer.
    pub(super) fn told(self) -> Self {
        Self { registered: None, ..self }
    }

    pub(super) fn beneficiary(&self) -> Result<BeneficiaryCode> {
        BeneficiaryCode::parse(&self.beneficiary).context("a case of nobody")
    }

    /// The certificate that was shown.
    pub(super) fn certificate(&self) -> Result<CertificateId> {
        CertificateId::parse(&self.certificate).context("a case without certificate")
    }
}

/// A request under its id, as it was read.
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) recovery: Recovery,
    sheet: Sheet,
}

impl Kept {
    /// The request with that id.
    ///
    /// # Errors
    /// [`Error::NoRecovery`] if there is none, or none any more.
    pub(super) async fn read(app: &App, id: &str) -> Result<Self, Error> {
        // Ids have one length; nothing longer becomes part of a key.
        let there = if id.len() <= 32 { sheet(app, &folder(id), NAME).await? } else { None };
        let sheet = there.ok_or(Error::NoRecovery)?;
        let recovery = serde_json::from_str(&sheet.text).context("reading a recovery")?;
        Ok(Self { id: id.to_owned(), recovery, sheet })
    }

    /// The sheet that says what comes next, for as long as that is of use.
    pub(super) fn next(&self, state: State, until: OffsetDateTime) -> Result<Sheet> {
        let next = Recovery { state, ..self.recovery.clone() };
        Ok(self.sheet.saying(serde_json::to_string(&next).context("writing a recovery")?).until(until))
    }

    /// Puts what comes next in its place, with other sheets, unless somebody else did so with something.
    pub(super) async fn follow(
        &self,
        app: &App,
        state: State,
        until: OffsetDateTime,
        with: Vec<Sheet>,
    ) -> Result<Commit> {
        let sheets: Vec<Sheet> = [self.next(state, until)?].into_iter().chain(with).collect();
        app.cabinet.put(&sheets, (app.clock)()).await
    }

    /// What its asker is told.
    ///
    /// # Errors
    /// [`Error::NoRecovery`] before the new number is proven, and [`Error::NotRecovered`] if nothing fits.
    pub(super) fn told(&self) -> Result<Value, Error> {
        let (state, effective_at) = match &self.recovery.state {
            State::Asked(_) | State::Proven(_) => return Err(Error::NoRecovery),
            State::Unfit => return Err(Error::NotRecovered),
            State::Waiting { until, .. } => ("waiting", Some(instant(*until)?)),
            State::Done => ("done", None),
            State::Stopped => ("stopped", None),
            State::Refused => ("refused", None),
        };
        let told = json!({ "recoveryId": self.id, "state": state });
        Ok(with_member(told, "effectiveAt", effective_at.map(rfc3339)))
    }
}

/// The sheet of a new request.
pub(super) fn first(id: &str, recovery: &Recovery, until: OffsetDateTime) -> Result<Sheet> {
    let text = serde_json::to_string(recovery).context("writing a recovery")?;
    Ok(Sheet::new(Drawer::Rebindings, folder(id), NAME, text).until(until))
}

/// What leads to a waiting request: from the day that it takes effect, and from the number that it takes certificates away from.
pub(super) fn leads(id: &str, case: &Case, effective_at: OffsetDateTime) -> Vec<Sheet> {
    let until = effective_at + KEPT;
    let due = Sheet::new(Drawer::Rebindings, DUE, due(id, effective_at), "").until(until);
    vec![due, Sheet::new(Drawer::Rebindings, away_from(&case.from), id, "").until(until)]
}

/// The name of a request that is due at an instant; in order of time.
pub(super) fn due(id: &str, at: OffsetDateTime) -> String {
    format!("{}-{id}", stamp(at))
}

/// The folder of the requests that take certificates away from a contact.
pub(super) fn away_from(contact: &str) -> String {
    format!("from-{contact}")
}

/// What the registered number is sent to object with: it is known only to whoever gets the message, and kept nowhere.
pub(super) async fn objection(app: &App, id: &str) -> Result<String, Error> {
    Ok(format!("{id}.{}", keyed(app, "objection", &[id]).await?))
}

/// A number as it is kept to be told something.
pub(super) fn number_of(contact: &Contact) -> String {
    match contact {
        Contact::Telephone(digits) => format!("+{digits}"),
        Contact::Email(address) => address.clone(),
    }
}

/// The number that was kept.
pub(super) fn telephone(kept: &str) -> Result<Contact> {
    Contact::telephone(kept, "").context("a kept number that is none")
}

pub(super) fn instant(seconds: i64) -> Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(seconds).context("an instant that is none")
}

fn folder(id: &str) -> String {
    format!("request-{id}")
}

/// How long its end can be asked for.
pub(super) const KEPT: Duration = Duration::days(30);
/// The folder of those that wait.
pub(super) const DUE: &str = "due";
/// The name of the sheet in a contact's folder that says that its owner objected.
pub(super) const OBJECTED: &str = "objected";
const NAME: &str = "recovery";
