//! Takes files of many rows in, shows how they are read, starts the work on them and tells how far it is.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::bulk::routes(), aws::app_with_uploads()).await
}
