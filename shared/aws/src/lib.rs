//! The issuer's ports on AWS: DynamoDB, S3, KMS. No decision lives here.

mod store;

pub use store::{DynamoStore, create_table};
