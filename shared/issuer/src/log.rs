//! What may stand in a log, whoever writes it.

use tracing::{Level, Metadata};

/// Whether a log line may be written at all.
///
/// Below `info` the libraries under us write out whole requests and records, which hold personal data: no setting must be able to ask for that.
pub fn is_safe(line: &Metadata<'_>) -> bool {
    let source = line.target().split(':').next().unwrap_or_default();
    *line.level() <= Level::INFO || OUR_CRATES.contains(&source)
}

/// Crates that never write personal data, at any level.
const OUR_CRATES: [&str; 6] = ["aws", "credential", "document", "functions", "issuer", "local"];
