//! Compares canonical forms with those of another implementation: reads lines of `{"document": …, "canonical": "…"}` or `{"document": …, "error": "…"}`
//! as `tests/oracle/random.js` writes them, prints what differs, and fails if a form does.

use serde_json::Value;
use std::{
    io::{BufRead as _, stdin},
    process::ExitCode,
};

fn main() -> ExitCode {
    let (mut equal, mut both_refused, mut only_ours_refused, mut wrong) = (0, 0, 0, 0);
    for line in stdin().lock().lines().map_while(Result::ok) {
        let known: Value = serde_json::from_str(&line).unwrap_or_default();
        let Some(document) = known.get("document").and_then(Value::as_object) else { continue };
        let theirs = known.get("canonical").and_then(Value::as_str);
        match (credential::canonical::canonicalise(document), theirs) {
            (Ok(ours), Some(theirs)) if ours == theirs => equal += 1,
            (Err(_), None) => both_refused += 1,
            (Err(error), Some(_)) => {
                only_ours_refused += 1;
                println!("only ours refuses: {error}");
            }
            (Ok(ours), theirs) => {
                wrong += 1;
                println!("{line}\nours:\n{ours}theirs:\n{}", theirs.unwrap_or("refused\n"));
            }
        }
    }
    println!("{equal} equal, {both_refused} refused by both, {only_ours_refused} by ours only, {wrong} wrong");
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
