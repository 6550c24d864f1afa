//! How many certificates the embedded records take: reserve and commit, by 32 at once, in memory and in a file.
//! `cargo run --profile bench -p local --example records`

use anyhow::{Context, Result, ensure};
use aws::{DynamoStore, create_table};
use credential::{
    BeneficiaryCode, CertificateId, Dose, EventDigest, Issuance, Occasion, ProgrammeId, Signed, SlotKey, Status,
};
use issuer::ports::{Audit, AuditEvent, Certificate, Commit, Deed, Follows, Intent, Reservation, Store};
use std::{path::Path, sync::Arc, time::Instant};
use time::{Duration, OffsetDateTime};

#[tokio::main]
async fn main() -> Result<()> {
    let file = std::env::temp_dir().join(format!("records-{}.sqlite", std::process::id()));
    measure("memory", None).await?;
    measure("file", Some(&file)).await?;
    std::fs::remove_file(file)?;
    Ok(())
}

async fn measure(name: &str, file: Option<&Path>) -> Result<()> {
    const WORKERS: u32 = 32;
    const EACH: u32 = 100;
    let client = local::records::client(file)?;
    create_table(&client, "certificates").await?;
    let store = Arc::new(DynamoStore::new(client, "certificates"));
    let start = Instant::now();
    let workers: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in 0..EACH {
                    issue(&store, u128::from(worker * EACH + number)).await?;
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for worker in workers {
        worker.await??;
    }
    let took = start.elapsed();
    println!("{name}: {:.0} certificates a second", f64::from(WORKERS * EACH) / took.as_secs_f64());
    Ok(())
}

async fn issue(store: &DynamoStore, number: u128) -> Result<()> {
    let now = OffsetDateTime::now_utc();
    let slot = SlotKey {
        programme: ProgrammeId::default(),
        beneficiary: BeneficiaryCode::parse(&format!("code-{number}")).context("a code")?,
        occasion: Occasion::Dose(Dose::new(1).context("a dose")?),
    };
    let issuance =
        Issuance { certificate_id: CertificateId::from_random(number), issued_at: now, kind: slot.occasion.kind() };
    let intent = Intent {
        slot: slot.clone(),
        follows: Follows::Nothing,
        digest: EventDigest([7; 32]),
        issuance: issuance.clone(),
        holder: number,
        now,
        lease_until: now + Duration::MINUTE,
    };
    ensure!(matches!(store.reserve(&intent).await?, Reservation::Ours(_)), "not ours");
    let deed = Deed { event: AuditEvent::Issued, at: now, actor: "a-certifier".into(), reason: None };
    // As long as a real one, with one telephone number.
    let certificate = Certificate {
        slot,
        issuance,
        signed: Signed::from_stored("x".repeat(3500)),
        contacts: vec![number.to_string()],
        status: Status::Valid,
        successor: None,
        predecessor: None,
        deeds: vec![deed.clone()],
    };
    let audit = Audit { deed, key: Some("a-thumbprint".into()) };
    ensure!(store.commit(&intent, &certificate, &audit, &[]).await? == Commit::Stored, "not stored");
    Ok(())
}
