//! Gives DigiLocker what citizens pull there.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::digilocker::routes(), aws::app_with_printer()).await
}
