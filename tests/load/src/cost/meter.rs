//! Counts what the service asks of AWS while it works.

use crate::stream::Stream;
use anyhow::Result;
use async_trait::async_trait;
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use aws_smithy_types::body::SdkBody;
use issuer::ports::{Files, Signer};
use serde_json::Value;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// What was asked for so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) write_units: f64,
    pub(crate) read_units: f64,
    pub(crate) table_calls: f64,
    pub(crate) transactions: f64,
    pub(crate) signatures: f64,
    pub(crate) puts: f64,
    pub(crate) gets: f64,
}

/// Shared by everything that counts.
#[derive(Clone, Default)]
pub(crate) struct Meter(Arc<Mutex<Counts>>);

impl Meter {
    pub(crate) fn counts(&self) -> Counts {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The embedded database, asked to say what each request would be charged for.
pub(crate) struct MeteredTable {
    pub(crate) table: SharedHttpConnector,
    pub(crate) meter: Meter,
    pub(crate) stream: Stream,
}

impl fmt::Debug for MeteredTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MeteredTable")
    }
}

impl HttpConnector for MeteredTable {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let operation = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
        let body = request.body().bytes().and_then(|bytes| serde_json::from_slice::<Value>(bytes).ok());
        self.stream.catch(body.as_ref().unwrap_or(&Value::Null));
        if let Some(Value::Object(mut members)) = body {
            members.insert("ReturnConsumedCapacity".to_owned(), "TOTAL".into());
            *request.body_mut() = SdkBody::from(Value::Object(members).to_string());
        }
        let (answer, meter) = (self.table.call(request), self.meter.clone());
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            let body: Value = answer.body().bytes().and_then(|b| serde_json::from_slice(b).ok()).unwrap_or_default();
            // One, or one for each table.
            let units = |table: &Value| table.get("CapacityUnits").and_then(Value::as_f64).unwrap_or_default();
            let units: f64 = match body.get("ConsumedCapacity") {
                Some(Value::Array(tables)) => tables.iter().map(units).sum(),
                Some(table) => units(table),
                None => 0.0,
            };
            let reads = ["GetItem", "Query", "BatchGetItem", "Scan"];
            meter.count(|counts| {
                counts.table_calls += 1.0;
                if reads.iter().any(|read| operation.ends_with(&format!(".{read}"))) {
                    counts.read_units += units;
                } else {
                    counts.write_units += units;
                }
                if operation.ends_with("TransactWriteItems") {
                    counts.transactions += 1.0;
                }
            });
            Ok(answer)
        })
    }
}

/// A port whose calls are counted.
pub(crate) struct Metered<P: ?Sized> {
    pub(crate) port: Arc<P>,
    pub(crate) meter: Meter,
}

#[async_trait]
impl Signer for Metered<dyn Signer> {
    async fn public_key(&self) -> Result<credential::PublicKey> {
        self.port.public_key().await
    }

    async fn sign(&self, message: &[u8]) -> Result<Vec<u8>> {
        self.meter.count(|counts| counts.signatures += 1.0);
        self.port.sign(message).await
    }
}

#[async_trait]
impl Files for Metered<dyn Files> {
    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>> {
        self.meter.count(|counts| counts.gets += 1.0);
        self.port.read(key).await
    }

    async fn write(&self, key: &str, bytes: &[u8], media_type: &str) -> Result<bool> {
        self.meter.count(|counts| counts.puts += 1.0);
        self.port.write(key, bytes, media_type).await
    }
}
