//! Every failure of the service, and the only table from failure to status and problem document (RFC 9457).
//!
//! A cause is logged here, once, and never shown. No text here repeats what a caller sent.

use crate::auth::Role;
use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use credential::{Code, Fault, Faults, Status};
use serde_json::{Value, json};
use std::borrow::Cow;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// What a request may end in, other than its answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The body is not JSON.
    #[error("the body is not JSON: line {line}, column {column}")]
    NotJson {
        /// Where reading stopped.
        line: usize,
        /// Where reading stopped.
        column: usize,
    },
    /// The body has another media type.
    #[error("the body's media type is not {0}")]
    MediaType(&'static str),
    /// The body is larger than the country allows.
    #[error("the body has more than {0} bytes")]
    BodyTooLarge(usize),
    /// The body did not arrive whole.
    #[error("the body did not arrive whole")]
    BodyLost,
    /// The events are wrong.
    #[error(transparent)]
    Events(#[from] Faults),
    /// A path or query parameter is wrong.
    #[error("parameter {0} is wrong: {1}")]
    Parameter(&'static str, Cow<'static, str>),
    /// A member of the body is wrong.
    #[error("{0} must be {1}")]
    Field(&'static str, &'static str),
    /// No token, or one that is not believed.
    #[error("the bearer token is refused: {0}")]
    Unauthenticated(&'static str),
    /// The caller's roles do not open this route.
    #[error("this needs one of the roles {0:?}")]
    Forbidden(&'static [Role]),
    /// Nothing there that this caller may see.
    #[error("there is no such certificate, or it is not yours to see")]
    NoCertificate,
    /// The verification page is not there.
    #[error("this service has no verification page; `make page` builds it into the folder PAGE_DIR")]
    NoPage,
    /// DIVOC's question for the revoked, asked with something that names no certificate.
    #[error("the body is no credential: evidence[0].certificateId is missing or no certificate's id")]
    NoEvidence,
    /// DIVOC's way to say that nothing speaks against a certificate.
    #[error("the certificate is not revoked")]
    NotRevoked,
    /// A status list that is not there, or not there yet.
    #[error("there is no such status list")]
    NoList,
    /// No key with that thumbprint was ever published.
    #[error("there is no such key")]
    NoKey,
    /// What is asked of a key contradicts what is known of it.
    #[error("{0}")]
    KeyConflict(&'static str),
    /// The body's members are wrong.
    #[error("the body is not what this route wants")]
    Invalid(Faults),
    /// The key must not sign; nothing was stored, and no other key signs instead.
    #[error("no certificate can be signed: {0}")]
    SigningKey(&'static str),
    /// The caller takes none of the document's forms.
    #[error("the document can be had as {0} and in no other form")]
    NotAcceptable(&'static str),
    /// An offer to a wallet that never was, is over, or was used.
    #[error("there is no such offer; offers live a few minutes and are used once")]
    NoOffer,
    /// What a wallet asks, refused in the words of OAuth 2.0 and OpenID4VCI, with what helps its maker.
    #[error("{1}")]
    Wallet(Refusal, &'static str),
    /// No such route.
    #[error("there is no such route")]
    NoRoute,
    /// The route exists, for other methods.
    #[error("the route does not know this method")]
    NoMethod,
    /// Events for doses or tests that are certified with other details. Nothing, or only what `items` says, was stored.
    #[error("a dose or a test is already certified with other details")]
    Conflict {
        /// JSON Pointers of the events.
        pointers: Vec<String>,
        /// The state of each item, if some were worked on.
        items: Option<Value>,
    },
    /// The certificate was taken back or another took its place.
    #[error("the certificate is no longer valid: it was {}", .status.as_str())]
    Gone {
        /// What became of it.
        status: Status,
        /// Where the one that took its place is fetched.
        current: Option<Value>,
    },
    /// The certificate is suspended.
    #[error("the certificate is suspended")]
    Suspended {
        /// When it is valid again.
        until: OffsetDateTime,
    },
    /// A correction that can't be made, with why, each with its JSON Pointer. Nothing was stored.
    #[error("there is nothing to correct, or it was corrected too often")]
    NotCorrectable(Vec<(String, Cow<'static, str>)>),
    /// What the caller wants to change has another status.
    #[error("the certificate cannot be changed in this way: {0}")]
    WrongStatus(&'static str),
    /// No recall has that id.
    #[error("there is no such recall")]
    NoRecall,
    /// Some certificates are not issued yet; the same request again completes it.
    #[error("not every certificate could be issued; send the same request again")]
    Unfinished {
        /// The state of each item.
        items: Value,
    },
    /// Something the service depends on did not answer.
    #[error("a part of the service does not answer; try again")]
    Unavailable(#[from] anyhow::Error),
    /// A defect of ours.
    #[error("the service failed; the failure is recorded")]
    Internal(anyhow::Error),
}

/// Why a wallet is refused: the codes of RFC 6749 § 5.2, RFC 9396 § 5 and OpenID4VCI 1.0 § 8.3.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A member is missing, twice there or in the wrong form.
    InvalidRequest,
    /// The code is unknown, over or used, or the transaction code is wrong.
    InvalidGrant,
    /// Only pre-authorised codes are exchanged here.
    UnsupportedGrantType,
    /// Something else is wanted than what is offered.
    InvalidAuthorizationDetails,
    /// The request for a credential is malformed.
    InvalidCredentialRequest,
    /// A credential of another kind is wanted than the one that was offered.
    UnknownCredentialConfiguration,
    /// Another credential is wanted than the one that was offered.
    UnknownCredentialIdentifier,
    /// An encrypted answer is wanted.
    InvalidEncryptionParameters,
    /// The credential is not given out, now or ever.
    CredentialRequestDenied,
}

impl Refusal {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidGrant => "invalid_grant",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::InvalidCredentialRequest => "invalid_credential_request",
            Self::UnknownCredentialConfiguration => "unknown_credential_configuration",
            Self::UnknownCredentialIdentifier => "unknown_credential_identifier",
            Self::InvalidEncryptionParameters => "invalid_encryption_parameters",
            Self::CredentialRequestDenied => "credential_request_denied",
        }
    }
}

/// Seconds after which a caller whose request was not finished should try again.
const RETRY_AFTER: &str = "2";

impl Error {
    /// The table: status, name and title of each failure.
    fn row(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::NotJson { .. } => (StatusCode::BAD_REQUEST, "not-json", "Malformed JSON"),
            Self::BodyLost => (StatusCode::BAD_REQUEST, "body-lost", "Incomplete body"),
            Self::Parameter(..) => (StatusCode::BAD_REQUEST, "parameter", "Wrong parameter"),
            Self::Field(..) => (StatusCode::UNPROCESSABLE_ENTITY, "field", "Wrong member"),
            Self::Events(faults) if only_age_is_missing(faults) => {
                (StatusCode::BAD_REQUEST, "missing-fields", "Age and date of birth")
            }
            Self::Events(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid-events", "Invalid events"),
            Self::MediaType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type", "Unsupported media type"),
            Self::BodyTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "Body too large"),
            Self::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "unauthenticated", "Unauthenticated"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden", "Forbidden"),
            Self::NoCertificate => (StatusCode::NOT_FOUND, "no-certificate", "No such certificate"),
            Self::NoPage => (StatusCode::NOT_FOUND, "no-page", "No verification page"),
            Self::NoEvidence => (StatusCode::BAD_REQUEST, "no-evidence", "Not a credential"),
            Self::NotRevoked => (StatusCode::NOT_FOUND, "not-revoked", "Not revoked"),
            Self::NoList => (StatusCode::NOT_FOUND, "no-list", "No such status list"),
            Self::NoKey => (StatusCode::NOT_FOUND, "no-key", "No such key"),
            Self::KeyConflict(_) => (StatusCode::CONFLICT, "key-conflict", "The key says otherwise"),
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid-body", "Invalid body"),
            Self::SigningKey(_) => (StatusCode::SERVICE_UNAVAILABLE, "signing-key", "No usable signing key"),
            Self::NotAcceptable(_) => (StatusCode::NOT_ACCEPTABLE, "not-acceptable", "Not in this form"),
            Self::NoOffer => (StatusCode::NOT_FOUND, "no-offer", "No such offer"),
            Self::Wallet(refusal, _) => (StatusCode::BAD_REQUEST, refusal.as_str(), "Refused"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "no-route", "No such route"),
            Self::NoMethod => (StatusCode::METHOD_NOT_ALLOWED, "no-method", "Method not allowed"),
            Self::Conflict { .. } => {
                (StatusCode::CONFLICT, "already-certified", "Already certified with other details")
            }
            Self::NoRecall => (StatusCode::NOT_FOUND, "no-recall", "No such recall"),
            Self::Gone { .. } => (StatusCode::GONE, "no-longer-valid", "No longer valid"),
            Self::Suspended { .. } => (StatusCode::CONFLICT, "suspended", "Suspended"),
            Self::NotCorrectable(_) => (StatusCode::PRECONDITION_FAILED, "not-correctable", "Update not allowed"),
            Self::WrongStatus(_) => (StatusCode::CONFLICT, "wrong-status", "Not in this status"),
            Self::Unfinished { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unfinished", "Not finished"),
            Self::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Unavailable"),
            Self::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
        }
    }

    /// What this failure adds to the problem document.
    fn extensions(self) -> Value {
        match self {
            Self::Events(faults) => divoc_faults(&faults),
            Self::Conflict { pointers, items } => {
                let detail = "this is already certified with other details; correct a vaccination's certificate with PUT /divoc/api/v1/certificate";
                let errors: Vec<Value> =
                    pointers.into_iter().map(|pointer| json!({ "pointer": pointer, "detail": detail })).collect();
                let mut extensions = json!({ "errors": errors, "update": "/divoc/api/v1/certificate" });
                if let (Some(items), Some(members)) = (items, extensions.as_object_mut()) {
                    members.insert("items".into(), items);
                }
                extensions
            }
            Self::Field(pointer, wanted) => {
                json!({ "errors": [{ "pointer": pointer, "detail": format!("must be {wanted}") }] })
            }
            Self::Gone { status, current } => json!({ "certificateStatus": status.as_str(), "current": current }),
            Self::Suspended { until } => json!({ "certificateStatus": "suspended", "until": rfc3339(until) }),
            Self::NotCorrectable(faults) => {
                let errors: Vec<Value> = faults
                    .into_iter()
                    .map(|(pointer, detail)| json!({ "pointer": pointer, "detail": detail }))
                    .collect();
                json!({ "errors": errors })
            }
            Self::Invalid(faults) => {
                let fault = |fault: &Fault| json!({ "pointer": fault.pointer, "detail": fault.detail });
                json!({ "errors": faults.0.iter().map(fault).collect::<Vec<_>>() })
            }
            Self::Unfinished { items } => json!({ "items": items }),
            Self::NoEvidence => {
                json!({ "errors": [{ "pointer": "/evidence/0/certificateId", "detail": "the id of a certificate" }] })
            }
            Self::Forbidden(roles) => json!({ "roles": roles.iter().map(|role| role.as_str()).collect::<Vec<_>>() }),
            _ => json!({}),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, name, title) = self.row();
        if let Self::Unavailable(cause) | Self::Internal(cause) = &self {
            tracing::error!(problem = name, cause = format!("{cause:#}"), "request failed");
        }
        if let Self::SigningKey(reason) = &self {
            tracing::error!(problem = name, reason, "nothing is signed");
        }
        if let Self::Wallet(_, why) = self {
            // What OAuth wants in place of a problem document.
            return (status, Json(json!({ "error": name, "error_description": why }))).into_response();
        }
        let mut problem = json!({
            "type": format!("urn:divoc:problem:{name}"), "title": title, "status": status.as_u16(), "detail": self.to_string(),
        });
        let challenge = matches!(self, Self::Unauthenticated(_));
        if let (Some(problem), Value::Object(extensions)) = (problem.as_object_mut(), self.extensions()) {
            problem.extend(extensions);
        }
        let mut response = (status, problem.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if challenge {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"divoc\", error=\"invalid_token\""),
            );
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        response
    }
}

/// An instant as answers tell it: RFC 3339 in UTC.
pub(crate) fn rfc3339(instant: OffsetDateTime) -> String {
    instant.to_offset(UtcOffset::UTC).format(&Rfc3339).unwrap_or_default()
}

/// DIVOC answers 400, not 422, where all that is wrong is age or date of birth.
fn only_age_is_missing(faults: &Faults) -> bool {
    faults.0.iter().all(|fault| fault.code == Code::MissingFields)
}

/// All faults with their pointers, and the first one as DIVOC's callers know it (`code`, `message`).
fn divoc_faults(faults: &Faults) -> Value {
    let errors: Vec<Value> = faults
        .0
        .iter()
        .map(|fault| json!({ "pointer": fault.pointer, "detail": fault.detail, "code": fault.code.number() }))
        .collect();
    let first = faults.0.first();
    let code = if only_age_is_missing(faults) {
        json!("MISSING_FIELDS")
    } else {
        json!(first.map(|fault| fault.code.number()))
    };
    let message = first.map(|fault| format!("{}: {}", fault.pointer, fault.detail));
    json!({ "code": code, "message": message, "errors": errors })
}
