//! Shows where certificates and later reports say different things, and has administrators decide.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::reconcile::routes(), aws::app()).await
}
