//! What the service costs on AWS, and what a campaign's day looks like: requests and capacity units are counted on the running local service, processor time comes
//! from `make load`, prices and what can't be measured here from two files beside this one.
//!
//! `cost FOLDER` (`docs/load`): reads `figures.json` there, prints tables in Markdown and draws `day.svg` there.

mod bill;
mod chart;
mod country;
mod day;
mod meter;
mod stream;
mod uses;

use crate::{
    bill::{Assumptions, Bill, Prices},
    uses::{COUNTED, COUNTED_FETCH, Use, measured},
};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::{collections::HashMap, fs, path::Path};

#[tokio::main]
async fn main() -> Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "docs/load".to_owned());
    let folder = Path::new(&folder);
    let prices: Prices = toml::from_str(include_str!("../../prices.toml"))?;
    let assumed: Assumptions = toml::from_str(include_str!("../../assumptions.toml"))?;
    let mut processor = processor_milliseconds(&folder.join("figures.json"))?;
    processor.insert(COUNTED.to_owned(), assumed.counting.processor);
    let uses = measured().await?;
    print_uses(&uses);
    print_bills(&uses, &processor, &prices, &assumed);
    let certify = find(&uses, "certificate")?;
    print_storage(certify, &prices);
    let certificates = [certify, find(&uses, COUNTED)?];
    let fetches = [find(&uses, "PDF again")?, find(&uses, COUNTED_FETCH)?];
    let day = day::simulate(&assumed, &certificates, &fetches, &processor);
    print!("{day}");
    chart::draw(&folder.join("day.svg"), &day)
}

fn find<'u>(uses: &'u [Use], name: &str) -> Result<&'u Use> {
    uses.iter().find(|used| used.name == name).with_context(|| format!("no use {name}"))
}

/// Processor time of one thing of each stage, in milliseconds, at the lowest rate, where nothing waits.
fn processor_milliseconds(file: &Path) -> Result<HashMap<String, f64>> {
    #[derive(Deserialize)]
    struct Figures {
        name: String,
        cpu: f64,
    }
    let text = fs::read_to_string(file).with_context(|| format!("{}: run make load first", file.display()))?;
    let figures: Vec<Figures> = serde_json::from_str(&text)?;
    Ok(figures.into_iter().rev().map(|figures| (figures.name, figures.cpu)).collect())
}

fn print_uses(uses: &[Use]) {
    println!("What one of each takes, counted on the running service:\n");
    println!("| | write units | read units | calls to the table | signatures | S3 put / get | kB out | kB stored |");
    println!("|---|--:|--:|--:|--:|--:|--:|--:|");
    for used in uses {
        println!(
            "| {} | {:.1} | {:.1} | {:.2} | {:.1} | {:.1} / {:.1} | {:.1} | {:.1} |",
            used.name,
            used.write_units,
            used.read_units,
            used.table_calls,
            used.signatures,
            used.puts,
            used.gets,
            used.bytes_out / 1e3,
            used.bytes_stored / 1e3
        );
    }
}

fn print_bills(uses: &[Use], processor: &HashMap<String, f64>, prices: &Prices, assumed: &Assumptions) {
    println!("\nUS dollars for a million of each:\n");
    println!("| | total | {} |", Bill::PARTS.join(" | "));
    println!("|---|--:|{}", "--:|".repeat(Bill::PARTS.len()));
    for used in uses {
        let bill = Bill::of(used, processor, prices, assumed);
        let parts = bill.parts().map(|part| format!("{:.2}", part * 1e6));
        println!("| {} | **{:.2}** | {} |", used.name, bill.total() * 1e6, parts.join(" | "));
    }
}

/// 1.9 billion certificates that are kept.
fn print_storage(certificate: &Use, prices: &Prices) {
    let gigabytes = certificate.bytes_stored * 1.9;
    let table = &prices.dynamodb;
    println!("\n1.9 billion certificates, kept: {:.1} TB in the table.\n", gigabytes / 1e3);
    println!("| a month | US dollars |\n|---|--:|");
    println!("| in the ordinary class | {:.0} |", gigabytes * table.stored_gigabyte_month);
    println!("| in the class for what is rarely read | {:.0} |", gigabytes * table.stored_gigabyte_month_rare);
    println!("| backup, any second of the last 35 days | {:.0} |", gigabytes * table.backup_gigabyte_month);
}
