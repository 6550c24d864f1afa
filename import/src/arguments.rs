//! What is asked for. A fault says what to do about it.

use std::path::PathBuf;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// The command, understood.
pub(crate) struct Wish {
    pub(crate) command: Command,
    pub(crate) file: PathBuf,
    pub(crate) place: Place,
    pub(crate) calling_code: String,
}

/// What the file holds.
pub(crate) enum Command {
    /// A public key in PEM, the name that proofs give it, and until when it signed.
    Key { method: String, until: Option<OffsetDateTime> },
    /// Rows of `RevokedCertificate`.
    Revocations,
    /// Rows of `VaccinationCertificate` or `TestCertificate`.
    Certificates,
}

/// Where certificates go.
pub(crate) enum Place {
    /// The folder of a local service that does not run.
    Folder(String),
    /// A table on AWS, and the key behind contact hashes.
    Table { table: String, contact_key: String },
}

pub(crate) const USAGE: &str = "\
usage: import key FILE.pem --method NAME [--until TIME] PLACE
       import revocations FILE.jsonl PLACE
       import certificates FILE.jsonl [--calling-code DIGITS] PLACE

  PLACE           --data DIR                         the folder of a local service, which must not run meanwhile
                  --table NAME --contact-key ARN     the table and the contact key of a stack (its outputs TableName, ContactKeyArn)
  --method        the name that certificates give the key in proof.verificationMethod, such as did:india
  --until         when the other instance stopped signing, such as 2027-01-31T00:00:00Z
  --calling-code  digits before telephone numbers without country code (91)

Exit code: 0 if every row is there now, 1 if some were refused or the records failed, 2 if the command can't be understood.";

pub(crate) fn read(words: impl Iterator<Item = String>) -> Result<Wish, String> {
    let words: Vec<String> = words.collect();
    let [command, file, options @ ..] = words.as_slice() else { return Err("say what to import".to_owned()) };
    let mut given = Options::default();
    let mut options = options.iter();
    while let Some(name) = options.next() {
        let place = given.place(name).ok_or_else(|| format!("there is no option {name}"))?;
        *place = Some(options.next().ok_or_else(|| format!("{name} wants something behind it"))?.clone());
    }
    let place = match (given.data, given.table, given.contact_key) {
        (Some(data), None, None) => Place::Folder(data),
        (None, Some(table), Some(contact_key)) => Place::Table { table, contact_key },
        _ => return Err("say where to: --data, or --table and --contact-key".to_owned()),
    };
    let until = given.until.map(|text| OffsetDateTime::parse(&text, &Rfc3339)).transpose();
    let until = until.map_err(|_| "--until must be a time such as 2027-01-31T00:00:00Z".to_owned())?;
    let command = match (command.as_str(), given.method) {
        ("key", Some(method)) if is_name(&method) => Command::Key { method, until },
        ("key", _) => return Err("--method must be the name of the key, such as did:india".to_owned()),
        ("revocations", None) => Command::Revocations,
        ("certificates", None) => Command::Certificates,
        _ => return Err("say key, revocations or certificates; only a key has a --method".to_owned()),
    };
    let calling_code = given.calling_code.unwrap_or_else(|| "91".to_owned());
    if calling_code.is_empty() || !calling_code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("--calling-code must be digits, such as 91".to_owned());
    }
    Ok(Wish { command, file: PathBuf::from(file), place, calling_code })
}

/// Whether a proof could name a key so.
fn is_name(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty())
        && text.chars().all(|c| c.is_ascii_graphic())
}

#[derive(Default)]
struct Options {
    data: Option<String>,
    table: Option<String>,
    contact_key: Option<String>,
    method: Option<String>,
    until: Option<String>,
    calling_code: Option<String>,
}

impl Options {
    fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "--data" => Some(&mut self.data),
            "--table" => Some(&mut self.table),
            "--contact-key" => Some(&mut self.contact_key),
            "--method" => Some(&mut self.method),
            "--until" => Some(&mut self.until),
            "--calling-code" => Some(&mut self.calling_code),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(words: &str) -> Option<String> {
        read(words.split_whitespace().map(str::to_owned)).err()
    }

    #[test]
    fn a_command_says_what_and_where() {
        for words in [
            "key a.pem --method did:india --data d",
            "key a.pem --method did:india --until 2027-01-31T00:00:00Z --data d",
            "revocations r.jsonl --table t --contact-key arn:aws:kms:x",
            "certificates c.jsonl --calling-code 94 --data d",
        ] {
            assert_eq!(fault(words), None, "{words}");
        }
        for (words, hint) in [
            ("", "what to import"),
            ("certificates", "what to import"),
            ("certificates c.jsonl", "where to"),
            ("certificates c.jsonl --data d --table t --contact-key k", "where to"),
            ("certificates c.jsonl --table t", "where to"),
            ("certificates c.jsonl --data", "--data wants"),
            ("certificates c.jsonl --dir d", "no option --dir"),
            ("certificates c.jsonl --data d --method did:india", "only a key"),
            ("certificates c.jsonl --data d --calling-code +91", "--calling-code"),
            ("everything c.jsonl --data d", "key, revocations or certificates"),
            ("key a.pem --data d", "--method"),
            ("key a.pem --data d --method india", "--method"),
            ("key a.pem --data d --method did:india --until tomorrow", "--until"),
        ] {
            let fault = fault(words).expect(words);
            assert!(fault.contains(hint), "{words}: {fault}");
        }
    }
}
