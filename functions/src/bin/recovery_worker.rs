//! Lets moves to another number take effect that waited long enough, whenever the schedule says so.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run_task(async |app| issuer::recovery::work(&app).await, aws::app_with_sender()).await
}
