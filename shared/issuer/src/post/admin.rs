//! Parcels that nobody took, for an administrator to send again or to drop, and the secret that signs acknowledgements.

use super::{SHARDS, acknowledgement::secrets, deliver::revive, parcel::Parcel, shard_name};
use crate::{
    App, Error,
    auth::{Admins, By},
    error::rfc3339,
    http::{After, Json},
    ports::{Commit, Drawer, Sheet},
};
use anyhow::Result;
use axum::{
    Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The dead parcels and the secret.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/divoc/api/v1/post/dead", get(list))
        .route("/divoc/api/v1/post/dead/replay", post(replay))
        .route("/divoc/api/v1/post/dead/{parcelId}", delete(drop_one))
        .route("/divoc/api/v1/post/secret", get(secret))
}

/// A page of them, without the contacts that they are for.
async fn list(
    State(app): State<App>,
    By(..): By<Admins>,
    Query(After { after }): Query<After>,
) -> Result<Response, Error> {
    let after = after.as_deref().map(place).transpose()?;
    let found = dead(&app, after, A_PAGE).await?;
    let next = (found.len() == A_PAGE).then(|| found.last().map(id)).flatten();
    let told = found.iter().map(told).collect::<Result<Vec<_>>>()?;
    Ok(axum::Json(json!({ "parcels": told, "next": next })).into_response())
}

/// `{"parcelId": …}` sends one again, `{"all": true}` all of them, as many as there is time for.
async fn replay(State(app): State<App>, By(..): By<Admins>, body: Json) -> Result<Response, Error> {
    let one = body.0.get("parcelId").and_then(Value::as_str);
    let all = body.0.get("all").and_then(Value::as_bool).unwrap_or_default();
    let (replayed, complete) = match (one, all) {
        (Some(parcel), false) => (u64::from(revive_one(&app, parcel).await? == Commit::Stored), true),
        (None, true) => revive_all(&app).await?,
        _ => return Err(Error::Field("/parcelId", "a parcel's id, or all be true")),
    };
    tracing::info!(replayed, "dead parcels are sent again");
    Ok(axum::Json(json!({ "replayed": replayed, "complete": complete })).into_response())
}

async fn drop_one(State(app): State<App>, By(..): By<Admins>, Path(id): Path<String>) -> Result<Response, Error> {
    let sheet = one(&app, &id).await?;
    app.cabinet.take(&sheet).await?;
    tracing::info!(certificate.id = Parcel::parse(&sheet)?.certificate()?.as_str(), "a dead parcel is dropped");
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// What the receiver of acknowledgements checks their signature with, as Standard Webhooks writes it.
async fn secret(State(app): State<App>, By(caller, ..): By<Admins>) -> Result<Response, Error> {
    let callback = app.config.post.callback.as_ref().ok_or(Error::NoParcel)?;
    let secrets =
        secrets(&app, callback).await?.into_iter().map(|secret| format!("whsec_{}", BASE64_STANDARD.encode(secret)));
    tracing::info!(actor = caller.subject, "the secret of acknowledgements was shown");
    Ok(axum::Json(json!({ "version": callback.secret_version, "secrets": secrets.collect::<Vec<_>>() }))
        .into_response())
}

async fn revive_one(app: &App, id: &str) -> Result<Commit, Error> {
    Ok(revive(app, &one(app, id).await?, (app.clock)()).await?)
}

/// Each shard's from its beginning: who died again meanwhile has come back behind us, and is left.
async fn revive_all(app: &App) -> Result<(u64, bool), Error> {
    let deadline = Instant::now() + REPLAYING;
    let (mut replayed, mut after) = (0, None);
    loop {
        let found = dead(app, after.take(), A_PAGE).await?;
        for sheet in &found {
            if Instant::now() >= deadline {
                return Ok((replayed, false));
            }
            replayed += u64::from(revive(app, sheet, (app.clock)()).await? == Commit::Stored);
        }
        match found.last() {
            Some(last) if found.len() == A_PAGE => after = Some((last.folder.clone(), last.name.clone())),
            _ => return Ok((replayed, true)),
        }
    }
}

async fn one(app: &App, id: &str) -> Result<Sheet, Error> {
    let (folder, name) = place(id)?;
    let found = app.cabinet.sheet(Drawer::DeadParcels, &folder, &name, (app.clock)()).await?;
    found.ok_or(Error::NoParcel)
}

/// Dead parcels after that place, shard by shard.
async fn dead(app: &App, after: Option<(String, String)>, most: usize) -> Result<Vec<Sheet>> {
    let (first, mut name) = after.map_or_else(|| (shard_name(0), None), |(folder, name)| (folder, Some(name)));
    let mut found = Vec::new();
    for folder in (0..SHARDS).map(shard_name).skip_while(|folder| *folder != first) {
        let left = most - found.len();
        if left == 0 {
            break;
        }
        found.extend(
            app.cabinet.sheets(Drawer::DeadParcels, &folder, name.take().as_deref(), left, (app.clock)()).await?,
        );
    }
    Ok(found)
}

fn id(sheet: &Sheet) -> String {
    format!("{}-{}", sheet.folder, sheet.name)
}

/// Folder and name of the parcel with that id.
fn place(id: &str) -> Result<(String, String), Error> {
    let (folder, name) = id.split_once('-').ok_or(Error::NoParcel)?;
    Ok((folder.to_owned(), name.to_owned()))
}

fn told(sheet: &Sheet) -> Result<Value> {
    let parcel = Parcel::parse(sheet)?;
    Ok(json!({
        "parcelId": id(sheet),
        "to": parcel.to.as_str(),
        "certificateId": parcel.certificate()?.as_str(),
        "event": parcel.event.as_str(),
        "postedAt": rfc3339(parcel.at()),
        "tries": parcel.tries,
        "reason": parcel.reason,
    }))
}

const A_PAGE: usize = 100;
/// Below the 30 s of an HTTP API.
const REPLAYING: Duration = Duration::from_secs(20);
