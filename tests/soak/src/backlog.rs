//! The queue: messages of a group one at a time and in the order sent, groups side by side, each at least once. A message whose answer is lost is delivered
//! again, one that takes too long is delivered beside itself, and now and then one that was done long ago is sent a second time, after all that came later.

use crate::{service::Service, world::World};
use anyhow::Result;
use async_trait::async_trait;
use issuer::ports::{Message, Queue};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep},
};

/// What waits.
#[derive(Default)]
pub(crate) struct Backlog {
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    groups: HashMap<(&'static str, String), VecDeque<Message>>,
    /// Ids and until when they are remembered.
    remembered: HashMap<(&'static str, String), Instant>,
    /// Where groups are told of that have something to do and nobody who does it.
    told: Option<mpsc::UnboundedSender<(&'static str, String)>>,
}

impl Backlog {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many messages wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting().groups.values().map(VecDeque::len).sum()
    }
}

impl Waiting {
    fn add(&mut self, message: &Message) {
        let name = (message.lane.as_str(), message.group.clone());
        let group = self.groups.entry(name.clone()).or_default();
        group.push_back(message.clone());
        if let Some(told) = self.told.as_ref().filter(|_| group.len() == 1) {
            // Whoever delivers is gone only when the run is over.
            let _ = told.send(name);
        }
    }
}

#[async_trait]
impl Queue for Backlog {
    async fn send(&self, messages: &[Message]) -> Result<()> {
        let mut waiting = self.waiting();
        for message in messages {
            let (id, now) = ((message.lane.as_str(), message.id.clone()), Instant::now());
            if waiting.remembered.get(&id).is_none_or(|until| *until <= now) {
                waiting.remembered.insert(id, now + REMEMBERED);
                waiting.add(message);
            }
        }
        Ok(())
    }
}

/// Delivers for as long as the run lasts.
pub(crate) async fn deliver(world: Arc<World>, service: Arc<Service>) {
    let (tell, mut told) = mpsc::unbounded_channel();
    world.backlog.waiting().told = Some(tell);
    while let Some(group) = told.recv().await {
        tokio::spawn(drain(Arc::clone(&world), Arc::clone(&service), group));
    }
}

/// One message of the group after the other, until none is left.
async fn drain(world: Arc<World>, service: Arc<Service>, group: (&'static str, String)) {
    let mut delivery = 0;
    loop {
        let head = world.backlog.waiting().groups.get(&group).and_then(|group| group.front().cloned());
        let Some(message) = head else { return };
        delivery += 1;
        match service.take(&message, delivery).await {
            // One acknowledgement of a hundred is lost: it is delivered again.
            Some(Ok(())) if world.draw(100) > 0 => {
                delivery = 0;
                if let Some(group) = world.backlog.waiting().groups.get_mut(&group) {
                    group.pop_front();
                }
                if world.draw(200) == 0 {
                    tokio::spawn(again(Arc::clone(&world), message));
                }
            }
            Some(Err(_)) => sleep(Duration::from_secs(1 << delivery.min(6))).await,
            _ => sleep(VISIBILITY / 4).await,
        }
    }
}

/// The same message once more, when its id is forgotten: its sender never heard that it was taken in.
async fn again(world: Arc<World>, message: Message) {
    sleep(REMEMBERED + world.pause(120_000)).await;
    world.backlog.waiting().add(&message);
}

/// How long a message is left to whom it was delivered.
pub(crate) const VISIBILITY: Duration = Duration::from_mins(1);
/// How long an id is remembered, as SQS does.
const REMEMBERED: Duration = Duration::from_mins(5);
