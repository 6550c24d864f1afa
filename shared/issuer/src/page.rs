//! Pages for anyone's browser: the verification page, the citizens' portal, the page of shared links, the one for files of many rows, and the dashboard. `page/` of the repository, built by `make page`,
//! handed out as they were built.
//!
//! What lies in a folder named by its content never changes and is kept for a year; what stands beside it is asked for again each time.

use crate::{App, Config, Error};
use anyhow::{Result, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::collections::HashMap;

/// The open routes of the pages.
pub fn routes() -> Router<App> {
    Router::new()
        // Relative: a gateway may serve everything under a prefix.
        .route("/verify", get(async || Redirect::permanent("verify/")))
        .route("/verify/", get(file))
        .route("/verify/{file}", get(file))
        .route("/verify/{version}/{file}", get(file))
        .route("/portal", get(async || Redirect::permanent("portal/")))
        .route("/portal/", get(file))
        .route("/portal/{file}", get(file))
        .route("/portal/{version}/{file}", get(file))
        .route("/share", get(async || Redirect::permanent("share/")))
        .route("/share/", get(file))
        .route("/bulk", get(async || Redirect::permanent("bulk/")))
        .route("/bulk/", get(file))
        .route("/bulk/{file}", get(file))
        .route("/bulk/{version}/{file}", get(file))
        .route("/dashboard", get(async || Redirect::permanent("dashboard/")))
        .route("/dashboard/", get(file))
        .route("/dashboard/{version}/{file}", get(file))
}

/// The built file that has the address' name: pages have no others, and the names need no escapes.
async fn file(State(app): State<App>, address: Uri, headers: HeaderMap) -> Result<Response, Error> {
    let name = address.path().trim_start_matches('/');
    if name.ends_with('/') { answer(&app, &format!("{name}{INDEX}"), &headers) } else { answer(&app, name, &headers) }
}

/// The built pages: their files in memory, some of them packed too.
pub struct Page(HashMap<String, File>);

struct File {
    media_type: &'static str,
    bytes: Bytes,
    /// The same, gzip.
    packed: Option<Bytes>,
    etag: String,
}

impl Page {
    /// Pages of these files, named by their path in the built folder: `verify/index.html`, `verify/{version}/page.js`. A file with `.gz` is its neighbour, packed.
    ///
    /// # Errors
    /// When a page is missing, or a file's kind is none that a page has.
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
        for place in [VERIFY, PORTAL, SHARE, BULK, DASHBOARD] {
            ensure!(page.contains_key(&format!("{place}{INDEX}")), "the folder has no {place}{INDEX}");
        }
        Ok(Self(page))
    }
}

const VERIFY: &str = "verify/";
const PORTAL: &str = "portal/";
const SHARE: &str = "share/";
const BULK: &str = "bulk/";
const DASHBOARD: &str = "dashboard/";
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
        _ => anyhow::bail!("{name} is of a kind that no page has"),
    })
}

fn answer(app: &App, name: &str, asked: &HeaderMap) -> Result<Response, Error> {
    let page = app.page.as_ref().ok_or(Error::NoPage)?;
    let file = page.0.get(name).ok_or(Error::NoRoute)?;
    let etag = format!("\"{}\"", file.etag);
    let common = [
        (header::CACHE_CONTROL, if name.matches('/').count() > 1 { IMMUTABLE } else { "no-cache" }.to_owned()),
        (header::VARY, "accept-encoding".to_owned()),
        (header::ETAG, etag.clone()),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    let headers = (common, policy_of(&app.config, name));
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

/// Who is asked by a page, and who may embed it.
fn policy_of(config: &Config, name: &str) -> [(HeaderName, String); 3] {
    if name.starts_with(VERIFY) {
        embeddable(config)
    } else if name.starts_with(BULK) {
        alone(&config.uploading.page_sources)
    } else {
        alone(&config.portal_sources)
    }
}

/// What the verification page may do: run its own code and ask its own service, and nothing else. A certificate that is shown to it can go nowhere.
fn embeddable(config: &Config) -> [(HeaderName, String); 3] {
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {}",
        config.page_frame_ancestors
    );
    [
        (header::CONTENT_SECURITY_POLICY, policy),
        // A page elsewhere may load embed.js, and one in a sandbox has no origin to be the same as.
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
        (PERMISSIONS_POLICY, "camera=(self), microphone=(), geolocation=()".to_owned()),
    ]
}

/// What the other pages may do: ask their own service and `sources` beside it, and show the pictures that they get. Nobody may lay them
/// under a page of their own, for who is logged in could be made to touch what they do not see.
fn alone(sources: &str) -> [(HeaderName, String); 3] {
    let asked = format!("'self' {sources}");
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src {}; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        asked.trim_end()
    );
    [
        (header::CONTENT_SECURITY_POLICY, policy),
        (OPENER_POLICY, "same-origin".to_owned()),
        (PERMISSIONS_POLICY, "camera=(), microphone=(), geolocation=()".to_owned()),
    ]
}

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Whether a list in a header has this entry, whatever its weight.
fn mentions(headers: &HeaderMap, name: &HeaderName, entry: &str) -> bool {
    let lists = headers.get_all(name).into_iter().filter_map(|value: &HeaderValue| value.to_str().ok());
    let mut entries = lists.flat_map(|list| list.split(',')).filter(|entry| !entry.replace(' ', "").ends_with(";q=0"));
    entries.any(|one| one.split(';').next().unwrap_or_default().trim().trim_start_matches("W/") == entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files with these names, beside the entries of all pages.
    fn files(names: &[&str]) -> Vec<(String, Vec<u8>)> {
        let entries =
            ["bulk/index.html", "verify/index.html", "portal/index.html", "share/index.html", "dashboard/index.html"];
        entries.iter().chain(names).map(|name| ((*name).to_owned(), name.as_bytes().to_vec())).collect()
    }

    #[test]
    fn a_packed_file_belongs_to_its_neighbour() {
        let page = Page::new(files(&["verify/index.html.gz", "verify/1/page.wasm"])).unwrap();
        let mut names: Vec<_> = page.0.keys().cloned().collect();
        names.sort();
        assert_eq!(
            names,
            [
                "bulk/index.html",
                "dashboard/index.html",
                "portal/index.html",
                "share/index.html",
                "verify/1/page.wasm",
                "verify/index.html"
            ]
        );
        assert_eq!(page.0["verify/index.html"].packed.as_deref(), Some(&b"verify/index.html.gz"[..]));
        assert_eq!(page.0["verify/1/page.wasm"].packed, None);
    }

    #[test]
    fn a_folder_that_lacks_a_page_is_refused() {
        let fault = |files| Page::new(files).err().unwrap().to_string();
        assert_eq!(fault(files(&[])[..2].to_vec()), "the folder has no portal/index.html");
        assert_eq!(fault(files(&["notes.txt"])), "notes.txt is of a kind that no page has");
    }

    #[test]
    fn an_entry_of_a_list_counts_unless_its_weight_is_nothing() {
        let with = |value| HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(value))]);
        let gzip = |value| mentions(&with(value), &header::ACCEPT_ENCODING, "gzip");
        assert!(["gzip", "br, gzip", "deflate,gzip;q=0.5"].into_iter().all(gzip));
        assert!(!["", "br", "gzip;q=0", "gzip; q=0", "xgzip"].into_iter().any(gzip));
    }
}
