//! Judging many files on every core, told in their order.

use serde_json::json;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc,
    },
    thread,
};
use time::OffsetDateTime;
use verifier::{MOST_BYTES, Report, Trust, Verdict, judge, read};

/// What became of one file.
pub(crate) struct Judged {
    file: String,
    verdict: Verdict,
    reasons: Vec<String>,
    bound: bool,
}

impl Judged {
    pub(crate) fn is_valid(&self) -> bool {
        self.verdict == Verdict::Valid
    }

    /// The line on standard output.
    pub(crate) fn json(&self) -> String {
        let Self { file, verdict, reasons, bound } = self;
        json!({ "file": file, "verdict": verdict, "reasons": reasons, "bound": bound }).to_string()
    }

    /// The line in a table (RFC 4180).
    pub(crate) fn csv(&self) -> String {
        let file = self.file.replace('"', "\"\"");
        format!("\"{file}\",{},{},{}", self.verdict.as_str(), self.reasons.join(" "), self.bound)
    }
}

/// Judges the files and tells of each in their order, as soon as those before it are told of.
///
/// # Errors
/// The teller's; no more files are begun then.
pub(crate) fn judge_all(
    trust: &Trust,
    files: &[PathBuf],
    now: OffsetDateTime,
    mut tell: impl FnMut(&Judged) -> io::Result<()>,
) -> io::Result<()> {
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        // A few files may be judged before those ahead of them are told of, not all of them.
        let (sender, receiver) = mpsc::sync_channel(64 * workers);
        for _ in 0..workers {
            let (sender, next, stopped) = (sender.clone(), &next, &stopped);
            scope.spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(index) else { break };
                    if sender.send((index, judged(file, trust, now))).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        let mut waiting = BTreeMap::new();
        let mut told = 0;
        for (index, judged) in receiver {
            waiting.insert(index, judged);
            while let Some(judged) = waiting.remove(&told) {
                tell(&judged).inspect_err(|_| stopped.store(true, Ordering::Relaxed))?;
                told += 1;
            }
        }
        Ok(())
    })
}

fn judged(path: &Path, trust: &Trust, now: OffsetDateTime) -> Judged {
    let file = path.to_string_lossy().into_owned();
    let Ok(shown) = content(path) else {
        return Judged { file, verdict: Verdict::Invalid, reasons: vec!["file-not-read".to_owned()], bound: false };
    };
    let report = match read(&shown) {
        Ok(reading) => judge(&reading.json, trust, now),
        Err(why) => Report::unreadable(&why),
    };
    let mut reasons: Vec<String> = report.reasons.iter().map(|reason| reason.code.as_str().to_owned()).collect();
    reasons.dedup();
    Judged { file, verdict: report.verdict, reasons, bound: report.bound }
}

/// A file's bytes, one more than are read of it at most.
fn content(path: &Path) -> io::Result<Vec<u8>> {
    let most = u64::try_from(MOST_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
