//! Takes certify events: validates, signs and stores.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::certify::routes(), aws::app()).await
}
