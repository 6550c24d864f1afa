//! A request for a certificate (PKCS #10, RFC 2986), made ready for one signature by the key itself.
//!
//! An RSA key signs it with RSASSA-PKCS1-v1_5, which every CA reads and no certificate of ours is signed with: who may only make requests can't make
//! certificates.

use super::der::{
    BIT_STRING, BOOLEAN, INTEGER, NULL, OCTET_STRING, PRINTABLE_STRING, SEQUENCE, SET, UTF8_STRING, context, object_id,
    write,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use credential::{PublicKey, Suite};

/// A request without its signature.
pub struct Request {
    information: Vec<u8>,
    algorithm: Vec<u8>,
}

impl Request {
    /// For `key`, in the name of `subject`, to sign (key usage `digitalSignature`) for these extended usages.
    pub fn prepare(key: &PublicKey, subject: &Subject, usages: &[Usage]) -> Self {
        let mut extensions = vec![extension("2.5.29.15", Critical::Yes, &write(BIT_STRING, &[&[7, 0x80]]))];
        if !usages.is_empty() {
            let ids: Vec<u8> = usages.iter().flat_map(|usage| usage.0.clone()).collect();
            extensions.push(extension("2.5.29.37", Critical::No, &write(SEQUENCE, &[&ids])));
        }
        let extensions = write(SET, &[&write(SEQUENCE, &[&extensions.concat()])]);
        let request = write(SEQUENCE, &[&known_id("1.2.840.113549.1.9.14"), &extensions]);
        let information =
            write(SEQUENCE, &[&write(INTEGER, &[&[0]]), &subject.0, key.to_der(), &write(context(0), &[&request])]);
        Self { information, algorithm: algorithm(key.suite()) }
    }

    /// What the key must sign: with SHA-256 and PKCS #1 v1.5, ECDSA and SHA-256, or Ed25519.
    pub fn signing_input(&self) -> &[u8] {
        &self.information
    }

    /// The whole request in PEM. `signature` is as X.509 has it: ECDSA's in DER.
    pub fn seal(self, signature: &[u8]) -> String {
        let signature = write(BIT_STRING, &[&[0], signature]);
        let text = STANDARD.encode(write(SEQUENCE, &[&self.information, &self.algorithm, &signature]));
        let (lines, rest) = text.as_bytes().as_chunks::<64>();
        let lines = lines.iter().map(<[u8; 64]>::as_slice).chain((!rest.is_empty()).then_some(rest));
        let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
        format!("-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n", lines.join("\n"))
    }
}

/// In whose name a certificate is asked for: a distinguished name in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(Vec<u8>);

impl Subject {
    /// From a text such as `C=IN, O=Ministry of Health, CN=Vaccination certificates 2027`; a comma within a value is written `\,`.
    ///
    /// # Errors
    /// Says what is wrong: an attribute other than C, ST, L, O, OU, CN, or a value that is empty, too long (64, country 2) or no text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut names = Vec::new();
        for part in split(text) {
            let (name, value) = part.split_once('=').ok_or_else(|| format!("{part:?} is not NAME=value"))?;
            let (name, value) = (name.trim(), value.trim());
            let (_, id) = ATTRIBUTES
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .ok_or_else(|| format!("{name:?} is none of C, ST, L, O, OU, CN"))?;
            let country = *id == COUNTRY;
            let fits = if country {
                value.len() == 2 && value.bytes().all(|letter| letter.is_ascii_uppercase())
            } else {
                !value.is_empty() && value.chars().count() <= 64 && !value.contains(char::is_control)
            };
            if !fits {
                return Err(format!(
                    "{name} must have {}",
                    if country { "two capital letters" } else { "1 to 64 characters" }
                ));
            }
            let kind = if country { PRINTABLE_STRING } else { UTF8_STRING };
            let attribute = write(SEQUENCE, &[&known_id(id), &write(kind, &[value.as_bytes()])]);
            names.push(write(SET, &[&attribute]));
        }
        Ok(Self(write(SEQUENCE, &[&names.concat()])))
    }
}

/// What the certificate is for: an extended key usage in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage(Vec<u8>);

impl Usage {
    /// By a name of WHO's Global Digital Health Certification Network (`divoc`, `shc`, `dcc`: keys of these formats; `test`, `vaccination`, `recovery`:
    /// issuers of these certificates), or any object identifier in dotted numbers.
    pub fn parse(name: &str) -> Option<Self> {
        let known = USAGES.iter().find(|(known, _)| *known == name).map_or(name, |(_, id)| id);
        object_id(known).map(Self)
    }
}

const COUNTRY: &str = "2.5.4.6";
const ATTRIBUTES: [(&str, &str); 6] =
    [("C", COUNTRY), ("ST", "2.5.4.8"), ("L", "2.5.4.7"), ("O", "2.5.4.10"), ("OU", "2.5.4.11"), ("CN", "2.5.4.3")];
/// From the trust network's certificate governance: "extendedKeyUsage".
const USAGES: [(&str, &str); 6] = [
    ("divoc", "1.3.6.1.4.1.1847.2022.1.20"),
    ("shc", "1.3.6.1.4.1.1847.2022.1.21"),
    ("dcc", "1.3.6.1.4.1.1847.2022.1.22"),
    ("test", "1.3.6.1.4.1.1847.2021.1.1"),
    ("vaccination", "1.3.6.1.4.1.1847.2021.1.2"),
    ("recovery", "1.3.6.1.4.1.1847.2021.1.3"),
];

/// `AlgorithmIdentifier` of the signature.
fn algorithm(suite: Suite) -> Vec<u8> {
    match suite {
        Suite::Ps256 => write(SEQUENCE, &[&known_id("1.2.840.113549.1.1.11"), &write(NULL, &[])]),
        Suite::Es256 | Suite::Es256k => write(SEQUENCE, &[&known_id("1.2.840.10045.4.3.2")]),
        Suite::Ed25519 => write(SEQUENCE, &[&known_id("1.3.101.112")]),
    }
}

/// Whether a reader that does not know an extension must refuse the certificate.
#[derive(Clone, Copy)]
enum Critical {
    Yes,
    No,
}

fn extension(id: &str, critical: Critical, value: &[u8]) -> Vec<u8> {
    let critical = match critical {
        Critical::Yes => write(BOOLEAN, &[&[0xFF]]),
        // The default is not written in DER.
        Critical::No => Vec::new(),
    };
    write(SEQUENCE, &[&known_id(id), &critical, &write(OCTET_STRING, &[value])])
}

/// One of the identifiers in this file.
fn known_id(dotted: &str) -> Vec<u8> {
    object_id(dotted).unwrap_or_default()
}

/// The parts between commas; `\,` is a comma, `\\` a backslash.
fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, parts.last_mut()) {
            (',', _) => parts.push(String::new()),
            ('\\', Some(part)) => part.extend(letters.next()),
            (letter, Some(part)) => part.push(letter),
            (_, None) => {}
        }
    }
    parts
}

#[cfg(test)]
mod tests;
