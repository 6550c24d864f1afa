//! stub

/// Error.
#[derive(Debug)]
pub enum Error {}
