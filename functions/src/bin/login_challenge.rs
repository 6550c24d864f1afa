//! Tells the citizens' user pool whom it may let in.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run_trigger(aws::login_challenge, aws::app()).await
}
