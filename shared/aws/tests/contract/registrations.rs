//! What every [`Registrations`] must do. Each rule takes a beneficiary of its own.

use super::{NOW, Records, audit_of, certificate, correction, intent, issue, next, slot};
use credential::{BeneficiaryCode, CertificateId, Kind};
use issuer::ports::{Audit, AuditEvent, Commit, Drawer, Intent, NO_CONTACT, Registration, Reservation, Sheet};
use std::collections::BTreeSet;
use time::Duration;

/// All rules, one after the other.
pub(crate) async fn all(records: &Records) {
    a_contact_leads_to_its_beneficiaries(records).await;
    what_was_moved_is_registered_to_the_new_contact(records).await;
    what_is_issued_after_a_move_is_read_through_it(records).await;
    whoever_had_no_contact_is_given_one(records).await;
    of_two_moves_at_once_one_is_made(records).await;
    a_move_is_made_with_its_sheet_or_not_at_all(records).await;
    a_move_is_no_certificate(records).await;
}

async fn a_contact_leads_to_its_beneficiaries(records: &Records) {
    let contact = hash();
    assert_eq!(records.store.beneficiaries_of(&contact).await.unwrap(), []);
    let (one, other) = (intent(&slot(1), NOW), intent(&slot(1), NOW));
    issue(records, &one, &[&contact]).await;
    issue(records, &other, &[&contact]).await;
    let mut wanted = [one.slot.beneficiary, other.slot.beneficiary];
    wanted.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    assert_eq!(records.store.beneficiaries_of(&contact).await.unwrap(), wanted);
}

async fn what_was_moved_is_registered_to_the_new_contact(records: &Records) {
    let (old, new, other) = (hash(), hash(), hash());
    let intent = intent(&slot(1), NOW);
    let id = issue(records, &intent, &[&old, &other]).await;
    let code = &intent.slot.beneficiary;
    assert_eq!(records.store.registration(code).await.unwrap(), None);
    assert_eq!(moved(records, code, &id, &old, &new).await, Commit::Stored);

    assert_eq!(contacts(records, code).await, [vec![new.clone(), other.clone()]]);
    assert_eq!(records.store.beneficiaries_of(&old).await.unwrap(), []);
    assert_eq!(records.store.beneficiaries_of(&new).await.unwrap(), std::slice::from_ref(code));
    assert_eq!(records.store.beneficiaries_of(&other).await.unwrap(), std::slice::from_ref(code));
    let stored = records.store.certificates(code, None).await.unwrap();
    let events: Vec<_> = stored[0].deeds.iter().map(|deed| deed.event).collect();
    assert_eq!(events, [AuditEvent::Issued, AuditEvent::Rebound]);
    let registration = records.store.registration(code).await.unwrap().unwrap();
    assert_eq!((registration.revision, registration.deeds.len()), (1, 1));
    let entry = records.traces(id.as_str()).await.into_iter().find(|trace| trace.ends_with("#rebound"));
    assert!(entry.is_some_and(|entry| entry.starts_with("A#")));

    // And back, through a third.
    assert_eq!(moved(records, code, &id, &new, &hash()).await, Commit::Stored);
    let third = contacts(records, code).await.remove(0).remove(0);
    assert_eq!(moved(records, code, &id, &third, &old).await, Commit::Stored);
    assert_eq!(contacts(records, code).await, [vec![old.clone(), other]]);
    assert_eq!(records.store.beneficiaries_of(&old).await.unwrap(), std::slice::from_ref(code));
    assert_eq!(records.store.beneficiaries_of(&third).await.unwrap(), []);
}

async fn what_is_issued_after_a_move_is_read_through_it(records: &Records) {
    let (old, new, reported) = (hash(), hash(), hash());
    let first = intent(&slot(1), NOW);
    let id = issue(records, &first, &[&old]).await;
    let code = first.slot.beneficiary.clone();
    assert_eq!(moved(records, &code, &id, &old, &new).await, Commit::Stored);

    // A correction of a system that never heard of the move, and a dose of one that has a third number.
    let later = NOW + Duration::HOUR;
    let corrected = correction(&first, later);
    let Reservation::Ours(issuance) = records.store.reserve(&corrected).await.unwrap() else { panic!("not ours") };
    let made = certificate(&corrected, &issuance, &[&old]);
    let audit = audit_of(AuditEvent::Corrected, later);
    assert_eq!(records.store.commit(&corrected, &made, &audit, &[]).await.unwrap(), Commit::Stored);
    let dose = Intent { slot: credential::SlotKey { beneficiary: code.clone(), ..slot(2) }, ..intent(&slot(2), later) };
    issue(records, &dose, &[&reported]).await;
    assert_eq!(contacts(records, &code).await, [vec![new.clone()], vec![new.clone()], vec![reported]]);

    // The look-up by the old contact is there again, and leads to nothing that is registered to it.
    let found = records.store.beneficiaries_of(&old).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&code));
    assert!(contacts(records, &code).await.iter().all(|contacts| !contacts.contains(&old)));
    // What came after a move was not moved.
    let stored = records.store.certificates(&code, Some(Kind::Vaccination)).await.unwrap();
    let moves =
        |it: &issuer::ports::Certificate| it.deeds.iter().filter(|deed| deed.event == AuditEvent::Rebound).count();
    assert_eq!(stored.iter().map(moves).collect::<Vec<_>>(), [1, 0, 0]);
}

async fn whoever_had_no_contact_is_given_one(records: &Records) {
    let (intent, new) = (intent(&slot(1), NOW), hash());
    let id = issue(records, &intent, &[]).await;
    let code = &intent.slot.beneficiary;
    assert_eq!(moved(records, code, &id, NO_CONTACT, &new).await, Commit::Stored);
    assert_eq!(contacts(records, code).await, [vec![new.clone()]]);
    assert_eq!(records.store.beneficiaries_of(&new).await.unwrap(), std::slice::from_ref(code));
}

async fn of_two_moves_at_once_one_is_made(records: &Records) {
    let (old, intent) = (hash(), intent(&slot(1), NOW));
    let id = issue(records, &intent, &[&old]).await;
    let code = intent.slot.beneficiary.clone();
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (records, code, id, old) = (records.clone(), code.clone(), id.clone(), old.clone());
        attempts.spawn(async move {
            let next = Registration::default().moving(&BTreeSet::from([old]), &hash(), deed().deed);
            records.store.rebind(&code, &next, &id, &deed(), &[]).await.unwrap()
        });
    }
    let made = attempts.join_all().await.into_iter().filter(|commit| *commit == Commit::Stored).count();
    assert_eq!(made, 1);
    assert_eq!(records.store.registration(&code).await.unwrap().unwrap().revision, 1);
}

async fn a_move_is_made_with_its_sheet_or_not_at_all(records: &Records) {
    let (old, new, intent) = (hash(), hash(), intent(&slot(1), NOW));
    let id = issue(records, &intent, &[&old]).await;
    let code = &intent.slot.beneficiary;
    let asked = Sheet::new(Drawer::Rebindings, hash(), "request", "asked");
    records.store.put(std::slice::from_ref(&asked), NOW).await.unwrap();
    let next = Registration::default().moving(&BTreeSet::from([old.clone()]), &new, deed().deed);
    let late = Sheet { revision: 5, ..asked.clone() };
    assert_eq!(records.store.rebind(code, &next, &id, &deed(), &[late]).await.unwrap(), Commit::Lost);
    assert_eq!(contacts(records, code).await, [vec![old.clone()]]);
    assert_eq!(records.store.beneficiaries_of(&new).await.unwrap(), []);
    let done = asked.saying("done");
    assert_eq!(
        records.store.rebind(code, &next, &id, &deed(), std::slice::from_ref(&done)).await.unwrap(),
        Commit::Stored
    );
    assert_eq!(records.store.rebind(code, &next, &id, &deed(), &[done]).await.unwrap(), Commit::Lost);
    let there = records.store.sheet(asked.drawer, &asked.folder, &asked.name, NOW).await.unwrap();
    assert!(there.is_some_and(|there| there.text == "done"));
}

async fn a_move_is_no_certificate(records: &Records) {
    let code = slot(1).beneficiary;
    let id = intent(&slot(1), NOW).issuance.certificate_id;
    assert_eq!(moved(records, &code, &id, &hash(), &hash()).await, Commit::Stored);
    assert_eq!(contacts(records, &code).await, Vec::<Vec<String>>::new());
    for kind in [Kind::Vaccination, Kind::Test] {
        assert!(records.store.certificates(&code, Some(kind)).await.unwrap().is_empty());
        assert!(!records.store.has_certificate(&code, kind, None, NOW).await.unwrap());
    }
}

/// One move on top of what is there.
async fn moved(records: &Records, code: &BeneficiaryCode, id: &CertificateId, from: &str, to: &str) -> Commit {
    let before = records.store.registration(code).await.unwrap().unwrap_or_default();
    let next = before.moving(&BTreeSet::from([from.to_owned()]), to, deed().deed);
    records.store.rebind(code, &next, id, &deed(), &[]).await.unwrap()
}

async fn contacts(records: &Records, code: &BeneficiaryCode) -> Vec<Vec<String>> {
    let stored = records.store.certificates(code, None).await.unwrap();
    stored.into_iter().map(|certificate| certificate.contacts).collect()
}

fn deed() -> Audit {
    Audit { key: None, ..audit_of(AuditEvent::Rebound, NOW + Duration::MINUTE) }
}

fn hash() -> String {
    format!("hash-{}", next())
}
