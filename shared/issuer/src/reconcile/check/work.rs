//! The worker of checks: makes a check step by step, and can be killed at any time.

use super::{
    RECENT, REPORTS, RUNS,
    declare::{folder, parts_folder},
    entry::{Buckets, Declared, Logged, Slot},
    gone,
    look::{Finding, looked_at, looked_for, made_within},
    run::{MINUTES, Run, Stage, begun},
    soon_gone,
};
use crate::{
    App,
    ports::{Commit, Drawer, Sheet},
};
use anyhow::{Context, Result};
use credential::checked;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};
use time::Date;
use tokio::time::{Instant, timeout};

/// Works on checks for about that long; begins that of yesterday, once yesterday has settled. Answers whether there is work left.
///
/// 1. A check that no other worker has is leased: a revision of its own, which only one worker can store.
/// 2. The log of the day is read, some entries a step. Each certificate that was made must be there, and its signature hold; it is put into its bucket.
/// 3. Bucket by bucket, what sources declared is compared with what was certified, both ways. What is declared and not in the day's log is looked for at once:
///    it may have been certified on another day.
/// 4. The report is signed and kept.
///
/// Each step is one write: its entries, its findings, the counts and the place of the next one. A crash repeats the step that was not written, and nothing is
/// counted twice. Memory is that of one step: some thousand entries of the log, or one sixty-fourth of a day.
///
/// # Errors
/// When records or key do not answer. The lease ends by itself, and the next run goes on.
pub async fn work(app: &App, patience: Duration) -> Result<bool> {
    let deadline = Instant::now() + patience;
    let now = (app.clock)();
    if let Some(yesterday) = (now - SETTLED).date().previous_day()
        && is_in_the_log(app, yesterday).await?
    {
        begun(app, yesterday, false).await?;
    }
    let earliest = (now.date() - time::Duration::days(RECENT)).to_string();
    for sheet in app.cabinet.sheets(Drawer::Checks, RUNS, Some(&earliest), MOST_RUNS, now).await? {
        let run = Run::parse(&sheet)?;
        if run.stage == Stage::Done || run.lease > now.unix_timestamp() {
            continue;
        }
        let Some(mut held) = (Held { sheet, run }).stored(app, Vec::new()).await? else { continue };
        while held.run.stage != Stage::Done {
            if Instant::now() >= deadline {
                held.run.lease = 0;
                let _ = held.put(app, Vec::new()).await?;
                return Ok(true);
            }
            let Some(next) = held.step(app).await? else { break };
            held = next;
        }
    }
    Ok(false)
}

/// Whether the log's chain reaches back to that day: a service that is younger has nothing to check in it.
async fn is_in_the_log(app: &App, day: Date) -> Result<bool> {
    let first = app.ledger.seals(0, 1).await?;
    // Seals name minutes, `2027-01-31T09:30Z`.
    Ok(first.first().is_none_or(|seal| seal.from.get(..10).is_none_or(|began| began <= day.to_string().as_str())))
}

/// A check that we hold as long as its revision is ours.
struct Held {
    sheet: Sheet,
    run: Run,
}

impl Held {
    /// One step further; `None` if it is not ours any more.
    async fn step(mut self, app: &App) -> Result<Option<Self>> {
        self.run.steps += 1;
        let sheets = match self.run.stage {
            Stage::Reading { minute, skip } => self.read(app, minute, skip).await?,
            Stage::Comparing { bucket } => self.compare(app, bucket).await?,
            Stage::Done => Vec::new(),
        };
        self.stored(app, sheets).await
    }

    /// Stores it with a lease from now, and the sheets with it.
    async fn stored(mut self, app: &App, sheets: Vec<Sheet>) -> Result<Option<Self>> {
        let now = (app.clock)().unix_timestamp();
        self.run.lease = if self.run.stage == Stage::Done { 0 } else { now + LEASE };
        self.put(app, sheets).await
    }

    async fn put(mut self, app: &App, mut sheets: Vec<Sheet>) -> Result<Option<Self>> {
        self.sheet = self.sheet.saying(self.run.text()?);
        sheets.push(self.sheet.clone());
        let ours = app.cabinet.put(&sheets, (app.clock)()).await? == Commit::Stored;
        if ours && self.run.stage == Stage::Done {
            let found: u64 = self.run.found.values().sum();
            tracing::info!(check.day = self.run.day, check_findings = found, "check done");
        }
        Ok(ours.then_some(self))
    }

    /// The next entries of the log that speak of a new certificate: what they lead to, in its bucket.
    async fn read(&mut self, app: &App, minute: u32, skip: usize) -> Result<Vec<Sheet>> {
        let (day, mut minute, mut skip) = (self.run.date()?, minute, skip);
        let start = day.midnight().assume_utc();
        let mut made = Vec::new();
        let place = format!("{minute:04}-{skip:06}");
        while minute < MINUTES && made.is_empty() {
            // Quiet minutes are passed over, as many as surely fit into a lease.
            let from = start + time::Duration::minutes(minute.into());
            let all = made_within(app, from).await?;
            made = all.iter().skip(skip).take(ENTRIES).cloned().collect();
            (minute, skip) = if skip + made.len() < all.len() { (minute, skip + made.len()) } else { (minute + 1, 0) };
            if minute % QUIET == 0 {
                break;
            }
        }
        self.run.stage =
            if minute < MINUTES { Stage::Reading { minute, skip } } else { Stage::Comparing { bucket: 0 } };
        self.run.counts.logged += u64::try_from(made.len())?;
        let (logged, findings) = looked_at(app, made).await?;
        let buckets = Buckets::new(&app.pepper.contact_key().await?);
        let mut filled: BTreeMap<u8, Vec<Logged>> = BTreeMap::new();
        for entry in logged {
            filled.entry(buckets.of(&entry.slot)).or_default().push(entry);
        }
        let mut sheets = self.findings(findings)?;
        for (bucket, entries) in filled {
            let text = serde_json::to_string(&entries)?;
            sheets.push(Sheet::new(Drawer::Checks, self.logged(bucket), &place, text).until(soon_gone(day)));
        }
        Ok(sheets)
    }

    /// One bucket, both ways; after the last one the report.
    async fn compare(&mut self, app: &App, bucket: u8) -> Result<Vec<Sheet>> {
        let day = self.run.date()?;
        if bucket == 0 {
            self.run.sources = sources(app, day).await?;
        }
        let declared: Vec<Declared> = declared(app, day, bucket).await?;
        let logged: Vec<Logged> =
            entries(app, &self.logged(bucket)).await?.into_iter().flat_map(|(_, all)| all).collect();
        let mut findings = Vec::new();
        let mut known: HashMap<&Slot, Vec<&Logged>> = HashMap::new();
        for entry in &logged {
            known.entry(&entry.slot).or_default().push(entry);
        }
        let fits = |line: &&Declared| {
            let mut made = known.get(&line.slot).into_iter().flatten();
            made.any(|entry| line.digest.as_ref().is_none_or(|digest| *digest == entry.digest))
        };
        let (agreed, open): (Vec<&Declared>, Vec<&Declared>) = declared.iter().partition(fits);
        self.run.counts.declared += u64::try_from(declared.len())?;
        let (elsewhen, missing) = looked_for(app, day, &open).await?;
        self.run.counts.agreed += u64::try_from(agreed.len())? + elsewhen;
        findings.extend(missing);
        findings.extend(self.undeclared(app, day, bucket, &declared, &logged).await?);
        self.run.stage =
            if bucket + 1 < Buckets::COUNT { Stage::Comparing { bucket: bucket + 1 } } else { Stage::Done };
        let mut sheets = self.findings(findings.clone())?;
        if self.run.stage == Stage::Done {
            self.run.ended = Some((app.clock)().unix_timestamp());
            sheets.push(self.report(app, day, findings).await?);
        }
        Ok(sheets)
    }

    /// Certificates that a source reported and does not declare, on that day or on those beside it, for clocks differ.
    async fn undeclared(
        &self,
        app: &App,
        day: Date,
        bucket: u8,
        declared: &[Declared],
        logged: &[Logged],
    ) -> Result<Vec<Finding>> {
        let suspects: Vec<&Logged> = logged.iter().filter(|it| self.run.sources.contains_key(&it.actor)).collect();
        if suspects.is_empty() {
            return Ok(Vec::new());
        }
        let mut known: HashSet<Slot> = declared.iter().map(|line| line.slot.clone()).collect();
        for beside in [day.previous_day(), day.next_day()].into_iter().flatten() {
            known.extend(self::declared(app, beside, bucket).await?.into_iter().map(|line| line.slot));
        }
        let missing = suspects.into_iter().filter(|entry| !known.contains(&entry.slot));
        Ok(missing.map(|entry| Finding::of("notDeclared", json!({ "certificateId": entry.id }))).collect())
    }

    /// Counts them, and keeps as many as a sheet holds.
    fn findings(&mut self, findings: Vec<Finding>) -> Result<Vec<Sheet>> {
        if findings.is_empty() {
            return Ok(Vec::new());
        }
        for finding in &findings {
            *self.run.found.entry(finding.kind.to_owned()).or_default() += 1;
        }
        let kept: Vec<Value> = findings.into_iter().take(MOST_KEPT).map(Finding::told).collect();
        let (folder, name) = (self.found(), format!("{:08}", self.run.steps));
        let sheet = Sheet::new(Drawer::Checks, folder, name, serde_json::to_string(&kept)?);
        Ok(vec![sheet.until(soon_gone(self.run.date()?))])
    }

    /// Everything that was found, signed: the counts whole, of the findings as many as a sheet holds, `last` among them, which are not stored yet.
    async fn report(&self, app: &App, day: Date, last: Vec<Finding>) -> Result<Sheet> {
        let mut examples: Vec<Value> = Vec::new();
        for (_, some) in entries::<Value>(app, &self.found()).await? {
            examples.extend(some);
        }
        examples.extend(last.into_iter().map(Finding::told));
        examples.truncate(MOST_KEPT);
        let mut report = self.run.told();
        if let Some(members) = report.as_object_mut() {
            members.insert("iss".to_owned(), app.config.profile.did.clone().into());
            members.insert("examples".to_owned(), examples.into());
        }
        let key = app.status_signer.public_key().await.context("reading the status key")?;
        let prepared = checked::prepare(&report.to_string(), &key);
        let signature = timeout(SIGNING, app.status_signer.sign(prepared.signing_input())).await;
        let signature = signature.context("the status key took too long")?.context("signing a report")?;
        let text = prepared.seal(&signature)?;
        let now = (app.clock)();
        let there = app.cabinet.sheet(Drawer::Checks, REPORTS, &self.run.day, now).await?;
        Ok(match there {
            Some(before) => before.saying(text),
            None => Sheet::new(Drawer::Checks, REPORTS, &self.run.day, text).until(gone(day)),
        })
    }

    fn logged(&self, bucket: u8) -> String {
        format!("{}-{}-logged-{bucket:02}", self.run.day, self.run.attempt)
    }

    fn found(&self) -> String {
        format!("{}-{}-findings", self.run.day, self.run.attempt)
    }
}

async fn declared(app: &App, day: Date, bucket: u8) -> Result<Vec<Declared>> {
    let parts = entries::<Declared>(app, &folder(day, bucket)).await?;
    let named = parts
        .into_iter()
        .flat_map(|(name, lines)| lines.into_iter().map(move |line| Declared { declaration: name.clone(), ..line }));
    Ok(named.collect())
}

/// Who declared something, and how many lines.
async fn sources(app: &App, day: Date) -> Result<BTreeMap<String, u64>> {
    #[derive(Deserialize)]
    struct Part {
        actor: String,
        lines: u64,
    }
    let mut sources = BTreeMap::new();
    each(app, &parts_folder(day), |sheet| {
        let part: Part = serde_json::from_str(&sheet.text).context("a declaration that is none")?;
        *sources.entry(part.actor).or_default() += part.lines;
        Ok(())
    })
    .await?;
    Ok(sources)
}

/// What the sheets of a folder list, with their names.
async fn entries<T: DeserializeOwned>(app: &App, folder: &str) -> Result<Vec<(String, Vec<T>)>> {
    let mut found = Vec::new();
    each(app, folder, |sheet| {
        found.push((sheet.name.clone(), serde_json::from_str(&sheet.text).context("a list that is none")?));
        Ok(())
    })
    .await?;
    Ok(found)
}

/// Every sheet of a folder, some at a time.
async fn each(app: &App, folder: &str, mut see: impl FnMut(&Sheet) -> Result<()>) -> Result<()> {
    let mut after: Option<String> = None;
    loop {
        let page = app.cabinet.sheets(Drawer::Checks, folder, after.as_deref(), A_PAGE, (app.clock)()).await?;
        page.iter().try_for_each(&mut see)?;
        match page.last() {
            Some(last) if page.len() == A_PAGE => after = Some(last.name.clone()),
            _ => return Ok(()),
        }
    }
}

/// After that long every write of a day has ended, and its sources have had time to declare.
const SETTLED: time::Duration = time::Duration::hours(1);
/// Seconds after which another worker may take a check over: a step takes far less.
const LEASE: i64 = 300;
/// Entries of the log that one step looks at: with their buckets and findings they fit into one transaction.
const ENTRIES: usize = 4_000;
/// Quiet minutes of the log that one step passes over.
const QUIET: u32 = 60;
/// Findings that a sheet keeps, and a report shows; all are counted.
const MOST_KEPT: usize = 1_000;
/// As many days as can be checked.
const MOST_RUNS: usize = 50;
const A_PAGE: usize = 100;
/// How long the key may take.
const SIGNING: Duration = Duration::from_secs(5);
