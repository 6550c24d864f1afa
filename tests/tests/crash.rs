//! The real process, killed while it works: nothing that it acknowledged is lost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use serde_json::{Value, json};
use std::fs;
use tests::{people, process::start};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_service_has_lost_nothing_that_it_acknowledged() {
    let data = std::env::temp_dir().join(format!("divoc-crash-{}", std::process::id()));
    let mut acknowledged: Vec<(Value, String)> = Vec::new();
    for round in 0..3_u64 {
        let (mut process, _, client) = start(&data).await.unwrap();
        let mut calls = tokio::task::JoinSet::new();
        for person in 0..60 {
            let client = client.clone();
            calls.spawn(async move {
                let event = json!([people::event(round * 1_000 + person, 1)]);
                let answer = client.certify("v1", &event).await.ok()?;
                (answer.status == 200)
                    .then(|| (event, answer.json()["certificates"][0]["certificateId"].as_str().unwrap().to_owned()))
            });
        }
        let mut done = 0;
        while let Some(call) = calls.join_next().await {
            if let Some(pair) = call.unwrap() {
                acknowledged.push(pair);
                done += 1;
            }
            if done == 20 {
                process.kill().unwrap();
            }
        }
        process.kill().unwrap();
        process.wait().unwrap();
        assert!(done >= 20, "round {round}: {done} acknowledged");
    }
    let (mut process, _, client) = start(&data).await.unwrap();
    for (event, id) in &acknowledged {
        assert_eq!(client.get(&format!("/certificate/api/credential/{id}"), "fetcher").await.unwrap().status, 200);
        let again = client.certify("v1", event).await.unwrap().json();
        assert_eq!(again["certificates"][0]["certificateId"], id.as_str());
        assert_eq!(again["certificates"][0]["status"], "alreadyIssued");
    }
    // What was under way when the process died is completed by the same event.
    for person in 0..60 {
        let answer = client.certify("v1", &json!([people::event(person, 1)])).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    process.kill().unwrap();
    process.wait().unwrap();
    fs::remove_dir_all(data).unwrap();
}
