//! `bulk --service URL --token FILE [--tests] [--upload ID] [--yes] FILE.csv`
//!
//! Brings a file of vaccinations or tests to the service, shows how its first rows are read, has it certified and says how far that is. Rows that fail come back
//! in `FILE.errors.csv`, to be mended and brought again. An upload that was interrupted goes on with `--upload`; nothing is certified twice.
//!
//! Exit code: 0 if every row is certified, 1 if some are not, 2 if the command can't be understood or the service refuses.

mod arguments;
mod service;

use anyhow::{Context, Result, bail, ensure};
use arguments::{Arguments, Asked};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use service::Service;
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = match arguments::read(std::env::args_os().skip(1)) {
        Ok(Asked::ToBring(arguments)) => arguments,
        Ok(Asked::ForHelp) => {
            println!("{}", arguments::HELP);
            return ExitCode::SUCCESS;
        }
        Err(fault) => {
            eprintln!("bulk: {fault}\n\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(&arguments).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(fault) => {
            eprintln!("bulk: {fault:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether every row is certified.
async fn run(arguments: &Arguments) -> Result<bool> {
    let token = std::fs::read_to_string(&arguments.token).context("reading the token")?;
    let service = Service::new(&arguments.service, token.trim());
    let mut file = File::open(&arguments.file).context("opening the file")?;
    let upload = announced(&service, arguments, file.metadata()?.len()).await?;
    let place = format!("/divoc/api/v1/uploads/{}", text(&upload, "uploadId")?);
    if upload.get("state").is_some_and(|state| state == "waiting") {
        bring(&service, &place, &mut file).await?;
        look(&service, &place, arguments.go_on).await?;
        service.ask("POST", &format!("{place}/start"), None).await?;
    }
    let done = watched(&service, &place).await?;
    if let Some(fault) = done.get("fault").and_then(Value::as_str) {
        bail!("{fault}");
    }
    ensure!(done.get("state").is_some_and(|state| state == "done"), "the upload was cancelled");
    let failed = number(&done, "failed");
    println!(
        "{} rows: {} certified, {failed} failed, {} blank",
        number(&done, "rows"),
        number(&done, "certified"),
        number(&done, "blank")
    );
    if failed > 0 {
        let errors = errors_beside(&arguments.file);
        fetch_errors(&service, &place, &errors).await?;
        println!("what failed, and why: {}", errors.display());
    }
    Ok(failed == 0)
}

/// The upload: a new one, or the one that goes on.
async fn announced(service: &Service, arguments: &Arguments, bytes: u64) -> Result<Value> {
    let upload = if let Some(id) = &arguments.upload {
        service.ask("GET", &format!("/divoc/api/v1/uploads/{id}"), None).await?
    } else {
        let name = arguments.file.file_name().unwrap_or_default().to_string_lossy();
        let kind = if arguments.tests { "test" } else { "vaccination" };
        let body = json!({ "fileName": name, "kind": kind, "bytes": bytes });
        let answer = service.ask("POST", "/divoc/api/v1/uploads", Some(&body)).await?;
        answer.get("upload").cloned().context("an answer without an upload")?
    };
    ensure!(number(&upload, "bytes") == bytes, "the upload is of another file: this one has {bytes} bytes");
    println!("upload {}", text(&upload, "uploadId")?);
    Ok(upload)
}

/// Puts the parts that are not there yet.
async fn bring(service: &Service, place: &str, file: &mut File) -> Result<()> {
    let left = service.ask("GET", &format!("{place}/parts"), None).await?;
    let left = left.get("parts").and_then(Value::as_array).context("an answer without parts")?;
    let bytes = left.iter().map(|part| number(part, "until") - number(part, "from")).sum();
    let bar = bar(bytes, "{bar:40} {binary_bytes} of {binary_total_bytes} brought, {eta} left");
    for part in left {
        let (from, until) = (number(part, "from"), number(part, "until"));
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(until - from).read_to_end(&mut bytes)?;
        service.put(text(part, "url")?, bytes).await?;
        bar.inc(until - from);
    }
    bar.finish_and_clear();
    Ok(())
}

/// Shows how the first rows are read. If none of them is right, a column is in the wrong place: then only who insists goes on.
async fn look(service: &Service, place: &str, insists: bool) -> Result<()> {
    let preview = service.ask("GET", &format!("{place}/preview"), None).await?;
    for name in preview.get("passedOver").and_then(Value::as_array).into_iter().flatten() {
        println!("passed over: column {name}");
    }
    let rows = preview.get("rows").and_then(Value::as_array).context("an answer without rows")?;
    let wrong: Vec<_> = rows.iter().filter(|row| row.get("errors").is_some()).collect();
    for row in &wrong {
        for fault in row.get("errors").and_then(Value::as_array).into_iter().flatten() {
            println!("row {}: {}: {}", number(row, "row"), text(fault, "column")?, text(fault, "detail")?);
        }
    }
    println!("of the first {} rows {} are right", rows.len(), rows.len() - wrong.len());
    ensure!(insists || rows.is_empty() || wrong.len() < rows.len(), "nothing is certified; --yes goes on all the same");
    Ok(())
}

/// Waits until nothing is left to do, and shows how far it is.
async fn watched(service: &Service, place: &str) -> Result<Value> {
    let counting = bar(0, "{bar:40} {binary_bytes} of {binary_total_bytes} counted");
    let certifying = bar(0, "{bar:40} {pos} of {len} rows, {eta} left");
    loop {
        let told = service.ask("GET", place, None).await?;
        match told.get("state").and_then(Value::as_str) {
            Some("counting") => {
                counting.set_length(number(&told, "bytes"));
                counting.set_position(number(&told, "countedBytes"));
            }
            Some("certifying") => {
                counting.finish_and_clear();
                certifying.set_length(number(&told, "rows"));
                certifying.set_position(["certified", "failed", "blank"].map(|name| number(&told, name)).iter().sum());
            }
            _ => {
                certifying.finish_and_clear();
                return Ok(told);
            }
        }
        sleep(BETWEEN).await;
    }
}

/// Writes the rows that failed into a file, part by part.
async fn fetch_errors(service: &Service, place: &str, path: &Path) -> Result<()> {
    let mut file = File::create(path).with_context(|| format!("writing {}", path.display()))?;
    let mut next = Some(format!("{place}/errors"));
    while let Some(part) = next {
        let answer = service.get(&part).await?;
        file.write_all(&answer.bytes)?;
        next = answer.next;
    }
    Ok(file.sync_all()?)
}

/// `rows.csv` → `rows.errors.csv`.
fn errors_beside(file: &Path) -> PathBuf {
    file.with_extension("errors.csv")
}

/// Drawn on stderr, and only where that is a terminal.
fn bar(length: u64, template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(length).with_style(style)
}

fn number(value: &Value, name: &str) -> u64 {
    value.get(name).and_then(Value::as_u64).unwrap_or_default()
}

fn text<'v>(value: &'v Value, name: &str) -> Result<&'v str> {
    value.get(name).and_then(Value::as_str).with_context(|| format!("an answer without {name}"))
}

/// Between two looks at how far the service is.
const BETWEEN: Duration = Duration::from_secs(1);
