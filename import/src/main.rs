//! `import key|revocations|certificates FILE --data DIR | --table NAME --contact-key ARN`
//!
//! Takes the certificates of a running DIVOC over, as `issuer::import` says: first the key that verifies them, then what was revoked, then the certificates;
//! and again what has come since, until the other instance stops. Rows are JSON lines of DIVOC's registry.
//!
//! A run that is stopped goes on where it was: how far it came stands beside the file in `FILE.progress`, what was refused and why in `FILE.refused.jsonl`.
//! Memory is the same for a thousand rows and for a thousand million.
//!
//! Exit code: 0 if every row is there now, 1 if some were refused or the records failed, 2 if the command can't be understood.

mod arguments;
mod lines;
mod progress;

use anyhow::{Context, Result};
use arguments::{Command, Place, Wish};
use aws::{DynamoStore, KmsPepper};
use credential::{Life, Origin, PublicKey, VerificationMethod};
use issuer::{
    import::{Importer, Outcome},
    ports::{Effect, KeyChange, KeyReason, KeyRing, Pepper},
};
use local::folder::Folder;
use progress::Progress;
use std::{fs, path::Path, process::ExitCode, sync::Arc};
use time::OffsetDateTime;
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> ExitCode {
    let wish = match arguments::read(std::env::args().skip(1)) {
        Ok(wish) => wish,
        Err(fault) => {
            eprintln!("import: {fault}\n\n{}", arguments::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(wish).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(fault) => {
            eprintln!("import: {fault:#}");
            ExitCode::from(1)
        }
    }
}

/// Whether everything is there now.
async fn run(wish: Wish) -> Result<bool> {
    // Held until the end: nobody else works in the folder.
    let (_folder, store, pepper) = match &wish.place {
        Place::Folder(data) => {
            let folder = Folder::take(data)?;
            let (store, pepper) = local::records_in(&folder).await?;
            (Some(folder), store, pepper.contact_key().await?)
        }
        Place::Table { table, contact_key } => {
            let sdk = aws::sdk_config().await;
            let store = Arc::new(DynamoStore::new(aws_sdk_dynamodb::Client::new(&sdk), table));
            let pepper = KmsPepper::new(aws_sdk_kms::Client::new(&sdk), contact_key.clone());
            (None, store, pepper.contact_key().await?)
        }
    };
    if let Command::Key { method, until } = wish.command {
        return recognise(&store, &wish.file, method, until).await;
    }
    let importer = Importer {
        methods: store.keys().await?.into_iter().map(|known| known.method).collect(),
        adoptions: store,
        pepper,
        calling_code: wish.calling_code,
        actor: ACTOR.to_owned(),
        clock: OffsetDateTime::now_utc,
    };
    take_over(Arc::new(importer), &wish.command, &wish.file).await
}

/// Publishes the other instance's key: certificates that it signed are believed, and it never signs here.
async fn recognise(store: &DynamoStore, file: &Path, method: String, until: Option<OffsetDateTime>) -> Result<bool> {
    let pem = fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
    let key = PublicKey::from_pem(&pem)?;
    let life = Life { until, ..Life::default() };
    let method = VerificationMethod { life, origin: Origin::Foreign, ..VerificationMethod::new(method, key) };
    let now = OffsetDateTime::now_utc();
    let change = KeyChange { actor: ACTOR.to_owned(), reason: KeyReason::Recognition, at: now };
    let said = match store.publish(&method, &change).await? {
        Effect::Changed => "is recognised now",
        Effect::Unchanged => "was recognised before",
    };
    println!("the key {} {said} as {}", method.key.thumbprint(), method.id);
    Ok(true)
}

/// Works through the file from where the last run stopped, some rows at a time; how far it came is kept after each such part. A part that was cut short is
/// worked on again, and finds there what is there.
async fn take_over(importer: Arc<Importer>, command: &Command, file: &Path) -> Result<bool> {
    let mut lines = lines::Lines::open(file)?;
    let mut progress = Progress::of(file, &lines.first()?)?;
    lines.skip_to(progress.offset)?;
    let bar = indicatif::ProgressBar::new(lines.length());
    bar.set_style(indicatif::ProgressStyle::with_template(BAR)?);
    loop {
        let part = lines.part(PART)?;
        if part.is_empty() {
            break;
        }
        let outcomes = worked_on(&importer, command, &part).await?;
        progress.advance(lines.offset(), &outcomes)?;
        bar.set_position(lines.offset());
        bar.set_message(progress.told());
    }
    bar.finish_and_clear();
    println!("{}", progress.told());
    Ok(progress.refused == 0)
}

/// What became of each row, in order; several are worked on at a time.
async fn worked_on(importer: &Arc<Importer>, command: &Command, part: &[lines::Line]) -> Result<Vec<Outcome>> {
    let mut outcomes = vec![Outcome::AlreadyThere; part.len()];
    let (mut waiting, mut working) = (part.iter().cloned().enumerate(), JoinSet::new());
    loop {
        while working.len() < AT_A_TIME {
            let Some((index, line)) = waiting.next() else { break };
            let (importer, is_revocation) = (Arc::clone(importer), matches!(command, Command::Revocations));
            working.spawn(async move {
                let outcome = match line {
                    lines::Line::TooLong => Ok(Outcome::Refused("the row is too long to be one".into())),
                    lines::Line::Row(row) if is_revocation => importer.revocation(&row).await,
                    lines::Line::Row(row) => importer.certificate(&row).await,
                };
                (index, outcome)
            });
        }
        let Some(done) = working.join_next().await else { return Ok(outcomes) };
        let (index, outcome) = done.context("a row's work broke")?;
        if let Some(place) = outcomes.get_mut(index) {
            *place = outcome.context("the records do not answer; the same command goes on")?;
        }
    }
}

/// Who takes certificates over: what the log says.
const ACTOR: &str = "import";
/// Rows after which it is kept how far the work came.
const PART: usize = 500;
/// Rows that are worked on at a time.
const AT_A_TIME: usize = 32;
const BAR: &str = "{wide_bar} {percent} % {elapsed} (still {eta})\n{msg}";
