//! Log in: somebody proves by a one-time code to have a telephone, and gets a token that opens what is registered to its number.
//!
//! DIVOC's two routes and their statuses: 200, 400 for what is no number, 401 for a wrong code, 429 after five of them. A country whose people log in at a
//! provider of its own (`CITIZEN_LOGIN=oidc`) has neither; a page asks `configuration` which it is.

pub mod codes;
pub mod ticket;

use crate::{App, Error, client::Client, config::Login, http::Json, limits::Limit};
use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use codes::{DIGITS, Purpose, Secret, VALID};
use credential::{Code, Contact, Fault, Faults};
use serde_json::{Value, json};
use time::Duration;

/// Asking for a code, proving it, and what a page must know before.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/citizen/generateOTP", post(generate))
        .route("/divoc/api/citizen/verifyOTP", post(verify))
        .route("/divoc/api/citizen/configuration", get(configuration))
}

/// The same answer for every number.
async fn generate(State(app): State<App>, client: Client, body: Json) -> Result<Response, Error> {
    here(&app)?;
    let phone = phone(&body.0, &app).map_err(|fault| bad([Some(fault)]))?;
    codes::send(&app, Purpose::LogIn, &phone, &client).await?;
    Ok(axum::Json(json!({ "digits": DIGITS, "validSeconds": VALID.whole_seconds() })).into_response())
}

async fn verify(State(app): State<App>, client: Client, body: Json) -> Result<Response, Error> {
    here(&app)?;
    let (phone, code) = both(phone(&body.0, &app), code(&body.0))?;
    Limit { what: "proofs-from", window: Duration::HOUR, most: app.config.citizens.codes_per_address * TRIES_A_CODE }
        .count(&app, &Secret::of(&app).await?.hash(&client.network()))
        .await?;
    codes::prove(&app, Purpose::LogIn, &phone, code).await?;
    let ticket = ticket::issue(&app, &phone).await?;
    let token = app.citizen_tokens.token(&phone, &ticket).await?;
    Ok(axum::Json(json!({ "token": token })).into_response())
}

/// What a page needs to let somebody log in.
async fn configuration(State(app): State<App>) -> Response {
    let citizens = &app.config.citizens;
    let elsewhere = citizens.login == Login::Oidc;
    let identity = citizens.identity.as_ref().unwrap_or(&app.config.identity);
    axum::Json(json!({
        "login": if elsewhere { "oidc" } else { "service" },
        "issuer": elsewhere.then_some(&identity.issuer),
        "clientId": elsewhere.then_some(&citizens.client_id),
        "callingCode": app.config.rules.calling_code,
        "languages": document::languages(),
    }))
    .into_response()
}

/// Where people log in elsewhere there is no such route.
fn here(app: &App) -> Result<(), Error> {
    if app.config.citizens.login == Login::Service { Ok(()) } else { Err(Error::NoRoute) }
}

fn phone(body: &Value, app: &App) -> Result<Contact, Fault> {
    let text = body.get("phone").and_then(Value::as_str);
    let phone = text.and_then(|text| Contact::telephone(text, &app.config.rules.calling_code));
    phone.ok_or_else(|| fault("/phone", "a telephone number, such as +91 99999 00001"))
}

fn code(body: &Value) -> Result<&str, Fault> {
    let text = body.get("otp").and_then(Value::as_str).map(str::trim);
    let code = text.filter(|code| code.len() == DIGITS && code.bytes().all(|b| b.is_ascii_digit()));
    code.ok_or_else(|| fault("/otp", "the six digits of the code"))
}

/// Both, or all that is wrong.
fn both<A, B>(one: Result<A, Fault>, other: Result<B, Fault>) -> Result<(A, B), Error> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (one, other) => Err(bad([one.err(), other.err()])),
    }
}

fn bad(faults: impl IntoIterator<Item = Option<Fault>>) -> Error {
    Error::BadRequest(Faults(faults.into_iter().flatten().collect()))
}

fn fault(pointer: &str, wanted: &str) -> Fault {
    Fault { pointer: pointer.to_owned(), code: Code::Format, detail: format!("must be {wanted}") }
}

const TRIES_A_CODE: u64 = 5;
