//! Batches: events that are accepted now and certified at the key's pace; and that pace.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use issuer::{App, Config, ports::Pushed, quota};
use std::{cell::Cell, sync::Arc, time::Duration};
use tests::Service;
use time::{OffsetDateTime, macros::datetime};
use tokio::time::Instant;

thread_local! {
    // A test and its service share a thread.
    static NOW: Cell<OffsetDateTime> = const { Cell::new(datetime!(2026-03-01 08:30:00 UTC)) };
}

/// A clock that stands still until a test moves it.
fn stopped() -> OffsetDateTime {
    NOW.get()
}

/// A service at that pace, and its parts.
async fn paced(rate: u32) -> (Service, App) {
    let mut parts = None;
    let service = Service::with(|app| {
        let mut config = Config::clone(&app.config);
        config.pace.signing_rate = rate;
        app.config = Arc::new(config);
        app.clock = stopped;
        parts = Some(app.clone());
    })
    .await;
    (service, parts.unwrap())
}

/// The same parts in another process.
fn elsewhere(app: &App) -> App {
    App { allowance: Arc::default(), ..app.clone() }
}

#[tokio::test]
async fn all_processes_share_one_pace() {
    let (_service, app) = paced(10).await;
    let other = elsewhere(&app);
    assert!(quota::take_now(&app, 6).await.unwrap());
    assert!(!quota::take_now(&other, 5).await.unwrap());
    assert!(quota::take_now(&other, 4).await.unwrap());
    assert!(!quota::take_now(&app, 1).await.unwrap());
    NOW.set(NOW.get() + Duration::from_secs(1));
    assert!(!quota::take_now(&app, 11).await.unwrap(), "more than a second's are never there at once");
    assert!(quota::take_now(&app, 10).await.unwrap());
}

#[tokio::test]
async fn who_waits_for_the_pace_gets_a_turn_and_is_turned_away_if_it_is_too_far() {
    let (_service, app) = paced(20).await;
    quota::take(&app, 20).await.unwrap();
    let begun = Instant::now();
    quota::take(&elsewhere(&app), 4).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(100), "{:?}", begun.elapsed());
    // Many wait already.
    let latest = stopped() + Duration::from_secs(40);
    let pushed = app.quota.push("signing#rsa-local", Duration::from_secs(30), latest, stopped()).await.unwrap();
    assert_eq!(pushed, Pushed::To(stopped() + Duration::from_millis(31_200)));
    assert!(quota::take(&app, 2).await.unwrap_err().to_string().contains("30 seconds"));
}

#[tokio::test]
async fn a_process_asks_for_some_more_than_it_needs_and_not_for_each() {
    let (_service, app) = paced(1_000).await;
    assert!(quota::take_now(&app, 1).await.unwrap());
    let other = elsewhere(&app);
    assert!(!quota::take_now(&other, 991).await.unwrap());
    assert!(quota::take_now(&other, 990).await.unwrap(), "ten were taken, for one");
    for _ in 0..9 {
        assert!(quota::take_now(&app, 1).await.unwrap());
    }
    assert!(!quota::take_now(&app, 1).await.unwrap());
    // Without a pace everybody may.
    let (_service, free) = paced(0).await;
    assert!(quota::take_now(&free, 1_000_000).await.unwrap());
}
