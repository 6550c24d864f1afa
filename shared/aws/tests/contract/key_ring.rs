//! What every [`KeyRing`] must do. Each rule takes keys of its own, so rules share a table in any order.

use super::{NOW, Records};
use aws_lc_rs::{
    encoding::{AsDer as _, PublicKeyX509Der},
    signature::{Ed25519KeyPair, KeyPair as _},
};
use credential::{Life, Origin, PublicKey, Purpose, VerificationMethod};
use issuer::ports::{Effect, KeyChange, KeyReason, PublishedKey};
use std::collections::BTreeMap;
use time::{Duration, OffsetDateTime};

/// All rules, one after the other.
pub(crate) async fn all(records: &Records) {
    a_key_is_published_once_for_each_name_the_newest_first(records).await;
    a_key_comes_back_as_it_went(records).await;
    what_ends_a_key_ends_it_under_all_names_and_once(records).await;
    a_chain_is_attached_and_exchanged(records).await;
    of_many_who_retire_a_key_at_once_one_does(records).await;
    an_unknown_key_is_an_error(records).await;
    a_key_from_before_keys_had_lives_has_no_limits(records).await;
}

pub(crate) async fn a_key_is_published_once_for_each_name_the_newest_first(records: &Records) {
    let own = method("did:india");
    let other = VerificationMethod { id: "did:other".into(), ..own.clone() };
    let ring = &records.store;
    assert_eq!(ring.publish(&own, &change(NOW)).await.unwrap(), Effect::Changed);
    let longer = VerificationMethod { life: Life::default(), ..own.clone() };
    assert_eq!(ring.publish(&longer, &change(NOW + Duration::DAY)).await.unwrap(), Effect::Unchanged);
    assert_eq!(ring.publish(&other, &change(NOW + Duration::HOUR)).await.unwrap(), Effect::Changed);
    let expected =
        [PublishedKey { method: other, since: NOW + Duration::HOUR }, PublishedKey { method: own.clone(), since: NOW }];
    assert_eq!(of(records, &own.key).await, expected);
    assert_eq!(audit(records, &own.key).await.len(), 2, "a call that changes nothing leaves no entry");
}

pub(crate) async fn a_key_comes_back_as_it_went(records: &Records) {
    let plain = VerificationMethod::new("did:india", method("did:india").key);
    let whole = VerificationMethod {
        life: Life {
            from: Some(NOW - Duration::DAY),
            until: Some(NOW + Duration::milliseconds(1)),
            compromised: Some(NOW),
        },
        purpose: Purpose::StatusLists,
        origin: Origin::Foreign,
        chain: vec![vec![0x30, 0], vec![0xFF]],
        ..method("did:web:health.example#status")
    };
    for method in [plain, whole] {
        records.store.publish(&method, &change(NOW)).await.unwrap();
        assert_eq!(of(records, &method.key).await, [PublishedKey { method: method.clone(), since: NOW }]);
    }
}

pub(crate) async fn what_ends_a_key_ends_it_under_all_names_and_once(records: &Records) {
    let first = method("did:india");
    let ring = &records.store;
    for (id, second) in [("did:india", 0), ("did:other", 1)] {
        let at = NOW + Duration::seconds(second);
        ring.publish(&VerificationMethod { id: id.into(), ..first.clone() }, &change(at)).await.unwrap();
    }
    let until = NOW + Duration::HOUR;
    let at = NOW + Duration::MINUTE;
    assert_eq!(ring.retire(&first.key, until, &change(at)).await.unwrap(), Effect::Changed);
    assert_eq!(ring.retire(&first.key, NOW, &change(at + Duration::MINUTE)).await.unwrap(), Effect::Unchanged);
    assert_eq!(ring.compromise(&first.key, &change(at)).await.unwrap(), Effect::Changed);
    assert_eq!(ring.compromise(&first.key, &change(until)).await.unwrap(), Effect::Unchanged);
    for known in of(records, &first.key).await {
        let life = Life { from: first.life.from, until: Some(until), compromised: Some(at) };
        assert_eq!(known.method.life, life, "{}", known.method.id);
    }
    // A name that comes later is ended by a second call, which leaves what stands.
    let late = VerificationMethod { id: "did:late".into(), ..first.clone() };
    ring.publish(&late, &change(NOW + Duration::seconds(2))).await.unwrap();
    assert_eq!(ring.compromise(&first.key, &change(until)).await.unwrap(), Effect::Changed);
    let ends = of(records, &first.key).await.into_iter().map(|known| (known.method.id, known.method.life.compromised));
    let expected = [("did:india", at), ("did:late", until), ("did:other", at)];
    let expected = expected.map(|(id, time)| (id.to_owned(), Some(time)));
    assert_eq!(ends.collect::<BTreeMap<_, _>>(), BTreeMap::from(expected));

    let thumbprint = first.key.thumbprint();
    let entries = audit(records, &first.key).await;
    let events: Vec<_> = entries.iter().map(|entry| entry["event"].as_str()).collect();
    assert_eq!(
        events,
        ["key-published", "key-published", "key-published", "key-compromised", "key-retired", "key-compromised"]
    );
    let retired = &entries[4];
    let time = "2026-03-01T08:31:00.250Z";
    let shard = format!("{:x}", thumbprint.bytes().map(usize::from).sum::<usize>() % 16);
    let expected = [
        ("PK", format!("A#2026-03-01T08:31#{shard}")),
        ("SK", format!("{time}#{thumbprint}#key-retired")),
        ("id", thumbprint),
        ("event", "key-retired".to_owned()),
        ("actor", "an administrator".to_owned()),
        ("reason", "rotation".to_owned()),
        ("at", time.to_owned()),
    ];
    assert_eq!(*retired, expected.map(|(name, value)| (name.to_owned(), value)).into());
}

pub(crate) async fn a_chain_is_attached_and_exchanged(records: &Records) {
    let own = method("did:india");
    let ring = &records.store;
    ring.publish(&own, &change(NOW)).await.unwrap();
    let (first, second) = (vec![vec![1; 900], vec![2]], vec![vec![3]]);
    for (chain, effect) in
        [(&first, Effect::Changed), (&first, Effect::Unchanged), (&second, Effect::Changed), (&first, Effect::Changed)]
    {
        assert_eq!(ring.attach_chain(&own.key, chain, &change(NOW)).await.unwrap(), effect);
        assert_eq!(of(records, &own.key).await[0].method.chain, *chain);
    }
}

pub(crate) async fn of_many_who_retire_a_key_at_once_one_does(records: &Records) {
    let own = method("did:india");
    records.store.publish(&own, &change(NOW)).await.unwrap();
    let calls: Vec<_> = (1..=16)
        .map(|minute| {
            let (records, key) = (records.clone(), own.key.clone());
            let until = NOW + Duration::minutes(minute);
            tokio::spawn(async move { (until, records.store.retire(&key, until, &change(NOW)).await.unwrap()) })
        })
        .collect();
    let mut stands = Vec::new();
    for call in calls {
        let (until, effect) = call.await.unwrap();
        stands.extend((effect == Effect::Changed).then_some(until));
    }
    assert_eq!(stands.len(), 1, "{stands:?}");
    assert_eq!(of(records, &own.key).await[0].method.life.until, Some(stands[0]));
}

pub(crate) async fn an_unknown_key_is_an_error(records: &Records) {
    let (ring, key) = (&records.store, method("did:india").key);
    assert!(ring.retire(&key, NOW, &change(NOW)).await.is_err());
    assert!(ring.compromise(&key, &change(NOW)).await.is_err());
    assert!(ring.attach_chain(&key, &[vec![1]], &change(NOW)).await.is_err());
    assert_eq!(audit(records, &key).await.len(), 0);
}

pub(crate) async fn a_key_from_before_keys_had_lives_has_no_limits(records: &Records) {
    let key = method("did:india").key;
    records.behind.put_old_key("did:india", &key).await;
    let plain = PublishedKey { method: VerificationMethod::new("did:india", key.clone()), since: NOW };
    assert_eq!(of(records, &key).await, [plain]);
    assert_eq!(records.store.retire(&key, NOW, &change(NOW)).await.unwrap(), Effect::Changed);
    assert_eq!(of(records, &key).await[0].method.life.until, Some(NOW));
}

fn change(at: OffsetDateTime) -> KeyChange {
    KeyChange { actor: "an administrator".into(), reason: KeyReason::Rotation, at }
}

/// A new key that signs since [`NOW`].
fn method(id: &str) -> VerificationMethod {
    let pair = Ed25519KeyPair::generate().unwrap();
    let der: PublicKeyX509Der = pair.public_key().as_der().unwrap();
    let life = Life { from: Some(NOW), ..Life::default() };
    VerificationMethod { life, ..VerificationMethod::new(id, PublicKey::from_der(der.as_ref()).unwrap()) }
}

async fn of(records: &Records, key: &PublicKey) -> Vec<PublishedKey> {
    let mut keys = records.store.keys().await.unwrap();
    keys.retain(|known| known.method.key == *key);
    keys
}

/// The audit entries of a key, in order of their sort keys, as texts.
async fn audit(records: &Records, key: &PublicKey) -> Vec<BTreeMap<String, String>> {
    records.behind.entries(&key.thumbprint()).await
}
