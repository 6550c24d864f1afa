//! Signs again what a key signed that is not to be trusted: goes on with such jobs, whenever the schedule says so, for as long as Lambda lets a function run.

use issuer::recall::Task;
use std::{process::ExitCode, time::Duration};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let task = async |app| issuer::recall::work(&app, Task::Signature, FOURTEEN_MINUTES).await.map(drop);
    functions::run_task(task, aws::app()).await
}

/// A page before the function's time is over.
const FOURTEEN_MINUTES: Duration = Duration::from_mins(14);
