//! Certifies the events of the queue, and corrects by them, whenever Lambda brings some.

use issuer::ports::Lane;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run_lane(Lane::Certify, aws::app_with_queue()).await
}
