//! Hands out the verification page: the only function with its files.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::page::routes(), aws::app_with_page()).await
}
