//! Lets citizens log in, shows them their family's certificates, and takes their requests for corrections to the staff.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let routes = issuer::login::routes().merge(issuer::family::routes()).merge(issuer::requests::routes());
    functions::run(routes, aws::app_with_sender()).await
}
