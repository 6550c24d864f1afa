//! What the simulated flow never needs: each call of it is a fault of the simulation.

use anyhow::{Result, bail};
use async_trait::async_trait;
use credential::{
    BeneficiaryCode, CertificateId, Contact, Status,
    chain::{Entry, Seal},
};
use issuer::ports::{
    Audit, CitizenTokens, Commit, Common, Count, Dimension, Fact, Files, Journal, Ledger, Mail, Page, PublicFiles,
    Published, Recalls, Registration, Registrations, Remark, Reply, Scope, Secrets, Sender, Sheet, StatusChange,
    StoredJob, Tally, Uploads, Webhook,
};
use std::time::Duration;
use time::{Date, OffsetDateTime};

/// Stands where nothing is.
pub(crate) struct Absent;

fn absent<T>() -> Result<T> {
    bail!("the simulation has no such part")
}

#[async_trait]
impl Files for Absent {
    async fn read(&self, _: &str) -> Result<Option<Vec<u8>>> {
        absent()
    }
    async fn write(&self, _: &str, _: &[u8], _: &str) -> Result<bool> {
        absent()
    }
}

#[async_trait]
impl PublicFiles for Absent {
    async fn replace(&self, _: &str, _: &[u8], _: &str) -> Result<()> {
        absent()
    }
}

#[async_trait]
impl Journal for Absent {
    async fn changes(&self, _: OffsetDateTime, _: OffsetDateTime) -> Result<Vec<StatusChange>> {
        absent()
    }
    async fn all_changes(&self) -> Result<Vec<StatusChange>> {
        absent()
    }
    async fn numbers_taken(&self) -> Result<u64> {
        absent()
    }
    async fn published(&self) -> Result<Option<Published>> {
        absent()
    }
    async fn record(&self, _: &Published) -> Result<bool> {
        absent()
    }
    async fn status_of(&self, _: &CertificateId) -> Result<Option<Status>> {
        absent()
    }
}

#[async_trait]
impl Ledger for Absent {
    async fn entries(&self, _: OffsetDateTime, _: OffsetDateTime) -> Result<Vec<Entry>> {
        absent()
    }
    async fn last_seal(&self) -> Result<Option<Seal>> {
        absent()
    }
    async fn seals(&self, _: u64, _: usize) -> Result<Vec<Seal>> {
        absent()
    }
    async fn append(&self, _: &Seal) -> Result<Commit> {
        absent()
    }
    async fn remark(&self, _: &[Remark]) -> Result<()> {
        absent()
    }
}

#[async_trait]
impl Recalls for Absent {
    async fn found(&self, _: &Common, _: Option<&str>) -> Result<Page> {
        absent()
    }
    async fn jobs(&self) -> Result<Vec<StoredJob>> {
        absent()
    }
    async fn job(&self, _: &str) -> Result<Option<StoredJob>> {
        absent()
    }
    async fn save(&self, _: &StoredJob) -> Result<Commit> {
        absent()
    }
}

#[async_trait]
impl Registrations for Absent {
    async fn beneficiaries_of(&self, _: &str) -> Result<Vec<BeneficiaryCode>> {
        absent()
    }
    async fn registration(&self, _: &BeneficiaryCode) -> Result<Option<Registration>> {
        absent()
    }
    async fn rebind(
        &self,
        _: &BeneficiaryCode,
        _: &Registration,
        _: &CertificateId,
        _: &Audit,
        _: &[Sheet],
    ) -> Result<Commit> {
        absent()
    }
}

#[async_trait]
impl Sender for Absent {
    async fn sms(&self, _: &Contact, _: &str) -> Result<()> {
        absent()
    }
    async fn mail(&self, _: &Contact, _: &Mail) -> Result<()> {
        absent()
    }
}

#[async_trait]
impl CitizenTokens for Absent {
    async fn token(&self, _: &Contact, _: &str) -> Result<String> {
        absent()
    }
}

#[async_trait]
impl Secrets for Absent {
    async fn digilocker_key(&self) -> Result<Option<Vec<u8>>> {
        absent()
    }
}

#[async_trait]
impl Webhook for Absent {
    async fn post(&self, _: &str, _: &[(&'static str, String)], _: &[u8]) -> Result<Reply> {
        absent()
    }
}

#[async_trait]
impl Uploads for Absent {
    async fn entrance(&self, _: &str, _: u64, _: Duration) -> Result<String> {
        absent()
    }
    async fn length(&self, _: &str) -> Result<Option<u64>> {
        absent()
    }
    async fn part(&self, _: &str, _: u64, _: u64) -> Result<Vec<u8>> {
        absent()
    }
}

#[async_trait]
impl Tally for Absent {
    async fn count(&self, _: &[Fact]) -> Result<u64> {
        absent()
    }
    async fn counts(&self, _: &Scope, _: Dimension, _: Date, _: Date) -> Result<Vec<Count>> {
        absent()
    }
    async fn facts(&self, _: OffsetDateTime, _: u32, _: Option<&str>, _: usize) -> Result<Vec<Fact>> {
        absent()
    }
}
