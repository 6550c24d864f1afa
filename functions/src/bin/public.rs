//! Answers what anyone may ask: health, public keys, contexts, API description.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::keys::routes().merge(issuer::site::routes()), aws::app()).await
}
