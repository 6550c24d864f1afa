//! Says whether a certificate exists, without reading it.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::fetch::head_routes(), aws::app()).await
}
