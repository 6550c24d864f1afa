use super::*;
use crate::{Suite, jws::tests::Signer};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use flate2::{Compression, write::GzEncoder};
use proptest::prelude::*;
use std::{
    collections::{BTreeSet, HashMap},
    io::Write as _,
    sync::LazyLock,
};
use time::macros::datetime;

const DID: &str = "did:india";
const NOW: OffsetDateTime = datetime!(2026-11-25 10:00 UTC);
const LATER: OffsetDateTime = datetime!(2026-11-25 11:00 UTC);
const TOMORROW: OffsetDateTime = datetime!(2026-11-26 10:00 UTC);

static P256: LazyLock<Signer> = LazyLock::new(|| Signer::new(Suite::Es256, &status_method(DID)));

fn list_text(list: &RevocationList) -> String {
    P256.seal(list.prepare(&P256.method.key))
}

/// What the key would sign over any payload, with a list's header.
fn forged(payload: &str) -> String {
    P256.seal(Prepared::new(&P256.method.key, "revocation-list+jws", &P256.method.key.thumbprint(), payload))
}

fn ours(position: u64) -> CertificateId {
    CertificateId::new(Position::new(position).unwrap(), 7)
}

fn foreign(text: &str) -> CertificateId {
    CertificateId::parse(text).unwrap()
}

fn suspended(until: OffsetDateTime) -> Status {
    Status::Suspended { until }
}

/// List 2: one of each.
fn mixed() -> RevocationList {
    RevocationList::first(DID, NOW, TOMORROW).next(
        [
            (&ours(5), Status::Revoked),
            (&ours(Position::MOST - 1), suspended(TOMORROW)),
            (&ours(0), Status::Superseded),
            (&foreign("123456789"), Status::Revoked),
        ],
        NOW,
        TOMORROW,
    )
}

#[test]
fn every_suite_signs_a_list_that_opens_to_the_same() {
    for suite in Suite::ALL {
        let signer = Signer::new(suite, &status_method(DID));
        let text = signer.seal(mixed().prepare(&signer.method.key));
        assert_eq!(RevocationList::open(&text, signer.methods()), Ok(mixed()), "{suite:?}");
        let delta = mixed().delta_from(&RevocationList::first(DID, NOW, TOMORROW)).unwrap();
        let text = signer.seal(delta.prepare(&signer.method.key));
        assert_eq!(RevocationDelta::open(&text, signer.methods()), Ok(delta), "{suite:?}");
    }
}

#[test]
fn a_list_is_written_like_this() {
    let text = list_text(&mixed());
    let part =
        |at: usize| String::from_utf8(URL_SAFE_NO_PAD.decode(text.split('.').nth(at).unwrap()).unwrap()).unwrap();
    let thumbprint = P256.method.key.thumbprint();
    assert_eq!(part(0), format!(r#"{{"alg":"ES256","typ":"revocation-list+jws","kid":"{thumbprint}"}}"#));
    // The bits come from a second encoder, ten lines of Python; SHA-256 of 123456789 begins with 15e2b0d3c33891eb (sha256sum).
    assert_eq!(
        part(1),
        concat!(
            r#"{"iss":"did:india","number":2,"iat":1795600800,"nextUpdate":1795687200,"#,
            r#""ours":{"count":3,"rice":33,"bits":"AAAAACAAAAAR_f____nA","until":[1795687200]},"#,
            r#""foreign":{"count":1,"rice":59,"bits":"14rDTwziR6w","until":[]}}"#
        )
    );
}

#[test]
fn whoever_asks_gets_the_status_at_that_time() {
    let list = mixed();
    let at = |id: &CertificateId, now| list.status_of(id, now);
    assert_eq!(at(&ours(5), NOW), Status::Revoked);
    assert_eq!(at(&ours(0), NOW), Status::Superseded);
    assert_eq!(at(&ours(6), NOW), Status::Valid);
    assert_eq!(at(&ours(Position::MOST - 1), LATER), suspended(TOMORROW));
    assert_eq!(at(&ours(Position::MOST - 1), TOMORROW), Status::Valid);
    assert_eq!(at(&foreign("123456789"), NOW), Status::Revoked);
    assert_eq!(at(&foreign("123456788"), NOW), Status::Valid);
    // The place decides, whatever the random part of the id.
    assert_eq!(at(&CertificateId::new(Position::new(5).unwrap(), 8), NOW), Status::Revoked);
}

#[test]
fn a_list_tells_how_fresh_it_is() {
    let list = mixed();
    assert_eq!((list.issuer(), list.number(), list.len(), list.is_empty()), (DID, 2, 4, false));
    assert_eq!((list.issued_at(), list.next_update()), (NOW, TOMORROW));
    assert_eq!(list.age(LATER), Duration::HOUR);
    assert_eq!(list.age(NOW - Duration::HOUR), Duration::ZERO);
    assert!(!list.is_stale(TOMORROW - Duration::SECOND));
    assert!(list.is_stale(TOMORROW));
}

#[test]
fn the_last_change_counts_and_what_is_valid_goes() {
    let list = mixed().next(
        [(&ours(5), Status::Valid), (&ours(0), suspended(TOMORROW)), (&ours(0), Status::Revoked)],
        LATER,
        TOMORROW,
    );
    assert_eq!(list.number(), 3);
    assert_eq!(list.status_of(&ours(5), LATER), Status::Valid);
    assert_eq!(list.status_of(&ours(0), LATER), Status::Revoked);
    assert_eq!(list.len(), 3);
    let over = list.next([], TOMORROW, TOMORROW + Duration::DAY);
    assert_eq!((over.number(), over.len()), (4, 2));
    assert_eq!(list.lists_of_suspensions_over(TOMORROW), [(1 << 19) - 1]);
    assert_eq!(list.lists_of_suspensions_over(LATER), [0; 0]);
    assert!(over.agrees_with(&over.next([], TOMORROW, TOMORROW + Duration::DAY)));
    assert!(!over.agrees_with(&list));
    assert!(!RevocationList::first(DID, NOW, TOMORROW).agrees_with(&RevocationList::empty("did:x", 1, NOW, TOMORROW)));
}

#[test]
fn a_suspension_is_rather_longer_than_shorter() {
    let until = datetime!(2026-11-26 09:59:59.001 +5:30);
    let list = RevocationList::first(DID, NOW, TOMORROW).next([(&ours(1), suspended(until))], NOW, TOMORROW);
    assert_eq!(list.status_of(&ours(1), NOW), suspended(datetime!(2026-11-26 04:30 UTC)));
}

#[test]
fn a_delta_fits_its_base_only() {
    let first = RevocationList::first(DID, NOW, TOMORROW);
    let delta = mixed().delta_from(&first).unwrap();
    assert_eq!((delta.from(), delta.number(), delta.lists()), (1, 2, vec![0, (1 << 19) - 1]));
    assert_eq!(delta.apply(&first), Ok(mixed()));
    assert_eq!(delta.apply(&mixed()), Err(NotItsBase::Number { wanted: 1, found: 2 }));
    assert_eq!(delta.apply(&RevocationList::first("did:other", NOW, TOMORROW)), Err(NotItsBase::Issuer));
    assert_eq!(first.delta_from(&mixed()), None);
    assert_eq!(mixed().delta_from(&RevocationList::first("did:other", NOW, TOMORROW)), None);
}

#[test]
fn the_entries_of_one_w3c_list_are_its_own() {
    let list = mixed().next([(&ours(Position::ENTRIES), Status::Revoked)], LATER, TOMORROW);
    let places = |number| list.in_list(number).map(|(position, _)| position.number()).collect::<Vec<_>>();
    assert_eq!(places(0), [0, 5]);
    assert_eq!(places(1), [Position::ENTRIES]);
    assert_eq!(places(2), [0; 0]);
    assert_eq!(places((1 << 19) - 1), [Position::MOST - 1]);
    assert_eq!(places(u64::MAX), [0; 0]);
}

#[test]
fn another_key_another_type_and_a_changed_text_are_refused() {
    let text = list_text(&mixed());
    let stranger = Signer::new(Suite::Es256, &status_method(DID));
    assert_eq!(RevocationList::open(&text, stranger.methods()), Err(BadJws::UnknownKey.into()));
    assert_eq!(RevocationList::open(&text, &[]), Err(BadJws::UnknownKey.into()));
    assert_eq!(RevocationDelta::open(&text, P256.methods()), Err(BadJws::UnknownKey.into()));
    for name in ["did:india", "did:other#status", "#status"] {
        let method = VerificationMethod::new(name, P256.method.key.clone());
        assert_eq!(RevocationList::open(&text, &[method]), Err(BadList::WrongKey), "{name}");
    }
    let mut parts: Vec<&str> = text.split('.').collect();
    let other = URL_SAFE_NO_PAD.encode(r#"{"iss":"did:india"}"#);
    parts[1] = &other;
    assert_eq!(RevocationList::open(&parts.join("."), P256.methods()), Err(BadJws::BadSignature.into()));
    for (broken, reason) in [
        ("", BadJws::Malformed),
        ("a.b", BadJws::Malformed),
        ("a.b.c", BadJws::UnknownKey),
        (&format!("{text}.e30"), BadJws::BadSignature),
        (&format!("{text}="), BadJws::Malformed),
        (&" ".repeat((16 << 20) + 1), BadJws::TooLong),
    ] {
        assert_eq!(RevocationList::open(broken, P256.methods()), Err(reason.into()));
    }
}

#[test]
fn what_a_signer_gone_astray_could_write_is_refused() {
    let section = |count: u64, rice: u8, bits: &[u8], until: &str| {
        let bits = URL_SAFE_NO_PAD.encode(bits);
        format!(r#"{{"count":{count},"rice":{rice},"bits":"{bits}","until":[{until}]}}"#)
    };
    let none = section(0, 0, &[], "");
    let whole = |ours: &str, foreign: &str| {
        format!(
            r#"{{"iss":"{DID}","number":2,"iat":1795600800,"nextUpdate":1795687200,"ours":{ours},"foreign":{foreign}}}"#
        )
    };
    let opened = |payload: &str| RevocationList::open(&forged(payload), P256.methods());
    // The honest one: position 0, revoked.
    assert_eq!(opened(&whole(&section(1, 0, &[0], ""), &none)).map(|list| list.len()), Ok(1));

    let cases = [
        ("more entries than any list may have", whole(&section(2_000_001, 0, &vec![0; 600_000], ""), &none)),
        ("more entries than its bits hold", whole(&section(5, 0, &[0], ""), &none)),
        ("as many as a number holds", whole(&section(u64::MAX, 0, &[0], ""), &none)),
        ("a parameter beyond 63", whole(&section(1, 64, &[0; 20], ""), &none)),
        ("a parameter that is not the best", whole(&section(1, 1, &[0], ""), &none)),
        ("a gap without end", whole(&section(1, 0, &[0xFF; 1000], ""), &none)),
        ("a gap beyond 64 bits", whole(&none, &section(1, 63, &[0xFF; 20], ""))),
        ("a position beyond all lists", whole(&section(1, 36, &[0xC0, 0, 0, 0, 0, 0], ""), &none)),
        ("bits behind the last entry", whole(&section(1, 0, &[0, 0], ""), &none)),
        ("a set bit behind the last entry", whole(&section(1, 0, &[1], ""), &none)),
        ("an entry that is valid", whole(&section(1, 0, &[0b0111_0000], ""), &none)),
        ("a suspension without end", whole(&section(1, 0, &[0b0110_0000], ""), &none)),
        ("a suspension that is over", whole(&section(1, 0, &[0b0110_0000], "1795600800"), &none)),
        ("a suspension until no time", whole(&section(1, 0, &[0b0110_0000], "9223372036854775807"), &none)),
        ("an end too many", whole(&section(1, 0, &[0], "1795687200"), &none)),
        ("a list that starts from another", whole(&none, &none).replace(r#""iat""#, r#""from":1,"iat""#)),
        ("number 0", whole(&none, &none).replace(r#""number":2"#, r#""number":0"#)),
        ("a next update before its time", whole(&none, &none).replace("1795687200", "1795600800")),
        ("a member that is unknown", whole(&none, &none).replace(r#""iat""#, r#""x":1,"iat""#)),
        ("a member that stands twice", whole(&none, &none).replace(r#""iat""#, r#""number":2,"iat""#)),
        ("white space", whole(&none, &none).replace(r#""iat""#, r#" "iat""#)),
        ("no JSON", String::new()),
    ];
    for (what, payload) in cases {
        assert!(matches!(opened(&payload), Err(BadList::Malformed(_))), "{what}");
    }
    let delta = P256.seal(Prepared::new(
        &P256.method.key,
        "revocation-delta+jws",
        &P256.method.key.thumbprint(),
        &whole(&none, &none).replace(r#""iat""#, r#""from":2,"iat""#),
    ));
    assert!(matches!(RevocationDelta::open(&delta, P256.methods()), Err(BadList::Malformed(_))), "to itself");
}

/// 100,000,000 certificates of which every thousandth is revoked, at random places.
#[test]
fn a_hundred_million_certificates_of_which_a_thousandth_is_revoked_fit_300_kib() {
    let mut state = 1_u64;
    let mut draw = || {
        // A linear congruential generator (Knuth, MMIX): random enough for gaps.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % 100_000_000
    };
    let positions: BTreeSet<u64> = std::iter::repeat_with(&mut draw).take(100_100).collect();
    let ids: Vec<_> = positions.into_iter().take(100_000).map(ours).collect();
    let statuses = [Status::Revoked, Status::Revoked, Status::Superseded, Status::Revoked];
    let changes = ids.iter().zip(statuses.into_iter().cycle());
    let list = RevocationList::first(DID, NOW, TOMORROW).next(changes, NOW, TOMORROW);
    assert_eq!(list.len(), 100_000);
    let text = list_text(&list);
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(text.as_bytes()).unwrap();
    let compressed = gzip.finish().unwrap().len();
    println!("100,000 entries: {} bytes, {compressed} with gzip", text.len());
    assert!(text.len() < 300 << 10, "{} bytes", text.len());
    assert!(compressed < 240_000, "{compressed} bytes");
    assert_eq!(RevocationList::open(&text, P256.methods()), Ok(list));
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        Just(Status::Valid),
        Just(Status::Revoked),
        Just(Status::Superseded),
        (-7200_i64..7200).prop_map(|seconds| suspended(LATER + Duration::seconds(seconds))),
    ]
}

fn id() -> impl Strategy<Value = CertificateId> {
    prop_oneof![
        (0..40_u64).prop_map(ours),
        (0..Position::MOST).prop_map(ours),
        (100_000_000..100_000_040_u64).prop_map(|number| foreign(&number.to_string())),
    ]
}

fn changes() -> impl Strategy<Value = Vec<(CertificateId, Status)>> {
    proptest::collection::vec((id(), status()), 0..60)
}

fn refs(changes: &[(CertificateId, Status)]) -> impl Iterator<Item = (&CertificateId, Status)> {
    changes.iter().map(|(id, status)| (id, *status))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_delta_on_its_base_is_the_whole_list_and_both_survive_their_text(before in changes(), after in changes()) {
        let base = RevocationList::first(DID, NOW, TOMORROW).next(refs(&before), NOW, TOMORROW);
        let whole = base.next(refs(&after), LATER, TOMORROW);
        let delta = whole.delta_from(&base).unwrap();
        let sent = P256.seal(delta.prepare(&P256.method.key));
        let received = RevocationDelta::open(&sent, P256.methods()).unwrap();
        prop_assert_eq!(received.apply(&base).unwrap(), whole.clone());
        prop_assert_eq!(RevocationList::open(&list_text(&whole), P256.methods()).unwrap(), whole.clone());
        // Over two steps as over one.
        let last = whole.next(refs(&before), TOMORROW, TOMORROW + Duration::DAY);
        prop_assert_eq!(last.delta_from(&base).unwrap().apply(&base).unwrap(), last);
    }

    #[test]
    fn a_list_says_of_each_certificate_what_was_said_last(changes in changes(), at in 0_i64..7200) {
        let list = RevocationList::first(DID, NOW, TOMORROW).next(refs(&changes), NOW, TOMORROW);
        let now = NOW + Duration::seconds(at);
        let mut last = HashMap::new();
        for (id, status) in &changes {
            last.insert(id.clone(), *status);
        }
        for (id, status) in last {
            prop_assert_eq!(list.status_of(&id, now), status.at(now));
        }
    }

    #[test]
    fn no_text_makes_opening_fall(payload in ".{0,200}", bits in proptest::collection::vec(any::<u8>(), 0..200), count in 0..2000_u32, rice: u8) {
        let bits = URL_SAFE_NO_PAD.encode(bits);
        let section = format!(r#"{{"count":{count},"rice":{rice},"bits":"{bits}","until":[1795687200]}}"#);
        let whole = format!(r#"{{"iss":"{DID}","number":2,"iat":1795600800,"nextUpdate":1795687200,"ours":{section},"foreign":{section}}}"#);
        prop_assert!(RevocationList::open(&forged(&payload), P256.methods()).is_err());
        if let Ok(list) = RevocationList::open(&forged(&whole), P256.methods()) {
            let (written, read) = (list_text(&list), forged(&whole));
            prop_assert_eq!(written.split('.').nth(1), read.split('.').nth(1));
        }
    }
}
