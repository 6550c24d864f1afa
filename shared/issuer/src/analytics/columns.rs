//! Facts as a Parquet file: a column for each member, all texts in dictionaries. `infra/analytics.sql` is its table in Athena.

use super::fact::day_name;
use crate::ports::{Dimension, Fact};
use anyhow::Result;
use parquet::{
    data_type::{ByteArray, ByteArrayType, Int32Type},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use std::sync::Arc;

/// The file of these facts. The same facts in the same order make the same bytes.
///
/// # Errors
/// When the library refuses the facts.
pub(super) fn parquet(facts: &[Fact]) -> Result<Vec<u8>> {
    let texts: Vec<(&str, Vec<ByteArray>)> = columns(facts);
    let fields: Vec<_> = texts.iter().map(|(name, _)| format!("required binary {name} (UTF8);")).collect();
    let schema =
        Arc::new(parse_message_type(&format!("message fact {{ {} required int32 times; }}", fields.join(" ")))?);
    let properties = WriterProperties::builder().set_created_by("divoc-serverless".to_owned()).build();
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, schema, Arc::new(properties))?;
    let mut rows = writer.next_row_group()?;
    for (_, column) in texts {
        if let Some(mut place) = rows.next_column()? {
            place.typed::<ByteArrayType>().write_batch(&column, None, None)?;
            place.close()?;
        }
    }
    let times: Vec<i32> = facts.iter().map(|fact| i32::try_from(fact.times).unwrap_or(i32::MAX)).collect();
    if let Some(mut place) = rows.next_column()? {
        place.typed::<Int32Type>().write_batch(&times, None, None)?;
        place.close()?;
    }
    rows.close()?;
    writer.close()?;
    Ok(file)
}

/// The columns of texts, by name.
fn columns(facts: &[Fact]) -> Vec<(&'static str, Vec<ByteArray>)> {
    let column =
        |value: &dyn Fn(&Fact) -> String| facts.iter().map(|fact| ByteArray::from(value(fact).into_bytes())).collect();
    let mut columns =
        vec![("kind", column(&|fact| fact.kind.as_str().to_owned())), ("day", column(&|fact| day_name(fact.day)))];
    columns.extend(Dimension::ALL.map(|by| (by.as_str(), column(&|fact| fact.value(by).to_owned()))));
    columns
}
