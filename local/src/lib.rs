//! The same service on one machine: one process, one port, an embedded DynamoDB, a folder for pictures, a key of its own.

pub mod pictures;
pub mod records;
mod wire;
