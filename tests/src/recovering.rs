//! People who lost their number, those who would like to have their certificates, and officers: what the tests of recovery share.

use crate::{Answer, Client, Service, people, service};
use issuer::App;
use reqwest::Method;
use serde_json::{Value, json};

/// A service whose clock the test moves, and its parts.
pub struct Scene {
    /// The service.
    pub service: Service,
    /// Its parts, for what a schedule does.
    pub app: App,
}

/// The new number of whoever recovers; nobody's.
pub const NEW: &str = "+91 90000 00001";
/// Somebody else's new number.
pub const OTHER: &str = "+91 90000 00002";
/// The longest window of a limit, in seconds.
const A_WEEK: i64 = 7 * 86_400;
/// Seconds of the waiting time.
pub const WAIT: i64 = 72 * 3600;

#[allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test that cannot go on has failed"
)]
impl Scene {
    /// The service as it is, but for its clock.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with some of its parts exchanged.
    pub async fn with(change: impl FnOnce(&mut App)) -> Self {
        // Limits count windows of time: the test begins when all of them do.
        service::pass(A_WEEK - service::clock().unix_timestamp() % A_WEEK + 1);
        let mut parts = None;
        let service = Service::with(|app| {
            app.clock = service::clock;
            change(app);
            parts = Some(app.clone());
        })
        .await;
        Self { service, app: parts.unwrap() }
    }

    /// Certificates of so many doses of a person; their ids.
    pub async fn certified(&self, person: u64, doses: u64) -> Vec<String> {
        let events: Vec<Value> = (1..=doses).map(|dose| people::event(person, dose)).collect();
        self.certify(&json!(events)).await
    }

    /// Certificates of these events; their ids.
    pub async fn certify(&self, events: &Value) -> Vec<String> {
        let answer = self.service.client.certify("v1", events).await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        ids(&answer)
    }

    /// A correction of one event; the new certificate's id.
    pub async fn correct(&self, event: &Value) -> String {
        let answer = self.send(Method::PUT, "/divoc/api/v1/certificate", "certifier", Some(&json!([event]))).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        ids(&answer).remove(0)
    }

    /// The paper of a certificate: what its QR code holds.
    pub async fn paper(&self, id: &str) -> Value {
        let answer = self.service.client.get(&format!("/certificate/api/credential/{id}"), "fetcher").await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// A citizen asks.
    pub async fn ask(&self, paper: &Value, registered: &str, new: &str) -> Answer {
        let wish = json!({ "paper": paper, "registeredPhone": registered, "newPhone": new });
        self.send(Method::POST, "/divoc/api/citizen/recovery", "", Some(&wish)).await
    }

    /// A citizen asks, and is answered as everybody is; the recovery's id.
    pub async fn asked(&self, paper: &Value, registered: &str, new: &str) -> String {
        let answer = self.ask(paper, registered, new).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        answer.json()["recoveryId"].as_str().unwrap().to_owned()
    }

    /// A citizen types a code.
    pub async fn prove(&self, id: &str, otp: &str) -> Answer {
        self.send(Method::POST, &format!("/divoc/api/citizen/recovery/{id}/proof"), "", Some(&json!({ "otp": otp })))
            .await
    }

    /// A recovery of a person's certificate that waits for its time; its id.
    pub async fn waiting(&self, paper: &Value, registered: &str, new: &str) -> String {
        let id = self.asked(paper, registered, new).await;
        let answer = self.prove(&id, &self.code(new)).await;
        assert_eq!((answer.status, &answer.json()["state"]), (202, &json!("waiting")), "{}", answer.text());
        id
    }

    /// How far a recovery is.
    pub async fn state(&self, id: &str) -> Value {
        self.service.client.get(&format!("/divoc/api/citizen/recovery/{id}"), "").await.unwrap().json()["state"].clone()
    }

    /// Lets the waiting time pass, and does what the schedule does.
    pub async fn wait(&self) {
        service::pass(WAIT + 1);
        issuer::recovery::work(&self.app).await.unwrap();
    }

    /// What was sent to a number, the newest last.
    pub fn messages(&self, number: &str) -> Vec<String> {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let sent = self.service.running.outbox().sent();
        sent.into_iter().filter(|it| it.to == format!("tel:{digits}")).map(|it| it.text).collect()
    }

    /// The newest code that was sent to a number.
    pub fn code(&self, number: &str) -> String {
        let codes = self.messages(number).into_iter().rev();
        let mut codes = codes.filter_map(|text| {
            text.get(..6).filter(|code| code.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned)
        });
        codes.next().expect("no code was sent")
    }

    /// The token of the newest link to object that was sent to a number.
    pub fn objection(&self, number: &str) -> String {
        let messages = self.messages(number).into_iter().rev();
        let mut tokens = messages.filter_map(|text| Some(text.split("#objection=").nth(1)?.trim().to_owned()));
        tokens.next().expect("no link was sent")
    }

    /// A citizen who is logged in with that number.
    pub fn citizen(&self, number: &str) -> Client {
        let token = self.service.running.token_for_citizen(number);
        self.service.client.clone().with_token("me", token)
    }

    /// Which of these certificates a citizen with that number may fetch.
    pub async fn opens(&self, number: &str, ids: &[String]) -> Vec<bool> {
        let citizen = self.citizen(number);
        let mut opened = Vec::new();
        for id in ids {
            let answer = citizen.get(&format!("/certificate/api/credential/{id}"), "me").await.unwrap();
            assert!(matches!(answer.status, 200 | 404 | 410), "{}", answer.text());
            opened.push(answer.status != 404);
        }
        opened
    }

    /// An officer of a facility.
    pub fn officer(&self, subject: &str, facility: &str) -> Officer {
        let token = self.service.running.token_for_officer(subject, facility);
        Officer { client: self.service.client.clone().with_token("me", token) }
    }

    /// Any request with a JSON body.
    pub async fn send(&self, method: Method, path: &str, role: &str, body: Option<&Value>) -> Answer {
        send(&self.service.client, method, path, role, body).await
    }
}

/// Someone at a desk.
pub struct Officer {
    client: Client,
}

#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]
impl Officer {
    /// Asks for a beneficiary's certificates to be moved.
    pub async fn ask(&self, beneficiary: &str, phone: &str) -> Answer {
        let wish = json!({ "beneficiaryId": beneficiary, "phone": phone });
        send(&self.client, Method::POST, "/divoc/api/v1/rebindings", "me", Some(&wish)).await
    }

    /// The same; the request's id.
    ///
    /// # Panics
    /// When it is refused: the test has failed.
    pub async fn asked(&self, beneficiary: &str, phone: &str) -> String {
        let answer = self.ask(beneficiary, phone).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["rebindingId"].as_str().unwrap().to_owned()
    }

    /// Approves.
    pub async fn approve(&self, id: &str, phone: &str) -> Answer {
        let path = format!("/divoc/api/v1/rebindings/{id}/approval");
        send(&self.client, Method::POST, &path, "me", Some(&json!({ "phone": phone }))).await
    }

    /// Withdraws.
    pub async fn withdraw(&self, id: &str) -> Answer {
        send(&self.client, Method::DELETE, &format!("/divoc/api/v1/rebindings/{id}"), "me", None).await
    }

    /// What waits in the facility.
    pub async fn waiting(&self) -> Value {
        send(&self.client, Method::GET, "/divoc/api/v1/rebindings", "me", None).await.json()["rebindings"].clone()
    }
}

#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
async fn send(client: &Client, method: Method, path: &str, role: &str, body: Option<&Value>) -> Answer {
    let body = body.map(|body| ("application/json", body.to_string().into_bytes()));
    client.send(method, path, role, &[], body).await.unwrap()
}

#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on has failed")]
fn ids(answer: &Answer) -> Vec<String> {
    let items = answer.json()["certificates"].as_array().unwrap().clone();
    items.iter().map(|item| item["certificateId"].as_str().unwrap().to_owned()).collect()
}

/// The number that the person of [`people::event`] is registered with.
pub fn registered(person: u64) -> String {
    people::telephone(person).replace("tel:", "")
}
