//! What each step of a certificate costs beside DIVOC's libraries, in CPU time: `make bench`.
//!
//! Both sides do their steps on the same documents in the same run: ours in this process, DIVOC's in `baseline.js`. The table is Markdown, for `BENCHMARKS.md`.

mod clock;
mod steps;
mod table;

use anyhow::{Context as _, ensure};
use std::process::{Command, Stdio};

fn main() -> anyhow::Result<()> {
    eprint!("ours             ");
    let ours = clock::measure(&mut steps::steps()?);
    eprint!("DIVOC's libraries");
    let theirs = baseline()?;
    print!("\n{}", table::table(&ours, &theirs));
    Ok(())
}

/// The name of a step, and its milliseconds of CPU time.
type Cost = (String, f64);

fn baseline() -> anyhow::Result<Vec<Cost>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.js");
    let output = Command::new("node").arg(script).stderr(Stdio::inherit()).output().context("starting node")?;
    ensure!(output.status.success(), "baseline.js failed: have its packages been installed with npm ci?");
    let lines = String::from_utf8(output.stdout)?;
    lines.lines().map(|line| cost(line).with_context(|| format!("reading {line:?}"))).collect()
}

fn cost(line: &str) -> Option<Cost> {
    let (name, milliseconds) = line.split_once('\t')?;
    Some((name.to_owned(), milliseconds.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_a_figure_is_no_cost() {
        assert_eq!(cost("sign\t3.5"), Some(("sign".to_owned(), 3.5)));
        assert_eq!(cost("sign 3.5"), None);
        assert_eq!(cost("sign\tfast"), None);
    }
}
