//! The table where nobody else makes it: on a developer's machine and in tests. On AWS it is part of the template, with its backups and its key.

use super::{
    LOT, PARTITION, PLACE, SORT,
    recalls::{BY_LOT, BY_PLACE, KNOWN},
};
use anyhow::{Context, Result};
use aws_sdk_dynamodb::{
    Client,
    operation::create_table::CreateTableError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
        ScalarAttributeType,
    },
};

/// Makes `table`, unless it is there.
///
/// # Errors
/// When the database refuses for another reason.
pub async fn create_table(client: &Client, table: &str) -> Result<()> {
    let mut request = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    for name in [PARTITION, SORT, LOT, PLACE] {
        let kind = ScalarAttributeType::S;
        let definition = AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()?;
        request = request.attribute_definitions(definition);
    }
    for part in keys(PARTITION)? {
        request = request.key_schema(part);
    }
    for (index, attribute) in [(BY_LOT, LOT), (BY_PLACE, PLACE)] {
        let known = KNOWN.iter().map(|name| (*name).to_owned()).collect();
        let projection =
            Projection::builder().projection_type(ProjectionType::Include).set_non_key_attributes(Some(known)).build();
        let index = GlobalSecondaryIndex::builder().index_name(index).projection(projection);
        request = request.global_secondary_indexes(index.set_key_schema(Some(keys(attribute)?)).build()?);
    }
    match request.send().await {
        Err(error) => match error.as_service_error() {
            Some(CreateTableError::ResourceInUseException(_)) => Ok(()),
            _ => Err(error).context("making the table"),
        },
        Ok(_) => Ok(()),
    }
}

/// The partition key of that name, and the table's sort key.
fn keys(partition: &str) -> Result<Vec<KeySchemaElement>> {
    let keys = [(partition, KeyType::Hash), (SORT, KeyType::Range)];
    keys.into_iter()
        .map(|(name, role)| Ok(KeySchemaElement::builder().attribute_name(name).key_type(role).build()?))
        .collect()
}
