//! A service of a test's own, in memory, on a free port; with parts that fail when the test says so.

use crate::Client;
use anyhow::{Result, bail};
use async_trait::async_trait;
use credential::{BeneficiaryCode, CertificateId, Dose, Kind, PublicKey, Signed, SlotKey};
use issuer::{
    App,
    config::Place,
    ports::{Audit, Certificate, Change, Commit, Files, Intent, Occupant, Reservation, Sheet, Signer, Store},
};
use std::{
    cell::Cell,
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

/// A running service and someone to call it.
pub struct Service {
    /// The service.
    pub running: local::Running,
    /// Its caller.
    pub client: Client,
}

impl Service {
    /// The service as it is.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// The service with some of its parts exchanged.
    ///
    /// # Panics
    /// When it does not start: the test has failed.
    #[allow(clippy::expect_used, reason = "a test that can't start its service has failed")]
    pub async fn with(change: impl FnOnce(&mut App)) -> Self {
        let running = local::start_with(memory(), change).await.expect("the service starts");
        let client = Client::new(running.base_url(), running.tokens());
        Self { running, client }
    }
}

/// Lists are published at the start, and when a test says so.
const A_DAY: std::time::Duration = std::time::Duration::from_hours(24);

/// A place that keeps nothing, on a free port, with the fonts that `make fonts` brings and the page that `make page` builds.
pub fn memory() -> Place {
    let fonts = concat!(env!("CARGO_MANIFEST_DIR"), "/../fonts/ttf").to_owned();
    Place {
        port: 0,
        data: ":memory:".into(),
        signing_key: "signing.pem".into(),
        fonts,
        template: "india".into(),
        page: concat!(env!("CARGO_MANIFEST_DIR"), "/../target/page").to_owned(),
        publish_every: A_DAY,
    }
}

/// A store that goes down at a chosen call, as a process does that is killed: from then on it answers nothing until it is revived.
pub struct Mortal {
    inner: Arc<dyn Store>,
    calls: AtomicI64,
    dies_at: AtomicI64,
    acts_first: bool,
}

impl Mortal {
    /// Dies at the `call`-th writing call; with `acts_first`, after it took effect but before the answer is heard.
    pub fn new(inner: Arc<dyn Store>, call: i64, acts_first: bool) -> Arc<Self> {
        Arc::new(Self { inner, calls: AtomicI64::new(0), dies_at: AtomicI64::new(call), acts_first })
    }

    /// Dies at the `call`-th writing call from now on.
    pub fn die_after(&self, call: i64) {
        self.dies_at.store(self.calls.load(Ordering::SeqCst) + call, Ordering::SeqCst);
    }

    /// Lets it live, for good.
    pub fn revive(&self) {
        self.dies_at.store(i64::MAX, Ordering::SeqCst);
    }

    /// Whether the chosen call was ever made.
    pub fn died(&self) -> bool {
        self.calls.load(Ordering::SeqCst) >= self.dies_at.load(Ordering::SeqCst)
    }

    async fn write<T>(&self, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let dies_at = self.dies_at.load(Ordering::SeqCst);
        if call < dies_at {
            return work.await;
        }
        if call == dies_at && self.acts_first {
            work.await?;
        }
        bail!("the process is gone")
    }
}

#[async_trait]
impl Store for Mortal {
    async fn reserve(&self, intent: &Intent) -> Result<Reservation> {
        self.write(self.inner.reserve(intent)).await
    }

    async fn release(&self, intent: &Intent) -> Result<()> {
        self.write(self.inner.release(intent)).await
    }

    async fn commit(
        &self,
        intent: &Intent,
        certificate: &Certificate,
        audit: &Audit,
        sheets: &[Sheet],
    ) -> Result<Commit> {
        self.write(self.inner.commit(intent, certificate, audit, sheets)).await
    }

    async fn change(&self, changes: &[Change], audit: &Audit) -> Result<Commit> {
        self.write(self.inner.change(changes, audit)).await
    }

    async fn replace_signature(&self, certificate: &Certificate, before: &Signed, audit: &Audit) -> Result<Commit> {
        self.write(self.inner.replace_signature(certificate, before, audit)).await
    }

    async fn numbers(&self, count: u64) -> Result<u64> {
        self.inner.numbers(count).await
    }

    async fn occupants(&self, slots: &[SlotKey]) -> Result<Vec<Option<Occupant>>> {
        self.inner.occupants(slots).await
    }

    async fn certificates(&self, beneficiary: &BeneficiaryCode, kind: Option<Kind>) -> Result<Vec<Certificate>> {
        self.inner.certificates(beneficiary, kind).await
    }

    async fn has_certificate(
        &self,
        beneficiary: &BeneficiaryCode,
        kind: Kind,
        dose: Option<Dose>,
        now: OffsetDateTime,
    ) -> Result<bool> {
        self.inner.has_certificate(beneficiary, kind, dose, now).await
    }

    async fn beneficiary_of(&self, certificate: &CertificateId) -> Result<Option<BeneficiaryCode>> {
        self.inner.beneficiary_of(certificate).await
    }
}

/// A signer that counts, and fails from a chosen signature on until it is mended.
pub struct Counting {
    inner: Arc<dyn Signer>,
    /// Signatures made so far.
    pub signatures: AtomicU64,
    /// The last signature that succeeds.
    pub last: AtomicU64,
}

impl Counting {
    /// Succeeds `last` times.
    pub fn new(inner: Arc<dyn Signer>, last: u64) -> Arc<Self> {
        Arc::new(Self { inner, signatures: AtomicU64::new(0), last: AtomicU64::new(last) })
    }
}

#[async_trait]
impl Signer for Counting {
    async fn public_key(&self) -> Result<PublicKey> {
        self.inner.public_key().await
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let number = self.signatures.fetch_add(1, Ordering::SeqCst) + 1;
        if number > self.last.load(Ordering::SeqCst) {
            bail!("the key does not answer");
        }
        self.inner.sign(message).await
    }
}

/// Pictures in memory that count what is written; and another process that was a moment earlier, when it is told to have been.
#[derive(Default)]
pub struct Shelf {
    kept: Mutex<HashMap<String, Vec<u8>>>,
    /// Pictures written so far.
    pub written: AtomicU64,
    /// What another process writes just before us; empty: there is none.
    winner: Vec<u8>,
}

impl Shelf {
    /// One on which another process writes this just before us, whatever we write.
    pub fn behind(winner: &[u8]) -> Self {
        Self { winner: winner.to_vec(), ..Self::default() }
    }
}

#[async_trait]
impl Files for Shelf {
    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.kept.lock().await.get(key).cloned())
    }

    async fn write(&self, key: &str, bytes: &[u8], _media_type: &str) -> Result<bool> {
        self.written.fetch_add(1, Ordering::SeqCst);
        let first = self.winner.is_empty();
        let picture = if first { bytes } else { self.winner.as_slice() };
        self.kept.lock().await.insert(key.to_owned(), picture.to_vec());
        Ok(first)
    }
}

thread_local! {
    // A test and its service share a thread, as `tokio::test` has it unless told otherwise: no other test's clock moves.
    static AHEAD: Cell<i64> = const { Cell::new(0) };
}

/// Sets the clock of this test's services that use [`clock`] ahead by so many seconds more.
pub fn pass(seconds: i64) {
    AHEAD.set(AHEAD.get() + seconds);
}

/// Now, and what [`pass`] added.
pub fn clock() -> OffsetDateTime {
    OffsetDateTime::now_utc() + Duration::seconds(AHEAD.get())
}
