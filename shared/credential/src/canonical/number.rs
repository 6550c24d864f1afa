//! Numbers as JavaScript writes them: `String(x)`, which RFC 8785 asks for too, and the RDF literals that jsonld.js makes of them.

use super::quad::{XSD_DOUBLE, XSD_INTEGER};
use std::fmt::Write as _;

/// ECMA-262's `Number::toString` for a finite number.
pub(crate) fn ecmascript(number: f64) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let sign = if number < 0.0 { "-" } else { "" };
    // Rust's `{:e}` gives the shortest digits that read back as the same number, as ECMA-262 asks.
    let shortest = format!("{:e}", number.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits = mantissa.replace('.', "");
    let point = exponent.parse::<isize>().unwrap_or_default() + 1;
    let count = isize::try_from(digits.len()).unwrap_or(isize::MAX);
    let zeros = |n: isize| "0".repeat(usize::try_from(n).unwrap_or_default());
    match point {
        _ if count <= point && point <= 21 => format!("{sign}{digits}{}", zeros(point - count)),
        1..=21 => {
            let (whole, part) = digits.split_at_checked(point.unsigned_abs()).unwrap_or((&digits, ""));
            format!("{sign}{whole}.{part}")
        }
        -5..=0 => format!("{sign}0.{}{digits}", zeros(-point)),
        _ => {
            let (first, rest) = digits.split_at_checked(1).unwrap_or((&digits, ""));
            let dot = if rest.is_empty() { "" } else { "." };
            format!("{sign}{first}{dot}{rest}e{}{}", if point > 0 { "+" } else { "-" }, (point - 1).abs())
        }
    }
}

/// jsonld.js 2.0.2: what `String(x)` writes with a point is a double, everything else an "integer", tiny and huge powers of ten included.
pub(super) fn literal(number: f64) -> (String, &'static str) {
    let text = ecmascript(number);
    if text.contains('.') {
        (double(number), XSD_DOUBLE)
    } else if number.abs() >= 1e21 {
        (text, XSD_INTEGER)
    } else if number == 0.0 {
        ("0".to_owned(), XSD_INTEGER)
    } else {
        // JavaScript's `toFixed(0)`: all digits of a whole number, "0" or "-0" of a tiny one.
        (format!("{number:.0}"), XSD_INTEGER)
    }
}

/// `toExponential(15)` without trailing zeros and plus: "1.5E0".
fn double(number: f64) -> String {
    let fixed = exponential(number);
    let (mantissa, exponent) = fixed.split_once('e').unwrap_or((&fixed, "0"));
    let trimmed = mantissa.trim_end_matches('0');
    let mantissa = if trimmed.ends_with('.') { format!("{trimmed}0") } else { trimmed.to_owned() };
    format!("{mantissa}E{exponent}")
}

/// JavaScript's `toExponential(15)`, which rounds a tie up where Rust rounds it to even.
fn exponential(number: f64) -> String {
    // A tie has exactly 17 digits, the last a 5. All digits of any double fit in 767.
    let exact = format!("{number:.17e}");
    if !exact.split_once('e').is_some_and(|(mantissa, _)| mantissa.ends_with("50")) {
        return format!("{number:.15e}");
    }
    let all = format!("{number:.767e}");
    let (mantissa, exponent) = all.split_once('e').unwrap_or((&all, "0"));
    let sign = mantissa.len() - mantissa.trim_start_matches('-').len();
    let (kept, rest) = mantissa.split_at_checked(sign + 17).unwrap_or((mantissa, ""));
    let is_tie = rest.strip_prefix('5').is_some_and(|zeros| zeros.bytes().all(|digit| digit == b'0'));
    if !is_tie {
        return format!("{number:.15e}");
    }
    round_up(kept, exponent)
}

/// `kept` plus one in its last place. A tie lies between two doubles' neighbours, so the carry never reaches a new digit unless all are nines.
fn round_up(kept: &str, exponent: &str) -> String {
    let mut digits: Vec<u8> = kept.bytes().collect();
    for digit in digits.iter_mut().rev().filter(|digit| digit.is_ascii_digit()) {
        if *digit == b'9' {
            *digit = b'0';
        } else {
            *digit += 1;
            break;
        }
    }
    let mut rounded = String::from_utf8(digits).unwrap_or_default();
    let _ = write!(rounded, "e{exponent}");
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with: node -p 'String(x)' and jsonld.js 2.0.2's toRDF.
    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (1.5e-7, "1.5e-7"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (1e21, "1e+21"),
            (1.5e21, "1.5e+21"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e+308"),
            (9_007_199_254_740_992.0, "9007199254740992"),
        ] {
            assert_eq!(ecmascript(number), text);
        }
    }

    #[test]
    fn literals_are_those_of_jsonld_js() {
        for (number, text, datatype) in [
            (2.0, "2", XSD_INTEGER),
            (-0.0, "0", XSD_INTEGER),
            (1.5, "1.5E0", XSD_DOUBLE),
            (0.5, "5.0E-1", XSD_DOUBLE),
            (100_000.25, "1.0000025E5", XSD_DOUBLE),
            (1e-7, "0", XSD_INTEGER),
            (-1e-7, "-0", XSD_INTEGER),
            (1.5e-7, "1.5E-7", XSD_DOUBLE),
            (1e21, "1e+21", XSD_INTEGER),
            (1.5e21, "1.5E21", XSD_DOUBLE),
            (123_456_789_012_345_680_000.0, "123456789012345683968", XSD_INTEGER),
            (2_251_799_813_685_248.5, "2.251799813685249E15", XSD_DOUBLE),
            (2_251_799_813_685_249.5, "2.25179981368525E15", XSD_DOUBLE),
            (-2_251_799_813_685_249.5, "-2.25179981368525E15", XSD_DOUBLE),
            (5e-324, "0", XSD_INTEGER),
        ] {
            assert_eq!(literal(number), (text.to_owned(), datatype), "{number}");
        }
    }
}
