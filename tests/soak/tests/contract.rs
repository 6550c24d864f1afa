//! The records in memory keep every rule of the real ones, down to what leads where.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected has failed"
)]
// Rules of what the simulation has no part in.
#![allow(dead_code)]

#[path = "../../../shared/aws/tests/contract/mod.rs"]
mod contract;

use async_trait::async_trait;
use contract::{Behind, Records};
use credential::PublicKey;
use soak::memory::{Broken, Memory};
use std::{collections::BTreeMap, sync::Arc};

fn records(broken: Option<Broken>) -> Records {
    let memory = Arc::new(Memory::broken(broken));
    Records { store: memory.clone(), behind: Arc::new(Shelves(memory)) }
}

struct Shelves(Arc<Memory>);

#[async_trait]
impl Behind for Shelves {
    async fn traces(&self, needle: &str) -> Vec<String> {
        self.0.kept().traces(needle)
    }

    async fn entries(&self, _: &str) -> Vec<BTreeMap<String, String>> {
        Vec::new()
    }

    async fn put_old_key(&self, _: &str, _: &PublicKey) {}
}

#[tokio::test]
async fn the_records_in_memory_keep_the_rules_of_certificates() {
    contract::certificates(&records(None)).await;
}

#[tokio::test]
async fn the_records_in_memory_keep_the_rules_of_small_records() {
    contract::cabinet::all(&records(None)).await;
}

#[tokio::test]
async fn the_records_in_memory_keep_the_rules_of_quotas() {
    contract::quota::all(&records(None)).await;
}

#[tokio::test]
#[should_panic(expected = "assertion")]
async fn records_without_leases_break_a_rule() {
    contract::a_slot_is_busy_until_its_lease_is_over(&records(Some(Broken::NoLease))).await;
}
