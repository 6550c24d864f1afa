//! The service from outside: a client that speaks HTTP to it as its callers do. The tests, the demonstration and the load generator share it.

pub mod browser;
pub mod bulk;
pub mod client;
pub mod doomed;
pub mod people;
pub mod pixels;
pub mod process;
pub mod recovering;
pub mod service;

pub use client::{Answer, Client};
pub use service::Service;
