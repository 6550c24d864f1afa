//! The report: a verdict, its reasons and what was found, as JSON.
//!
//! ```json
//! { "verdict": "valid", "summary": "valid, unbound", "bound": false,
//!   "reasons": [{ "code": "unbound", "detail": "…" }],
//!   "exchangeable": ["/evidence/0/dose", "/evidence/0/totalDoses"],
//!   "signature": { "suite": "RsaSignature2018", "algorithm": "PS256", "method": "did:india", "key": "RFC 7638 thumbprint", "created": "2026-11-21T20:15:50Z",
//!                  "validFrom": "2026-01-01T00:00:00Z" },
//!   "status": { "checked": true, "value": "valid", "source": "list", "listNumber": 12, "issuedAt": "…", "nextUpdate": "…", "ageSeconds": 3600, "stale": false },
//!   "facts": { "kind": "vaccination", "name": "…", "dose": "1", … } }
//! ```
//!
//! `signature` and `facts` are there only where the signature holds, so that nothing unsigned is ever shown; of a revoked, suspended or superseded certificate
//! they are there too. `exchangeable` and members that do not apply are left out. Instants are RFC 3339 in UTC.

use crate::{Facts, Reason};
use credential::{Status, VerificationMethod};
use serde::{Serialize, Serializer};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// What became of what was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// A trusted key signed it, and nothing is known against it.
    Valid,
    /// Taken back for good.
    Revoked,
    /// Not valid for a time.
    Suspended,
    /// Corrected: another certificate took its place.
    Superseded,
    /// Not signed so, altered, or no certificate at all.
    Invalid,
    /// Nobody trusted signs under that name and suite.
    UnknownIssuer,
}

impl Verdict {
    /// As it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::Superseded => "superseded",
            Self::Invalid => "invalid",
            Self::UnknownIssuer => "unknown-issuer",
        }
    }
}

/// Everything there is to say about one thing that was shown. Personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// What it comes to.
    pub verdict: Verdict,
    /// The verdict and what limits it, in a few words of English: `valid, unbound, status not checked`.
    pub summary: String,
    /// Whether a binding digest holds every member of the credential; false for everything that is not signed.
    pub bound: bool,
    /// What led to the verdict, or limits it.
    pub reasons: Vec<Reason>,
    /// JSON Pointers of the members whose values may have been exchanged under the signature.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exchangeable: Vec<String>,
    /// Who signed it and when, where the signature holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    /// Where it stands.
    pub status: StatusReport,
    /// What it says, where the signature holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<Facts>,
}

/// A signature that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Signature {
    /// `proof.type`.
    pub suite: &'static str,
    /// JWS `alg`.
    pub algorithm: &'static str,
    /// `proof.verificationMethod`.
    pub method: String,
    /// The key's RFC 7638 thumbprint.
    pub key: String,
    /// When it was signed, as the proof says.
    pub created: String,
    /// Since when the key signs; the signature is not older.
    #[serde(serialize_with = "instant", skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<OffsetDateTime>,
    /// Until when the key signed; the signature is not younger.
    #[serde(serialize_with = "instant", skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<OffsetDateTime>,
}

impl Signature {
    pub(crate) fn new(method: &VerificationMethod, created: String) -> Self {
        let suite = method.key.suite();
        Self {
            suite: suite.proof_type(),
            algorithm: suite.algorithm(),
            method: method.id.clone(),
            key: method.key.thumbprint(),
            created,
            valid_from: method.life.from,
            valid_until: method.life.until,
        }
    }
}

/// Where a certificate stands, and who says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody was asked.
    NotChecked,
    /// The issuer's own register says so, now.
    Recorded(Status),
    /// A signed list says so.
    Listed {
        /// Looked at now.
        status: Status,
        /// The list's number.
        number: u64,
        /// When it was issued.
        issued_at: OffsetDateTime,
        /// When a newer one should be there.
        next_update: OffsetDateTime,
    },
}

/// A standing as a report tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusReport {
    /// Whether anyone was asked.
    pub checked: bool,
    /// `valid`, `revoked`, `suspended` or `superseded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<&'static str>,
    /// The end of a suspension.
    #[serde(serialize_with = "instant", skip_serializing_if = "Option::is_none")]
    pub until: Option<OffsetDateTime>,
    /// `register` or `list`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
    /// The list's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list_number: Option<u64>,
    /// When the list was issued.
    #[serde(serialize_with = "instant", skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<OffsetDateTime>,
    /// When a newer one should be there.
    #[serde(serialize_with = "instant", skip_serializing_if = "Option::is_none")]
    pub next_update: Option<OffsetDateTime>,
    /// How old the answer is; 0 from the register.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_seconds: Option<i64>,
    /// Whether a newer list should be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stale: Option<bool>,
}

impl StatusReport {
    pub(crate) fn of(standing: Standing, now: OffsetDateTime) -> Self {
        let of = |status: Status| {
            let status = status.at(now);
            let until = if let Status::Suspended { until } = status { Some(until) } else { None };
            Self { checked: true, value: Some(status.as_str()), until, ..Self::default() }
        };
        match standing {
            Standing::NotChecked => Self::default(),
            Standing::Recorded(status) => {
                Self { source: Some("register"), age_seconds: Some(0), stale: Some(false), ..of(status) }
            }
            Standing::Listed { status, number, issued_at, next_update } => Self {
                source: Some("list"),
                list_number: Some(number),
                issued_at: Some(issued_at),
                next_update: Some(next_update),
                age_seconds: Some((now - issued_at).whole_seconds().max(0)),
                stale: Some(now >= next_update),
                ..of(status)
            },
        }
    }
}

/// RFC 3339 in UTC.
#[allow(clippy::ref_option, reason = "the shape that serde asks for")]
fn instant<S: Serializer>(time: &Option<OffsetDateTime>, out: S) -> Result<S::Ok, S::Error> {
    // Only a year beyond 9999 can't be written.
    let text = time.and_then(|time| time.to_offset(UtcOffset::UTC).format(&Rfc3339).ok());
    text.serialize(out)
}
