//! What an administrator does with the country's keys: list, add another instance's, retire, report as compromised, attach the CA's chain. Each call may be
//! made twice and leaves one audit entry for what it changed.

use super::{Current, is_current};
use crate::{
    App, Error,
    auth::{Admins, By, Caller},
    body::Body,
    http::Json,
    ports::{Effect, KeyChange, KeyReason, PublishedKey},
    x509::{Chain, chain},
};
use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use credential::{Code, Life, Origin, PublicKey, Purpose, VerificationMethod};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// The administrator's routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/v1/keys", get(list))
        .route("/divoc/api/v1/keys", post(add))
        .route("/divoc/api/v1/keys/{thumbprint}/retire", post(retire))
        .route("/divoc/api/v1/keys/{thumbprint}/compromise", post(compromise))
        .route("/divoc/api/v1/keys/{thumbprint}/chain", put(attach))
}

/// The least time between the call that retires a key of our own and the instant from which it signs no more: every process that signs must have heard of it
/// by then, or it would make certificates that nobody believes.
pub const NOTICE: Duration = Duration::minutes(5);

async fn list(State(app): State<App>, By(..): By<Admins>) -> Result<Response, Error> {
    let (current, published) = (app.signer.public_key().await?, app.key_ring.keys().await?);
    let keys: Vec<Value> = published.iter().map(|known| shown(&app, &current, known)).collect();
    Ok(axum::Json(json!({ "keys": keys })).into_response())
}

async fn add(State(app): State<App>, By(caller, ..): By<Admins>, body: Json) -> Result<Response, Error> {
    let now = (app.clock)();
    let mut body = Body::of(&body.0);
    let method = body.method(now);
    let change = body.change(&caller, now);
    let (method, change) = body.done(method.zip(change))?;
    let effect = app.key_ring.publish(&method, &change).await?;
    let known = published(&app, |known| known.method.key == method.key && known.method.id == method.id).await?;
    if effect == Effect::Unchanged && !is_same(&known.method, &method) {
        return Err(Error::KeyConflict("this key is published under that name with other details, which stay"));
    }
    let status = if effect == Effect::Changed { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, axum::Json(answer(&app, &known).await?)).into_response())
}

async fn retire(
    State(app): State<App>,
    By(caller, ..): By<Admins>,
    Path(thumbprint): Path<String>,
    body: Json,
) -> Result<Response, Error> {
    let now = (app.clock)();
    let known = named(&app, &thumbprint).await?;
    let mut body = Body::of(&body.0);
    let until = body.time("until");
    let change = body.change(&caller, now);
    let ours = known.method.origin == Origin::Own;
    let earliest = if ours { now + NOTICE } else { OffsetDateTime::UNIX_EPOCH };
    let retired = known.method.life.until;
    if retired.is_none() && until.is_some_and(|until| until < earliest) {
        body.fault(
            "/until",
            Code::TooSmall,
            "a key of our own signs for five more minutes at least, until every process has heard of it",
        );
    }
    let change = body.done(change)?;
    let until = until.unwrap_or_else(|| retired.unwrap_or(now + NOTICE));
    if retired.is_some_and(|retired| retired.unix_timestamp() != until.unix_timestamp()) {
        return Err(Error::KeyConflict(RETIRED));
    }
    if retired.is_none() && known.method.key == app.signer.public_key().await? {
        return Err(Error::KeyConflict("this is the key that signs now: put another in its place first"));
    }
    let effect = app.key_ring.retire(&known.method.key, until, &change).await?;
    if retired.is_none() && effect == Effect::Unchanged {
        return Err(Error::KeyConflict(RETIRED));
    }
    changed(&app, &known).await
}

async fn compromise(
    State(app): State<App>,
    By(caller, ..): By<Admins>,
    Path(thumbprint): Path<String>,
    body: Json,
) -> Result<Response, Error> {
    let known = named(&app, &thumbprint).await?;
    let mut body = Body::of(&body.0);
    let change = body.change(&caller, (app.clock)());
    let change = body.done(change)?;
    app.key_ring.compromise(&known.method.key, &change).await?;
    changed(&app, &known).await
}

async fn attach(
    State(app): State<App>,
    By(caller, ..): By<Admins>,
    Path(thumbprint): Path<String>,
    body: Json,
) -> Result<Response, Error> {
    let now = (app.clock)();
    let known = named(&app, &thumbprint).await?;
    let mut body = Body::of(&body.0);
    let change = body.change(&caller, now);
    let chain = body.chain(&known.method.key, now);
    let (change, chain) = body.done(change.zip(chain))?;
    app.key_ring.attach_chain(&known.method.key, chain.certificates(), &change).await?;
    changed(&app, &known).await
}

const RETIRED: &str = "the key is retired already, at another instant, which stays";

/// The key as it is after a change.
async fn changed(app: &App, before: &PublishedKey) -> Result<Response, Error> {
    Current::forget(&app.current).await;
    let known =
        published(app, |known| known.method.key == before.method.key && known.method.id == before.method.id).await?;
    tracing::info!(key = known.method.key.thumbprint(), "a key was changed");
    Ok(axum::Json(answer(app, &known).await?).into_response())
}

/// The key with that thumbprint, the newest name first.
async fn named(app: &App, thumbprint: &str) -> Result<PublishedKey, Error> {
    published(app, |known| known.method.key.thumbprint() == thumbprint).await
}

async fn published(app: &App, wanted: impl Fn(&PublishedKey) -> bool) -> Result<PublishedKey, Error> {
    app.key_ring.keys().await?.into_iter().find(wanted).ok_or(Error::NoKey)
}

/// Whether a second call asked for what is there; what was done to the key since does not count.
fn is_same(known: &VerificationMethod, asked: &VerificationMethod) -> bool {
    // A key of our own is published as of now when nobody says since when.
    let from = known.origin == Origin::Own || known.life.from == asked.life.from;
    let until = asked.life.until.is_none() || known.life.until == asked.life.until;
    from && until && known.origin == asked.origin && known.purpose == asked.purpose
}

async fn answer(app: &App, known: &PublishedKey) -> Result<Value, Error> {
    Ok(shown(app, &app.signer.public_key().await?, known))
}

/// A key as administrators see it; members that have nothing to say are null.
fn shown(app: &App, current: &PublicKey, known: &PublishedKey) -> Value {
    let VerificationMethod { id, key, life, purpose, origin, chain } = &known.method;
    let expires = chain::expiry(chain);
    let now = (app.clock)();
    json!({
        "thumbprint": key.thumbprint(),
        "verificationMethod": id,
        "algorithm": key.suite().algorithm(),
        "signs": purpose.as_str(),
        "origin": origin.as_str(),
        "state": state(life, is_current(app, current, known), now),
        "publishedAt": stamp(known.since),
        "validFrom": life.from.map(stamp),
        "validUntil": life.until.map(stamp),
        "compromisedAt": life.compromised.map(stamp),
        "chain": expires.map(|expires| json!({
            "certificates": chain.len(),
            "expires": stamp(expires),
            "daysLeft": (expires - now).whole_days(),
        })),
        "pem": key.to_pem(),
    })
}

fn state(life: &Life, is_current: bool, now: OffsetDateTime) -> &'static str {
    match life {
        Life { compromised: Some(_), .. } => "compromised",
        Life { until: Some(until), .. } if *until < now => "retired",
        Life { until: Some(_), .. } => "retiring",
        _ if is_current => "current",
        _ => "published",
    }
}

fn stamp(time: OffsetDateTime) -> String {
    time.to_offset(UtcOffset::UTC).format(&Rfc3339).unwrap_or_default()
}

/// What an administrator's request says.
impl Body<'_> {
    /// Who asks and why.
    fn change(&mut self, caller: &Caller, at: OffsetDateTime) -> Option<KeyChange> {
        self.required("reason")?;
        let reason = self.word("reason", KeyReason::ALL, KeyReason::as_str, KeyReason::Other);
        Some(KeyChange { actor: caller.subject.clone(), reason, at })
    }

    /// A key to verify with: another instance's, unless it says that it is one of ours, which is so known to verifiers before it signs.
    fn method(&mut self, now: OffsetDateTime) -> Option<VerificationMethod> {
        let pem = self.required("pem");
        let key = pem.and_then(|pem| {
            PublicKey::from_pem(pem).map_err(|fault| self.fault("/pem", Code::Format, fault.to_string())).ok()
        });
        let id = self.required("verificationMethod");
        if let Some(id) = id
            && let Err(fault) = crate::config::check_iri("it", id)
        {
            self.fault("/verificationMethod", Code::Format, fault.to_string());
        }
        let origin = self.word("origin", Origin::ALL, Origin::as_str, Origin::Foreign);
        let purpose = self.word("signs", Purpose::ALL, Purpose::as_str, Purpose::Certificates);
        let (from, until) = (self.time("validFrom"), self.time("validUntil"));
        if from.zip(until).is_some_and(|(from, until)| until < from) {
            self.fault("/validUntil", Code::Contradiction, "it is before validFrom");
        }
        if origin == Origin::Own && until.is_some() {
            self.fault("/validUntil", Code::Contradiction, "a key of our own is retired once another is in its place");
        }
        let from = from.or((origin == Origin::Own).then(|| now.replace_nanosecond(0).unwrap_or(now)));
        let life = Life { from, until, compromised: None };
        Some(VerificationMethod { life, purpose, origin, ..VerificationMethod::new(id?, key?) })
    }

    fn chain(&mut self, key: &PublicKey, now: OffsetDateTime) -> Option<Chain> {
        let pem = self.required("chain")?;
        Chain::from_pem(pem, key, now).map_err(|fault| self.fault("/chain", Code::Format, fault.to_string())).ok()
    }
}
