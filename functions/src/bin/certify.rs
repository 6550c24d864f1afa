//! Takes events of certify and of corrections: validates, signs and stores, or queues them. Both in one function, for only it and its worker may sign.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::certify::routes().merge(issuer::update::routes()), aws::app_with_queue()).await
}
