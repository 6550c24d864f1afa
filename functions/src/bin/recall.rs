//! Begins recalls, tells how far they are, cancels them.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::recall::routes(), aws::app()).await
}
