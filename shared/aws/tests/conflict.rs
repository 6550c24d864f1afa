//! What no emulator does: transactions that meet, answers that get lost, keys that are put off. The database's answers are canned.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that meets the unexpected has failed")]

use aws::DynamoStore;
use aws_sdk_dynamodb::{
    Client, Config,
    config::{BehaviorVersion, Region},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use aws_smithy_types::body::SdkBody;
use issuer::ports::{Commit, Reservation, Store};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

#[allow(dead_code, reason = "only its makers of intents are used here")]
mod contract;

#[tokio::test]
async fn a_reservation_that_meets_a_transaction_is_tried_again() {
    let intent = contract::intent(&contract::slot(1), contract::NOW);
    let slot = json!({ "Attributes": slot_of(&intent, "reserved") });
    let (store, asked) =
        store([error("TransactionConflictException"), error("TransactionConflictException"), (200, slot)]);
    assert_eq!(store.reserve(&intent).await.unwrap(), Reservation::Ours(intent.issuance));
    assert_eq!(*asked.lock().unwrap(), ["UpdateItem"; 3]);
}

#[tokio::test]
async fn a_commit_that_meets_others_is_tried_again() {
    let (intent, certificate) = ready();
    let conflict = cancelled(&json!([{ "Code": "None" }, { "Code": "TransactionConflict" }, { "Code": "None" }]));
    let crowded = cancelled(&json!([{ "Code": "ThrottlingError" }, { "Code": "None" }, { "Code": "None" }]));
    let (store, asked) = store([conflict, crowded, (200, json!({}))]);
    assert_eq!(store.commit(&intent, &certificate, &contract::audit(), &[]).await.unwrap(), Commit::Stored);
    assert_eq!(*asked.lock().unwrap(), ["TransactWriteItems"; 3]);
}

#[tokio::test]
async fn a_commit_that_never_stops_meeting_others_fails_in_the_end() {
    let (intent, certificate) = ready();
    let conflict = || cancelled(&json!([{ "Code": "TransactionConflict" }]));
    let (store, asked) = store([(); 20].map(|()| conflict()));
    let error = store.commit(&intent, &certificate, &contract::audit(), &[]).await.unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "storing a certificate: tried 7 times: the transaction was cancelled: TransactionConflict"
    );
    assert_eq!(asked.lock().unwrap().len(), 7);
}

#[tokio::test]
async fn a_commit_that_is_wrong_is_not_tried_again() {
    let (intent, certificate) = ready();
    let (store, asked) =
        store([cancelled(&json!([{ "Code": "None" }, { "Code": "ItemCollectionSizeLimitExceeded" }]))]);
    let error = store.commit(&intent, &certificate, &contract::audit(), &[]).await.unwrap_err();
    assert_eq!(
        format!("{error:#}"),
        "storing a certificate: the transaction was cancelled: None, ItemCollectionSizeLimitExceeded"
    );
    assert_eq!(asked.lock().unwrap().len(), 1);
}

/// The first answer got lost, and so did the token: the slot itself says that the work was ours.
#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_recognised() {
    let (intent, certificate) = ready();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, certificate.signed.as_str().as_bytes());
    let seal = &*aws_smithy_types::base64::encode(digest.as_ref());
    for (holder, seal, wanted) in [
        (intent.holder, seal, Commit::Stored),
        (intent.holder + 1, seal, Commit::Lost),
        // The slot was closed by another signature over the same document.
        (intent.holder, "AAAA", Commit::Lost),
    ] {
        let mut slot = slot_of(&issuer::ports::Intent { holder, ..intent.clone() }, "issued");
        slot["seal"] = json!({ "B": seal });
        let refused = cancelled(&json!([
            { "Code": "ConditionalCheckFailed", "Item": slot }, { "Code": "ConditionalCheckFailed" }, { "Code": "ConditionalCheckFailed" }
        ]));
        let (store, _) = store([refused]);
        assert_eq!(store.commit(&intent, &certificate, &contract::audit(), &[]).await.unwrap(), wanted);
    }
}

#[tokio::test]
async fn a_spent_token_means_that_other_bytes_were_stored() {
    let (intent, certificate) = ready();
    let (store, _) = store([error("IdempotentParameterMismatchException")]);
    assert_eq!(store.commit(&intent, &certificate, &contract::audit(), &[]).await.unwrap(), Commit::Lost);
}

#[tokio::test]
async fn a_throttled_request_is_sent_again_by_the_sdk() {
    let (intent, certificate) = ready();
    let (store, asked) = store([error("ThrottlingException"), (500, json!({})), (200, json!({}))]);
    assert_eq!(store.commit(&intent, &certificate, &contract::audit(), &[]).await.unwrap(), Commit::Stored);
    assert_eq!(asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn slots_that_were_put_off_are_asked_for_again() {
    let (first, second) =
        (contract::intent(&contract::slot(1), contract::NOW), contract::intent(&contract::slot(1), contract::NOW));
    let left = json!({ "certificates": { "Keys": [key_of(&second)], "ConsistentRead": true } });
    let (store, asked) = store([
        (200, json!({ "Responses": { "certificates": [slot_of(&first, "issued")] }, "UnprocessedKeys": left })),
        (200, json!({ "Responses": { "certificates": [slot_of(&second, "issued")] } })),
    ]);
    let found = store.occupants(&[first.slot, second.slot]).await.unwrap();
    let ids: Vec<_> = found.into_iter().map(|occupant| occupant.unwrap().current.certificate_id).collect();
    assert_eq!(ids, [first.issuance.certificate_id, second.issuance.certificate_id]);
    assert_eq!(*asked.lock().unwrap(), ["BatchGetItem"; 2]);
}

/// A person's code stands in the keys of requests and answers; no error may repeat it.
#[tokio::test]
async fn an_error_names_no_beneficiary() {
    let (intent, certificate) = ready();
    let (store, _) = store([error("AccessDeniedException")]);
    let error = store.commit(&intent, &certificate, &contract::audit(), &[]).await.unwrap_err();
    let shown = format!("{error:#} {error:?}");
    assert!(shown.contains("AccessDeniedException"), "{shown}");
    assert!(!shown.contains(intent.slot.beneficiary.as_str()), "{shown}");
}

fn ready() -> (issuer::ports::Intent, issuer::ports::Certificate) {
    let intent = contract::intent(&contract::slot(1), contract::NOW);
    let certificate = contract::certificate(&intent, &intent.issuance, &[]);
    (intent, certificate)
}

fn key_of(intent: &issuer::ports::Intent) -> Value {
    json!({ "PK": { "S": format!("B#{}", intent.slot.beneficiary.as_str()) }, "SK": { "S": "S#vaccination#covid#01" } })
}

fn slot_of(intent: &issuer::ports::Intent, state: &str) -> Value {
    let mut slot = key_of(intent);
    let id = json!({ "S": intent.issuance.certificate_id.as_str() });
    let issued_at = json!({ "S": "2026-03-01T08:30:00.250Z" });
    let holder = json!({ "S": format!("{:032x}", intent.holder) });
    let digest = json!({ "B": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=" });
    let rest = match state {
        "reserved" => json!({ "next_id": id, "next_issued_at": issued_at, "next_holder": holder }),
        _ => json!({
            "version": { "N": "1" }, "id": id, "issued_at": issued_at, "status": { "S": "valid" }, "holder": holder,
            "history": { "L": [{ "M": { "digest": digest, "id": id } }] }
        }),
    };
    slot.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    slot
}

fn cancelled(reasons: &Value) -> (u16, Value) {
    (
        400,
        json!({ "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "Message": "cancelled", "CancellationReasons": reasons }),
    )
}

fn error(name: &str) -> (u16, Value) {
    (400, json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{name}"), "message": "no" }))
}

/// A store whose database gives these answers, and the operations that it was asked.
fn store(answers: impl IntoIterator<Item = (u16, Value)>) -> (DynamoStore, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let mut answers: Vec<_> = answers.into_iter().collect();
    answers.reverse();
    let connector = SharedHttpConnector::new(Canned { answers: Mutex::new(answers), asked: asked.clone() });
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("test"))
        .endpoint_url("http://localhost")
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .retry_config(
            aws_config::retry::RetryConfig::standard().with_initial_backoff(std::time::Duration::from_millis(1)),
        )
        .allow_no_auth()
        .build();
    (DynamoStore::new(Client::from_conf(config), "certificates"), asked)
}

#[derive(Debug)]
struct Canned {
    answers: Mutex<Vec<(u16, Value)>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl HttpConnector for Canned {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").unwrap().rsplit('.').next().unwrap();
        self.asked.lock().unwrap().push(operation.to_owned());
        let (status, body) = self.answers.lock().unwrap().pop().expect("an answer is left");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body.to_string()))))
    }
}
