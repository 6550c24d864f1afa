//! What a table's stream tells: changes of records, as facts.

use crate::store::stored_certificate;
use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use aws_smithy_types::base64;
use issuer::{
    analytics::{fact::of_change, facts_of_note},
    config::Analytics,
    ports::Fact,
};
use serde_json::Value;
use std::collections::HashMap;

/// What an event of the stream comes to.
#[derive(Debug, Default)]
pub struct Told {
    /// What was done.
    pub facts: Vec<Fact>,
    /// Records that are not of the table's form; none, unless somebody wrote into it by hand.
    pub unreadable: usize,
}

/// The facts in an event of the stream, as Lambda brings it: of certificates that came or changed, and of uses that were noted. Other changes, and the end of
/// what expired, tell nothing.
///
/// # Errors
/// When the event is none of a stream.
pub fn facts_of_changes(rules: &Analytics, event: &Value) -> Result<Told> {
    let records = event.get("Records").and_then(Value::as_array).context("an event without records")?;
    let mut told = Told::default();
    for record in records {
        match facts_of_change(rules, record) {
            Ok(facts) => told.facts.extend(facts),
            Err(_) => told.unreadable += 1,
        }
    }
    Ok(told)
}

fn facts_of_change(rules: &Analytics, record: &Value) -> Result<Vec<Fact>> {
    let Some(Value::Object(image)) = record.pointer("/dynamodb/NewImage") else { return Ok(Vec::new()) };
    let text =
        |name: &str| image.get(name).and_then(|value| value.get("S")).and_then(Value::as_str).unwrap_or_default();
    let is_new = record.get("eventName").is_some_and(|name| name == "INSERT");
    if text("PK").starts_with("D#uses#") && is_new {
        return facts_of_note(text("SK"), text("sheet"));
    }
    if !text("PK").starts_with("B#") || !text("SK").starts_with("C#") || !image.contains_key("credential") {
        return Ok(Vec::new());
    }
    let item = image.iter().map(|(name, value)| Ok((name.clone(), attribute(value)?))).collect::<Result<_>>()?;
    Ok(of_change(rules, &stored_certificate(&item)?).into_iter().collect())
}

/// A value as DynamoDB's JSON writes it.
fn attribute(value: &Value) -> Result<AttributeValue> {
    let (kind, content) = value.as_object().and_then(|value| value.iter().next()).context("a value without a type")?;
    Ok(match (kind.as_str(), content) {
        ("S", Value::String(text)) => AttributeValue::S(text.clone()),
        ("N", Value::String(number)) => AttributeValue::N(number.clone()),
        ("B", Value::String(bytes)) => AttributeValue::B(Blob::new(base64::decode(bytes)?)),
        ("BOOL", Value::Bool(truth)) => AttributeValue::Bool(*truth),
        ("NULL", _) => AttributeValue::Null(true),
        ("L", Value::Array(values)) => AttributeValue::L(values.iter().map(attribute).collect::<Result<_>>()?),
        ("M", Value::Object(members)) => {
            let member = |(name, value): (&String, &Value)| Ok((name.clone(), attribute(value)?));
            AttributeValue::M(members.iter().map(member).collect::<Result<HashMap<_, _>>>()?)
        }
        _ => bail!("a value of a type that no record has"),
    })
}
