//! Tells where queued events stand, and sends again what was given up.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::batch::routes().merge(issuer::dead_letters::routes()), aws::app_with_queue()).await
}
