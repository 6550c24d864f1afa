//! Prints certificates: the only function with fonts.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::fetch::pdf_routes(), aws::app_with_printer()).await
}
