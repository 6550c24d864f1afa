//! The country's CA: a request for a certificate of the signing key, and the chain that the CA answers with. Pure: values in, bytes out.
//!
//! Paths are checked by `webpki`, the library under rustls. What it does not tell, a certificate's dates above all, and the request itself are a few DER values.

pub mod chain;
mod der;
pub mod request;

pub use chain::{Chain, ChainFault};
pub use request::{Request, Subject, Usage};
