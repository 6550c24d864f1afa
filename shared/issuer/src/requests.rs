//! Requests: a citizen says what is wrong in a certificate and why, staff see it and decide, the citizen sees what became of it.
//!
//! A request changes no certificate: staff who accept it correct the certificate by its own route, with a reason of their own. One is open for each certificate
//! and field; the same one again is the first one. What is asked and who decided when stays on the request's sheet.
//!
//! | folder | name | what |
//! |---|---|---|
//! | the request's id | `request` | the request |
//! | hash of the citizen's number | the request's id | that it is theirs |
//! | `open` | certificate id and field | the request's id, while nobody has decided |

use crate::{
    App, Error,
    auth::{By, Caller, Citizens, Correctors, contact_hash},
    error::rfc3339,
    fetch::with_siblings,
    http::Json,
    limits::Limit,
    ports::{Commit, Drawer, Sheet},
    random,
};
use anyhow::{Context, Result, anyhow};
use axum::{
    Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use credential::{Code, Fault, Faults, Status};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

/// The citizen's routes and the staff's.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/citizen/requests", post(ask).get(own))
        .route("/divoc/api/v1/requests", get(open))
        .route("/divoc/api/v1/requests/{requestId}/decision", post(decide))
}

/// 201 with the request; the same while it is open gives the first one.
async fn ask(State(app): State<App>, By(caller, ..): By<Citizens>, body: Json) -> Result<Response, Error> {
    let wish = Wish::parse(&body.0)?;
    let request = asked(&app, &caller, wish).await?;
    Ok((StatusCode::CREATED, axum::Json(request.told())).into_response())
}

/// The citizen's own, in order of time.
async fn own(State(app): State<App>, By(caller, ..): By<Citizens>) -> Result<Response, Error> {
    let mut told = Vec::new();
    for sheet in app.cabinet.sheets(Drawer::Requests, &theirs(&app, &caller).await?, None, MOST, (app.clock)()).await? {
        told.push(find(&app, &sheet.name).await?.1.told());
    }
    Ok(axum::Json(json!({ "requests": told })).into_response())
}

/// How staff go through what is open.
#[derive(Deserialize)]
struct Page {
    state: String,
    after: Option<String>,
}

/// What nobody has decided yet, in order of certificate, some at a time; `next` is where the next page begins.
async fn open(State(app): State<App>, By(..): By<Correctors>, Query(page): Query<Page>) -> Result<Response, Error> {
    if page.state != "open" {
        return Err(Error::Parameter("state", "open".into()));
    }
    let after = page.after.as_deref();
    let sheets = app.cabinet.sheets(Drawer::Requests, OPEN, after, A_PAGE, (app.clock)()).await?;
    let next = (sheets.len() == A_PAGE).then(|| sheets.last().map(|sheet| sheet.name.clone())).flatten();
    let mut told = Vec::with_capacity(sheets.len());
    for sheet in &sheets {
        told.push(find(&app, &sheet.text).await?.1.told());
    }
    Ok(axum::Json(json!({ "requests": told, "next": next })).into_response())
}

/// The same decision again gives the first answer; another one is refused.
async fn decide(
    State(app): State<App>,
    By(caller, ..): By<Correctors>,
    Path(id): Path<String>,
    body: Json,
) -> Result<Response, Error> {
    let verdict = Verdict::parse(&body.0)?;
    for _ in 0..TURNS {
        let (sheet, mut request) = find(&app, &id).await?;
        if let Some(decision) = &request.decision {
            let same = decision.verdict == verdict;
            return if same { Ok(axum::Json(request.told()).into_response()) } else { Err(Error::Decided) };
        }
        let now = (app.clock)();
        let place = app.cabinet.sheet(Drawer::Requests, OPEN, &request.wish.place(), now).await?;
        // Someone else may decide between the two readings.
        let Some(place) = place else { continue };
        request.decision = Some(Decision { verdict: verdict.clone(), by: caller.subject.clone(), at: rfc3339(now) });
        // A sheet whose time is over is gone: both or neither.
        let closed = place.saying("").until(now);
        if app.cabinet.put(&[sheet.saying(request.text()?), closed], now).await? == Commit::Stored {
            tracing::info!(request.id = id, "request decided");
            return Ok(axum::Json(request.told()).into_response());
        }
    }
    Err(crowded())
}

async fn asked(app: &App, caller: &Caller, wish: Wish) -> Result<Request, Error> {
    let (certificate, _) = with_siblings(app, caller, &wish.certificate_id).await?;
    if matches!(certificate.status, Status::Superseded | Status::Revoked) {
        return Err(Error::WrongStatus("it is not valid any more: name the one that took its place"));
    }
    let who = theirs(app, caller).await?;
    Limit { what: "requests", window: Duration::DAY, most: A_DAY }.count(app, &who).await?;
    for _ in 0..TURNS {
        let now = (app.clock)();
        let place = wish.place();
        if let Some(open) = app.cabinet.sheet(Drawer::Requests, OPEN, &place, now).await? {
            let (_, request) = find(app, &open.text).await?;
            return if request.wish == wish { Ok(request) } else { Err(Error::RequestOpen) };
        }
        let request = Request { id: new_id(now)?, wish: wish.clone(), asked_at: rfc3339(now), decision: None };
        let sheets = [
            Sheet::new(Drawer::Requests, &request.id, REQUEST, request.text()?),
            Sheet::new(Drawer::Requests, &who, &request.id, ""),
            Sheet::new(Drawer::Requests, OPEN, place, &request.id),
        ];
        if app.cabinet.put(&sheets, now).await? == Commit::Stored {
            tracing::info!(request.id, "correction asked for");
            return Ok(request);
        }
    }
    Err(crowded())
}

/// The request's sheet and what it says.
async fn find(app: &App, id: &str) -> Result<(Sheet, Request), Error> {
    let sheet = app.cabinet.sheet(Drawer::Requests, id, REQUEST, (app.clock)()).await?.ok_or(Error::NoRequest)?;
    let request = Request::read(&sheet)?;
    Ok((sheet, request))
}

/// The folder of what the citizen asked for.
async fn theirs(app: &App, caller: &Caller) -> Result<String, Error> {
    let phone = caller.phone().ok_or(Error::NoCertificate)?;
    Ok(contact_hash(&app.pepper.contact_key().await?, phone))
}

/// What a citizen asks for. Personal data.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wish {
    certificate_id: String,
    field: String,
    proposed: String,
    reason: String,
}

impl Wish {
    /// All faults at once.
    fn parse(body: &Value) -> Result<Self, Error> {
        let mut faults = Vec::new();
        let wish = Self {
            certificate_id: text(body, "certificateId", 64, &mut faults),
            field: text(body, "field", 64, &mut faults),
            proposed: text(body, "proposed", MOST_PROPOSED, &mut faults),
            reason: text(body, "reason", MOST_TEXT, &mut faults),
        };
        if !wish.field.is_empty() && !FIELDS.contains(&wish.field.as_str()) {
            faults.push(fault("/field", &format!("one of {}", FIELDS.join(", "))));
        }
        if faults.is_empty() { Ok(wish) } else { Err(Error::Invalid(Faults(faults))) }
    }

    /// The name under which it is open.
    fn place(&self) -> String {
        format!("{}.{}", self.certificate_id, self.field)
    }
}

/// A request as it is kept. Personal data.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    id: String,
    #[serde(flatten)]
    wish: Wish,
    asked_at: String,
    decision: Option<Decision>,
}

/// What became of it.
#[derive(Deserialize, Serialize)]
struct Decision {
    verdict: Verdict,
    /// The `sub` of whom decided.
    by: String,
    at: String,
}

/// What staff say.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
struct Verdict {
    decision: String,
    note: Option<String>,
}

impl Verdict {
    fn parse(body: &Value) -> Result<Self, Error> {
        let mut faults = Vec::new();
        let decision = text(body, "decision", 64, &mut faults);
        if !decision.is_empty() && !DECISIONS.contains(&decision.as_str()) {
            faults.push(fault("/decision", &format!("one of {}", DECISIONS.join(", "))));
        }
        let note = body.get("note").filter(|note| !note.is_null());
        let note = note.map(|_| text(body, "note", MOST_TEXT, &mut faults));
        if faults.is_empty() { Ok(Self { decision, note }) } else { Err(Error::Invalid(Faults(faults))) }
    }
}

impl Request {
    fn read(sheet: &Sheet) -> Result<Self> {
        serde_json::from_str(&sheet.text).context("reading a request")
    }

    fn text(&self) -> Result<String> {
        serde_json::to_string(self).context("writing a request")
    }

    /// As citizen and staff see it; who decided stays on the sheet.
    fn told(&self) -> Value {
        let decision = self.decision.as_ref();
        json!({
            "requestId": self.id,
            "certificateId": self.wish.certificate_id,
            "field": self.wish.field,
            "proposed": self.wish.proposed,
            "reason": self.wish.reason,
            "askedAt": self.asked_at,
            "state": decision.map_or(OPEN, |decision| decision.verdict.decision.as_str()),
            "note": decision.and_then(|decision| decision.verdict.note.as_deref()),
            "decidedAt": decision.map(|decision| &decision.at),
        })
    }
}

/// A text of the body without what no form can hold; empty, and a fault, if it is none or too long.
fn text(body: &Value, name: &str, most: usize, faults: &mut Vec<Fault>) -> String {
    let text = body.get(name).and_then(Value::as_str).map(str::trim).unwrap_or_default();
    let plain = text.chars().all(|c| !c.is_control() || c == '\n');
    if text.is_empty() || !plain || text.chars().count() > most {
        faults.push(fault(&format!("/{name}"), &format!("text of 1 to {most} characters")));
        return String::new();
    }
    text.to_owned()
}

fn fault(pointer: &str, wanted: &str) -> Fault {
    Fault { pointer: pointer.to_owned(), code: Code::Format, detail: format!("must be {wanted}") }
}

/// In order of time, and not to be guessed.
fn new_id(now: OffsetDateTime) -> Result<String> {
    Ok(format!("{:010x}{:032x}", now.unix_timestamp(), random::number()?))
}

fn crowded() -> Error {
    Error::Unavailable(anyhow!("a request changed {TURNS} times while it was being changed"))
}

/// What may be wrong in a certificate.
const FIELDS: [&str; 13] = [
    "name",
    "dateOfBirth",
    "age",
    "gender",
    "nationality",
    "identity",
    "address",
    "vaccine",
    "batch",
    "date",
    "dose",
    "facility",
    "result",
];
const DECISIONS: [&str; 2] = ["accepted", "declined"];
const OPEN: &str = "open";
const REQUEST: &str = "request";
const MOST_PROPOSED: usize = 256;
const MOST_TEXT: usize = 1_000;
/// Requests that one number may make in a day, and how many of them are shown.
const A_DAY: u64 = 20;
const MOST: usize = 100;
const A_PAGE: usize = 50;
const TURNS: usize = 20;
