//! Prints every kind of page in every language of a template, for its author to look at: `out/template/<name>/<kind>.<language>.pdf` and contact sheets.
//!
//! `TEMPLATE`: a template that comes with the service, or a folder with one (then its path holds a `/`); `FONTS_DIR`. A fault is told with its line.

use anyhow::{Context, Result};
use credential::{
    CertificateId, Event, Facts, Issuance, Profile, Rules, Schema, Signed, Suite,
    qr::{Form, Payload, Symbol},
};
use document::{Kind, Look, Page};
use indicatif::{ProgressBar, ProgressStyle};
use issuer::{config::Place, ports::Signer};
use local::keys::{self, SoftwareSigner};
use serde_json::Value;
use std::{fs, path::Path};
use tests::pixels::Picture;
use time::OffsetDateTime;

#[tokio::main]
async fn main() -> Result<()> {
    let place = Place::from_env()?;
    let printer = aws::printer(Path::new(&place.fonts), &place.template)?;
    printer.check()?;
    let name = Path::new(&place.template).file_name().context("TEMPLATE names nothing")?;
    let out = Path::new("out/template").join(name);
    if out.exists() {
        fs::remove_dir_all(&out).context("emptying the folder")?;
    }
    fs::create_dir_all(&out)?;
    let samples = samples().await?;
    let languages = printer.languages();
    let progress = ProgressBar::new(u64::try_from(samples.len() * languages.len())?)
        .with_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}")?);
    for sample in &samples {
        let mut sheet = Vec::new();
        for language in &languages {
            progress.set_message(format!("{} {language}", sample.name));
            let (page, look) = (sample.page(), Look { kind: sample.kind, language, bilingual: true });
            fs::write(out.join(format!("{}.{language}.pdf", sample.name)), printer.pdf(&page, &look)?)?;
            sheet.push(Picture::read(&printer.png(&page, &look, SHEET_DENSITY)?)?);
            progress.inc(1);
        }
        fs::write(out.join(format!("{}.png", sample.name)), Picture::sheet(&sheet, ACROSS).png()?)?;
    }
    progress.finish_and_clear();
    println!(
        "{} pages of {} kinds in {} languages are in {}, a contact sheet beside each kind.",
        samples.len() * languages.len(),
        samples.len(),
        languages.len(),
        out.display()
    );
    let drafts = printer.drafts();
    if !drafts.is_empty() {
        println!("Not reviewed by a speaker yet: {}.", drafts.join(", "));
    }
    Ok(())
}

/// A certificate to print.
struct Sample {
    name: &'static str,
    kind: Kind,
    signed: Signed,
    facts: Facts,
    history: Vec<Facts>,
    symbol: Symbol,
}

impl Sample {
    fn page(&self) -> Page<'_> {
        Page {
            certificate: &self.facts,
            history: &self.history,
            symbol: &self.symbol,
            credential: self.signed.as_str(),
        }
    }
}

async fn samples() -> Result<Vec<Sample>> {
    let key = SoftwareSigner::from_pem(&keys::generate(Suite::Ps256)?)?;
    let mut samples = Vec::new();
    for (name, kind, file, schema) in [
        ("provisional", Kind::Domestic, "one-dose", Schema::V1),
        ("final", Kind::Domestic, "two-doses", Schema::V1),
        ("precaution", Kind::Domestic, "precaution-dose", Schema::V1),
        ("international", Kind::International, "international", Schema::V3),
        ("test", Kind::Test, "test-result", Schema::Test),
        ("card", Kind::Card, "two-doses", Schema::V1),
    ] {
        let events: Value = serde_json::from_slice(
            &fs::read(format!("events/certify/{file}.json")).context("run this from the project's root")?,
        )?;
        let now = OffsetDateTime::now_utc();
        let events = Event::parse_all(&events, schema, now, &Rules { most_events: 100, calling_code: "91".to_owned() })
            .map_err(|faults| anyhow::anyhow!("{faults:?}"))?;
        let profile = Profile::default();
        let mut signed = Vec::new();
        for (number, event) in events.iter().enumerate() {
            let id = CertificateId::from_random(u128::try_from(number)?);
            let unsigned = event.credential(
                &profile,
                &Issuance { certificate_id: id, issued_at: now, kind: event.slot().occasion.kind() },
            );
            let prepared = unsigned.prepare(Suite::Ps256, &profile.did, now)?;
            let signature = key.sign(prepared.signing_input()).await?;
            signed.push(prepared.seal(&signature)?);
        }
        let history: Vec<Facts> = signed.iter().map(Signed::facts).collect();
        let signed = signed.pop().context("no event")?;
        let symbol = Symbol::of(&Payload::of(&signed, Form::Utf8)?);
        samples.push(Sample { name, kind, facts: signed.facts(), history, symbol, signed });
    }
    Ok(samples)
}

/// Pages in a row of a contact sheet, and their dots an inch.
const ACROSS: usize = 6;
const SHEET_DENSITY: u16 = 60;
