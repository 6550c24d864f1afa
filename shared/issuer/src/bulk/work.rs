//! The worker of uploads: counts a file's rows, sends its chunks out, and makes certificates of a chunk's rows. It can be killed at any time.

use super::{
    outcome::{self, Outcome},
    parts,
    row::{Failed, RowFault, event, is_blank},
    scan::Scanner,
    table::{Table, rows},
    upload::{Held, State, Upload},
};
use crate::{
    App, certify,
    certify::{Mandate, Plan, issue_all, plan, sample, too_large_for_a_qr_code, with_occupants},
    fetch::fingerprint,
    keys,
    ports::{Drawer, Lane, Message},
    quota,
};
use anyhow::{Context, Result, bail};
use credential::{Event, EventDigest, SlotKey};
use csv::ByteRecord;
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, time::Duration};
use tokio::time::{Instant, sleep};

/// What a message of the lane asks for.
#[derive(Serialize, Deserialize)]
pub(super) enum Work {
    /// To count an upload's rows and send its chunks out.
    Prepare {
        upload: String,
        /// So often somebody went on with it.
        turn: u32,
    },
    /// To certify a chunk.
    Certify { upload: String, chunk: Numbered },
}

/// A chunk in its place.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Numbered {
    number: u32,
    from: u64,
    until: u64,
    rows: u32,
}

impl Work {
    /// Chunks of a group are worked on one after the other: so many of an upload at a time, and others' uploads beside them.
    pub(super) fn group_of(chunk: u32) -> u32 {
        chunk % 16
    }

    fn message(&self) -> Result<Message> {
        let (group, id) = match self {
            Self::Prepare { upload, turn } => (upload.clone(), format!("{upload}-turn-{turn}")),
            Self::Certify { upload, chunk: Numbered { number, .. } } => {
                (format!("{upload}-{}", Self::group_of(*number)), format!("{upload}-{number}"))
            }
        };
        Ok(Message { lane: Lane::Bulk, group, id, body: serde_json::to_string(self)? })
    }
}

/// What lets the work on an upload begin.
pub(super) fn first(upload: &Upload) -> Result<Message> {
    Work::Prepare { upload: upload.id.clone(), turn: 0 }.message()
}

/// Does what a message asks for. Whatever was done of it already is found done.
///
/// # Errors
/// When it is not done yet: the same message again goes on.
pub(crate) async fn work(app: &App, body: &str) -> Result<()> {
    match serde_json::from_str(body).context("a message that is none")? {
        Work::Prepare { upload, turn } => prepare(app, &upload, turn).await,
        Work::Certify { upload, chunk } => certify(app, &upload, chunk).await,
    }
}

/// Counts all rows before any chunk is sent out, for a file whose rows cannot be told apart is refused as a whole. Each step is stored with where to go on;
/// whoever is killed within one leaves the step to the next.
async fn prepare(app: &App, id: &str, turn: u32) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let Some(mut held) = Held::find(app, id).await? else { return Ok(()) };
    loop {
        let next = match held.upload.state {
            State::Counting => count(app, held).await?,
            State::Certifying if held.upload.sent < held.upload.lists => send(app, held).await?,
            _ => return Ok(()),
        };
        held = next.context("somebody else is at this upload")?;
        if Instant::now() >= deadline {
            let on = Work::Prepare { upload: id.to_owned(), turn: turn + 1 };
            return app.queue.send(&[on.message()?]).await;
        }
    }
}

/// Chunks that were counted together.
#[derive(Serialize, Deserialize)]
struct List {
    /// The first one's number.
    number: u32,
    /// Of each where it begins, where it ends, and its rows.
    chunks: Vec<(u64, u64, u32)>,
}

/// Counts some more rows and writes their chunks down.
async fn count(app: &App, held: Held) -> Result<Option<Held>> {
    let upload = &held.upload;
    let (from, mut at) = (upload.counted, upload.counted);
    let (mut scanner, mut found) = (Scanner::new(at), Vec::new());
    while at < upload.bytes && found.len() < CHUNKS {
        let until = (at + STEP).min(upload.bytes);
        let bytes = parts::read(app, upload, at, until).await?;
        if let Err(long) = scanner.take(&bytes, &mut found) {
            return refuse(app, held, long.rows).await;
        }
        at = until;
    }
    let is_end = at == upload.bytes && found.len() < CHUNKS;
    if is_end && let Err(long) = scanner.finish(&mut found) {
        return refuse(app, held, long.rows).await;
    }
    let chunks = found.iter().map(|chunk| (chunk.from, chunk.until, chunk.rows)).collect();
    let list = List { number: upload.chunks, chunks };
    let sheet = held.beside(list_name(upload.lists), serde_json::to_string(&list)?);
    let held = held.with(|upload| {
        upload.counted = if is_end { upload.bytes } else { found.last().map_or(from, |chunk| chunk.until) };
        upload.rows += found.iter().map(|chunk| u64::from(chunk.rows)).sum::<u64>();
        upload.chunks += u32::try_from(found.len()).unwrap_or(u32::MAX);
        upload.lists += 1;
        if is_end {
            upload.state = State::Certifying;
        }
    });
    if is_end {
        tracing::info!(upload.id = held.upload.id, upload.rows = held.upload.rows, "upload counted");
    }
    held.saved_with(app, Some(sheet)).await
}

/// Ends an upload with a row that never ends; `before`: rows before it since the last step. Nothing of it was certified.
async fn refuse(app: &App, held: Held, before: u64) -> Result<Option<Held>> {
    let held = held.with(|upload| {
        let row = upload.rows + before + 2;
        let most = Scanner::LONGEST;
        upload.state = State::Refused;
        upload.fault = Some(format!("Row {row} has more than {most} bytes; as a rule a quote there is never closed."));
    });
    tracing::info!(upload.id = held.upload.id, "upload refused");
    held.saved(app).await
}

/// Sends the chunks of the next list out. A chunk that is sent twice is certified once.
async fn send(app: &App, held: Held) -> Result<Option<Held>> {
    let upload = &held.upload;
    let sheet = app.cabinet.sheet(Drawer::Uploads, &upload.id, &list_name(upload.sent), (app.clock)()).await?;
    let list: List = serde_json::from_str(&sheet.context("a list of chunks that is gone")?.text)?;
    let mut messages = Vec::with_capacity(list.chunks.len());
    for (number, (from, until, rows)) in (list.number..).zip(list.chunks) {
        let chunk = Numbered { number, from, until, rows };
        messages.push(Work::Certify { upload: upload.id.clone(), chunk }.message()?);
    }
    app.queue.send(&messages).await?;
    held.with(|upload| upload.sent += 1).saved(app).await
}

/// Makes certificates of a chunk's rows, and writes down what became of them: once, however often it is asked for.
async fn certify(app: &App, id: &str, chunk: Numbered) -> Result<()> {
    let Some(held) = Held::find(app, id).await? else { return Ok(()) };
    if held.upload.state != State::Certifying || outcome::of(app, &held.upload, chunk.number).await?.is_some() {
        return Ok(());
    }
    // A key that must not sign is said at once, and not found out by each row.
    keys::current(app).await.context("no certificate can be signed")?;
    let table = held.upload.table()?;
    let bytes = parts::read(app, &held.upload, chunk.from, chunk.until).await?;
    let (mut outcome, mut failed) = (Outcome::default(), Failed::new());
    let mut batch = Batch::new(app, &held.upload, &table);
    let mut waiting = Vec::new();
    let mut rows = rows(&bytes).peekable();
    while let Some(row) = rows.next() {
        let row = row.context("a row that is none")?;
        if is_blank(&row) {
            outcome.blank += 1;
        } else {
            waiting.push(row);
        }
        if waiting.len() < AT_ONCE && rows.peek().is_some() {
            continue;
        }
        let waiting = std::mem::take(&mut waiting);
        for (row, faults) in waiting.iter().zip(batch.certify(&waiting).await?) {
            if faults.is_empty() {
                outcome.certified += 1;
            } else {
                outcome.failed += 1;
                failed.add(&table, row, &faults)?;
            }
        }
    }
    if outcome.failed > 0 {
        outcome.errors = Some(keep_errors(app, &held.upload, chunk.number, &failed.into_bytes()?).await?);
    }
    outcome::keep(app, &held, chunk.number, &outcome).await?;
    tracing::info!(
        upload.id = id,
        chunk = chunk.number,
        certified = outcome.certified,
        failed = outcome.failed,
        "chunk done"
    );
    Ok(())
}

/// Keeps a chunk's rows that failed, under a name made of what they are: an attempt that came to something else keeps another file beside it, and the outcome that is
/// written down names its own.
async fn keep_errors(app: &App, upload: &Upload, chunk: u32, rows: &[u8]) -> Result<String> {
    let key = format!("uploads/{}/errors/{chunk:08}-{}.csv", upload.id, fingerprint(&[rows]));
    app.uploads.write(&key, rows, "text/csv").await?;
    Ok(key)
}

/// The rows of one chunk, some at a time.
struct Batch<'a> {
    app: &'a App,
    table: &'a Table,
    mandate: Mandate,
    /// What earlier rows of the chunk say: the first of two that contradict one another counts.
    said: HashMap<SlotKey, EventDigest>,
    deadline: Instant,
}

impl<'a> Batch<'a> {
    fn new(app: &'a App, upload: &Upload, table: &'a Table) -> Self {
        let mandate = Mandate::to_issue_later(&upload.owner);
        Self { app, table, mandate, said: HashMap::new(), deadline: Instant::now() + PATIENCE }
    }

    /// What is wrong with each row; nothing: it is certified.
    async fn certify(&mut self, rows: &[ByteRecord]) -> Result<Vec<Vec<RowFault>>> {
        let mut faults = Vec::with_capacity(rows.len());
        let mut events = Vec::new();
        for (index, row) in rows.iter().enumerate() {
            let read = self.read(row).await?;
            faults.push(read.map_or_else(
                |faults| faults,
                |event| {
                    events.push((index, event));
                    Vec::new()
                },
            ));
        }
        while !events.is_empty() {
            let (outcomes, asked) = self.issue(events).await?;
            events = Vec::new();
            for (outcome, (index, event)) in outcomes.into_iter().zip(asked) {
                match outcome {
                    certify::Outcome::Created { .. } | certify::Outcome::AlreadyIssued { .. } => {}
                    certify::Outcome::Conflict => {
                        faults.get_mut(index).context("a row of another batch")?.push(RowFault::of_row(OTHERWISE));
                    }
                    certify::Outcome::Unfinished => events.push((index, event)),
                }
            }
            if !events.is_empty() {
                if Instant::now() >= self.deadline {
                    bail!("{} rows are not certified yet", events.len());
                }
                sleep(PAUSE).await;
            }
        }
        Ok(faults)
    }

    /// The event of a row about which nothing is wrong.
    async fn read(&mut self, row: &ByteRecord) -> Result<Result<Event, Vec<RowFault>>> {
        let event = match event(self.table, row, (self.app.clock)(), &self.app.config.rules) {
            Ok(event) => event,
            Err(faults) => return Ok(Err(faults)),
        };
        if let Some(fault) = too_large_for_a_qr_code(self.app, &sample(self.app, &event)?).await? {
            return Ok(Err(vec![RowFault::of_row(fault)]));
        }
        let digest = event.digest();
        let is_first = *self.said.entry(event.slot()).or_insert(digest) == digest;
        Ok(if is_first { Ok(event) } else { Err(vec![RowFault::of_row(TWICE)]) })
    }

    /// Issues the events' certificates as the quota of signatures lets it.
    async fn issue(&self, events: Vec<(usize, Event)>) -> Result<(Vec<certify::Outcome>, Vec<(usize, Event)>)> {
        let found = with_occupants(self.app, events.iter().map(|(_, event)| event.clone()).collect()).await?;
        let work: Vec<_> = found
            .into_iter()
            .map(|(event, occupant)| {
                let plan = plan(&event, occupant.as_ref()).unwrap_or(Plan::Settled(certify::Outcome::Conflict));
                (event, plan)
            })
            .collect();
        let signatures = work.iter().filter(|(_, plan)| matches!(plan, Plan::Issue(_))).count();
        quota::take(self.app, signatures).await?;
        Ok((issue_all(self.app, &self.mandate, work).await, events))
    }
}

fn list_name(list: u32) -> String {
    format!("list-{list:06}")
}

/// How long a worker goes on with one message: less than a function may run.
const PATIENCE: Duration = Duration::from_mins(4);
/// Between two tries for rows that were not finished.
const PAUSE: Duration = Duration::from_millis(500);
/// Rows that are certified together.
const AT_ONCE: usize = 100;
/// Bytes that are read at a time.
const STEP: u64 = 4 << 20;
/// Chunks of a list: it must fit a sheet.
const CHUNKS: usize = 500;
const OTHERWISE: &str = "This dose or test is already certified with other details; correct a vaccination's certificate with PUT /divoc/api/v1/certificate.";
const TWICE: &str =
    "An earlier row of this file is for the same programme, beneficiary and dose or sample and says something else.";
