//! DynamoDB in this process: the SDK's requests go to an engine on SQLite instead of a socket, so the one adapter in `aws` serves here too.
//!
//! Durable like the real one: SQLite writes its log ahead (`journal_mode=WAL`) and flushes it to the disk at every commit (`synchronous=FULL`, SQLite's default,
//! which the engine leaves alone), so what was acknowledged survives a killed process and a power cut.

use crate::wire::response;
use anyhow::{Context, Result};
use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Region, StalledStreamProtectionConfig, retry::RetryConfig, timeout::TimeoutConfig},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use dynoxide::{Database, DynoxideError, actions::transact_write_items::TransactWriteItemsRequest};
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt, path::Path, sync::mpsc, thread};
use tokio::sync::oneshot;

/// A client of the database in `file`, which is made if it is not there; without a file, of one in memory.
///
/// # Errors
/// When the file can't be opened or is no database.
pub fn client(file: Option<&Path>) -> Result<Client> {
    Ok(client_of(connector(file)?))
}

/// What answers that client's requests.
///
/// # Errors
/// As [`client`].
pub fn connector(file: Option<&Path>) -> Result<SharedHttpConnector> {
    let database = match file {
        Some(path) => Database::new(path.to_str().context("DATA_DIR is not UTF-8")?),
        None => Database::memory(),
    };
    let database = database.context("opening the records")?;
    let (requests, waiting) = mpsc::channel::<Waiting>();
    let answering = move || {
        for (request, answered) in waiting {
            // Whoever asked may have gone since.
            let _ = answered.send(answer(&database, &request));
        }
    };
    thread::Builder::new().name("records".to_owned()).spawn(answering).context("starting the records")?;
    Ok(SharedHttpConnector::new(Engine { requests }))
}

/// A client whose requests the connector answers.
pub fn client_of(connector: SharedHttpConnector) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .endpoint_url("http://localhost")
        .http_client(http_client_fn(move |_, _| connector.clone()))
        // The engine answers once and for all: nobody to wait for, nothing to try again.
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        // Nobody between us and the engine could be lied to: signing each request would only cost time.
        .allow_no_auth()
        .build();
    Client::from_conf(config)
}

/// Answers the SDK's requests on a thread of its own, one at a time, for the engine takes no more. The threads that serve never stand still before it; whoever
/// waits does so as a task.
struct Engine {
    requests: mpsc::Sender<Waiting>,
}

/// A request and where its answer goes.
type Waiting = (HttpRequest, oneshot::Sender<HttpResponse>);

impl HttpConnector for Engine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (answered, answer) = oneshot::channel();
        // If nobody takes it, the answer's other end is gone with it.
        let _ = self.requests.send((request, answered));
        HttpConnectorFuture::new(async move { answer.await.map_err(|gone| ConnectorError::other(gone.into(), None)) })
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

/// One request of DynamoDB's JSON protocol: the operation in a header, its input as the body.
fn answer(database: &Database, request: &HttpRequest) -> HttpResponse {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    let operation = target.strip_prefix("DynamoDB_20120810.").unwrap_or_default();
    let input = request.body().bytes().unwrap_or_default();
    match perform(database, operation, input) {
        Ok(output) => response(200, output),
        Err(error) => response(error.status_code(), error.to_json()),
    }
}

/// The operations that the store uses, and Scan for tests that look at everything.
fn perform(database: &Database, operation: &str, input: &[u8]) -> Result<String, DynoxideError> {
    match operation {
        "BatchGetItem" => run(input, |request| database.batch_get_item(request)),
        "CreateTable" => run(input, |request| database.create_table(request)),
        "DeleteItem" => run(input, |request| database.delete_item(request)),
        "GetItem" => run(input, |request| database.get_item(request)),
        "PutItem" => run(input, |request| database.put_item(request)),
        "Query" => run(input, |request| database.query(request)),
        "Scan" => run(input, |request| database.scan(request)),
        // No answer is lost on the way from an engine in this process, so no token need tell a repetition; the engine would look through all
        // of the last ten minutes' at each transaction.
        "TransactWriteItems" => run(input, |mut request: TransactWriteItemsRequest| {
            request.client_request_token = None;
            database.transact_write_items(request)
        }),
        "UpdateItem" => run(input, |request| database.update_item(request)),
        other => Err(DynoxideError::ValidationException(format!("{other} is not served here"))),
    }
}

fn run<I: DeserializeOwned, O: Serialize>(
    input: &[u8],
    operation: impl FnOnce(I) -> Result<O, DynoxideError>,
) -> Result<String, DynoxideError> {
    let request = serde_json::from_slice(input).map_err(|e| DynoxideError::SerializationException(e.to_string()))?;
    serde_json::to_string(&operation(request)?).map_err(|e| DynoxideError::InternalServerError(e.to_string()))
}
