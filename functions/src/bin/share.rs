//! Shares certificates by link and by mail.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::share::routes(), aws::app_with_printer_and_sender()).await
}
