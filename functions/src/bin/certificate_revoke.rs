//! Takes certificates back, suspends them and lifts suspensions.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::revoke::routes(), aws::app()).await
}
