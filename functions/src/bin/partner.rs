//! Gives registered partners the certificates of whom they ask for.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::partner::routes(), aws::app_with_printer()).await
}
