//! `testDetails` of DIVOC's `TestCertificationRequest`: which test, of which sample, with which result.

use super::{
    dates::past_instant,
    parts::after_birth,
    reader::{Object, Reading, wrong},
    values::{Text, text},
};
use crate::Code;
use serde_json::Value;
use time::{Date, OffsetDateTime};

/// A laboratory test. Personal data.
#[derive(Clone)]
pub(super) struct TestDetails {
    /// The kind of test, such as `RT-PCR`.
    pub(super) test_type: Text,
    pub(super) disease: Text,
    /// UTC, to the millisecond.
    pub(super) sampled_at: OffsetDateTime,
    /// The same; never before the sample.
    pub(super) result_at: OffsetDateTime,
    pub(super) result: TestResult,
    /// The product's name.
    pub(super) test_name: Text,
    pub(super) batch: Text,
    pub(super) manufacturer: Text,
    pub(super) sample_origin: Text,
}

/// What a test may find, in DIVOC's words.
#[derive(Clone, Copy)]
pub(super) enum TestResult {
    Positive,
    Negative,
    Inconclusive,
    Void,
}

impl TestResult {
    const ALL: [Self; 4] = [Self::Positive, Self::Negative, Self::Inconclusive, Self::Void];

    /// The word in request and credential.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Positive => "Positive",
            Self::Negative => "Negative",
            Self::Inconclusive => "Inconclusive",
            Self::Void => "Void",
        }
    }
}

/// `testDetails`; `born` is the date of birth, if that could be read.
pub(super) fn test_details(test: &Object<'_>, born: Option<Date>, now: OffsetDateTime) -> Option<TestDetails> {
    let test_type = test.required("testType", text);
    let disease = test.required("disease", text);
    let detail = "The sample must not be taken before the date of birth.";
    let sampled_at = after_birth(test, "sampleCollectionTimestamp", born, now, detail);
    let result_at = read_result_at(test, sampled_at, now);
    let result = test.required("result", result);
    let test_name = test.or_default("testName", text);
    let batch = test.or_default("batch", text);
    let manufacturer = test.or_default("manufacturer", text);
    let sample_origin = test.or_default("sampleOrigin", text);
    Some(TestDetails {
        test_type: test_type?,
        disease: disease?,
        sampled_at: sampled_at?,
        result_at: result_at?,
        result: result?,
        test_name: test_name?,
        batch: batch?,
        manufacturer: manufacturer?,
        sample_origin: sample_origin?,
    })
}

fn read_result_at(
    test: &Object<'_>,
    sampled_at: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Option<OffsetDateTime> {
    let known = test.required("resultTimestamp", |value| past_instant(value, now))?;
    if sampled_at.is_some_and(|sampled| known < sampled) {
        let detail = "The result must not be known before the sample was taken.";
        return test.refuse("resultTimestamp", Code::Contradiction, detail);
    }
    Some(known)
}

fn result(value: &Value) -> Reading<TestResult> {
    let word = value.as_str().ok_or_else(|| wrong(Code::Type, "This must be a text."))?;
    let other = || wrong(Code::Enum, "A result is Positive, Negative, Inconclusive or Void.");
    TestResult::ALL.into_iter().find(|result| result.as_str() == word).ok_or_else(other)
}
