//! Tables: how many of each kind, by a dimension, for a range of days.

use super::fact::{day_name, parse_day};
use crate::{
    App, Error,
    auth::{Admins, By},
    ports::{Count, Dimension, FactKind, Scope},
};
use axum::{
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use time::{Date, Duration};

/// `GET /divoc/api/v1/analytics`: every number, for administrators, up to this moment.
pub(super) async fn table(
    State(app): State<App>,
    By(..): By<Admins>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let question = asked.question(today(&app))?;
    let cells = Cells::read(&app, &question).await?;
    Ok(axum::Json(answer(&question, &cells)).into_response())
}

/// A question as it is asked.
#[derive(Deserialize)]
pub(super) struct Asked {
    from: Option<String>,
    until: Option<String>,
    by: Option<String>,
    state: Option<String>,
}

/// Which numbers are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) from: Date,
    pub(super) until: Date,
    pub(super) by: Dimension,
    pub(super) scope: Scope,
}

impl Asked {
    /// Thirty days up to `last`, by state, unless something else is asked.
    pub(super) fn question(self, last: Date) -> Result<Question, Error> {
        let day = |name: &'static str, asked: Option<String>, usual: Date| match asked {
            None => Ok(usual),
            Some(text) => parse_day(&text).ok_or(Error::Parameter(name, "a day such as 2026-11-26".into())),
        };
        let until = day("until", self.until, last)?;
        let from = day("from", self.from, until.saturating_sub(Duration::days(29)))?;
        if from > until || until - from >= Duration::days(MOST_DAYS) {
            return Err(Error::Parameter("from", format!("a day before until, {MOST_DAYS} days at most").into()));
        }
        let scope = self.state.map_or(Scope::Country, Scope::State);
        let usual = if scope == Scope::Country { Dimension::State } else { Dimension::District };
        let by = match self.by {
            None => usual,
            Some(name) => Dimension::parse(&name).filter(|by| scope.has(*by)).ok_or_else(|| {
                let known = Dimension::ALL.into_iter().filter(|by| scope.has(*by)).map(Dimension::as_str);
                Error::Parameter("by", format!("one of {}", known.collect::<Vec<_>>().join(", ")).into())
            })?,
        };
        Ok(Question { from, until, by, scope })
    }
}

/// Numbers by day and kind, and in each by value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cells(pub(super) BTreeMap<(Date, FactKind), Group>);

/// The numbers of a day and a kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Group {
    /// All together; `None` where that is kept back.
    pub(super) total: Option<u64>,
    /// Each value's.
    pub(super) values: BTreeMap<String, u64>,
    /// How many values are kept back.
    pub(super) withheld: u64,
}

impl Cells {
    /// The counters as they stand.
    pub(super) async fn read(app: &App, question: &Question) -> Result<Self, Error> {
        let Question { from, until, by, scope } = question;
        Ok(Self::of(app.tally.counts(scope, *by, *from, *until).await?))
    }

    pub(super) fn of(counts: Vec<Count>) -> Self {
        let mut cells = Self::default();
        for count in counts {
            let group = cells.0.entry((count.day, count.kind)).or_default();
            *group.values.entry(count.value).or_default() += count.number;
            *group.total.get_or_insert_default() += count.number;
        }
        cells
    }

    /// All days together, by kind and value.
    pub(super) fn by_value(&self, wanted: FactKind) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::new();
        for (_, group) in self.0.iter().filter(|((_, kind), _)| *kind == wanted) {
            for (value, number) in &group.values {
                *sums.entry(value.clone()).or_default() += number;
            }
        }
        sums
    }

    /// All values together, by day.
    pub(super) fn by_day(&self, wanted: FactKind) -> BTreeMap<Date, u64> {
        let of_kind = self.0.iter().filter(|((_, kind), _)| *kind == wanted);
        of_kind.filter_map(|((day, _), group)| Some((*day, group.total?))).collect()
    }
}

/// The table as it is told: sums over the days by value, and sums over the values by day.
pub(super) fn answer(question: &Question, cells: &Cells) -> Value {
    let kinds = FactKind::ALL.into_iter().filter(|kind| cells.0.keys().any(|(_, there)| there == kind));
    let told = kinds.map(|kind| {
        let days: Map<_, _> = cells.by_day(kind).iter().map(|(day, sum)| (day_name(*day), json!(sum))).collect();
        let withheld: u64 =
            cells.0.iter().filter(|((_, there), _)| *there == kind).map(|(_, group)| group.withheld).sum();
        let total: u64 = cells.by_day(kind).values().sum();
        let kind_told = json!({ "total": total, "values": cells.by_value(kind), "days": days, "withheld": withheld });
        (kind.as_str().to_owned(), kind_told)
    });
    let state = match &question.scope {
        Scope::Country => Value::Null,
        Scope::State(state) => state.as_str().into(),
    };
    json!({
        "from": day_name(question.from),
        "until": day_name(question.until),
        "by": question.by.as_str(),
        "state": state,
        "kinds": told.collect::<Map<_, _>>(),
    })
}

/// The country's day.
pub(super) fn today(app: &App) -> Date {
    let now = (app.clock)();
    now.checked_to_offset(app.config.analytics.zone).unwrap_or(now).date()
}

/// The longest range: a year would be read in seconds, but nobody should make everyone wait for it.
const MOST_DAYS: i64 = 93;
