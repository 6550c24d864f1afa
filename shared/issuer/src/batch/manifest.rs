//! What is kept of a batch: whose it is, which slot and event each of its items is, and what became of those that failed. One folder of sheets.

use super::names::Names;
use crate::{
    App,
    certify::Plan,
    ports::{Commit, Drawer, Sheet},
};
use anyhow::{Context, Result};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::{BeneficiaryCode, Dose, Event, EventDigest, Occasion, ProgrammeId, SlotKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{borrow::Cow, collections::BTreeMap};
use time::{Duration, OffsetDateTime};

/// A batch as it is kept.
pub(super) struct Manifest {
    pub(super) head: Head,
    pub(super) items: Vec<Item>,
    /// By the item's place.
    pub(super) failures: BTreeMap<usize, Failure>,
}

/// What a batch is.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Head {
    /// Who sent it.
    pub(super) client: String,
    pub(super) kind: Kind,
    /// Milliseconds of the Unix age.
    pub(super) accepted_at: i64,
    pub(super) items: usize,
}

/// What is done with a batch's events.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Certify,
    Correct,
}

impl Head {
    pub(super) fn parse(text: &str) -> Result<Self> {
        serde_json::from_str(text).context("a batch that is none")
    }
}

/// One event of a batch, without anything that it says.
pub(super) struct Item {
    pub(super) slot: SlotKey,
    pub(super) digest: EventDigest,
    /// How many certificates the slot had that do not count as made of it, though they may be of an equal event.
    pub(super) since: u32,
}

impl Item {
    pub(super) fn of(event: &Event, plan: &Plan) -> Self {
        let since = match plan {
            Plan::Issue(follows) => follows.version(),
            Plan::Wait | Plan::Settled(_) => 0,
        };
        Self { slot: event.slot(), digest: event.digest(), since }
    }
}

/// Why an item did not become a certificate.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Failure {
    name: Cow<'static, str>,
    detail: Cow<'static, str>,
}

impl Failure {
    pub(super) fn new(name: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), detail: detail.into() }
    }

    pub(super) fn problem(&self) -> Value {
        json!({ "type": format!("urn:divoc:problem:{}", self.name), "detail": self.detail })
    }
}

/// Keeps a batch, all of it or nothing, and answers what stands there: the first of its name.
pub(super) async fn keep(app: &App, names: &Names, id: &str, head: Head, items: &[Item]) -> Result<Head> {
    let now = (app.clock)();
    let sheet = |folder: &str, name: String, text| Sheet::new(Drawer::Batches, folder, name, text).until(now + KEPT);
    let text = serde_json::to_string(&head)?;
    let newest_first = i64::MAX.saturating_sub(head.accepted_at);
    let mut sheets = vec![
        sheet(id, HEAD.to_owned(), text.clone()),
        sheet(&names.client(&head.client), format!("{newest_first}-{id}"), text),
    ];
    for (number, page) in items.chunks(A_PAGE).enumerate() {
        let page: Vec<KeptItem> = page.iter().map(KeptItem::of).collect();
        sheets.push(sheet(id, format!("{ITEMS}{number:05}"), serde_json::to_string(&page)?));
    }
    if app.cabinet.put(&sheets, now).await? == Commit::Stored {
        return Ok(head);
    }
    let there = app.cabinet.sheet(Drawer::Batches, id, HEAD, now).await?;
    Head::parse(&there.context("a batch that is there and is not")?.text)
}

/// The batch of that id.
pub(super) async fn read(app: &App, id: &str) -> Result<Option<Manifest>> {
    if id.is_empty() || id.contains('-') {
        // A folder of another kind, or none.
        return Ok(None);
    }
    let (mut head, mut items, mut failures) = (None, Vec::new(), BTreeMap::new());
    for sheet in app.cabinet.sheets(Drawer::Batches, id, None, usize::MAX, (app.clock)()).await? {
        if sheet.name == HEAD {
            head = Some(Head::parse(&sheet.text)?);
        } else if let Some(index) = sheet.name.strip_prefix(FAILURES) {
            failures.insert(index.parse()?, serde_json::from_str(&sheet.text).context("a failure that is none")?);
        } else {
            let page: Vec<KeptItem> = serde_json::from_str(&sheet.text).context("a page of items that is none")?;
            items.extend(page.into_iter().map(Item::try_from).collect::<Result<Vec<_>>>()?);
        }
    }
    Ok(head.map(|head| Manifest { head, items, failures }))
}

/// Writes down why an item failed. The first reason stays.
pub(super) async fn fail(app: &App, id: &str, index: usize, failure: &Failure) -> Result<()> {
    let now = (app.clock)();
    let sheet = Sheet::new(Drawer::Batches, id, failure_name(index), serde_json::to_string(failure)?);
    // Lost: there is one already.
    app.cabinet.put(&[sheet.until(now + KEPT)], now).await.map(drop)
}

/// Takes a failure of that name back.
pub(super) async fn forget(app: &App, id: &str, index: usize, name: &str) -> Result<()> {
    let sheet = app.cabinet.sheet(Drawer::Batches, id, &failure_name(index), (app.clock)()).await?;
    let Some(sheet) = sheet else { return Ok(()) };
    let failure: Failure = serde_json::from_str(&sheet.text).context("a failure that is none")?;
    if failure.name == name {
        // Lost: somebody else took it back.
        app.cabinet.take(&sheet).await?;
    }
    Ok(())
}

/// Whether an item failed.
pub(super) async fn has_failed(app: &App, id: &str, index: usize) -> Result<bool> {
    Ok(app.cabinet.sheet(Drawer::Batches, id, &failure_name(index), (app.clock)()).await?.is_some())
}

/// The batch that a line of a client's list is about.
pub(super) fn listed(name: &str) -> Result<&str> {
    name.split_once('-').map(|(_, id)| id).context("a line that names no batch")
}

/// The instant of that many milliseconds.
pub(super) fn instant(milliseconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000).ok()
}

/// The milliseconds of an instant.
pub(super) fn milliseconds(instant: OffsetDateTime) -> i64 {
    i64::try_from(instant.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

#[derive(Serialize, Deserialize)]
struct KeptItem {
    programme: String,
    code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    dose: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sample: Option<i64>,
    digest: String,
    since: u32,
}

impl KeptItem {
    fn of(item: &Item) -> Self {
        let (dose, sample) = match item.slot.occasion {
            Occasion::Dose(dose) => (Some(dose.number()), None),
            Occasion::Sample(time) => (None, Some(milliseconds(time))),
        };
        let (programme, code) = (item.slot.programme.as_str().to_owned(), item.slot.beneficiary.as_str().to_owned());
        Self { programme, code, dose, sample, digest: URL_SAFE_NO_PAD.encode(item.digest.0), since: item.since }
    }
}

impl TryFrom<KeptItem> for Item {
    type Error = anyhow::Error;

    fn try_from(kept: KeptItem) -> Result<Self> {
        let dose = kept.dose.and_then(|dose| Dose::new(dose.into())).map(Occasion::Dose);
        let occasion = dose.or_else(|| kept.sample.and_then(instant).map(Occasion::Sample));
        let digest = URL_SAFE_NO_PAD.decode(kept.digest)?;
        Ok(Self {
            slot: SlotKey {
                programme: ProgrammeId::parse(&kept.programme).context("a programme breaks its rule")?,
                beneficiary: BeneficiaryCode::parse(&kept.code).context("a code breaks its rule")?,
                occasion: occasion.context("an item of no occasion")?,
            },
            digest: EventDigest(digest.try_into().ok().context("a digest that is none")?),
            since: kept.since,
        })
    }
}

fn failure_name(index: usize) -> String {
    format!("{FAILURES}{index:07}")
}

/// The names of a batch's sheets.
const HEAD: &str = "batch";
const ITEMS: &str = "items-";
const FAILURES: &str = "failed-";
/// Items on a sheet: about a hundred kilobytes.
const A_PAGE: usize = 500;
/// How long one may ask where a batch stands.
const KEPT: Duration = Duration::days(30);
