//! An identity provider for development: it lives in the process, and gives everybody the token they ask for.

use crate::keys;
use anyhow::{Context, Result};
use async_trait::async_trait;
use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::Contact;
use issuer::ports::{CitizenTokens, IdentityProvider};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet},
};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// What tokens name as their issuer.
pub const ISSUER: &str = "http://localhost/dev";
/// Whom they are for.
pub const AUDIENCE: &str = "divoc";
/// The roles that a token can name.
pub const ROLES: [&str; 7] = ["certifier", "fetcher", "citizen", "verifier", "admin", "partner", "officer"];
/// The facility of an officer of [`DevelopmentIdentity::token`], under the claim that DIVOC has it in.
pub const FACILITY: &str = "F-0001";
/// The citizen of [`DevelopmentIdentity::token`], the one of the sample events: a number that belongs to nobody.
pub const PHONE: &str = "+919000000000";

/// The [`IdentityProvider`] that mints tokens itself: ES256, shaped like Keycloak's.
pub struct DevelopmentIdentity {
    key: EncodingKey,
    published: JwkSet,
}

impl DevelopmentIdentity {
    /// The provider with a P-256 key in PEM (PKCS#8).
    ///
    /// # Errors
    /// When the text is no such key.
    pub fn from_pem(pem: &str) -> Result<Self> {
        let key = EncodingKey::from_ec_der(&keys::decode(pem).context("the identity provider's key is not PEM")?);
        let mut public = Jwk::from_encoding_key(&key, Algorithm::ES256)?;
        public.common.key_id = Some(KEY_ID.to_owned());
        Ok(Self { key, published: JwkSet { keys: vec![public] } })
    }

    /// A token with `role`, twelve hours long. A citizen's names their telephone number where Keycloak has it.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn token(&self, role: &str, phone: &str) -> Result<String> {
        self.token_of(role, &format!("development-{role}"), phone, FACILITY)
    }

    /// The same for somebody of one's own choice, such as a second officer, in a facility of one's own choice.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn token_of(&self, role: &str, subject: &str, phone: &str, facility: &str) -> Result<String> {
        let mut claims = Map::from_iter([("resource_access".to_owned(), json!({ AUDIENCE: { "roles": [role] } }))]);
        claims.insert("sub".to_owned(), json!(subject));
        match role {
            "citizen" => claims.insert("preferred_username".to_owned(), json!(phone)),
            "officer" => claims.insert("facility_code".to_owned(), json!(facility)),
            _ => None,
        };
        self.mint(claims)
    }

    /// A token with these claims; what they don't say of `iss`, `aud`, `iat` and `exp` is filled in; null leaves a claim out.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn mint(&self, claims: Map<String, Value>) -> Result<String> {
        let now = OffsetDateTime::now_utc();
        let usual = [
            ("iss", json!(ISSUER)),
            ("aud", json!(AUDIENCE)),
            ("iat", json!(now.unix_timestamp())),
            ("exp", json!((now + Duration::hours(12)).unix_timestamp())),
        ];
        let mut all: Map<String, Value> = usual.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        all.extend(claims);
        all.retain(|_, value| !value.is_null());
        let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::ES256) };
        Ok(jsonwebtoken::encode(&header, &all, &self.key)?)
    }
}

/// The [`CitizenTokens`] of that provider. It lives in the service's own process and believes it without a ticket.
pub struct SignIn {
    /// The provider.
    pub identity: Arc<DevelopmentIdentity>,
    /// How long a token is good.
    pub valid: std::time::Duration,
}

#[async_trait]
impl CitizenTokens for SignIn {
    async fn token(&self, phone: &Contact, _ticket: &str) -> Result<String> {
        let number = phone.normal_form().replace("tel:", "+");
        let expires = OffsetDateTime::now_utc() + self.valid;
        let claims = json!({
            "sub": format!("citizen-{}", subject(&number)),
            "preferred_username": number,
            "resource_access": { AUDIENCE: { "roles": ["citizen"] } },
            "exp": expires.unix_timestamp(),
        });
        self.identity.mint(claims.as_object().cloned().unwrap_or_default())
    }
}

/// A name for the person that stays the same and is not the number itself.
fn subject(number: &str) -> String {
    let digest = digest::digest(&digest::SHA256, number.as_bytes());
    URL_SAFE_NO_PAD.encode(digest.as_ref().get(..12).unwrap_or_default())
}

#[async_trait]
impl IdentityProvider for DevelopmentIdentity {
    async fn key_set(&self) -> Result<JwkSet> {
        Ok(self.published.clone())
    }
}

const KEY_ID: &str = "development";

#[cfg(test)]
mod tests {
    use super::*;
    use credential::Suite;
    use jsonwebtoken::{DecodingKey, Validation};

    #[tokio::test]
    async fn a_citizens_token_verifies_and_says_who_they_are() {
        let identity = DevelopmentIdentity::from_pem(&keys::generate(Suite::Es256).unwrap()).unwrap();
        let token = identity.token("citizen", "+919000000001").unwrap();
        let keys = identity.key_set().await.unwrap();
        let key = DecodingKey::from_jwk(keys.find("development").unwrap()).unwrap();
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_audience(&[AUDIENCE]);
        rules.set_issuer(&[ISSUER]);
        let mut claims = jsonwebtoken::decode::<Map<String, Value>>(&token, &key, &rules).unwrap().claims;
        let (from, until) = (claims.remove("iat").unwrap().as_i64(), claims.remove("exp").unwrap().as_i64());
        assert_eq!(until.unwrap() - from.unwrap(), 12 * 3600);
        assert_eq!(
            Value::from(claims),
            json!({
                "iss": "http://localhost/dev", "aud": "divoc", "sub": "development-citizen",
                "resource_access": { "divoc": { "roles": ["citizen"] } }, "preferred_username": "+919000000001"
            })
        );
    }
}
