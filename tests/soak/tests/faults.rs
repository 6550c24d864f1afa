//! A bad week, and weeks with a broken rule: the first leaves nothing lost and nothing double, the others are noticed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

use soak::{Account, Run, Standing, Weather, memory::Broken};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU64},
};

fn run(seed: u64, events: u64, weather: Weather, broken: Option<Broken>) -> Account {
    let standing = Arc::new(Standing::new().unwrap());
    soak::run(Run { seed, events, weather, broken }, &standing, &Arc::new(AtomicU64::new(0))).unwrap()
}

#[test]
fn in_calm_weather_each_event_is_signed_once() {
    let account = run(1, 2_000, Weather::CALM, None);
    assert_eq!(account.wrongs, BTreeMap::new(), "{account}");
    assert_eq!((account.signatures, account.in_vain), (account.stored, 0), "{account}");
    assert!(account.events >= 2_000 && account.faults.is_empty(), "{account}");
}

#[test]
fn the_same_seed_is_the_same_run() {
    let (one, other) = (run(7, 1_000, Weather::STORM, None), run(7, 1_000, Weather::STORM, None));
    assert_eq!(one, other);
    assert_ne!(one.trace, run(8, 1_000, Weather::STORM, None).trace);
}

#[test]
fn a_storm_loses_nothing_and_doubles_nothing() {
    let account = soak::soak(1_000, EVENTS, Weather::STORM, &Arc::default()).unwrap();
    println!("{account}");
    assert_eq!(account.wrongs, BTreeMap::new(), "{account}");
    assert!(account.events >= EVENTS, "{account}");
    assert_eq!(account.signatures, account.stored + account.in_vain, "{account}");
}

#[test]
fn nobody_signs_on_a_lease_that_ran_out_on_the_way() {
    let account = run(3, 3_000, Weather::MUD, None);
    println!("{account}");
    assert_eq!(account.wrongs, BTreeMap::new(), "{account}");
}

#[test]
fn a_rule_that_is_broken_is_noticed() {
    let expected = [
        (Broken::NoLease, "signed beside another holder"),
        (Broken::NoHolder, "a certificate entered twice in the log"),
        (Broken::Forgetful, "an acknowledged certificate is lost"),
        (Broken::NoEnd, "a dose has not exactly one valid certificate"),
    ];
    for (broken, what) in expected {
        let account = run(5, 3_000, Weather::STORM, Some(broken));
        println!("{broken:?}: {:?}", account.wrongs);
        assert!(account.wrongs.contains_key(what), "{broken:?} {account}");
    }
}

/// Some minutes of two cores. `make soak` runs ten million.
const EVENTS: u64 = 1_000_000;
