//! How far a file was worked on, kept beside it; and the rows that were refused.

use anyhow::{Context, Result, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use issuer::import::Outcome;
use local::folder::write_private;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

/// What is kept.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// SHA-256 of the file's first line: another file starts anew.
    first_line: String,
    /// Bytes that were worked on, and lines.
    pub(crate) offset: u64,
    lines: u64,
    taken: u64,
    already_there: u64,
    pub(crate) refused: u64,
    /// Bytes of the list of refused rows: what stands behind them is of a run that was cut short.
    refused_bytes: u64,
    #[serde(skip)]
    file: PathBuf,
}

impl Progress {
    /// What the last run left, if it worked on this file.
    pub(crate) fn of(file: &Path, first_line: &[u8]) -> Result<Self> {
        let first_line = BASE64_STANDARD.encode(digest(&SHA256, first_line));
        let kept = match fs::read(beside(file, "progress")) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            read => Some(read.context("reading how far the last run came")?),
        };
        let kept: Option<Self> = kept.map(|kept| serde_json::from_slice(&kept)).transpose().context("FILE.progress")?;
        let kept = kept.filter(|kept| kept.first_line == first_line).unwrap_or_default();
        Ok(Self { first_line, file: file.to_owned(), ..kept })
    }

    /// Keeps what became of the lines up to `offset`: the refused ones first, so that none is missing from their list.
    pub(crate) fn advance(&mut self, offset: u64, outcomes: &[Outcome]) -> Result<()> {
        let mut refused = String::new();
        for outcome in outcomes {
            self.lines += 1;
            match outcome {
                Outcome::Taken => self.taken += 1,
                Outcome::AlreadyThere => self.already_there += 1,
                Outcome::Refused(why) => {
                    self.refused += 1;
                    refused.push_str(&json!({ "line": self.lines, "why": why }).to_string());
                    refused.push('\n');
                }
            }
        }
        self.refused_bytes = append(&beside(&self.file, "refused.jsonl"), self.refused_bytes, refused.as_bytes())?;
        self.offset = offset;
        let text = serde_json::to_vec_pretty(&self).context("writing how far the work came")?;
        write_private(&beside(&self.file, "progress"), &text).context("keeping how far the work came")
    }

    pub(crate) fn told(&self) -> String {
        let Self { lines, taken, already_there, refused, .. } = self;
        format!("{lines} rows: {taken} taken over, {already_there} there before, {refused} refused")
    }
}

/// The file's name with something behind it.
fn beside(file: &Path, name: &str) -> PathBuf {
    let mut path = file.as_os_str().to_owned();
    path.push(format!(".{name}"));
    PathBuf::from(path)
}

/// Cuts the list to its length and adds to it; its length then.
fn append(path: &Path, length: u64, text: &[u8]) -> Result<u64> {
    if text.is_empty() && !path.exists() {
        return Ok(0);
    }
    let open = || -> std::io::Result<File> { OpenOptions::new().append(true).create(true).open(path) };
    let mut file = open().with_context(|| format!("writing {}", path.display()))?;
    ensure!(file.metadata()?.len() >= length, "{} is shorter than it was", path.display());
    file.set_len(length)?;
    file.write_all(text)?;
    file.sync_data()?;
    Ok(length + u64::try_from(text.len())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_goes_on_where_the_last_one_kept_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dump.jsonl");
        let first = b"first line\n";
        let mut progress = Progress::of(&file, first).unwrap();
        let refused = |why: &'static str| Outcome::Refused(why.into());
        progress.advance(30, &[Outcome::Taken, refused("a")]).unwrap();
        // What a run that was cut short has left behind.
        let list = beside(&file, "refused.jsonl");
        OpenOptions::new().append(true).open(&list).unwrap().write_all(b"half a li").unwrap();
        let mut progress = Progress::of(&file, first).unwrap();
        assert_eq!((progress.offset, progress.refused), (30, 1));
        progress.advance(60, &[Outcome::AlreadyThere, refused("b")]).unwrap();
        assert_eq!(progress.told(), "4 rows: 1 taken over, 1 there before, 2 refused");
        let list = fs::read_to_string(list).unwrap();
        assert_eq!(list, "{\"line\":2,\"why\":\"a\"}\n{\"line\":4,\"why\":\"b\"}\n");
        assert_eq!(Progress::of(&file, b"another file\n").unwrap().offset, 0);
    }
}
