//! The service's parts, built once when the process starts.

use crate::{
    Config,
    auth::Tokens,
    keys::Current,
    limits::Counted,
    page::Page,
    ports::{
        Cabinet, CitizenTokens, Files, IdentityProvider, Journal, KeyRing, Ledger, Pepper, PublicFiles, Queue, Quota,
        Recalls, Registrations, Secrets, Sender, Signer, Store, Tally, Uploads, Webhook,
    },
    post,
    print::Printing,
    quota::Allowance,
};
use credential::VerificationMethod;
use std::{ops::Range, sync::Arc};
use time::OffsetDateTime;
use tokio::sync::{Mutex, OnceCell};

/// Everything a handler may use. Cloning it is cheap.
#[derive(Clone)]
pub struct App {
    /// What the country set.
    pub config: Arc<Config>,
    /// Records.
    pub store: Arc<dyn Store>,
    /// Public keys.
    pub key_ring: Arc<dyn KeyRing>,
    /// The signing key.
    pub signer: Arc<dyn Signer>,
    /// The key that signs status lists.
    pub status_signer: Arc<dyn Signer>,
    /// The secret for contact hashes.
    pub pepper: Arc<dyn Pepper>,
    /// Pictures made before.
    pub files: Arc<dyn Files>,
    /// Changes of status, and how far they are published.
    pub journal: Arc<dyn Journal>,
    /// The log and its chain.
    pub ledger: Arc<dyn Ledger>,
    /// Recalls.
    pub recalls: Arc<dyn Recalls>,
    /// Whose certificates are registered to which contact.
    pub registrations: Arc<dyn Registrations>,
    /// Small records of features.
    pub cabinet: Arc<dyn Cabinet>,
    /// Work for later.
    pub queue: Arc<dyn Queue>,
    /// Paces that all processes keep together.
    pub quota: Arc<dyn Quota>,
    /// Messages to people.
    pub sender: Arc<dyn Sender>,
    /// Tokens for people who proved who they are.
    pub citizen_tokens: Arc<dyn CitizenTokens>,
    /// Secrets shared with somebody outside.
    pub secrets: Arc<dyn Secrets>,
    /// Another system that is told of certificates.
    pub webhook: Arc<dyn Webhook>,
    /// Status lists.
    pub public_files: Arc<dyn PublicFiles>,
    /// Files that callers bring.
    pub uploads: Arc<dyn Uploads>,
    /// Anonymous facts and their counters.
    pub tally: Arc<dyn Tally>,
    /// Facts as files, for questions that no counter answers.
    pub fact_files: Arc<dyn PublicFiles>,
    /// Checks callers' tokens.
    pub tokens: Arc<Tokens>,
    /// Prints certificates; `None` in a function that never does.
    pub printer: Option<Arc<document::Printer>>,
    /// The pages for browsers; `None` where they are not handed out.
    pub page: Option<Arc<Page>>,
    /// Pictures that are being made.
    pub printing: Arc<Printing>,
    /// What is known of the signing key; see [`crate::keys::current()`].
    pub current: Arc<Current>,
    /// The status key under its public name, once it is published.
    pub status_method: Arc<OnceCell<VerificationMethod>>,
    /// Numbers of positions in the status lists that this process took and did not use yet.
    pub numbers: Arc<Mutex<Range<u64>>>,
    /// Signatures that this process may make beyond those it asked for; see [`crate::quota`].
    pub allowance: Arc<Mutex<Allowance>>,
    /// That other system's token, as long as it is good.
    pub callback_token: Arc<Mutex<Option<post::Token>>>,
    /// Requests of clients that this process may let in.
    pub counted: Arc<Counted>,
    /// Now, UTC.
    pub clock: fn() -> OffsetDateTime,
}

impl App {
    /// The service over these ports.
    pub fn new(config: Config, ports: Ports) -> Self {
        let citizens = config.citizens.identity.clone().map(|identity| (identity, ports.citizens_provider));
        let issuers = [(config.identity.clone(), ports.identity_provider)].into_iter().chain(citizens);
        let tokens = Tokens::new(issuers);
        Self {
            config: Arc::new(config),
            store: ports.store,
            key_ring: ports.key_ring,
            signer: ports.signer,
            status_signer: ports.status_signer,
            pepper: ports.pepper,
            files: ports.files,
            journal: ports.journal,
            ledger: ports.ledger,
            recalls: ports.recalls,
            registrations: ports.registrations,
            cabinet: ports.cabinet,
            queue: ports.queue,
            quota: ports.quota,
            sender: ports.sender,
            citizen_tokens: ports.citizen_tokens,
            secrets: ports.secrets,
            webhook: ports.webhook,
            public_files: ports.public_files,
            uploads: ports.uploads,
            tally: ports.tally,
            fact_files: ports.fact_files,
            tokens: Arc::new(tokens),
            printer: ports.printer,
            page: None,
            printing: Arc::default(),
            current: Arc::default(),
            status_method: Arc::default(),
            numbers: Arc::default(),
            allowance: Arc::default(),
            callback_token: Arc::default(),
            counted: Arc::default(),
            clock: OffsetDateTime::now_utc,
        }
    }
}

/// What the service meets the outside through.
pub struct Ports {
    /// Records.
    pub store: Arc<dyn Store>,
    /// Public keys.
    pub key_ring: Arc<dyn KeyRing>,
    /// The signing key.
    pub signer: Arc<dyn Signer>,
    /// The key that signs status lists.
    pub status_signer: Arc<dyn Signer>,
    /// The secret for contact hashes.
    pub pepper: Arc<dyn Pepper>,
    /// Pictures made before.
    pub files: Arc<dyn Files>,
    /// Changes of status, and how far they are published.
    pub journal: Arc<dyn Journal>,
    /// The log and its chain.
    pub ledger: Arc<dyn Ledger>,
    /// Recalls.
    pub recalls: Arc<dyn Recalls>,
    /// Whose certificates are registered to which contact.
    pub registrations: Arc<dyn Registrations>,
    /// Small records of features.
    pub cabinet: Arc<dyn Cabinet>,
    /// Work for later.
    pub queue: Arc<dyn Queue>,
    /// Paces that all processes keep together.
    pub quota: Arc<dyn Quota>,
    /// Messages to people.
    pub sender: Arc<dyn Sender>,
    /// Tokens for people who proved who they are.
    pub citizen_tokens: Arc<dyn CitizenTokens>,
    /// Secrets shared with somebody outside.
    pub secrets: Arc<dyn Secrets>,
    /// Another system that is told of certificates.
    pub webhook: Arc<dyn Webhook>,
    /// Status lists.
    pub public_files: Arc<dyn PublicFiles>,
    /// Files that callers bring.
    pub uploads: Arc<dyn Uploads>,
    /// Anonymous facts and their counters.
    pub tally: Arc<dyn Tally>,
    /// Facts as files, for questions that no counter answers.
    pub fact_files: Arc<dyn PublicFiles>,
    /// The identity provider's keys.
    pub identity_provider: Arc<dyn IdentityProvider>,
    /// Those of the citizens' own provider; asked only where the configuration names one.
    pub citizens_provider: Arc<dyn IdentityProvider>,
    /// Prints certificates, where the process has fonts.
    pub printer: Option<Arc<document::Printer>>,
}
