//! One upload: what was announced, and how far it is.

use super::{
    outcome::{TALLIES, Tally},
    parts,
    table::Table,
};
use crate::{
    App, Error,
    auth::{Caller, Role},
    error::rfc3339,
    fetch::fingerprint,
    http::with_member,
    ports::{Commit, Drawer, Sheet},
    random,
};
use anyhow::{Context, Result};
use credential::Kind;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// An upload, as its sheet says it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) id: String,
    /// The `sub` of the token that announced it: who is said to have issued its certificates.
    pub(super) owner: String,
    pub(super) file_name: String,
    kind: String,
    pub(super) bytes: u64,
    /// Unix milliseconds.
    pub(super) at: i64,
    pub(super) state: State,
    /// The first line, once it was found to be one.
    pub(super) names: Vec<String>,
    /// How far the rows are counted.
    pub(super) counted: u64,
    pub(super) rows: u64,
    pub(super) chunks: u32,
    /// Sheets on which the chunks are written down; and of those, how many were sent to be worked on.
    pub(super) lists: u32,
    pub(super) sent: u32,
    /// Why it is refused.
    pub(super) fault: Option<String>,
}

/// How far an upload is. It is done when every chunk has an outcome; no sheet says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// For the file, or for its owner to start it.
    Waiting,
    /// The rows are counted; nothing is certified before all are.
    Counting,
    /// Its chunks are worked on.
    Certifying,
    /// Its rows cannot be told apart. Nothing was certified.
    Refused,
    /// Its owner stopped it.
    Cancelled,
}

impl Upload {
    pub(super) fn kind(&self) -> Kind {
        if self.kind == Kind::Test.as_str() { Kind::Test } else { Kind::Vaccination }
    }

    /// The table whose first line was read.
    pub(super) fn table(&self) -> Result<Table> {
        Table::of(self.names.clone(), self.kind()).context("a first line that is none")
    }

    /// Its first line was read: the rows may be counted.
    pub(super) fn counts_from(&mut self, table: Table, rows_from: u64) {
        self.names = table.names;
        self.counted = rows_from;
        self.state = State::Counting;
    }

    /// # Errors
    /// For anybody but its owner and administrators.
    pub(super) fn may_be_seen_by(&self, caller: &Caller) -> Result<(), Error> {
        let may = caller.subject == self.owner || caller.roles.contains(&Role::Admin);
        if may { Ok(()) } else { Err(Error::NotYourUpload) }
    }

    /// Whether every row has its outcome.
    pub(super) fn is_done(&self, tallies: &[Tally]) -> bool {
        self.state == State::Certifying && Tally::sum(tallies).chunks == self.chunks
    }

    /// Where it is asked for.
    pub(super) fn place(&self, app: &App) -> String {
        format!("{}/divoc/api/v1/uploads/{}", app.config.public_url, self.id)
    }

    /// When it was announced.
    pub(super) fn begun(&self) -> Result<OffsetDateTime> {
        Ok(OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.at) * 1_000_000)?)
    }

    /// How it is told.
    pub(super) fn told(&self, app: &App, tallies: &[Tally]) -> Result<Value> {
        let (sum, place) = (Tally::sum(tallies), self.place(app));
        let state = if self.is_done(tallies) { json!("done") } else { json!(self.state) };
        let told = json!({
            "uploadId": self.id,
            "fileName": self.file_name,
            "kind": self.kind,
            "bytes": self.bytes,
            "createdAt": rfc3339(self.begun()?),
            "keptUntil": rfc3339(self.begun()? + app.config.uploading.kept),
            "state": state,
            "countedBytes": self.counted,
            "rows": self.rows,
            "certified": sum.certified,
            "failed": sum.failed,
            "blank": sum.blank,
            "links": {
                "self": place, "parts": format!("{place}/parts"), "preview": format!("{place}/preview"),
                "start": format!("{place}/start"), "errors": format!("{place}/errors"),
            },
        });
        Ok(with_member(told, "fault", self.fault.clone()))
    }
}

/// An upload that we may change as long as nobody else did.
pub(super) struct Held {
    pub(super) upload: Upload,
    sheet: Sheet,
}

impl Held {
    pub(super) async fn find(app: &App, id: &str) -> Result<Option<Self>> {
        let Some(sheet) = app.cabinet.sheet(Drawer::Uploads, id, UPLOAD, (app.clock)()).await? else { return Ok(None) };
        Ok(Some(Self { upload: serde_json::from_str(&sheet.text).context("an upload that is none")?, sheet }))
    }

    /// The same, changed.
    pub(super) fn with(mut self, change: impl FnOnce(&mut Upload)) -> Self {
        change(&mut self.upload);
        self
    }

    /// Puts it in its place; `None` if somebody else changed it.
    pub(super) async fn saved(self, app: &App) -> Result<Option<Self>> {
        self.saved_with(app, None).await
    }

    /// The same together with another sheet.
    pub(super) async fn saved_with(self, app: &App, beside: Option<Sheet>) -> Result<Option<Self>> {
        let sheet = self.sheet.saying(serde_json::to_string(&self.upload)?);
        let sheets: Vec<_> = [sheet.clone()].into_iter().chain(beside).collect();
        let commit = app.cabinet.put(&sheets, (app.clock)()).await?;
        Ok((commit == Commit::Stored).then_some(Self { upload: self.upload, sheet }))
    }

    /// A new sheet in the upload's folder, which goes when it goes.
    pub(super) fn beside(&self, name: String, text: String) -> Sheet {
        Sheet { until: self.sheet.until, ..Sheet::new(Drawer::Uploads, &self.upload.id, name, text) }
    }
}

/// Keeps a new upload, and its name in its owner's folder.
pub(super) async fn keep(app: &App, caller: &Caller, name: &str, kind: Kind, bytes: u64) -> Result<Upload, Error> {
    let now = (app.clock)();
    let at = i64::try_from(now.unix_timestamp_nanos() / 1_000_000).context("a clock beyond all dates")?;
    let upload = Upload {
        id: format!("{:032x}", random::number()?),
        owner: caller.subject.clone(),
        file_name: name.to_owned(),
        kind: kind.as_str().to_owned(),
        bytes,
        at,
        state: State::Waiting,
        names: Vec::new(),
        counted: 0,
        rows: 0,
        chunks: 0,
        lists: 0,
        sent: 0,
        fault: None,
    };
    let until = now + app.config.uploading.kept;
    let text = serde_json::to_string(&upload).context("writing an upload")?;
    let sheets = [
        Sheet::new(Drawer::Uploads, &upload.id, UPLOAD, text).until(until),
        Sheet::new(Drawer::Uploads, owners(&caller.subject), name_in_time(&upload), &upload.id).until(until),
    ];
    if app.cabinet.put(&sheets, now).await? == Commit::Lost {
        return Err(busy());
    }
    tracing::info!(upload.id = upload.id, upload.bytes = bytes, upload.parts = parts::count(bytes), "upload announced");
    Ok(upload)
}

/// The upload of that id, if the caller may see it.
pub(super) async fn of(app: &App, caller: &Caller, id: &str) -> Result<Held, Error> {
    let held = Held::find(app, id).await?.ok_or(Error::NoUpload)?;
    held.upload.may_be_seen_by(caller)?;
    Ok(held)
}

/// An upload and how far its chunks are, in one read: the sheet's name comes after theirs.
pub(super) async fn with_tallies(app: &App, id: &str) -> Result<(Upload, Vec<Tally>), Error> {
    let sheets = app.cabinet.sheets(Drawer::Uploads, id, Some(TALLIES), usize::MAX, (app.clock)()).await?;
    let upload = sheets.iter().find(|sheet| sheet.name == UPLOAD).ok_or(Error::NoUpload)?;
    let upload = serde_json::from_str(&upload.text).context("an upload that is none")?;
    let tallies = sheets.iter().filter(|sheet| sheet.name != UPLOAD);
    Ok((
        upload,
        tallies
            .map(|sheet| serde_json::from_str(&sheet.text))
            .collect::<Result<_, _>>()
            .context("a tally that is none")?,
    ))
}

/// Uploads with their tallies, and where the list goes on.
type Own = (Vec<(Upload, Vec<Tally>)>, Option<String>);

/// Some of the caller's own, the newest first.
pub(super) async fn own(app: &App, caller: &Caller, after: Option<&str>) -> Result<Own, Error> {
    let folder = owners(&caller.subject);
    let names = app.cabinet.sheets(Drawer::Uploads, &folder, after, A_PAGE, (app.clock)()).await?;
    let mut uploads = Vec::new();
    for name in &names {
        match with_tallies(app, &name.text).await {
            // Its time was over in this moment.
            Err(Error::NoUpload) => {}
            found => uploads.push(found?),
        }
    }
    Ok((uploads, names.get(A_PAGE - 1).map(|last| last.name.clone())))
}

/// What may happen to whom two people change at once.
pub(super) fn busy() -> Error {
    Error::Unavailable(anyhow::anyhow!("an upload was changed while it was being changed"))
}

/// The folder of somebody's uploads. A subject may be anything that the identity provider likes.
fn owners(subject: &str) -> String {
    format!("of-{}", fingerprint(&[subject.as_bytes()]))
}

/// The newest come first.
fn name_in_time(upload: &Upload) -> String {
    format!("{:014}-{}", 99_999_999_999_999 - upload.at, upload.id)
}

/// The sheet's name; it must come after [`TALLIES`].
const UPLOAD: &str = "upload";
const A_PAGE: usize = 50;
