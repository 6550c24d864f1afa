//! A file's lines, some at a time, however large file and lines are.

use anyhow::{Context, Result};
use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    path::Path,
};

/// Where reading stands.
pub(crate) struct Lines {
    reader: BufReader<File>,
    offset: u64,
    length: u64,
}

/// One line.
#[derive(Clone)]
pub(crate) enum Line {
    /// Its text, or what UTF-8 can be made of it.
    Row(String),
    /// More than any row has.
    TooLong,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| format!("reading {}", path.display()))?;
        let length = file.metadata()?.len();
        Ok(Self { reader: BufReader::with_capacity(1 << 20, file), offset: 0, length })
    }

    /// Bytes of the file.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Bytes that were read.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The first bytes of the file, by which it is known again.
    pub(crate) fn first(&mut self) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.reader.by_ref().take(MOST).read_until(b'\n', &mut bytes)?;
        self.skip_to(0)?;
        Ok(bytes)
    }

    /// Reads on from there.
    pub(crate) fn skip_to(&mut self, offset: u64) -> Result<()> {
        self.reader.seek(SeekFrom::Start(offset)).context("the file is shorter than it was")?;
        self.offset = offset;
        Ok(())
    }

    /// The next lines, at most so many; empty ones too, so that numbers fit. None after the last. A last line that has no end yet is one.
    pub(crate) fn part(&mut self, most: usize) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        while lines.len() < most {
            let mut bytes = Vec::new();
            let read = self.reader.by_ref().take(MOST).read_until(b'\n', &mut bytes).context("reading a row")?;
            if read == 0 {
                break;
            }
            self.offset += u64::try_from(read)?;
            let is_whole = bytes.ends_with(b"\n") || u64::try_from(read)? < MOST;
            if is_whole {
                lines.push(Line::Row(String::from_utf8_lossy(&bytes).trim().to_owned()));
            } else {
                self.skip_line()?;
                lines.push(Line::TooLong);
            }
        }
        Ok(lines)
    }

    fn skip_line(&mut self) -> Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let skipped = end.map_or(buffer.len(), |end| end + 1);
            let is_over = end.is_some() || buffer.is_empty();
            self.reader.consume(skipped);
            self.offset += u64::try_from(skipped)?;
            if is_over {
                return Ok(());
            }
        }
    }
}

/// A certificate has some kilobytes.
const MOST: u64 = 1 << 18;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_in_parts_from_any_place_and_none_is_too_long_to_pass() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let long = "x".repeat(3 << 18);
        std::fs::write(file.path(), format!("one\r\n\n{long}\nfour")).unwrap();
        let mut lines = Lines::open(file.path()).unwrap();
        assert_eq!(lines.first().unwrap(), b"one\r\n");
        let told = |lines: Vec<Line>| -> Vec<String> {
            let text = |line| if let Line::Row(text) = line { text } else { "too long".to_owned() };
            lines.into_iter().map(text).collect()
        };
        assert_eq!(told(lines.part(2).unwrap()), ["one", ""]);
        let place = lines.offset();
        assert_eq!(told(lines.part(9).unwrap()), ["too long", "four"]);
        assert_eq!((lines.offset(), told(lines.part(9).unwrap())), (lines.length(), Vec::new()));
        lines.skip_to(place).unwrap();
        assert_eq!(told(lines.part(1).unwrap()), ["too long"]);
    }
}
