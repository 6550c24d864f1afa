//! One run: its dice, its clock, and what was seen of every attempt to sign.

use crate::{
    backlog::Backlog,
    memory::{Broken, Memory},
    weather::{Fate, Weather},
};
use credential::SlotKey;
use fastrand::Rng;
use issuer::ports::Intent;
use std::{
    cell::Cell,
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
};
use time::{Duration, OffsetDateTime, macros::datetime};
use tokio::{task, time::Instant};

/// A run of one seed.
pub(crate) struct World {
    /// The records.
    pub(crate) memory: Memory,
    /// The queue.
    pub(crate) backlog: Backlog,
    weather: Weather,
    began: Instant,
    seen: Mutex<Seen>,
}

/// What was seen so far.
pub(crate) struct Seen {
    pub(crate) dice: Rng,
    trace: DefaultHasher,
    /// Calls, and what went wrong with how many.
    pub(crate) calls: u64,
    pub(crate) faults: BTreeMap<&'static str, u64>,
    /// Attempts by holder, and the one that each task is at.
    pub(crate) attempts: HashMap<u128, Attempt>,
    current: HashMap<task::Id, u128>,
    /// What must never be, in words without names.
    pub(crate) wrongs: BTreeMap<&'static str, u64>,
}

/// One holder's attempt at a slot.
pub(crate) struct Attempt {
    pub(crate) slot: SlotKey,
    pub(crate) version: u32,
    pub(crate) signatures: u64,
    /// Something went wrong with one of its calls, or with its process.
    pub(crate) hit: bool,
    process: usize,
}

impl World {
    pub(crate) fn new(seed: u64, weather: Weather, broken: Option<Broken>) -> Self {
        let so_far = Seen {
            dice: Rng::with_seed(seed),
            trace: DefaultHasher::new(),
            calls: 0,
            faults: BTreeMap::new(),
            attempts: HashMap::new(),
            current: HashMap::new(),
            wrongs: BTreeMap::new(),
        };
        let began = Instant::now();
        BEGAN.set(Some(began));
        Self { memory: Memory::broken(broken), backlog: Backlog::default(), weather, began, seen: Mutex::new(so_far) }
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number below `most`.
    pub(crate) fn draw(&self, most: u64) -> u64 {
        self.seen().dice.u64(..most)
    }

    /// So many milliseconds at most.
    pub(crate) fn pause(&self, most: u64) -> std::time::Duration {
        std::time::Duration::from_millis(1 + self.draw(most))
    }

    /// What becomes of a process's next call.
    pub(crate) fn fate(&self, process: usize, what: &'static str) -> Fate {
        let mut seen = self.seen();
        let fate = self.weather.draw(&mut seen.dice);
        seen.calls += 1;
        (self.began.elapsed(), process, what, fate).hash(&mut seen.trace);
        if !fate.is_fine() {
            *seen.faults.entry(fate.name()).or_default() += 1;
            let mine = task::try_id().and_then(|task| seen.current.get(&task).copied());
            if let Some(attempt) = mine.and_then(|holder| seen.attempts.get_mut(&holder)) {
                attempt.hit = true;
            }
            if SHARED.contains(&what) {
                seen.hit_all(process);
            }
        }
        fate
    }

    /// The task begins to ask for a slot.
    pub(crate) fn attempts(&self, process: usize, intent: &Intent) {
        let mut seen = self.seen();
        let attempt = Attempt {
            slot: intent.slot.clone(),
            version: intent.follows.version(),
            signatures: 0,
            hit: false,
            process,
        };
        seen.attempts.insert(intent.holder, attempt);
        seen.current.insert(task::id(), intent.holder);
    }

    /// Whose attempt the task is at.
    pub(crate) fn holder(&self) -> Option<u128> {
        self.seen().current.get(&task::id()).copied()
    }

    /// A signature was made for that holder.
    pub(crate) fn signs(&self, holder: u128) {
        if let Some(attempt) = self.seen().attempts.get_mut(&holder) {
            attempt.signatures += 1;
        }
    }

    /// A signature came to that holder, who must have the slot still.
    pub(crate) fn signed(&self, holder: u128) {
        let slot = self.seen().attempts.get(&holder).map(|attempt| attempt.slot.clone());
        let has = |slot| self.memory.kept().slots.get(&slot).is_some_and(|slot| slot.holder == Some(holder));
        if !slot.is_some_and(has) {
            self.wrong("signed beside another holder");
        }
    }

    /// The process died, and all that it was at.
    pub(crate) fn dies(&self, process: usize) {
        self.seen().hit_all(process);
    }

    /// Something happened that must never be.
    pub(crate) fn wrong(&self, what: &'static str) {
        *self.seen().wrongs.entry(what).or_default() += 1;
    }

    /// A number that is the same whenever everything happened in the same order at the same time.
    pub(crate) fn trace(&self) -> u64 {
        self.seen().trace.finish()
    }

    /// Sets the clock of a process to another distance from the true time.
    pub(crate) fn skew(&self, process: usize) {
        let most = i64::try_from(self.weather.skew.as_millis()).unwrap_or(i64::MAX);
        let skew = self.seen().dice.i64(-most..=most);
        SKEWS.with(|skews| {
            if let Some(clock) = skews.get(process) {
                clock.set(skew);
            }
        });
    }
}

impl Seen {
    fn hit_all(&mut self, process: usize) {
        for attempt in self.attempts.values_mut() {
            attempt.hit |= attempt.process == process;
        }
    }
}

/// Calls that others of the process wait for too.
const SHARED: [&str; 3] = ["keys", "publish", "numbers"];

thread_local! {
    // A run has a thread: the clock that the service is given is a plain function.
    static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
    static SKEWS: [Cell<i64>; PROCESSES] = const { [const { Cell::new(0) }; PROCESSES] };
}

/// Processes that serve at a time.
pub(crate) const PROCESSES: usize = 4;

/// The clock of each process.
pub(crate) const CLOCKS: [fn() -> OffsetDateTime; PROCESSES] = [clock::<0>, clock::<1>, clock::<2>, clock::<3>];

fn clock<const PROCESS: usize>() -> OffsetDateTime {
    const MORNING: OffsetDateTime = datetime!(2026-03-01 08:30 UTC);
    let passed = BEGAN.get().map_or(std::time::Duration::ZERO, |began| began.elapsed());
    let skew = SKEWS.with(|skews| skews.get(PROCESS).map_or(0, Cell::get));
    MORNING + passed + Duration::milliseconds(skew)
}
