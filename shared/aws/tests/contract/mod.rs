//! What every [`Store`] must do, whatever database is behind it. Each rule takes beneficiaries of its own, so rules share a table in any order.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected has failed"
)]

pub(crate) mod cabinet;
pub(crate) mod key_ring;
pub(crate) mod quota;
pub(crate) mod registrations;

use async_trait::async_trait;
use credential::{
    BeneficiaryCode, CertificateId, Dose, EventDigest, Issuance, Kind, Occasion, Position, ProgrammeId, PublicKey,
    Signed, SlotKey, Status,
};
use issuer::ports::{
    Audit, AuditEvent, Cabinet, Certificate, Change, Commit, Deed, Follows, Intent, KeyRing, Occupant, Quota, Reason,
    Registrations, Reservation, Store,
};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use time::{Duration, OffsetDateTime, macros::datetime};

/// A store, and a way to look behind it.
#[derive(Clone)]
pub(crate) struct Records {
    pub(crate) store: Arc<dyn Everything>,
    pub(crate) behind: Arc<dyn Behind>,
}

/// The ports that records answer.
pub(crate) trait Everything: Store + Cabinet + KeyRing + Quota + Registrations {}
impl<T: Store + Cabinet + KeyRing + Quota + Registrations> Everything for T {}

/// What no port tells.
#[async_trait]
pub(crate) trait Behind: Send + Sync {
    /// The names (`PK SK`) of everything that holds this text, in order.
    async fn traces(&self, needle: &str) -> Vec<String>;

    /// The log's entries about a key, in order of their names, as texts.
    async fn entries(&self, about: &str) -> Vec<BTreeMap<String, String>>;

    /// Puts a key as it was kept before keys had lives, published at [`NOW`].
    async fn put_old_key(&self, method: &str, key: &PublicKey);
}

impl Records {
    async fn traces(&self, needle: &str) -> Vec<String> {
        self.behind.traces(needle).await
    }
}

/// All rules, one after the other.
pub(crate) async fn all(records: &Records) {
    certificates(records).await;
    key_ring::all(records).await;
    cabinet::all(records).await;
    quota::all(records).await;
    registrations::all(records).await;
}

/// Those of [`Store`].
pub(crate) async fn certificates(records: &Records) {
    a_free_slot_goes_to_exactly_one_of_many(records).await;
    a_slot_is_busy_until_its_lease_is_over(records).await;
    whoever_takes_a_slot_over_keeps_its_id_and_time(records).await;
    a_released_slot_is_free_at_once(records).await;
    a_late_release_changes_nothing(records).await;
    a_reservation_sent_twice_is_ours_twice(records).await;
    a_commit_stores_the_certificate_and_all_that_leads_to_it(records).await;
    a_commit_after_the_lease_was_lost_stores_nothing(records).await;
    a_crash_between_reservation_and_commit_is_healed_by_the_next_attempt(records).await;
    a_second_commit_of_the_same_certificate_changes_nothing(records).await;
    an_issued_slot_stays_issued(records).await;
    a_certificate_id_is_given_once(records).await;
    occupants_come_in_the_order_asked(records).await;
    certificates_come_in_order_of_dose_then_of_issue(records).await;
    many_certificates_come_whole(records).await;
    having_a_certificate_depends_on_the_dose(records).await;
    tests_and_vaccinations_do_not_see_each_other(records).await;
    nobody_is_behind_an_unknown_id(records).await;
    a_correction_stores_the_new_certificate_and_ends_the_old_one_at_once(records).await;
    of_two_corrections_of_one_certificate_one_is_stored(records).await;
    a_correction_of_what_was_taken_back_meanwhile_stores_nothing(records).await;
    a_crash_before_a_correction_is_stored_leaves_the_old_certificate_valid(records).await;
    a_status_changes_once_with_its_entry_and_its_note(records).await;
    of_several_changes_all_are_made_or_none(records).await;
    a_suspension_ends_by_itself(records).await;
    a_revoked_slot_takes_a_new_certificate(records).await;
    numbers_are_given_once(records).await;
}

pub(crate) async fn a_free_slot_goes_to_exactly_one_of_many(records: &Records) {
    let slot = slot(1);
    let attempts: Vec<_> = (0..64)
        .map(|_| {
            let (records, intent) = (records.clone(), intent(&slot, NOW));
            tokio::spawn(async move { records.store.reserve(&intent).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for attempt in attempts {
        answers.push(attempt.await.unwrap());
    }
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Reservation::Ours(_))).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == Reservation::Busy).count(), 63);
}

pub(crate) async fn a_slot_is_busy_until_its_lease_is_over(records: &Records) {
    let slot = slot(1);
    let first = intent(&slot, NOW);
    assert_eq!(records.store.reserve(&first).await.unwrap(), Reservation::Ours(first.issuance.clone()));
    assert_eq!(records.store.reserve(&intent(&slot, first.lease_until)).await.unwrap(), Reservation::Busy);
    let after = intent(&slot, first.lease_until + Duration::MILLISECOND);
    assert_eq!(records.store.reserve(&after).await.unwrap(), Reservation::Ours(first.issuance));
}

pub(crate) async fn whoever_takes_a_slot_over_keeps_its_id_and_time(records: &Records) {
    let slot = slot(1);
    let first = intent(&slot, NOW);
    records.store.reserve(&first).await.unwrap();
    let second = intent(&slot, NOW + Duration::HOUR);
    assert_ne!(first.issuance, second.issuance);
    assert_eq!(records.store.reserve(&second).await.unwrap(), Reservation::Ours(first.issuance.clone()));
    let third = Intent { digest: EventDigest([9; 32]), ..intent(&slot, NOW + 2 * Duration::HOUR) };
    assert_eq!(records.store.reserve(&third).await.unwrap(), Reservation::Ours(first.issuance.clone()));
    // What the last holder asked with is what stands in the slot.
    let made = certificate(&third, &first.issuance, &[]);
    assert_eq!(records.store.commit(&third, &made, &audit(), &[]).await.unwrap(), Commit::Stored);
    assert_eq!(records.store.occupants(&[slot]).await.unwrap(), [Some(occupant(&third, &first.issuance))]);
}

pub(crate) async fn a_released_slot_is_free_at_once(records: &Records) {
    let slot = slot(1);
    let first = intent(&slot, NOW);
    records.store.reserve(&first).await.unwrap();
    records.store.release(&first).await.unwrap();
    records.store.release(&first).await.unwrap();
    assert_eq!(records.store.reserve(&intent(&slot, NOW)).await.unwrap(), Reservation::Ours(first.issuance));
}

pub(crate) async fn a_late_release_changes_nothing(records: &Records) {
    let slot = slot(1);
    let first = intent(&slot, NOW);
    records.store.release(&first).await.unwrap();
    assert_eq!(records.traces(slot.beneficiary.as_str()).await, Vec::<String>::new());
    records.store.reserve(&first).await.unwrap();
    let second = intent(&slot, NOW + Duration::HOUR);
    records.store.reserve(&second).await.unwrap();
    records.store.release(&first).await.unwrap();
    assert_eq!(records.store.reserve(&intent(&slot, second.now)).await.unwrap(), Reservation::Busy);
    let issued = issue(records, &intent(&slot, NOW + 2 * Duration::HOUR), &[]).await;
    records.store.release(&second).await.unwrap();
    assert_eq!(records.store.occupants(&[slot]).await.unwrap()[0].clone().unwrap().current.certificate_id, issued);
}

pub(crate) async fn a_reservation_sent_twice_is_ours_twice(records: &Records) {
    let intent = intent(&slot(1), NOW);
    let ours = Reservation::Ours(intent.issuance.clone());
    assert_eq!(records.store.reserve(&intent).await.unwrap(), ours);
    assert_eq!(records.store.reserve(&intent).await.unwrap(), ours);
}

pub(crate) async fn a_commit_stores_the_certificate_and_all_that_leads_to_it(records: &Records) {
    let intent = Intent {
        slot: SlotKey { programme: ProgrammeId::parse("measles#2").unwrap(), ..slot(1) },
        ..intent(&slot(1), NOW)
    };
    let code = intent.slot.beneficiary.clone();
    let hashes = [format!("hash-{}", code.as_str()), format!("mail-{}", code.as_str())];
    // The same contact twice, as a telephone number and its other spelling would be.
    let issued = issue(records, &intent, &[&hashes[0], &hashes[1], &hashes[0]]).await;
    let (theirs, id) = (code.as_str(), issued.as_str());
    assert_eq!(
        records.traces(theirs).await,
        [
            format!("B#{theirs} C#vaccination#01#2026-03-01T08:30:00.250Z#{id}"),
            format!("B#{theirs} S#vaccination#measles#2#01"),
            format!("I#{id} I"),
            format!("K#hash-{theirs} B#{theirs}"),
            format!("K#mail-{theirs} B#{theirs}"),
        ]
    );
    assert_eq!(
        records.traces(id).await,
        [
            format!("A#2026-03-01T08:30#{:x} 2026-03-01T08:30:00.250Z#{id}#issued", shard(id, 16)),
            format!("B#{theirs} C#vaccination#01#2026-03-01T08:30:00.250Z#{id}"),
            format!("B#{theirs} S#vaccination#measles#2#01"),
            format!("I#{id} I"),
        ]
    );
    assert_eq!(records.store.beneficiary_of(&issued).await.unwrap(), Some(code.clone()));
    let stored = records.store.certificates(&code, None).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].slot, intent.slot);
    assert_eq!(stored[0].issuance, intent.issuance);
    assert_eq!(stored[0].signed.as_str(), credential_of(&intent.issuance).as_str());
    assert_eq!(stored[0].contacts, [hashes[0].clone(), hashes[1].clone(), hashes[0].clone()]);
}

pub(crate) async fn a_commit_after_the_lease_was_lost_stores_nothing(records: &Records) {
    let slot = slot(1);
    let tardy = intent(&slot, NOW);
    records.store.reserve(&tardy).await.unwrap();
    let quick = intent(&slot, NOW + Duration::HOUR);
    records.store.reserve(&quick).await.unwrap();
    let late = certificate(&tardy, &tardy.issuance, &["hash-of-the-late"]);
    assert_eq!(records.store.commit(&tardy, &late, &audit(), &[]).await.unwrap(), Commit::Lost);
    let code = slot.beneficiary.as_str();
    let reserved_only = [format!("B#{code} S#vaccination#covid#01")];
    assert_eq!(records.traces(code).await, reserved_only);
    assert_eq!(records.traces(tardy.issuance.certificate_id.as_str()).await, reserved_only);
    assert_eq!(records.traces("hash-of-the-late").await, Vec::<String>::new());
    // Nor after the quick one is done.
    let prompt = certificate(&quick, &tardy.issuance, &[]);
    assert_eq!(records.store.commit(&quick, &prompt, &audit(), &[]).await.unwrap(), Commit::Stored);
    assert_eq!(records.store.commit(&tardy, &late, &audit(), &[]).await.unwrap(), Commit::Lost);
    assert_eq!(records.store.certificates(&slot.beneficiary, None).await.unwrap().len(), 1);
    assert_eq!(records.traces("hash-of-the-late").await, Vec::<String>::new());
}

pub(crate) async fn a_crash_between_reservation_and_commit_is_healed_by_the_next_attempt(records: &Records) {
    let slot = slot(2);
    let crashed = intent(&slot, NOW);
    records.store.reserve(&crashed).await.unwrap();
    assert_eq!(records.store.occupants(std::slice::from_ref(&slot)).await.unwrap(), [None]);
    assert!(!records.store.has_certificate(&slot.beneficiary, Kind::Vaccination, None, NOW).await.unwrap());
    let next = intent(&slot, NOW + Duration::HOUR);
    let id = issue(records, &next, &[]).await;
    assert_eq!(id, crashed.issuance.certificate_id);
    assert_eq!(records.store.beneficiary_of(&id).await.unwrap(), Some(slot.beneficiary));
    assert_eq!(records.store.beneficiary_of(&next.issuance.certificate_id).await.unwrap(), None);
}

pub(crate) async fn a_second_commit_of_the_same_certificate_changes_nothing(records: &Records) {
    let intent = intent(&slot(1), NOW);
    issue(records, &intent, &["hash"]).await;
    let code = intent.slot.beneficiary.clone();
    let before = records.traces(code.as_str()).await;
    let same = certificate(&intent, &intent.issuance, &["hash"]);
    assert_eq!(records.store.commit(&intent, &same, &audit(), &[]).await.unwrap(), Commit::Stored);
    // Signed a second time it is another text, and the first one stays.
    let other = Certificate { signed: Signed::from_stored("{}".into()), ..same };
    assert_eq!(records.store.commit(&intent, &other, &audit(), &[]).await.unwrap(), Commit::Lost);
    assert_eq!(records.traces(code.as_str()).await, before);
    let stored = records.store.certificates(&code, None).await.unwrap();
    assert_eq!(stored[0].signed.as_str(), credential_of(&intent.issuance).as_str());
}

pub(crate) async fn an_issued_slot_stays_issued(records: &Records) {
    let first = intent(&slot(1), NOW);
    let id = issue(records, &first, &[]).await;
    assert_eq!(id, first.issuance.certificate_id);
    let occupant = occupant(&first, &first.issuance);
    for later in [Duration::ZERO, Duration::DAY * 4000] {
        let again = intent(&first.slot, NOW + later);
        assert_eq!(records.store.reserve(&again).await.unwrap(), Reservation::Taken(occupant.clone()));
    }
    assert_eq!(records.store.reserve(&first).await.unwrap(), Reservation::Taken(occupant));
}

pub(crate) async fn a_certificate_id_is_given_once(records: &Records) {
    let first = intent(&slot(1), NOW);
    let id = issue(records, &first, &[]).await;
    let unlucky = Intent { issuance: first.issuance.clone(), ..intent(&slot(1), NOW) };
    records.store.reserve(&unlucky).await.unwrap();
    let certificate = certificate(&unlucky, &unlucky.issuance, &[]);
    let error = records.store.commit(&unlucky, &certificate, &audit(), &[]).await.unwrap_err();
    assert_eq!(error.to_string(), "the certificate's id is another certificate's: try again");
    let code = unlucky.slot.beneficiary.as_str();
    assert_eq!(records.traces(code).await, [format!("B#{code} S#vaccination#covid#01")]);
    assert_eq!(records.store.beneficiary_of(&id).await.unwrap(), Some(first.slot.beneficiary));
    // The next attempt draws another id and succeeds.
    let lucky = intent(&unlucky.slot, NOW);
    assert_eq!(issue(records, &lucky, &[]).await, lucky.issuance.certificate_id);
}

pub(crate) async fn occupants_come_in_the_order_asked(records: &Records) {
    let slots: Vec<_> = (0..120).map(|_| slot(1)).collect();
    let mut wanted = vec![None; 120];
    for at in [3, 77, 119] {
        let intent = intent(&slots[at], NOW);
        issue(records, &intent, &[]).await;
        wanted[at] = Some(occupant(&intent, &intent.issuance));
    }
    records.store.reserve(&intent(&slots[5], NOW)).await.unwrap();
    assert_eq!(records.store.occupants(&slots).await.unwrap(), wanted);
    let twice = [slots[3].clone(), slots[5].clone(), slots[3].clone()];
    assert_eq!(records.store.occupants(&twice).await.unwrap(), [wanted[3].clone(), None, wanted[3].clone()]);
    assert_eq!(records.store.occupants(&[]).await.unwrap(), []);
}

pub(crate) async fn certificates_come_in_order_of_dose_then_of_issue(records: &Records) {
    let beneficiary = slot(1).beneficiary;
    let mut issued = Vec::new();
    for (dose, programme, minute) in [(10, "covid", 0), (2, "covid", 2), (2, "measles", 1), (1, "covid", 3)] {
        let slot = SlotKey {
            programme: ProgrammeId::parse(programme).unwrap(),
            beneficiary: beneficiary.clone(),
            ..slot(dose)
        };
        let now = NOW + Duration::minutes(minute);
        issue(records, &intent(&slot, now), &[]).await;
        issued.push((u8::try_from(dose).unwrap(), now));
    }
    issued.sort();
    let found: Vec<_> = records.store.certificates(&beneficiary, None).await.unwrap();
    let found: Vec<_> =
        found.iter().map(|it| (it.slot.occasion.dose().unwrap().number(), it.issuance.issued_at)).collect();
    assert_eq!(found, issued);
    assert!(records.store.certificates(&slot(1).beneficiary, None).await.unwrap().is_empty());
}

/// More than the megabyte that one page of a Query holds.
pub(crate) async fn many_certificates_come_whole(records: &Records) {
    let beneficiary = slot(1).beneficiary;
    for dose in 1..=9 {
        let slot = SlotKey { beneficiary: beneficiary.clone(), ..slot(dose) };
        let intent = intent(&slot, NOW);
        records.store.reserve(&intent).await.unwrap();
        let signed = Signed::from_stored(format!("{dose}").repeat(150_000));
        let certificate = Certificate { signed, ..certificate(&intent, &intent.issuance, &[]) };
        assert_eq!(records.store.commit(&intent, &certificate, &audit(), &[]).await.unwrap(), Commit::Stored);
    }
    let found = records.store.certificates(&beneficiary, None).await.unwrap();
    assert_eq!(found.len(), 9);
    assert!(
        found
            .iter()
            .all(|it| it.signed.as_str() == it.slot.occasion.dose().unwrap().number().to_string().repeat(150_000))
    );
}

pub(crate) async fn having_a_certificate_depends_on_the_dose(records: &Records) {
    let first = intent(&slot(1), NOW);
    let code = &first.slot.beneficiary;
    assert!(!records.store.has_certificate(code, Kind::Vaccination, None, NOW).await.unwrap());
    issue(records, &first, &[]).await;
    assert!(records.store.has_certificate(code, Kind::Vaccination, None, NOW).await.unwrap());
    assert!(records.store.has_certificate(code, Kind::Vaccination, Dose::new(1), NOW).await.unwrap());
    assert!(!records.store.has_certificate(code, Kind::Vaccination, Dose::new(2), NOW).await.unwrap());
    assert!(!records.store.has_certificate(code, Kind::Vaccination, Dose::new(10), NOW).await.unwrap());
}

pub(crate) async fn tests_and_vaccinations_do_not_see_each_other(records: &Records) {
    let dose = slot(1);
    let sample = |at: OffsetDateTime| SlotKey { occasion: Occasion::Sample(at), ..dose.clone() };
    let code = &dose.beneficiary;
    // In no order: the newest sample is certified first. The oldest was taken before 1970, a second apart from nobody.
    let samples = [NOW, NOW - Duration::MILLISECOND, datetime!(1969-12-31 23:59:59.999 UTC)];
    for at in samples {
        assert!(!records.store.has_certificate(code, Kind::Vaccination, None, NOW).await.unwrap());
        issue(records, &intent(&sample(at), NOW), &[]).await;
        assert!(records.store.has_certificate(code, Kind::Test, None, NOW).await.unwrap());
    }
    assert!(!records.store.has_certificate(code, Kind::Test, Dose::new(1), NOW).await.unwrap());
    issue(records, &intent(&dose, NOW), &[]).await;
    let found = async |kind| {
        let found = records.store.certificates(code, kind).await.unwrap();
        found.iter().map(|it| it.slot.occasion).collect::<Vec<_>>()
    };
    let [newest, middle, oldest] = samples.map(Occasion::Sample);
    assert_eq!(found(Some(Kind::Vaccination)).await, [dose.occasion]);
    assert_eq!(found(Some(Kind::Test)).await, [oldest, middle, newest]);
    assert_eq!(found(None).await.len(), 4);
    let occupied =
        records.store.occupants(&[sample(NOW), dose.clone(), sample(NOW + Duration::MILLISECOND)]).await.unwrap();
    assert_eq!(occupied.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, false]);
}

pub(crate) async fn nobody_is_behind_an_unknown_id(records: &Records) {
    assert_eq!(records.store.beneficiary_of(&CertificateId::parse("nobody-s").unwrap()).await.unwrap(), None);
}

pub(crate) async fn a_correction_stores_the_new_certificate_and_ends_the_old_one_at_once(records: &Records) {
    let first = intent(&slot(1), NOW);
    let old = issue(records, &first, &["old-number"]).await;
    let later = NOW + Duration::HOUR;
    let correction = correction(&first, later);
    let new = correction.issuance.certificate_id.clone();
    let Reservation::Ours(_) = records.store.reserve(&correction).await.unwrap() else { panic!("not ours") };
    let made = certificate(&correction, &correction.issuance, &["new-number"]);
    let audit = audit_of(AuditEvent::Corrected, later);
    for _ in 0..2 {
        assert_eq!(records.store.commit(&correction, &made, &audit, &[]).await.unwrap(), Commit::Stored);
    }

    let stored = records.store.certificates(&first.slot.beneficiary, None).await.unwrap();
    let told: Vec<_> = stored
        .iter()
        .map(|it| (it.issuance.certificate_id.clone(), it.status, it.successor.clone(), it.predecessor.clone()))
        .collect();
    assert_eq!(
        told,
        [
            (old.clone(), Status::Superseded, Some(new.clone()), None),
            (new.clone(), Status::Valid, None, Some(old.clone()))
        ]
    );
    let events: Vec<Vec<_>> = stored.iter().map(|it| it.deeds.iter().map(|deed| deed.event).collect()).collect();
    assert_eq!(events, [vec![AuditEvent::Issued, AuditEvent::Superseded], vec![AuditEvent::Issued]]);
    let occupants = records.store.occupants(std::slice::from_ref(&first.slot)).await.unwrap();
    assert_eq!(
        occupants,
        [Some(Occupant {
            version: 2,
            current: correction.issuance.clone(),
            status: Status::Valid,
            history: vec![(first.digest, old.clone()), (correction.digest, new)],
        })]
    );
    let (id, code) = (old.as_str(), first.slot.beneficiary.as_str());
    let left = records.traces(id).await;
    assert_eq!(
        left,
        [
            format!("A#2026-03-01T08:30#{:x} 2026-03-01T08:30:00.250Z#{id}#issued", shard(id, 16)),
            format!("A#2026-03-01T09:30#{:x} 2026-03-01T09:30:00.250Z#{id}#superseded", shard(id, 16)),
            format!("B#{code} C#vaccination#01#2026-03-01T08:30:00.250Z#{id}"),
            format!(
                "B#{code} C#vaccination#01#2026-03-01T09:30:00.250Z#{}",
                correction.issuance.certificate_id.as_str()
            ),
            format!("I#{id} I"),
            format!("J#2026-03-01T09:30#{:x} 2026-03-01T09:30:00.250Z#{id}", shard(id, 8)),
        ]
    );
}

pub(crate) async fn of_two_corrections_of_one_certificate_one_is_stored(records: &Records) {
    let first = intent(&slot(1), NOW);
    issue(records, &first, &[]).await;
    let (one, other) = (correction(&first, NOW), correction(&first, NOW));
    let Reservation::Ours(_) = records.store.reserve(&one).await.unwrap() else { panic!("not ours") };
    assert_eq!(records.store.reserve(&other).await.unwrap(), Reservation::Busy);
    let made = certificate(&one, &one.issuance, &[]);
    assert_eq!(records.store.commit(&one, &made, &audit(), &[]).await.unwrap(), Commit::Stored);
    let Reservation::Taken(there) = records.store.reserve(&other).await.unwrap() else { panic!("not taken") };
    assert_eq!((there.version, there.current), (2, one.issuance));
    let late = certificate(&other, &other.issuance, &[]);
    assert_eq!(records.store.commit(&other, &late, &audit(), &[]).await.unwrap(), Commit::Lost);
    assert_eq!(records.store.certificates(&first.slot.beneficiary, None).await.unwrap().len(), 2);
}

pub(crate) async fn a_correction_of_what_was_taken_back_meanwhile_stores_nothing(records: &Records) {
    let first = intent(&slot(1), NOW);
    issue(records, &first, &[]).await;
    let correction = correction(&first, NOW);
    let Reservation::Ours(_) = records.store.reserve(&correction).await.unwrap() else { panic!("not ours") };
    let revoked = change(&first, Status::Valid, Status::Revoked);
    let audit = audit_of(AuditEvent::Revoked, NOW);
    assert_eq!(records.store.change(&[revoked], &audit).await.unwrap(), Commit::Stored);
    let made = certificate(&correction, &correction.issuance, &[]);
    assert_eq!(records.store.commit(&correction, &made, &self::audit(), &[]).await.unwrap(), Commit::Lost);
    let Reservation::Taken(there) = records.store.reserve(&correction).await.unwrap() else { panic!("not taken") };
    assert_eq!((there.version, there.status), (1, Status::Revoked));
    assert_eq!(statuses(records, &first).await, [Status::Revoked]);
}

pub(crate) async fn a_crash_before_a_correction_is_stored_leaves_the_old_certificate_valid(records: &Records) {
    let first = intent(&slot(1), NOW);
    issue(records, &first, &[]).await;
    let crashed = correction(&first, NOW);
    records.store.reserve(&crashed).await.unwrap();
    assert_eq!(statuses(records, &first).await, [Status::Valid]);
    let next = correction(&first, NOW + Duration::HOUR);
    assert_eq!(records.store.reserve(&next).await.unwrap(), Reservation::Ours(crashed.issuance.clone()));
    let made = certificate(&next, &crashed.issuance, &[]);
    assert_eq!(records.store.commit(&next, &made, &audit(), &[]).await.unwrap(), Commit::Stored);
    assert_eq!(statuses(records, &first).await, [Status::Superseded, Status::Valid]);
}

pub(crate) async fn a_status_changes_once_with_its_entry_and_its_note(records: &Records) {
    let first = intent(&slot(1), NOW);
    let id = issue(records, &first, &[]).await;
    let revoked = [change(&first, Status::Valid, Status::Revoked)];
    let later = NOW + Duration::HOUR;
    let audit = audit_of(AuditEvent::Revoked, later);
    assert_eq!(records.store.change(&revoked, &audit).await.unwrap(), Commit::Stored);
    let left = records.traces(id.as_str()).await;
    assert_eq!(records.store.change(&revoked, &audit).await.unwrap(), Commit::Lost);
    assert_eq!(records.traces(id.as_str()).await, left);
    let (id, code) = (id.as_str(), first.slot.beneficiary.as_str());
    assert_eq!(
        left,
        [
            format!("A#2026-03-01T08:30#{:x} 2026-03-01T08:30:00.250Z#{id}#issued", shard(id, 16)),
            format!("A#2026-03-01T09:30#{:x} 2026-03-01T09:30:00.250Z#{id}#revoked", shard(id, 16)),
            format!("B#{code} C#vaccination#01#2026-03-01T08:30:00.250Z#{id}"),
            format!("B#{code} S#vaccination#covid#01"),
            format!("I#{id} I"),
            format!("J#2026-03-01T09:30#{:x} 2026-03-01T09:30:00.250Z#{id}", shard(id, 8)),
        ]
    );
    let stored = &records.store.certificates(&first.slot.beneficiary, None).await.unwrap()[0];
    assert_eq!(stored.status, Status::Revoked);
    assert_eq!(stored.deeds.last(), Some(&audit.deed));
    assert!(!records.store.has_certificate(&first.slot.beneficiary, Kind::Vaccination, None, later).await.unwrap());
    let occupant = records.store.occupants(std::slice::from_ref(&first.slot)).await.unwrap();
    assert_eq!(occupant[0].as_ref().unwrap().status, Status::Revoked);
}

pub(crate) async fn of_several_changes_all_are_made_or_none(records: &Records) {
    let first = intent(&slot(1), NOW);
    issue(records, &first, &[]).await;
    let second = intent(&SlotKey { beneficiary: first.slot.beneficiary.clone(), ..slot(2) }, NOW);
    issue(records, &second, &[]).await;
    let audit = audit_of(AuditEvent::Revoked, NOW);
    let wrong = Status::Suspended { until: NOW };
    let half = [change(&first, Status::Valid, Status::Revoked), change(&second, wrong, Status::Revoked)];
    assert_eq!(records.store.change(&half, &audit).await.unwrap(), Commit::Lost);
    assert_eq!(statuses(records, &first).await, [Status::Valid, Status::Valid]);
    let both = [change(&first, Status::Valid, Status::Revoked), change(&second, Status::Valid, Status::Revoked)];
    assert_eq!(records.store.change(&both, &audit).await.unwrap(), Commit::Stored);
    assert_eq!(statuses(records, &first).await, [Status::Revoked, Status::Revoked]);
}

pub(crate) async fn a_suspension_ends_by_itself(records: &Records) {
    let first = intent(&slot(1), NOW);
    issue(records, &first, &[]).await;
    let suspended = Status::Suspended { until: NOW + Duration::DAY };
    let audit = audit_of(AuditEvent::Suspended, NOW);
    let suspend = change(&first, Status::Valid, suspended);
    assert_eq!(records.store.change(&[suspend], &audit).await.unwrap(), Commit::Stored);
    assert_eq!(statuses(records, &first).await, [suspended]);
    let code = &first.slot.beneficiary;
    let has = async |now| records.store.has_certificate(code, Kind::Vaccination, None, now).await.unwrap();
    assert!(!has(NOW + Duration::DAY - Duration::MILLISECOND).await);
    assert!(has(NOW + Duration::DAY).await);
    // While it lasts nobody corrects it; afterwards anybody may.
    let early = correction(&first, NOW + Duration::HOUR);
    let Reservation::Taken(there) = records.store.reserve(&early).await.unwrap() else { panic!("not taken") };
    assert_eq!(there.status, suspended);
    let later = correction(&first, NOW + Duration::DAY);
    let Reservation::Ours(_) = records.store.reserve(&later).await.unwrap() else { panic!("not ours") };
    let made = certificate(&later, &later.issuance, &[]);
    let audit = audit_of(AuditEvent::Corrected, NOW + Duration::DAY);
    assert_eq!(records.store.commit(&later, &made, &audit, &[]).await.unwrap(), Commit::Stored);
    assert_eq!(statuses(records, &first).await, [Status::Superseded, Status::Valid]);
    // And one that is lifted is valid at once.
    let again = change(&later, Status::Valid, Status::Suspended { until: NOW + Duration::DAY * 9 });
    assert_eq!(records.store.change(std::slice::from_ref(&again), &audit).await.unwrap(), Commit::Stored);
    let lifted = Change { from: again.to, to: Status::Valid, ..again };
    assert_eq!(records.store.change(&[lifted], &audit).await.unwrap(), Commit::Stored);
    assert!(has(NOW + Duration::DAY).await);
}

pub(crate) async fn a_revoked_slot_takes_a_new_certificate(records: &Records) {
    let first = intent(&slot(1), NOW);
    let old = issue(records, &first, &[]).await;
    let audit = audit_of(AuditEvent::Revoked, NOW);
    let revoked = change(&first, Status::Valid, Status::Revoked);
    assert_eq!(records.store.change(&[revoked], &audit).await.unwrap(), Commit::Stored);
    let anew = Intent { follows: Follows::Revoked { version: 1 }, ..intent(&first.slot, NOW + Duration::HOUR) };
    let new = issue(records, &anew, &[]).await;
    assert_eq!(statuses(records, &first).await, [Status::Revoked, Status::Valid]);
    let occupant = records.store.occupants(std::slice::from_ref(&first.slot)).await.unwrap();
    let history: Vec<_> = occupant[0].as_ref().unwrap().history.iter().map(|(_, id)| id.clone()).collect();
    assert_eq!(history, [old, new]);
}

pub(crate) async fn numbers_are_given_once(records: &Records) {
    let calls: Vec<_> = (0..16)
        .map(|_| {
            let store = records.store.clone();
            tokio::spawn(async move { store.numbers(32).await.unwrap() })
        })
        .collect();
    let mut firsts = Vec::new();
    for call in calls {
        firsts.push(call.await.unwrap());
    }
    firsts.sort_unstable();
    assert!(firsts.windows(2).all(|pair| pair[1] - pair[0] == 32), "{firsts:?}");
}

/// An intent to correct the certificate that the other one made.
fn correction(of: &Intent, now: OffsetDateTime) -> Intent {
    let follows = Follows::Corrects { version: 1, issuance: of.issuance.clone() };
    Intent { follows, digest: EventDigest([8; 32]), ..intent(&of.slot, now) }
}

fn change(of: &Intent, from: Status, to: Status) -> Change {
    Change { slot: of.slot.clone(), issuance: of.issuance.clone(), from, to }
}

async fn statuses(records: &Records, of: &Intent) -> Vec<Status> {
    let stored = records.store.certificates(&of.slot.beneficiary, None).await.unwrap();
    stored.iter().map(|it| it.status).collect()
}

/// Reserves and commits what the intent asks for; the certificate's id.
pub(crate) async fn issue(records: &Records, intent: &Intent, contacts: &[&str]) -> CertificateId {
    let Reservation::Ours(issuance) = records.store.reserve(intent).await.unwrap() else { panic!("not ours") };
    let made = certificate(intent, &issuance, contacts);
    assert_eq!(records.store.commit(intent, &made, &audit(), &[]).await.unwrap(), Commit::Stored);
    issuance.certificate_id
}

/// A slot of a beneficiary whom nobody has seen before.
pub(crate) fn slot(dose: u64) -> SlotKey {
    SlotKey {
        programme: ProgrammeId::parse("covid").unwrap(),
        beneficiary: BeneficiaryCode::parse(&format!("code-{}-of-a-test", next())).unwrap(),
        occasion: Occasion::Dose(Dose::new(dose).unwrap()),
    }
}

/// An attempt of a new holder with a minute's lease.
pub(crate) fn intent(slot: &SlotKey, now: OffsetDateTime) -> Intent {
    let number = u128::from(next());
    Intent {
        slot: slot.clone(),
        follows: Follows::Nothing,
        digest: EventDigest([7; 32]),
        issuance: Issuance {
            certificate_id: CertificateId::new(Position::new(u64::try_from(number).unwrap()).unwrap(), number),
            issued_at: now,
            kind: slot.occasion.kind(),
        },
        holder: number,
        now,
        lease_until: now + Duration::MINUTE,
    }
}

pub(crate) fn certificate(intent: &Intent, issuance: &Issuance, contacts: &[&str]) -> Certificate {
    Certificate {
        slot: intent.slot.clone(),
        issuance: issuance.clone(),
        signed: credential_of(issuance),
        contacts: contacts.iter().map(|&hash| hash.to_owned()).collect(),
        status: Status::Valid,
        successor: None,
        predecessor: intent.follows.corrected().map(|corrected| corrected.certificate_id.clone()),
        deeds: vec![audit().deed],
    }
}

pub(crate) fn audit() -> Audit {
    audit_of(AuditEvent::Issued, NOW)
}

fn audit_of(event: AuditEvent, at: OffsetDateTime) -> Audit {
    let deed = Deed { event, at, actor: "a-certifier".into(), reason: Some(Reason::Other) };
    Audit { deed, key: Some("a-thumbprint".into()) }
}

/// What stands in the slot of a first certificate.
fn occupant(intent: &Intent, issuance: &Issuance) -> Occupant {
    Occupant {
        version: 1,
        current: issuance.clone(),
        status: Status::Valid,
        history: vec![(intent.digest, issuance.certificate_id.clone())],
    }
}

fn shard(id: &str, shards: u32) -> u32 {
    id.bytes().map(u32::from).sum::<u32>() % shards
}

fn credential_of(issuance: &Issuance) -> Signed {
    Signed::from_stored(format!(r#"{{"id":"{}"}}"#, issuance.certificate_id.as_str()))
}

pub(crate) fn next() -> u64 {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

pub(crate) const NOW: OffsetDateTime = datetime!(2026-03-01 08:30:00.25 UTC);
