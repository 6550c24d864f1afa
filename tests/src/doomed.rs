//! Parts of a process that goes down at a chosen write, as [`service::Mortal`](crate::service::Mortal) does for the store: sheets, registrations, messages.

use anyhow::{Result, bail};
use async_trait::async_trait;
use credential::{BeneficiaryCode, CertificateId, Contact};
use issuer::{
    App,
    ports::{Audit, Cabinet, Commit, Drawer, Mail, Registration, Registrations, Sender, Sheet},
};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};
use time::{Duration, OffsetDateTime};

/// Everything that recovery writes to: counts the writes of all parts together, and from the chosen one on does nothing until it is revived.
pub struct Doomed {
    cabinet: Arc<dyn Cabinet>,
    registrations: Arc<dyn Registrations>,
    sender: Arc<dyn Sender>,
    writes: AtomicI64,
    dies_at: AtomicI64,
    refused: AtomicI64,
}

impl Doomed {
    /// Takes the place of these parts of the service. Lives until told otherwise.
    pub fn in_place_of(app: &mut App) -> Arc<Self> {
        let doomed = Arc::new(Self {
            cabinet: Arc::clone(&app.cabinet),
            registrations: Arc::clone(&app.registrations),
            sender: Arc::clone(&app.sender),
            writes: AtomicI64::new(0),
            dies_at: AtomicI64::new(i64::MAX),
            refused: AtomicI64::new(0),
        });
        app.cabinet = doomed.clone();
        app.registrations = doomed.clone();
        app.sender = doomed.clone();
        doomed
    }

    /// Does `writes` more writes. The answer to the last one is never heard.
    pub fn die_after(&self, writes: i64) {
        self.dies_at.store(self.writes.load(Ordering::SeqCst) + writes, Ordering::SeqCst);
    }

    /// Takes so many messages less from now on.
    pub fn refuse_message(&self, messages: i64) {
        self.refused.store(messages, Ordering::SeqCst);
    }

    /// Lets it live; answers whether it had died.
    pub fn revive(&self) -> bool {
        self.writes.load(Ordering::SeqCst) >= self.dies_at.swap(i64::MAX, Ordering::SeqCst)
    }

    async fn write<T>(&self, work: impl Future<Output = Result<T>> + Send) -> Result<T> {
        let write = self.writes.fetch_add(1, Ordering::SeqCst) + 1;
        let dies_at = self.dies_at.load(Ordering::SeqCst);
        if write > dies_at {
            bail!("the process is gone");
        }
        let done = work.await;
        if write == dies_at {
            bail!("the process is gone");
        }
        done
    }

    fn alive(&self) -> Result<()> {
        if self.writes.load(Ordering::SeqCst) >= self.dies_at.load(Ordering::SeqCst) {
            bail!("the process is gone");
        }
        Ok(())
    }
}

#[async_trait]
impl Cabinet for Doomed {
    async fn sheet(&self, drawer: Drawer, folder: &str, name: &str, now: OffsetDateTime) -> Result<Option<Sheet>> {
        self.alive()?;
        self.cabinet.sheet(drawer, folder, name, now).await
    }

    async fn sheets(
        &self,
        drawer: Drawer,
        folder: &str,
        after: Option<&str>,
        most: usize,
        now: OffsetDateTime,
    ) -> Result<Vec<Sheet>> {
        self.alive()?;
        self.cabinet.sheets(drawer, folder, after, most, now).await
    }

    async fn put(&self, sheets: &[Sheet], now: OffsetDateTime) -> Result<Commit> {
        self.write(self.cabinet.put(sheets, now)).await
    }

    async fn take(&self, sheet: &Sheet) -> Result<Commit> {
        self.write(self.cabinet.take(sheet)).await
    }

    async fn exchange(&self, sheet: &Sheet, others: &[Sheet], now: OffsetDateTime) -> Result<Commit> {
        self.write(self.cabinet.exchange(sheet, others, now)).await
    }

    async fn count(&self, what: &str, who: &str, window: Duration, now: OffsetDateTime) -> Result<u64> {
        self.write(self.cabinet.count(what, who, window, now)).await
    }
}

#[async_trait]
impl Registrations for Doomed {
    async fn beneficiaries_of(&self, contact: &str) -> Result<Vec<BeneficiaryCode>> {
        self.alive()?;
        self.registrations.beneficiaries_of(contact).await
    }

    async fn registration(&self, beneficiary: &BeneficiaryCode) -> Result<Option<Registration>> {
        self.alive()?;
        self.registrations.registration(beneficiary).await
    }

    async fn rebind(
        &self,
        beneficiary: &BeneficiaryCode,
        next: &Registration,
        certificate: &CertificateId,
        audit: &Audit,
        sheets: &[Sheet],
    ) -> Result<Commit> {
        self.write(self.registrations.rebind(beneficiary, next, certificate, audit, sheets)).await
    }
}

#[async_trait]
impl Sender for Doomed {
    async fn sms(&self, to: &Contact, text: &str) -> Result<()> {
        if self.refused.fetch_sub(1, Ordering::SeqCst) > 0 {
            bail!("not now");
        }
        self.write(self.sender.sms(to, text)).await
    }

    async fn mail(&self, to: &Contact, mail: &Mail) -> Result<()> {
        self.write(self.sender.mail(to, mail)).await
    }
}
