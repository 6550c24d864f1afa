//! What a recall is asked for, and how far it came: the job as it is stored and told.

use super::{fault, soon};
use crate::{
    error::rfc3339,
    fetch::fingerprint,
    http::with_member,
    ports::{AuditEvent, Common, Reason},
};
use anyhow::{Context, Result, bail};
use credential::{
    Fault, Status,
    traits::{Lot, Place},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};

/// What is wanted: which certificates, what is done to them, and why.
///
/// `{"batch": "…"}`, `{"facility": {"name": "…", "district": "…"}}` or `{"signed": {"from": "…", "until": "…", "key": "thumbprint"}}`, with
/// `"action": "revoke"`, `"suspend"` with its `"until"`, or `"resign"`, and a `"reason"`. The same wish is the same job; a `"label"` tells one from an earlier one that
/// is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wish {
    pub(super) of: Of,
    pub(super) action: Action,
    reason: String,
    label: Option<String>,
}

/// Which certificates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Of {
    Batch(String),
    Facility { name: String, district: String },
    Signed { from: i64, until: i64, key: Option<String> },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Action {
    Revoke,
    Suspend {
        until: i64,
    },
    /// Sign again what the key in [`Of::Signed`] signed.
    Resign,
}

/// Which worker a job is for: only one of them may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Changes statuses.
    Status,
    /// Signs again.
    Signature,
}

impl Wish {
    /// Reads a request's body.
    ///
    /// # Errors
    /// Every fault with its JSON Pointer.
    pub(crate) fn parse(body: &Value, now: OffsetDateTime) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let of = of(body, now).map_err(|fault| faults.push(fault));
        let action = action(body, now).map_err(|fault| faults.push(fault));
        let reason = body.get("reason").map_or(Some(Reason::Recall), |code| Reason::parse(code.as_str()?));
        if reason.is_none() {
            faults.push(fault("/reason", "must be the code of a reason, such as recall"));
        }
        let label = body.get("label").map(|label| label.as_str().filter(|label| (1..=64).contains(&label.len())));
        if label == Some(None) {
            faults.push(fault("/label", "must be a text of 1 to 64 bytes"));
        }
        let by_key = matches!(&of, Ok(Of::Signed { key: Some(_), .. }));
        if matches!(action, Ok(Action::Resign)) && of.is_ok() && !by_key {
            faults.push(fault("/signed/key", "must name the key whose signatures are replaced"));
        }
        match (of, action, reason) {
            (Ok(of), Ok(action), Some(reason)) if faults.is_empty() => {
                let label = label.flatten().map(str::to_owned);
                Ok(Self { of, action, reason: reason.as_str().to_owned(), label })
            }
            _ => Err(faults),
        }
    }

    /// What it looks for, unless it goes by time.
    pub(super) fn common(&self) -> Option<Common> {
        match &self.of {
            Of::Batch(batch) => Lot::of(batch).map(Common::Lot),
            Of::Facility { name, district } => Place::of(name, district).map(Common::Place),
            Of::Signed { .. } => None,
        }
    }

    /// The worker that it is for.
    pub(super) fn task(&self) -> Task {
        if self.action == Action::Resign { Task::Signature } else { Task::Status }
    }

    /// Why.
    pub(super) fn reason(&self) -> Result<Reason> {
        Reason::parse(&self.reason).context("a reason that is unknown")
    }

    /// What becomes of the status, and how the log calls it.
    pub(super) fn act(&self) -> Result<crate::revoke::Act> {
        let reason = self.reason()?;
        Ok(match self.action {
            Action::Resign => bail!("a new signature is no status"),
            Action::Revoke => crate::revoke::Act { to: Status::Revoked, event: AuditEvent::Revoked, reason },
            Action::Suspend { until } => {
                let until = OffsetDateTime::from_unix_timestamp(until)?;
                crate::revoke::Act { to: Status::Suspended { until }, event: AuditEvent::Suspended, reason }
            }
        })
    }
}

/// The wish that has exactly one of the three.
fn of(body: &Value, now: OffsetDateTime) -> Result<Of, Fault> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    match (body.get("batch"), body.get("facility"), body.get("signed")) {
        (Some(batch), None, None) => {
            let batch = batch.as_str().filter(|batch| Lot::of(batch).is_some());
            Ok(Of::Batch(batch.ok_or_else(|| fault("/batch", "must be a batch number"))?.to_owned()))
        }
        (None, Some(facility), None) => {
            let name = text(facility, "name").unwrap_or_default();
            let district = text(facility, "district").unwrap_or_default();
            let named = Place::of(&name, &district).is_some();
            if named { Ok(Of::Facility { name, district }) } else { Err(fault("/facility/name", "must be a name")) }
        }
        (None, None, Some(signed)) => {
            let from = instant(signed, "from").ok_or_else(|| fault("/signed/from", INSTANT))?;
            let until = instant(signed, "until").ok_or_else(|| fault("/signed/until", INSTANT))?;
            if until <= from || from > now || until - from > A_YEAR {
                return Err(fault("/signed/until", "must be after /signed/from, by a year at most"));
            }
            let key = match signed.get("key") {
                None | Some(Value::Null) => None,
                Some(Value::String(key)) => Some(key.clone()),
                Some(_) => return Err(fault("/signed/key", "must be a key's thumbprint")),
            };
            Ok(Of::Signed { from: from.unix_timestamp(), until: until.unix_timestamp(), key })
        }
        _ => Err(fault("", "must have exactly one of batch, facility and signed")),
    }
}

fn action(body: &Value, now: OffsetDateTime) -> Result<Action, Fault> {
    match body.get("action").and_then(Value::as_str) {
        Some("revoke") => Ok(Action::Revoke),
        Some("suspend") => {
            let until = instant(body, "until").filter(|until| soon(*until, now));
            let until = until.ok_or_else(|| fault("/until", "must be an instant in the future, within ten years"))?;
            Ok(Action::Suspend { until: until.unix_timestamp() })
        }
        Some("resign") => Ok(Action::Resign),
        _ => Err(fault("/action", "must be revoke, suspend or resign")),
    }
}

fn instant(value: &Value, name: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(value.get(name)?.as_str()?, &Rfc3339).ok()
}

const INSTANT: &str = "must be an instant such as 2027-01-31T00:00:00Z";
const A_YEAR: Duration = Duration::days(366);

/// A recall and how far it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Made of the wish: the same wish is the same job.
    pub id: String,
    pub(super) wish: Wish,
    pub(super) state: State,
    pub(super) actor: String,
    pub(super) begun: i64,
    /// Where the next page begins.
    pub(super) after: Option<String>,
    /// Certificates that were met, and those of them that were changed, were so already, or were superseded.
    pub(super) found: u64,
    pub(super) changed: u64,
    pub(super) already: u64,
    pub(super) superseded: u64,
    /// Until when one worker has it.
    pub(super) lease: i64,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum State {
    Running,
    Done,
    Cancelled,
}

impl Job {
    pub(super) fn new(wish: Wish, actor: &str, now: OffsetDateTime) -> Result<Self> {
        let id = fingerprint(&[serde_json::to_string(&wish)?.as_bytes()]);
        Ok(Self {
            id: id.get(..22).unwrap_or_default().to_owned(),
            wish,
            state: State::Running,
            actor: actor.to_owned(),
            begun: now.unix_timestamp(),
            after: None,
            found: 0,
            changed: 0,
            already: 0,
            superseded: 0,
            lease: 0,
        })
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).context("a recall that is none")
    }

    pub(super) fn text(&self) -> Result<String> {
        serde_json::to_string(self).context("writing a recall")
    }

    /// How callers are told of it.
    pub(super) fn told(&self) -> Value {
        let when = |instant| OffsetDateTime::from_unix_timestamp(instant).map(rfc3339).unwrap_or_default();
        let of = match &self.wish.of {
            Of::Batch(batch) => json!({ "batch": batch }),
            Of::Facility { name, district } => json!({ "facility": { "name": name, "district": district } }),
            Of::Signed { from, until, key } => {
                json!({ "signed": { "from": when(*from), "until": when(*until), "key": key } })
            }
        };
        let told = json!({
            "id": self.id,
            "status": match self.state {
                State::Running => "running",
                State::Done => "done",
                State::Cancelled => "cancelled",
            },
            "of": of,
            "action": match self.wish.action {
                Action::Revoke => "revoke",
                Action::Suspend { .. } => "suspend",
                Action::Resign => "resign",
            },
            "reason": self.wish.reason,
            "label": self.wish.label,
            "begunAt": when(self.begun),
            "found": self.found,
            "changed": self.changed,
            "already": self.already,
            "superseded": self.superseded,
        });
        let until = if let Action::Suspend { until } = self.wish.action { Some(when(until)) } else { None };
        with_member(told, "until", until)
    }
}
