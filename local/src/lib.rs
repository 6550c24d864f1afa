//! The same service on one machine: one process, one port, an embedded DynamoDB, a folder for pictures, a key of its own.
//!
//! Not a simulator: the routes are the issuer's, the adapters are those of `aws`; only what answers the SDK's requests lives in this process.

mod doors;
pub mod folder;
pub mod identity;
pub mod keys;
pub mod outbox;
pub mod pictures;
mod publication;
mod queue;
pub mod records;
mod uploads;
mod wire;

use crate::{
    doors::Doors,
    folder::Folder,
    identity::{DevelopmentIdentity, SignIn},
    keys::{KeptPepper, KeptSecrets, SoftwareSigner},
    outbox::Outbox,
    publication::Publishing,
    queue::{Delivering, KeptQueue},
    uploads::Entrance,
};
use anyhow::{Context, Result};
use aws::{DynamoStore, HttpsWebhook, S3Files};
use axum::{
    extract::{ConnectInfo, Request},
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
};
use credential::Suite;
use issuer::{App, Config, Error, app::Ports, client::Peer, config::Place, keys::current, page::Page};
use mimalloc::MiMalloc;
use serde_json::{Map, Value};
use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::Arc,
};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// The embedded database and the SDK in front of it live on small pieces of memory: a fifth of their time with the system's allocator.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// A service that runs until [`Running::shutdown`] or the end of the process.
pub struct Running {
    base_url: String,
    store: Arc<DynamoStore>,
    identity: Arc<DevelopmentIdentity>,
    outbox: Arc<Outbox>,
    tokens: HashMap<String, String>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
    publishing: Publishing,
    delivering: Delivering,
    /// Nobody else has the folder as long as the service runs.
    folder: Folder,
}

/// Starts the service at `place`, on 127.0.0.1. What was there before is found again.
///
/// # Errors
/// When a variable is wrong, the port is taken, or the folder is in use or broken.
pub async fn start(place: Place) -> Result<Running> {
    start_with(place, |_| {}).await
}

/// The same after `change` exchanged some of the parts.
///
/// # Errors
/// As [`start`].
pub async fn start_with(place: Place, change: impl FnOnce(&mut App)) -> Result<Running> {
    start_signing(place, Suite::Ps256, change).await
}

/// The same with a signing key of the suite, if the place has none yet.
///
/// # Errors
/// As [`start`].
pub async fn start_signing(place: Place, suite: Suite, change: impl FnOnce(&mut App)) -> Result<Running> {
    let folder = Folder::take(&place.data)?;
    let identity =
        Arc::new(DevelopmentIdentity::from_pem(&folder.secret(IDENTITY_KEY, || keys::generate(Suite::Es256))?)?);
    let signer = SoftwareSigner::from_pem(&folder.secret(&place.signing_key, || keys::generate(suite))?)?;
    let (store, pepper) = records_in(&folder).await?;
    let status_signer = SoftwareSigner::from_pem(&folder.secret("status.pem", || keys::generate(Suite::Es256))?)?;
    let secrets = KeptSecrets::from_text(&folder.secret("digilocker.key", KeptPepper::generate)?);
    let outbox = Outbox::new(folder.at("outbox"))?;
    let queue = KeptQueue::new(store.clone());
    let uploads = S3Files::new(pictures::client(folder.at("uploads").as_deref())?, "uploads");
    let entrance = Arc::new(Entrance::new(uploads)?);
    let given = [("OIDC_ISSUER", identity::ISSUER), ("OIDC_AUDIENCE", identity::AUDIENCE)];
    // Messages land in the outbox: nobody is disturbed, and nobody has to wait for a code.
    let usual = [("NOTIFY_SMS", "on"), ("NOTIFY_EMAIL", "on"), ("CODE_PACE_MILLISECONDS", "50")];
    let config = Config::from_env_with(&given, &usual)?;
    let ports = Ports {
        store: store.clone(),
        journal: store.clone(),
        ledger: store.clone(),
        recalls: store.clone(),
        registrations: store.clone(),
        cabinet: store.clone(),
        queue: queue.clone(),
        quota: store.clone(),
        tally: store.clone(),
        fact_files: Arc::new(S3Files::new(pictures::client(folder.at("facts").as_deref())?, "facts")),
        sender: outbox.clone(),
        citizen_tokens: Arc::new(SignIn { identity: identity.clone(), valid: config.citizens.token_valid }),
        secrets: Arc::new(secrets),
        webhook: Arc::new(HttpsWebhook::new()),
        key_ring: store.clone(),
        signer: Arc::new(signer),
        status_signer: Arc::new(status_signer),
        pepper: Arc::new(pepper),
        files: Arc::new(S3Files::new(pictures::client(folder.at("files").as_deref())?, "pictures")),
        public_files: Arc::new(S3Files::new(pictures::client(folder.at("lists").as_deref())?, "lists")),
        uploads: entrance.clone(),
        identity_provider: identity.clone(),
        citizens_provider: identity.clone(),
        printer: printer(&place)?,
    };
    let mut app = App { page: page(&place)?, ..App::new(config, ports) };
    let publishing = publication::start(app.clone(), place.publish_every).await?;
    change(&mut app);
    publish(&app).await?;
    let tokens = tokens(&identity, &folder)?;
    let delivering = queue.deliver(&app);
    let (base_url, stop, serving) = serve(place.port, app, &outbox, &entrance).await?;
    Ok(Running { base_url, store, identity, outbox, tokens, stop, serving, publishing, delivering, folder })
}

/// The records in a folder, and the secret behind contact hashes: for a command that works on them while no service does.
///
/// # Errors
/// When they are broken.
pub async fn records_in(folder: &Folder) -> Result<(Arc<DynamoStore>, KeptPepper)> {
    let pepper = KeptPepper::from_text(&folder.secret("contact.key", KeptPepper::generate)?)?;
    let records = records::client(folder.at("records.sqlite").as_deref())?;
    aws::create_table(&records, TABLE).await?;
    Ok((Arc::new(DynamoStore::new(records, TABLE)), pepper))
}

impl Running {
    /// Where it answers: `http://127.0.0.1:` and the port.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// A token for each role, twelve hours long; the citizen's number is [`identity::PHONE`].
    pub fn tokens(&self) -> HashMap<String, String> {
        self.tokens.clone()
    }

    /// A token for the citizen with that telephone number; an empty one, which opens nothing, should the key not sign.
    pub fn token_for_citizen(&self, phone: &str) -> String {
        self.identity.token("citizen", phone).unwrap_or_default()
    }

    /// A token for an officer of a facility; an empty one, which opens nothing, should the key not sign.
    pub fn token_for_officer(&self, subject: &str, facility: &str) -> String {
        self.identity.token_of("officer", subject, "", facility).unwrap_or_default()
    }

    /// A token with these claims: expired, of another issuer, whatever a test wants.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn mint(&self, claims: Map<String, Value>) -> Result<String> {
        self.identity.mint(claims)
    }

    /// The records behind the service.
    pub fn store(&self) -> Arc<DynamoStore> {
        self.store.clone()
    }

    /// What would have been sent to telephones and mailboxes.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Where tokens and records lie, unless nothing is kept.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Answers what was asked already, then lets go of port and folder.
    ///
    /// # Errors
    /// When serving failed.
    pub async fn shutdown(self) -> Result<()> {
        // Nobody listens if serving ended by itself; joining tells why.
        let _ = self.stop.send(());
        self.serving.await??;
        self.delivering.shutdown().await;
        self.publishing.shutdown().await
    }
}

/// Verifiers find the key before it signs for the first time. A key that must not sign is no reason not to start: what was signed before is still fetched.
async fn publish(app: &App) -> Result<()> {
    match current(app).await {
        Ok(_) | Err(Error::SigningKey(_)) => Ok(()),
        Err(fault) => Err(fault).context("publishing the signing key"),
    }
}

/// The identity provider's key, for the command that prints a token beside the running service.
pub const IDENTITY_KEY: &str = "identity.pem";

/// Without fonts the service runs and prints nothing: `make fonts` brings them. A template of the country's own is looked through before anyone asks for a page.
fn printer(place: &Place) -> Result<Option<Arc<document::Printer>>> {
    let fonts = Path::new(&place.fonts);
    if !fonts.is_dir() {
        tracing::warn!(folder = place.fonts, "no fonts: certificates cannot be printed");
        return Ok(None);
    }
    let printer = aws::printer(fonts, &place.template)?;
    if place.template.contains('/') {
        printer.check()?;
    }
    Ok(Some(Arc::new(printer)))
}

/// Without its page the service runs and says how to have one.
fn page(place: &Place) -> Result<Option<Arc<Page>>> {
    let folder = Path::new(&place.page);
    folder.is_dir().then(|| Ok(Arc::new(aws::page(folder)?))).transpose()
}

/// New tokens for every role, also in `tokens.json`.
fn tokens(identity: &DevelopmentIdentity, folder: &Folder) -> Result<HashMap<String, String>> {
    let token = |role: &str| Ok((role.to_owned(), identity.token(role, identity::PHONE)?));
    let tokens = identity::ROLES.into_iter().map(token).collect::<Result<HashMap<_, _>>>()?;
    if let Some(file) = folder.at("tokens.json") {
        folder::write_private(&file, &serde_json::to_vec_pretty(&tokens)?).context("writing tokens.json")?;
    }
    Ok(tokens)
}

async fn serve(
    port: u16,
    app: App,
    outbox: &Arc<Outbox>,
    entrance: &Arc<Entrance>,
) -> Result<(String, oneshot::Sender<()>, JoinHandle<std::io::Result<()>>)> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.with_context(|| format!("listening on PORT {port}"))?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let (stop, stopped) = oneshot::channel();
    let until = async {
        // A sender that is gone without a word means that nobody will ever stop us.
        if stopped.await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let routes = issuer::http::service(issuer::routes(), app);
    let routes = routes
        .merge(outbox.routes())
        .merge(entrance.routes())
        .layer(from_fn_with_state(Arc::new(Doors::default()), doors::admit));
    let routes = routes.layer(from_fn(with_peer)).into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(axum::serve(listener, routes).with_graceful_shutdown(until).into_future());
    Ok((base_url, stop, serving))
}

/// Tells the routes who stands at the other end of the connection.
async fn with_peer(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Peer(peer.ip()));
    next.run(request).await
}

const TABLE: &str = "certificates";
