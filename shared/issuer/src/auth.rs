//! Who calls: tokens of an OIDC issuer, and of the citizens' own where they have one, checked by the service itself wherever it runs; roles; what a citizen
//! may see.
//!
//! A handler names whom it admits in its signature: `By(caller): By<Certifiers>`. A handler without it is open; a test holds the list of the open ones.

use crate::{
    App, Error,
    config::{Identity, Preset},
    limits::clients::{self, Told},
    ports::{Certificate, IdentityProvider},
};
use aws_lc_rs::{digest, hmac};
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, header, request::Parts},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::Contact;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Map, Value};
use std::{
    collections::{BTreeSet, HashMap},
    marker::PhantomData,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use time::OffsetDateTime;
use tokio::sync::RwLock;

/// What a caller may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A vaccinating system: reports events.
    Certifier,
    /// A system that fetches certificates for people: DIVOC's `api`.
    Fetcher,
    /// A person: sees what is registered to their own telephone number.
    Citizen,
    /// Someone who checks certificates.
    Verifier,
    /// An administrator of the programme.
    Admin,
    /// An application of somebody else: sees whom it asks for, as far as it is registered to ([`crate::partner`]).
    Partner,
    /// Someone who works in a facility and vouches for people there: DIVOC's `facility-admin`. A fetcher too.
    Officer,
}

impl Role {
    /// The role's name in a token and in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certifier => "certifier",
            Self::Fetcher => "fetcher",
            Self::Citizen => "citizen",
            Self::Verifier => "verifier",
            Self::Admin => "admin",
            Self::Partner => "partner",
            Self::Officer => "officer",
        }
    }

    /// What a name gives: ours, or the one of DIVOC's Keycloak realm.
    fn named(name: &str) -> &'static [Self] {
        match name {
            "certifier" | "facility-staff" => &[Self::Certifier],
            "fetcher" | "api" => &[Self::Fetcher],
            "citizen" | "recipient" => &[Self::Citizen],
            "verifier" => &[Self::Verifier],
            "admin" | "controller" => &[Self::Admin],
            "partner" | "arogyasetu" => &[Self::Partner],
            "officer" | "facility-admin" => &[Self::Officer, Self::Fetcher],
            _ => &[],
        }
    }
}

/// A caller whose token is believed.
#[derive(Clone)]
pub struct Caller {
    /// The token's `sub`.
    pub subject: String,
    /// The client that the token was made for: `azp`, or `client_id` where there is none (Cognito), or else `sub`.
    pub client: String,
    /// The roles it gives.
    pub roles: BTreeSet<Role>,
    /// The code of the facility that an officer works in.
    pub facility: Option<String>,
    /// A citizen's telephone number. Personal data.
    phone: Option<Contact>,
    /// The keyed hash of a citizen's contact, where that is all that is known of them.
    contact: Option<String>,
}

impl Caller {
    /// Somebody whom a citizen lets see what is registered to the contact with that keyed hash, for as long as it is.
    pub fn shown_by(contact: String) -> Self {
        let roles = BTreeSet::from([Role::Citizen]);
        Self {
            subject: String::new(),
            client: String::new(),
            roles,
            facility: None,
            phone: None,
            contact: Some(contact),
        }
    }

    /// The keyed hash of the contact that a citizen's certificates are registered to.
    ///
    /// # Errors
    /// When the secret behind contact hashes cannot be had.
    pub async fn contact(&self, app: &App) -> Result<Option<String>, Error> {
        Ok(match (&self.contact, &self.phone) {
            (Some(contact), _) => Some(contact.clone()),
            (None, Some(phone)) => Some(contact_hash(&app.pepper.contact_key().await?, phone)),
            (None, None) => None,
        })
    }

    /// A caller who proved in another way than by a token that they may see what they ask for.
    pub(crate) fn proven(name: &str) -> Self {
        let roles = BTreeSet::from([Role::Fetcher]);
        Self { subject: name.to_owned(), client: name.to_owned(), roles, facility: None, phone: None, contact: None }
    }

    /// Whether the caller may see every certificate; a caller who may not is a citizen, shown what is registered to their number.
    pub fn sees_all(&self) -> bool {
        self.roles.iter().any(|role| !matches!(role, Role::Citizen | Role::Partner))
    }

    /// A citizen's telephone. Personal data.
    pub fn phone(&self) -> Option<&Contact> {
        self.phone.as_ref()
    }

    /// Keeps the certificates that the caller may see.
    ///
    /// # Errors
    /// When the secret behind contact hashes cannot be had.
    pub async fn only_theirs(&self, app: &App, mut certificates: Vec<Certificate>) -> Result<Vec<Certificate>, Error> {
        if self.sees_all() {
            return Ok(certificates);
        }
        let Some(own) = self.contact(app).await? else { return Ok(Vec::new()) };
        certificates.retain(|certificate| certificate.contacts.contains(&own));
        Ok(certificates)
    }
}

/// A secret of its own for one purpose, which the label names, out of the secret behind contact hashes.
pub(crate) fn derived_secret(secret: &[u8; 32], label: &[u8]) -> [u8; 32] {
    let mut derived = [0; 32];
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    // HMAC-SHA-256 has 32 bytes.
    derived.copy_from_slice(hmac::sign(&key, label).as_ref());
    derived
}

/// The keyed hash under which a contact is stored and found: HMAC-SHA-256, base64url.
pub fn contact_hash(key: &[u8; 32], contact: &Contact) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, contact.normal_form().as_bytes()))
}

/// Whom a route admits.
pub trait Admission: Send + Sync {
    /// Any one of these roles opens the route.
    const ROLES: &'static [Role];
}

/// Those who bring files of many events: DIVOC's facility-admin, who vouches for a facility, and those who report events or administer the programme.
pub struct Uploaders;
impl Admission for Uploaders {
    const ROLES: &'static [Role] = &[Role::Certifier, Role::Officer, Role::Admin];
}

/// Those who report events.
pub struct Certifiers;
impl Admission for Certifiers {
    const ROLES: &'static [Role] = &[Role::Certifier];
}

/// Those who fetch certificates: for people, or their own.
pub struct Fetchers;
impl Admission for Fetchers {
    const ROLES: &'static [Role] = &[Role::Fetcher, Role::Citizen, Role::Admin];
}

/// Those who check certificates, and those who handle them anyway.
pub struct Verifiers;
impl Admission for Verifiers {
    const ROLES: &'static [Role] = &[Role::Verifier, Role::Admin, Role::Certifier, Role::Fetcher];
}

/// People, about what is registered to their own number.
pub struct Citizens;
impl Admission for Citizens {
    const ROLES: &'static [Role] = &[Role::Citizen];
}

/// Those who correct certificates and take them back.
pub struct Correctors;
impl Admission for Correctors {
    const ROLES: &'static [Role] = &[Role::Certifier, Role::Admin];
}

/// Those who administer the programme: suspend certificates, change keys.
pub struct Admins;
impl Admission for Admins {
    const ROLES: &'static [Role] = &[Role::Admin];
}

/// Those who ask who touched a certificate.
pub struct Historians;
impl Admission for Historians {
    const ROLES: &'static [Role] = &[Role::Citizen, Role::Admin];
}

/// Those who ask whether a certificate exists.
pub struct Askers;
impl Admission for Askers {
    const ROLES: &'static [Role] = &[Role::Certifier, Role::Fetcher, Role::Citizen, Role::Admin];
}

/// Partner applications; [`crate::partner`] says which of them, and to what.
pub struct Partners;
impl Admission for Partners {
    const ROLES: &'static [Role] = &[Role::Partner];
}

/// Systems that fetch certificates for people, and nobody else.
pub struct Systems;
impl Admission for Systems {
    const ROLES: &'static [Role] = &[Role::Fetcher];
}

/// Those who vouch for people in a facility.
pub struct Officers;
impl Admission for Officers {
    const ROLES: &'static [Role] = &[Role::Officer];
}

/// Those who look for people's certificates to print them.
pub struct Searchers;
impl Admission for Searchers {
    const ROLES: &'static [Role] = &[Role::Officer, Role::Fetcher];
}

/// The caller of a route that admits `A`. Deny by default: no token, no entry.
pub struct By<A>(pub Caller, pub PhantomData<A>);

impl<A: Admission> FromRequestParts<App> for By<A> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let mut caller = app.tokens.caller(bearer(&parts.headers)?).await?;
        clients::count(app, &caller, parts.extensions.get::<Told>()).await?;
        caller.roles.retain(|role| A::ROLES.contains(role));
        if caller.roles.is_empty() { Err(Error::Forbidden(A::ROLES)) } else { Ok(Self(caller, PhantomData)) }
    }
}

/// The token that a request brings.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<&str, Error> {
    let header = headers.get(header::AUTHORIZATION).ok_or(Error::Unauthenticated("there is none"))?;
    let header = header.to_str().map_err(|_| Error::Unauthenticated("it is not text"))?;
    let (scheme, token) = header.split_once(' ').ok_or(Error::Unauthenticated("the header is not `Bearer <token>`"))?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Error::Unauthenticated("the header is not `Bearer <token>`"));
    }
    Ok(token.trim())
}

/// Checks callers' tokens against their issuers' keys, which are cached.
pub struct Tokens {
    issuers: Vec<Issuer>,
    /// Callers by the SHA-256 of their token.
    believed: Mutex<HashMap<Vec<u8>, Believed>>,
}

/// An issuer whose tokens are believed.
struct Issuer {
    identity: Identity,
    provider: Arc<dyn IdentityProvider>,
    keys: RwLock<Option<Keys>>,
}

/// A token that was checked a moment ago.
struct Believed {
    caller: Caller,
    until: OffsetDateTime,
}

struct Keys {
    set: JwkSet,
    read_at: Instant,
}

/// How long a key set is believed without asking again: a key that the issuer withdraws is refused after this.
const KEYS_STAY: Duration = Duration::from_mins(10);
/// How long a checked token is believed without checking its signature again, and how many are.
const TOKEN_STAYS: Duration = Duration::from_mins(1);
const MOST_BELIEVED: usize = 4096;
/// How soon a token with an unknown key may make us ask again: keeps foreign tokens from loading the issuer.
const KEYS_REST: Duration = Duration::from_secs(30);
/// The signatures that are taken. Never `none`, never a shared secret.
const ALGORITHMS: [Algorithm; 8] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::EdDSA,
];

impl Tokens {
    /// A checker for the tokens of these issuers.
    pub fn new(issuers: impl IntoIterator<Item = (Identity, Arc<dyn IdentityProvider>)>) -> Self {
        let issuer = |(identity, provider)| Issuer { identity, provider, keys: RwLock::new(None) };
        Self { issuers: issuers.into_iter().map(issuer).collect(), believed: Mutex::default() }
    }

    /// Who calls with this token: signature, issuer, audience, expiry, then roles. A token that passed is believed for a minute, never beyond its expiry.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] with the reason, or [`Error::Unavailable`] when the issuer's keys cannot be read.
    pub async fn caller(&self, token: &str) -> Result<Caller, Error> {
        let name = digest::digest(&digest::SHA256, token.as_bytes()).as_ref().to_vec();
        let now = OffsetDateTime::now_utc();
        let known = |believed: &Believed| (now < believed.until).then(|| believed.caller.clone());
        if let Some(caller) = self.believed().get(&name).and_then(known) {
            return Ok(caller);
        }
        let issuer = self.issuer_of(token)?;
        let claims = issuer.claims(token).await?;
        let caller = issuer.caller_in(&claims);
        let expiry =
            claims.get("exp").and_then(Value::as_i64).and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        let until = expiry.map_or(now, |expiry| expiry.min(now + TOKEN_STAYS));
        let mut believed = self.believed();
        if believed.len() >= MOST_BELIEVED {
            believed.clear();
        }
        believed.insert(name, Believed { caller: caller.clone(), until });
        Ok(caller)
    }

    /// A panic elsewhere leaves the map whole: each change of it is one call.
    fn believed(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Believed>> {
        self.believed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The issuer that the token names, or else the first, which will refuse it. What it names is not believed before that issuer's key has verified it.
    fn issuer_of(&self, token: &str) -> Result<&Issuer, Error> {
        let claims = token.split('.').nth(1).and_then(|claims| URL_SAFE_NO_PAD.decode(claims).ok());
        let claims = claims.and_then(|claims| serde_json::from_slice::<Value>(&claims).ok()).unwrap_or_default();
        let named =
            self.issuers.iter().find(|issuer| claims.get("iss").is_some_and(|iss| *iss == issuer.identity.issuer));
        named.or(self.issuers.first()).ok_or(Error::Unauthenticated("nobody's is believed"))
    }
}

impl Issuer {
    /// What the token says, once everything about it is right.
    async fn claims(&self, token: &str) -> Result<Map<String, Value>, Error> {
        let header = decode_header(token).map_err(|_| Error::Unauthenticated("it is no JWT"))?;
        if !ALGORITHMS.contains(&header.alg) {
            return Err(Error::Unauthenticated("its algorithm is not taken"));
        }
        let key =
            self.key(header.kid.as_deref()).await?.ok_or(Error::Unauthenticated("its key is not the issuer's"))?;
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&[&self.identity.issuer]);
        validation.set_required_spec_claims(&["exp", "iss"]);
        validation.validate_aud = false;
        validation.validate_nbf = true;
        let claims = decode::<Map<String, Value>>(token, &key, &validation).map_err(|fault| reason(&fault))?.claims;
        self.audience(&claims)?;
        Ok(claims)
    }

    /// The issuer's key of that id; one refresh, not too often, if the id is unknown.
    async fn key(&self, id: Option<&str>) -> Result<Option<DecodingKey>, Error> {
        let pick = |set: &JwkSet| {
            let key = match id {
                Some(id) => set.find(id),
                None => set.keys.first(),
            };
            key.and_then(|key| DecodingKey::from_jwk(key).ok())
        };
        if let Some(keys) = self.keys.read().await.as_ref() {
            let found = pick(&keys.set);
            let age = keys.read_at.elapsed();
            if age < if found.is_some() { KEYS_STAY } else { KEYS_REST } {
                return Ok(found);
            }
        }
        let mut keys = self.keys.write().await;
        let fresh = keys.as_ref().is_some_and(|keys| keys.read_at.elapsed() < KEYS_REST);
        if !fresh {
            *keys = Some(Keys { set: self.provider.key_set().await?, read_at: Instant::now() });
        }
        Ok(keys.as_ref().and_then(|keys| pick(&keys.set)))
    }

    /// As API Gateway's JWT authorizer does: `aud` if there is one, else `client_id`.
    fn audience(&self, claims: &Map<String, Value>) -> Result<(), Error> {
        let named = match (claims.get("aud"), claims.get("client_id")) {
            (Some(Value::Array(all)), _) => all.iter().any(|one| one == self.identity.audience.as_str()),
            (Some(one), _) | (None, Some(one)) => one == self.identity.audience.as_str(),
            (None, None) => false,
        };
        if named { Ok(()) } else { Err(Error::Unauthenticated("it is meant for another audience")) }
    }

    fn caller_in(&self, claims: &Map<String, Value>) -> Caller {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        Caller {
            subject: text("sub").unwrap_or_default().to_owned(),
            client: text("azp").or(text("client_id")).or(text("sub")).unwrap_or_default().to_owned(),
            roles: self.role_names(claims).into_iter().flat_map(Role::named).copied().collect(),
            facility: text(&self.identity.facility_claim).filter(|code| !code.is_empty()).map(str::to_owned),
            phone: text(&self.identity.phone_claim)
                .filter(|_| !self.phone_is_unproven(claims))
                .and_then(|phone| Contact::telephone(phone, &self.identity.calling_code)),
            contact: None,
        }
    }

    /// Whether the issuer itself says that it has not seen a proof of the number (OpenID Connect Core, § 5.1).
    fn phone_is_unproven(&self, claims: &Map<String, Value>) -> bool {
        let proven = claims.get("phone_number_verified");
        self.identity.phone_claim == "phone_number"
            && proven.is_some_and(|proven| *proven == false || *proven == "false")
    }

    /// The role names of a token: where the country says, else where the preset's provider puts them.
    fn role_names<'a>(&self, claims: &'a Map<String, Value>) -> Vec<&'a str> {
        fn names(value: Option<&Value>) -> Vec<&str> {
            match value {
                Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
                Some(Value::String(all)) => all.split([' ', ',']).collect(),
                _ => Vec::new(),
            }
        }
        if let Some(pointer) = &self.identity.roles_claim {
            let mut steps = pointer.trim_start_matches('/').split('/');
            let first = steps.next().and_then(|step| claims.get(step));
            return names(steps.try_fold(first, |at, step| Some(at.and_then(|value| value.get(step)))).flatten());
        }
        match self.identity.preset {
            Preset::Citizens => vec![Role::Citizen.as_str()],
            Preset::Cognito => names(claims.get("cognito:groups")),
            Preset::Keycloak => {
                let clients = claims.get("resource_access").and_then(Value::as_object);
                let of_clients = clients.into_iter().flat_map(|clients| clients.values());
                of_clients.chain(claims.get("realm_access")).flat_map(|access| names(access.get("roles"))).collect()
            }
        }
    }
}

/// Why a token is refused, in words that help its honest owner.
fn reason(fault: &jsonwebtoken::errors::Error) -> Error {
    use jsonwebtoken::errors::ErrorKind;
    Error::Unauthenticated(match fault.kind() {
        ErrorKind::ExpiredSignature => "it has expired",
        ErrorKind::ImmatureSignature => "it is not valid yet",
        ErrorKind::InvalidIssuer => "it comes from another issuer",
        ErrorKind::InvalidSignature => "its signature does not fit",
        ErrorKind::MissingRequiredClaim(_) => "it lacks exp or iss",
        _ => "it cannot be read",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use serde_json::json;

    struct Nobody;

    #[async_trait]
    impl IdentityProvider for Nobody {
        async fn key_set(&self) -> anyhow::Result<JwkSet> {
            anyhow::bail!("not asked in these tests")
        }
    }

    fn believed(preset: Preset, roles_claim: Option<&str>, claims: &Value) -> Caller {
        let identity = Identity {
            issuer: "https://id.example".into(),
            audience: "divoc".into(),
            preset,
            roles_claim: roles_claim.map(str::to_owned),
            phone_claim: "phone_number".into(),
            facility_claim: "facility_code".into(),
            calling_code: "91".into(),
        };
        let issuer = Issuer { identity, provider: Arc::new(Nobody), keys: RwLock::new(None) };
        issuer.caller_in(claims.as_object().unwrap())
    }

    fn roles(preset: Preset, roles_claim: Option<&str>, claims: &Value) -> Vec<Role> {
        believed(preset, roles_claim, claims).roles.into_iter().collect()
    }

    #[test]
    fn keycloaks_roles_are_read_from_every_client_and_the_realm_under_divocs_names_too() {
        let claims = json!({
            "resource_access": { "portal": { "roles": ["facility-staff", "offline_access"] }, "other": { "roles": ["api"] } },
            "realm_access": { "roles": ["recipient", "uma_authorization"] },
        });
        assert_eq!(roles(Preset::Keycloak, None, &claims), [Role::Certifier, Role::Fetcher, Role::Citizen]);
        assert_eq!(roles(Preset::Cognito, None, &claims), []);
    }

    #[test]
    fn divocs_facility_admin_is_an_officer_of_their_facility_and_still_fetches() {
        let claims =
            json!({ "resource_access": { "portal": { "roles": ["facility-admin"] } }, "facility_code": "F-1" });
        let officer = believed(Preset::Keycloak, None, &claims);
        assert_eq!(officer.roles.into_iter().collect::<Vec<_>>(), [Role::Fetcher, Role::Officer]);
        assert_eq!(officer.facility.as_deref(), Some("F-1"));
        assert_eq!(
            roles(Preset::Cognito, None, &json!({ "cognito:groups": ["officer"] })),
            [Role::Fetcher, Role::Officer]
        );
        assert_eq!(believed(Preset::Keycloak, None, &json!({ "facility_code": "" })).facility, None);
    }

    #[test]
    fn cognitos_groups_are_roles() {
        let claims = json!({ "cognito:groups": ["certifier", "verifier", "strangers"] });
        assert_eq!(roles(Preset::Cognito, None, &claims), [Role::Certifier, Role::Verifier]);
        assert_eq!(roles(Preset::Keycloak, None, &claims), []);
    }

    #[test]
    fn tokens_of_the_citizens_own_issuer_make_citizens_and_nothing_else() {
        let claims = json!({ "cognito:groups": ["admin"], "realm_access": { "roles": ["admin"] }, "phone_number": "+919999900001" });
        assert_eq!(roles(Preset::Citizens, None, &claims), [Role::Citizen]);
    }

    #[test]
    fn a_number_that_its_issuer_does_not_vouch_for_is_nobodys() {
        let claims = |proven: Value| json!({ "phone_number": "+919999900001", "phone_number_verified": proven });
        assert!(believed(Preset::Citizens, None, &claims(json!(true))).phone.is_some());
        assert!(believed(Preset::Citizens, None, &claims(json!(false))).phone.is_none());
        assert!(believed(Preset::Citizens, None, &claims(json!("false"))).phone.is_none());
    }

    #[test]
    fn a_country_may_have_its_roles_elsewhere() {
        let claims = json!({ "health": { "roles": ["admin"] }, "scope": "openid fetcher" });
        assert_eq!(roles(Preset::Keycloak, Some("/health/roles"), &claims), [Role::Admin]);
        assert_eq!(roles(Preset::Cognito, Some("/scope"), &claims), [Role::Fetcher]);
        assert_eq!(roles(Preset::Cognito, Some("/nowhere"), &claims), []);
    }

    #[test]
    fn one_number_in_two_spellings_has_one_hash_and_another_key_another() {
        let number = |text: &str| believed(Preset::Cognito, None, &json!({ "phone_number": text })).phone.unwrap();
        let hash = |text: &str| contact_hash(&[7; 32], &number(text));
        assert_eq!(hash("+91 99999 00001"), hash("9999900001"));
        assert_ne!(hash("9999900001"), hash("9999900002"));
        assert_ne!(hash("9999900001"), contact_hash(&[8; 32], &number("9999900001")));
        assert!(!format!("{:?}", number("9999900001")).contains("99999"));
    }
}
