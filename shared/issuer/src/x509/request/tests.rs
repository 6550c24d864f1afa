use super::*;
use std::{fs, path::PathBuf, process::Command};

/// Runs OpenSSL in `folder`, which must succeed; what it prints.
fn openssl(folder: &PathBuf, arguments: &str) -> String {
    let done = Command::new("openssl").current_dir(folder).args(arguments.split(' ')).output().unwrap();
    let text = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(done.status.success(), "openssl {arguments}: {text}");
    text
}

#[test]
fn openssl_reads_and_verifies_a_request_of_every_kind_of_key() {
    let subject = Subject::parse(r"C=IN, O=Ministry of Health\, Delhi, CN=प्रमाण पत्र").unwrap();
    let usages = ["divoc", "1.3.6.1.5.5.7.3.4"].map(|name| Usage::parse(name).unwrap());
    for (kind, make, sign) in [
        ("rsa", "rsa -pkeyopt rsa_keygen_bits:2048", "dgst -sha256 -sign key.pem -out signature input"),
        ("p256", "ec -pkeyopt ec_paramgen_curve:P-256", "dgst -sha256 -sign key.pem -out signature input"),
        ("secp256k1", "ec -pkeyopt ec_paramgen_curve:secp256k1", "dgst -sha256 -sign key.pem -out signature input"),
        ("ed25519", "ed25519", "pkeyutl -sign -rawin -inkey key.pem -in input -out signature"),
    ] {
        let folder = std::env::temp_dir().join(format!("divoc-request-{kind}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        openssl(&folder, &format!("genpkey -out key.pem -algorithm {make}"));
        let key = PublicKey::from_pem(&openssl(&folder, "pkey -in key.pem -pubout")).unwrap();
        let request = Request::prepare(&key, &subject, &usages);
        fs::write(folder.join("input"), request.signing_input()).unwrap();
        openssl(&folder, sign);
        fs::write(folder.join("request.pem"), request.seal(&fs::read(folder.join("signature")).unwrap())).unwrap();

        let text = openssl(&folder, "req -in request.pem -verify -noout -text -nameopt sep_comma_plus_space,utf8");
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("verify OK"), "{kind}: {text}");
        assert!(text.contains("Subject: C=IN, O=Ministry of Health, Delhi, CN=प्रमाण पत्र"), "{kind}: {text}");
        assert!(text.contains("X509v3 Key Usage: critical Digital Signature X509v3"), "{kind}: {text}");
        let purposes = "X509v3 Extended Key Usage: 1.3.6.1.4.1.1847.2022.1.20, E-mail Protection Signature";
        assert!(text.contains(purposes), "{kind}: {text}");
        assert_eq!(
            openssl(&folder, "req -in request.pem -noout -pubkey"),
            openssl(&folder, "pkey -in key.pem -pubout")
        );
        fs::remove_dir_all(folder).unwrap();
    }
}

#[test]
fn a_request_without_usages_has_no_such_extension() {
    let key = format!("{}/../../tests/vectors/ca/ed25519.public.pem", env!("CARGO_MANIFEST_DIR"));
    let key = PublicKey::from_pem(&fs::read_to_string(key).unwrap()).unwrap();
    let subject = Subject::parse("CN=x").unwrap();
    let [with, without] =
        [&[Usage::parse("shc").unwrap()][..], &[]].map(|usages| Request::prepare(&key, &subject, usages).information);
    let holds = |request: &[u8]| request.windows(3).any(|bytes| bytes == [0x55, 0x1D, 37]);
    assert!(holds(&with) && !holds(&without));
}

#[test]
fn a_wrong_subject_is_told() {
    for (text, why) in [
        ("", r#""" is not NAME=value"#),
        ("C=IN,,CN=x", r#""" is not NAME=value"#),
        ("EMAIL=x", r#""EMAIL" is none of C, ST, L, O, OU, CN"#),
        ("C=India", "C must have two capital letters"),
        ("C=in", "C must have two capital letters"),
        ("CN=", "CN must have 1 to 64 characters"),
        ("CN=a\tb", "CN must have 1 to 64 characters"),
        (&format!("O={}", "x".repeat(65)), "O must have 1 to 64 characters"),
    ] {
        assert_eq!(Subject::parse(text), Err(why.to_owned()));
    }
    assert_eq!(Subject::parse("c=IN,o=a"), Subject::parse(" C = IN , O = a "));
}

#[test]
fn a_usage_has_a_name_or_numbers() {
    assert_eq!(Usage::parse("divoc"), Usage::parse("1.3.6.1.4.1.1847.2022.1.20"));
    assert_eq!(Usage::parse("recovery"), Usage::parse("1.3.6.1.4.1.1847.2021.1.3"));
    assert_eq!(Usage::parse("covid"), None);
}
