//! How people log in to see their own certificates.

use super::{Identity, Preset, number, seconds};
use anyhow::{Result, bail};
use std::time::Duration;

/// What a country sets of it.
#[derive(Clone, Debug)]
pub struct Citizens {
    /// `CITIZEN_LOGIN`: `service` (default) or `oidc`.
    pub login: Login,
    /// `CITIZEN_OIDC_ISSUER`, `CITIZEN_CLIENT_ID` and `CITIZEN_PHONE_CLAIM` (`phone_number`): a second issuer whose tokens are believed, for citizens alone.
    /// None: citizens' tokens come from `OIDC_ISSUER`, too.
    pub identity: Option<Identity>,
    /// `CITIZEN_CLIENT_ID`: the public client with which citizens log in; it is the audience of their own issuer's tokens.
    pub client_id: String,
    /// `CITIZEN_TOKEN_SECONDS` (1,200): how long a token of the service's own login is good.
    pub token_valid: Duration,
    /// `CODE_PACE_MILLISECONDS` (1,000): how long sending a code takes, whether or not there is one to send; longer than handing over a message does.
    pub pace: Duration,
    /// `CODES_PER_NUMBER` (5): codes to one number in an hour; twice as many in a day.
    pub codes_per_number: u64,
    /// `CODES_PER_ADDRESS` (100): codes asked for by one network address in an hour. Mobile operators have many people share one.
    pub codes_per_address: u64,
    /// `TRUSTED_PROXIES` (0): proxies of ours in front of the service, CloudFront for one, that say in `X-Forwarded-For` whom they saw.
    pub proxies: usize,
}

/// Where people log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// Here, by a one-time code.
    Service,
    /// At a provider of the country's.
    Oidc,
}

impl Citizens {
    /// # Errors
    /// Names the first variable that is wrong.
    pub(super) fn from_lookup(lookup: impl Fn(&str) -> Option<String>, calling_code: &str) -> Result<Self> {
        let text =
            |name: &str, default: &str| lookup(name).filter(|v| !v.is_empty()).unwrap_or_else(|| default.to_owned());
        let client_id = text("CITIZEN_CLIENT_ID", "");
        let issuer = text("CITIZEN_OIDC_ISSUER", "");
        if !issuer.is_empty() && client_id.is_empty() {
            bail!("CITIZEN_CLIENT_ID must be set where CITIZEN_OIDC_ISSUER is");
        }
        let identity = (!issuer.is_empty()).then(|| Identity {
            issuer,
            audience: client_id.clone(),
            preset: Preset::Citizens,
            roles_claim: None,
            phone_claim: text("CITIZEN_PHONE_CLAIM", "phone_number"),
            facility_claim: String::new(),
            calling_code: calling_code.to_owned(),
        });
        let login = match text("CITIZEN_LOGIN", "service").as_str() {
            "service" => Login::Service,
            "oidc" => Login::Oidc,
            _ => bail!("CITIZEN_LOGIN must be service or oidc"),
        };
        let pace: u64 = number("CODE_PACE_MILLISECONDS", &text("CODE_PACE_MILLISECONDS", "1000"))?;
        if pace > MOST_PACE {
            bail!("CODE_PACE_MILLISECONDS must be at most {MOST_PACE}");
        }
        Ok(Self {
            login,
            identity,
            client_id,
            token_valid: seconds("CITIZEN_TOKEN_SECONDS", &text("CITIZEN_TOKEN_SECONDS", "1200"), MOST_VALID)?,
            pace: Duration::from_millis(pace),
            codes_per_number: number("CODES_PER_NUMBER", &text("CODES_PER_NUMBER", "5"))?,
            codes_per_address: number("CODES_PER_ADDRESS", &text("CODES_PER_ADDRESS", "100"))?,
            proxies: number("TRUSTED_PROXIES", &text("TRUSTED_PROXIES", "0"))?,
        })
    }
}

/// Somebody waits for it.
const MOST_PACE: u64 = 10_000;
/// An hour: nobody can take back what is in somebody's hands.
const MOST_VALID: u64 = 3_600;

#[cfg(test)]
mod tests {
    use super::*;

    fn with(changes: &[(&str, &str)]) -> Result<Citizens> {
        let value = |name: &str| changes.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Citizens::from_lookup(value, "91")
    }

    #[test]
    fn people_log_in_here_unless_the_country_says_where() {
        let usual = with(&[]).unwrap();
        assert_eq!((usual.login, usual.identity.is_none(), usual.codes_per_number), (Login::Service, true, 5));
        let theirs = with(&[
            ("CITIZEN_LOGIN", "oidc"),
            ("CITIZEN_OIDC_ISSUER", "https://people.example"),
            ("CITIZEN_CLIENT_ID", "portal"),
        ]);
        let identity = theirs.unwrap().identity.unwrap();
        assert_eq!((identity.audience.as_str(), identity.preset), ("portal", Preset::Citizens));
    }

    #[test]
    fn a_wrong_value_names_its_variable() {
        for (name, value) in [
            ("CITIZEN_LOGIN", "maybe"),
            ("CITIZEN_OIDC_ISSUER", "https://people.example"),
            ("CITIZEN_TOKEN_SECONDS", "0"),
            ("CODE_PACE_MILLISECONDS", "60000"),
            ("CODES_PER_NUMBER", "few"),
            ("CODES_PER_ADDRESS", "-1"),
            ("TRUSTED_PROXIES", "all"),
        ] {
            let fault = with(&[(name, value)]).unwrap_err().to_string();
            assert!(fault.contains(name), "{name}={value}: {fault}");
        }
    }
}
