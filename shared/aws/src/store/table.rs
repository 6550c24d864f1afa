//! The table where nobody else makes it: on a developer's machine and in tests. On AWS it is part of the template, with its backups and its key.

use super::{PARTITION, SORT};
use anyhow::{Context, Result};
use aws_sdk_dynamodb::{
    Client,
    operation::create_table::CreateTableError,
    types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType},
};

/// Makes `table`, unless it is there.
///
/// # Errors
/// When the database refuses for another reason.
pub async fn create_table(client: &Client, table: &str) -> Result<()> {
    let mut request = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    for (name, role) in [(PARTITION, KeyType::Hash), (SORT, KeyType::Range)] {
        let kind = ScalarAttributeType::S;
        request = request
            .attribute_definitions(AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()?)
            .key_schema(KeySchemaElement::builder().attribute_name(name).key_type(role).build()?);
    }
    match request.send().await {
        Err(error) => match error.as_service_error() {
            Some(CreateTableError::ResourceInUseException(_)) => Ok(()),
            _ => Err(error).context("making the table"),
        },
        Ok(_) => Ok(()),
    }
}
