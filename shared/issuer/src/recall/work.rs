//! The worker of recalls: takes a job, goes through its certificates page by page, and can be killed at any time.

use super::job::{Job, Of, State, Task, Wish};
use crate::{
    App, certify,
    ports::{AuditEvent, Candidate, Change, Commit, Page, StoredJob},
    revoke,
};
use anyhow::{Context, Result, bail};
use credential::{CertificateId, Status, VerificationMethod, verify};
use std::time::Duration;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::{task::JoinSet, time::Instant};

/// Works on recalls for about that long; answers whether there is work left.
///
/// 1. A running job that no other worker has is leased: a revision of its own, which only one worker can store.
/// 2. Page by page its certificates get their status, several at a time, each in a transaction of its own with its entry in the log. One that has it
///    already, or that a correction replaced, is counted and left.
/// 3. After each page the job is stored with its counts and the place to go on. If that fails, somebody cancelled it or took it over: this worker stops.
///
/// A crash within a page repeats the page, and finds done what was done. Certificates that are issued while a job works are met if they come after its place;
/// the batch or the facility is at fault, so the caller stops issuing first, or asks again.
///
/// # Errors
/// When records do not answer. The lease ends by itself, and the next run goes on.
pub async fn work(app: &App, task: Task, patience: Duration) -> Result<bool> {
    let deadline = Instant::now() + patience;
    for stored in app.recalls.jobs().await? {
        let job = Job::parse(&stored.text)?;
        let now = (app.clock)();
        if job.state != State::Running || job.wish.task() != task || job.lease > now.unix_timestamp() {
            continue;
        }
        let Some(mut held) = Held { job, revision: stored.revision }.saved(app, now).await? else { continue };
        while held.job.state == State::Running {
            if Instant::now() >= deadline {
                held.job.lease = 0;
                held.saved_as_is(app).await?;
                return Ok(true);
            }
            let now = (app.clock)();
            let page = page(app, &held.job.wish, held.job.after.as_deref()).await?;
            let changed = change_all(app, &held.job, page.found).await?;
            count(&mut held.job, changed);
            held.job.state = if page.next.is_some() { State::Running } else { State::Done };
            held.job.after = page.next;
            let Some(next) = held.saved(app, now).await? else { break };
            held = next;
        }
    }
    Ok(false)
}

/// A job that we hold as long as its revision is ours.
struct Held {
    job: Job,
    revision: u64,
}

impl Held {
    /// Stores it with a lease from now; `None` if it is not ours any more.
    async fn saved(mut self, app: &App, now: OffsetDateTime) -> Result<Option<Self>> {
        self.job.lease = if self.job.state == State::Running { now.unix_timestamp() + LEASE } else { 0 };
        self.saved_as_is(app).await
    }

    async fn saved_as_is(mut self, app: &App) -> Result<Option<Self>> {
        self.revision += 1;
        let stored = StoredJob { id: self.job.id.clone(), text: self.job.text()?, revision: self.revision };
        let ours = app.recalls.save(&stored).await? == Commit::Stored;
        if ours && self.job.state == State::Done {
            tracing::info!(recall.id = self.job.id, recall.changed = self.job.changed, "recall done");
        }
        Ok(ours.then_some(self))
    }
}

/// Seconds after which another worker may take a job over: a page takes far less.
const LEASE: i64 = 120;
/// Certificates after which a page of the log is long enough.
const ENOUGH: usize = 200;
/// Certificates that are changed at a time.
const AT_A_TIME: usize = 32;
/// How often a change that met another is tried again.
const TRIES: u32 = 5;

/// Some certificates of the wish: from an index, or a minute of the log.
pub(super) async fn page(app: &App, wish: &Wish, after: Option<&str>) -> Result<Page> {
    match (wish.common(), &wish.of) {
        (Some(common), _) => app.recalls.found(&common, after).await,
        (None, Of::Signed { from, until, key }) => {
            let (from, skip) = after.map_or(Ok((*from, 0)), place)?;
            signed(app, from, skip, *until, key.as_deref()).await
        }
        (None, _) => bail!("a wish for nothing"),
    }
}

/// Where to go on in the log: the first second of what is left, and how many signatures of its minute were met already.
fn place(after: &str) -> Result<(i64, usize)> {
    let (second, skip) = after.split_once('+').context("a place that is none")?;
    Ok((second.parse().context("a place that is no time")?, skip.parse().context("a place that is no number")?))
}

/// The certificates that were signed from an instant on: an hour's where little was signed, a part of a minute's where much was, so that a page never
/// outlasts the lease.
async fn signed(app: &App, from: i64, mut skip: usize, until: i64, key: Option<&str>) -> Result<Page> {
    let mut found = Vec::new();
    let mut at = from;
    while at < until && at < from + 3600 && found.len() < ENOUGH {
        let end = (at - at.rem_euclid(60) + 60).min(until);
        let ids = signed_within(app, at, end, key).await?;
        let met = (skip + ENOUGH).min(ids.len());
        for id in ids.iter().take(met).skip(skip) {
            found.extend(known(app, id).await?);
        }
        if met < ids.len() {
            return Ok(Page { found, next: Some(format!("{at}+{met}")) });
        }
        (at, skip) = (end, 0);
    }
    Ok(Page { found, next: (at < until).then(|| format!("{at}+0")) })
}

/// What the log says was signed within a minute.
async fn signed_within(app: &App, from: i64, until: i64, key: Option<&str>) -> Result<Vec<CertificateId>> {
    let instant = OffsetDateTime::from_unix_timestamp;
    let signings = [AuditEvent::Issued, AuditEvent::Corrected, AuditEvent::Resigned].map(AuditEvent::as_str);
    let mut ids = Vec::new();
    for entry in app.ledger.entries(instant(from)?, instant(until)?).await? {
        let member = |name: &str| entry.members.get(name).map(String::as_str);
        let at = member("at").and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok());
        let within = at.is_some_and(|at| (from..until).contains(&at.unix_timestamp()));
        let by_key = key.is_none_or(|key| member("key") == Some(key));
        if within && by_key && member("event").is_some_and(|event| signings.contains(&event)) {
            ids.push(member("id").and_then(CertificateId::parse).context("an entry without certificate")?);
        }
    }
    Ok(ids)
}

/// The certificate as it stands.
async fn known(app: &App, id: &CertificateId) -> Result<Option<Candidate>> {
    let Some(code) = app.store.beneficiary_of(id).await? else { return Ok(None) };
    let all = app.store.certificates(&code, None).await?;
    let found = all.into_iter().find(|certificate| certificate.issuance.certificate_id == *id);
    Ok(found.map(|it| Candidate { slot: it.slot, issuance: it.issuance, status: it.status }))
}

/// What became of one certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Became {
    Changed,
    Already,
    Superseded,
}

async fn change_all(app: &App, job: &Job, found: Vec<Candidate>) -> Result<Vec<Became>> {
    let mut waiting = found.into_iter();
    let mut working = JoinSet::new();
    let mut outcomes = Vec::new();
    loop {
        while working.len() < AT_A_TIME {
            let Some(candidate) = waiting.next() else { break };
            let (app, job) = (app.clone(), job.clone());
            working.spawn(async move {
                match job.wish.task() {
                    Task::Status => change(&app, &job.actor, &job.wish.act()?, candidate).await,
                    Task::Signature => sign_again(&app, &job, &candidate).await,
                }
            });
        }
        let Some(done) = working.join_next().await else { return Ok(outcomes) };
        outcomes.push(done.context("a change broke")??);
    }
}

async fn change(app: &App, actor: &str, act: &revoke::Act, mut candidate: Candidate) -> Result<Became> {
    for _ in 0..TRIES {
        let now = (app.clock)();
        match candidate.status {
            Status::Superseded => return Ok(Became::Superseded),
            Status::Revoked => return Ok(Became::Already),
            from if from.at(now) == act.to => return Ok(Became::Already),
            from => {
                let change =
                    Change { slot: candidate.slot.clone(), issuance: candidate.issuance.clone(), from, to: act.to };
                if revoke::change(app, actor, &[change], act, now).await? == Commit::Stored {
                    return Ok(Became::Changed);
                }
            }
        }
        // The index was late, or somebody else changed it: the record knows.
        candidate = known(app, &candidate.issuance.certificate_id).await?.context("a certificate that is gone")?;
    }
    bail!("a status changed {TRIES} times while it was being changed")
}

/// A certificate that is not valid any more needs no signature; one that another key signed has it already.
async fn sign_again(app: &App, job: &Job, candidate: &Candidate) -> Result<Became> {
    let code = &candidate.slot.beneficiary;
    for _ in 0..TRIES {
        let all = app.store.certificates(code, None).await?;
        let certificate = all.into_iter().find(|it| it.issuance.certificate_id == candidate.issuance.certificate_id);
        let certificate = certificate.context("a certificate that is gone")?;
        match certificate.status {
            Status::Superseded => return Ok(Became::Superseded),
            Status::Revoked => return Ok(Became::Already),
            Status::Valid | Status::Suspended { .. } => {}
        }
        if !is_by_the_key(app, job, certificate.signed.as_str()).await? {
            return Ok(Became::Already);
        }
        if certify::sign_again(app, &job.actor, job.wish.reason()?, &certificate).await? == Commit::Stored {
            return Ok(Became::Changed);
        }
    }
    bail!("a signature changed {TRIES} times while it was being replaced")
}

/// Whether the key that the wish names signed it, whatever became of that key.
async fn is_by_the_key(app: &App, job: &Job, credential: &str) -> Result<bool> {
    let Of::Signed { key: Some(thumbprint), .. } = &job.wish.of else { bail!("a new signature in place of no key's") };
    let known = app.key_ring.keys().await?.into_iter().map(|known| known.method);
    let methods: Vec<_> = known
        .filter(|method| method.key.thumbprint() == *thumbprint)
        .map(|method| VerificationMethod::new(method.id, method.key))
        .collect();
    Ok(verify(credential, &methods).is_ok())
}

fn count(job: &mut Job, outcomes: Vec<Became>) {
    for became in outcomes {
        job.found += 1;
        *match became {
            Became::Changed => &mut job.changed,
            Became::Already => &mut job.already,
            Became::Superseded => &mut job.superseded,
        } += 1;
    }
}
