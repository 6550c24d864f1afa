//! Moves certificates to the number that their people have now, and finds people who come without papers.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::recovery::routes(), aws::app_with_sender()).await
}
