//! Publishes what changed of certificates' status and seals the log, whenever the table's stream or the schedule says so.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let task = async |app| {
        issuer::status::publish(&app).await?;
        issuer::audit::seal(&app).await.map(drop)
    };
    functions::run_task(task, aws::app_with_lists()).await
}
