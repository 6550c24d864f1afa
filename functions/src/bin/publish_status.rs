//! Publishes what changed of certificates' status, whenever the table's stream or the schedule says so.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run_task(async |app| issuer::status::publish(&app).await.map(drop), aws::app_with_lists()).await
}
