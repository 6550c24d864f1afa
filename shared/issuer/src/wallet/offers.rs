//! Offers: made for a citizen, read by their wallet as often as it likes until it has used the code.

use super::{GRANT, OFFER, OFFER_LIVES, Offer, Promise, TRIES, folder, metadata::Configuration, secret, text};
use crate::{
    App, Error,
    auth::{By, Citizens},
    error::rfc3339,
    fetch::exactly,
    http::{Json, Origin, with_member},
    limits::Limit,
    ports::{Certificate, Commit, Drawer, Sheet},
    random,
};
use anyhow::{Context, Result, anyhow};
use aws_lc_rs::hmac;
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::{Code, Fault, Faults, qr::Symbol};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

/// 201 with the offer in every form that a portal shows. Each call makes another offer; those before stay until they are used or over.
pub(super) async fn offer(
    State(app): State<App>,
    By(caller, ..): By<Citizens>,
    Origin(base): Origin,
    Json(body): Json,
) -> Result<Response, Error> {
    let wish = Wish::parse(&body).map_err(|faults| Error::Invalid(Faults(faults)))?;
    let certificate = exactly(&app, &caller, &wish.certificate_id).await?.certificate;
    A_DAY.count(&app, &caller.contact(&app).await?.ok_or(Error::NoCertificate)?).await?;
    let made = make(&app, &certificate, wish.with_transaction_code).await?;
    tracing::info!(certificate.id = certificate.issuance.certificate_id.as_str(), "offered to a wallet");
    Ok((StatusCode::CREATED, axum::Json(told(&app, &base, &made)?)).into_response())
}

/// The offer itself, as long as it can be used.
pub(super) async fn offered(
    State(app): State<App>,
    Path(code): Path<String>,
    Origin(base): Origin,
) -> Result<Response, Error> {
    let (_, offer) = find(&app, &code).await?.ok_or(Error::NoOffer)?;
    Ok(axum::Json(object(&base, &code, &offer)).into_response())
}

/// Offers of one citizen: a family with a new telephone each makes a few.
const A_DAY: Limit = Limit { what: "offers", window: Duration::DAY, most: 100 };

/// What a citizen wants.
struct Wish {
    certificate_id: String,
    with_transaction_code: bool,
}

impl Wish {
    fn parse(body: &Value) -> Result<Self, Vec<Fault>> {
        let certificate_id = body.get("certificateId").and_then(Value::as_str);
        let transaction_code = body.get("txCode").map_or(Some(false), Value::as_bool);
        let fault = |pointer: &str, code, detail: &str| Fault { pointer: pointer.into(), code, detail: detail.into() };
        match (certificate_id, transaction_code) {
            (Some(id), Some(with_transaction_code)) => {
                Ok(Self { certificate_id: id.to_owned(), with_transaction_code })
            }
            (id, transaction_code) => Err([
                id.is_none().then(|| fault("/certificateId", Code::Required, "the id of a certificate, as text")),
                transaction_code.is_none().then(|| fault("/txCode", Code::Type, "true or false")),
            ]
            .into_iter()
            .flatten()
            .collect()),
        }
    }
}

/// An offer with the secrets that only its citizen is told.
struct Made {
    code: String,
    transaction_code: Option<String>,
    offer: Offer,
    until: OffsetDateTime,
}

async fn make(app: &App, certificate: &Certificate, with_transaction_code: bool) -> Result<Made, Error> {
    let (code, now) = (secret()?, (app.clock)());
    let transaction_code = with_transaction_code.then(digits).transpose()?;
    let promise = Promise {
        certificate_id: certificate.issuance.certificate_id.as_str().to_owned(),
        configuration: Configuration::of(certificate, &app.config.profile),
    };
    let hashed = transaction_code.as_deref().map(|digits| hashed(&code, digits));
    let offer = Offer { promise, transaction_code: hashed, tries_left: TRIES };
    let until = now + OFFER_LIVES;
    let sheet = Sheet::new(Drawer::Offers, folder(OFFER, &code), OFFER, text(&offer)?).until(until);
    match app.cabinet.put(&[sheet], now).await? {
        Commit::Stored => Ok(Made { code, transaction_code, offer, until }),
        Commit::Lost => Err(Error::Internal(anyhow!("two offers have one code"))),
    }
}

fn told(app: &App, base: &str, made: &Made) -> Result<Value, Error> {
    let place = format!("{base}/wallet/offers/{}", made.code);
    let link = &app.config.wallet_link;
    let joint = if link.contains('?') { '&' } else { '?' };
    let escaped: String = form_urlencoded::byte_serialize(place.as_bytes()).collect();
    let deep_link = format!("{link}{joint}credential_offer_uri={escaped}");
    let symbol = Symbol::of_text(&deep_link).context("WALLET_LINK or PUBLIC_URL is too long for a QR code");
    let told = json!({
        "offerId": made.code,
        "credential_offer": object(base, &made.code, &made.offer),
        "credential_offer_uri": place,
        "deepLink": deep_link,
        "qr": symbol.map_err(Error::Internal)?.svg(QR_SIZE, QR_MARGIN),
        "expiresAt": rfc3339(made.until),
    });
    Ok(with_member(told, "txCode", made.transaction_code.clone()))
}

/// The offer in the protocol's words.
fn object(base: &str, code: &str, offer: &Offer) -> Value {
    let wanted = offer.transaction_code.as_ref().map(|_| {
        json!({ "input_mode": "numeric", "length": DIGITS, "description": "The digits that the certificate portal shows beside the offer" })
    });
    json!({
        "credential_issuer": base,
        "credential_configuration_ids": [offer.promise.configuration.id()],
        "grants": { GRANT: with_member(json!({ "pre-authorized_code": code }), "tx_code", wanted) },
    })
}

/// The offer with that code and its sheet, as long as it can be used.
pub(super) async fn find(app: &App, code: &str) -> Result<Option<(Sheet, Offer)>, Error> {
    let sheet = app.cabinet.sheet(Drawer::Offers, &folder(OFFER, code), OFFER, (app.clock)()).await?;
    let Some(sheet) = sheet else { return Ok(None) };
    let offer: Offer = serde_json::from_str(&sheet.text).context("reading an offer").map_err(Error::Internal)?;
    Ok((offer.tries_left > 0).then_some((sheet, offer)))
}

/// Whether these are the digits that were told to the citizen. Takes as long for every answer.
pub(super) fn fits(code: &str, digits: &str, hashed: &str) -> bool {
    let tag = URL_SAFE_NO_PAD.decode(hashed).unwrap_or_default();
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, code.as_bytes()), digits.as_bytes(), &tag).is_ok()
}

fn hashed(code: &str, digits: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, code.as_bytes());
    URL_SAFE_NO_PAD.encode(hmac::sign(&key, digits.as_bytes()))
}

/// Six digits; of 2^64 numbers no six are likelier than others by more than one in 10^13.
fn digits() -> Result<String> {
    let bytes = random::bytes::<8>()?;
    Ok(format!("{:06}", u64::from_le_bytes(bytes) % 1_000_000))
}

const DIGITS: u8 = 6;
/// CSS pixels, and light modules around, which readers want.
const QR_SIZE: u32 = 320;
const QR_MARGIN: u32 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_fit_under_their_own_offer_alone() {
        let kept = hashed("one offer", "012345");
        assert!(fits("one offer", "012345", &kept));
        assert!(!["012346", "12345", "0123456", ""].iter().any(|digits| fits("one offer", digits, &kept)));
        assert!(!fits("another offer", "012345", &kept));
        assert!(!fits("one offer", "012345", "no hash"));
    }

    #[test]
    fn a_wish_tells_all_that_is_wrong_with_it() {
        let faults =
            |body: Value| Wish::parse(&body).err().map(|faults| faults.into_iter().map(|it| it.pointer).collect());
        assert_eq!(faults(json!({ "certificateId": "1" })), None::<Vec<String>>);
        assert_eq!(faults(json!({ "certificateId": "1", "txCode": true })), None);
        assert_eq!(faults(json!([])), Some(vec!["/certificateId".to_owned()]));
        assert_eq!(
            faults(json!({ "certificateId": 1, "txCode": "yes" })),
            Some(vec!["/certificateId".to_owned(), "/txCode".to_owned()])
        );
    }
}
