//! Writes each hour's facts as files, whenever the schedule says so.

use std::{process::ExitCode, time::Duration};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let task = async |app| issuer::analytics::export(&app, FOUR_MINUTES).await.map(drop);
    functions::run_task(task, aws::app_with_facts()).await
}

/// The hour that is begun then is written before the function's time is over.
const FOUR_MINUTES: Duration = Duration::from_mins(4);
