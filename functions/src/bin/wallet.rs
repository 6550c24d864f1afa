//! Hands certificates to wallets: offers for citizens, then metadata, tokens and credentials as OpenID4VCI wants.

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    functions::run(issuer::wallet::routes(), aws::app()).await
}
