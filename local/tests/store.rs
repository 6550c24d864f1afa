//! The store on the embedded database, in memory and in a file.

#[path = "../../shared/aws/tests/contract/mod.rs"]
mod contract;
#[path = "../../shared/aws/tests/dynamo/mod.rs"]
mod dynamo;

/// One test for each rule of the contract.
macro_rules! rules {
    ($($rule:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $rule() {
            let records = dynamo::records(local::records::client(None).unwrap()).await;
            contract::$rule(&records).await;
        }
    )*};
}

rules! {
    a_free_slot_goes_to_exactly_one_of_many
    a_slot_is_busy_until_its_lease_is_over
    whoever_takes_a_slot_over_keeps_its_id_and_time
    a_released_slot_is_free_at_once
    a_late_release_changes_nothing
    a_reservation_sent_twice_is_ours_twice
    a_commit_stores_the_certificate_and_all_that_leads_to_it
    a_commit_after_the_lease_was_lost_stores_nothing
    a_crash_between_reservation_and_commit_is_healed_by_the_next_attempt
    a_second_commit_of_the_same_certificate_changes_nothing
    an_issued_slot_stays_issued
    a_certificate_id_is_given_once
    occupants_come_in_the_order_asked
    certificates_come_in_order_of_dose_then_of_issue
    many_certificates_come_whole
    having_a_certificate_depends_on_the_dose
    tests_and_vaccinations_do_not_see_each_other
    nobody_is_behind_an_unknown_id
    a_correction_stores_the_new_certificate_and_ends_the_old_one_at_once
    of_two_corrections_of_one_certificate_one_is_stored
    a_correction_of_what_was_taken_back_meanwhile_stores_nothing
    a_crash_before_a_correction_is_stored_leaves_the_old_certificate_valid
    a_status_changes_once_with_its_entry_and_its_note
    of_several_changes_all_are_made_or_none
    a_suspension_ends_by_itself
    a_revoked_slot_takes_a_new_certificate
    numbers_are_given_once
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_in_a_file_keeps_every_rule() {
    let folder = tempfile::tempdir().unwrap();
    let table = local::records::client(Some(&folder.path().join("records.sqlite"))).unwrap();
    contract::all(&dynamo::records(table.clone()).await).await;
    dynamo::tally::all(table).await;
}
