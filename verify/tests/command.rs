//! The real binary on real files.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets the unexpected has failed")]

use serde_json::{Value, json};
use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/vectors");

fn verify(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_verify")).args(arguments).output().unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8(output.stdout.clone()).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn vector(path: &str) -> String {
    format!("{VECTORS}/{path}")
}

/// A case of the corpus of verdicts: what is shown, the DID document and the list.
fn case(name: &str) -> (String, String, String) {
    let cases = fs::read_to_string(vector("verdicts/verdicts.jsonl")).unwrap();
    let mut cases = cases.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let case = cases.find(|case| case["name"] == name).unwrap();
    let trusts: Value = serde_json::from_str(&fs::read_to_string(vector("verdicts/trusts.json")).unwrap()).unwrap();
    let trust = &trusts[case["trust"].as_str().unwrap()];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (text(&case["shown"]["text"]), text(&trust["didDocument"]), text(&trust["list"]))
}

fn write(folder: &Path, name: &str, content: &str) -> String {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, content).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_folder_is_judged_file_by_file_in_order_with_a_bare_key() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str, content: &str| write(folder.path(), name, content);
    let signed = fs::read_to_string(vector("rsa/v1_did_subject/signed.json")).unwrap();
    let good = at("a/good.json", &signed);
    let other_name = at("a/other name.json", &fs::read_to_string(vector("rsa/v2_did_subject/signed.json")).unwrap());
    let altered = at("b/altered.txt", &signed.replace("Female", "Male"));
    at("b/.hidden", "x");
    let curve = at("b/curve.json", &fs::read_to_string(vector("ecdsa/p256/signed.json")).unwrap());
    let nothing = at("b/nothing", "");
    let table = folder.path().join("table.csv").to_str().unwrap().to_owned();
    let picture = vector("verdicts/pictures/rot015.png");
    let (one, two) = (folder.path().join("a"), folder.path().join("b"));
    let key = vector("keys/rsa2048.public.pem");
    let output = verify(&["--key", &key, "--csv", &table, one.to_str().unwrap(), two.to_str().unwrap(), &picture]);
    let line = |file: &str, verdict: &str, reasons: &[&str]| json!({ "file": file, "verdict": verdict, "reasons": reasons, "bound": false });
    let unbound = ["status-not-checked", "unbound"];
    let expected = [
        line(&good, "valid", &unbound),
        line(&other_name, "valid", &unbound),
        line(&altered, "invalid", &["bad-signature"]),
        line(&curve, "unknown-issuer", &["unknown-key"]),
        line(&nothing, "invalid", &["empty"]),
        line(&picture, "valid", &unbound),
    ];
    assert_eq!(lines(&output), expected);
    assert_eq!((output.status.code(), output.stderr.len()), (Some(1), 0));
    let row = |line: &Value| {
        let reasons: Vec<_> =
            line["reasons"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap()).collect();
        format!("{},{},{},false\n", line["file"], line["verdict"].as_str().unwrap(), reasons.join(" "))
    };
    let rows: String = expected.iter().map(row).collect();
    assert_eq!(fs::read_to_string(&table).unwrap(), format!("file,verdict,reasons,bound\n{rows}"));
}

#[test]
fn a_bare_key_is_believed_under_any_name_and_a_named_one_under_its_own() {
    let folder = tempfile::tempdir().unwrap();
    // DIVOC's verifier of India calls the key did:india; a proof's own name for it is signed, so it can't be changed here, but the DID document's can.
    let credential = vector("rsa/v1_did_subject/signed.json");
    assert_eq!(verify(&["--key", &vector("keys/rsa2048.public.pem"), &credential]).status.code(), Some(0));
    let pem = fs::read_to_string(vector("keys/rsa2048.public.pem")).unwrap();
    let did = |name: &str| {
        let entry = json!({ "id": "did:web:x#1", "type": "JsonWebKey2020", "controller": "did:web:x", "publicKeyPem": pem, "proofVerificationMethod": [name] });
        write(folder.path(), "did.json", &json!({ "id": "did:web:x", "verificationMethod": [entry] }).to_string())
    };
    assert_eq!(verify(&["--did", &did("did:india"), &credential]).status.code(), Some(0));
    let output = verify(&["--did", &did("did:elsewhere"), &credential]);
    assert_eq!((output.status.code(), &lines(&output)[0]["verdict"]), (Some(1), &json!("unknown-issuer")));
}

#[test]
fn with_a_list_every_status_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (name, file) in [("own vaccination", "1"), ("own, revoked", "2"), ("own, superseded", "3")] {
        let (shown, did, list) = case(name);
        write(folder.path(), "did.json", &did);
        write(folder.path(), "list", &list);
        files.push(write(folder.path(), file, &shown));
    }
    let at = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (did, list) = (at("did.json"), at("list"));
    let output = verify(
        &[&["--did", &did, "--status", &list][..], &files.iter().map(String::as_str).collect::<Vec<_>>()].concat(),
    );
    // The list of the corpus is of November 2026; whether it is out of date depends on today.
    let told: Vec<_> = lines(&output)
        .into_iter()
        .map(|mut line| {
            line["reasons"].as_array_mut().unwrap().retain(|reason| reason != "status-stale");
            json!([line["verdict"], line["reasons"], line["bound"]])
        })
        .collect();
    let expected = [
        json!(["valid", [], true]),
        json!(["revoked", ["revoked"], true]),
        json!(["superseded", ["superseded"], true]),
    ];
    assert_eq!(told, expected);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(verify(&["--did", &did, "--status", &list, &files[0]]).status.code(), Some(0));
}

#[test]
fn thousands_of_files_keep_their_order() {
    let folder = tempfile::tempdir().unwrap();
    let signed = fs::read_to_string(vector("ed25519/v1_did_subject/signed.json")).unwrap();
    for number in 0..2000 {
        fs::write(folder.path().join(format!("{number:04}.json")), &signed).unwrap();
    }
    let output = verify(&["--key", &vector("keys/ed25519.public.pem"), folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let names: Vec<_> = lines(&output).iter().map(|line| line["file"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names.len(), 2000);
    assert!(names.is_sorted());
}

#[test]
fn a_command_that_is_none_says_what_to_do() {
    let key = vector("keys/rsa2048.public.pem");
    let empty = tempfile::tempdir().unwrap();
    let folder = empty.path().to_str().unwrap();
    for (arguments, words) in [
        (&[][..], "say whom to believe: --key"),
        (&[key.as_str()], "say whom to believe: --key"),
        (&["--key", &key], "say what to verify"),
        (&["--key"], "--key wants a file"),
        (&["--key", "nowhere.pem", "x"], "nowhere.pem: "),
        (&["--key", &vector("README.md"), "x"], "--key wants a PEM block PUBLIC KEY"),
        (&["--did", &key, "x"], "get it from the issuer's /.well-known/did.json"),
        (&["--key", &key, "--status", &key, "x"], "--status needs --did"),
        (&["--key", &key, "nowhere.json"], "nowhere.json: "),
        (&["--key", &key, folder], "nothing to verify"),
        (&["--keys", &key, "x"], "there is no option --keys"),
    ] {
        let output = verify(arguments);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}: {told}");
        assert!(told.contains(words) && told.contains("usage: verify"), "{arguments:?}: {told}");
    }
    let help = verify(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    assert!(String::from_utf8(help.stdout).unwrap().contains("--status LIST"));
}
