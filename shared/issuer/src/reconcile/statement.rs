//! What one report says of earlier doses, as it is kept until somebody has looked at it.

use crate::{
    ports::{Certificate, Deed, Drawer, Sheet},
    post::{instant, milliseconds},
    sealed::Sealer,
};
use anyhow::{Context, Result, anyhow};
use credential::{BeneficiaryCode, CertificateId, EarlierDose, Event, Occasion, ProgrammeId, SlotKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::{Duration, OffsetDateTime};

/// Personal data: the beneficiary's code; the person is sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Statement {
    /// The certificate of the later dose.
    certificate: String,
    beneficiary: String,
    programme: String,
    /// Who reported it.
    pub(super) actor: String,
    /// When that certificate was stored, in milliseconds of Unix time.
    at: i64,
    /// The person as that report has them: a request's `recipient`.
    recipient: String,
    doses: Vec<Value>,
}

impl Statement {
    pub(super) fn new(pepper: &[u8; 32], certificate: &Certificate, event: &Event, deed: &Deed) -> Result<Self> {
        let id = certificate.issuance.certificate_id.as_str();
        Ok(Self {
            certificate: id.to_owned(),
            beneficiary: certificate.slot.beneficiary.as_str().to_owned(),
            programme: certificate.slot.programme.as_str().to_owned(),
            actor: deed.actor.clone(),
            at: milliseconds(deed.at),
            recipient: sealer(pepper)?.seal(id, &event.recipient().to_string())?,
            doses: event.earlier().iter().map(EarlierDose::told).collect(),
        })
    }

    /// The sheet that is looked at when this time has come.
    pub(super) fn sheet(&self, folder: &str, due: OffsetDateTime) -> Result<Sheet> {
        let text = serde_json::to_string(self).context("writing a statement")?;
        let name = format!("{:013}-{}", milliseconds(due), self.certificate);
        Ok(Sheet::new(Drawer::Reconciliations, folder, name, text))
    }

    /// The sheet on which it waits for doses that are not there yet; none where there are no such doses, or it has waited long enough.
    ///
    /// It waits twice as long each time as it has waited already: a dose that comes soon is compared soon, and one that never comes is looked for ten times.
    pub(super) fn waiting(&self, folder: &str, absent: &[EarlierDose], now: OffsetDateTime) -> Result<Option<Sheet>> {
        let (waited, end) = (now - self.at(), self.at() + PATIENCE);
        if absent.is_empty() || now >= end {
            return Ok(None);
        }
        let due = (now + Duration::max(waited * 2, FIRST_WAIT)).min(end);
        self.about(absent).sheet(folder, due).map(Some)
    }

    pub(super) fn parse(sheet: &Sheet) -> Result<Self> {
        serde_json::from_str(&sheet.text).map_err(|_| anyhow!("a statement that is none"))
    }

    /// The same about these doses alone.
    pub(super) fn about(&self, doses: &[EarlierDose]) -> Self {
        Self { doses: doses.iter().map(EarlierDose::told).collect(), ..self.clone() }
    }

    /// Each dose that it says something of.
    pub(super) fn doses(&self, now: OffsetDateTime) -> Result<Vec<EarlierDose>> {
        let doses = self.doses.iter().map(|told| EarlierDose::read(told, now));
        doses.collect::<Option<_>>().context("a statement about no dose")
    }

    pub(super) fn slot(&self, dose: &EarlierDose) -> Result<SlotKey> {
        Ok(SlotKey {
            programme: ProgrammeId::parse(&self.programme).context("a statement of no programme")?,
            beneficiary: self.beneficiary()?,
            occasion: Occasion::Dose(dose.dose()),
        })
    }

    pub(super) fn beneficiary(&self) -> Result<BeneficiaryCode> {
        BeneficiaryCode::parse(&self.beneficiary).context("a statement about nobody")
    }

    pub(super) fn certificate(&self) -> Result<CertificateId> {
        CertificateId::parse(&self.certificate).context("a statement without certificate")
    }

    pub(super) fn recipient(&self, pepper: &[u8; 32]) -> Result<Value> {
        let opened = sealer(pepper)?.open(&self.certificate, &self.recipient).context("a statement of another key")?;
        serde_json::from_str(&opened).map_err(|_| anyhow!("a statement whose person is none"))
    }

    pub(super) fn at(&self) -> OffsetDateTime {
        instant(self.at)
    }
}

/// When the sheet of a statement is to be looked at.
pub(super) fn due(sheet: &Sheet) -> OffsetDateTime {
    sheet.name.get(..13).and_then(|at| at.parse().ok()).map_or(OffsetDateTime::UNIX_EPOCH, instant)
}

fn sealer(pepper: &[u8; 32]) -> Result<Sealer> {
    Sealer::new(pepper, b"people in statements on earlier doses, version 1")
}

/// What a queue brings in another order is there by then.
const FIRST_WAIT: Duration = Duration::minutes(15);
/// How late the report of an earlier dose may come: as long as the longest pause between two doses of a course (84 days), and some days more.
const PATIENCE: Duration = Duration::days(90);
