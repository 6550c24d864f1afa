//! Shows the log and its seals to administrators.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::audit::routes(), aws::app()).await
}
