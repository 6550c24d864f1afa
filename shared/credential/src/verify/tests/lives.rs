//! When a key's signatures are believed.

use super::*;
use crate::{Life, Origin};

/// When [`Issuer::sign`] says that it signed.
const CREATED: time::OffsetDateTime = datetime!(2026-11-21 20:15:50 UTC);

fn living(life: Life) -> Option<Refusal> {
    let issuer = Issuer::new();
    let signed = issuer.sign(&bound_document());
    let methods = [VerificationMethod { life, ..issuer.1[0].clone() }];
    verify(signed.as_str(), &methods).err()
}

#[test]
fn a_signature_from_within_the_keys_time_is_believed_to_the_second() {
    let within = |from, until| living(Life { from, until, compromised: None });
    let (second, part) = (time::Duration::SECOND, time::Duration::milliseconds(900));
    assert_eq!(within(None, None), None);
    assert_eq!(within(Some(CREATED), Some(CREATED)), None);
    assert_eq!(within(Some(CREATED + part), Some(CREATED + part)), None, "proofs hold no parts of a second");
    assert_eq!(within(Some(CREATED + second), None), Some(Refusal::KeyNotValidThen));
    assert_eq!(within(None, Some(CREATED - second)), Some(Refusal::KeyNotValidThen));
}

#[test]
fn nothing_by_a_compromised_key_is_believed_whatever_time_it_says() {
    for compromised in [CREATED - time::Duration::DAY, CREATED, CREATED + time::Duration::DAY] {
        let life = Life { compromised: Some(compromised), ..Life::default() };
        assert_eq!(living(life), Some(Refusal::KeyCompromised));
    }
}

#[test]
fn a_key_that_is_compromised_under_one_name_is_so_under_every_name() {
    let issuer = Issuer::new();
    let signed = issuer.sign(&bound_document());
    let mut methods = vec![issuer.1[0].clone(), issuer.1[0].clone()];
    methods[1].id = "did:x:other".into();
    methods[1].life.compromised = Some(CREATED);
    assert_eq!(refusal_of(signed.as_str(), &methods), Refusal::KeyCompromised);
}

#[test]
fn of_several_keys_with_one_name_one_that_may_have_signed_is_enough() {
    let (issuer, other) = (Issuer::new(), Issuer::new());
    let signed = issuer.sign(&bound_document());
    let own = issuer.1[0].clone();
    let late = VerificationMethod {
        life: Life { from: Some(CREATED + time::Duration::DAY), ..Life::default() },
        ..own.clone()
    };
    let foreign = VerificationMethod { origin: Origin::Foreign, ..own.clone() };
    for methods in [
        [other.1[0].clone(), own.clone()],
        [own.clone(), other.1[0].clone()],
        [late.clone(), own.clone()],
        [late.clone(), foreign],
    ] {
        assert!(verify(signed.as_str(), &methods).is_ok());
    }
    assert_eq!(refusal_of(signed.as_str(), &[other.1[0].clone(), late]), Refusal::KeyNotValidThen);
    assert_eq!(refusal_of(signed.as_str(), &other.1), Refusal::BadSignature);
}

#[test]
fn a_key_for_status_lists_signs_no_certificates() {
    let issuer = Issuer::new();
    let signed = issuer.sign(&bound_document());
    let lists = VerificationMethod { purpose: Purpose::StatusLists, ..issuer.1[0].clone() };
    assert_eq!(refusal_of(signed.as_str(), &[lists]), Refusal::UnknownKey);
}

#[test]
fn a_certificate_signed_anew_is_believed_beside_the_compromised_keys_proof_in_either_order() {
    let (old, new) = (Issuer::new(), Issuer::new());
    let (mut one, other) = (old.signed_value(&bound_document()), new.signed_value(&bound_document()));
    let mut methods = vec![old.1[0].clone(), new.1[0].clone()];
    methods[0].life.compromised = Some(CREATED);
    for order in [[0, 1], [1, 0]] {
        let proofs = [old.signed_value(&bound_document())["proof"].clone(), other["proof"].clone()];
        one["proof"] = json!(order.map(|place| proofs[place].clone()));
        assert!(verify(&one.to_string(), &methods).is_ok());
        // The gravest reason, whatever stands first.
        let late = Life { from: Some(CREATED + time::Duration::DAY), ..Life::default() };
        let refused = [methods[0].clone(), VerificationMethod { life: late, ..methods[1].clone() }];
        assert_eq!(refusal(&one, &refused), Refusal::KeyCompromised);
    }
}

#[test]
fn a_time_that_is_none_passes_only_where_the_key_has_no_limits() {
    // DIVOC does not look at it.
    assert!(Life::default().covers_text("yesterday"));
    assert!(!Life { from: Some(CREATED), ..Life::default() }.covers_text("yesterday"));
    assert!(!Life { until: Some(CREATED), ..Life::default() }.covers_text(""));
    assert!(Life { until: Some(CREATED), ..Life::default() }.covers_text("2026-11-22T01:45:50+05:30"));
}

#[test]
fn an_attempt_that_another_key_began_seems_never_older_than_the_key_that_ends_it() {
    let (early, late) = (CREATED - time::Duration::HOUR, CREATED);
    let life = |from| Life { from, ..Life::default() };
    assert_eq!(life(None).created(early), early);
    assert_eq!(life(Some(late)).created(early), late);
    assert_eq!(life(Some(early)).created(late), late);
}
