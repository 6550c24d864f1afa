use super::*;
use crate::{Suite, jws::tests::Signer, revocations::status_method};
use time::macros::datetime;

const DID: &str = "did:india";
const URL: &str = "https://certificates.example";
const NOW: OffsetDateTime = datetime!(2026-11-25 10:00 UTC);
const TOMORROW: OffsetDateTime = datetime!(2026-11-26 10:00 UTC);
const SECRET: [u8; 32] = [7; 32];

fn id(number: u64) -> CertificateId {
    CertificateId::new(Position::of_number(number, &SECRET).unwrap(), 1)
}

/// The first `revoked` certificates revoked, the next `suspended` ones suspended.
fn list(revoked: u64, suspended: u64) -> RevocationList {
    let ids: Vec<_> = (0..revoked + suspended).map(id).collect();
    let status = |number: usize| {
        if number < usize::try_from(revoked).unwrap() { Status::Revoked } else { Status::Suspended { until: TOMORROW } }
    };
    let changes = ids.iter().enumerate().map(|(number, id)| (id, status(number)));
    RevocationList::first(DID, NOW, TOMORROW).next(changes, NOW, TOMORROW)
}

#[test]
fn a_credential_says_what_the_standard_wants_and_opens_to_its_bits() {
    for suite in Suite::ALL {
        let signer = Signer::new(suite, &status_method(DID));
        let bits = Bitstring::of(&list(20, 3), 0, Purpose::Revocation, &SECRET);
        let key = &signer.method.key;
        let text = signer.seal(bits.prepare(DID, URL, datetime!(2026-11-25 15:30:00.7 +5:30), key));
        assert_eq!(
            Bitstring::open(&text, DID, 0, Purpose::Revocation, signer.methods()),
            Ok(bits.clone()),
            "{suite:?}"
        );
        let part = |at: usize| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text.split('.').nth(at).unwrap()).unwrap()).unwrap()
        };
        assert_eq!(
            part(0),
            json!({ "alg": suite.algorithm(), "typ": "vc+jwt", "kid": format!("{DID}#{}", key.thumbprint()) })
        );
        assert_eq!(
            part(1),
            json!({
                "@context": ["https://www.w3.org/ns/credentials/v2"],
                "id": "https://certificates.example/status/lists/0/revocation",
                "type": ["VerifiableCredential", "BitstringStatusListCredential"],
                "issuer": "did:india",
                "validFrom": "2026-11-25T10:00:00Z",
                "credentialSubject": {
                    "id": "https://certificates.example/status/lists/0/revocation#list",
                    "type": "BitstringStatusList",
                    "statusPurpose": "revocation",
                    "encodedList": bits.encoded(),
                },
            })
        );
    }
}

#[test]
fn an_entry_leads_to_the_bit_of_its_certificate() {
    let position = Position::new(3 * Position::ENTRIES + 94_567).unwrap();
    let id = CertificateId::new(position, 5);
    assert_eq!(
        entry(URL, &id, Purpose::Suspension),
        Some(json!({
            "id": "https://certificates.example/status/lists/3/suspension#94567",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "suspension",
            "statusListIndex": "94567",
            "statusListCredential": "https://certificates.example/status/lists/3/suspension",
        }))
    );
    assert_eq!(entry(URL, &CertificateId::parse("123456789").unwrap(), Purpose::Revocation), None);
}

#[test]
fn each_purpose_has_its_own_bits() {
    let superseded = id(50);
    let list = list(20, 3).next([(&superseded, Status::Superseded)], NOW, TOMORROW);
    let [revoked, suspended] = Purpose::ALL.map(|purpose| Bitstring::of(&list, 0, purpose, &SECRET));
    for number in 0..60 {
        let position = id(number).position().unwrap();
        assert_eq!(revoked.is_set(position), number < 20 || number == 50, "{number}");
        assert_eq!(suspended.is_set(position), (20..23).contains(&number), "{number}");
    }
    // Entry 0 is the highest bit of the first byte.
    let first = CertificateId::new(Position::new(0).unwrap(), 0);
    let list = RevocationList::first(DID, NOW, TOMORROW).next([(&first, Status::Revoked)], NOW, TOMORROW);
    assert_eq!(Bitstring::of(&list, 0, Purpose::Revocation, &SECRET).bytes[0] & 0x80, 0x80);
    assert!(!Bitstring::of(&list, 1, Purpose::Revocation, &SECRET).is_set(Position::new(0).unwrap()));
}

#[test]
fn decoys_are_set_at_the_rate_of_certificates_stay_and_are_no_certificates() {
    let bits = |revoked, secret| Bitstring::of(&list(revoked, 0), 0, Purpose::Revocation, secret);
    let decoys = |bits: &Bitstring, secret| {
        Position::reserved(0, secret).filter(|position| bits.is_set(*position)).collect::<Vec<_>>()
    };
    let mut earlier = Vec::new();
    for (revoked, wanted) in [(0, 0), (1, 1), (150, 10), (1500, 100)] {
        let bits = bits(revoked, &SECRET);
        let decoys = decoys(&bits, &SECRET);
        assert_eq!((decoys.len(), u64::from(bits.count())), (wanted, revoked + u64::try_from(wanted).unwrap()));
        assert!(earlier.iter().all(|decoy| decoys.contains(decoy)), "one was taken back");
        earlier = decoys;
    }
    assert_ne!(bits(1500, &SECRET), bits(1500, &[8; 32]));
    let both = list(300, 300);
    let [revoked, suspended] = Purpose::ALL.map(|purpose| Bitstring::of(&both, 0, purpose, &SECRET));
    assert!(Position::reserved(0, &SECRET).all(|position| !(revoked.is_set(position) && suspended.is_set(position))));
}

#[test]
fn the_standards_own_list_unpacks_to_zeros_and_a_bomb_does_not() {
    // The example in W3C's Bitstring Status List v1.0: a list of zeros.
    let example = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA";
    assert_eq!(decoded(example), Ok(vec![0; 16_384]));
    let packed = |bytes: usize| {
        let bits = Bitstring { list: 0, purpose: Purpose::Revocation, bytes: vec![0; bytes] };
        decoded(&bits.encoded()).map(|bytes| bytes.len())
    };
    assert_eq!(packed(16_384), Ok(16_384));
    for other in [0, 16_383, 16_385, 50_000_000] {
        assert_eq!(packed(other), Err(BadBitstring::Malformed("its list has another length")));
    }
    for broken in ["", "z", "u", "uAAAA", &example[..40]] {
        assert!(matches!(decoded(broken), Err(BadBitstring::Malformed(_))), "{broken}");
    }
}

#[test]
fn another_list_and_another_key_are_refused() {
    let signer = Signer::new(Suite::Es256, &status_method(DID));
    let bits = Bitstring::of(&list(1, 0), 0, Purpose::Revocation, &SECRET);
    let text = signer.seal(bits.prepare(DID, URL, NOW, &signer.method.key));
    let opened = |list, purpose| Bitstring::open(&text, DID, list, purpose, signer.methods()).err();
    assert_eq!(opened(0, Purpose::Revocation), None);
    assert_eq!(opened(1, Purpose::Revocation), Some(BadBitstring::OtherList));
    assert_eq!(opened(0, Purpose::Suspension), Some(BadBitstring::OtherList));
    let stranger = Signer::new(Suite::Es256, &status_method(DID));
    let refused = |did, methods| Bitstring::open(&text, did, 0, Purpose::Revocation, methods).err();
    assert_eq!(refused(DID, stranger.methods()), Some(BadJws::UnknownKey.into()));
    assert_eq!(refused("did:other", signer.methods()), Some(BadJws::UnknownKey.into()));
}
