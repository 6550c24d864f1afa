//! The feed: facts by the hour, for who wants to count for themselves. Neither persons nor certificates can be told from them.

use super::fact::parse_hour;
use crate::{
    App, Error,
    auth::{Admins, By},
    ports::Fact,
};
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};

/// Where somebody reads.
#[derive(Deserialize)]
pub(super) struct Place {
    hour: Option<String>,
    after: Option<String>,
}

/// `GET /divoc/api/v1/analytics/facts?hour=2026-11-26T09`: some facts of the hour, and where to go on.
pub(super) async fn facts(
    State(app): State<App>,
    By(..): By<Admins>,
    Query(place): Query<Place>,
) -> Result<Response, Error> {
    let hour = place.hour.as_deref().and_then(parse_hour);
    let hour = hour.ok_or(Error::Parameter("hour", "an hour of UTC such as 2026-11-26T09".into()))?;
    let after = place.after.as_deref().map(read).transpose()?;
    let (mut shard, mut after) = after.map_or((0, None), |(shard, id)| (shard, Some(id)));
    let mut found: Vec<Fact> = Vec::new();
    while shard < Fact::SHARDS {
        let page = app.tally.facts(hour, shard, after.as_deref(), MOST - found.len()).await?;
        let last = page.last().map(|fact| fact.id.clone());
        found.extend(page);
        if found.len() >= MOST {
            let next = last.map(|id| write(shard, &id));
            return Ok(page_of(&found, next.as_deref()));
        }
        (shard, after) = (shard + 1, None);
    }
    Ok(page_of(&found, None))
}

fn page_of(found: &[Fact], next: Option<&str>) -> Response {
    let facts: Vec<Value> = found.iter().map(Fact::json).collect();
    axum::Json(json!({ "facts": facts, "next": next })).into_response()
}

/// A place to go on from, which says nothing to its reader.
fn write(shard: u32, id: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{shard}:{id}"))
}

fn read(after: &str) -> Result<(u32, String), Error> {
    let text = URL_SAFE_NO_PAD.decode(after).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let place = text.as_deref().and_then(|text| text.split_once(':'));
    let place = place.and_then(|(shard, id)| Some((shard.parse().ok()?, id.to_owned())));
    place.ok_or(Error::Parameter("after", "the next of the page before".into()))
}

/// Facts of a page.
const MOST: usize = 500;
