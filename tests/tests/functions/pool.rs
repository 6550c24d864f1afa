//! A user pool that asks the service whom to believe.

use super::*;

/// A user pool as far as the service sees it: it plays its triggers to the function, and gives tokens.
pub(super) struct Pool {
    pub(super) trigger: Function,
    pub(super) people: DevelopmentIdentity,
    pub(super) users: Mutex<BTreeSet<String>>,
    pub(super) calls: Mutex<Vec<String>>,
}

impl Pool {
    pub(super) fn new(trigger: Function) -> Self {
        let people = DevelopmentIdentity::from_pem(&keys::generate(Suite::Es256).unwrap()).unwrap();
        Self { trigger, people, users: Mutex::default(), calls: Mutex::default() }
    }

    /// What its tokens name as their issuer, and where it is asked.
    pub(super) async fn serve(self: Arc<Self>) -> (String, String) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let routes = Router::new().route(
            "/",
            post(async move |headers: HeaderMap, body: String| {
                let operation = headers["x-amz-target"].to_str().unwrap().rsplit('.').next().unwrap().to_owned();
                let answer = self.call(&operation, &serde_json::from_str(&body).unwrap()).await;
                self.calls.lock().unwrap().push(operation);
                answer
            }),
        );
        tokio::spawn(async { axum::serve(listener, routes).await });
        (Self::ISSUER.to_owned(), url)
    }

    pub(super) async fn call(&self, operation: &str, asked: &Value) -> (StatusCode, Json<Value>) {
        assert_eq!(asked["ClientId"], "portal");
        let refused = |kind: &str| {
            (StatusCode::BAD_REQUEST, Json(json!({ "__type": kind, "message": "+919999900101 is refused" })))
        };
        match operation {
            "InitiateAuth" => {
                let name = asked["AuthParameters"]["USERNAME"].as_str().unwrap();
                let next =
                    self.ask("DefineAuthChallenge_Authentication", name, json!({ "session": [] })).await.unwrap();
                assert_eq!((&next["challengeName"], &next["issueTokens"]), (&json!("CUSTOM_CHALLENGE"), &json!(false)));
                self.ask("CreateAuthChallenge_Authentication", name, json!({ "challengeName": "CUSTOM_CHALLENGE" }))
                    .await
                    .unwrap();
                let parameters = json!({ "USERNAME": name });
                (
                    StatusCode::OK,
                    Json(
                        json!({ "ChallengeName": "CUSTOM_CHALLENGE", "Session": "a session", "ChallengeParameters": parameters }),
                    ),
                )
            }
            "SignUp" => {
                let name = asked["Username"].as_str().unwrap();
                let metadata = json!({ "clientMetadata": asked["ClientMetadata"] });
                let Ok(confirmed) = self.ask("PreSignUp_SignUp", name, metadata).await else {
                    return refused("UserLambdaValidationException");
                };
                assert_eq!(
                    (&confirmed["autoConfirmUser"], &confirmed["autoVerifyPhone"]),
                    (&json!(true), &json!(true))
                );
                self.users.lock().unwrap().insert(name.to_owned());
                (StatusCode::OK, Json(json!({ "UserConfirmed": true, "UserSub": "s" })))
            }
            _ => {
                let answers = &asked["ChallengeResponses"];
                let name = answers["USERNAME"].as_str().unwrap();
                let shown = json!({ "challengeAnswer": answers["ANSWER"] });
                let right =
                    self.ask("VerifyAuthChallengeResponse_Authentication", name, shown).await.unwrap()["answerCorrect"]
                        .clone();
                let session = json!({ "session": [{ "challengeName": "CUSTOM_CHALLENGE", "challengeResult": right }] });
                let next = self.ask("DefineAuthChallenge_Authentication", name, session).await.unwrap();
                assert_eq!(next["failAuthentication"], json!(next["issueTokens"] == false));
                if next["issueTokens"] != true {
                    return refused("NotAuthorizedException");
                }
                let claims = json!({
                    "iss": Self::ISSUER, "aud": "portal", "sub": "s", "token_use": "id", "phone_number": name, "phone_number_verified": true,
                    "cognito:groups": ["admin"],
                });
                let token = self.people.mint(claims.as_object().unwrap().clone()).unwrap();
                (StatusCode::OK, Json(json!({ "AuthenticationResult": { "IdToken": token } })))
            }
        }
    }

    /// What the trigger responds.
    pub(super) async fn ask(&self, trigger: &str, name: &str, members: Value) -> Result<Value, String> {
        let mut asked = event("login_challenge", &[]);
        let known = self.users.lock().unwrap().contains(name);
        let mut request = json!({ "userAttributes": { "phone_number": name }, "userNotFound": !known });
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        asked["triggerSource"] = trigger.into();
        asked["request"] = request;
        self.trigger.outcome(asked).await.map(|answer| answer["response"].clone())
    }

    pub(super) const ISSUER: &'static str = "https://cognito-idp.example/eu-central-1_SAMPLE";
}
