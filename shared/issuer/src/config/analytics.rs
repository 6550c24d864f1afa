//! What is counted, and how finely it is shown.

use super::number;
use anyhow::{Context, Result, bail, ensure};
use time::UtcOffset;

/// What a country sets of it.
#[derive(Clone, Debug)]
pub struct Analytics {
    /// `ANALYTICS_USES` (`on` or `off`; default `on`): whether fetching and verifying are counted, which costs a small write each.
    pub uses: Uses,
    /// `ANALYTICS_SMALLEST` (10): the smallest number that everyone is shown.
    pub smallest: u64,
    /// `UTC_OFFSET` (`+05:30`): the clocks of the country, which say when a day begins.
    pub zone: UtcOffset,
    /// `FACILITY_KINDS`: kinds of facilities and words by which their names tell them, the first that fits: `Hospital=hospital,medical college;…`. Events
    /// name no kind. The default is [`FACILITY_KINDS`].
    pub facility_kinds: Vec<(String, Vec<String>)>,
}

/// Whether fetching and verifying are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uses {
    /// They are.
    Counted,
    /// They are not.
    Ignored,
}

/// The default kinds of facilities.
pub const FACILITY_KINDS: &str = "Hospital=hospital,medical college,infirmary;\
    Health centre=health centre,health center,phc,chc,uphc,clinic,dispensary,sub centre;\
    Laboratory=laboratory,lab,diagnostic,diagnostics,pathology;Pharmacy=pharmacy,chemist;School=school,college,university;\
    Camp=camp,session,mobile unit,drive";

impl Analytics {
    /// # Errors
    /// Names the first variable that is wrong.
    pub(super) fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let text =
            |name: &str, default: &str| lookup(name).filter(|v| !v.is_empty()).unwrap_or_else(|| default.to_owned());
        Ok(Self {
            uses: match text("ANALYTICS_USES", "on").as_str() {
                "on" => Uses::Counted,
                "off" => Uses::Ignored,
                _ => bail!("ANALYTICS_USES must be on or off"),
            },
            smallest: number("ANALYTICS_SMALLEST", &text("ANALYTICS_SMALLEST", "10"))?,
            zone: offset(&text("UTC_OFFSET", "+05:30")).context("UTC_OFFSET must be such as +05:30")?,
            facility_kinds: kinds(&text("FACILITY_KINDS", FACILITY_KINDS))?,
        })
    }
}

fn offset(text: &str) -> Option<UtcOffset> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let two = |digits: &str| (digits.len() == 2).then(|| digits.parse::<i8>().ok()).flatten();
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (0..=14).contains(&hours).then(|| UtcOffset::from_hms(sign * hours, sign * minutes, 0).ok()).flatten()
}

fn kinds(text: &str) -> Result<Vec<(String, Vec<String>)>> {
    let kind = |entry: &str| {
        let (name, words) = entry.split_once('=').context("FACILITY_KINDS must be such as Hospital=hospital,clinic")?;
        let words: Vec<_> = words.split(',').map(|word| word.trim().to_lowercase()).collect();
        let fits = !name.trim().is_empty() && words.iter().all(|word| !word.is_empty());
        ensure!(fits, "FACILITY_KINDS must be such as Hospital=hospital,clinic");
        Ok((name.trim().to_owned(), words))
    };
    text.split(';').filter(|entry| !entry.trim().is_empty()).map(kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<Analytics> {
        Analytics::from_lookup(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn the_countrys_day_begins_where_its_clocks_say() {
        assert_eq!(with("", "").unwrap().zone, UtcOffset::from_hms(5, 30, 0).unwrap());
        assert_eq!(with("UTC_OFFSET", "-03:00").unwrap().zone, UtcOffset::from_hms(-3, 0, 0).unwrap());
        for wrong in ["5:30", "+5:30", "+05:61", "+15:00", "Asia/Kolkata", "+05"] {
            assert_eq!(
                with("UTC_OFFSET", wrong).unwrap_err().to_string(),
                "UTC_OFFSET must be such as +05:30",
                "{wrong}"
            );
        }
    }

    #[test]
    fn kinds_of_facilities_have_words() {
        let kinds = with("FACILITY_KINDS", "Ward=ward, Sick Bay ;").unwrap().facility_kinds;
        assert_eq!(kinds, [("Ward".to_owned(), vec!["ward".to_owned(), "sick bay".to_owned()])]);
        for (name, wrong) in [
            ("FACILITY_KINDS", "Ward"),
            ("FACILITY_KINDS", "=ward"),
            ("FACILITY_KINDS", "Ward=,"),
            ("ANALYTICS_USES", "yes"),
            ("ANALYTICS_SMALLEST", "few"),
        ] {
            assert!(with(name, wrong).unwrap_err().to_string().contains(name), "{name}={wrong}");
        }
    }
}
