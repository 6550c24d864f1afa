//! Counts the rows of uploaded files and makes certificates of them.

use issuer::ports::Lane;
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run_lane(Lane::Bulk, aws::app_with_uploads()).await
}
