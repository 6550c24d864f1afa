//! Delivers what is to be told of certificates, whenever the table's stream or the schedule says so.

use std::{process::ExitCode, time::Duration};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let task = async |app| issuer::post::deliver(&app, TWO_MINUTES).await.map(drop);
    functions::run_task(task, aws::app_with_post()).await
}

/// What began then is over before the function's time is.
const TWO_MINUTES: Duration = Duration::from_mins(2);
