//! The line between a process and what it talks to: every call of every port goes through [`Line::call`], where it may be refused, lost, late, doubled, or
//! the death of the process. What is on its way arrives, whether or not anybody still waits for it.

use crate::{
    weather::{Fate, GIVEN_UP, Turn},
    world::World,
};
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use aws_lc_rs::{
    encoding::AsDer,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use credential::{BeneficiaryCode, CertificateId, Dose, Kind, PublicKey, Signed, SlotKey, VerificationMethod};
use issuer::ports::{
    Audit, Cabinet, Certificate, Change, Commit, Drawer, Effect, Intent, KeyChange, KeyRing, Message, Occupant, Pepper,
    PublishedKey, Pushed, Queue, Quota, Reservation, Sheet, Signer, Store,
};
use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use time::{Duration, OffsetDateTime};
use tokio::{
    sync::{Notify, oneshot},
    time::sleep,
};

/// The line of one life of a process.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) world: Arc<World>,
    pub(crate) process: usize,
    pub(crate) key: Arc<Key>,
    pub(crate) life: Arc<Life>,
}

/// One life of a process. Those who wait for its end hear of it in the order in which they came, so that a run can be repeated.
#[derive(Default)]
pub(crate) struct Life {
    over: AtomicBool,
    told: Notify,
}

impl Life {
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Returns when it is over.
    pub(crate) async fn end(&self) {
        let told = self.told.notified();
        if !self.is_over() {
            told.await;
        }
    }

    fn ends(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.told.notify_waiters();
    }
}

impl Line {
    async fn call<T, F>(&self, what: &'static str, work: impl Fn(Arc<World>) -> F + Send + 'static) -> Result<T>
    where
        F: Future<Output = Result<T>> + Send + 'static,
        T: Send + 'static,
    {
        let fate = self.world.fate(self.process, what);
        match fate.turn {
            Turn::DiesBefore => self.die().await,
            Turn::Refused => {
                sleep(fate.there + fate.back).await;
                bail!("refused")
            }
            _ => {}
        }
        let answer = self.send(fate, work);
        match fate.turn {
            Turn::Unheard => {
                sleep(GIVEN_UP).await;
                bail!("no answer")
            }
            Turn::DiesAfter => {
                let _ = answer.await;
                self.die().await
            }
            _ => answer.await.context("the line broke")?,
        }
    }

    /// Sends a call on its way.
    fn send<T, F>(&self, fate: Fate, work: impl Fn(Arc<World>) -> F + Send + 'static) -> oneshot::Receiver<Result<T>>
    where
        F: Future<Output = Result<T>> + Send + 'static,
        T: Send + 'static,
    {
        let (tell, answer) = oneshot::channel();
        let world = Arc::clone(&self.world);
        tokio::spawn(async move {
            sleep(fate.there).await;
            let mut answered = work(Arc::clone(&world)).await;
            if let Turn::Twice { after } = fate.turn {
                sleep(after).await;
                answered = work(world).await;
            }
            sleep(fate.back).await;
            // Whoever asked may be gone.
            let _ = tell.send(answered);
        });
        answer
    }

    async fn die<T>(&self) -> T {
        self.life.ends();
        self.world.dies(self.process);
        pending().await
    }
}

#[async_trait]
impl Store for Line {
    async fn reserve(&self, intent: &Intent) -> Result<Reservation> {
        let intent = intent.clone();
        self.world.attempts(self.process, &intent);
        self.call("reserve", move |world| {
            let intent = intent.clone();
            async move { world.memory.reserve(&intent).await }
        })
        .await
    }

    async fn release(&self, intent: &Intent) -> Result<()> {
        let intent = intent.clone();
        self.call("release", move |world| {
            let intent = intent.clone();
            async move { world.memory.release(&intent).await }
        })
        .await
    }

    async fn commit(
        &self,
        intent: &Intent,
        certificate: &Certificate,
        audit: &Audit,
        sheets: &[Sheet],
    ) -> Result<Commit> {
        let all = Arc::new((intent.clone(), certificate.clone(), audit.clone(), sheets.to_vec()));
        self.call("commit", move |world| {
            let all = Arc::clone(&all);
            async move { world.memory.commit(&all.0, &all.1, &all.2, &all.3).await }
        })
        .await
    }

    async fn change(&self, changes: &[Change], audit: &Audit) -> Result<Commit> {
        let all = Arc::new((changes.to_vec(), audit.clone()));
        self.call("change", move |world| {
            let all = Arc::clone(&all);
            async move { world.memory.change(&all.0, &all.1).await }
        })
        .await
    }

    async fn replace_signature(&self, certificate: &Certificate, before: &Signed, audit: &Audit) -> Result<Commit> {
        let all = Arc::new((certificate.clone(), before.clone(), audit.clone()));
        self.call("replace signature", move |world| {
            let all = Arc::clone(&all);
            async move { world.memory.replace_signature(&all.0, &all.1, &all.2).await }
        })
        .await
    }

    async fn occupants(&self, slots: &[SlotKey]) -> Result<Vec<Option<Occupant>>> {
        let slots = Arc::new(slots.to_vec());
        self.call("occupants", move |world| {
            let slots = Arc::clone(&slots);
            async move { world.memory.occupants(&slots).await }
        })
        .await
    }

    async fn certificates(&self, beneficiary: &BeneficiaryCode, kind: Option<Kind>) -> Result<Vec<Certificate>> {
        let beneficiary = beneficiary.clone();
        self.call("certificates", move |world| {
            let beneficiary = beneficiary.clone();
            async move { world.memory.certificates(&beneficiary, kind).await }
        })
        .await
    }

    async fn has_certificate(
        &self,
        beneficiary: &BeneficiaryCode,
        kind: Kind,
        dose: Option<Dose>,
        now: OffsetDateTime,
    ) -> Result<bool> {
        let beneficiary = beneficiary.clone();
        self.call("has certificate", move |world| {
            let beneficiary = beneficiary.clone();
            async move { world.memory.has_certificate(&beneficiary, kind, dose, now).await }
        })
        .await
    }

    async fn beneficiary_of(&self, certificate: &CertificateId) -> Result<Option<BeneficiaryCode>> {
        let certificate = certificate.clone();
        self.call("beneficiary of", move |world| {
            let certificate = certificate.clone();
            async move { world.memory.beneficiary_of(&certificate).await }
        })
        .await
    }

    async fn numbers(&self, count: u64) -> Result<u64> {
        self.call("numbers", move |world| async move { world.memory.numbers(count).await }).await
    }
}

#[async_trait]
impl Cabinet for Line {
    async fn sheet(&self, drawer: Drawer, folder: &str, name: &str, now: OffsetDateTime) -> Result<Option<Sheet>> {
        let names = Arc::new((folder.to_owned(), name.to_owned()));
        self.call("sheet", move |world| {
            let names = Arc::clone(&names);
            async move { world.memory.sheet(drawer, &names.0, &names.1, now).await }
        })
        .await
    }

    async fn sheets(
        &self,
        drawer: Drawer,
        folder: &str,
        after: Option<&str>,
        most: usize,
        now: OffsetDateTime,
    ) -> Result<Vec<Sheet>> {
        let names = Arc::new((folder.to_owned(), after.map(str::to_owned)));
        self.call("sheets", move |world| {
            let names = Arc::clone(&names);
            async move { world.memory.sheets(drawer, &names.0, names.1.as_deref(), most, now).await }
        })
        .await
    }

    async fn put(&self, sheets: &[Sheet], now: OffsetDateTime) -> Result<Commit> {
        let sheets = Arc::new(sheets.to_vec());
        self.call("put", move |world| {
            let sheets = Arc::clone(&sheets);
            async move { world.memory.put(&sheets, now).await }
        })
        .await
    }

    async fn take(&self, sheet: &Sheet) -> Result<Commit> {
        let sheet = sheet.clone();
        self.call("take", move |world| {
            let sheet = sheet.clone();
            async move { world.memory.take(&sheet).await }
        })
        .await
    }

    async fn count(&self, what: &str, who: &str, window: Duration, now: OffsetDateTime) -> Result<u64> {
        let names = Arc::new((what.to_owned(), who.to_owned()));
        self.call("count", move |world| {
            let names = Arc::clone(&names);
            async move { world.memory.count(&names.0, &names.1, window, now).await }
        })
        .await
    }
}

#[async_trait]
impl KeyRing for Line {
    async fn keys(&self) -> Result<Vec<PublishedKey>> {
        self.call("keys", move |world| async move { world.memory.keys().await }).await
    }

    async fn publish(&self, method: &VerificationMethod, change: &KeyChange) -> Result<Effect> {
        let all = Arc::new((method.clone(), change.clone()));
        self.call("publish", move |world| {
            let all = Arc::clone(&all);
            async move { world.memory.publish(&all.0, &all.1).await }
        })
        .await
    }

    async fn retire(&self, key: &PublicKey, until: OffsetDateTime, change: &KeyChange) -> Result<Effect> {
        self.world.memory.retire(key, until, change).await
    }

    async fn compromise(&self, key: &PublicKey, change: &KeyChange) -> Result<Effect> {
        self.world.memory.compromise(key, change).await
    }

    async fn attach_chain(&self, key: &PublicKey, chain: &[Vec<u8>], change: &KeyChange) -> Result<Effect> {
        self.world.memory.attach_chain(key, chain, change).await
    }
}

#[async_trait]
impl Quota for Line {
    async fn push(
        &self,
        mark: &str,
        step: std::time::Duration,
        latest: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Pushed> {
        let mark = Arc::new(mark.to_owned());
        self.call("push", move |world| {
            let mark = Arc::clone(&mark);
            async move { world.memory.push(&mark, step, latest, now).await }
        })
        .await
    }
}

#[async_trait]
impl Queue for Line {
    async fn send(&self, messages: &[Message]) -> Result<()> {
        let messages = Arc::new(messages.to_vec());
        self.call("send", move |world| {
            let messages = Arc::clone(&messages);
            async move { world.backlog.send(&messages).await }
        })
        .await
    }
}

/// The country's key: a real one, on P-256.
pub(crate) struct Key {
    pair: EcdsaKeyPair,
    public: PublicKey,
}

impl Key {
    pub(crate) fn public(&self) -> PublicKey {
        self.public.clone()
    }

    pub(crate) fn generate() -> Result<Self> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok().context("no key")?;
        let der = pair.public_key().as_der().ok().context("no public key")?;
        Ok(Self { public: PublicKey::from_der(der.as_ref())?, pair })
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let signature = self.pair.sign(&SystemRandom::new(), message).ok().context("the key does not sign")?;
        Ok(signature.as_ref().to_vec())
    }
}

#[async_trait]
impl Signer for Line {
    async fn public_key(&self) -> Result<PublicKey> {
        Ok(self.key.public.clone())
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        let holder = self.world.holder().context("nobody asks for a signature without a slot")?;
        let asked = Arc::new((Arc::clone(&self.key), message.to_vec()));
        let signature = self
            .call("sign", move |world| {
                let asked = Arc::clone(&asked);
                async move {
                    world.signs(holder);
                    asked.0.sign(&asked.1)
                }
            })
            .await?;
        self.world.signed(holder);
        Ok(signature)
    }
}

#[async_trait]
impl Pepper for Line {
    async fn contact_key(&self) -> Result<[u8; 32]> {
        Ok([7; 32])
    }
}
