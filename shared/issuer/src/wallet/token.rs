//! Token: what a wallet gets for an offer's code, once.
//!
//! A try, right or wrong, is one new revision of the offer's sheet: so of many wallets that race with one code a single one gets a token, and of many guesses
//! that race none is free.

use super::{
    GRANT, Offer, Promise, TOKEN, TOKEN_LIVES, TRIES, folder,
    offers::{find, fits},
    secret, text,
};
use crate::{
    App, Error,
    error::Refusal,
    http::{body, essence, with_member},
    ports::{Commit, Drawer, Sheet},
};
use anyhow::anyhow;
use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// The token endpoint: a form, answered as RFC 6749 § 5 wants.
pub(super) async fn token(State(app): State<App>, request: Request) -> Result<Response, Error> {
    let asked = Asked::read(request).await?;
    let (token, promise) = exchange(&app, &asked).await?;
    let told = json!({ "access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIVES.whole_seconds() });
    Ok(Json(with_member(told, "authorization_details", asked.details.map(|_| promise.details()))).into_response())
}

/// What a wallet asks.
struct Asked {
    code: String,
    transaction_code: Option<String>,
    /// The configurations that the wallet names, if it names any.
    details: Option<Vec<Detail>>,
}

/// An authorization detail (RFC 9396), as far as it matters here.
#[derive(Deserialize)]
struct Detail {
    #[serde(rename = "type")]
    kind: String,
    credential_configuration_id: Option<String>,
}

impl Asked {
    async fn read(request: Request) -> Result<Self, Error> {
        if essence(request.headers()) != "application/x-www-form-urlencoded" {
            return Err(invalid("the body is not a form"));
        }
        let bytes = body(request, MOST_BYTES).await?;
        let form = Form(form_urlencoded::parse(&bytes).into_owned().collect());
        match form.one("grant_type")? {
            Some(grant) if grant == GRANT => {}
            Some(_) => {
                return Err(Error::Wallet(Refusal::UnsupportedGrantType, "only pre-authorized codes are taken"));
            }
            None => return Err(invalid("grant_type is missing")),
        }
        let code = form.one("pre-authorized_code")?.ok_or_else(|| invalid("pre-authorized_code is missing"))?;
        let unreadable =
            |_| Error::Wallet(Refusal::InvalidAuthorizationDetails, "authorization_details is no list of them");
        Ok(Self {
            code,
            transaction_code: form.one("tx_code")?,
            details: form
                .one("authorization_details")?
                .map(|text| serde_json::from_str(&text).map_err(unreadable))
                .transpose()?,
        })
    }
}

/// A form's members in their order.
struct Form(Vec<(String, String)>);

impl Form {
    /// The member of that name; an empty one is none, and one that is there twice is a fault (RFC 6749 § 3.2).
    fn one(&self, name: &str) -> Result<Option<String>, Error> {
        let mut found = self.0.iter().filter(|(known, value)| known == name && !value.is_empty());
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(invalid("a member is there twice")),
            (one, None) => Ok(one.map(|(_, value)| value.clone())),
        }
    }
}

fn invalid(why: &'static str) -> Error {
    Error::Wallet(Refusal::InvalidRequest, why)
}

/// A token for the code; the offer is used from then on. Who meets another's try looks again: there are few.
async fn exchange(app: &App, asked: &Asked) -> Result<(String, Promise), Error> {
    for _ in 0..=TRIES {
        let (sheet, offer) = find(app, &asked.code).await?.ok_or(NO_GRANT)?;
        match offer.judge(asked)? {
            Judged::Right => {
                let token = secret()?;
                let used = sheet.saying(text(&Offer { tries_left: 0, ..offer.clone() })?);
                if put(app, &[used, ticket(app, &token, &offer.promise)?]).await? == Commit::Stored {
                    return Ok((token, offer.promise));
                }
            }
            Judged::Wrong => {
                let tried = sheet.saying(text(&Offer { tries_left: offer.tries_left - 1, ..offer })?);
                if put(app, &[tried]).await? == Commit::Stored {
                    return Err(Error::Wallet(Refusal::InvalidGrant, "the transaction code is wrong"));
                }
            }
        }
    }
    Err(Error::Unavailable(anyhow!("an offer changed {TRIES} times while it was being tried")))
}

async fn put(app: &App, sheets: &[Sheet]) -> anyhow::Result<Commit> {
    app.cabinet.put(sheets, (app.clock)()).await
}

fn ticket(app: &App, token: &str, promise: &Promise) -> anyhow::Result<Sheet> {
    let sheet = Sheet::new(Drawer::Offers, folder(TOKEN, token), TOKEN, text(promise)?);
    Ok(sheet.until((app.clock)() + TOKEN_LIVES))
}

enum Judged {
    Right,
    Wrong,
}

impl Offer {
    /// Whether the wallet may have what is offered. What it could not know costs no try.
    fn judge(&self, asked: &Asked) -> Result<Judged, Error> {
        if asked.details.iter().flatten().any(|detail| !self.promise.is_meant_by(detail)) {
            return Err(Error::Wallet(Refusal::InvalidAuthorizationDetails, "the offer is for another configuration"));
        }
        match (&self.transaction_code, &asked.transaction_code) {
            (None, None) => Ok(Judged::Right),
            (None, Some(_)) => Err(invalid("the offer has no transaction code")),
            (Some(_), None) => Err(invalid("tx_code is missing")),
            (Some(hashed), Some(digits)) if fits(&asked.code, digits, hashed) => Ok(Judged::Right),
            (Some(_), Some(_)) => Ok(Judged::Wrong),
        }
    }
}

impl Promise {
    fn is_meant_by(&self, detail: &Detail) -> bool {
        detail.kind == "openid_credential"
            && detail.credential_configuration_id.as_deref() == Some(self.configuration.id())
    }

    /// The one credential that the token opens; wallets call it by the certificate's id then.
    fn details(&self) -> Value {
        json!([{
            "type": "openid_credential",
            "credential_configuration_id": self.configuration.id(),
            "credential_identifiers": [self.certificate_id],
        }])
    }
}

/// One answer for codes that never were, are over, were used, or were guessed at too often.
const NO_GRANT: Error = Error::Wallet(Refusal::InvalidGrant, "the code is unknown, over or used");
/// Far above any request of a wallet.
const MOST_BYTES: usize = 16 * 1024;
