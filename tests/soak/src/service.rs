//! The service: some processes, each an `App` of its own behind a faulty line, with the real routes. One that died is another one when it is asked next.

use crate::{
    absent::Absent,
    backlog::VISIBILITY,
    line::{Key, Life, Line},
    world::{CLOCKS, PROCESSES, World},
};
use anyhow::{Context, Result};
use async_trait::async_trait;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use axum::{
    Router,
    body::Body,
    http::{Method, Request, header},
};
use issuer::{
    App, Config,
    app::Ports,
    batch, certify,
    ports::{IdentityProvider, Message},
    update, work,
};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet},
};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::timeout;
use tower::ServiceExt;

/// What outlives a process, and the processes.
pub(crate) struct Service {
    world: Arc<World>,
    standing: Arc<Standing>,
    processes: Vec<Mutex<Option<Process>>>,
}

/// What does not change from run to run: the country's key, its identity provider, its settings.
pub struct Standing {
    pub(crate) key: Arc<Key>,
    identity: Arc<Identity>,
    config: Config,
    bearer: String,
}

impl Standing {
    /// New keys, the usual settings. Citizens are told by text message, so that there is something to tell; and the key's quota is spent now and then.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn new() -> Result<Self> {
        let settings =
            [("OIDC_ISSUER", ISSUER), ("OIDC_AUDIENCE", "divoc"), ("NOTIFY_SMS", "on"), ("SIGNING_RATE", "1000")];
        let said = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let (identity, bearer) = Identity::with_token()?;
        let config = Config::from_lookup(said)?;
        Ok(Self { key: Arc::new(Key::generate()?), identity: Arc::new(identity), config, bearer })
    }
}

#[derive(Clone)]
struct Process {
    app: App,
    routes: Router,
    life: Arc<Life>,
}

impl Service {
    pub(crate) fn new(world: Arc<World>, standing: Arc<Standing>) -> Self {
        let processes = (0..PROCESSES).map(|_| Mutex::new(None)).collect();
        Self { world, standing, processes }
    }

    /// The answer of one of the processes; `None`: it died over the request, or took too long. What it was at goes on unless it died.
    pub(crate) async fn ask(&self, method: Method, path: &str, prefer: &str, body: String) -> Option<(u16, Value)> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::AUTHORIZATION, &self.standing.bearer)
            .header("prefer", prefer)
            .body(Body::from(body))
            .ok()?;
        let answer = self.within(GATEWAY, |process| process.routes.oneshot(request)).await?.ok()?;
        let status = answer.status().as_u16();
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.ok()?;
        Some((status, serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    /// Delivers a message to one of the processes.
    pub(crate) async fn take(&self, message: &Message, delivery: u32) -> Option<Result<()>> {
        let message = message.clone();
        self.within(VISIBILITY, |Process { app, .. }| async move { work::take(&app, &message, delivery).await }).await
    }

    /// What one of the processes makes of some work; `None`: it died, or nobody waits any longer, though the work goes on.
    async fn within<F>(&self, patience: Duration, work: impl FnOnce(Process) -> F) -> Option<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let chosen = usize::try_from(self.world.draw(PROCESSES_DRAWN)).unwrap_or_default();
        let process = self.process(chosen);
        let life = Arc::clone(&process.life);
        let work = work(process);
        let working = tokio::spawn(async move {
            tokio::select! {
                biased;
                () = life.end() => None,
                done = work => Some(done),
            }
        });
        timeout(patience, working).await.ok()?.ok()?
    }

    /// The process of that number; a new one, with a clock of its own, if the last one died.
    fn process(&self, number: usize) -> Process {
        let standing = &self.standing;
        let Some(place) = self.processes.get(number) else { return Process::start(&self.world, standing, number) };
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        match place.as_ref().filter(|process| !process.life.is_over()) {
            Some(process) => process.clone(),
            None => place.insert(Process::start(&self.world, standing, number)).clone(),
        }
    }
}

impl Process {
    fn start(world: &Arc<World>, standing: &Standing, number: usize) -> Self {
        world.skew(number);
        let alive = Arc::new(Life::default());
        let line =
            Line { world: Arc::clone(world), process: number, key: Arc::clone(&standing.key), life: alive.clone() };
        let line = Arc::new(line);
        let absent = Arc::new(Absent);
        let ports = Ports {
            store: line.clone(),
            key_ring: line.clone(),
            signer: line.clone(),
            status_signer: line.clone(),
            pepper: line.clone(),
            queue: line.clone(),
            quota: line.clone(),
            cabinet: line,
            files: absent.clone(),
            journal: absent.clone(),
            ledger: absent.clone(),
            recalls: absent.clone(),
            registrations: absent.clone(),
            sender: absent.clone(),
            citizen_tokens: absent.clone(),
            secrets: absent.clone(),
            webhook: absent.clone(),
            public_files: absent.clone(),
            uploads: absent.clone(),
            tally: absent.clone(),
            fact_files: absent,
            identity_provider: standing.identity.clone(),
            citizens_provider: standing.identity.clone(),
            printer: None,
        };
        let mut app = App::new(standing.config.clone(), ports);
        if let Some(clock) = CLOCKS.get(number) {
            app.clock = *clock;
        }
        let routes =
            issuer::http::service(certify::routes().merge(update::routes()).merge(batch::routes()), app.clone());
        Self { app, routes, life: alive }
    }
}

/// Gives one token to everybody.
struct Identity(JwkSet);

impl Identity {
    fn with_token() -> Result<(Self, String)> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok().context("no key")?;
        let pair = pair.to_pkcs8v1().ok().context("no key")?;
        let key = EncodingKey::from_ec_der(pair.as_ref());
        let claims = json!({
            "iss": ISSUER, "aud": "divoc", "sub": "a-reporting-system", "exp": 99_999_999_999_u64,
            "resource_access": { "divoc": { "roles": ["certifier"] } },
        });
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &key)?;
        let keys = vec![Jwk::from_encoding_key(&key, Algorithm::ES256)?];
        Ok((Self(JwkSet { keys }), format!("Bearer {token}")))
    }
}

#[async_trait]
impl IdentityProvider for Identity {
    async fn key_set(&self) -> Result<JwkSet> {
        Ok(self.0.clone())
    }
}

/// The same number as the dice take it.
const PROCESSES_DRAWN: u64 = 4;
const ISSUER: &str = "http://localhost/simulated";
/// When the gateway in front of the service gives a request up.
const GATEWAY: Duration = Duration::from_secs(30);
