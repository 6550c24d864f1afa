//! Work for later, kept with the records: what was sent is found again after any end of the process.

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use issuer::{
    App,
    ports::{Cabinet, Commit, Drawer, Lane, Message, Queue, Sheet},
    work,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use time::OffsetDateTime;
use tokio::{select, sync::Notify, sync::watch, task::JoinSet, time::sleep};

/// The [`Queue`] on the cabinet: some folders for each lane, a folder's messages in order of sending; a group is always in one folder.
pub(crate) struct KeptQueue {
    cabinet: Arc<dyn Cabinet>,
    /// The last place that was given to a message.
    last: AtomicU64,
    sent: Notify,
}

/// A message as it waits.
#[derive(Serialize, Deserialize)]
struct Waiting {
    group: String,
    id: String,
    body: String,
    deliveries: u32,
    /// Unix seconds before which it is not delivered again.
    not_before: i64,
}

impl KeptQueue {
    pub(crate) fn new(cabinet: Arc<dyn Cabinet>) -> Arc<Self> {
        Arc::new(Self { cabinet, last: AtomicU64::new(0), sent: Notify::new() })
    }

    /// Delivers messages until told to stop; what is being worked on is then finished.
    pub(crate) fn deliver(self: &Arc<Self>, app: &App) -> Delivering {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for lane in Lane::ALL {
            for folder in 0..FOLDERS {
                let (queue, app, mut stopped) = (Arc::clone(self), app.clone(), stopped.clone());
                tasks.spawn(async move {
                    let folder = folder_name(lane, folder);
                    while !*stopped.borrow() {
                        let done = queue.round(&app, lane, &folder).await.unwrap_or_else(|fault| {
                            tracing::error!(cause = format!("{fault:#}"), "messages were not delivered");
                            0
                        });
                        if done == 0 {
                            select! {
                                () = queue.sent.notified() => {}
                                () = sleep(LOOK_AGAIN) => {}
                                _ = stopped.changed() => {}
                            }
                        }
                    }
                });
            }
        }
        Delivering { stop, tasks }
    }

    /// Goes through a folder, from its oldest message on, until some were done; answers how many.
    async fn round(&self, app: &App, lane: Lane, folder: &str) -> Result<usize> {
        let (mut held, mut after) = (HashSet::new(), None);
        loop {
            let page =
                self.cabinet.sheets(Drawer::Messages, folder, after.as_deref(), AT_A_TIME, (app.clock)()).await?;
            let is_last = page.len() < AT_A_TIME;
            after = page.last().map(|sheet| sheet.name.clone());
            let done = self.deliver_page(app, lane, page, &mut held).await?;
            if done > 0 || is_last {
                return Ok(done);
            }
        }
    }

    /// Delivers what waits for nothing that comes before it in its group; `held` are the groups that wait.
    async fn deliver_page(&self, app: &App, lane: Lane, page: Vec<Sheet>, held: &mut HashSet<String>) -> Result<usize> {
        let (now, mut done) = ((app.clock)(), 0);
        for sheet in page {
            let waiting: Waiting = serde_json::from_str(&sheet.text).context("a message that is none")?;
            if held.contains(&waiting.group) || waiting.not_before > now.unix_timestamp() {
                // What comes after it in its group waits with it.
                held.insert(waiting.group);
                continue;
            }
            let deliveries = waiting.deliveries + 1;
            let message =
                Message { lane, group: waiting.group.clone(), id: waiting.id.clone(), body: waiting.body.clone() };
            if work::take(app, &message, deliveries).await.is_ok() {
                self.cabinet.take(&sheet).await?;
                done += 1;
                continue;
            }
            let not_before = (app.clock)().unix_timestamp() + pause(deliveries);
            held.insert(waiting.group.clone());
            let again = sheet.saying(serde_json::to_string(&Waiting { deliveries, not_before, ..waiting })?);
            self.cabinet.put(&[again], now).await?;
        }
        Ok(done)
    }

    /// The sheet of a message, and the one that remembers its id for a while.
    fn sheets(&self, message: &Message, now: OffsetDateTime) -> Result<[Sheet; 2]> {
        let mut hasher = DefaultHasher::new();
        message.group.hash(&mut hasher);
        let folder = folder_name(message.lane, hasher.finish() % FOLDERS);
        let waiting = Waiting {
            group: message.group.clone(),
            id: message.id.clone(),
            body: message.body.clone(),
            deliveries: 0,
            not_before: 0,
        };
        let text = serde_json::to_string(&waiting)?;
        let remembered = format!("{}-ids", message.lane.as_str());
        Ok([
            Sheet::new(Drawer::Messages, folder, format!("{:020}", self.place(now)), text),
            Sheet::new(Drawer::Messages, remembered, &message.id, "").until(now + REMEMBERED),
        ])
    }

    /// The next place: later than every one before it, also than those of an earlier process.
    fn place(&self, now: OffsetDateTime) -> u64 {
        let nanoseconds = u64::try_from(now.unix_timestamp_nanos()).unwrap_or_default();
        let before = self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(nanoseconds.max(last + 1)));
        nanoseconds.max(before.unwrap_or_default() + 1)
    }
}

#[async_trait]
impl Queue for KeptQueue {
    async fn send(&self, messages: &[Message]) -> Result<()> {
        let now = OffsetDateTime::now_utc();
        for some in messages.chunks(SENT_AT_ONCE) {
            if let Some(long) = some.iter().find(|message| message.body.len() > Message::MOST_BYTES) {
                bail!("a message of {} bytes", long.body.len());
            }
            let sheets = some.iter().map(|message| self.sheets(message, now)).collect::<Result<Vec<_>>>()?;
            if self.cabinet.put(&sheets.concat(), now).await? == Commit::Lost {
                // Some of them were sent before: the others go one by one.
                for sheet in sheets {
                    self.cabinet.put(&sheet, now).await?;
                }
            }
        }
        self.sent.notify_waiters();
        Ok(())
    }
}

/// The tasks that deliver.
pub(crate) struct Delivering {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Delivering {
    /// Lets what is being worked on end.
    pub(crate) async fn shutdown(self) {
        self.stop.send_replace(true);
        self.tasks.join_all().await;
    }
}

fn folder_name(lane: Lane, folder: u64) -> String {
    format!("{}-{folder}", lane.as_str())
}

/// Seconds before the next delivery: 1, 2, 4 … 256.
fn pause(deliveries: u32) -> i64 {
    1 << deliveries.saturating_sub(1).min(8)
}

/// Folders of a lane, and so messages of it that are worked on at a time.
const FOLDERS: u64 = 8;
/// Messages that are looked at before the next ones are read.
const AT_A_TIME: usize = 64;
/// As many as make one transaction, with the sheets that remember them.
const SENT_AT_ONCE: usize = 40;
/// How long an id is remembered: as long as SQS does.
const REMEMBERED: time::Duration = time::Duration::minutes(5);
/// How often a folder is looked at unasked: for those that are to be delivered again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use aws::{DynamoStore, create_table};

    #[tokio::test]
    async fn messages_lie_in_order_and_one_that_was_sent_twice_lies_there_once() {
        let records = crate::records::client(None).unwrap();
        create_table(&records, "queue").await.unwrap();
        let store = Arc::new(DynamoStore::new(records, "queue"));
        let queue = KeptQueue::new(store.clone());
        let message = |id: &str| Message {
            lane: Lane::Certify,
            group: "one".to_owned(),
            id: id.to_owned(),
            body: format!("the work of {id}"),
        };
        let ids = ["c", "a", "b"];
        queue.send(&ids.map(message)).await.unwrap();
        queue.send(&[message("a"), message("d"), message("b")]).await.unwrap();
        let mut found = Vec::new();
        for folder in 0..FOLDERS {
            let folder = folder_name(Lane::Certify, folder);
            let sheets = store.sheets(Drawer::Messages, &folder, None, 9, OffsetDateTime::now_utc()).await.unwrap();
            found.extend(sheets.iter().map(|sheet| serde_json::from_str::<Waiting>(&sheet.text).unwrap().id));
        }
        assert_eq!(found, ["c", "a", "b", "d"]);
    }
}
