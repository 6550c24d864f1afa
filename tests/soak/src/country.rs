//! What a country reports: people with one dose or two, corrections one after the other, reports that come twice, and rival reports of one dose.

use crate::{service::Service, world::World};
use axum::http::Method;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

/// One report of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Report {
    pub(crate) person: u64,
    pub(crate) dose: u64,
    /// 0 as it was first reported, then each correction.
    pub(crate) revision: u64,
    pub(crate) by: Reporter,
}

/// Who reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reporter {
    /// The system that vaccinated.
    First,
    /// One that sends the same again at the same time.
    Twin,
    /// One that says something else of the same dose.
    Rival,
}

impl Report {
    /// The name that the certificate shall carry: tells the revisions apart, and rivals.
    pub(crate) fn name(&self) -> String {
        let said = if self.by == Reporter::Rival { "Otherwise" } else { "Example" };
        format!("Asha {said} {}.{}.{}", self.person, self.dose, self.revision)
    }

    pub(crate) fn event(&self) -> Value {
        let Self { person, dose, .. } = self;
        json!({
            "preEnrollmentCode": code(*person),
            "programId": "C19",
            "recipient": {
                "name": self.name(), "age": "41", "gender": "Female", "nationality": "Indian",
                "identity": format!("did:in.gov.uidai.aadhaar:9999{person:08}"),
                "contact": [format!("tel:+9190000{:05}", person % 100_000)],
                "address": { "addressLine1": "12 Sample Street", "addressLine2": "", "district": "Bengaluru South", "state": "Karnataka", "pincode": 560_034 }
            },
            "vaccination": {
                "name": "Covishield", "batch": format!("B{dose}-4120Z"), "manufacturer": "Serum Institute of India",
                "date": format!("2021-0{dose}-05T09:30:00.000Z"), "effectiveStart": format!("2021-0{dose}-05"),
                "effectiveUntil": "2031-03-05", "dose": dose, "totalDoses": 2
            },
            "vaccinator": { "name": "Sister Example" },
            "facility": {
                "name": "Sample Health Centre",
                "address": { "addressLine1": "1 Station Road", "addressLine2": "", "district": "Bengaluru South", "state": "Karnataka", "pincode": "560034", "country": "IN" }
            }
        })
    }
}

/// The person's code.
pub(crate) fn code(person: u64) -> String {
    format!("SIM-{person:09}")
}

/// What a reporter was told of a report in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// A certificate was made of it just now.
    Created(String),
    /// A certificate had been made of it.
    Already(String),
    /// Another report was certified.
    Conflict,
    /// A later correction was accepted before this one was made, and counts.
    Overtaken,
}

/// Reports that were taken in to be certified later, under the name of their batch.
struct Batch {
    id: String,
    reports: Vec<Report>,
}

/// Everything that was reported and what was told of it.
pub(crate) type Books = BTreeMap<Report, Told>;

/// Reports `events` events, more or less the last, until each has its answer; what was told.
pub(crate) async fn report(world: &Arc<World>, service: &Arc<Service>, events: u64, done: &Arc<AtomicU64>) -> Books {
    let country = Arc::new(Country {
        world: Arc::clone(world),
        service: Arc::clone(service),
        books: Mutex::default(),
        people: AtomicU64::new(0),
        done: Arc::clone(done),
        events,
    });
    let mut systems = JoinSet::new();
    for _ in 0..SYSTEMS {
        let country = Arc::clone(&country);
        systems.spawn(async move {
            while country.told() < country.events {
                let ended = if country.world.draw(3) == 0 {
                    timeout(PATIENCE, country.campaign_later()).await
                } else {
                    timeout(PATIENCE, country.campaign()).await
                };
                if ended.is_err() {
                    country.world.wrong("a report never got its answer");
                }
            }
        });
    }
    systems.join_all().await;
    std::mem::take(&mut *country.books.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Systems that report at a time.
const SYSTEMS: usize = 40;

/// Longer than any storm holds a campaign up.
const PATIENCE: Duration = Duration::from_hours(1);

struct Country {
    world: Arc<World>,
    service: Arc<Service>,
    books: Mutex<Books>,
    people: AtomicU64,
    done: Arc<AtomicU64>,
    events: u64,
}

impl Country {
    fn told(&self) -> u64 {
        self.books.lock().map_or(u64::MAX, |books| u64::try_from(books.len()).unwrap_or(u64::MAX))
    }

    /// Some people, from their first dose to the last correction.
    async fn campaign(self: &Arc<Self>) {
        let count = 1 + self.world.draw(6);
        let first = self.people.fetch_add(count, Ordering::Relaxed);
        for dose in 1..=2 {
            let people: Vec<_> = (first..first + count).filter(|_| dose == 1 || self.world.draw(10) < 6).collect();
            let report =
                |revision, by| people.iter().map(|person| Report { person: *person, dose, revision, by }).collect();
            self.step(report(0, Reporter::First), report(0, Reporter::Rival)).await;
            for revision in 1..=self.world.draw(4).saturating_sub(1) {
                self.step(report(revision, Reporter::First), Vec::new()).await;
            }
        }
    }

    /// The same through the queue: each report is sent as soon as the one before it was taken in, and all are asked about in the end.
    async fn campaign_later(self: &Arc<Self>) {
        let count = 1 + self.world.draw(6);
        let first = self.people.fetch_add(count, Ordering::Relaxed);
        let mut batches = Vec::new();
        for dose in 1..=2 {
            let people: Vec<_> = (first..first + count).filter(|_| dose == 1 || self.world.draw(10) < 6).collect();
            for revision in 0..=self.world.draw(4).saturating_sub(1) {
                let report = |by| people.iter().map(|person| Report { person: *person, dose, revision, by }).collect();
                batches.extend(self.send(report(Reporter::First), LATER).await);
                if revision == 0 && self.world.draw(16) == 0 {
                    batches.extend(self.send(report(Reporter::Rival), LATER).await);
                }
            }
        }
        self.follow(batches).await;
    }

    /// Reports, some of them twice at the same time, and rivals of a few.
    async fn step(self: &Arc<Self>, reports: Vec<Report>, rivals: Vec<Report>) {
        let mut sending = JoinSet::new();
        if self.world.draw(10) == 0 {
            let twins = reports.iter().map(|report| Report { by: Reporter::Twin, ..*report }).collect();
            sending.spawn(Arc::clone(self).deliver(twins));
        }
        if self.world.draw(16) == 0 {
            sending.spawn(Arc::clone(self).deliver(rivals));
        }
        sending.spawn(Arc::clone(self).deliver(reports));
        sending.join_all().await;
    }

    /// Reports until each has its final answer, now or later.
    async fn deliver(self: Arc<Self>, reports: Vec<Report>) {
        sleep(self.world.pause(40)).await;
        let batches = self.send(reports, NOW).await;
        self.follow(batches).await;
    }

    /// Sends what is neither settled nor taken in again and again, as a system does that must not lose anything; what was taken in.
    async fn send(&self, mut waiting: Vec<Report>, prefer: &str) -> Option<Batch> {
        while let Some(report) = waiting.first() {
            let (method, path) = match report.revision {
                0 => (Method::POST, "/divoc/api/v1/certify"),
                _ => (Method::PUT, "/divoc/api/v1/certificate"),
            };
            let body: Value = waiting.iter().map(Report::event).collect();
            match self.service.ask(method, path, prefer, body.to_string()).await {
                Some((200, answer)) => self.settle(&mut waiting, answer.get("certificates")),
                Some((202, answer)) => {
                    let id = answer.get("batchId").and_then(Value::as_str).unwrap_or_default().to_owned();
                    return Some(Batch { id, reports: waiting });
                }
                // Of those that were worked on, each has its state; else those that are named stand against the whole body.
                Some((409, answer)) => match answer.get("items") {
                    Some(items) => self.settle(&mut waiting, Some(items)),
                    None => self.refuse(&mut waiting, &pointers(&answer)),
                },
                Some((503, answer)) => self.settle(&mut waiting, answer.get("items")),
                Some(_) => {
                    self.world.wrong("a good report was refused");
                    return None;
                }
                None => {}
            }
            if !waiting.is_empty() {
                sleep(self.world.pause(2_000)).await;
            }
        }
        None
    }

    /// Asks about batches until all that is in them is settled.
    async fn follow(&self, batches: impl IntoIterator<Item = Batch>) {
        for Batch { id, mut reports } in batches {
            let path = format!("/divoc/api/v1/batches/{id}");
            let mut settled = BTreeSet::new();
            while settled.len() < reports.len() {
                sleep(self.world.pause(4_000)).await;
                match self.service.ask(Method::GET, &path, NOW, String::new()).await {
                    Some((200, answer)) => self.settle_items(&reports, &mut settled, answer.get("results")),
                    Some((503, _)) | None => {}
                    Some(_) => {
                        self.world.wrong("a batch that was taken in is not there");
                        reports.clear();
                    }
                }
            }
        }
    }

    /// Writes down what became of the items of a batch that were not settled before.
    fn settle_items(&self, reports: &[Report], settled: &mut BTreeSet<usize>, items: Option<&Value>) {
        let items = items.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for (index, (report, item)) in reports.iter().zip(items).enumerate() {
            let text = |pointer: &str| item.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            let told = match (text("/status"), text("/problem/type")) {
                ("issued", _) => Told::Already(text("/certificateId").to_owned()),
                ("failed", "urn:divoc:problem:already-certified") => Told::Conflict,
                ("failed", "urn:divoc:problem:overtaken") => Told::Overtaken,
                ("failed", _) => {
                    self.world.wrong("a good report failed");
                    Told::Conflict
                }
                _ => continue,
            };
            if settled.insert(index) {
                self.note(*report, told);
            }
        }
    }

    /// Writes down what an answer says of each report, and keeps those that it says nothing final of.
    fn settle(&self, waiting: &mut Vec<Report>, items: Option<&Value>) {
        let items = items.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let mut left = Vec::new();
        for (index, report) in waiting.iter().enumerate() {
            let item = items.get(index);
            let text = |name: &str| item.and_then(|item| item.get(name)).and_then(Value::as_str).unwrap_or_default();
            let id = text("certificateId").to_owned();
            match text("status") {
                "created" | "updated" => self.note(*report, Told::Created(id)),
                "alreadyIssued" => self.note(*report, Told::Already(id)),
                "conflict" => self.note(*report, Told::Conflict),
                _ => left.push(*report),
            }
        }
        *waiting = left;
    }

    /// Writes down that something else is certified, and keeps the others.
    fn refuse(&self, waiting: &mut Vec<Report>, conflicts: &[usize]) {
        let mut left = Vec::new();
        for (index, report) in waiting.iter().enumerate() {
            if conflicts.contains(&index) {
                self.note(*report, Told::Conflict);
            } else {
                left.push(*report);
            }
        }
        *waiting = left;
    }

    fn note(&self, report: Report, told: Told) {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        if books.insert(report, told).is_none() {
            self.done.fetch_add(1, Ordering::Relaxed);
        } else {
            drop(books);
            self.world.wrong("a report was answered twice");
        }
    }
}

/// Preferences (RFC 7240).
const NOW: &str = "wait=20";
const LATER: &str = "respond-async";

/// The numbers of the items that a problem names.
fn pointers(problem: &Value) -> Vec<usize> {
    let errors = problem.get("errors").and_then(Value::as_array).into_iter().flatten();
    let pointers = errors.filter_map(|error| error.get("pointer")?.as_str()?.strip_prefix('/'));
    pointers.filter_map(|pointer| pointer.parse().ok()).collect()
}
