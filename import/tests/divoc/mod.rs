//! A running DIVOC, as far as anyone sees of it, and the command that takes its certificates over.

use credential::{Suite, Unsigned};
use issuer::{config::Place, ports::Signer};
use local::keys::{SoftwareSigner, generate};
use serde_json::{Map, Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tests::{Client, people, service};
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::datetime};

/// Its key, its documents, its rows.
pub(crate) struct Divoc {
    pub(crate) signer: SoftwareSigner,
    folder: tempfile::TempDir,
}

pub(crate) const ISSUED: OffsetDateTime = datetime!(2021-06-28 07:21:39.684 UTC);

impl Divoc {
    pub(crate) async fn new() -> Self {
        let divoc = Self {
            signer: SoftwareSigner::from_pem(&generate(Suite::Ps256).unwrap()).unwrap(),
            folder: tempfile::tempdir().unwrap(),
        };
        let pem = divoc.signer.public_key().await.unwrap().to_pem();
        fs::write(divoc.at("old.pem"), pem).unwrap();
        divoc
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The signed credential of a person's dose.
    pub(crate) async fn credential(&self, id: &str, person: u64, dose: u64, issued: OffsetDateTime) -> String {
        let prepared = Unsigned::new(document(id, person, dose, issued));
        let prepared = prepared.prepare(Suite::Ps256, "did:india", issued).unwrap();
        let signature = self.signer.sign(prepared.signing_input()).await.unwrap();
        prepared.seal(&signature).unwrap().as_str().to_owned()
    }

    /// The registry's row of it.
    pub(crate) async fn row(&self, id: &str, person: u64, dose: u64, issued: OffsetDateTime) -> Value {
        json!({
            "osid": format!("1-{id}"), "certificateId": id, "preEnrollmentCode": people::code(person), "name": "Asha Example", "programId": "C19",
            "contact": [people::telephone(person)], "mobile": &people::telephone(person)[7..], "meta": "{}",
            "certificate": self.credential(id, person, dose, issued).await,
        })
    }

    pub(crate) fn dump(&self, name: &str, rows: &[Value]) -> PathBuf {
        let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
        fs::write(self.at(name), lines.join("\n") + "\n").unwrap();
        self.at(name)
    }

    pub(crate) fn data(&self) -> String {
        self.at("data").to_str().unwrap().to_owned()
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_import"));
        command.args(words).args(["--data", &self.data()]);
        command
    }

    pub(crate) fn import(&self, what: &str, file: &Path) -> Output {
        self.command(&[what, file.to_str().unwrap()]).output().unwrap()
    }

    pub(crate) fn recognise(&self) {
        let key = self.at("old.pem");
        let done = self.command(&["key", key.to_str().unwrap(), "--method", "did:india"]).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// The service that goes on.
    pub(crate) async fn successor(&self) -> (local::Running, Client) {
        let running = local::start(Place { data: self.data(), ..service::memory() }).await.unwrap();
        let client = Client::new(running.base_url(), running.tokens());
        (running, client)
    }
}

/// A person's dose in DIVOC's shape: nine digits, no binding digest.
pub(crate) fn document(id: &str, person: u64, dose: u64, issued: OffsetDateTime) -> Map<String, Value> {
    let event = people::event(person, dose);
    let (subject, given, facility) = (&event["recipient"], &event["vaccination"], &event["facility"]);
    let address = |address: &Value| {
        json!({
            "streetAddress": address["addressLine1"], "streetAddress2": address["addressLine2"], "district": address["district"], "city": "",
            "addressRegion": address["state"], "addressCountry": "IN", "postalCode": address["pincode"].to_string().trim_matches('"'),
        })
    };
    let document = json!({
        "@context": ["https://www.w3.org/2018/credentials/v1", "https://cowin.gov.in/credentials/vaccination/v1"],
        "type": ["VerifiableCredential", "ProofOfVaccinationCredential"],
        "credentialSubject": {
            "type": "Person", "id": subject["identity"], "refId": people::code(person), "name": subject["name"], "gender": subject["gender"],
            "age": subject["age"], "nationality": subject["nationality"], "address": address(&subject["address"]),
        },
        "issuer": "https://cowin.gov.in/",
        "issuanceDate": issued.format(&Rfc3339).unwrap(),
        "evidence": [{
            "id": format!("https://cowin.gov.in/vaccine/{id}"), "feedbackUrl": format!("https://cowin.gov.in/?{id}"),
            "infoUrl": format!("https://cowin.gov.in/?{id}"), "certificateId": id, "type": ["Vaccination"], "batch": given["batch"],
            "vaccine": given["name"], "manufacturer": given["manufacturer"], "date": given["date"], "effectiveStart": given["effectiveStart"],
            "effectiveUntil": given["effectiveUntil"], "dose": dose, "totalDoses": 2, "verifier": { "name": "Sister Example" },
            "facility": { "name": facility["name"], "address": address(&facility["address"]) },
        }],
        "nonTransferable": "true",
    });
    document.as_object().unwrap().clone()
}

/// A row that says that a certificate of a person was replaced, or, by nothing, taken back.
pub(crate) fn revocation(person: u64, id: &str, by: &str) -> Value {
    json!({ "preEnrollmentCode": people::code(person), "certificateId": by, "dose": 1, "previousCertificateId": id })
}

pub(crate) fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
