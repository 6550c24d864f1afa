//! Draws the QR code of a stored certificate.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::fetch::qr_routes(), aws::app()).await
}
