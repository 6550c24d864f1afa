//! The mark of a quota: one item, one number, the microseconds of the time it stands at. The database has no maximum of two numbers, so a mark that lies in
//! the past is pushed by a write of its own.

use super::{
    DynamoStore,
    items::{Item, number},
    keys,
};
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use aws_sdk_dynamodb::{
    operation::update_item::UpdateItemError,
    types::{ReturnValue, ReturnValuesOnConditionCheckFailure},
};
use issuer::ports::{Pushed, Quota};
use std::time::Duration;
use time::OffsetDateTime;

#[async_trait]
impl Quota for DynamoStore {
    async fn push(&self, mark: &str, step: Duration, latest: OffsetDateTime, now: OffsetDateTime) -> Result<Pushed> {
        let step = u64::try_from(step.as_micros()).context("a step of ages")?;
        let (now, latest) = (micros(now)?, micros(latest)?);
        if now.saturating_add(step) > latest {
            return Ok(Pushed::Stays);
        }
        // Others may push it between two looks at it: few times, for what they push is used up before long.
        for _ in 0..TRIES {
            let ahead = self.moved(mark, Start::Mark { step, now, latest }).await?;
            let there = match ahead {
                Moved::To(there) => return Ok(Pushed::To(instant(there)?)),
                Moved::TooMany => return Ok(Pushed::Stays),
                Moved::Not(there) => there,
            };
            if there.is_some_and(|there| there >= now) {
                return Ok(Pushed::Stays);
            }
            match self.moved(mark, Start::Now { to: now + step, now }).await? {
                Moved::To(there) => return Ok(Pushed::To(instant(there)?)),
                Moved::TooMany => return Ok(Pushed::Stays),
                Moved::Not(_) => {}
            }
        }
        bail!("a mark was pushed by others {TRIES} times")
    }
}

/// Where a mark is pushed from.
enum Start {
    /// Where it stands, which is not over.
    Mark { step: u64, now: u64, latest: u64 },
    /// Now: where it stands is over, or nowhere.
    Now { to: u64, now: u64 },
}

enum Moved {
    To(u64),
    /// It is not where the push would be from; there it stands.
    Not(Option<u64>),
    /// The item has more writes than the database takes.
    TooMany,
}

impl DynamoStore {
    async fn moved(&self, mark: &str, start: Start) -> Result<Moved> {
        let request = self.client.update_item().table_name(&self.table).set_key(Some(keys::mark(mark)));
        let (request, to) = match start {
            Start::Mark { step, now, latest } => {
                let request = request
                    .update_expression("SET mark = mark + :step")
                    .condition_expression("mark BETWEEN :now AND :latest")
                    .expression_attribute_values(":step", number(step))
                    .expression_attribute_values(":now", number(now))
                    .expression_attribute_values(":latest", number(latest.saturating_sub(step)));
                (request.return_values(ReturnValue::AllNew), None)
            }
            Start::Now { to, now } => {
                let request = request
                    .update_expression("SET mark = :to")
                    .condition_expression("attribute_not_exists(mark) OR mark < :now")
                    .expression_attribute_values(":to", number(to))
                    .expression_attribute_values(":now", number(now));
                (request, Some(to))
            }
        };
        let sent =
            request.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld).send().await;
        let error = match sent {
            Ok(answer) => {
                let stands = answer.attributes.as_ref().and_then(there);
                return Ok(Moved::To(to.or(stands).context("a mark that stands nowhere")?));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refusal)) => {
                Ok(Moved::Not(refusal.item.as_ref().and_then(there)))
            }
            Some(
                UpdateItemError::ProvisionedThroughputExceededException(_) | UpdateItemError::RequestLimitExceeded(_),
            ) => Ok(Moved::TooMany),
            _ => Err(error).context("pushing a mark"),
        }
    }
}

fn there(item: &Item) -> Option<u64> {
    item.get("mark").and_then(|value| value.as_n().ok()?.parse().ok())
}

fn micros(instant: OffsetDateTime) -> Result<u64> {
    u64::try_from(instant.unix_timestamp_nanos() / 1000).context("a time of another age")
}

fn instant(micros: u64) -> Result<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1000).context("a mark of another age")
}

const TRIES: u32 = 5;
