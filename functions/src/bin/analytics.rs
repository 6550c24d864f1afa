//! Answers how much was issued, updated, revoked, fetched and verified.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::analytics::routes(), aws::app()).await
}
