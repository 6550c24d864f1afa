//! Answers where certificates stand: signed lists, and DIVOC's question for one certificate.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::status::routes(), aws::app_with_lists()).await
}
