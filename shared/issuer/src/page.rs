//! The verification page for anyone's browser: `page/` of the repository, built by `make page`, handed out as it was built.
//!
//! What lies in a folder named by its content never changes and is kept for a year; what stands beside it is asked for again each time.

use crate::{App, Error};
use anyhow::{Result, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::collections::HashMap;

/// The open routes under `/verify`.
pub fn routes() -> Router<App> {
    Router::new()
        // Relative: a gateway may serve everything under a prefix.
        .route("/verify", get(async || Redirect::permanent("verify/")))
        .route("/verify/", get(entry))
        .route("/verify/{file}", get(file))
        .route("/verify/{version}/{file}", get(versioned))
}

async fn entry(State(app): State<App>, headers: HeaderMap) -> Result<Response, Error> {
    answer(&app, "index.html", &headers)
}

async fn file(State(app): State<App>, Path(name): Path<String>, headers: HeaderMap) -> Result<Response, Error> {
    answer(&app, &name, &headers)
}

async fn versioned(
    State(app): State<App>,
    Path((version, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Error> {
    answer(&app, &format!("{version}/{name}"), &headers)
}

/// The built page: its files in memory, some of them packed too.
pub struct Page(HashMap<String, File>);

struct File {
    media_type: &'static str,
    bytes: Bytes,
    /// The same, gzip.
    packed: Option<Bytes>,
    etag: String,
}

impl Page {
    /// A page of these files, named by their path in the built folder: `index.html`, `{version}/page.js`. A file with `.gz` is its neighbour, packed.
    ///
    /// # Errors
    /// When there is no `index.html`, or a file's kind is none that the page has.
    pub fn new(files: Vec<(String, Vec<u8>)>) -> Result<Self> {
        let (packed, plain): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|(name, _)| name.strip_suffix(".gz").is_some());
        let mut packed: HashMap<String, Vec<u8>> = packed.into_iter().collect();
        let mut page = HashMap::new();
        for (name, bytes) in plain {
            let media_type = media_type(&name)?;
            let etag = URL_SAFE_NO_PAD.encode(digest(&SHA256, &bytes));
            let packed = packed.remove(&format!("{name}.gz")).map(Bytes::from);
            page.insert(name, File { media_type, bytes: bytes.into(), packed, etag });
        }
        ensure!(page.contains_key(INDEX), "the folder has no {INDEX}");
        Ok(Self(page))
    }
}

const INDEX: &str = "index.html";

fn media_type(name: &str) -> Result<&'static str> {
    Ok(match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => anyhow::bail!("{name} is of a kind that the page does not have"),
    })
}

fn answer(app: &App, name: &str, asked: &HeaderMap) -> Result<Response, Error> {
    let page = app.page.as_ref().ok_or(Error::NoPage)?;
    let file = page.0.get(name).ok_or(Error::NoRoute)?;
    let etag = format!("\"{}\"", file.etag);
    let headers = [
        (header::CACHE_CONTROL, if name.contains('/') { IMMUTABLE } else { "no-cache" }.to_owned()),
        (header::VARY, "accept-encoding".to_owned()),
        (header::ETAG, etag.clone()),
        (header::CONTENT_SECURITY_POLICY, policy(&app.config.page_frame_ancestors)),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        // A page elsewhere may load embed.js, and one in a sandbox has no origin to be the same as.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
        (PERMISSIONS_POLICY, "camera=(self), microphone=(), geolocation=()".to_owned()),
    ];
    if mentions(asked, &header::IF_NONE_MATCH, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let content_type = [(header::CONTENT_TYPE, file.media_type)];
    Ok(match &file.packed {
        Some(packed) if mentions(asked, &header::ACCEPT_ENCODING, "gzip") => {
            (headers, content_type, [(header::CONTENT_ENCODING, "gzip")], packed.clone()).into_response()
        }
        _ => (headers, content_type, file.bytes.clone()).into_response(),
    })
}

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// What the page may do: run its own code and ask its own service, and nothing else. A certificate that is shown to it can go nowhere.
fn policy(frame_ancestors: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {frame_ancestors}"
    )
}

/// Whether a list in a header has this entry, whatever its weight.
fn mentions(headers: &HeaderMap, name: &HeaderName, entry: &str) -> bool {
    let lists = headers.get_all(name).into_iter().filter_map(|value: &HeaderValue| value.to_str().ok());
    let mut entries = lists.flat_map(|list| list.split(',')).filter(|entry| !entry.replace(' ', "").ends_with(";q=0"));
    entries.any(|one| one.split(';').next().unwrap_or_default().trim().trim_start_matches("W/") == entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> (String, Vec<u8>) {
        (name.to_owned(), name.as_bytes().to_vec())
    }

    #[test]
    fn a_packed_file_belongs_to_its_neighbour() {
        let page = Page::new(vec![file("index.html"), file("index.html.gz"), file("1/page.wasm")]).unwrap();
        let mut names: Vec<_> = page.0.keys().cloned().collect();
        names.sort();
        assert_eq!(names, ["1/page.wasm", "index.html"]);
        assert_eq!(page.0["index.html"].packed.as_deref(), Some(&b"index.html.gz"[..]));
        assert_eq!(page.0["1/page.wasm"].packed, None);
    }

    #[test]
    fn a_folder_that_is_no_page_is_refused() {
        let faults = [vec![file("page.js")], vec![file("index.html"), file("notes.txt")]]
            .map(|files| Page::new(files).err().map(|fault| fault.to_string()));
        assert_eq!(
            faults.map(Option::unwrap),
            ["the folder has no index.html", "notes.txt is of a kind that the page does not have"]
        );
    }

    #[test]
    fn an_entry_of_a_list_counts_unless_its_weight_is_nothing() {
        let with = |value| HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]);
        let gzip = |value| mentions(&with(value), &header::ACCEPT_ENCODING, "gzip");
        assert!(["gzip", "br, gzip", "deflate,gzip;q=0.5"].into_iter().all(gzip));
        assert!(!["", "br", "gzip;q=0", "gzip; q=0", "xgzip"].into_iter().any(gzip));
    }
}
