//! The only reader of the environment. A wrong value stops the process at start and names the variable.

mod analytics;
mod citizens;
mod digilocker;
mod limits;
mod pace;
mod places;
mod post;
mod queues;
mod reconcile;
mod uploads;

pub use analytics::{Analytics, FACILITY_KINDS, Uses};
pub use citizens::{Citizens, Login};
pub use digilocker::{Digilocker, Matching};
pub use limits::{Allowed, Limits};
pub use pace::Pace;
pub use places::{Messages, Place, Resources};
pub use post::{Callback, Channel, Post, Secret, TokenSource};
pub use queues::Queues;
pub use reconcile::{Policy, Reconcile};
pub use uploads::Uploading;

use anyhow::{Context, Result, bail};
use credential::{Profile, Rules, qr::Form};
use std::{str::FromStr, time::Duration};

/// What a country sets, all of it from environment variables.
#[derive(Clone, Debug)]
pub struct Config {
    /// The constants in every credential: `CERTIFICATE_NAMESPACE`, `CERTIFICATE_NAMESPACE_V2`, `CERTIFICATE_ISSUER`, `CERTIFICATE_DID`, `CERTIFICATE_BASE_URL`,
    /// `CERTIFICATE_INFO_BASE_URL`, `CERTIFICATE_FEEDBACK_BASE_URL`, `FACILITY_COUNTRY_CODE` (DIVOC's names and defaults); of test certificates
    /// `TEST_CERTIFICATE_NAMESPACE` and `TEST_CERTIFICATE_BASE_URL`, which DIVOC's test signer calls as the other signer does (its defaults).
    pub profile: Profile,
    /// `VERIFICATION_METHOD`: the name proofs give the key; default `CERTIFICATE_DID`, as DIVOC's verifiers expect.
    pub verification_method: String,
    /// `CERTIFY_MOST_EVENTS` (100) and `CALLING_CODE` (91).
    pub rules: Rules,
    /// `CERTIFICATE_UPDATE_LIMIT` (100, as DIVOC's): how often the certificate of one dose may be corrected.
    pub update_limit: u32,
    /// `CERTIFY_MOST_BYTES` (1 MiB): the largest request body.
    pub most_bytes: usize,
    /// `QR_FORM`: `utf8` (default) or `raw`.
    pub qr_form: Form,
    /// `REQUIRE_CA_CHAIN`: `true` or `false` (default).
    pub ca_chain: CaChain,
    /// `PUBLIC_URL`: what links in answers start with; default: none, links are paths.
    pub public_url: String,
    /// `PAGE_FRAME_ANCESTORS` (`'self'`): who may embed the verification page, as the list of sources of the policy of that name: `https://clinic.example 'self'`.
    pub page_frame_ancestors: String,
    /// `WALLET_LINK` (`openid-credential-offer://`): what the link that opens a wallet starts with; a country whose own app takes offers names its https link.
    pub wallet_link: String,
    /// `PORTAL_SOURCES`: whom the portal may ask beside the service, as a list of sources: the origin of the citizens' issuer where they log in there, else nobody.
    /// To be set where that provider's token endpoint has another origin (Cognito's): `https://id.example https://login.example`.
    pub portal_sources: String,
    /// `STATUS_VALID_SECONDS` (86,400): how long a revocation list may be relied on; a new one is there after three quarters of it at the latest.
    pub status_valid: Duration,
    /// What is told to whom of a certificate.
    pub post: Post,
    /// `RECOVERY_WAIT_SECONDS` (259,200: three days): how long a move to another number that was asked for with the paper waits for an objection.
    pub recovery_wait: Duration,
    /// What may be uploaded.
    pub uploading: Uploading,
    /// Who may call.
    pub identity: Identity,
    /// How people log in to see their own certificates.
    pub citizens: Citizens,
    /// How DigiLocker asks.
    pub digilocker: Digilocker,
    /// How much each client may ask, and through which door.
    pub limits: Limits,
    /// What is certified at once, what later, and how fast.
    pub pace: Pace,
    /// How earlier doses are reconciled with later reports.
    pub reconcile: Reconcile,
    /// What is counted.
    pub analytics: Analytics,
}

/// Whether the signing key needs certificates of a CA.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaChain {
    /// Without valid ones nothing is signed.
    Required,
    /// It signs with or without.
    Optional,
}

/// Whose tokens are taken, and where they name roles and telephone number.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `OIDC_ISSUER`: must equal `iss`.
    pub issuer: String,
    /// `OIDC_AUDIENCE`: must be in `aud`, or equal `client_id` where there is no `aud` (Cognito's access tokens).
    pub audience: String,
    /// `OIDC_PRESET`: `keycloak` (default) or `cognito`; sets the two claims below and how role names are read.
    pub preset: Preset,
    /// `OIDC_ROLES_CLAIM`: a JSON Pointer to the roles, where a country's provider has them elsewhere.
    pub roles_claim: Option<String>,
    /// `OIDC_PHONE_CLAIM`: the claim with a citizen's telephone number; default `preferred_username` (Keycloak) or `phone_number` (Cognito).
    pub phone_claim: String,
    /// `OIDC_FACILITY_CLAIM`: the claim with the code of an officer's facility; default `facility_code` (Keycloak, as DIVOC) or `custom:facility_code` (Cognito).
    pub facility_claim: String,
    /// `CALLING_CODE`, for numbers without country code.
    pub calling_code: String,
}

/// A kind of identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Roles from `resource_access.*.roles` and `realm_access.roles`, DIVOC's role names understood.
    Keycloak,
    /// Roles from `cognito:groups`.
    Cognito,
    /// Every token is a citizen's and opens nothing else, whatever it says of roles.
    Citizens,
}

impl Config {
    /// Reads and checks every variable.
    ///
    /// # Errors
    /// Names the first variable that is missing or wrong.
    pub fn from_env() -> Result<Self> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// The same where some variables are given, whatever the environment says of them, and others have another default.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn from_env_with(given: &[(&str, &str)], usual: &[(&str, &str)]) -> Result<Self> {
        fn of(list: &[(&str, &str)], name: &str) -> Option<String> {
            list.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        }
        let said = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::from_lookup(|name| of(given, name).or_else(|| said(name)).or_else(|| of(usual, name)))
    }

    /// The same from any source of variables.
    ///
    /// # Errors
    /// As [`Config::from_env`].
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let text =
            |name: &str, default: &str| lookup(name).filter(|v| !v.is_empty()).unwrap_or_else(|| default.to_owned());
        let required =
            |name: &str| lookup(name).filter(|v| !v.is_empty()).with_context(|| format!("{name} is not set"));
        let usual = Profile::default();
        let profile = Profile {
            context_v1: iri("CERTIFICATE_NAMESPACE", text("CERTIFICATE_NAMESPACE", &usual.context_v1))?,
            context_v2: iri("CERTIFICATE_NAMESPACE_V2", text("CERTIFICATE_NAMESPACE_V2", &usual.context_v2))?,
            context_test: iri("TEST_CERTIFICATE_NAMESPACE", text("TEST_CERTIFICATE_NAMESPACE", &usual.context_test))?,
            issuer: iri("CERTIFICATE_ISSUER", text("CERTIFICATE_ISSUER", &usual.issuer))?,
            did: iri("CERTIFICATE_DID", text("CERTIFICATE_DID", &usual.did))?,
            base_url: iri("CERTIFICATE_BASE_URL", text("CERTIFICATE_BASE_URL", &usual.base_url))?,
            test_base_url: iri("TEST_CERTIFICATE_BASE_URL", text("TEST_CERTIFICATE_BASE_URL", &usual.test_base_url))?,
            info_base_url: iri("CERTIFICATE_INFO_BASE_URL", text("CERTIFICATE_INFO_BASE_URL", &usual.info_base_url))?,
            feedback_base_url: iri(
                "CERTIFICATE_FEEDBACK_BASE_URL",
                text("CERTIFICATE_FEEDBACK_BASE_URL", &usual.feedback_base_url),
            )?,
            facility_country: text("FACILITY_COUNTRY_CODE", &usual.facility_country),
        };
        profile.check()?;
        let calling_code = text("CALLING_CODE", "91");
        if calling_code.is_empty() || !calling_code.bytes().all(|b| b.is_ascii_digit()) {
            bail!("CALLING_CODE must be digits, such as 91");
        }
        let preset = match text("OIDC_PRESET", "keycloak").as_str() {
            "keycloak" => Preset::Keycloak,
            "cognito" => Preset::Cognito,
            _ => bail!("OIDC_PRESET must be keycloak or cognito"),
        };
        let issuer = required("OIDC_ISSUER")?;
        let citizens = Citizens::from_lookup(&lookup, &calling_code)?;
        let provider = match citizens.login {
            Login::Service => String::new(),
            Login::Oidc => origin(citizens.identity.as_ref().map_or(&issuer, |identity| &identity.issuer)),
        };
        Ok(Self {
            verification_method: iri("VERIFICATION_METHOD", text("VERIFICATION_METHOD", &profile.did))?,
            profile,
            rules: Rules {
                most_events: number("CERTIFY_MOST_EVENTS", &text("CERTIFY_MOST_EVENTS", "100"))?,
                calling_code: calling_code.clone(),
            },
            update_limit: number("CERTIFICATE_UPDATE_LIMIT", &text("CERTIFICATE_UPDATE_LIMIT", "100"))?,
            most_bytes: number("CERTIFY_MOST_BYTES", &text("CERTIFY_MOST_BYTES", "1048576"))?,
            qr_form: match text("QR_FORM", "utf8").as_str() {
                "utf8" => Form::Utf8,
                "raw" => Form::Raw,
                _ => bail!("QR_FORM must be utf8 or raw"),
            },
            ca_chain: match text("REQUIRE_CA_CHAIN", "false").as_str() {
                "true" => CaChain::Required,
                "false" => CaChain::Optional,
                _ => bail!("REQUIRE_CA_CHAIN must be true or false"),
            },
            public_url: text("PUBLIC_URL", "").trim_end_matches('/').to_owned(),
            page_frame_ancestors: sources("PAGE_FRAME_ANCESTORS", text("PAGE_FRAME_ANCESTORS", "'self'"))?,
            wallet_link: iri("WALLET_LINK", text("WALLET_LINK", "openid-credential-offer://"))?,
            portal_sources: sources("PORTAL_SOURCES", text("PORTAL_SOURCES", &provider))?,
            status_valid: seconds("STATUS_VALID_SECONDS", &text("STATUS_VALID_SECONDS", "86400"), MOST_VALID)?,
            citizens,
            digilocker: Digilocker::from_lookup(&lookup)?,
            analytics: Analytics::from_lookup(&lookup)?,
            limits: Limits::from_lookup(&lookup)?,
            post: Post::from_lookup(&lookup)?,
            pace: Pace::from_lookup(&lookup)?,
            reconcile: Reconcile::from_lookup(&lookup)?,
            uploading: Uploading::from_lookup(&lookup)?,
            recovery_wait: seconds("RECOVERY_WAIT_SECONDS", &text("RECOVERY_WAIT_SECONDS", "259200"), MOST_WAIT)?,
            identity: Identity {
                issuer,
                audience: required("OIDC_AUDIENCE")?,
                roles_claim: lookup("OIDC_ROLES_CLAIM").filter(|v| !v.is_empty()),
                phone_claim: text(
                    "OIDC_PHONE_CLAIM",
                    if preset == Preset::Cognito { "phone_number" } else { "preferred_username" },
                ),
                facility_claim: text(
                    "OIDC_FACILITY_CLAIM",
                    if preset == Preset::Cognito { "custom:facility_code" } else { "facility_code" },
                ),
                preset,
                calling_code,
            },
        })
    }
}

/// `RUST_LOG`: the level from which lines are logged (`info` unless said), or `crate=level` for each crate, with commas between.
pub fn log_levels() -> String {
    std::env::var("RUST_LOG").ok().filter(|levels| !levels.is_empty()).unwrap_or_else(|| "info".to_owned())
}

/// The URL of another system: what is said to it is said in secret. Unprotected ones are taken on this machine alone, where emulators and tests live.
///
/// # Errors
/// When it is something else; `name` is what the error calls it.
pub fn web_address(name: &str, value: String) -> Result<String> {
    let safe = ["https://", "http://127.0.0.1:", "http://localhost:"].iter().any(|start| value.starts_with(start));
    if !safe || value.contains(|c: char| !c.is_ascii_graphic() || c == '@') {
        bail!("{name} must start with https://");
    }
    Ok(value)
}

/// Four weeks.
const MOST_WAIT: u64 = 28 * 86_400;
/// A year: beyond that a list is no news.
const MOST_VALID: u64 = 366 * 86_400;

/// A file's name without a folder, and not one of the other secrets there.
fn file_name(name: &str, value: String) -> Result<String> {
    let stem = value.strip_suffix(".pem").filter(|stem| !stem.is_empty() && !["identity", "status"].contains(stem));
    let plain = |letter: u8| letter.is_ascii_alphanumeric() || b"-_".contains(&letter);
    if !stem.is_some_and(|stem| stem.bytes().all(plain)) {
        bail!("{name} must be a file name such as signing-2027.pem");
    }
    Ok(value)
}

/// An absolute IRI: what stands in a credential must be inside its signature.
fn iri(name: &str, value: String) -> Result<String> {
    check_iri(name, &value).map(|()| value)
}

/// The same of a value that is someone else's; `name` is what the error calls it.
///
/// # Errors
/// When it is none.
pub(crate) fn check_iri(name: &str, value: &str) -> Result<()> {
    let scheme = value.split(':').next().unwrap_or_default();
    let absolute = scheme.len() < value.len() && scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    if !absolute || value.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c)) {
        bail!("{name} must be an absolute IRI, such as https://example.org/ or did:web:example.org");
    }
    Ok(())
}

/// A part of a document's URI, in which hyphens stand between the parts.
fn word(name: &str, value: String) -> Result<String> {
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.') {
        bail!("{name} must be letters, digits and dots, such as in.gov.covin");
    }
    Ok(value)
}

/// Scheme, host and port of an address, as a list of sources names them.
fn origin(address: &str) -> String {
    address.split('/').take(3).collect::<Vec<_>>().join("/")
}

/// Sources of a content security policy: more than a list would change the policy's other rules.
fn sources(name: &str, value: String) -> Result<String> {
    if value.contains(|c: char| !c.is_ascii_graphic() && c != ' ' || ";,".contains(c)) {
        bail!("{name} must be sources with spaces between them, such as 'self' https://clinic.example");
    }
    Ok(value)
}

fn seconds(name: &str, value: &str, most: u64) -> Result<Duration> {
    let seconds = number(name, value)?;
    if !(1..=most).contains(&seconds) {
        bail!("{name} must be 1 to {most} seconds");
    }
    Ok(Duration::from_secs(seconds))
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T> {
    value.parse().ok().with_context(|| format!("{name} must be a whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signing_keys_file_is_one_of_its_own() {
        let taken = |value: &str| file_name("SIGNING_KEY", value.to_owned());
        assert_eq!(taken("signing-2027.pem").unwrap(), "signing-2027.pem");
        for bad in ["", ".pem", "identity.pem", "status.pem", "contact.key", "../signing.pem", "a/b.pem", "a.b.pem"] {
            assert_eq!(taken(bad).unwrap_err().to_string(), "SIGNING_KEY must be a file name such as signing-2027.pem");
        }
    }

    fn with(changes: &[(&str, &str)]) -> Result<Config> {
        let usual = [("OIDC_ISSUER", "https://id.example"), ("OIDC_AUDIENCE", "divoc")];
        let all: Vec<(&str, &str)> = changes.iter().chain(&usual).copied().collect();
        Config::from_lookup(|name| all.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn what_is_not_set_is_as_divoc_has_it() {
        let config = with(&[]).unwrap();
        assert_eq!(config.profile.context_v1, "https://divoc.dev/credentials/vaccination/v1");
        assert_eq!(config.profile.context_test, "https://cowin.gov.in/credentials/testCertificate/v1");
        assert_eq!(config.verification_method, "did:india");
        assert_eq!((config.rules.most_events, config.most_bytes, config.update_limit), (100, 1_048_576, 100));
        assert_eq!((config.qr_form, config.identity.preset), (Form::Utf8, Preset::Keycloak));
        assert_eq!(config.status_valid, Duration::from_hours(24));
        assert_eq!(config.wallet_link, "openid-credential-offer://");
        assert_eq!(config.recovery_wait, Duration::from_hours(72));
        assert_eq!(config.identity.facility_claim, "facility_code");
        assert_eq!(config.ca_chain, CaChain::Optional);
        assert_eq!(with(&[("REQUIRE_CA_CHAIN", "true")]).unwrap().ca_chain, CaChain::Required);
        assert_eq!(config.identity.phone_claim, "preferred_username");
        assert_eq!(with(&[("OIDC_PRESET", "cognito")]).unwrap().identity.phone_claim, "phone_number");
        assert_eq!(
            with(&[("CERTIFICATE_DID", "did:web:health.example")]).unwrap().verification_method,
            "did:web:health.example"
        );
    }

    #[test]
    fn nobody_is_told_anything_unless_said() {
        let post = with(&[("ACK_CALLBACK_AUTH_URL", "https://health.example/token")]).unwrap().post;
        assert!(post.callback.is_none() && post.channels.is_empty());
        let url = ("ACK_CALLBACK_URL", "https://health.example/ack");
        let said = [url, ("NOTIFY_EMAIL", "on"), ("ACK_CALLBACK_AUTH_KEY", "our-name"), ("ACK_SECRET_VERSION", "3")];
        let post = with(&said).unwrap().post;
        assert_eq!((post.channels, post.most_tries), (vec![Channel::Mail], 20));
        let callback = post.callback.unwrap();
        assert_eq!((callback.url.as_str(), callback.secret_version), ("https://health.example/ack", 3));
        assert!(callback.token.is_none());
        let token = ("ACK_CALLBACK_AUTH_URL", "https://health.example/token");
        let fault = with(&[url, token]).unwrap_err().to_string();
        assert_eq!(fault, "ACK_CALLBACK_AUTH_KEY is not set");
        let token = with(&[url, token, ("ACK_CALLBACK_AUTH_KEY", "our-name")]).unwrap().post.callback.unwrap().token;
        assert_eq!(token.as_ref().unwrap().expiry, Duration::from_mins(10));
        assert!(!format!("{token:?}").contains("our-name"));
    }

    #[test]
    fn a_wrong_value_names_its_variable() {
        let cases = [
            ("OIDC_ISSUER", ""),
            ("OIDC_PRESET", "auth0"),
            ("CERTIFICATE_DID", "india"),
            ("CERTIFICATE_ISSUER", "https://divoc dev/"),
            ("CERTIFICATE_BASE_URL", "https://divoc.dev/vaccine#"),
            ("TEST_CERTIFICATE_NAMESPACE", "testCertificate/v1"),
            ("TEST_CERTIFICATE_BASE_URL", "https://divoc.dev/test#"),
            ("CALLING_CODE", "+91"),
            ("CERTIFY_MOST_EVENTS", "many"),
            ("CERTIFY_MOST_BYTES", "-1"),
            ("CERTIFICATE_UPDATE_LIMIT", "never"),
            ("QR_FORM", "binary"),
            ("PAGE_FRAME_ANCESTORS", "*; script-src *"),
            ("PAGE_FRAME_ANCESTORS", "https://a.example,https://b.example"),
            ("WALLET_LINK", "wallet.example/offer"),
            ("PORTAL_SOURCES", "https://id.example; script-src *"),
            ("STATUS_VALID_SECONDS", "0"),
            ("STATUS_VALID_SECONDS", "99999999999"),
            ("REQUIRE_CA_CHAIN", "yes"),
            ("DIGILOCKER_AUTHKEYNAME", "a header"),
            ("DIGILOCKER_ISSUER", "in-gov"),
            ("DIGILOCKER_DOCTYPE", "VA CER"),
            ("DIGILOCKER_INTERNATIONAL_DOCTYPE", "<IVACR>"),
            ("DIGILOCKER_MATCH", "name"),
            ("NOTIFY_SMS", "true"),
            ("NOTIFY_EMAIL", "yes"),
            ("POST_MOST_TRIES", "often"),
            ("ACK_CALLBACK_URL", "http://health.example/ack"),
            ("ACK_CALLBACK_URL", "http://127.0.0.1:80@health.example/ack"),
            ("RECOVERY_WAIT_SECONDS", "0"),
            ("RECOVERY_WAIT_SECONDS", "99999999"),
            ("RECONCILE", "on"),
            ("RECONCILE_UTC_OFFSET", "IST"),
            ("UPLOAD_KEEP_DAYS", "0"),
            ("UPLOAD_MOST_BYTES", "8 GiB"),
            ("UPLOAD_SOURCES", "*; script-src *"),
        ];
        for (name, value) in cases {
            let fault = format!("{:#}", with(&[(name, value)]).expect_err(name));
            assert!(fault.contains(name), "{name}={value}: {fault}");
        }
    }
}
