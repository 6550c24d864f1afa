//! Writes down which mails did not arrive or were not wanted, whenever SES says so through SNS.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let answer = async |app, event| issuer::post::record_bounces(&app, &event).await.map(serde_json::Value::from);
    functions::run_trigger(answer, aws::app()).await
}
