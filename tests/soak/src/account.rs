//! The account of a run: every report against every certificate, every certificate against every signature. What does not add up is named.

use crate::{
    country::{Books, Report, Reporter, Told, code},
    line::Key,
    world::World,
};
use credential::{BeneficiaryCode, CertificateId, Status, VerificationMethod, verify};
use issuer::ports::{AuditEvent, Certificate, Drawer};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    ops::AddAssign,
};

/// What a run came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Events that were reported, each with its final answer.
    pub events: u64,
    /// Of them, a certificate was made.
    pub certified: u64,
    /// Of them, in place of another.
    pub corrected: u64,
    /// One had been made of the same event.
    pub already: u64,
    /// Another event was certified.
    pub conflicts: u64,
    /// A later correction counted in their place.
    pub overtaken: u64,
    /// Certificates in the records.
    pub stored: u64,
    /// Signatures that the key made.
    pub signatures: u64,
    /// Of them, those of attempts that a fault cut off.
    pub in_vain: u64,
    /// Calls of ports.
    pub calls: u64,
    /// What went wrong with how many of them.
    pub faults: BTreeMap<&'static str, u64>,
    /// What must never be. Empty, or the service is at fault.
    pub wrongs: BTreeMap<&'static str, u64>,
    /// A number that is another one for every order of events.
    pub trace: u64,
}

impl Account {
    /// The account of what was told and what is there.
    pub(crate) fn of(world: &World, books: &Books, key: &Key) -> Self {
        let mut account = Self { trace: world.trace(), ..Self::default() };
        account.reports(books);
        let mut wrongs = Wrongs::default();
        let told = chains(books, &mut wrongs);
        account.stored = certificates(world, &told, key, &mut wrongs);
        log(world, account.stored, &mut wrongs);
        account.signatures(world, &mut wrongs);
        wrongs.none_or(
            "certificates and what was told of them are not equally many",
            account.stored != account.certified + account.corrected,
        );
        wrongs.none_or("messages are left in the queue", world.backlog.len() > 0);
        let seen = world.seen();
        account.calls = seen.calls;
        account.faults.clone_from(&seen.faults);
        account.wrongs = wrongs.0;
        for (what, count) in &seen.wrongs {
            *account.wrongs.entry(what).or_default() += count;
        }
        account
    }

    fn reports(&mut self, books: &Books) {
        for (report, told) in books {
            self.events += 1;
            *match (told, report.revision) {
                (Told::Conflict, _) => &mut self.conflicts,
                (Told::Overtaken, _) => &mut self.overtaken,
                (Told::Already(_), _) => &mut self.already,
                (Told::Created(_), 0) => &mut self.certified,
                (Told::Created(_), _) => &mut self.corrected,
            } += 1;
        }
        // Whoever made a certificate may never have heard of it: then the first who is told that it is there stands for them.
        let created: BTreeSet<_> =
            books.values().filter_map(|told| if let Told::Created(id) = told { Some(id) } else { None }).collect();
        let unheard: BTreeMap<_, _> = books
            .iter()
            .filter_map(|(report, told)| if let Told::Already(id) = told { Some((id, report.revision)) } else { None })
            .filter(|(id, _)| !created.contains(id))
            .collect();
        for revision in unheard.values() {
            self.already -= 1;
            *if *revision == 0 { &mut self.certified } else { &mut self.corrected } += 1;
        }
    }

    /// Each holder signs once, and whoever signed and did not store was cut off by a fault.
    fn signatures(&mut self, world: &World, wrongs: &mut Wrongs) {
        let seen = world.seen();
        let kept = world.memory.kept();
        for (holder, attempt) in &seen.attempts {
            let version = usize::try_from(attempt.version).unwrap_or(usize::MAX);
            let stored = kept.slots.get(&attempt.slot).and_then(|slot| slot.closed.get(version));
            let stored = stored.is_some_and(|(by, _)| by == holder);
            let used = u64::from(stored);
            self.signatures += attempt.signatures;
            self.in_vain += attempt.signatures.saturating_sub(used);
            wrongs.none_or("a holder stored without a signature", stored && attempt.signatures == 0);
            wrongs.none_or("signed twice, or in vain, without a fault", attempt.signatures > used && !attempt.hit);
        }
    }
}

#[derive(Default)]
struct Wrongs(BTreeMap<&'static str, u64>);

impl Wrongs {
    fn none_or(&mut self, what: &'static str, is: bool) {
        if is {
            *self.0.entry(what).or_default() += 1;
        }
    }
}

/// What was told of each dose, in the order of the revisions: the name that the certificate carries, and its id.
type Chains = HashMap<(u64, u64), Vec<(String, String)>>;

fn chains(books: &Books, wrongs: &mut Wrongs) -> Chains {
    let mut chains = Chains::new();
    for (report, told) in books {
        let (Told::Created(id) | Told::Already(id)) = told else { continue };
        let chain = chains.entry((report.person, report.dose)).or_default();
        // Twins are one report.
        let name =
            Report { by: if report.by == Reporter::Twin { Reporter::First } else { report.by }, ..*report }.name();
        match chain.iter().find(|(known, _)| *known == name) {
            Some((_, known)) => wrongs.none_or("two certificates were told of one event", known != id),
            None => chain.push((name, id.clone())),
        }
    }
    for (report, _) in books.iter().filter(|(_, told)| **told == Told::Overtaken) {
        let of_dose = |(other, _): &(&Report, &Told)| (other.person, other.dose) == (report.person, report.dose);
        // The same correction, reported twice, may be taken in twice: then the second counts.
        let first = Report { by: Reporter::First, ..*report };
        let mut later = books.range(first..).take_while(of_dose).filter(|(other, _)| *other != report);
        let is_made = later.any(|(_, told)| matches!(told, Told::Created(_) | Told::Already(_)));
        wrongs.none_or("a correction was overtaken by none", !is_made);
    }
    let created = books.values().filter_map(|told| if let Told::Created(id) = told { Some(id) } else { None });
    let mut once = BTreeSet::new();
    for id in created {
        wrongs.none_or("one certificate was told twice to have been created", !once.insert(id));
    }
    chains
}

/// Compares what was told with what is there, beneficiary by beneficiary; how many certificates there are.
fn certificates(world: &World, told: &Chains, key: &Key, wrongs: &mut Wrongs) -> u64 {
    let kept = world.memory.kept();
    let methods = [VerificationMethod::new(METHOD, key.public())];
    let (mut stored, mut expected) = (0, 0);
    for all in kept.certificates.values() {
        stored += u64::try_from(all.len()).unwrap_or_default();
    }
    for ((person, dose), chain) in told {
        expected += u64::try_from(chain.len()).unwrap_or_default();
        let Some(code) = BeneficiaryCode::parse(&code(*person)) else { continue };
        let of_dose = |it: &&Certificate| it.slot.occasion.dose().is_some_and(|it| u64::from(it.number()) == *dose);
        let there: Vec<_> = kept.certificates.get(&code).into_iter().flatten().filter(of_dose).collect();
        let ids: Vec<_> = there.iter().map(|it| it.issuance.certificate_id.as_str()).collect();
        let wanted: Vec<_> = chain.iter().map(|(_, id)| id.as_str()).collect();
        wrongs.none_or("an acknowledged certificate is lost", wanted.iter().any(|id| !ids.contains(id)));
        wrongs.none_or("a certificate that nobody was told of", ids.iter().any(|id| !wanted.contains(id)));
        wrongs.none_or("corrections are in another order", ids.len() == wanted.len() && ids != wanted);
        let valid = there.iter().filter(|it| it.status == Status::Valid).count();
        wrongs.none_or("a dose has not exactly one valid certificate", valid != 1);
        wrongs.none_or(
            "the newest certificate is not the valid one",
            there.last().is_some_and(|it| it.status != Status::Valid),
        );
        for (certificate, (name, _)) in there.iter().zip(chain) {
            let text = certificate.signed.as_str();
            wrongs.none_or("a certificate says something else", !text.contains(&format!("\"{name}\"")));
            let sample = person % SAMPLE == 0;
            wrongs.none_or("a certificate does not verify", sample && verify(text, &methods).is_err());
        }
    }
    wrongs.none_or("certificates that nobody was told of", stored > expected);
    stored
}

/// Each certificate has one entry of its birth, one of its end if it ended, and one message.
fn log(world: &World, stored: u64, wrongs: &mut Wrongs) {
    let kept = world.memory.kept();
    let mut born: HashMap<&CertificateId, u64> = HashMap::new();
    for (_, id, event) in &kept.entries {
        if matches!(event, AuditEvent::Issued | AuditEvent::Corrected) {
            born.entry(id).or_default().add_assign(1);
        }
    }
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    wrongs.none_or("a certificate entered twice in the log", born.values().any(|times| *times != 1));
    wrongs.none_or("the log lacks certificates, or has others", count(born.len()) != stored);
    wrongs.none_or(
        "notes of ended certificates are missing",
        count(kept.notes.len()) != stored - count(told_valid(&kept.certificates)),
    );
    wrongs.none_or("messages are missing or doubled", count(kept.sheets_in(Drawer::Parcels)) != stored);
}

fn told_valid(certificates: &HashMap<BeneficiaryCode, Vec<Certificate>>) -> usize {
    certificates.values().flatten().filter(|it| it.status == Status::Valid).count()
}

/// The name of the key in proofs: DIVOC's, which is the default.
const METHOD: &str = "did:india";
/// One person of so many has their certificates verified.
const SAMPLE: u64 = 16;

impl AddAssign for Account {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.certified += other.certified;
        self.corrected += other.corrected;
        self.already += other.already;
        self.conflicts += other.conflicts;
        self.overtaken += other.overtaken;
        self.stored += other.stored;
        self.signatures += other.signatures;
        self.in_vain += other.in_vain;
        self.calls += other.calls;
        for (what, count) in other.faults {
            *self.faults.entry(what).or_default() += count;
        }
        for (what, count) in other.wrongs {
            *self.wrongs.entry(what).or_default() += count;
        }
        self.trace ^= other.trace;
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, count: u64| writeln!(f, "{count:>14}  {name}");
        row("events reported, each answered for good", self.events)?;
        row("  certified", self.certified)?;
        row("  corrected", self.corrected)?;
        row("  the same event again: the first answer", self.already)?;
        row("  another event stood there: refused", self.conflicts)?;
        row("  a later correction was accepted before: it counts", self.overtaken)?;
        row("certificates stored", self.stored)?;
        row("signatures", self.signatures)?;
        row("  of attempts that a fault cut off, never seen", self.in_vain)?;
        row("calls of ports", self.calls)?;
        for (what, count) in &self.faults {
            row(&format!("  {what}"), *count)?;
        }
        if self.wrongs.is_empty() {
            return writeln!(f, "{:>14}  lost, doubled, out of order, unaccounted for", 0);
        }
        for (what, count) in &self.wrongs {
            writeln!(f, "{count:>14}  WRONG: {what}")?;
        }
        Ok(())
    }
}
