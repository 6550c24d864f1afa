//! The demonstration: starts the service, certifies the people of `events/` over HTTP, fetches what a citizen gets into `out/`, and checks every piece of it.

use anyhow::{Context, Result, bail, ensure};
use credential::{PublicKey, VerificationMethod, qr, verify};
use indicatif::{ProgressBar, ProgressStyle};
use issuer::config::Place;
use serde::Deserialize;
use serde_json::Value;
use std::{fs, path::Path, time::Instant};
use tests::{Client, pixels};

/// One entry of `events/index.json`.
#[derive(Deserialize)]
struct Sample {
    name: String,
    schema: String,
    file: String,
}

/// What was checked of one certificate.
struct Row {
    name: String,
    certificate: String,
    title: String,
    pdf: usize,
    qr: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let began = Instant::now();
    let out = Path::new("out");
    let samples: Vec<Sample> =
        serde_json::from_slice(&fs::read("events/index.json").context("run this from the project's root")?)?;
    let service = local::start(Place { port: 0, data: ":memory:".into(), ..Place::from_env()? }).await?;
    let client = Client::new(service.base_url(), service.tokens());
    println!("The service runs at {}", service.base_url());

    if out.exists() {
        fs::remove_dir_all(out).context("emptying out/")?;
    }
    fs::create_dir_all(out)?;
    let did = save(&client, "/.well-known/did.json", "", &out.join("did.json")).await?;
    let method: Value = serde_json::from_slice(&did)?;
    let key = PublicKey::from_pem(&client.get("/.well-known/public-key.pem", "").await?.text())?;
    // The current key alone, as DIVOC's verifiers take it.
    fs::write(out.join("public.pem"), key.to_pem())?;
    let methods =
        [VerificationMethod::new(method.get("id").and_then(Value::as_str).context("the DID document has no id")?, key)];

    let progress = ProgressBar::new(u64::try_from(samples.len())?)
        .with_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?);
    let mut rows = Vec::new();
    for sample in &samples {
        progress.set_message(sample.name.clone());
        rows.extend(
            demonstrate(&client, sample, out, &methods).await.with_context(|| format!("event {}", sample.name))?,
        );
        progress.inc(1);
    }
    progress.finish_and_clear();
    service.shutdown().await?;
    table(&rows);
    println!(
        "\n{} certificates, each verified and each QR code read back from its pixels, in {:.1} s. They are in out/.",
        rows.len(),
        began.elapsed().as_secs_f32()
    );
    Ok(())
}

/// Certifies a sample's events and fetches each certificate that a beneficiary would download: the latest one.
async fn demonstrate(client: &Client, sample: &Sample, out: &Path, methods: &[VerificationMethod]) -> Result<Vec<Row>> {
    let events: Value = serde_json::from_slice(&fs::read(Path::new("events").join(&sample.file))?)?;
    let answer = client.certify(&sample.schema, &events).await?;
    ensure!(answer.status == 200, "certify answered {}: {}", answer.status, answer.text());
    let mut codes: Vec<&str> =
        events.as_array().context("no array")?.iter().filter_map(|event| event["preEnrollmentCode"].as_str()).collect();
    codes.dedup();
    let mut rows = Vec::new();
    for (index, code) in codes.iter().enumerate() {
        let folder =
            if index == 0 { out.join(&sample.name) } else { out.join(&sample.name).join((index + 1).to_string()) };
        fs::create_dir_all(&folder)?;
        rows.push(fetch_and_check(client, sample, code, &folder, methods).await?);
    }
    Ok(rows)
}

async fn fetch_and_check(
    client: &Client,
    sample: &Sample,
    code: &str,
    folder: &Path,
    methods: &[VerificationMethod],
) -> Result<Row> {
    let code = tests::client::segment(code);
    let api = if sample.schema == "v1/test" { "/certificate/api/test" } else { "/certificate/api" };
    let head = client.head(&format!("{api}/certificatePDF/{code}"), "fetcher").await?;
    ensure!(head.status == 200, "HEAD answered {}", head.status);
    let pdf = save(client, &format!("{api}/certificatePDF/{code}"), "fetcher", &folder.join("certificate.pdf")).await?;
    ensure!(pdf.starts_with(b"%PDF-"), "the PDF is none");
    let png = save(client, &format!("{api}/certificateQRCode/{code}"), "fetcher", &folder.join("qr.png")).await?;
    save(client, &format!("{api}/certificateQRCode/{code}?format=svg"), "fetcher", &folder.join("qr.svg")).await?;

    // The picture alone is enough to check the person's certificate, as a border does.
    let scanned = pixels::read_png(&png)?;
    let json = qr::read(&scanned).context("reading the QR code's content")?;
    let verified = verify(&json, methods).context("verifying the credential")?;
    ensure!(verified.bound, "the credential is not bound");
    let evidence = verified.facts.evidence().context("no evidence")?;
    let title = if verified.facts.is_test() {
        format!("test {}", evidence.result.to_lowercase())
    } else {
        format!("dose {} of {}", evidence.dose, evidence.total_doses)
    };
    let id = evidence.certificate_id.clone();
    let stored =
        save(client, &format!("/certificate/api/credential/{id}"), "fetcher", &folder.join("certificate.json")).await?;
    if stored != json.as_bytes() {
        bail!("the QR code holds another credential than the service");
    }
    Ok(Row { name: sample.name.clone(), certificate: id, title, pdf: pdf.len(), qr: scanned.len() })
}

async fn save(client: &Client, path: &str, role: &str, file: &Path) -> Result<Vec<u8>> {
    let answer = client.get(path, role).await?;
    ensure!(answer.status == 200, "GET answered {}: {}", answer.status, answer.text());
    fs::write(file, &answer.body).with_context(|| format!("writing {}", file.display()))?;
    Ok(answer.body)
}

fn table(rows: &[Row]) {
    println!("{:<18} {:<21} {:<13} {:>9} {:>9}  signature  QR", "event", "certificate", "attests", "PDF", "QR");
    for row in rows {
        println!(
            "{:<18} {:<21} {:<13} {:>7} B {:>7} B  verified   read",
            row.name, row.certificate, row.title, row.pdf, row.qr
        );
    }
}
