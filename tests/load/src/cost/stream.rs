//! The table's stream: what is put into the table, caught on its way there, as Lambda brings it to the function that counts.

use anyhow::{Result, ensure};
use issuer::{App, ports::Fact};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

/// What was put since somebody took it.
#[derive(Clone, Default)]
pub(crate) struct Stream(Arc<Mutex<Vec<Value>>>);

impl Stream {
    /// Keeps what a request puts, if the function's filter (`template.yaml`) would let it through.
    pub(crate) fn catch(&self, request: &Value) {
        let together = request.get("TransactItems").and_then(Value::as_array).into_iter().flatten();
        let items = together.filter_map(|write| write.pointer("/Put/Item")).chain(request.get("Item"));
        let records = items.filter(|item| is_counted(item)).map(record);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(records);
    }

    /// What was put, for whoever comes first.
    pub(crate) fn take(&self) -> Vec<Value> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn record(item: &Value) -> Value {
    json!({ "eventName": "INSERT", "dynamodb": { "NewImage": item } })
}

fn is_counted(item: &Value) -> bool {
    let key = |name: &str| item.pointer(&format!("/{name}/S")).and_then(Value::as_str).unwrap_or_default();
    key("PK").starts_with("D#uses#") || key("PK").starts_with("B#") && key("SK").starts_with("C#")
}

/// The facts in a batch, as the function `analytics_count` reads them.
pub(crate) fn facts(app: &App, batch: &[Value]) -> Result<Vec<Fact>> {
    let told = aws::facts_of_changes(&app.config.analytics, &json!({ "Records": batch }))?;
    ensure!(told.unreadable == 0, "the function can't read what the service wrote");
    Ok(told.facts)
}
