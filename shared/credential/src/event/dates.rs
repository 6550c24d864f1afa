//! Dates and times of an event: read in the two forms that DIVOC's callers send, written in the two forms that its credentials have.

use super::reader::{Reading, wrong};
use crate::Code;
use serde_json::Value;
use time::{
    Date, Duration, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339, macros::format_description,
};

/// How far a caller's clock may run ahead of ours.
const SKEW: Duration = Duration::minutes(5);

/// The earliest time zone is this far ahead of UTC: a day may have begun there that has not begun here.
const EARLIEST_ZONE: Duration = Duration::hours(14);

/// `YYYY-MM-DD`, a day that exists.
pub(super) fn day(value: &Value) -> Reading<Date> {
    let text = value.as_str().ok_or_else(|| wrong(Code::Type, "This must be a date as text."))?;
    parse_day(text).ok_or_else(|| wrong(Code::Format, "This must be a date of the calendar, written YYYY-MM-DD."))
}

/// `YYYY-MM-DD`, or an RFC 3339 date and time, whose date is taken as it is written there.
pub(super) fn day_or_instant(value: &Value) -> Reading<Date> {
    let instant = value.as_str().and_then(parse_instant);
    instant.map_or_else(|| day(value), |instant| Ok(instant.date()))
}

/// A date of birth; `None` up to the year 1900, because DIVOC's callers send its zero date for an unknown one.
pub(super) fn birth(value: &Value) -> Reading<Option<Date>> {
    day(value).map(|day| (day.year() > 1900).then_some(day))
}

/// The same, not in the future.
pub(super) fn past_birth(value: &Value, now: OffsetDateTime) -> Reading<Option<Date>> {
    match birth(value)? {
        Some(day) if begins_after(day, now) => {
            Err(wrong(Code::Format, "The date of birth must not lie in the future."))
        }
        day => Ok(day),
    }
}

/// RFC 3339 with an offset, not before 1900 and not after `now`; in UTC, cut to the millisecond.
pub(super) fn past_instant(value: &Value, now: OffsetDateTime) -> Reading<OffsetDateTime> {
    let text = value.as_str().ok_or_else(|| wrong(Code::Type, "This must be a date and time as text."))?;
    let form =
        || wrong(Code::Format, "This must be a date and time with its offset, such as 2021-06-28T11:00:28.187+05:30.");
    let instant = parse_instant(text).and_then(|instant| instant.checked_to_offset(UtcOffset::UTC)).ok_or_else(form)?;
    if instant.year() < 1900 {
        return Err(wrong(Code::Format, "This date and time lies before 1900."));
    }
    if now.checked_add(SKEW).is_some_and(|latest| instant > latest) {
        return Err(wrong(Code::Format, "This date and time lies in the future."));
    }
    Ok(instant.truncate_to_millisecond())
}

/// Whether `day` has not begun anywhere on earth at `instant`.
pub(super) fn begins_after(day: Date, instant: OffsetDateTime) -> bool {
    instant.checked_add(EARLIEST_ZONE).is_some_and(|latest| day > latest.date())
}

/// Full years from `birth` to `day`, as a birthday counts them; negative if `day` comes first.
pub(super) fn full_years(birth: Date, day: Date) -> i64 {
    let before_birthday = (u8::from(day.month()), day.day()) < (u8::from(birth.month()), birth.day());
    i64::from(day.year()) - i64::from(birth.year()) - i64::from(before_birthday)
}

/// The same instant in UTC; one that UTC has no date for, which no clock shows, is left as it is.
pub(super) fn utc(instant: OffsetDateTime) -> OffsetDateTime {
    instant.checked_to_offset(UtcOffset::UTC).unwrap_or(instant)
}

/// `YYYY-MM-DD`.
pub(super) fn write_day(day: Date) -> String {
    format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day())
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ`, as Go's `strfmt` and JavaScript's `toISOString` write it.
pub(super) fn write_instant(instant: OffsetDateTime) -> String {
    let utc = utc(instant);
    let (hour, minute, second, millisecond) = utc.to_hms_milli();
    format!("{}T{hour:02}:{minute:02}:{second:02}.{millisecond:03}Z", write_day(utc.date()))
}

fn parse_day(text: &str) -> Option<Date> {
    // The parser would take a sign before the year.
    let plain = text.len() == 10 && text.starts_with(|first: char| first.is_ascii_digit());
    Date::parse(text, format_description!("[year]-[month]-[day]")).ok().filter(|_| plain)
}

fn parse_instant(text: &str) -> Option<OffsetDateTime> {
    // The parser would take any character between date and time.
    let separated = matches!(text.as_bytes().get(10), Some(b'T' | b't'));
    OffsetDateTime::parse(text, &Rfc3339).ok().filter(|_| separated)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use time::macros::{date, datetime};

    const NOW: OffsetDateTime = datetime!(2021-06-28 07:21:39.684 UTC);

    fn code<T>(reading: Reading<T>) -> Option<Code> {
        reading.err().map(|wrong| wrong.code())
    }

    #[test]
    fn days_must_exist_and_be_written_in_full() {
        assert_eq!(day(&json!("2000-02-29")).ok(), Some(date!(2000 - 02 - 29)));
        for text in [
            "2001-02-29",
            "1988-13-01",
            "88-07-30",
            "1988-7-30",
            "30-07-1988",
            "+1988-07-3",
            " 1988-07-30",
            "1988-07-30T00:00:00Z",
            "",
        ] {
            assert_eq!(code(day(&json!(text))), Some(Code::Format), "{text}");
        }
        assert_eq!(code(day(&json!(19_880_730))), Some(Code::Type));
    }

    #[test]
    fn the_zero_date_is_no_date_of_birth() {
        assert_eq!(birth(&json!("0001-01-01")).ok(), Some(None));
        assert_eq!(birth(&json!("1900-12-31")).ok(), Some(None));
        assert_eq!(birth(&json!("1901-01-01")).ok(), Some(Some(date!(1901 - 01 - 01))));
    }

    #[test]
    fn an_instant_becomes_utc_and_milliseconds() {
        for (text, written) in [
            ("2021-06-28T11:00:28.187999+05:30", "2021-06-28T05:30:28.187Z"),
            ("2021-06-28T05:30:28Z", "2021-06-28T05:30:28.000Z"),
            ("2021-01-01t00:30:00+05:45", "2020-12-31T18:45:00.000Z"),
        ] {
            assert_eq!(past_instant(&json!(text), NOW).ok().map(write_instant).as_deref(), Some(written));
        }
        for text in [
            "2021-06-28",
            "2021-06-28T05:30:28",
            "2021-06-28 05:30:28Z",
            "2021-06-28T25:30:28Z",
            "1899-12-31T00:00:00Z",
            "9999-12-31T23:59:59-23:59",
            "0000-01-01T00:00:00+23:59",
        ] {
            assert_eq!(code(past_instant(&json!(text), NOW)), Some(Code::Format), "{text}");
        }
    }

    #[test]
    fn a_clock_may_run_ahead_five_minutes() {
        assert_eq!(code(past_instant(&json!("2021-06-28T07:26:39.684Z"), NOW)), None);
        assert_eq!(code(past_instant(&json!("2021-06-28T07:26:39.685Z"), NOW)), Some(Code::Format));
    }

    #[test]
    fn a_day_begins_first_in_the_east() {
        assert!(!begins_after(date!(2021 - 06 - 28), NOW));
        assert!(!begins_after(date!(2021 - 06 - 29), datetime!(2021-06-28 10:00 UTC)));
        assert!(begins_after(date!(2021 - 06 - 29), datetime!(2021-06-28 09:59 UTC)));
    }

    #[test]
    fn years_are_counted_by_birthdays() {
        let born = date!(1988 - 07 - 30);
        assert_eq!(full_years(born, date!(2021 - 07 - 29)), 32);
        assert_eq!(full_years(born, date!(2021 - 07 - 30)), 33);
        let leap = date!(2000 - 02 - 29);
        assert_eq!(full_years(leap, date!(2021 - 02 - 28)), 20);
        assert_eq!(full_years(leap, date!(2021 - 03 - 01)), 21);
        assert_eq!(full_years(born, born), 0);
    }

    #[test]
    fn effective_dates_are_taken_as_written() {
        assert_eq!(day_or_instant(&json!("2021-04-21")).ok(), Some(date!(2021 - 04 - 21)));
        assert_eq!(day_or_instant(&json!("2021-04-21T00:00:00+05:30")).ok(), Some(date!(2021 - 04 - 21)));
        assert_eq!(code(day_or_instant(&json!("2021-04-21 00:00"))), Some(Code::Format));
    }
}
