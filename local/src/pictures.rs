//! S3 in this process: PUT (also of what is not there yet, only), HEAD, and GET of objects or parts of them, in a folder or in memory.

use crate::wire::response;
use anyhow::{Context, Result};
use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Region},
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
};
use http_body_util::BodyExt;
use std::{
    collections::HashMap,
    fs,
    io::{self, Read, Seek},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// A client of the objects in `folder`, which is made if it is not there; without one, of objects in memory.
///
/// # Errors
/// When the folder can't be made.
pub fn client(folder: Option<&Path>) -> Result<Client> {
    let shelf = match folder {
        None => Shelf::Memory(Mutex::default()),
        Some(folder) => {
            fs::create_dir_all(folder).context("making the folder for pictures")?;
            Shelf::Folder(folder.to_owned(), AtomicU64::new(0))
        }
    };
    let connector = SharedHttpConnector::new(Bucket(Arc::new(shelf)));
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("local"))
        .endpoint_url("http://localhost")
        .force_path_style(true)
        .http_client(http_client_fn(move |_, _| connector.clone()))
        .allow_no_auth()
        .build();
    Ok(Client::from_conf(config))
}

/// Answers the SDK's requests.
#[derive(Clone, Debug)]
struct Bucket(Arc<Shelf>);

/// Where objects lie.
#[derive(Debug)]
enum Shelf {
    Memory(Mutex<HashMap<PathBuf, Vec<u8>>>),
    /// The folder, and a count that names what is being written.
    Folder(PathBuf, AtomicU64),
}

impl HttpConnector for Bucket {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let objects = self.0.clone();
        HttpConnectorFuture::new(async move {
            let method = request.method().to_owned();
            let key = key(request.uri());
            let only_new = request.headers().get("if-none-match").is_some();
            let range = request.headers().get("range").map(range);
            let body = request.into_body().collect().await.map(|body| body.to_bytes().to_vec());
            Ok(match (method.as_str(), key, body) {
                (_, None, _) => refusal(400, "InvalidArgument"),
                (_, _, Err(_)) => refusal(400, "IncompleteBody"),
                ("HEAD", Some(key), Ok(_)) => match objects.length(&key) {
                    Ok(Some(length)) => {
                        let mut answer = response(200, Vec::new());
                        answer.headers_mut().insert("content-length", length.to_string());
                        answer
                    }
                    Ok(None) => refusal(404, "NotFound"),
                    Err(_) => refusal(500, "InternalError"),
                },
                ("GET", Some(_), Ok(_)) if range == Some(None) => refusal(416, "InvalidRange"),
                ("GET", Some(key), Ok(_)) => match objects.read(&key, range.flatten()) {
                    Ok(Some(bytes)) => response(if range.is_some() { 206 } else { 200 }, bytes),
                    Ok(None) => refusal(404, "NoSuchKey"),
                    Err(_) => refusal(500, "InternalError"),
                },
                ("PUT", Some(key), Ok(bytes)) => match objects.write(key, bytes, only_new) {
                    Ok(true) => response(200, Vec::new()),
                    Ok(false) => refusal(412, "PreconditionFailed"),
                    Err(_) => refusal(500, "InternalError"),
                },
                _ => refusal(405, "MethodNotAllowed"),
            })
        })
    }
}

impl Shelf {
    /// The object, or of it the bytes from the first number to before the second; an object that ends before gives fewer.
    fn read(&self, key: &Path, range: Option<(u64, u64)>) -> io::Result<Option<Vec<u8>>> {
        let (from, until) = range.unwrap_or((0, u64::MAX));
        match self {
            Self::Memory(objects) => {
                let objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
                let place = |at: u64, object: &Vec<u8>| usize::try_from(at).unwrap_or(usize::MAX).min(object.len());
                let part = |object: &Vec<u8>| object.get(place(from, object)..place(until, object)).map(<[u8]>::to_vec);
                Ok(objects.get(key).map(|object| part(object).unwrap_or_default()))
            }
            Self::Folder(folder, _) => there(fs::File::open(folder.join(key)).and_then(|mut file| {
                file.seek(io::SeekFrom::Start(from))?;
                let mut bytes = Vec::new();
                file.take(until.saturating_sub(from)).read_to_end(&mut bytes)?;
                Ok(bytes)
            })),
        }
    }

    fn length(&self, key: &Path) -> io::Result<Option<u64>> {
        match self {
            Self::Memory(objects) => {
                let objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(objects.get(key).map(|object| u64::try_from(object.len()).unwrap_or(u64::MAX)))
            }
            Self::Folder(folder, _) => there(fs::metadata(folder.join(key)).map(|object| object.len())),
        }
    }

    /// Whether the object was written: with `only_new` (`If-None-Match: *`), unless it was there before. Written aside, then linked or renamed: a reader sees a
    /// whole object or none, and of two writers one is first. Flushed, for what was brought to us cannot be made again.
    fn write(&self, key: PathBuf, bytes: Vec<u8>, only_new: bool) -> io::Result<bool> {
        match self {
            Self::Memory(objects) => {
                let mut objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
                let written = !only_new || !objects.contains_key(&key);
                if written {
                    objects.insert(key, bytes);
                }
                Ok(written)
            }
            Self::Folder(folder, count) => {
                let target = folder.join(key);
                target.parent().map_or(Ok(()), fs::create_dir_all)?;
                let aside = folder.join(format!(".{}", count.fetch_add(1, Ordering::Relaxed)));
                // What a killed process left here may be a second name of a kept object: to write into it would change that object.
                match fs::remove_file(&aside) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => fs::write(&aside, bytes)?,
                }
                fs::File::open(&aside)?.sync_all()?;
                if !only_new {
                    return fs::rename(aside, target).map(|()| true);
                }
                let linked = fs::hard_link(&aside, target);
                fs::remove_file(aside)?;
                match linked {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                    linked => linked.map(|()| true),
                }
            }
        }
    }
}

/// What was found; what is not there is no error.
fn there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// `bytes=2-5` as the bytes from 2 to before 6; `None` for any other form.
fn range(header: &str) -> Option<(u64, u64)> {
    let (from, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    Some((from.parse().ok()?, last.parse::<u64>().ok()?.checked_add(1)?))
}

/// The object that a path-style URL (`/bucket/key?…`) names, as a path inside the folder; `None` if it would lead out of it or to a file being written.
fn key(uri: &str) -> Option<PathBuf> {
    let path = uri.split_once("://").map_or(uri, |(_, rest)| rest).split(['?', '#']).next()?;
    let (_bucket, key) = path.split_once('/')?.1.split_once('/')?;
    let key = decoded(key)?;
    let fits = |name: &str| !name.is_empty() && !name.starts_with('.') && !name.contains(['\\', '\0', ':']);
    key.split('/').all(fits).then(|| PathBuf::from(key))
}

/// Percent-decoded (RFC 3986 § 2.1).
fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (hexadecimal, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(hexadecimal, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

fn refusal(status: u16, code: &str) -> HttpResponse {
    response(status, format!("<Error><Code>{code}</Code></Error>").into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_a_file_inside_the_folder() {
        assert_eq!(
            key("http://localhost/pictures/pdf/a%20b-%E0%A4%85.pdf?x-id=GetObject"),
            Some("pdf/a b-अ.pdf".into())
        );
    }

    #[test]
    fn a_key_that_leads_out_is_refused() {
        for key_text in [
            "../a",
            "a/../../b",
            "%2e%2e/a",
            "a%2F..%2F..%2Fb",
            "/etc/passwd",
            "%2Fetc",
            ".5",
            "a//b",
            "a%00",
            "%zz",
            "",
        ] {
            assert_eq!(key(&format!("http://localhost/pictures/{key_text}")), None, "{key_text}");
        }
    }
}
