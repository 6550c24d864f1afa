//! What a reporting system sends to be certified: any JSON, under every schema, is a list of events or a list of faults.
#![no_main]

use credential::{Event, Rules, Schema};
use libfuzzer_sys::fuzz_target;
use time::OffsetDateTime;

fuzz_target!(|body: &[u8]| {
    let Ok(body) = serde_json::from_slice(body) else { return };
    let rules = Rules { most_events: 100, calling_code: "91".to_owned() };
    for schema in [Schema::V1, Schema::V3, Schema::Test] {
        let Ok(events) = Event::parse_all(&body, schema, OffsetDateTime::UNIX_EPOCH + NOW, &rules) else { continue };
        assert!(events.len() <= rules.most_events);
        for event in &events {
            // The slot and the digest of an accepted event always exist, and are always the same.
            assert_eq!(event.slot(), event.slot());
            assert_eq!(event.digest(), event.digest());
        }
    }
});

/// 2026-11-21T00:00:00Z: later than the dates in the seeds.
const NOW: time::Duration = time::Duration::seconds(1_795_219_200);
