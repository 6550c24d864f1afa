//! What the user pool asks before it lets a citizen in: Cognito's triggers, answered by the tickets of [`issuer::login::ticket`].
//!
//! There is one challenge, and its answer is the ticket. Whoever can't answer it is refused at the first try; whoever is new is made a user only with a
//! good ticket, and is confirmed at once.

use anyhow::{Context, Result, bail};
use credential::Contact;
use issuer::{App, login::ticket};
use serde_json::{Value, json};

/// The trigger's event with its response filled in.
///
/// # Errors
/// For somebody who signs up without a ticket, and for a trigger that the pool should not have.
pub async fn login_challenge(app: App, mut event: Value) -> Result<Value> {
    let trigger = event.get("triggerSource").and_then(Value::as_str).unwrap_or_default();
    let response = match trigger {
        "PreSignUp_SignUp" => sign_up(&app, &event).await?,
        "DefineAuthChallenge_Authentication" => next(&event),
        "CreateAuthChallenge_Authentication" => {
            json!({ "publicChallengeParameters": {}, "privateChallengeParameters": {} })
        }
        "VerifyAuthChallengeResponse_Authentication" => json!({ "answerCorrect": answered(&app, &event).await? }),
        _ => bail!("the user pool has a trigger that is not known here"),
    };
    let event_members = event.as_object_mut().context("the event is no object")?;
    event_members.insert("response".to_owned(), response);
    Ok(event)
}

/// The ticket stays good: it is used up when it is answered with, a moment later.
async fn sign_up(app: &App, event: &Value) -> Result<Value> {
    let ticket = text(event, "/request/clientMetadata/ticket");
    match phone(event) {
        Some(phone) if ticket::is_good(app, &phone, ticket).await? => {
            Ok(json!({ "autoConfirmUser": true, "autoVerifyPhone": true, "autoVerifyEmail": false }))
        }
        _ => bail!("nobody signs up without a proof of the telephone"),
    }
}

/// The one challenge, then a token or the end.
fn next(event: &Value) -> Value {
    let answered = event.pointer("/request/session").and_then(Value::as_array).and_then(|session| session.last());
    let right = answered.is_some_and(|answer| {
        answer.get("challengeName").is_some_and(|name| name == "CUSTOM_CHALLENGE")
            && answer.get("challengeResult").is_some_and(|result| *result == true)
    });
    match answered {
        None => json!({ "challengeName": "CUSTOM_CHALLENGE", "issueTokens": false, "failAuthentication": false }),
        Some(_) => {
            json!({ "issueTokens": right && !is_unknown(event), "failAuthentication": !right || is_unknown(event) })
        }
    }
}

/// A ticket for somebody who is not there yet is left for when they are.
async fn answered(app: &App, event: &Value) -> Result<bool> {
    match phone(event) {
        Some(phone) if !is_unknown(event) => ticket::redeem(app, &phone, text(event, "/request/challengeAnswer")).await,
        _ => Ok(false),
    }
}

/// Cognito plays through the challenge with who is not there, so that nobody learns it.
fn is_unknown(event: &Value) -> bool {
    event.pointer("/request/userNotFound").is_some_and(|unknown| *unknown == true)
}

fn phone(event: &Value) -> Option<Contact> {
    let number = text(event, "/request/userAttributes/phone_number");
    number.starts_with('+').then(|| Contact::telephone(number, "")).flatten()
}

fn text<'e>(event: &'e Value, pointer: &str) -> &'e str {
    event.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(session: &Value, unknown: bool) -> Value {
        next(&json!({ "request": { "session": session, "userNotFound": unknown } }))
    }

    #[test]
    fn there_is_one_challenge_and_one_try() {
        let first = after(&json!([]), false);
        assert_eq!((&first["challengeName"], &first["issueTokens"]), (&json!("CUSTOM_CHALLENGE"), &json!(false)));
        let answered = |name: &str, right: bool| json!([{ "challengeName": name, "challengeResult": right }]);
        let over = json!({ "issueTokens": false, "failAuthentication": true });
        assert_eq!(
            after(&answered("CUSTOM_CHALLENGE", true), false),
            json!({ "issueTokens": true, "failAuthentication": false })
        );
        assert_eq!(after(&answered("CUSTOM_CHALLENGE", false), false), over);
        assert_eq!(after(&answered("SRP_A", true), false), over);
        assert_eq!(after(&answered("CUSTOM_CHALLENGE", true), true), over);
        assert_eq!(
            after(&json!([answered("CUSTOM_CHALLENGE", true)[0], answered("CUSTOM_CHALLENGE", false)[0]]), false),
            over
        );
    }

    #[test]
    fn only_a_number_with_its_country_is_somebodys() {
        let phone = |number: &str| {
            phone(&json!({ "request": { "userAttributes": { "phone_number": number } } })).map(|it| it.normal_form())
        };
        assert_eq!(phone("+919999900101").as_deref(), Some("tel:919999900101"));
        assert_eq!((phone("9999900101"), phone("")), (None, None));
    }
}
