//! placeholder

/// The service's parts on AWS.
#[allow(clippy::unused_async)]
pub async fn app() -> anyhow::Result<issuer::App> {
    issuer::config::Resources::from_env()?;
    issuer::Config::from_env()?;
    anyhow::bail!("not written yet")
}

/// The same with fonts loaded.
pub async fn app_with_printer() -> anyhow::Result<issuer::App> {
    app().await
}
