//! Batches: events that are accepted now and certified later, at the key's pace. The caller is told at once where to ask how far they are.
//!
//! `accept` keeps them durably, [`perform`] does their work whenever the queue brings it, and the routes read where each stands from its slot: nothing is
//! written down of an event that became a certificate but the certificate.

mod accept;
mod manifest;
mod names;
mod order;
mod turn;
mod work;

pub(crate) use accept::{Request, accept, is_for_later};
pub(crate) use turn::is_behind_another;
pub use work::perform;
pub(crate) use work::{give_up, try_again};

use crate::{
    App, Error,
    auth::{By, Caller, Correctors, Role},
    certify::links,
    error::rfc3339,
    http::{After, with_member},
    ports::{Drawer, Occupant},
};
use anyhow::Result;
use axum::{
    Router,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
    routing::get,
};
use credential::{CertificateId, Status};
use manifest::{Failure, Head, Item, Manifest, instant};
use names::Names;
use serde_json::{Value, json};

/// Where a batch stands, and which there are.
pub fn routes() -> Router<App> {
    Router::new().route("/divoc/api/v1/batches", get(list)).route("/divoc/api/v1/batches/{batchId}", get(progress))
}

/// The caller's own of the last weeks, the newest first.
async fn list(
    State(app): State<App>,
    By(caller, ..): By<Correctors>,
    Query(After { after }): Query<After>,
) -> Result<Response, Error> {
    let folder = Names::of(&app).await?.client(&caller.client);
    let found = app.cabinet.sheets(Drawer::Batches, &folder, after.as_deref(), A_PAGE, (app.clock)()).await?;
    let next = (found.len() == A_PAGE).then(|| found.last().map(|sheet| sheet.name.clone())).flatten();
    let told = |sheet: &crate::ports::Sheet| {
        let id = manifest::listed(&sheet.name)?;
        Ok(about(&app, id, &Head::parse(&sheet.text)?))
    };
    let batches = found.iter().map(told).collect::<Result<Vec<_>>>()?;
    Ok(axum::Json(json!({ "batches": batches, "next": next })).into_response())
}

/// Counts of the whole batch, and a page of its items.
async fn progress(
    State(app): State<App>,
    By(caller, ..): By<Correctors>,
    Path(id): Path<String>,
    Query(After { after }): Query<After>,
) -> Result<Response, Error> {
    let first = match after.as_deref().map(str::parse::<usize>) {
        None => 0,
        Some(Ok(after)) => after.saturating_add(1),
        Some(Err(_)) => return Err(Error::Parameter("after", "what `next` of the page before says".into())),
    };
    let manifest = manifest::read(&app, &id).await?.filter(|manifest| may_see(&caller, &manifest.head));
    let manifest = manifest.ok_or(Error::NoBatch)?;
    let items = stands(&app, &manifest).await?;
    let page: Vec<Value> =
        items.iter().enumerate().skip(first).take(A_PAGE).map(|(index, stands)| item(&app, index, stands)).collect();
    let next = first.saturating_add(A_PAGE);
    let next = (next < items.len()).then(|| next.saturating_sub(1).to_string());
    let mut answer = about(&app, &id, &manifest.head);
    if let (Some(answer), Some(counted)) = (answer.as_object_mut(), counted(&items).as_object()) {
        answer.extend(counted.clone());
        answer.extend([("results".to_owned(), page.into()), ("next".to_owned(), json!(next))]);
    }
    Ok(axum::Json(answer).into_response())
}

/// Where an item stands.
enum Stands {
    Issued(CertificateId, Status),
    Failed(Failure),
    Waiting,
}

async fn stands(app: &App, manifest: &Manifest) -> Result<Vec<Stands>> {
    let slots: Vec<_> = manifest.items.iter().map(|item| item.slot.clone()).collect();
    let occupants = app.store.occupants(&slots).await?;
    let of = |(index, (item, occupant)): (usize, (&Item, &Option<Occupant>))| match made(item, occupant.as_ref()) {
        Some((id, status)) => Stands::Issued(id, status),
        // A failure that was mended since is none.
        None => manifest.failures.get(&index).map_or(Stands::Waiting, |failure| Stands::Failed(failure.clone())),
    };
    Ok(manifest.items.iter().zip(&occupants).enumerate().map(of).collect())
}

/// The certificate that was made of an item since it was accepted, or that there was of it then.
fn made(item: &Item, occupant: Option<&Occupant>) -> Option<(CertificateId, Status)> {
    let there = occupant?;
    let since = usize::try_from(item.since).unwrap_or(usize::MAX);
    let (_, id) = there.history.iter().skip(since).rev().find(|(digest, _)| *digest == item.digest)?;
    let status = if *id == there.current.certificate_id { there.status } else { Status::Superseded };
    Some((id.clone(), status))
}

/// A client's batches are its own affair; an administrator sees all.
fn may_see(caller: &Caller, head: &Head) -> bool {
    caller.roles.contains(&Role::Admin) || caller.client == head.client
}

fn about(app: &App, id: &str, head: &Head) -> Value {
    json!({
        "batchId": id,
        "kind": head.kind,
        "acceptedAt": instant(head.accepted_at).map(rfc3339).unwrap_or_default(),
        "items": head.items,
        "links": { "status": status_link(app, id) },
    })
}

fn status_link(app: &App, id: &str) -> String {
    format!("{}/divoc/api/v1/batches/{id}", app.config.public_url)
}

fn counted(items: &[Stands]) -> Value {
    let count = |is: fn(&Stands) -> bool| items.iter().filter(|stands| is(stands)).count();
    let waiting = count(|stands| matches!(stands, Stands::Waiting));
    let counts = json!({
        "issued": count(|stands| matches!(stands, Stands::Issued(..))),
        "failed": count(|stands| matches!(stands, Stands::Failed(_))),
        "waiting": waiting,
    });
    let percent = ((items.len() - waiting) * 100).checked_div(items.len()).unwrap_or(100);
    json!({ "state": if waiting == 0 { "done" } else { "working" }, "counts": counts, "percent": percent })
}

fn item(app: &App, index: usize, stands: &Stands) -> Value {
    match stands {
        Stands::Issued(id, status) => {
            let item =
                json!({ "index": index, "status": "issued", "certificateId": id.as_str(), "links": links(app, id) });
            with_member(item, "certificateStatus", (*status != Status::Valid).then_some(status.as_str()))
        }
        Stands::Failed(failure) => json!({ "index": index, "status": "failed", "problem": failure.problem() }),
        Stands::Waiting => json!({ "index": index, "status": "waiting" }),
    }
}

const A_PAGE: usize = 100;
