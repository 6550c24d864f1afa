//! Judges what somebody shows.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::verify::routes(), aws::app()).await
}
