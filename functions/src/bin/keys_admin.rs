//! Changes the country's published keys: for administrators.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::keys::admin::routes(), aws::app()).await
}
