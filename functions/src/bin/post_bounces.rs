//! Writes down which mails did not arrive or were not wanted, whenever SES says so through SNS.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run_task_on(async |app, event| issuer::post::record_bounces(&app, &event).await, aws::app()).await
}
