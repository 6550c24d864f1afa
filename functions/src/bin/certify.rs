//! Takes events of certify and of corrections: validates, signs and stores. Both in one function, for only this one may sign.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::certify::routes().merge(issuer::update::routes()), aws::app()).await
}
