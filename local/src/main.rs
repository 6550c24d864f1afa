//! `local`: the service on this machine. `local token --role citizen --phone +91…`, `local token --role officer --subject …`: a token for it.

use anyhow::{Context, Result, bail, ensure};
use issuer::config::{Place, log_levels};
use local::{
    IDENTITY_KEY, Running, folder,
    identity::{DevelopmentIdentity, FACILITY, PHONE, ROLES},
};
use tokio::signal::unix::{SignalKind, signal};
use tracing::Level;
use tracing_subscriber::{
    Layer,
    filter::{Targets, filter_fn},
    fmt,
    layer::SubscriberExt,
    registry,
    util::SubscriberInitExt,
};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        None => run().await,
        Some((command, options)) if command == "token" => token(options),
        Some(_) => bail!("usage: local | local token --role ROLE [--subject NAME] [--phone NUMBER] [--facility CODE]"),
    }
}

/// Serves until the process is told to end.
async fn run() -> Result<()> {
    let levels = log_levels().parse().unwrap_or_else(|_| Targets::new().with_default(Level::INFO));
    let lines = fmt::layer().with_writer(std::io::stderr).with_filter(filter_fn(issuer::log::is_safe));
    registry().with(levels).with(lines).init();
    let mut terminated = signal(SignalKind::terminate())?;
    let running = local::start(Place::from_env()?).await?;
    println!("{}", introduction(&running));
    tokio::select! {
        _ = terminated.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    running.shutdown().await
}

/// A token of the service whose data lie in `DATA_DIR`, whether it runs or not.
fn token(options: &[String]) -> Result<()> {
    let option = |name: &str| options.iter().skip_while(|option| *option != name).nth(1).map(String::as_str);
    let role = option("--role").context("--role is missing")?;
    ensure!(ROLES.contains(&role), "the roles are {}", ROLES.join(", "));
    let key = folder::secret_of(&Place::from_env()?.data, IDENTITY_KEY)?;
    let subject = option("--subject").map_or_else(|| format!("development-{role}"), str::to_owned);
    let (phone, facility) = (option("--phone").unwrap_or(PHONE), option("--facility").unwrap_or(FACILITY));
    println!("{}", DevelopmentIdentity::from_pem(&key)?.token_of(role, &subject, phone, facility)?);
    Ok(())
}

/// What runs where, and a line to paste for every route.
fn introduction(running: &Running) -> String {
    let url = running.base_url();
    let place = |name: &str| running.folder().at(name).map(|path| path.display().to_string());
    let places = place("").zip(place("tokens.json")).zip(place("keys/digilocker.key"));
    let Some(((data, tokens), locker)) = places else {
        return format!("The service runs at {url} and keeps nothing.");
    };
    format!(
        r#"The service runs at {url}, its records, pictures and keys lie in {data}, a token for each role in {tokens}.

  token() {{ jq -r ".$1" {tokens}; }}
  certify() {{ curl -H "Authorization: Bearer $(token certifier)" -H "Content-Type: application/json" --data "@events/certify/$2.json" {url}/divoc/api/$1/certify; }}
  fetch() {{ curl -H "Authorization: Bearer $(token fetcher)" "$@"; }}

  certify v1 one-dose
  certify v3 international
  certify v1/test test-result
  fetch -o certificate.pdf {url}/certificate/api/certificatePDF/CODE     (CODE: the event's preEnrollmentCode)
  fetch -I {url}/certificate/api/certificatePDF/CODE
  fetch -o qr.png {url}/certificate/api/certificateQRCode/CODE
  fetch -o certificate.pdf {url}/certificate/api/certificate/ID          (ID: a certificateId that certify answered)
  fetch -o qr.png {url}/certificate/api/certificate/QRCode/ID
  fetch {url}/certificate/api/credential/ID
  fetch -o test.pdf {url}/certificate/api/test/certificatePDF/CODE
  fetch -I {url}/certificate/api/test/certificatePDF/CODE
  fetch -o test-qr.png {url}/certificate/api/test/certificateQRCode/CODE
  fetch -o certificate.pdf {url}/cert/api/certificatePDF/CODE/1
  fetch -I {url}/cert/api/certificate/CODE/1
  fetch {url}/cert/api/certificateId/CODE/1
  partner() {{ curl -H "Authorization: Bearer $(token partner)" -H "Content-Type: application/json" "$@"; }}
  curl -X PUT -H "Authorization: Bearer $(token admin)" -H "Content-Type: application/json" {url}/divoc/api/v1/partners/development-partner \
    --data '{{"name": "Mine", "scopes": ["certificates", "pdf", "kyc"], "perMinute": 60, "perDay": 1000, "enabled": true}}'
  partner {url}/cert/external/api/certificates --data '{{"mobile": "9999900104", "beneficiaryId": "10000000000104"}}'
  partner {url}/cert/external/pdf/certificate -o certificate.pdf --data '{{"mobile": "9999900104", "beneficiaryId": "10000000000104"}}'
  partner {url}/cert/external/kyc --data '{{"mobile": "9999900104", "beneficiaryId": "10000000000104"}}'
  pull() {{ curl -H "x-digilocker-hmac: $(openssl dgst -sha256 -hmac "$(cat {locker})" "$2" | sed "s/.* //" | tr -d "\n" | base64 -w0)" --data-binary "@$2" {url}/cert/api/$1; }}
  pull pullUriRequest tests/vectors/digilocker/uri-by-mobile.request.xml
  curl -H "Content-Type: application/json" --data '{{"phone":"+91 99999 00101"}}' {url}/divoc/api/citizen/generateOTP      (the code: {url}/outbox)
  curl -H "Content-Type: application/json" --data '{{"phone":"+91 99999 00101","otp":"CODE"}}' {url}/divoc/api/citizen/verifyOTP
  curl -H "Authorization: Bearer TOKEN" {url}/divoc/api/citizen/certificates
  curl {url}/.well-known/did.json
  curl {url}/.well-known/jwks.json
  curl {url}/.well-known/public-key.pem
  curl {url}/health

  The citizens' portal, for a browser: {url}/portal/     (codes arrive at {url}/outbox)
  The verification page, for a browser: {url}/verify/
  The page for files of many rows, for a browser: {url}/bulk/     (with a token of the officer)
"#
    )
}
