//! Compares what reports say of earlier doses with their certificates, whenever the schedule says so.

use std::{process::ExitCode, time::Duration};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let task = async |app| issuer::reconcile::work(&app, FOUR_MINUTES).await.map(drop);
    functions::run_task(task, aws::app()).await
}

/// A minute before the function's time is over.
const FOUR_MINUTES: Duration = Duration::from_mins(4);
