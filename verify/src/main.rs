//! `verify [--key FILE.pem]… [--did FILE.json]… [--status LIST] [--csv FILE] PATH…`
//!
//! Judges credentials, pictures with QR codes and PDFs; folders are walked. One JSON line a file, in the order given, folders sorted by name:
//!
//! ```json
//! {"file":"photo.jpg","verdict":"valid","reasons":["unbound","status-not-checked"],"bound":false}
//! ```
//!
//! Every file in a folder is judged, whatever its name: one that is passed over in silence would seem to be in order. Only names that begin with a dot are.
//!
//! Exit code: 0 if every file is valid, 1 if not, 2 if the command can't be understood; then nothing was judged.

mod arguments;
mod files;
mod judging;

use arguments::{Arguments, Asked};
use judging::Judged;
use std::{
    fs::File,
    io::{self, BufWriter, Write},
    process::ExitCode,
};
use time::OffsetDateTime;

fn main() -> ExitCode {
    let arguments = match arguments::read(std::env::args_os().skip(1)) {
        Ok(Asked::ToVerify(arguments)) => arguments,
        Ok(Asked::ForHelp) => {
            println!("{}", arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Err(fault) => {
            eprintln!("verify: {fault}\n\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(fault) => {
            eprintln!("verify: writing the verdicts: {fault}");
            ExitCode::from(1)
        }
    }
}

/// Whether every file is valid.
fn run(arguments: Arguments) -> io::Result<bool> {
    let Arguments { trust, files, csv } = arguments;
    let mut lines = BufWriter::new(io::stdout().lock());
    let mut table = csv.map(|path| File::create(path).map(BufWriter::new)).transpose()?;
    if let Some(table) = &mut table {
        writeln!(table, "file,verdict,reasons,bound")?;
    }
    // Drawn on stderr, and only where that is a terminal.
    let progress = indicatif::ProgressBar::new(u64::try_from(files.len()).unwrap_or(u64::MAX));
    let mut all_valid = true;
    judging::judge_all(&trust, &files, OffsetDateTime::now_utc(), |judged: &Judged| {
        progress.inc(1);
        all_valid &= judged.is_valid();
        writeln!(lines, "{}", judged.json())?;
        table.as_mut().map_or(Ok(()), |table| writeln!(table, "{}", judged.csv()))
    })?;
    progress.finish_and_clear();
    lines.flush()?;
    table.map_or(Ok(()), |mut table| table.flush())?;
    Ok(all_valid)
}
