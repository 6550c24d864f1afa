//! `make verify-log`: reads the whole log of a running service and proves its chain unbroken, seal by seal, with progress.
//!
//! `URL` names the service, `TOKEN` is an administrator's token. `HEAD`, a hash kept from an earlier run, must stand in the chain: that is what proves that
//! nothing was made anew since. Prints one JSON line; ends with 1 if the chain is broken.

use anyhow::{Context, Result};
use credential::chain::{Entry, Seal};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::json;
use std::{collections::HashMap, env::var, process::ExitCode, time::Duration};
use tests::Client;

#[derive(Deserialize)]
struct Page {
    seals: Vec<Sealed>,
    next: Option<u64>,
}

#[derive(Deserialize)]
struct Sealed {
    #[serde(flatten)]
    seal: Seal,
    entries: Vec<Entry>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let url = var("URL").context("URL names no service, such as http://127.0.0.1:8080")?;
    let token = var("TOKEN").context("TOKEN is no administrator's token")?;
    let head = var("HEAD").ok().filter(|head| !head.is_empty());
    let client = Client::new(&url, HashMap::from([("admin".to_owned(), token)]));
    let bar =
        ProgressBar::new_spinner().with_style(ProgressStyle::with_template("{spinner} {pos} seals, {msg} entries")?);
    bar.enable_steady_tick(Duration::from_millis(100));
    let outcome = follow(&client, head.as_deref(), &bar).await?;
    bar.finish_and_clear();
    println!("{}", outcome.line());
    Ok(if outcome.broken.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How far the chain holds.
struct Outcome {
    last: Option<Seal>,
    entries: u64,
    broken: Option<String>,
}

impl Outcome {
    fn line(&self) -> String {
        json!({
            "unbroken": self.broken.is_none(),
            "seals": self.last.as_ref().map_or(0, |seal| seal.number + 1),
            "entries": self.entries,
            "until": self.last.as_ref().map(|seal| &seal.until),
            "head": self.last.as_ref().map(|seal| &seal.hash),
            "broken": self.broken,
        })
        .to_string()
    }
}

async fn follow(client: &Client, head: Option<&str>, bar: &ProgressBar) -> Result<Outcome> {
    let mut outcome = Outcome { last: None, entries: 0, broken: None };
    let mut met_head = head.is_none();
    let mut next = Some(0);
    while let Some(from) = next {
        let answer = client.get(&format!("/divoc/api/v1/log?from={from}"), "admin").await?;
        anyhow::ensure!(answer.status == 200, "the service answered {}: {}", answer.status, answer.text());
        let page: Page = serde_json::from_slice(&answer.body).context("the answer is no page of a log")?;
        for Sealed { seal, entries } in page.seals {
            if let Err(broken) = seal.check(outcome.last.as_ref(), &entries) {
                outcome.broken = Some(format!("seal {}: {broken}", seal.number));
                return Ok(outcome);
            }
            met_head |= head == Some(seal.hash.as_str());
            outcome.entries += seal.count;
            outcome.last = Some(seal);
            bar.inc(1);
            bar.set_message(outcome.entries.to_string());
        }
        next = page.next;
    }
    if !met_head {
        outcome.broken = Some("HEAD is not in the chain: the log was made anew".to_owned());
    }
    Ok(outcome)
}
