use super::*;
use time::macros::datetime;

const NOW: OffsetDateTime = datetime!(2026-11-26 12:00 UTC);

fn vector(name: &str) -> String {
    let path = format!("{}/../../tests/vectors/ca/{name}.pem", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn key(name: &str) -> PublicKey {
    PublicKey::from_pem(&vector(&format!("{name}.public"))).unwrap()
}

fn fault(pem: &str, of: &str, now: OffsetDateTime) -> &'static str {
    Chain::from_pem(pem, &key(of), now).unwrap_err().0
}

/// The certificates of `rsa.chain.pem`: the key's, the issuing CA's, the root's.
fn blocks() -> Vec<String> {
    let pem = vector("rsa.chain");
    pem.split_inclusive("-----END CERTIFICATE-----\n").map(str::to_owned).collect()
}

#[test]
fn a_chain_of_every_kind_of_key_is_taken_with_or_without_its_root() {
    for name in ["rsa", "p256", "secp256k1", "ed25519"] {
        let pem = vector(&format!("{name}.chain"));
        let chain = Chain::from_pem(&pem, &key(name), NOW).unwrap();
        assert_eq!(chain.certificates().len(), 3, "{name}");
        assert_eq!(chain.expires().year(), 2126, "{name}");
        assert_eq!(expiry(chain.certificates()), Some(chain.expires()));
        let short = Chain::check(chain.certificates()[..2].to_vec(), &key(name), NOW).unwrap();
        assert_eq!(short.certificates(), &chain.certificates()[..2]);
    }
}

#[test]
fn it_expires_with_the_first_of_its_certificates() {
    let pem = vector("short") + &vector("issuing");
    let end = Chain::from_pem(&pem, &key("short"), NOW).unwrap().expires();
    assert_eq!(end.date(), datetime!(2026-11-27 0:00 UTC).date());
    assert!(Chain::from_pem(&pem, &key("short"), end).is_ok());
    let after = end + time::Duration::SECOND;
    assert_eq!(fault(&pem, "short", after), "a certificate has expired");
    assert_eq!(fault(&pem, "short", datetime!(2026-11-25 0:00 UTC)), "a certificate is not valid yet");
}

#[test]
fn each_link_must_hold() {
    let [rsa, issuing, root] = <[String; 3]>::try_from(blocks()).unwrap();
    let (selfmade, underling, stranger) = (vector("selfmade"), vector("underling"), vector("stranger"));
    let alone = "it needs the key's certificate and at least the one of the CA that made it";
    let unlinked = "a certificate is not certified by the one after it";
    for (chain, of, why) in [
        (vec![], "rsa", alone),
        (vec![&rsa], "rsa", alone),
        (vec![&selfmade], "selfmade", alone),
        (vec![&selfmade, &selfmade], "selfmade", "the last certificate is not one of a CA"),
        (vec![&rsa, &issuing, &root], "p256", "the first certificate is another key's"),
        (vec![&issuing, &root], "rsa", "the first certificate is another key's"),
        (vec![&rsa, &root], "rsa", unlinked),
        (vec![&rsa, &stranger], "rsa", unlinked),
        (vec![&rsa, &issuing, &stranger], "rsa", unlinked),
        (vec![&underling, &rsa], "underling", "the last certificate is not one of a CA"),
        (vec![&underling, &rsa, &issuing], "underling", unlinked),
        (vec![&rsa, &root, &issuing], "rsa", "the certificates are not in order, or some are not needed"),
        (vec![&rsa, &stranger, &issuing], "rsa", "the certificates are not in order, or some are not needed"),
        (vec![&rsa, &issuing, &issuing, &issuing, &issuing, &issuing, &root], "rsa", "there are too many certificates"),
    ] {
        let pem: String = chain.into_iter().map(String::as_str).collect();
        assert_eq!(fault(&pem, of, NOW), why);
    }
}

#[test]
fn a_changed_certificate_is_refused() {
    let good = Chain::from_pem(&vector("rsa.chain"), &key("rsa"), NOW).unwrap();
    let mut refused = 0;
    for place in 0..good.certificates().len() - 1 {
        for at in (0..good.certificates()[place].len()).step_by(7) {
            let mut changed = good.certificates().to_vec();
            changed[place][at] ^= 1;
            assert!(Chain::check(changed, &key("rsa"), NOW).is_err(), "certificate {place}, byte {at}");
            refused += 1;
        }
    }
    assert!(refused > 200, "{refused}");
}

#[test]
fn what_is_no_pem_is_refused() {
    let pem = vector("rsa.chain");
    assert_eq!(fault(&pem.replace("-----END CERTIFICATE-----", ""), "rsa", NOW), "a CERTIFICATE block has no end");
    assert_eq!(fault(&pem.replacen("MII", "M*I", 1), "rsa", NOW), "the PEM's base64 is broken");
    assert_eq!(fault(&pem.replacen("MII", "AAA", 1), "rsa", NOW), "a certificate is none of X.509 version 3");
    assert_eq!(expiry(&[]), None);
    assert_eq!(expiry(&[vec![0x30, 0]]), None);
}
