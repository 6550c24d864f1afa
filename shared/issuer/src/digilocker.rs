//! DigiLocker: pulls the document of a citizen who asked for it there, and pulls it again whenever they open it. DIVOC's protocol: XML, signed with a key
//! that only DigiLocker and we have.
//!
//! "There is nothing for you" is 200 with `Status="0"`, as the protocol wants it, and is the same whether nobody has that reference, the number and name are
//! another person's, or the certificate was taken back.

mod xml;

use crate::{
    App, Error,
    analytics::Use,
    auth::{Caller, contact_hash},
    config::Matching,
    fetch::{Selection, exactly, if_shown, latest},
    http::{body, retold},
    ports::{Remark, RemarkEvent},
    print::{self, Wish, for_travel},
};
use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use credential::{Contact, Kind};

/// Pull URI and Pull Doc.
pub fn routes() -> Router<App> {
    Router::new().route("/cert/api/pullUriRequest", post(pull_uri)).route("/cert/api/pullDocRequest", post(pull_doc))
}

async fn pull_uri(State(app): State<App>, request: Request) -> Response {
    told("PullURIResponse", uri(&app, request).await)
}

async fn pull_doc(State(app): State<App>, request: Request) -> Response {
    told("PullDocResponse", document(&app, request).await)
}

/// An answer, or a failure in the protocol's form.
fn told(root: &'static str, answer: Result<String, Error>) -> Response {
    match answer {
        Ok(answer) => ([(header::CONTENT_TYPE, XML)], answer).into_response(),
        Err(fault) => retold(fault, XML, xml::answer(root, false, &xml::Request::default(), &[])),
    }
}

/// The citizen's newest certificate, if reference and person agree, with the URI under which it is pulled from now on.
async fn uri(app: &App, request: Request) -> Result<String, Error> {
    let asked = signed(app, request, "PullURIRequest").await?;
    let locker = Caller::proven(ACTOR);
    let found = latest(app, &locker, asked.detail("tracking_id"), Kind::Vaccination, None).await;
    let theirs = match if_shown(found)? {
        Some(selection) if agrees(app, &asked, &selection).await? => Some(selection),
        _ => None,
    };
    let kind = DocumentKind::named(app, asked.detail("DocType"));
    let given = given(app, theirs, kind, asked.attribute("format")).await?;
    let found = given.is_some();
    let Given { uri, picture, data } = given.unwrap_or_default();
    let echoed = ["DigiLockerId", "UID", "FullName", "DOB", "tracking_id", "Mobile", "UDF1"];
    let mut details = vec![("DocType", kind.map_or("", |kind| kind.name(app)))];
    details.extend(echoed.map(|name| (name, asked.detail(name))));
    details.extend([("URI", uri.as_str()), ("DocContent", &picture), ("DataContent", &data)]);
    Ok(xml::answer("PullURIResponse", found, &asked, &details))
}

/// The certificate that a URI names, as long as it stands.
async fn document(app: &App, request: Request) -> Result<String, Error> {
    let asked = signed(app, request, "PullDocRequest").await?;
    let (kind, id) = named(app, asked.detail("URI")).unzip();
    let found = match id {
        Some(id) => if_shown(exactly(app, &Caller::proven(ACTOR), id).await)?,
        None => None,
    };
    let vaccination = found.filter(|found| found.certificate.slot.occasion.kind() == Kind::Vaccination);
    let given = given(app, vaccination, kind, asked.attribute("format")).await?;
    let found = given.is_some();
    let Given { picture, data, .. } = given.unwrap_or_default();
    let details = [("DocContent", picture.as_str()), ("DataContent", &data)];
    Ok(xml::answer("PullDocResponse", found, &asked, &details))
}

/// The request, once its signature is that of its whole body.
async fn signed(app: &App, request: Request, root: &'static str) -> Result<xml::Request, Error> {
    let signature = request.headers().get(&app.config.digilocker.header).cloned();
    let body = body(request, app.config.most_bytes).await?;
    let key = app.secrets.digilocker_key().await?.unwrap_or_default();
    if key.len() < SHORTEST_KEY {
        tracing::warn!("DigiLocker's key is not set, or is too short to be one");
        return Err(Error::Unsigned);
    }
    if !signature.is_some_and(|signature| is_of(&signature, &body, &key)) {
        return Err(Error::Unsigned);
    }
    xml::Request::read(&body, root).map_err(|refused| Error::NotXml(refused.0))
}

/// Base64 of the lower-case hexadecimal digits of the HMAC-SHA-256, as DIVOC has it.
fn is_of(signature: &HeaderValue, body: &[u8], key: &[u8]) -> bool {
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), body);
    let digits: Vec<u8> = mac.as_ref().iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    let given = BASE64_STANDARD.decode(signature.as_bytes());
    given.is_ok_and(|given| verify_slices_are_equal(&given, &digits).is_ok())
}

/// Whether the person whom DigiLocker names is the certificate's, by the country's rule.
async fn agrees(app: &App, asked: &xml::Request, selection: &Selection) -> Result<bool, Error> {
    let key = app.pepper.contact_key().await?;
    let mobile = Contact::telephone(asked.detail("Mobile"), &app.config.identity.calling_code);
    let by_mobile = mobile.is_some_and(|mobile| selection.certificate.contacts.contains(&contact_hash(&key, &mobile)));
    let plain = |name: &str| name.trim().to_lowercase();
    let (theirs, given) = (selection.certificate.signed.facts().credential_subject.name, asked.detail("FullName"));
    let by_name = !given.is_empty() && plain(&theirs) == plain(given);
    Ok(by_mobile || (by_name && app.config.digilocker.matching == Matching::MobileOrName))
}

/// A type of document.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DocumentKind {
    Domestic,
    International,
}

impl DocumentKind {
    /// The type of that name; the domestic one where none is named.
    fn named(app: &App, name: &str) -> Option<Self> {
        let known = [Self::Domestic, Self::International].into_iter().find(|kind| kind.name(app) == name);
        known.or(name.is_empty().then_some(Self::Domestic))
    }

    fn name(self, app: &App) -> &str {
        match self {
            Self::Domestic => &app.config.digilocker.domestic,
            Self::International => &app.config.digilocker.international,
        }
    }
}

/// The type and the certificate's id in a URI of ours.
fn named<'u>(app: &App, uri: &'u str) -> Option<(DocumentKind, &'u str)> {
    let rest = uri.strip_prefix(&app.config.digilocker.issuer)?.strip_prefix('-')?;
    let (kind, id) = rest.split_once('-')?;
    Some((DocumentKind::named(app, kind).filter(|_| !kind.is_empty())?, id))
}

/// What DigiLocker is given of a certificate; what it did not ask for is empty. Personal data.
#[derive(Default)]
struct Given {
    uri: String,
    picture: String,
    data: String,
}

/// The document in the formats asked for, and the log's entry before it leaves. None where there is none of that type: not everyone may travel.
async fn given(
    app: &App,
    found: Option<Selection>,
    kind: Option<DocumentKind>,
    format: &str,
) -> Result<Option<Given>, Error> {
    let Some((selection, kind)) = found.zip(kind) else { return Ok(None) };
    if kind == DocumentKind::International && !for_travel(app, &selection.certificate.signed.facts()) {
        return Ok(None);
    }
    let id = selection.certificate.issuance.certificate_id.as_str();
    let uri = format!("{}-{}-{id}", app.config.digilocker.issuer, kind.name(app));
    let mut given = Given { uri, ..Given::default() };
    if matches!(format, "pdf" | "both") {
        let usual = Wish::default();
        let wish = if kind == DocumentKind::International { usual.for_travel() } else { usual };
        given.picture = BASE64_STANDARD.encode(print::file(app, &selection, &wish).await?.bytes);
    }
    if matches!(format, "xml" | "both") {
        given.data = BASE64_STANDARD.encode(xml::machine_readable(id, selection.certificate.signed.as_str()));
    }
    let (about, actor) = (id.to_owned(), ACTOR.to_owned());
    app.ledger.remark(&[Remark { event: RemarkEvent::Shown, about, actor, at: (app.clock)() }]).await?;
    Use::fetched(app, &selection.certificate, "digilocker").note_if_possible(app).await;
    tracing::info!(certificate.id = id, "given to DigiLocker");
    Ok(Some(given))
}

const XML: &str = "application/xml";
/// Who asks, in the log.
const ACTOR: &str = "digilocker";
/// Bytes. DIVOC's `ignore`, which switches its check off, is no key.
const SHORTEST_KEY: usize = 16;
