//! Records in memory that keep the ports' contracts to the letter (`tests/contract.rs` holds them to the rules of the real ones), and that can be told to break
//! one, to show that the simulation notices.

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use credential::{
    BeneficiaryCode, CertificateId, Dose, Issuance, Kind, Occasion, PublicKey, Signed, SlotKey, Status,
    VerificationMethod,
};
use issuer::ports::{
    Audit, AuditEvent, Cabinet, Certificate, Change, Commit, Deed, Drawer, Effect, Follows, Intent, KeyChange, KeyRing,
    Occupant, PublishedKey, Pushed, Quota, Registration, Registrations, Reservation, Sheet, Store,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};
use time::{Duration, OffsetDateTime, format_description::StaticFormatDescription, macros::format_description};

/// The records of a country.
#[derive(Default)]
pub struct Memory {
    kept: Mutex<Kept>,
    broken: Option<Broken>,
}

/// A rule that records can be told to break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A slot is given to whoever asks, though another holds it.
    NoLease,
    /// A certificate is stored whoever holds its slot, and however often.
    NoHolder,
    /// A certificate is acknowledged and not stored, once in some hundred times.
    Forgetful,
    /// The certificate that is corrected stays valid.
    NoEnd,
}

/// What is kept.
#[derive(Default)]
pub struct Kept {
    /// What is known of each slot.
    pub slots: HashMap<SlotKey, Slot>,
    /// Certificates of each beneficiary, in the order they were stored.
    pub certificates: HashMap<BeneficiaryCode, Vec<Certificate>>,
    /// Whose a certificate is.
    pub ids: HashMap<CertificateId, BeneficiaryCode>,
    /// The log: when, of what, what.
    pub entries: Vec<(OffsetDateTime, CertificateId, AuditEvent)>,
    /// Notes of changed statuses.
    pub notes: Vec<(OffsetDateTime, CertificateId)>,
    keys: Vec<PublishedKey>,
    sheets: BTreeMap<(&'static str, String), BTreeMap<String, Sheet>>,
    counts: HashMap<(String, String, i64), u64>,
    marks: HashMap<String, OffsetDateTime>,
    numbers: u64,
    commits: u64,
}

/// What is known of a slot.
#[derive(Default)]
pub struct Slot {
    /// The newest certificate and those before it.
    pub occupant: Option<Occupant>,
    /// What is fixed for the next one.
    pub next: Option<Issuance>,
    /// Who holds it.
    pub holder: Option<u128>,
    lease: Option<i128>,
    /// Who stored each certificate, and what its text was.
    pub closed: Vec<(u128, Signed)>,
}

impl Slot {
    fn version(&self) -> u32 {
        self.occupant.as_ref().map_or(0, |there| there.version)
    }

    /// Whether it holds what the intent follows.
    fn fits(&self, intent: &Intent) -> bool {
        let status = self.occupant.as_ref().map(|there| there.status);
        let as_it_was = self.version() == intent.follows.version();
        as_it_was
            && match intent.follows {
                Follows::Nothing => true,
                Follows::Revoked { .. } => status.is_some_and(|status| status.at(intent.now) == Status::Revoked),
                Follows::Corrects { .. } => status.is_some_and(|status| status.at(intent.now) == Status::Valid),
            }
    }
}

impl Memory {
    /// Records that break a rule.
    pub fn broken(how: Option<Broken>) -> Self {
        Self { broken: how, ..Self::default() }
    }

    /// What is kept; a panic elsewhere leaves it whole.
    pub fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn breaks(&self, how: Broken) -> bool {
        self.broken == Some(how)
    }
}

#[async_trait]
impl Store for Memory {
    async fn reserve(&self, intent: &Intent) -> Result<Reservation> {
        let mut kept = self.kept();
        let slot = kept.slots.entry(intent.slot.clone()).or_default();
        if !slot.fits(intent) {
            return Ok(Reservation::Taken(slot.occupant.clone().context("a slot without certificate")?));
        }
        let free = slot.lease.is_none_or(|lease| lease < milliseconds(intent.now));
        if !free && slot.holder != Some(intent.holder) && !self.breaks(Broken::NoLease) {
            return Ok(Reservation::Busy);
        }
        slot.holder = Some(intent.holder);
        slot.lease = Some(milliseconds(intent.lease_until));
        Ok(Reservation::Ours(slot.next.get_or_insert_with(|| intent.issuance.clone()).clone()))
    }

    async fn release(&self, intent: &Intent) -> Result<()> {
        let mut kept = self.kept();
        if let Some(slot) = kept.slots.get_mut(&intent.slot).filter(|slot| slot.holder == Some(intent.holder)) {
            (slot.holder, slot.lease) = (None, Some(0));
        }
        Ok(())
    }

    async fn commit(
        &self,
        intent: &Intent,
        certificate: &Certificate,
        audit: &Audit,
        sheets: &[Sheet],
    ) -> Result<Commit> {
        let mut kept = self.kept();
        kept.commits += 1;
        let forgotten = self.breaks(Broken::Forgetful) && kept.commits.is_multiple_of(300);
        let id = &certificate.issuance.certificate_id;
        let Some(slot) = kept.slots.get(&intent.slot) else { return Ok(Commit::Lost) };
        let held = slot.holder == Some(intent.holder) && slot.version() == intent.follows.version();
        if !held && !self.breaks(Broken::NoHolder) {
            let own = slot.version() == intent.follows.version() + 1
                && slot.occupant.as_ref().is_some_and(|there| there.current.certificate_id == *id)
                && slot.closed.last().is_some_and(|(by, text)| *by == intent.holder && *text == certificate.signed);
            return Ok(if own { Commit::Stored } else { Commit::Lost });
        }
        if kept.ids.contains_key(id) && !self.breaks(Broken::NoHolder) {
            let slot = kept.slots.entry(intent.slot.clone()).or_default();
            (slot.next, slot.holder, slot.lease) = (None, None, Some(0));
            bail!("the certificate's id is another certificate's: try again");
        }
        let now = audit.deed.at;
        let correctable = |corrected: &Issuance| {
            let found = kept.certificate(&intent.slot.beneficiary, &corrected.certificate_id);
            found.is_some_and(|found| found.status.at(now) == Status::Valid)
        };
        if !intent.follows.corrected().is_none_or(correctable) || !sheets.iter().all(|sheet| kept.takes(sheet, now)) {
            return Ok(Commit::Lost);
        }
        if !forgotten {
            kept.close(intent, certificate, audit, !self.breaks(Broken::NoEnd));
            kept.put_all(sheets);
        }
        Ok(Commit::Stored)
    }

    async fn change(&self, changes: &[Change], audit: &Audit) -> Result<Commit> {
        let mut kept = self.kept();
        let as_it_was = |change: &Change| {
            kept.certificate(&change.slot.beneficiary, &change.issuance.certificate_id)
                .is_some_and(|found| found.status == change.from)
        };
        if !changes.iter().all(as_it_was) {
            return Ok(Commit::Lost);
        }
        for change in changes {
            let id = &change.issuance.certificate_id;
            let slot = kept.slots.entry(change.slot.clone()).or_default();
            if let Some(there) = slot.occupant.as_mut().filter(|there| there.current.certificate_id == *id) {
                there.status = change.to;
            }
            kept.end(&change.slot.beneficiary, id, change.to, None, &audit.deed);
        }
        Ok(Commit::Stored)
    }

    async fn replace_signature(&self, certificate: &Certificate, before: &Signed, audit: &Audit) -> Result<Commit> {
        let mut kept = self.kept();
        let id = &certificate.issuance.certificate_id;
        let found = kept.certificate_mut(&certificate.slot.beneficiary, id);
        let Some(found) = found.filter(|found| found.signed == *before) else { return Ok(Commit::Lost) };
        found.signed = certificate.signed.clone();
        found.deeds.push(audit.deed.clone());
        kept.entries.push((audit.deed.at, id.clone(), audit.deed.event));
        Ok(Commit::Stored)
    }

    async fn occupants(&self, slots: &[SlotKey]) -> Result<Vec<Option<Occupant>>> {
        let kept = self.kept();
        Ok(slots.iter().map(|slot| kept.slots.get(slot).and_then(|slot| slot.occupant.clone())).collect())
    }

    async fn certificates(&self, beneficiary: &BeneficiaryCode, kind: Option<Kind>) -> Result<Vec<Certificate>> {
        let mut found = self.kept().certificates.get(beneficiary).cloned().unwrap_or_default();
        found.retain(|it| kind.is_none_or(|kind| it.slot.occasion.kind() == kind));
        found.sort_by(|one, other| order(one).cmp(&order(other)));
        Ok(found)
    }

    async fn has_certificate(
        &self,
        beneficiary: &BeneficiaryCode,
        kind: Kind,
        dose: Option<Dose>,
        now: OffsetDateTime,
    ) -> Result<bool> {
        let found = self.certificates(beneficiary, Some(kind)).await?;
        let of_dose = |it: &&Certificate| dose.is_none() || it.slot.occasion.dose() == dose;
        Ok(found.iter().filter(of_dose).any(|it| it.status.at(now) == Status::Valid))
    }

    async fn beneficiary_of(&self, certificate: &CertificateId) -> Result<Option<BeneficiaryCode>> {
        Ok(self.kept().ids.get(certificate).cloned())
    }

    async fn numbers(&self, count: u64) -> Result<u64> {
        let mut kept = self.kept();
        let first = kept.numbers;
        kept.numbers += count;
        Ok(first)
    }
}

impl Kept {
    fn certificate(&self, of: &BeneficiaryCode, id: &CertificateId) -> Option<&Certificate> {
        self.certificates.get(of)?.iter().find(|it| it.issuance.certificate_id == *id)
    }

    fn certificate_mut(&mut self, of: &BeneficiaryCode, id: &CertificateId) -> Option<&mut Certificate> {
        self.certificates.get_mut(of)?.iter_mut().find(|it| it.issuance.certificate_id == *id)
    }

    /// Everything that a certificate's birth writes.
    fn close(&mut self, intent: &Intent, certificate: &Certificate, audit: &Audit, ends: bool) {
        let id = certificate.issuance.certificate_id.clone();
        let slot = self.slots.entry(intent.slot.clone()).or_default();
        let mut history = slot.occupant.take().map(|there| there.history).unwrap_or_default();
        history.push((intent.digest, id.clone()));
        slot.occupant = Some(Occupant {
            version: intent.follows.version() + 1,
            current: certificate.issuance.clone(),
            status: Status::Valid,
            history,
        });
        (slot.next, slot.holder, slot.lease) = (None, None, None);
        slot.closed.push((intent.holder, certificate.signed.clone()));
        let of = &intent.slot.beneficiary;
        self.certificates.entry(of.clone()).or_default().push(certificate.clone());
        self.ids.insert(id.clone(), of.clone());
        self.entries.push((audit.deed.at, id.clone(), audit.deed.event));
        if let Some(corrected) = intent.follows.corrected().filter(|_| ends) {
            let deed = Deed { event: AuditEvent::Superseded, ..audit.deed.clone() };
            self.end(of, &corrected.certificate_id, Status::Superseded, Some(id), &deed);
        }
    }

    /// A changed status with its entry and its note.
    fn end(
        &mut self,
        of: &BeneficiaryCode,
        id: &CertificateId,
        status: Status,
        successor: Option<CertificateId>,
        deed: &Deed,
    ) {
        if let Some(found) = self.certificate_mut(of, id) {
            found.status = status;
            found.successor = successor;
            found.deeds.push(deed.clone());
        }
        self.entries.push((deed.at, id.clone(), deed.event));
        self.notes.push((deed.at, id.clone()));
    }

    fn folder(&self, drawer: Drawer, folder: &str) -> Option<&BTreeMap<String, Sheet>> {
        self.sheets.get(&(drawer.as_str(), folder.to_owned()))
    }

    /// Whether the sheet may be put: the revision before it stands there.
    fn takes(&self, sheet: &Sheet, now: OffsetDateTime) -> bool {
        let there = self.folder(sheet.drawer, &sheet.folder).and_then(|folder| folder.get(&sheet.name));
        match there {
            None => sheet.revision == 1,
            Some(there) if sheet.revision == 1 => {
                there.until.is_some_and(|until| until.unix_timestamp() <= now.unix_timestamp())
            }
            Some(there) => there.revision + 1 == sheet.revision,
        }
    }

    fn put_all(&mut self, sheets: &[Sheet]) {
        for sheet in sheets {
            let until = sheet.until.map(|until| until.replace_nanosecond(0).unwrap_or(until));
            let folder = self.sheets.entry((sheet.drawer.as_str(), sheet.folder.clone())).or_default();
            folder.insert(sheet.name.clone(), Sheet { until, ..sheet.clone() });
        }
    }

    /// How many sheets lie in a drawer.
    pub fn sheets_in(&self, drawer: Drawer) -> usize {
        self.sheets.iter().filter(|((name, _), _)| *name == drawer.as_str()).map(|(_, folder)| folder.len()).sum()
    }
}

#[async_trait]
impl Cabinet for Memory {
    async fn sheet(&self, drawer: Drawer, folder: &str, name: &str, now: OffsetDateTime) -> Result<Option<Sheet>> {
        let kept = self.kept();
        let found = kept.folder(drawer, folder).and_then(|folder| folder.get(name));
        Ok(found.filter(|sheet| is_current(sheet, now)).cloned())
    }

    async fn sheets(
        &self,
        drawer: Drawer,
        folder: &str,
        after: Option<&str>,
        most: usize,
        now: OffsetDateTime,
    ) -> Result<Vec<Sheet>> {
        let kept = self.kept();
        let all = kept.folder(drawer, folder).into_iter().flat_map(BTreeMap::values);
        let wanted = |sheet: &&Sheet| is_current(sheet, now) && after.is_none_or(|after| sheet.name.as_str() > after);
        Ok(all.filter(wanted).take(most).cloned().collect())
    }

    async fn put(&self, sheets: &[Sheet], now: OffsetDateTime) -> Result<Commit> {
        let mut kept = self.kept();
        if !sheets.iter().all(|sheet| kept.takes(sheet, now)) {
            return Ok(Commit::Lost);
        }
        kept.put_all(sheets);
        Ok(Commit::Stored)
    }

    async fn take(&self, sheet: &Sheet) -> Result<Commit> {
        let mut kept = self.kept();
        let folder = kept.sheets.get_mut(&(sheet.drawer.as_str(), sheet.folder.clone()));
        let Some(folder) = folder else { return Ok(Commit::Lost) };
        if folder.get(&sheet.name).is_none_or(|there| there.revision != sheet.revision) {
            return Ok(Commit::Lost);
        }
        folder.remove(&sheet.name);
        Ok(Commit::Stored)
    }

    async fn count(&self, what: &str, who: &str, window: Duration, now: OffsetDateTime) -> Result<u64> {
        let start = now.unix_timestamp().div_euclid(window.whole_seconds().max(1));
        let mut kept = self.kept();
        let counted = kept.counts.entry((what.to_owned(), who.to_owned(), start)).or_default();
        *counted += 1;
        Ok(*counted)
    }
}

#[async_trait]
impl Quota for Memory {
    async fn push(
        &self,
        mark: &str,
        step: std::time::Duration,
        latest: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Pushed> {
        let mut kept = self.kept();
        let mark = kept.marks.entry(mark.to_owned()).or_insert(now);
        let there = (*mark).max(now) + step;
        if there > latest {
            return Ok(Pushed::Stays);
        }
        *mark = there;
        Ok(Pushed::To(there))
    }
}

/// Keys that are published and stay so.
#[async_trait]
impl KeyRing for Memory {
    async fn keys(&self) -> Result<Vec<PublishedKey>> {
        Ok(self.kept().keys.clone())
    }

    async fn publish(&self, method: &VerificationMethod, change: &KeyChange) -> Result<Effect> {
        let mut kept = self.kept();
        if kept.keys.iter().any(|known| known.method.id == method.id && known.method.key == method.key) {
            return Ok(Effect::Unchanged);
        }
        kept.keys.insert(0, PublishedKey { method: method.clone(), since: change.at });
        Ok(Effect::Changed)
    }

    async fn retire(&self, _: &PublicKey, _: OffsetDateTime, _: &KeyChange) -> Result<Effect> {
        bail!(NOT_HERE)
    }

    async fn compromise(&self, _: &PublicKey, _: &KeyChange) -> Result<Effect> {
        bail!(NOT_HERE)
    }

    async fn attach_chain(&self, _: &PublicKey, _: &[Vec<u8>], _: &KeyChange) -> Result<Effect> {
        bail!(NOT_HERE)
    }
}

/// Nobody's certificates are moved.
#[async_trait]
impl Registrations for Memory {
    async fn beneficiaries_of(&self, _: &str) -> Result<Vec<BeneficiaryCode>> {
        bail!(NOT_HERE)
    }

    async fn registration(&self, _: &BeneficiaryCode) -> Result<Option<Registration>> {
        bail!(NOT_HERE)
    }

    async fn rebind(
        &self,
        _: &BeneficiaryCode,
        _: &Registration,
        _: &CertificateId,
        _: &Audit,
        _: &[Sheet],
    ) -> Result<Commit> {
        bail!(NOT_HERE)
    }
}

const NOT_HERE: &str = "nobody does that in the simulation";

fn is_current(sheet: &Sheet, now: OffsetDateTime) -> bool {
    sheet.until.is_none_or(|until| until > now)
}

impl Kept {
    /// The names of everything that holds this text, as the table of the real records names it.
    pub fn traces(&self, needle: &str) -> Vec<String> {
        let mut traces = Vec::new();
        let mut say = |name: String, texts: &[&str]| {
            if name.contains(needle) || texts.iter().any(|text| text.contains(needle)) {
                traces.push(name);
            }
        };
        for (key, slot) in &self.slots {
            let (kind, programme) = (key.occasion.kind().as_str(), key.programme.as_str());
            let name = format!("B#{} S#{kind}#{programme}#{}", key.beneficiary.as_str(), occasion(key.occasion));
            let current = slot.occupant.as_ref().map(|there| &there.current).into_iter();
            let ids: Vec<_> = current.chain(&slot.next).map(|issuance| issuance.certificate_id.as_str()).collect();
            if slot.occupant.is_some() || slot.next.is_some() || slot.holder.is_some() || slot.lease.is_some() {
                say(name, &ids);
            }
        }
        for certificate in self.certificates.values().flatten() {
            let (id, issued_at) = (&certificate.issuance.certificate_id, stamp(certificate.issuance.issued_at));
            let (kind, code) = (certificate.slot.occasion.kind().as_str(), certificate.slot.beneficiary.as_str());
            let occasion = occasion(certificate.slot.occasion);
            let others = [&certificate.successor, &certificate.predecessor].into_iter().flatten();
            let others: Vec<_> = others.map(CertificateId::as_str).collect();
            say(format!("B#{code} C#{kind}#{occasion}#{issued_at}#{}", id.as_str()), &others);
            let contacts: BTreeSet<_> = certificate.contacts.iter().collect();
            for contact in contacts {
                say(format!("K#{contact} B#{code}"), &[]);
            }
        }
        for (id, code) in &self.ids {
            say(format!("I#{} I", id.as_str()), &[code.as_str()]);
        }
        for (at, id, event) in &self.entries {
            let (time, id) = (stamp(*at), id.as_str());
            say(format!("A#{}#{:x} {time}#{id}#{}", minute(&time), shard(id, 16), event.as_str()), &[]);
        }
        for (at, id) in &self.notes {
            let (time, id) = (stamp(*at), id.as_str());
            say(format!("J#{}#{:x} {time}#{id}", minute(&time), shard(id, 8)), &[]);
        }
        traces.sort();
        traces
    }
}

fn occasion(occasion: Occasion) -> String {
    match occasion {
        Occasion::Dose(dose) => format!("{:02}", dose.number()),
        Occasion::Sample(time) => stamp(time),
    }
}

fn stamp(time: OffsetDateTime) -> String {
    const FORM: StaticFormatDescription =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    time.format(FORM).unwrap_or_default()
}

fn minute(stamp: &str) -> &str {
    stamp.get(..16).unwrap_or_default()
}

fn shard(id: &str, shards: u32) -> u32 {
    id.bytes().map(u32::from).sum::<u32>() % shards
}

/// As the sort keys of certificates order them.
fn order(certificate: &Certificate) -> (Kind, Occasion, OffsetDateTime, &str) {
    let Issuance { certificate_id, issued_at, .. } = &certificate.issuance;
    (certificate.slot.occasion.kind(), certificate.slot.occasion, *issued_at, certificate_id.as_str())
}

fn milliseconds(time: OffsetDateTime) -> i128 {
    time.unix_timestamp_nanos().div_euclid(1_000_000)
}
