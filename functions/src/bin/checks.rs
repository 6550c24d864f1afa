//! Takes declarations of what sources sent, shows checks and their reports.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::reconcile::check::routes(), aws::app()).await
}
