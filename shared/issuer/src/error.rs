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
    /// The pages are not there.
    #[error("this service has no pages; `make page` builds them into the folder PAGE_DIR")]
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
    /// The body's members are wrong, on a route where DIVOC answers that with 400.
    #[error("the body is not what this route wants")]
    BadRequest(Faults),
    /// A one-time code that is not, or no longer, the one that was sent.
    #[error("the code is wrong, was used, or is too old; ask for another one")]
    WrongCode,
    /// Somebody did something too often.
    #[error("this was tried too often; try again later")]
    TooMany {
        /// When it may be tried again.
        seconds: u64,
    },
    /// So much is being worked on that this would only make it later for all.
    #[error("too much is being worked on at the moment; nothing was begun, try again")]
    Busy,
    /// The request did not come through the edge in front of the service.
    #[error("this address is not for you: ask at the service's public one")]
    AroundTheEdge,
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
    /// No check of that day.
    #[error("that day was not checked, or its check is not done yet")]
    NoCheck,
    /// No request for a correction has that id.
    #[error("there is no such request")]
    NoRequest,
    /// A citizen asks for another correction of a field while one is open.
    #[error("a correction of this was asked for already, and nobody has decided yet")]
    RequestOpen,
    /// Staff decide what is decided otherwise.
    #[error("this request was decided otherwise")]
    Decided,
    /// A citizen has no valid vaccination certificate, in DIVOC's words.
    #[error("no certificate is registered to this number{}", if *.moved { " any more: a correction named another one" } else { "" })]
    NoFamily {
        /// Whether there were some, which a correction gave to another number.
        moved: bool,
    },
    /// No link that opens: there never was one, or it ran out, was ended, was used up, or its certificate is no longer its citizen's.
    #[error("there is no such link, or it does not open any more; ask whoever sent it for another")]
    NoLink,
    /// The link opens with a passcode.
    #[error("the link opens with a passcode, which is missing or wrong; whoever sent the link knows it")]
    Passcode,
    /// The certificate behind a link was taken back, or another took its place.
    #[error("the certificate behind the link is no longer valid: it was {}; ask whoever sent the link for one to a valid certificate", .0.as_str())]
    NothingToShow(Status),
    /// A citizen has as many links as they may have.
    #[error("there are {0} links that can be opened, which is the most; end one first")]
    TooManyLinks(usize),
    /// DigiLocker's signature is missing or not that of the body.
    #[error("the request is not signed as it must be")]
    Unsigned,
    /// The body is not the XML that the route wants.
    #[error("the body is not what this route wants: {0}")]
    NotXml(&'static str),
    /// What a partner asks with is not there or not readable; DIVOC's status.
    #[error("the body does not say whom it asks for")]
    AsksForNobody(Faults),
    /// The certificates are registered to other numbers than the one asked with. Only registered partners are told.
    #[error("the mobile number does not match")]
    OtherMobile,
    /// The partner is not registered, is switched off, or lacks the scope.
    #[error("this partner is not admitted to this route")]
    NotAdmitted,
    /// No partner is registered under that id.
    #[error("there is no such partner")]
    NoPartner,
    /// No batch has that id, or it is another client's.
    #[error("there is no such batch, it is not yours, or it is over a month old")]
    NoBatch,
    /// No dead message has that id.
    #[error("there is no such message; it may have been sent again")]
    NoMessage,
    /// No dead parcel has that id, or nobody is told anything.
    #[error("there is no such parcel; it may have been sent again or dropped")]
    NoParcel,
    /// No recovery of that id, or none any more.
    #[error("there is no such recovery, or it is over")]
    NoRecovery,
    /// The new number is proven, and paper and registered number lead to no certificate.
    #[error(
        "paper and registered number do not lead to a certificate; two officers of a facility can register a number"
    )]
    NotRecovered,
    /// A code that does not prove the new number. Not 401: no token would help.
    #[error("the code is wrong, was used, or is too old; ask for another one")]
    NotProven,
    /// No request to move certificates of that id in the caller's facility, or none any more.
    #[error("there is no such request in your facility, or its time is over")]
    NoRebinding,
    /// One officer is not two.
    #[error("another officer of your facility must approve what you asked for")]
    SameOfficer,
    /// An officer's token that names no facility.
    #[error("your token names no facility")]
    NoFacility,
    /// DIVOC's refusal of a search.
    #[error("Invalid Date of Birth or Phone number")]
    NoSearch,
    /// A file that is no table of DIVOC's.
    #[error("{0}")]
    Template(String),
    /// No upload of that id, or none any more.
    #[error("there is no such upload, or it is kept no longer")]
    NoUpload,
    /// Somebody else's upload.
    #[error("this upload is somebody else's")]
    NotYourUpload,
    /// What cannot be done with an upload as it is.
    #[error("{0}")]
    UploadState(&'static str),
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
            Self::NoCertificate | Self::NoFamily { .. } => {
                (StatusCode::NOT_FOUND, "no-certificate", "No such certificate")
            }
            Self::NoPage => (StatusCode::NOT_FOUND, "no-page", "No pages"),
            Self::NoEvidence => (StatusCode::BAD_REQUEST, "no-evidence", "Not a credential"),
            Self::NotRevoked => (StatusCode::NOT_FOUND, "not-revoked", "Not revoked"),
            Self::NoList => (StatusCode::NOT_FOUND, "no-list", "No such status list"),
            Self::NoKey => (StatusCode::NOT_FOUND, "no-key", "No such key"),
            Self::KeyConflict(_) => (StatusCode::CONFLICT, "key-conflict", "The key says otherwise"),
            Self::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid-body", "Invalid body"),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "invalid-body", "Invalid body"),
            Self::WrongCode => (StatusCode::UNAUTHORIZED, "wrong-code", "Wrong code"),
            Self::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many requests"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", "Busy"),
            Self::AroundTheEdge => (StatusCode::FORBIDDEN, "around-the-edge", "Not the public address"),
            Self::SigningKey(_) => (StatusCode::SERVICE_UNAVAILABLE, "signing-key", "No usable signing key"),
            Self::NotAcceptable(_) => (StatusCode::NOT_ACCEPTABLE, "not-acceptable", "Not in this form"),
            Self::NoOffer => (StatusCode::NOT_FOUND, "no-offer", "No such offer"),
            Self::Wallet(refusal, _) => (StatusCode::BAD_REQUEST, refusal.as_str(), "Refused"),
            Self::NoRoute => (StatusCode::NOT_FOUND, "no-route", "No such route"),
            Self::NoMethod => (StatusCode::METHOD_NOT_ALLOWED, "no-method", "Method not allowed"),
            Self::Conflict { .. } => {
                (StatusCode::CONFLICT, "already-certified", "Already certified with other details")
            }
            Self::NoParcel => (StatusCode::NOT_FOUND, "no-parcel", "No such parcel"),
            Self::NoBatch => (StatusCode::NOT_FOUND, "no-batch", "No such batch"),
            Self::NoMessage => (StatusCode::NOT_FOUND, "no-message", "No such message"),
            Self::NoRecall => (StatusCode::NOT_FOUND, "no-recall", "No such recall"),
            Self::NoCheck => (StatusCode::NOT_FOUND, "no-check", "No such check"),
            Self::NoRequest => (StatusCode::NOT_FOUND, "no-request", "No such request"),
            Self::RequestOpen => (StatusCode::CONFLICT, "request-open", "Asked for already"),
            Self::Decided => (StatusCode::CONFLICT, "decided", "Decided already"),
            Self::NoRecovery => (StatusCode::NOT_FOUND, "no-recovery", "No such recovery"),
            Self::NotRecovered => (StatusCode::FORBIDDEN, "no-recovery", "Nothing fits"),
            Self::NotProven => (StatusCode::FORBIDDEN, "code", "Wrong code"),
            Self::NoRebinding => (StatusCode::NOT_FOUND, "no-rebinding", "No such request"),
            Self::SameOfficer => (StatusCode::FORBIDDEN, "same-officer", "Another officer is needed"),
            Self::NoFacility => (StatusCode::FORBIDDEN, "no-facility", "No facility"),
            Self::NoSearch => (StatusCode::BAD_REQUEST, "invalid-input", "Invalid input"),
            Self::Gone { .. } | Self::NothingToShow(_) => (StatusCode::GONE, "no-longer-valid", "No longer valid"),
            Self::Suspended { .. } => (StatusCode::CONFLICT, "suspended", "Suspended"),
            Self::NotCorrectable(_) => (StatusCode::PRECONDITION_FAILED, "not-correctable", "Update not allowed"),
            Self::WrongStatus(_) => (StatusCode::CONFLICT, "wrong-status", "Not in this status"),
            Self::NoLink => (StatusCode::NOT_FOUND, "no-link", "No such link"),
            Self::Passcode => (StatusCode::FORBIDDEN, "passcode", "Passcode"),
            Self::TooManyLinks(_) => (StatusCode::CONFLICT, "too-many-links", "Too many links"),
            Self::Unsigned => (StatusCode::UNAUTHORIZED, "unsigned", "Not signed"),
            Self::NotXml(_) => (StatusCode::BAD_REQUEST, "not-xml", "Wrong XML"),
            Self::AsksForNobody(_) => (StatusCode::BAD_REQUEST, "asks-for-nobody", "Nobody is asked for"),
            Self::OtherMobile => (StatusCode::NOT_FOUND, "other-mobile", "Another mobile number"),
            Self::NotAdmitted => (StatusCode::FORBIDDEN, "not-admitted", "Not admitted"),
            Self::NoPartner => (StatusCode::NOT_FOUND, "no-partner", "No such partner"),
            Self::Template(_) => (StatusCode::BAD_REQUEST, "invalid-template", "Not the table that is wanted"),
            Self::NoUpload => (StatusCode::NOT_FOUND, "no-upload", "No such upload"),
            Self::NotYourUpload => (StatusCode::FORBIDDEN, "not-your-upload", "Somebody else's upload"),
            Self::UploadState(_) => (StatusCode::CONFLICT, "upload-state", "Not in this state"),
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
            Self::NothingToShow(status) => json!({ "certificateStatus": status.as_str() }),
            Self::Suspended { until } => json!({ "certificateStatus": "suspended", "until": rfc3339(until) }),
            Self::NotCorrectable(faults) => {
                let errors: Vec<Value> = faults
                    .into_iter()
                    .map(|(pointer, detail)| json!({ "pointer": pointer, "detail": detail }))
                    .collect();
                json!({ "errors": errors })
            }
            Self::Invalid(faults) | Self::BadRequest(faults) | Self::AsksForNobody(faults) => {
                let fault = |fault: &Fault| json!({ "pointer": fault.pointer, "detail": fault.detail });
                json!({ "errors": faults.0.iter().map(fault).collect::<Vec<_>>() })
            }
            // As DIVOC's callers know it.
            Self::Template(message) => json!({ "code": "INVALID_TEMPLATE", "message": message }),
            // DIVOC's numbers for the two.
            Self::NoFamily { moved } => json!({ "errorCode": if moved { 3 } else { 2 } }),
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
        let challenge = match &self {
            Self::Unauthenticated(_) => Some("Bearer realm=\"divoc\", error=\"invalid_token\""),
            Self::WrongCode => Some("Bearer realm=\"divoc\""),
            _ => None,
        };
        let retry_after = match &self {
            Self::TooMany { seconds } => Some(HeaderValue::from(*seconds)),
            _ => (status == StatusCode::SERVICE_UNAVAILABLE).then_some(HeaderValue::from_static(RETRY_AFTER)),
        };
        if let (Some(problem), Value::Object(extensions)) = (problem.as_object_mut(), self.extensions()) {
            problem.extend(extensions);
        }
        let mut response = (status, problem.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(retry_after) = retry_after {
            headers.insert(header::RETRY_AFTER, retry_after);
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
