//! What everyone may see: no number that is small, and none from which a small one can be worked out.
//!
//! What is published is one table for each day that is over, and everything that is told is a sum of what stands in it. So nothing is learnt by asking twice
//! for ranges that differ by a day, nor by watching a number grow. In each group, the values of a dimension on a day:
//!
//! - a number below [`smallest`](crate::config::Analytics::smallest) is kept back, and a group that has no more altogether;
//! - where one number is kept back, the next smallest is too, or it would be what is missing from the total; and more of them, until they come to that
//!   smallest number together;
//! - districts are told where their state's number is, and states by nothing but districts: other tables of states could be taken from the country's.

use super::table::{Asked, Cells, Group, Question, answer, today};
use crate::{
    App, Error,
    ports::{Dimension, Scope},
};
use axum::{
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use time::{Date, Duration};

/// `GET /divoc/api/v1/analytics/public`: for everyone, up to yesterday.
pub(super) async fn table(State(app): State<App>, Query(asked): Query<Asked>) -> Result<Response, Error> {
    let last = last_day(&app);
    let question = asked.question(last)?;
    if question.until > last {
        return Err(Error::Parameter("until", "a day that is over".into()));
    }
    if question.scope != Scope::Country && question.by != Dimension::District {
        return Err(Error::Parameter("by", "district, where a state is named".into()));
    }
    let cells = published(&app, &question).await?;
    Ok((CACHED, axum::Json(answer(&question, &cells))).into_response())
}

/// What of the counters is published.
pub(super) async fn published(app: &App, question: &Question) -> Result<Cells, Error> {
    let smallest = app.config.analytics.smallest;
    let mut cells = kept_back(Cells::read(app, question).await?, smallest);
    if let Scope::State(state) = &question.scope {
        let states = Question { by: Dimension::State, scope: Scope::Country, ..question.clone() };
        let states = kept_back(Cells::read(app, &states).await?, smallest);
        cells.0.retain(|group, _| states.0.get(group).is_some_and(|states| states.values.contains_key(state)));
    }
    Ok(cells)
}

/// The last day that is told: late facts of yesterday have come some hours later.
pub(super) fn last_day(app: &App) -> Date {
    let settled = (app.clock)() - Duration::hours(SETTLING);
    let settled = settled.checked_to_offset(app.config.analytics.zone).unwrap_or(settled).date();
    settled.min(today(app)).saturating_sub(Duration::DAY)
}

fn kept_back(mut cells: Cells, smallest: u64) -> Cells {
    for group in cells.0.values_mut() {
        keep_back(group, smallest);
    }
    cells
}

fn keep_back(group: &mut Group, smallest: u64) {
    if group.total.is_none_or(|total| total < smallest) {
        *group = Group { withheld: 1, ..Group::default() };
        return;
    }
    let mut ascending: Vec<(u64, String)> =
        group.values.iter().map(|(value, number)| (*number, value.clone())).collect();
    ascending.sort();
    let mut sum = 0;
    for (number, value) in ascending {
        let enough = group.withheld == 0 || (group.withheld > 1 && sum >= smallest);
        if number >= smallest && enough {
            break;
        }
        sum += number;
        group.withheld += 1;
        group.values.remove(&value);
    }
}

/// Hours after midnight until a day is told.
const SETTLING: i64 = 3;
/// What changes once a day may be kept for some minutes by whoever stands between.
pub(super) const CACHED: [(header::HeaderName, &str); 2] = [
    (header::CACHE_CONTROL, "public, max-age=300, stale-while-revalidate=3600"),
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn group(numbers: &[u64]) -> Group {
        let values = numbers.iter().enumerate().map(|(place, number)| (format!("{place}"), *number)).collect();
        Group { total: Some(numbers.iter().sum()), values, withheld: 0 }
    }

    fn told(numbers: &[u64]) -> (Option<u64>, Vec<u64>) {
        let mut group = group(numbers);
        keep_back(&mut group, 10);
        (group.total, group.values.into_values().collect())
    }

    #[test]
    fn large_numbers_are_told_as_they_are() {
        assert_eq!(told(&[10, 500, 30]), (Some(540), vec![10, 500, 30]));
    }

    #[test]
    fn a_small_number_takes_the_next_along() {
        assert_eq!(told(&[3, 500, 30]), (Some(533), vec![500]));
        assert_eq!(told(&[3, 500]), (Some(503), vec![]));
        assert_eq!(told(&[1, 2, 500, 30]), (Some(533), vec![500]));
        assert_eq!(told(&[5, 6, 500, 30]), (Some(541), vec![500, 30]));
    }

    #[test]
    fn where_there_is_little_nothing_is_told() {
        assert_eq!(told(&[9]), (None, vec![]));
        assert_eq!(told(&[4, 5]), (None, vec![]));
        assert_eq!(told(&[5, 5]), (Some(10), vec![]));
    }

    /// Every table of up to four values, each from nothing to just above the limit.
    #[test]
    fn no_number_that_is_kept_back_follows_from_what_is_told() {
        for code in 0..14_u32.pow(4) {
            let numbers: Vec<u64> =
                (0..4).map(|place| u64::from(code / 14_u32.pow(place) % 14)).filter(|number| *number > 0).collect();
            let (total, values) = told(&numbers);
            assert!(values.iter().all(|number| *number >= 10), "{numbers:?}");
            let Some(total) = total else { continue };
            assert!(total >= 10, "{numbers:?}");
            let (missing, rest) = (numbers.len() - values.len(), total - values.iter().sum::<u64>());
            assert!(missing == 0 || (missing > 1 && rest >= 10), "{numbers:?}: {values:?}");
        }
    }
}
