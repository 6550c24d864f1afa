//! DIVOC's analytics routes: what applications report, its portal's numbers, and the address of its public dashboard.

use super::{
    fact::day_name,
    public::{CACHED, last_day, published},
    table::{Cells, Question, today},
    uses::Use,
};
use crate::{
    App, Error,
    auth::{Admins, By, derived_secret},
    client::Client,
    http::Json,
    limits::Limit,
    ports::{Dimension, FactKind, Scope},
};
use aws_lc_rs::hmac;
use axum::{
    extract::State,
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use credential::{Code, Fault, Faults};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use time::{Date, Duration};

/// `POST /divoc/api/v1/events`: applications say what happened there, without a token. Only known types are told apart, and only their number is kept:
/// date, source and whatever else they send is not.
pub(super) async fn events(State(app): State<App>, client: Client, body: Json) -> Result<Response, Error> {
    let happened = happened(&body.0)?;
    REPORTS.count(&app, &keyed(&app, &client.network()).await?).await?;
    Use::reported(&app, happened).note(&app).await?;
    Ok(axum::Json(json!({})).into_response())
}

/// A network as it is counted: a keyed hash.
async fn keyed(app: &App, network: &str) -> Result<String, Error> {
    let secret = derived_secret(&app.pepper.contact_key().await?, b"reports of events");
    Ok(URL_SAFE_NO_PAD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &secret), network.as_bytes())))
}

/// How often each type happened.
fn happened(body: &Value) -> Result<BTreeMap<&'static str, u32>, Error> {
    let fault = |pointer: String, code, detail: &str| Fault { pointer, code, detail: detail.to_owned() };
    let Some(events) = body.as_array() else {
        return Err(Faults(vec![fault(String::new(), Code::Type, "it is no list of events")]).into());
    };
    if events.len() > MOST_EVENTS {
        return Err(Faults(vec![fault(String::new(), Code::TooLong, "more events than one call may report")]).into());
    }
    let mut faults = Vec::new();
    let mut happened = BTreeMap::new();
    for (place, event) in events.iter().enumerate() {
        match event.get("type").and_then(Value::as_str) {
            Some(name) => {
                let known = TYPES.into_iter().find(|known| *known == name).unwrap_or("other");
                *happened.entry(known).or_default() += 1;
            }
            None => faults.push(fault(format!("/{place}/type"), Code::Required, "what happened is missing")),
        }
    }
    if faults.is_empty() { Ok(happened) } else { Err(Faults(faults).into()) }
}

/// `GET /divoc/admin/api/v1/analytics`: the numbers of DIVOC's portal, under its names. What it counts of facilities and vaccinators, this service does not.
pub(super) async fn analytics(State(app): State<App>, By(..): By<Admins>) -> Result<Response, Error> {
    let until = today(&app);
    let read = async |by| Cells::read(&app, &since(until, by, Scope::Country)).await;
    let (genders, states, ages, ways) = (
        read(Dimension::Gender).await?,
        read(Dimension::State).await?,
        read(Dimension::Age).await?,
        read(Dimension::Way).await?,
    );
    let mut issued = genders.by_value(FactKind::Issued);
    issued.insert("all".to_owned(), genders.by_day(FactKind::Issued).values().sum());
    let decade =
        |(band, number): (String, u64)| Some((band.split(['-', '+']).next()?.parse::<u32>().ok()?.to_string(), number));
    let by_age: BTreeMap<_, _> = ages.by_value(FactKind::Issued).into_iter().filter_map(decade).collect();
    let mut districts = Map::new();
    for state in states.by_value(FactKind::Issued).into_keys() {
        let cells = Cells::read(&app, &since(until, Dimension::District, Scope::State(state))).await?;
        add(&mut districts, cells.by_value(FactKind::Issued));
    }
    let (valid, invalid) = verified(&ways);
    Ok(axum::Json(json!({
        "numberOfCertificatesIssued": issued,
        "numberOfCertificatesIssuedByDate": dates(states.by_day(FactKind::Issued)),
        "numberOfCertificatesIssuedByState": states.by_value(FactKind::Issued),
        "numberOfCertificatesIssuedByDistrict": districts,
        "numberOfCertificatesIssuedByAge": by_age,
        "downloadByDate": dates(states.by_day(FactKind::Fetched)),
        "validVerificationByDate": dates(valid),
        "inValidVerificationByDate": dates(invalid),
        "facilitiesCount": {},
        "rateOfCertificateIssuedByFacilities": {},
        "vaccinatorsCount": {},
        "avgRateAcrossFacilities": {},
    }))
    .into_response())
}

/// `GET /divoc/admin/api/v1/public`: its public numbers, without the small ones.
pub(super) async fn public(State(app): State<App>) -> Result<Response, Error> {
    let until = last_day(&app);
    let states = published(&app, &since(until, Dimension::State, Scope::Country)).await?.by_value(FactKind::Issued);
    let mut districts = Map::new();
    for state in states.keys() {
        let cells = published(&app, &since(until, Dimension::District, Scope::State(state.clone()))).await?;
        add(&mut districts, cells.by_value(FactKind::Issued));
    }
    let told =
        json!({ "numberOfCertificatesIssuedByState": states, "numberOfCertificatesIssuedByDistrict": districts });
    Ok((CACHED, axum::Json(told)).into_response())
}

/// `GET /public/dashboards/{key}`: where caching-dash-server had its dashboard; relative, for a gateway may serve everything under a prefix.
pub(super) async fn dashboard() -> Redirect {
    Redirect::permanent("../../dashboard/")
}

fn since(until: Date, by: Dimension, scope: Scope) -> Question {
    Question { from: until.saturating_sub(Duration::days(DAYS - 1)), until, by, scope }
}

/// Districts of one name in two states are one in DIVOC's answer.
fn add(sums: &mut Map<String, Value>, more: BTreeMap<String, u64>) {
    for (name, number) in more {
        let sum = sums.get(&name).and_then(Value::as_u64).unwrap_or_default() + number;
        sums.insert(name, sum.into());
    }
}

/// Days as ClickHouse's `toYYYYMMDD` writes them.
fn dates(numbers: BTreeMap<Date, u64>) -> Map<String, Value> {
    numbers.into_iter().map(|(day, number)| (day_name(day).replace('-', ""), number.into())).collect()
}

/// What was verified by day: what was valid, and what was not.
fn verified(ways: &Cells) -> (BTreeMap<Date, u64>, BTreeMap<Date, u64>) {
    let (mut valid, mut invalid) = (BTreeMap::new(), BTreeMap::new());
    for ((day, _), group) in ways.0.iter().filter(|((_, kind), _)| *kind == FactKind::Verified) {
        for (verdict, number) in &group.values {
            let sums = if verdict == "valid" { &mut valid } else { &mut invalid };
            *sums.entry(*day).or_default() += number;
        }
    }
    (valid, invalid)
}

/// Reports from one network in an hour.
const REPORTS: Limit = Limit { what: "reports-from", window: Duration::HOUR, most: 600 };
/// Events of one report.
const MOST_EVENTS: usize = 100;
/// The days that DIVOC's answers cover; it counted from the beginning.
const DAYS: i64 = 92;
/// Types that DIVOC's applications send.
const TYPES: [&str; 19] = [
    "download",
    "verify",
    "valid-verification",
    "invalid-verification",
    "revoked-certificate",
    "suspended-certificate",
    "certificate-download",
    "internal-success",
    "internal-failed",
    "internal-error",
    "internal-head-failed",
    "external-success",
    "external-failed",
    "external-error",
    "digilocker-success",
    "digilocker-failed",
    "eu-cert-success",
    "shc-cert-success",
    "invalid-input",
];
