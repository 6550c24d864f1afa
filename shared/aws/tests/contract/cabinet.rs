//! What every [`Cabinet`] must do. Each rule takes folders of its own.

use super::{NOW, Records, audit, certificate, intent, next, slot};
use issuer::ports::{Commit, Drawer, Reservation, Sheet};
use time::Duration;

/// All rules, one after the other.
pub(crate) async fn all(records: &Records) {
    a_sheet_is_put_once_and_then_in_place_of_its_revision(records).await;
    of_several_sheets_all_are_put_or_none(records).await;
    a_sheet_whose_time_is_over_is_none(records).await;
    a_sheet_is_taken_by_one_of_many(records).await;
    a_sheet_is_exchanged_once_for_all_others_or_not_at_all(records).await;
    sheets_come_in_order_of_name(records).await;
    each_window_of_time_counts_from_one(records).await;
    a_sheet_is_stored_with_its_certificate_or_not_at_all(records).await;
}

async fn a_sheet_is_put_once_and_then_in_place_of_its_revision(records: &Records) {
    let (cabinet, first) = (&records.store, sheet("a", "first"));
    assert_eq!(cabinet.put(std::slice::from_ref(&first), NOW).await.unwrap(), Commit::Stored);
    assert_eq!(cabinet.put(std::slice::from_ref(&first), NOW).await.unwrap(), Commit::Lost);
    let second = first.saying("second");
    assert_eq!(cabinet.put(std::slice::from_ref(&second), NOW).await.unwrap(), Commit::Stored);
    assert_eq!(cabinet.put(std::slice::from_ref(&second), NOW).await.unwrap(), Commit::Lost);
    assert!(found(records, &first).await == Some(second));
}

async fn of_several_sheets_all_are_put_or_none(records: &Records) {
    let (there, other) = (sheet("a", "there"), sheet("b", "other"));
    let again = Sheet { text: "again".into(), ..there.clone() };
    assert_eq!(records.store.put(std::slice::from_ref(&there), NOW).await.unwrap(), Commit::Stored);
    assert_eq!(records.store.put(&[other.clone(), again], NOW).await.unwrap(), Commit::Lost);
    assert!(found(records, &other).await.is_none());
    assert_eq!(records.store.put(&[other.clone(), there.saying("next")], NOW).await.unwrap(), Commit::Stored);
    assert!(found(records, &other).await.is_some());
}

async fn a_sheet_whose_time_is_over_is_none(records: &Records) {
    let old = sheet("a", "old").until(NOW + Duration::minutes(5));
    records.store.put(std::slice::from_ref(&old), NOW).await.unwrap();
    let at = |minutes: i64| records.store.sheet(old.drawer, &old.folder, &old.name, NOW + Duration::minutes(minutes));
    // Whole seconds are kept.
    assert!(at(4).await.unwrap().is_some_and(|sheet| sheet.text == "old"));
    assert!(at(5).await.unwrap().is_none());
    let later = NOW + Duration::minutes(6);
    assert!(records.store.sheets(old.drawer, &old.folder, None, 10, later).await.unwrap().is_empty());
    let new = Sheet { text: "new".into(), until: None, ..old.clone() };
    assert_eq!(records.store.put(&[new], NOW).await.unwrap(), Commit::Lost, "its time is not over yet");
    let new = Sheet { text: "new".into(), until: None, ..old.clone() };
    assert_eq!(records.store.put(&[new], later).await.unwrap(), Commit::Stored);
    assert!(found(records, &old).await.is_some_and(|sheet| sheet.text == "new"));
}

async fn a_sheet_is_taken_by_one_of_many(records: &Records) {
    let first = sheet("a", "first");
    records.store.put(std::slice::from_ref(&first), NOW).await.unwrap();
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (store, sheet) = (records.store.clone(), first.clone());
        attempts.spawn(async move { store.take(&sheet).await.unwrap() });
    }
    let taken = attempts.join_all().await.into_iter().filter(|taken| *taken == Commit::Stored).count();
    assert_eq!(taken, 1);
    assert!(found(records, &first).await.is_none());
}

async fn a_sheet_is_exchanged_once_for_all_others_or_not_at_all(records: &Records) {
    let (first, there, other) = (sheet("a", "first"), sheet("b", "there"), sheet("c", "other"));
    records.store.put(&[first.clone(), there.clone()], NOW).await.unwrap();
    let exchange = |others: Vec<Sheet>| {
        let (store, first) = (records.store.clone(), first.clone());
        async move { store.exchange(&first, &others, NOW).await.unwrap() }
    };
    assert_eq!(exchange(vec![other.clone(), there.clone()]).await, Commit::Lost);
    assert!(found(records, &first).await.is_some() && found(records, &other).await.is_none());
    assert_eq!(exchange(vec![other.clone(), there.saying("next")]).await, Commit::Stored);
    assert_eq!(exchange(vec![sheet("d", "again")]).await, Commit::Lost);
    assert!(found(records, &first).await.is_none());
    assert!(found(records, &other).await == Some(other));
    assert!(found(records, &there).await == Some(there.saying("next")));
}

async fn sheets_come_in_order_of_name(records: &Records) {
    let first = sheet("1", "");
    for name in ["3", "1", "2"] {
        let sheet = Sheet { name: name.into(), ..first.clone() };
        assert_eq!(records.store.put(&[sheet], NOW).await.unwrap(), Commit::Stored);
    }
    let names = async |after: Option<&str>, most: usize| -> Vec<String> {
        let sheets = records.store.sheets(first.drawer, &first.folder, after, most, NOW).await.unwrap();
        sheets.into_iter().map(|sheet| sheet.name).collect()
    };
    assert_eq!(names(None, 10).await, ["1", "2", "3"]);
    assert_eq!(names(None, 2).await, ["1", "2"]);
    assert_eq!(names(Some("1"), 10).await, ["2", "3"]);
    assert_eq!(names(Some("3"), 10).await, Vec::<String>::new());
}

async fn each_window_of_time_counts_from_one(records: &Records) {
    let who = format!("somebody-{}", next());
    let count =
        |minutes: i64| records.store.count("asking", &who, Duration::minutes(10), NOW + Duration::minutes(minutes));
    // 08:30 begins a window of ten minutes.
    assert_eq!([count(0).await.unwrap(), count(9).await.unwrap()], [1, 2]);
    assert_eq!(count(10).await.unwrap(), 1);
    assert_eq!(records.store.count("telling", &who, Duration::minutes(10), NOW).await.unwrap(), 1);
}

async fn a_sheet_is_stored_with_its_certificate_or_not_at_all(records: &Records) {
    let (made, lost) = (sheet("a", "made"), sheet("b", "lost"));
    let intent = intent(&slot(1), NOW);
    let Reservation::Ours(issuance) = records.store.reserve(&intent).await.unwrap() else { panic!("not ours") };
    let certificate = certificate(&intent, &issuance, &[]);
    let commit = |sheet: &Sheet| {
        let sheets = [sheet.clone()];
        let certificate = certificate.clone();
        let intent = intent.clone();
        async move { records.store.commit(&intent, &certificate, &audit(), &sheets).await.unwrap() }
    };
    assert_eq!(commit(&made).await, Commit::Stored);
    assert!(found(records, &made).await.is_some());
    let other = super::intent(&intent.slot, NOW + Duration::HOUR);
    let late = super::certificate(&other, &other.issuance, &[]);
    let sheets = [lost.clone()];
    assert_eq!(records.store.commit(&other, &late, &audit(), &sheets).await.unwrap(), Commit::Lost);
    assert!(found(records, &lost).await.is_none());
}

fn sheet(name: &str, text: &str) -> Sheet {
    Sheet::new(Drawer::Challenges, format!("folder-{}", next()), name, text)
}

async fn found(records: &Records, sheet: &Sheet) -> Option<Sheet> {
    records.store.sheet(sheet.drawer, &sheet.folder, &sheet.name, NOW).await.unwrap()
}
