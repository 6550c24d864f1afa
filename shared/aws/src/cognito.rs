//! Citizens' tokens from an Amazon Cognito user pool, by custom authentication: the service's own proof of a telephone is what Cognito asks for.
//!
//! Three of Cognito's calls are used, all of them unauthenticated, each a small JSON object: the SDK's crate for them, with its hundred other operations, would
//! cost minutes of compiling and start-up for what is here in a page. Whoever calls them without a ticket gets nothing: the pool's trigger
//! ([`crate::login_challenge()`]) asks for it. A citizen gets the identity token alone; access and refresh tokens, with which accounts are changed, stay here.

use crate::https::Https;
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use aws_lc_rs::rand;
use credential::Contact;
use issuer::{config::web_address, ports::CitizenTokens};
use serde_json::{Value, json};

/// The [`CitizenTokens`] of a user pool's public client.
#[derive(Debug)]
pub(crate) struct CognitoSignIn {
    url: Option<String>,
    client_id: String,
    https: Https,
}

impl CognitoSignIn {
    /// The client of that id at the region's API; without a URL nobody gets a token.
    pub(crate) fn new(url: Option<String>, client_id: String, https: Https) -> Result<Self> {
        let url = url.map(|url| web_address("CITIZEN_SIGN_IN_URL", url)).transpose()?;
        Ok(Self { url, client_id, https })
    }

    /// The token, or none if Cognito refuses: it knows no such user, or the ticket is not good.
    async fn sign_in(&self, number: &str, ticket: &str) -> Result<Option<String>> {
        let asked = json!({
            "AuthFlow": "CUSTOM_AUTH", "ClientId": self.client_id, "AuthParameters": { "USERNAME": number },
        });
        let Outcome::Done(challenge) = self.call("InitiateAuth", &asked).await? else { return Ok(None) };
        let name = challenge.pointer("/ChallengeParameters/USERNAME").and_then(Value::as_str).unwrap_or(number);
        let answer = json!({
            "ChallengeName": "CUSTOM_CHALLENGE", "ClientId": self.client_id, "Session": challenge.get("Session"),
            "ChallengeResponses": { "USERNAME": name, "ANSWER": ticket },
        });
        let Outcome::Done(done) = self.call("RespondToAuthChallenge", &answer).await? else { return Ok(None) };
        let token = done.pointer("/AuthenticationResult/IdToken").and_then(Value::as_str);
        token.map(str::to_owned).map(Some).context("Cognito let somebody in without a token")
    }

    /// Makes the user; the pool's trigger confirms it, for the number is proven. The password is nobody's: the client takes none.
    async fn sign_up(&self, number: &str, ticket: &str) -> Result<()> {
        let mut random = [0; 16];
        rand::fill(&mut random).ok().context("the system gives no randomness")?;
        let password = format!("{:032x}aA1!", u128::from_le_bytes(random));
        let user = json!({
            "ClientId": self.client_id, "Username": number, "Password": password,
            "UserAttributes": [{ "Name": "phone_number", "Value": number }],
            "ClientMetadata": { "ticket": ticket },
        });
        self.call("SignUp", &user).await.map(drop)
    }

    async fn call(&self, operation: &str, body: &Value) -> Result<Outcome> {
        let url = self.url.as_deref().context("CITIZEN_SIGN_IN_URL is not set")?;
        let headers = [
            ("content-type", "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target", format!("AWSCognitoIdentityProviderService.{operation}")),
        ];
        let answered = self.https.post(url, &headers, body.to_string().as_bytes()).await;
        let (status, answer) = answered.with_context(|| format!("asking Cognito: {operation}"))?;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        if status == 200 {
            return Ok(Outcome::Done(answer));
        }
        // Cognito's message may hold the number; its type does not.
        let kind = answer.get("__type").and_then(Value::as_str).unwrap_or_default();
        match kind.rsplit('#').next().unwrap_or_default() {
            "NotAuthorizedException" | "UserNotFoundException" | "UsernameExistsException" => Ok(Outcome::Refused),
            kind if kind.bytes().all(|b| b.is_ascii_alphanumeric()) => {
                bail!("Cognito answers {operation} with {status} {kind}")
            }
            _ => bail!("Cognito answers {operation} with {status}"),
        }
    }
}

enum Outcome {
    Done(Value),
    Refused,
}

#[async_trait]
impl CitizenTokens for CognitoSignIn {
    async fn token(&self, phone: &Contact, ticket: &str) -> Result<String> {
        let number = phone.normal_form().replace("tel:", "+");
        if let Some(token) = self.sign_in(&number, ticket).await? {
            return Ok(token);
        }
        // The first time. Cognito refuses who is not there as it refuses a wrong answer, without looking at the ticket.
        self.sign_up(&number, ticket).await?;
        self.sign_in(&number, ticket).await?.context("Cognito refuses somebody whose telephone is proven")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MOST, PATIENCE};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    /// What comes of a token that is asked of a server which gives these answers in turn.
    async fn answered(answers: &[(&str, &str)]) -> Result<String> {
        let answers: Vec<_> = answers.iter().map(|(status, body)| ((*status).to_owned(), (*body).to_owned())).collect();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/", listener.local_addr()?);
        tokio::spawn(async move {
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await.unwrap();
                let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
                stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            }
        });
        let phone = Contact::telephone("+919999900101", "91").unwrap();
        CognitoSignIn::new(Some(url), "portal".into(), Https::new(PATIENCE, MOST))?.token(&phone, "ticket").await
    }

    #[tokio::test]
    async fn who_is_known_gets_a_token_in_two_calls() {
        let begun = r#"{"Session":"s","ChallengeParameters":{"USERNAME":"u"}}"#;
        let done = r#"{"AuthenticationResult":{"IdToken":"the token","AccessToken":"no"}}"#;
        assert_eq!(answered(&[("200 OK", begun), ("200 OK", done)]).await.unwrap(), "the token");
    }

    #[tokio::test]
    async fn what_cognito_says_of_a_number_is_not_passed_on() {
        let limit = r#"{"__type":"com.amazon#LimitExceededException","message":"+919999900101 tried too often"}"#;
        let fault = format!("{:#}", answered(&[("400 Bad Request", limit)]).await.unwrap_err());
        assert_eq!(fault, "Cognito answers InitiateAuth with 400 LimitExceededException");
        let odd = r#"{"__type":"of +919999900101"}"#;
        assert_eq!(
            answered(&[("500 Oh", odd)]).await.unwrap_err().to_string(),
            "Cognito answers InitiateAuth with 500"
        );
    }

    #[tokio::test]
    async fn without_a_pool_nobody_gets_a_token() {
        let phone = Contact::telephone("+919999900101", "91").unwrap();
        let nowhere = CognitoSignIn::new(None, String::new(), Https::new(PATIENCE, MOST)).unwrap();
        assert_eq!(nowhere.token(&phone, "t").await.unwrap_err().to_string(), "CITIZEN_SIGN_IN_URL is not set");
        assert!(
            CognitoSignIn::new(Some("http://example.org/".into()), String::new(), Https::new(PATIENCE, MOST)).is_err()
        );
    }
}
