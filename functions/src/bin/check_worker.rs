//! Checks each day in the night after it, whenever the schedule says so, for as long as Lambda lets a function run.

use std::{process::ExitCode, time::Duration};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let task = async |app| issuer::reconcile::check::work(&app, THIRTEEN_MINUTES).await.map(drop);
    functions::run_task(task, aws::app()).await
}

/// A step before the function's time is over.
const THIRTEEN_MINUTES: Duration = Duration::from_mins(13);
