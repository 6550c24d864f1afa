//! What every [`Quota`] must do. Each rule takes a mark of its own.

use super::{NOW, Records, next};
use issuer::ports::Pushed;
use std::time::Duration;
use tokio::task::JoinSet;

/// All rules, one after the other.
pub(crate) async fn all(records: &Records) {
    a_mark_is_pushed_from_where_it_stands_and_from_now_where_that_is_over(records).await;
    of_many_who_push_as_many_are_let_as_there_is_room_for(records).await;
}

async fn a_mark_is_pushed_from_where_it_stands_and_from_now_where_that_is_over(records: &Records) {
    let mark = format!("pace#{}", next());
    let push = async |millis: u64, now: u64| {
        let now = NOW + Duration::from_millis(now);
        let latest = now + Duration::from_secs(1);
        match records.store.push(&mark, Duration::from_millis(millis), latest, now).await.unwrap() {
            Pushed::To(there) => Some((there - NOW).whole_milliseconds()),
            Pushed::Stays => None,
        }
    };
    assert_eq!(push(1_001, 0).await, None, "more than there can be");
    assert_eq!(push(600, 0).await, Some(600));
    assert_eq!(push(400, 0).await, Some(1_000));
    assert_eq!(push(1, 0).await, None);
    assert_eq!(push(250, 250).await, Some(1_250));
    assert_eq!(push(250, 9_000).await, Some(9_250), "what was not used is not kept");
}

async fn of_many_who_push_as_many_are_let_as_there_is_room_for(records: &Records) {
    let mark = format!("pace#{}", next());
    let mut attempts = JoinSet::new();
    for _ in 0..32 {
        let (store, mark) = (records.store.clone(), mark.clone());
        let latest = NOW + Duration::from_secs(1);
        attempts.spawn(async move { store.push(&mark, Duration::from_millis(100), latest, NOW).await.unwrap() });
    }
    let let_in = attempts.join_all().await.into_iter().filter(|pushed| matches!(pushed, Pushed::To(_))).count();
    assert_eq!(let_in, 10);
}
