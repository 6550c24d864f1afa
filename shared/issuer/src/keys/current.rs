//! The key that signs now, and why it may not.

use super::is_current;
use crate::{
    App, Error,
    config::CaChain,
    ports::{KeyChange, KeyReason, PublishedKey},
    x509::{Chain, chain},
};
use credential::{Life, VerificationMethod};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};
use tokio::sync::RwLock;

/// What is known of the key that signs, as it was read half a minute ago at most.
#[derive(Default)]
pub struct Current(RwLock<Option<Known>>);

struct Known {
    method: Arc<VerificationMethod>,
    read_at: OffsetDateTime,
}

impl Current {
    /// Lets the next call read anew: this process has changed something.
    pub(super) async fn forget(&self) {
        *self.0.write().await = None;
    }

    async fn known(&self, now: OffsetDateTime) -> Option<Arc<VerificationMethod>> {
        let known = self.0.read().await;
        known.as_ref().filter(|known| (now - known.read_at).abs() < STAYS).map(|known| Arc::clone(&known.method))
    }
}

/// The key that signs now. It was published before; it is read anew every half minute, so that a process which does not know of a change stops signing soon.
///
/// # Errors
/// [`Error::SigningKey`] when it may not sign: it is compromised, retired, or lacks the CA's chain that the country demands. Never another key instead.
pub async fn current(app: &App) -> Result<Arc<VerificationMethod>, Error> {
    let now = (app.clock)();
    let known = match app.current.known(now).await {
        Some(method) => method,
        None => read(app, now).await?,
    };
    may_sign(app, &known, now).map_err(Error::SigningKey)?;
    Ok(known)
}

/// How long a process believes what it knows of its key. Far below [`super::admin::NOTICE`], the least time between a retirement's call and its instant.
const STAYS: Duration = Duration::seconds(30);

async fn read(app: &App, now: OffsetDateTime) -> Result<Arc<VerificationMethod>, Error> {
    // One of those who ask at once reads.
    let mut place = app.current.0.write().await;
    if let Some(known) = place.as_ref().filter(|known| (now - known.read_at).abs() < STAYS) {
        return Ok(Arc::clone(&known.method));
    }
    let key = app.signer.public_key().await?;
    let mut published = app.key_ring.keys().await?;
    if !published.iter().any(|known| is_current(app, &key, known)) {
        let method = VerificationMethod::new(app.config.verification_method.as_str(), key.clone());
        let method = VerificationMethod { life: new_life(&method, &published, now), ..method };
        let change = KeyChange { actor: "certify".to_owned(), reason: KeyReason::FirstUse, at: now };
        app.key_ring.publish(&method, &change).await?;
        published = app.key_ring.keys().await?;
    }
    let mut method = published
        .iter()
        .find(|known| is_current(app, &key, known))
        .map(|known| known.method.clone())
        .ok_or_else(|| Error::Internal(anyhow::anyhow!("a key that was published is not there")))?;
    let same = || published.iter().filter(|known| known.method.key == key);
    method.life.compromised = same().find_map(|known| known.method.life.compromised);
    method.life.until = same().filter_map(|known| known.method.life.until).min();
    report_expiry(app, &method);
    let method = Arc::new(method);
    *place = Some(Known { method: Arc::clone(&method), read_at: now });
    Ok(method)
}

/// A key's life under a new name: it begins now, and what has ended it under another name ends it here.
fn new_life(method: &VerificationMethod, published: &[PublishedKey], now: OffsetDateTime) -> Life {
    let same = || published.iter().filter(|known| known.method.key == method.key).map(|known| known.method.life);
    Life {
        from: Some(now.replace_nanosecond(0).unwrap_or(now)),
        until: same().filter_map(|life| life.until).min(),
        compromised: same().find_map(|life| life.compromised),
    }
}

/// Why the key may not sign now.
fn may_sign(app: &App, method: &VerificationMethod, now: OffsetDateTime) -> Result<(), &'static str> {
    if method.life.compromised.is_some() {
        return Err("the signing key was reported as compromised; put another in its place");
    }
    if method.life.until.is_some_and(|until| until < now) {
        return Err("the signing key is retired; put another in its place");
    }
    if !method.life.covers(now) {
        return Err("the signing key is not in use yet");
    }
    if app.config.ca_chain == CaChain::Required {
        if method.chain.is_empty() {
            return Err("the country demands a CA's certificate of the signing key, and none is attached");
        }
        Chain::check(method.chain.clone(), &method.key, now)
            .map_err(|_| "the CA's certificates of the signing key are not valid now; attach new ones")?;
    }
    Ok(())
}

/// One line of log that an alarm reads: how many days the CA's certificates of the key that signs are still valid.
pub(super) fn report_expiry(app: &App, method: &VerificationMethod) {
    if let Some(expires) = chain::expiry(&method.chain) {
        let days = (expires - (app.clock)()).whole_days();
        tracing::info!(
            key = method.key.thumbprint(),
            chain_days_left = days,
            "the CA's certificates of the signing key"
        );
    }
}
