//! Whose certificates are registered to which contact, and how that changes.

use super::{Audit, Commit, Deed, Sheet};
use async_trait::async_trait;
use credential::{BeneficiaryCode, CertificateId};
use std::collections::{BTreeMap, BTreeSet};

/// Certificates by contact. Reads are as consistent as the [`Store`](super::Store)'s.
#[async_trait]
pub trait Registrations: Send + Sync {
    /// The beneficiaries of whom a certificate is, or once was, registered to the contact with that keyed hash. What is registered to it today is for the
    /// caller to see ([`Caller::only_theirs`](crate::auth::Caller::only_theirs)).
    async fn beneficiaries_of(&self, contact: &str) -> anyhow::Result<Vec<BeneficiaryCode>>;

    /// What was moved of the beneficiary's registrations; `None`: nothing so far.
    async fn registration(&self, beneficiary: &BeneficiaryCode) -> anyhow::Result<Option<Registration>>;

    /// Puts `next` in place of the revision before it, with the look-ups by contact, an entry of the log under the certificate's id, and the sheets, all or
    /// nothing. From then on every certificate of the beneficiary is read through it, whenever it is issued.
    ///
    /// A second call finds the revision there and answers [`Commit::Lost`], as does one that met another change: read again and decide anew.
    async fn rebind(
        &self,
        beneficiary: &BeneficiaryCode,
        next: &Registration,
        certificate: &CertificateId,
        audit: &Audit,
        sheets: &[Sheet],
    ) -> anyhow::Result<Commit>;
}

/// Which contact is meant where reports of events name another: what people with authority over it said after the report, or in spite of it.
///
/// It stands beside the certificates, not in them. So a report that is worked on at the same moment, or arrives years later from a system that never heard of
/// the change, is read through it like all others: an old number that was replaced stays replaced, whoever still names it. A contact that was never replaced
/// speaks for itself, so that a vaccinating system can report a new number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registration {
    /// The keyed hash that reports name (or [`NO_CONTACT`]), and the one that is meant since. What is meant is never replaced itself.
    pub moved: BTreeMap<String, String>,
    /// Each move, in order.
    pub deeds: Vec<Deed>,
    /// From 1; 0 before there is one.
    pub revision: u64,
}

/// Stands for the contact of a report that names none.
pub const NO_CONTACT: &str = "-";

impl Registration {
    /// To whom a certificate is registered whose report names these contacts.
    pub fn read(&self, reported: Vec<String>) -> Vec<String> {
        if reported.is_empty() {
            return self.moved.get(NO_CONTACT).cloned().into_iter().collect();
        }
        let meant = reported.into_iter().map(|contact| self.moved.get(&contact).cloned().unwrap_or(contact));
        meant.fold(Vec::new(), |mut kept, contact| {
            if !kept.contains(&contact) {
                kept.push(contact);
            }
            kept
        })
    }

    /// The next one: where `from` was meant, `to` is.
    #[must_use]
    pub fn moving(&self, from: &BTreeSet<String>, to: &str, deed: Deed) -> Self {
        let mut moved = self.moved.clone();
        for meant in moved.values_mut().filter(|meant| from.contains(*meant)) {
            to.clone_into(meant);
        }
        moved.extend(from.iter().map(|contact| (contact.clone(), to.to_owned())));
        moved.remove(to);
        let deeds = self.deeds.iter().cloned().chain([deed]).collect();
        Self { moved, deeds, revision: self.revision + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::AuditEvent;
    use time::OffsetDateTime;

    fn deed() -> Deed {
        let at = OffsetDateTime::UNIX_EPOCH;
        Deed { event: AuditEvent::Rebound, at, actor: "officer".into(), reason: None }
    }

    fn after(moves: &[(&[&str], &str)]) -> Registration {
        moves.iter().fold(Registration::default(), |so_far, (from, to)| {
            so_far.moving(&from.iter().map(|&name| name.to_owned()).collect(), to, deed())
        })
    }

    fn read(registration: &Registration, reported: &[&str]) -> Vec<String> {
        registration.read(reported.iter().map(|&name| name.to_owned()).collect())
    }

    #[test]
    fn what_was_replaced_stays_replaced_and_what_was_not_speaks_for_itself() {
        let moved = after(&[(&["old"], "new")]);
        assert_eq!(read(&moved, &["old"]), ["new"]);
        assert_eq!(read(&moved, &["old", "new"]), ["new"]);
        assert_eq!(read(&moved, &["old", "mail"]), ["new", "mail"]);
        assert_eq!(read(&moved, &["reported later"]), ["reported later"]);
        assert_eq!(read(&Registration::default(), &["old", "mail"]), ["old", "mail"]);
    }

    #[test]
    fn a_second_move_takes_the_first_along() {
        let moved = after(&[(&["first"], "second"), (&["second"], "third")]);
        assert_eq!(read(&moved, &["first"]), ["third"]);
        assert_eq!(read(&moved, &["second"]), ["third"]);
        assert_eq!((moved.revision, moved.deeds.len()), (2, 2));
    }

    #[test]
    fn one_may_move_back() {
        let moved = after(&[(&["first"], "second"), (&["second"], "first")]);
        assert_eq!(read(&moved, &["first"]), ["first"]);
        assert_eq!(read(&moved, &["second"]), ["first"]);
    }

    #[test]
    fn several_contacts_may_have_moved_to_several() {
        let moved = after(&[(&["a"], "b"), (&["c"], "d")]);
        assert_eq!(read(&moved, &["a", "c"]), ["b", "d"]);
        let gathered = after(&[(&["a"], "b"), (&["c"], "d"), (&["b", "d", NO_CONTACT], "e")]);
        assert_eq!(read(&gathered, &["a", "c"]), ["e"]);
    }

    #[test]
    fn who_named_no_contact_may_be_given_one() {
        let given = after(&[(&[NO_CONTACT], "new")]);
        assert_eq!(read(&given, &[]), ["new"]);
        assert_eq!(read(&after(&[(&["old"], "new")]), &[]), Vec::<String>::new());
    }
}
