//! Hands out the signed credential itself, as JSON.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::fetch::credential_routes().merge(issuer::history::routes()), aws::app()).await
}
