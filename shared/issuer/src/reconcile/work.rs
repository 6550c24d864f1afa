//! The worker of reconciliation: compares what reports say of earlier doses with their certificates, and can be killed at any time.

use super::{
    review::Contradiction,
    statement::{Statement, due},
};
use crate::{
    App, Error,
    certify::{self, Mandate, Outcome, Plan, readable, with_occupants},
    config::Policy,
    lease::Lease,
    ports::{Certificate, Drawer, Reason, Sheet},
    post::{SHARDS, milliseconds, shard_name},
    quota, update,
};
use anyhow::{Context, Result, bail};
use credential::{BeneficiaryCode, CertificateId, Difference, EarlierDose, Kind, SlotKey, Status};
use serde_json::json;
use std::{collections::HashSet, time::Duration};
use time::OffsetDateTime;
use tokio::{task::JoinSet, time::Instant};

/// What a round came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Earlier certificates that say the same.
    pub agreed: u64,
    /// Earlier certificates that were corrected.
    pub corrected: u64,
    /// Contradictions that somebody has to decide on.
    pub to_review: u64,
    /// Doses without a certificate that stands, of which the report waits.
    pub absent: u64,
    /// Reports that could not be looked at now.
    pub waiting: u64,
    /// When the oldest of those should have been looked at.
    pub oldest: Option<OffsetDateTime>,
}

/// Looks at what is due, for about that long.
///
/// 1. Sixteen folders are gone through side by side, each leased to one worker, a beneficiary's reports one after the other in order of time: of two that
///    contradict one another the later counts. One that can't be looked at now holds back the later ones of its beneficiary, and nobody else's.
/// 2. Each earlier dose's certificate that stands is compared. Where it says something else it is corrected, or a contradiction is put on the list.
/// 3. What was looked at is taken away, in one write with the contradictions that came of it and with what is said of doses that are not there yet, to be
///    looked at later. What waited corrects nothing by itself, for the certificate came after it: so it does not matter that it lost its place in time.
///
/// A crash before step 3 looks at it again, and finds corrected what was corrected.
///
/// # Errors
/// When records do not answer. What was not looked at is there for the next round.
pub async fn work(app: &App, patience: Duration) -> Result<Round> {
    let deadline = Instant::now() + patience;
    let mut working = JoinSet::new();
    for number in 0..SHARDS {
        let app = app.clone();
        working.spawn(async move { work_on(&app, &shard_name(number), deadline).await });
    }
    let (mut round, mut fault) = (Round::default(), None);
    while let Some(done) = working.join_next().await {
        match done.context("a folder's reconciliation broke").flatten() {
            Ok(part) => round.add(&part),
            Err(cause) => fault = Some(cause),
        }
    }
    round.log((app.clock)());
    fault.map_or(Ok(round), Err)
}

async fn work_on(app: &App, folder: &str, deadline: Instant) -> Result<Round> {
    let (mut round, mut held) = (Round::default(), HashSet::new());
    let is_due = |sheet: &Sheet| due(sheet) <= (app.clock)();
    if !app.cabinet.sheets(Drawer::Reconciliations, folder, None, 1, (app.clock)()).await?.iter().any(is_due) {
        return Ok(round);
    }
    let Some(mut lease) = Lease::of(app, Drawer::Reconciliations, folder).await? else { return Ok(round) };
    let mut after: Option<String> = None;
    loop {
        let page = app.cabinet.sheets(Drawer::Reconciliations, folder, after.as_deref(), A_PAGE, (app.clock)()).await?;
        for sheet in page.iter().filter(|sheet| is_due(sheet)) {
            let whose = Statement::parse(sheet).and_then(|statement| statement.beneficiary());
            let must_wait = Instant::now() >= deadline || whose.as_ref().is_ok_and(|whose| held.contains(whose));
            let settled = if must_wait { Ok(None) } else { settle(app, sheet).await.map(Some) };
            hold_back(settled, whose, sheet, &mut round, &mut held);
        }
        match page.last() {
            Some(last) if page.len() == A_PAGE && is_due(last) && Instant::now() < deadline => {
                after = Some(last.name.clone());
            }
            _ => break,
        }
        let Some(next) = lease.renewed(app).await? else { return Ok(round) };
        lease = next;
    }
    lease.end(app).await?;
    Ok(round)
}

/// Counts what was settled; what was not waits, with everything later of the same beneficiary.
fn hold_back(
    settled: Result<Option<Round>>,
    whose: Result<BeneficiaryCode>,
    sheet: &Sheet,
    round: &mut Round,
    held: &mut HashSet<BeneficiaryCode>,
) {
    match settled {
        Ok(Some(part)) => round.add(&part),
        Ok(None) => round.wait(sheet),
        Err(cause) => {
            tracing::error!(cause = format!("{cause:#}"), "an earlier dose was not reconciled");
            round.wait(sheet);
            held.extend(whose);
        }
    }
}

/// Looks at one report and takes it away; what it says of doses that are not there yet waits.
async fn settle(app: &App, sheet: &Sheet) -> Result<Round> {
    let (statement, mut round, mut ends) = (Statement::parse(sheet)?, Round::default(), Vec::new());
    let now = (app.clock)();
    let mandate = Mandate::to_reconcile(&statement.actor);
    // Kept before it was switched off.
    let doses = if app.config.reconcile.policy == Policy::Off { Vec::new() } else { statement.doses(now)? };
    let mut absent = Vec::new();
    for dose in doses {
        match compare(app, &statement, &dose, &mandate, Word::Report).await? {
            Verdict::Absent => absent.push(dose),
            Verdict::Agrees => round.agreed += 1,
            Verdict::Corrected(_) => round.corrected += 1,
            Verdict::Undecided { certificate, differences, why } => {
                round.to_review += 1;
                let about = statement.about(std::slice::from_ref(&dose));
                let contradiction = Contradiction::new(about, dose.dose(), &certificate, &differences, why)?;
                ends.push(contradiction.open(&sheet.name)?);
            }
        }
    }
    round.absent = absent.len().try_into()?;
    ends.extend(statement.waiting(&sheet.folder, &absent, now)?);
    // Lost: a worker whose lease was over wrote the same.
    if ends.is_empty() {
        app.cabinet.take(sheet).await?;
    } else {
        app.cabinet.exchange(sheet, &ends, now).await?;
    }
    Ok(round)
}

/// What came of comparing one dose.
pub(super) enum Verdict {
    /// No certificate of the dose stands.
    Absent,
    /// It says the same.
    Agrees,
    /// It was corrected; this one took its place.
    Corrected(CertificateId),
    /// It says something else, and is not corrected.
    Undecided { certificate: CertificateId, differences: Vec<Difference>, why: &'static str },
}

/// Whose word it is that a certificate should say something else.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// A later report's: it counts by the policy, and against what had been certified before it.
    Report,
    /// An administrator's, who has seen both: it counts.
    Administrator,
}

/// Compares the certificate of the dose that stands with what was said of it, and corrects it if that is to be.
pub(super) async fn compare(
    app: &App,
    statement: &Statement,
    dose: &EarlierDose,
    mandate: &Mandate,
    word: Word,
) -> Result<Verdict> {
    let (slot, zone) = (statement.slot(dose)?, app.config.reconcile.zone);
    for _ in 0..TRIES {
        let now = (app.clock)();
        let all = app.store.certificates(&slot.beneficiary, Some(Kind::Vaccination)).await?;
        let certified = last_reported(&all, &slot);
        let standing = all.into_iter().rfind(|certificate| {
            certificate.slot == slot && !matches!(certificate.status, Status::Superseded | Status::Revoked)
        });
        let Some(certificate) = standing else { return Ok(Verdict::Absent) };
        let facts = certificate.signed.facts();
        let differences = dose.differences(&facts, zone);
        if differences.is_empty() {
            return Ok(Verdict::Agrees);
        }
        let undecided = |why| Verdict::Undecided { certificate: certificate.issuance.certificate_id, differences, why };
        if word == Word::Report && app.config.reconcile.policy != Policy::Update {
            return Ok(undecided(TO_DECIDE));
        }
        if word == Word::Report && certified > Some(milliseconds(statement.at())) {
            return Ok(undecided(NEWER));
        }
        let recipient = statement.recipient(&app.pepper.contact_key().await?)?;
        let request = json!([dose.correction(&slot, &recipient, &facts, zone)]);
        let events = match readable(app, &request, facts.schema()).await {
            Ok(events) => with_occupants(app, events).await.map_err(cause)?,
            Err(Error::Events(_)) => return Ok(undecided(INCOMPLETE)),
            Err(fault) => return Err(cause(fault)),
        };
        let (event, occupant) = events.into_iter().next().context("a correction without event")?;
        let outcome = match update::plan(&event, occupant, app.config.update_limit, now) {
            Err(_) => return Ok(undecided(NOT_CORRECTABLE)),
            Ok(Plan::Settled(outcome)) => outcome,
            Ok(Plan::Wait) => Outcome::Unfinished,
            Ok(Plan::Issue(follows)) => {
                quota::take(app, 1).await?;
                certify::issue(app, mandate, &event, follows).await?
            }
        };
        match outcome {
            Outcome::Created { id, .. } | Outcome::AlreadyIssued { id, status: Status::Valid } => {
                return Ok(Verdict::Corrected(id));
            }
            Outcome::Unfinished => bail!("a correction is not finished"),
            // Somebody else corrected it or took it back meanwhile: look again.
            Outcome::AlreadyIssued { .. } | Outcome::Conflict => {}
        }
    }
    bail!("a certificate changed {TRIES} times while it was being reconciled")
}

/// When the last certificate of the dose was stored that says what was reported of that dose itself, in milliseconds of Unix time: not one that reconciliation
/// made of an earlier one, for of two later reports the later counts.
fn last_reported(all: &[Certificate], slot: &SlotKey) -> Option<i64> {
    let first_deeds = all.iter().filter(|certificate| certificate.slot == *slot).filter_map(|it| it.deeds.first());
    let reported = first_deeds.filter(|deed| deed.reason != Some(Reason::Reconciliation));
    reported.map(|deed| milliseconds(deed.at)).max()
}

fn cause(fault: Error) -> anyhow::Error {
    match fault {
        Error::Unavailable(cause) | Error::Internal(cause) => cause,
        fault => fault.into(),
    }
}

const TO_DECIDE: &str = "an administrator decides on all corrections";
const NEWER: &str = "the dose was certified or corrected after the report that mentions it";
const INCOMPLETE: &str = "the later report lacks something that the earlier certificate needs, or says too much";
const NOT_CORRECTABLE: &str = "the certificate is suspended, or was corrected too often";
const TRIES: u32 = 5;
/// Reports that are looked at before the lease is renewed.
const A_PAGE: usize = 20;

impl Round {
    fn wait(&mut self, sheet: &Sheet) {
        self.waiting += 1;
        self.oldest = self.oldest.into_iter().chain([due(sheet)]).min();
    }

    fn add(&mut self, other: &Self) {
        self.agreed += other.agreed;
        self.corrected += other.corrected;
        self.to_review += other.to_review;
        self.absent += other.absent;
        self.waiting += other.waiting;
        self.oldest = self.oldest.into_iter().chain(other.oldest).min();
    }

    /// What the alarm looks at (`infra/watch.yaml`); nothing where nothing was to do.
    fn log(&self, now: OffsetDateTime) {
        if *self != Self::default() {
            let lag = self.oldest.map_or(0, |oldest| (now - oldest).whole_seconds());
            let Self { agreed, corrected, to_review, absent, waiting, .. } = self;
            tracing::info!(
                reconcile_lag_seconds = lag,
                agreed,
                corrected,
                to_review,
                absent,
                waiting,
                "earlier doses reconciled"
            );
        }
    }
}
