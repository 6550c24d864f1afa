//! Shows administrators the parcels that nobody took, and hears who wants no messages.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::post::routes(), aws::app()).await
}
