//! The issuer's ports on AWS: DynamoDB, S3, KMS, SQS, SNS, SES. No decision lives here.

mod changes;
mod cognito;
mod files;
mod https;
mod identity;
mod login_challenge;
mod page;
mod pepper;
mod queue;
mod request;
mod secrets;
mod sender;
mod signer;
mod store;
mod webhook;

use crate::{
    cognito::CognitoSignIn, files::NoFiles, https::Https, identity::KeySetUrl, queue::NoQueue, sender::NoSender,
    webhook::NoWebhook,
};
pub use changes::{Told, facts_of_changes};
pub use files::S3Files;
pub use login_challenge::login_challenge;
pub use page::page;
pub use pepper::KmsPepper;
pub use queue::SqsQueue;
pub use secrets::KmsSecrets;
pub use sender::AwsSender;
pub use signer::KmsSigner;
pub use store::{DynamoStore, create_table};
pub use webhook::HttpsWebhook;

use anyhow::{Context, Result};
use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use issuer::{
    App, Config,
    app::Ports,
    config::{Queues, Resources},
    ports::{Files, PublicFiles},
};
use std::{fs, path::Path, sync::Arc, time::Duration};

/// The service on AWS for a function that prints nothing. Reads the environment; asks no other service, so that a start costs nothing.
///
/// # Errors
/// When a variable is missing or wrong; the error names it.
pub async fn app() -> Result<App> {
    let sdk = sdk_config().await;
    assemble(Resources::from_env()?, &sdk, Arc::new(NoFiles), Arc::new(NoFiles), None)
}

/// The service on AWS for a function that puts work off.
///
/// # Errors
/// As [`app`], and when a queue is not named.
pub async fn app_with_queue() -> Result<App> {
    let queue = SqsQueue::new(&sdk_config().await, Queues::from_env()?);
    Ok(App { queue: Arc::new(queue), ..app().await? })
}

/// The same for a function that takes files in or works on them.
///
/// # Errors
/// As [`app_with_queue`].
pub async fn app_with_uploads() -> Result<App> {
    let uploads = S3Files::new(s3(&sdk_config().await), Resources::from_env()?.uploads_bucket);
    Ok(App { uploads: Arc::new(uploads), ..app_with_queue().await? })
}

/// The same for a function that makes or shows status lists.
///
/// # Errors
/// As [`app`].
pub async fn app_with_lists() -> Result<App> {
    let sdk = sdk_config().await;
    let resources = Resources::from_env()?;
    let lists = S3Files::new(s3(&sdk), resources.lists_bucket.as_str());
    assemble(resources, &sdk, Arc::new(NoFiles), Arc::new(lists), None)
}

/// The same with a printer: reads the fonts in `FONTS_DIR`.
///
/// # Errors
/// As [`app`], and when a font is missing or broken.
pub async fn app_with_printer() -> Result<App> {
    let resources = Resources::from_env()?;
    let printer = printer(Path::new(&resources.fonts), &resources.template)?;
    let sdk = sdk_config().await;
    let pictures = S3Files::new(s3(&sdk), resources.bucket.as_str());
    assemble(resources, &sdk, Arc::new(pictures), Arc::new(NoFiles), Some(Arc::new(printer)))
}

/// The service on AWS for a function that sends text messages and mails.
///
/// # Errors
/// As [`app`].
pub async fn app_with_sender() -> Result<App> {
    Ok(App { sender: sender().await?, ..app().await? })
}

/// The same with a printer, for mails with certificates and for the language of a region.
///
/// # Errors
/// As [`app_with_printer`].
pub async fn app_with_printer_and_sender() -> Result<App> {
    Ok(App { sender: sender().await?, ..app_with_printer().await? })
}

/// The service on AWS for the function that delivers parcels: to people and to another system.
///
/// # Errors
/// As [`app_with_printer`].
pub async fn app_with_post() -> Result<App> {
    Ok(App { webhook: Arc::new(HttpsWebhook::new()), ..app_with_printer_and_sender().await? })
}

/// The service on AWS for the function that keeps facts as files.
///
/// # Errors
/// As [`app`].
pub async fn app_with_facts() -> Result<App> {
    let bucket = Resources::from_env()?.facts_bucket.context("FACTS_BUCKET_NAME is not set")?;
    let files = S3Files::new(s3(&sdk_config().await), bucket);
    Ok(App { fact_files: Arc::new(files), ..app().await? })
}

async fn sender() -> Result<Arc<AwsSender>> {
    Ok(Arc::new(AwsSender::new(&sdk_config().await, Resources::from_env()?.messages)))
}

/// The service on AWS for the function that hands out the pages: reads them from `PAGE_DIR`.
///
/// # Errors
/// As [`app`], and when a page is missing.
pub async fn app_with_page() -> Result<App> {
    let page = page(Path::new(&Resources::from_env()?.page))?;
    Ok(App { page: Some(Arc::new(page)), ..app().await? })
}

/// A printer with every TrueType font in the folder `fonts`, for a template that comes with the service or, where `template` holds a `/`, lies in that folder.
///
/// # Errors
/// When a folder can't be read, there is no such template, or what the template names is missing or broken.
pub fn printer(fonts: &Path, template: &str) -> Result<document::Printer> {
    let fonts = files(fonts, Some("ttf")).context("reading FONTS_DIR")?;
    let template = if template.contains('/') {
        files(Path::new(template), None).context("reading TEMPLATE")?
    } else {
        document::template(template).with_context(|| format!("TEMPLATE: there is no template {template}"))?
    };
    Ok(document::Printer::new(&template, &fonts)?)
}

/// The files of a folder, of one extension or all.
fn files(folder: &Path, extension: Option<&str>) -> Result<Vec<document::File>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let wanted = extension.is_none_or(|wanted| path.extension().is_some_and(|extension| extension == wanted));
        // What a link leads to lies outside.
        if wanted && path.symlink_metadata()?.is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            let file: document::File = (name, Arc::new(bytes));
            files.push(file);
        }
    }
    files.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(files)
}

/// How the service talks to AWS: rustls with aws-lc; two seconds an attempt, four attempts with growing random pauses, so that a call is over before API
/// Gateway gives up. Credentials and endpoints come from where the SDK always looks for them.
pub async fn sdk_config() -> SdkConfig {
    let https = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
    let retries = RetryConfig::standard()
        .with_max_attempts(4)
        .with_initial_backoff(Duration::from_millis(50))
        .with_max_backoff(Duration::from_secs(1));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_secs(2))
        .build();
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(https)
        .retry_config(retries)
        .timeout_config(timeouts);
    // On the heap: it is 36 kB that every caller's future would carry otherwise.
    Box::pin(loader.load()).await
}

fn assemble(
    resources: Resources,
    sdk: &SdkConfig,
    files: Arc<dyn Files>,
    public_files: Arc<dyn PublicFiles>,
    printer: Option<Arc<document::Printer>>,
) -> Result<App> {
    let config = Config::from_env()?;
    let https = Https::new(PATIENCE, MOST);
    let provider = KeySetUrl::new("OIDC_KEY_SET_URL", resources.key_set_url.clone(), https.clone())?;
    let citizens_keys = resources.citizens_key_set_url.unwrap_or(resources.key_set_url);
    let citizens_provider = KeySetUrl::new("CITIZEN_OIDC_KEY_SET_URL", citizens_keys, https.clone())?;
    let sign_in = CognitoSignIn::new(resources.sign_in_url, config.citizens.client_id.clone(), https)?;
    let kms = aws_sdk_kms::Client::new(sdk);
    let store = Arc::new(DynamoStore::new(aws_sdk_dynamodb::Client::new(sdk), resources.table));
    let ports = Ports {
        store: store.clone(),
        journal: store.clone(),
        ledger: store.clone(),
        recalls: store.clone(),
        registrations: store.clone(),
        cabinet: store.clone(),
        queue: Arc::new(NoQueue),
        quota: store.clone(),
        tally: store.clone(),
        fact_files: Arc::new(NoFiles),
        sender: Arc::new(NoSender),
        secrets: Arc::new(KmsSecrets::new(kms.clone(), &resources.digilocker_key)?),
        webhook: Arc::new(NoWebhook),
        key_ring: store,
        public_files,
        uploads: Arc::new(NoFiles),
        signer: Arc::new(KmsSigner::new(kms.clone(), resources.signing_key)),
        status_signer: Arc::new(KmsSigner::new(kms.clone(), resources.status_key)),
        pepper: Arc::new(KmsPepper::new(kms, resources.contact_key)),
        files,
        citizen_tokens: Arc::new(sign_in),
        identity_provider: Arc::new(provider),
        citizens_provider: Arc::new(citizens_provider),
        printer,
    };
    Ok(App::new(config, ports))
}

/// An S3 client. Emulators, named by `AWS_ENDPOINT_URL`, have no host name per bucket.
fn s3(sdk: &SdkConfig) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(sdk).force_path_style(sdk.endpoint_url().is_some());
    aws_sdk_s3::Client::from_conf(config.build())
}

/// How long a caller waits for an identity provider.
const PATIENCE: Duration = Duration::from_secs(3);
/// A key set has some kilobytes, a token fewer.
const MOST: usize = 256 << 10;
