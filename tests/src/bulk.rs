//! Files of synthetic people, and their way into the service.

use crate::{Answer, Client};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;

/// The first line of a file of vaccinations, with all columns that are understood.
pub const VACCINATIONS: &str = "preEnrollmentCode,recipientName,recipientMobileNumber,recipientDOB,recipientAge,recipientGender,recipientNationality,\
    recipientIdentity,recipientAddressLine1,recipientAddressLine2,recipientDistrict,recipientState,recipientPincode,vaccinationBatch,vaccinationDate,\
    vaccinationDose,vaccinationTotalDoses,vaccinationEffectiveStart,vaccinationEffectiveEnd,vaccinationManufacturer,vaccinationName,vaccinatorName,\
    facilityName,facilityAddressLine1,facilityAddressLine2,facilityDistrict,facilityState,facilityPincode,programId,recipientCountry,facilityCountry\n";

/// The first line of a file of tests, DIVOC's.
pub const TESTS: &str = "preEnrollmentCode,recipientName,recipientMobileNumber,recipientDOB,recipientGender,recipientNationality,recipientIdentity,\
    recipientAddressLine1,recipientAddressLine2,recipientDistrict,recipientState,recipientPincode,testBatch,disease,testName,testType,result,\
    resultTimestamp,manufacturer,sampleCollectionTimestamp,sampleOrigin,verifier,facilityName,facilityAddressLine1,facilityAddressLine2,\
    facilityDistrict,facilityState,facilityPincode\n";

/// The row of a person's dose, with the date of birth as it is to be written: the event of [`crate::people::event`] but for the age.
pub fn vaccination(person: u64, dose: u64, born: &str) -> String {
    let month = dose.min(9);
    format!(
        "SYN-{person:09},Asha Example {person},+9199{:08},{born},,Female,Indian,did:in.gov.uidai.aadhaar:9999{person:08},12 Sample Street,,\
         Bengaluru South,Karnataka,560034,B{dose}-4120Z,2021-0{month}-05T09:30:00.000Z,{dose},2,2021-0{month}-05,2031-03-05,\
         Serum Institute of India,Covishield,Sister Example,Sample Health Centre,1 Station Road,,Bengaluru South,Karnataka,560034,C19,IN,IN\n",
        person % 100_000_000
    )
}

/// The row of a person's negative test on a day of July 2021.
pub fn test(person: u64, day: u64) -> String {
    format!(
        "SYN-{person:09},Asha Example {person},+9199{:08},1980-01-02,Female,Indian,did:in.gov.uidai.aadhaar:9999{person:08},12 Sample Street,,\
         Bengaluru South,Karnataka,560034,T-4120Z,COVID-19,Viral RNA detection,RT-PCR,Negative,2021-07-{day:02}T18:00:00.000Z,Sample Diagnostics,\
         2021-07-{day:02}T09:30:00.000Z,Nasopharyngeal swab,Sister Example,Sample Laboratory,1 Station Road,,Bengaluru South,Karnataka,560034\n",
        person % 100_000_000
    )
}

/// Announces a file of so many bytes.
///
/// # Errors
/// When the service does not answer.
pub async fn announce(client: &Client, role: &str, kind: &str, bytes: usize) -> Result<Answer> {
    let body = json!({ "fileName": "rows.csv", "kind": kind, "bytes": bytes }).to_string().into_bytes();
    client.send(Method::POST, "/divoc/api/v1/uploads", role, &[], Some(("application/json", body))).await
}

/// Puts a part where its entry in an answer says.
///
/// # Errors
/// When the service does not answer.
pub async fn put(client: &Client, part: &Value, file: &[u8]) -> Result<Answer> {
    let place = |name: &str| part.get(name).and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok());
    let range = place("from").context("from")?..place("until").context("until")?;
    let bytes = file.get(range).context("a part beyond the file")?.to_vec();
    let url = part.get("url").and_then(Value::as_str).context("url")?;
    client.send(Method::PUT, url, "", &[("if-none-match", "*")], Some(("text/csv", bytes))).await
}

/// Brings a file as far as its preview; answers its id.
///
/// # Errors
/// When the service refuses something.
pub async fn bring(client: &Client, role: &str, kind: &str, file: &[u8]) -> Result<String> {
    let announced = announce(client, role, kind, file.len()).await?;
    ensure!(announced.status == 201, "{}", announced.text());
    let announced = announced.json();
    for part in announced.get("parts").and_then(Value::as_array).context("parts")? {
        let answer = put(client, part, file).await?;
        ensure!(answer.status == 200, "{}", answer.text());
    }
    Ok(announced.pointer("/upload/uploadId").and_then(Value::as_str).context("an id")?.to_owned())
}

/// Lets the work on a file begin.
///
/// # Errors
/// When the service does not answer.
pub async fn start(client: &Client, role: &str, id: &str) -> Result<Answer> {
    client.send(Method::POST, &format!("/divoc/api/v1/uploads/{id}/start"), role, &[], None).await
}

/// The upload, once it has come to this state, or `wanted` is said of it in another way.
///
/// # Errors
/// When the service does not answer, or takes minutes.
pub async fn until(client: &Client, role: &str, id: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
    for _ in 0..12_000 {
        let told = client.get(&format!("/divoc/api/v1/uploads/{id}"), role).await?.json();
        if wanted(&told) {
            return Ok(told);
        }
        sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the upload does not come so far")
}

/// Brings a file and waits for what becomes of it.
///
/// # Errors
/// As [`bring`] and [`until`].
pub async fn through(client: &Client, role: &str, kind: &str, file: &[u8]) -> Result<Value> {
    let id = bring(client, role, kind, file).await?;
    let started = start(client, role, &id).await?;
    ensure!(started.status == 202, "{}", started.text());
    until(client, role, &id, |told| !is_under_way(told)).await
}

/// Whether the service is still at it.
pub fn is_under_way(told: &Value) -> bool {
    ["waiting", "counting", "certifying"].iter().any(|state| told.get("state").is_some_and(|it| it == state))
}

/// The rows that failed, all parts of the file.
///
/// # Errors
/// When the service does not answer.
pub async fn errors(client: &Client, role: &str, id: &str) -> Result<String> {
    let mut place = Some(format!("/divoc/api/v1/uploads/{id}/errors"));
    let mut file = String::new();
    while let Some(path) = place {
        let answer = client.get(&path, role).await?;
        ensure!(answer.status == 200, "{}", answer.text());
        file.push_str(&answer.text());
        place = answer.header("link").strip_prefix('<').and_then(|link| Some(link.split_once('>')?.0.to_owned()));
    }
    Ok(file)
}
