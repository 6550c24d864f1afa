//! What is asked for. A fault says what to do about it.

use crate::files;
use credential::{PublicKey, RevocationList, keys};
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};
use verifier::Trust;

/// The command, understood.
pub(crate) struct Arguments {
    /// Whom to believe.
    pub(crate) trust: Trust,
    /// What to judge, folders walked.
    pub(crate) files: Vec<PathBuf>,
    /// Where to write the verdicts as a table too.
    pub(crate) csv: Option<PathBuf>,
}

/// What a caller wants.
pub(crate) enum Asked {
    /// Files judged.
    ToVerify(Arguments),
    /// To know how.
    ForHelp,
}

pub(crate) const USAGE: &str =
    "usage: verify [--key FILE.pem]... [--did FILE.json]... [--status LIST] [--csv FILE] PATH...";
pub(crate) const HELP: &str = "\
Judges certificates: credentials (JSON), pictures of QR codes (PNG, JPEG), the content of QR codes, PDFs; folders are walked.

usage: verify [--key FILE.pem]... [--did FILE.json]... [--status LIST] [--csv FILE] PATH...

  --key FILE.pem   believe this public key, under whatever name a proof gives it
  --did FILE.json  believe the keys of this DID document, under the names and for the times that it says
  --status LIST    a signed list of revocations; its key must be in the DID document
  --csv FILE       write the verdicts as a table too

One JSON line a file: {\"file\", \"verdict\", \"reasons\", \"bound\"}; verdict: valid, revoked, suspended, superseded, invalid or unknown-issuer.
Exit code: 0 if all are valid, 1 if not, 2 if the command can't be understood.";

/// Reads the command and the files it names for trust.
pub(crate) fn read(words: impl Iterator<Item = OsString>) -> Result<Asked, String> {
    let (mut trust, mut status, mut csv, mut paths) = (Trust::default(), None, None, Vec::new());
    let mut words = words;
    while let Some(word) = words.next() {
        let mut file = |what: &str| words.next().map(PathBuf::from).ok_or(format!("{what} wants a file behind it"));
        match word.to_str() {
            Some("--help" | "-h") => return Ok(Asked::ForHelp),
            Some("--key") => trust.nameless.push(key(&file("--key")?)?),
            Some("--did") => trust.methods.extend(did(&file("--did")?)?),
            Some("--status") => status = Some(file("--status")?),
            Some("--csv") => csv = Some(file("--csv")?),
            Some("--") => paths.extend(words.by_ref().map(PathBuf::from)),
            Some(option) if option.starts_with('-') && option.len() > 1 => {
                return Err(format!("there is no option {option}; a file of that name goes behind --"));
            }
            _ => paths.push(PathBuf::from(word)),
        }
    }
    if trust.methods.is_empty() && trust.nameless.is_empty() {
        return Err(
            "say whom to believe: --key with the issuer's public key, or --did with its DID document".to_owned()
        );
    }
    if let Some(path) = status {
        trust.revocations = Some(list(&path, &trust)?);
    }
    if paths.is_empty() {
        return Err("say what to verify: files or folders".to_owned());
    }
    let files = files::walk(&paths)?;
    if files.is_empty() {
        return Err("there is no file in the folders: nothing to verify".to_owned());
    }
    Ok(Asked::ToVerify(Arguments { trust, files, csv }))
}

fn key(path: &Path) -> Result<PublicKey, String> {
    PublicKey::from_pem(&text(path)?)
        .map_err(|fault| format!("{}: {fault}; --key wants a PEM block PUBLIC KEY", path.display()))
}

fn did(path: &Path) -> Result<Vec<credential::VerificationMethod>, String> {
    keys::from_did_document(&text(path)?)
        .map_err(|fault| format!("{}: {fault}; get it from the issuer's /.well-known/did.json", path.display()))
}

fn list(path: &Path, trust: &Trust) -> Result<RevocationList, String> {
    if trust.methods.is_empty() {
        return Err("--status needs --did: the list is signed by a key that only the DID document names".to_owned());
    }
    RevocationList::open(text(path)?.trim(), &trust.methods).map_err(|fault| format!("{}: {fault}", path.display()))
}

fn text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|fault| format!("{}: {fault}", path.display()))
}
