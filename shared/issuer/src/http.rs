//! What every route shares: reading a JSON body, the refusal of unknown routes, one log line per request.

use crate::{App, Error, analytics::noted, edge, limits::clients::Told};
use axum::{
    Router,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, MatchedPath, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts, uri::Authority},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::Value;

/// The service over `routes`: what `lambda_http::run` and `axum::serve` are given.
pub fn service(routes: Router<App>, app: App) -> Router {
    routes
        .fallback(async || Error::NoRoute)
        .method_not_allowed_fallback(async || Error::NoMethod)
        .layer(from_fn_with_state(app.clone(), noted))
        .layer(from_fn_with_state(app.clone(), edge::passed))
        .layer(from_fn(observed))
        .with_state(app)
}

/// Where a page of a list begins: after what `next` of the page before says.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct After {
    pub(crate) after: Option<String>,
}

/// A JSON body of bounded size.
pub struct Json(pub Value);

impl FromRequest<App> for Json {
    type Rejection = Error;

    async fn from_request(request: Request, app: &App) -> Result<Self, Error> {
        Self::read(request, app.config.most_bytes).await
    }
}

impl Json {
    /// The JSON body of a request, of at most `most` bytes.
    pub(crate) async fn read(request: Request, most: usize) -> Result<Self, Error> {
        if !is_json(request.headers()) {
            return Err(Error::MediaType("application/json"));
        }
        let bytes = body(request, most).await?;
        let value = serde_json::from_slice(&bytes)
            .map_err(|fault| Error::NotJson { line: fault.line(), column: fault.column() })?;
        Ok(Self(value))
    }
}

/// Whether the caller would rather be told where to ask than wait: `Prefer: respond-async` (RFC 7240).
pub struct RespondAsync(pub bool);

impl FromRequestParts<App> for RespondAsync {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Error> {
        let lists = parts.headers.get_all("prefer").into_iter().filter_map(|list| list.to_str().ok());
        let mut preferences = lists.flat_map(|list| list.split(','));
        let name = |preference: &str| preference.split([';', '=']).next().map(|name| name.trim().to_ascii_lowercase());
        Ok(Self(preferences.any(|preference| name(preference).is_some_and(|name| name == "respond-async"))))
    }
}

/// A body of at most `most` bytes; a larger one that says so is refused before it is read.
///
/// # Errors
/// When it is larger, or does not arrive whole.
pub async fn body(request: Request, most: usize) -> Result<Bytes, Error> {
    let announced =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > most) {
        return Err(Error::BodyTooLarge(most));
    }
    axum::body::to_bytes(request.into_body(), most).await.map_err(|fault| {
        let limit = std::error::Error::source(&fault).is_some_and(|cause| cause.to_string().contains("length limit"));
        if limit { Error::BodyTooLarge(most) } else { Error::BodyLost }
    })
}

/// The media type of a body without parameters, in small letters; empty if none is said.
pub fn essence(headers: &HeaderMap) -> String {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// `application/json`, `application/…+json`, with or without parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let essence = essence(headers);
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// A document that belongs to one person: cached by their browser only, and asked for again each time, so that a revocation shows at once.
pub struct Personal {
    /// Media type.
    pub media_type: &'static str,
    /// Names exactly these bytes; without quotes.
    pub etag: String,
    /// File name for saving; of our own making, never a person's data.
    pub file_name: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl IntoResponse for Personal {
    fn into_response(self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, self.media_type.to_owned()),
            (header::CONTENT_DISPOSITION, format!("inline; filename=\"{}\"", self.file_name)),
            (header::ETAG, format!("\"{}\"", self.etag)),
            (header::CACHE_CONTROL, PRIVATE.to_owned()),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        ];
        (headers, self.bytes).into_response()
    }
}

const PRIVATE: &str = "private, no-cache";

/// A JSON object with one more member, where there is one to add.
pub(crate) fn with_member(mut object: Value, name: &str, member: Option<impl Into<Value>>) -> Value {
    if let (Some(members), Some(member)) = (object.as_object_mut(), member) {
        members.insert(name.to_owned(), member.into());
    }
    object
}

/// Of what is offered, what the caller likes best by their `Accept`; the first of equals, and the first if they do not say. `None`: they take none of it.
pub(crate) fn preferred<'o>(headers: &HeaderMap, offered: &[&'o str]) -> Option<&'o str> {
    let lists = headers.get_all(header::ACCEPT).into_iter().filter_map(|list| list.to_str().ok());
    let ranges: Vec<(String, f32)> = lists.flat_map(|list| list.split(',')).filter_map(range).collect();
    if ranges.is_empty() {
        return offered.first().copied();
    }
    let liked = offered.iter().map(|media_type| (*media_type, liking(&ranges, media_type)));
    let best = liked.reduce(|best, other| if other.1 > best.1 { other } else { best });
    best.filter(|(_, liking)| *liking > 0.0).map(|(media_type, _)| media_type)
}

/// One entry of `Accept` with its weight.
fn range(entry: &str) -> Option<(String, f32)> {
    let mut parts = entry.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some((name, weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0))))
}

/// The weight of the narrowest range that holds the media type.
fn liking(ranges: &[(String, f32)], media_type: &str) -> f32 {
    let family = media_type.split('/').next().unwrap_or_default();
    let wider = [media_type.to_owned(), format!("{family}/*"), "*/*".to_owned()];
    let found = wider.iter().find_map(|name| ranges.iter().find(|(range, _)| range == name));
    found.map_or(0.0, |(_, weight)| *weight)
}

/// Where the service is, absolute: `PUBLIC_URL`, else the host that the caller named: a request's own answer may say so, but nothing that is kept.
pub(crate) struct Origin(pub(crate) String);

impl FromRequestParts<App> for Origin {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        if !app.config.public_url.is_empty() {
            return Ok(Self(app.config.public_url.clone()));
        }
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
        let host = host.ok_or_else(|| Error::Parameter("Host", "the name of this service".into()))?;
        let scheme = if ["127.0.0.1", "localhost", "[::1]"].contains(&host.host()) { "http" } else { "https" };
        Ok(Self(format!("{scheme}://{host}")))
    }
}

/// 304 if the caller has what `etag` names.
pub fn not_modified(headers: &HeaderMap, etag: &str) -> Option<Response> {
    let known = headers.get(header::IF_NONE_MATCH)?.to_str().ok()?;
    let same = known
        .split(',')
        .any(|one| matches!(one.trim().trim_start_matches("W/").trim_matches('"'), tag if tag == etag || tag == "*"));
    same.then(|| {
        (StatusCode::NOT_MODIFIED, [(header::ETAG, format!("\"{etag}\"")), (header::CACHE_CONTROL, PRIVATE.to_owned())])
            .into_response()
    })
}

/// The failure with another body, where a protocol of somebody else says what a failure looks like. Status, headers and the log stay as they are.
pub(crate) fn retold(error: Error, media_type: &'static str, body: String) -> Response {
    let (mut head, _) = error.into_response().into_parts();
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    Response::from_parts(head, body.into())
}

/// Our own errors are never plain text.
fn is_axums(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
}

/// One line per request: route and status, never the path, which may hold a beneficiary's code. Errors of axum itself become problem documents.
async fn observed(mut request: Request, next: Next) -> Response {
    let told = Told::default();
    request.extensions_mut().insert(told.clone());
    let method = request.method().clone();
    let route =
        request.extensions().get::<MatchedPath>().map_or_else(|| "-".to_owned(), |path| path.as_str().to_owned());
    let mut response = next.run(request).await;
    if response.status().is_client_error() && is_axums(response.headers()) {
        response = Error::Parameter("path or query", "it is not in the form the route wants".into()).into_response();
    }
    told.write(response.headers_mut());
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    tracing::info!(http.method = %method, http.route = route, http.status = response.status().as_u16(), "request");
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_range_counts_and_the_first_of_equals_wins() {
        let offered = ["application/json", "application/vc+ld+json"];
        let wins = |accept: &'static str| {
            preferred(&HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]), &offered)
        };
        assert_eq!(preferred(&HeaderMap::new(), &offered), Some("application/json"));
        for accept in
            ["", "*/*", "application/*", "application/json", "text/html, */*;q=0.1", "application/vc+ld+json;q=0, */*"]
        {
            assert_eq!(wins(accept), Some("application/json"), "{accept}");
        }
        for accept in [
            "application/vc+ld+json",
            "Application/VC+LD+JSON; q=0.9, application/*;q=0.8",
            "application/json; q=0, application/*",
        ] {
            assert_eq!(wins(accept), Some("application/vc+ld+json"), "{accept}");
        }
        for accept in ["text/html", "application/vc", "application/json;q=0", "*/*;q=none"] {
            assert_eq!(wins(accept), None, "{accept}");
        }
    }
}
