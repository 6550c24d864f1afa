//! Keeps the register of partners.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::partner::admin_routes(), aws::app()).await
}
