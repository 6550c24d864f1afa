//! A citizen's own links: make one, list them, end one.
//!
//! A citizen's links are named on one sheet, in a folder under the keyed hash of their contact. It is put together with the link that it names, or with the
//! end of one: there is no link that its citizen can't find and end, and their number is kept whoever asks at once.

use super::{
    TRIES, language,
    link::{Link, hash, sealed},
    read, secret, too_busy, whole_second, written,
};
use crate::{
    App, Error,
    auth::{By, Caller, Citizens},
    body::Body,
    error::rfc3339,
    fetch::exactly,
    http::{Json, with_member},
    ports::{Commit, Drawer, Sheet},
};
use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

pub(super) async fn share(State(app): State<App>, By(caller, ..): By<Citizens>, body: Json) -> Result<Response, Error> {
    let wish = Wish::read(&app, &body.0)?;
    exactly(&app, &caller, wish.certificate).await?;
    let token = secret()?;
    let (sheet, link) = keep(&app, owner(&app, &caller).await?, &hash(&token), wish).await?;
    tracing::info!(certificate.id = link.certificate, link.id = link.id, "shared");
    let url = format!("{}/share/#{token}", app.config.public_url);
    Ok((StatusCode::CREATED, axum::Json(with_member(told(&sheet, &link), "url", Some(url)))).into_response())
}

pub(super) async fn list(State(app): State<App>, By(caller, ..): By<Citizens>) -> Result<Response, Error> {
    let links = Links::of(&app, &owner(&app, &caller).await?, (app.clock)()).await?;
    let told: Vec<Value> = links.standing.iter().map(|(sheet, link)| told(sheet, link)).collect();
    Ok(axum::Json(json!({ "links": told })).into_response())
}

/// After it no link of the citizen's has that id, whether there was one or not: the same call again has the same answer.
pub(super) async fn end(
    State(app): State<App>,
    By(caller, ..): By<Citizens>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let owner = owner(&app, &caller).await?;
    for _ in 0..TRIES {
        let now = (app.clock)();
        let mut links = Links::of(&app, &owner, now).await?;
        let Some(index) = links.standing.iter().position(|(_, link)| link.id == id) else {
            return Ok(StatusCode::NO_CONTENT.into_response());
        };
        let (sheet, _) = links.standing.remove(index);
        let sheets = [sheet.saying("").until(now), links.sheet(&owner, now)?];
        if app.cabinet.put(&sheets, now).await? == Commit::Stored {
            tracing::info!(link.id = id, "a link was ended");
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
    }
    Err(too_busy())
}

/// What a citizen asks for.
struct Wish<'b> {
    certificate: &'b str,
    hours: u64,
    passcode: Option<&'b str>,
    uses: Option<u64>,
    language: Option<&'static str>,
}

impl<'b> Wish<'b> {
    fn read(app: &App, body: &'b Value) -> Result<Self, Error> {
        let mut body = Body::of(body);
        let certificate = body.required("certificateId");
        let hours = body.required_number("hours", 1..=720);
        let passcode = body.text_of("passcode", 4..=64);
        let uses = body.number("uses", 1..=100);
        let language = language(app, &mut body)?;
        let wish = certificate.zip(hours);
        body.done(wish.map(|(certificate, hours)| Self { certificate, hours, passcode, uses, language }))
    }
}

/// Puts the link and its name on the citizen's sheet, both or neither.
async fn keep(app: &App, owner: String, token_hash: &str, wish: Wish<'_>) -> Result<(Sheet, Link), Error> {
    let passcode = match wish.passcode {
        Some(passcode) => Some(sealed(app, token_hash, passcode).await?),
        None => None,
    };
    let link = Link {
        id: secret()?,
        owner,
        certificate: wish.certificate.to_owned(),
        language: wish.language.map(str::to_owned),
        passcode,
        uses_left: wish.uses,
        wrong: 0,
        locked_until: 0,
    };
    for _ in 0..TRIES {
        let now = (app.clock)();
        let mut links = Links::of(app, &link.owner, now).await?;
        links.standing.retain(|(_, link)| link.opens());
        if links.standing.len() >= MOST {
            return Err(Error::TooManyLinks(MOST));
        }
        let sheet =
            link.sheet(token_hash, whole_second(now) + Duration::hours(i64::try_from(wish.hours).unwrap_or(1)))?;
        links.standing.push((sheet.clone(), link.clone()));
        if app.cabinet.put(&[sheet.clone(), links.sheet(&link.owner, now)?], now).await? == Commit::Stored {
            return Ok((sheet, link));
        }
    }
    Err(too_busy())
}

/// A citizen's links whose time is not over, and the sheet that names them.
struct Links {
    sheet: Option<Sheet>,
    standing: Vec<(Sheet, Link)>,
}

impl Links {
    async fn of(app: &App, owner: &str, now: OffsetDateTime) -> Result<Self, Error> {
        let sheet = app.cabinet.sheet(Drawer::Links, owner, NAME, now).await?;
        let names: Vec<String> = sheet.as_ref().map(read).transpose()?.unwrap_or_default();
        let mut standing = Vec::with_capacity(names.len());
        for name in &names {
            standing.extend(Link::find(app, name, now).await?);
        }
        Ok(Self { sheet, standing })
    }

    /// The sheet that names the links that are left; its time is over with the last of them.
    fn sheet(&self, owner: &str, now: OffsetDateTime) -> Result<Sheet, Error> {
        let names = written(&self.standing.iter().map(|(sheet, _)| sheet.folder.as_str()).collect::<Vec<_>>())?;
        let until = self.standing.iter().filter_map(|(sheet, _)| sheet.until).max().unwrap_or(now);
        let sheet = match &self.sheet {
            Some(sheet) => sheet.saying(names),
            None => Sheet::new(Drawer::Links, owner, NAME, names),
        };
        Ok(sheet.until(until))
    }
}

/// A citizen without a number has no certificates either.
pub(super) async fn owner(app: &App, caller: &Caller) -> Result<String, Error> {
    caller.contact(app).await?.ok_or(Error::NoCertificate)
}

/// A link as its citizen sees it: all but the token, which nobody knows any more.
fn told(sheet: &Sheet, link: &Link) -> Value {
    json!({
        "linkId": link.id,
        "certificateId": link.certificate,
        "expiresAt": sheet.until.map(rfc3339),
        "usesLeft": link.uses_left,
        "hasPasscode": link.passcode.is_some(),
    })
}

/// Links that a citizen may have at a time.
const MOST: usize = 20;
const NAME: &str = "links";
