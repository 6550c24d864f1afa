//! Values in DER (ITU-T X.690 § 10), read and written: as much of it as certificates need.

use time::{Date, Month, OffsetDateTime, Time};

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT_ID: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0C;
pub(super) const PRINTABLE_STRING: u8 = 0x13;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// The tag of a constructed value that its context tells.
pub(super) const fn context(number: u8) -> u8 {
    0xA0 | number
}

/// One value of less than 64 KiB: tag, content, what follows it.
pub(super) fn read(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, length, rest) = match der {
        [tag, length @ 0..=0x7F, rest @ ..] | [tag, 0x81, length @ 0x80..=0xFF, rest @ ..] => {
            (*tag, usize::from(*length), rest)
        }
        [tag, 0x82, high @ 1..=0xFF, low, rest @ ..] => (*tag, usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// The content of a value with this tag, and what follows it.
pub(super) fn tagged(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (found, content, rest) = read(der)?;
    (found == tag).then_some((content, rest))
}

/// A `Time` of RFC 5280 § 4.1.2.5, and what follows it.
pub(super) fn time(der: &[u8]) -> Option<(OffsetDateTime, &[u8])> {
    let (tag, content, rest) = read(der)?;
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let (year, text) = match tag {
        UTC_TIME => {
            let (year, text) = text.split_at_checked(2)?;
            let year: i32 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, text)
        }
        GENERALIZED_TIME => {
            let (year, text) = text.split_at_checked(4)?;
            (year.parse().ok()?, text)
        }
        _ => return None,
    };
    let pair = |place: usize| text.get(place..place + 2)?.parse::<u8>().ok();
    let date = Date::from_calendar_date(year, Month::try_from(pair(0)?).ok()?, pair(2)?).ok()?;
    let time = Time::from_hms(pair(4)?, pair(6)?, pair(8)?).ok()?;
    (text.len() == 10).then(|| (date.with_time(time).assume_utc(), rest))
}

/// One value of at most 64 KiB: everything that is written here is far shorter.
pub(super) fn write(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let [high, low] = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    let mut der = match (high, low) {
        (0, 0..=0x7F) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    for part in parts {
        der.extend_from_slice(part);
    }
    der
}

/// An object identifier from its numbers; `None` if they are none.
pub(super) fn object_id(dotted: &str) -> Option<Vec<u8>> {
    let numbers = dotted.split('.').map(|number| number.parse::<u32>().ok()).collect::<Option<Vec<_>>>()?;
    let [first @ 0..=2, second @ 0..=39, rest @ ..] = numbers.as_slice() else { return None };
    let mut content = Vec::new();
    for number in std::iter::once(first * 40 + second).chain(rest.iter().copied()) {
        let mut digits = vec![number & 0x7F];
        let mut more = number >> 7;
        while more > 0 {
            digits.push(more & 0x7F | 0x80);
            more >>= 7;
        }
        content.extend(digits.into_iter().rev().filter_map(|digit| u8::try_from(digit).ok()));
    }
    Some(write(OBJECT_ID, &[&content]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    #[test]
    fn lengths_are_written_as_they_are_read() {
        for length in [0, 1, 127, 128, 255, 256, 65_535] {
            let content = vec![7; length];
            let der = write(OCTET_STRING, &[&content, &[]]);
            assert_eq!(read(&[&der[..], &[9]].concat()), Some((OCTET_STRING, &content[..], &[9][..])), "{length}");
        }
        for bad in
            [&[][..], &[4], &[4, 1], &[4, 0x81, 1, 0], &[4, 0x82, 0, 1, 0], &[4, 0x80, 0, 0], &[4, 0x83, 0, 0, 0]]
        {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn times_have_two_or_four_digits_of_the_year() {
        let utc = |text: &str| time(&write(UTC_TIME, &[text.as_bytes()])).map(|(time, _)| time);
        let general = |text: &str| time(&write(GENERALIZED_TIME, &[text.as_bytes()])).map(|(time, _)| time);
        assert_eq!(utc("260228235959Z"), Some(datetime!(2026-02-28 23:59:59 UTC)));
        assert_eq!(utc("491231000000Z"), Some(datetime!(2049-12-31 0:00 UTC)));
        assert_eq!(utc("500101000000Z"), Some(datetime!(1950-01-01 0:00 UTC)));
        assert_eq!(general("20500101000000Z"), Some(datetime!(2050-01-01 0:00 UTC)));
        for bad in ["260229000000Z", "260228235959", "2602282359Z", "26022823595900Z", "é60228235959Z"] {
            assert_eq!(utc(bad), None, "{bad}");
        }
    }

    #[test]
    fn object_ids_are_those_of_the_standards() {
        // Made with: openssl asn1parse -genstr OID:1.3.6.1.4.1.1847.2022.1.20 -noout -out -
        let divoc = [6, 10, 0x2B, 6, 1, 4, 1, 0x8E, 0x37, 0x8F, 0x66, 1];
        let known = object_id("1.3.6.1.4.1.1847.2022.1").unwrap();
        assert_eq!((known[0], &known[2..]), (6, &divoc[2..]));
        assert_eq!(object_id("1.2.840.113549.1.1.11").unwrap(), b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b");
        for bad in ["", "1", "3.1", "1.40", "1.2.x", "1.2.4294967296"] {
            assert_eq!(object_id(bad), None, "{bad}");
        }
    }
}
