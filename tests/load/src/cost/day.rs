//! A campaign's day, minute by minute: events arrive in a hump around noon, the key signs at its quota, what is too much waits in the queue.

use crate::{
    bill::{Assumptions, seconds},
    uses::Use,
};
use std::{collections::HashMap, f64::consts::PI, fmt};

/// One minute of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Minute {
    /// Events that arrive a second.
    pub(crate) arrive: f64,
    /// Certificates that are signed a second.
    pub(crate) signed: f64,
    /// Events that wait at its end.
    pub(crate) waiting: f64,
}

/// The day, and what it asks of quotas.
#[derive(Debug)]
pub(crate) struct Day {
    pub(crate) minutes: Vec<Minute>,
    signatures: f64,
    rows: Vec<(&'static str, f64, f64)>,
}

/// From midnight until nothing waits any more, two days at most. A certificate and a fetch are each several uses.
pub(crate) fn simulate(
    assumed: &Assumptions,
    certificate: &[&Use],
    fetch: &[&Use],
    processor: &HashMap<String, f64>,
) -> Day {
    let (day, quotas) = (&assumed.day, &assumed.quotas);
    let mut minutes = Vec::new();
    let mut waiting = 0.0;
    for minute in 0..2 * 1440_u32 {
        let arrive = day.certificates * share_at(f64::from(minute) / 60.0, day.opens, day.closes, day.peak) / 60.0;
        let signed = (arrive + waiting / 60.0).min(quotas.kms_signatures);
        waiting += (arrive - signed) * 60.0;
        minutes.push(Minute { arrive, signed, waiting });
        if minute >= 1440 && waiting < 1.0 {
            break;
        }
    }
    let most = |of: fn(&Minute) -> f64| minutes.iter().map(of).fold(0.0, f64::max);
    let (arrive, signed) = (most(|minute| minute.arrive), most(|minute| minute.signed));
    let fetched = arrive * day.fetches / day.certificates;
    let sum = |uses: &[&Use], of: &dyn Fn(&Use) -> f64| uses.iter().map(|used| of(used)).sum::<f64>();
    let requests = |used: &Use| used.requests;
    let work = |used: &Use| seconds(used, processor, assumed) * (used.requests + used.events);
    let units = |used: &Use| used.write_units;
    let accepting = arrive * sum(certificate, &requests) * 0.2;
    let rows = vec![
        ("KMS signatures", arrive, quotas.kms_signatures),
        (
            "requests through the API",
            arrive * sum(certificate, &requests) + fetched * sum(fetch, &requests),
            quotas.api_requests,
        ),
        (
            "functions at a time",
            accepting + signed * sum(certificate, &work) + fetched * sum(fetch, &work),
            quotas.lambda_concurrency,
        ),
        (
            "write units of the table",
            signed * sum(certificate, &units) + fetched * sum(fetch, &units),
            quotas.table_write_units,
        ),
    ];
    Day { minutes, signatures: quotas.kms_signatures, rows }
}

/// The part of the day's events that arrives within the minute at this hour: none while closed, a hump while open.
fn share_at(hour: f64, opens: f64, closes: f64, peak: f64) -> f64 {
    if !(opens..closes).contains(&hour) {
        return 0.0;
    }
    let average = 1.0 / ((closes - opens) * 60.0);
    // A cosine swings about the average; its height is the peak's excess.
    average * (1.0 - (peak - 1.0) * (2.0 * PI * (hour - opens) / (closes - opens)).cos())
}

impl Day {
    /// The most that wait, the longest that one waits, in minutes, and the minute when none waits any more.
    fn queue(&self) -> (f64, f64, usize) {
        let most = self.minutes.iter().map(|minute| minute.waiting).fold(0.0, f64::max);
        let last = self.minutes.iter().rposition(|minute| minute.waiting >= 1.0).map_or(0, |minute| minute + 1);
        (most, most / self.signatures / 60.0, last)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let certificates: f64 = self.minutes.iter().map(|minute| minute.signed * 60.0).sum();
        let (most, longest, last) = self.queue();
        writeln!(
            f,
            "\n{:.1} million certificates on one day, signed at {:.0} a second:",
            certificates / 1e6,
            self.signatures
        )?;
        writeln!(
            f,
            "at most {most:.0} events wait, one of them {longest:.0} minutes; the last is signed {} h {:02} min after the midnight before.\n",
            last / 60,
            last % 60
        )?;
        writeln!(f, "| at the peak, a second | so many | quota unless raised | ask for |\n|---|--:|--:|--:|")?;
        for (name, needed, quota) in &self.rows {
            let ask =
                if needed > quota { format!("{:.0}", (needed * 1.5 / 100.0).ceil() * 100.0) } else { "–".to_owned() };
            writeln!(f, "| {name} | {needed:.0} | {quota:.0} | {ask} |")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(signatures: f64) -> Day {
        let mut assumed: Assumptions = toml::from_str(include_str!("../../assumptions.toml")).unwrap();
        assumed.quotas.kms_signatures = signatures;
        let used = Use { requests: 0.05, write_units: 20.0, ..Use::default() };
        simulate(&assumed, &[&used], &[&Use { requests: 1.0, ..Use::default() }], &HashMap::new())
    }

    #[test]
    fn everything_that_arrives_is_signed_and_nothing_else() {
        for signatures in [400.0, 1_000.0, 5_000.0] {
            let day = day(signatures);
            let sum = |of: fn(&Minute) -> f64| day.minutes.iter().map(of).sum::<f64>() * 60.0;
            assert!((sum(|minute| minute.arrive) - 25e6).abs() < 1e3, "{}", sum(|minute| minute.arrive));
            assert!((sum(|minute| minute.signed) - 25e6).abs() < 1e3, "{}", sum(|minute| minute.signed));
            assert!(day.minutes.iter().all(|minute| minute.signed <= signatures));
        }
    }

    #[test]
    fn with_signatures_enough_nothing_waits() {
        assert!(day(5_000.0).queue().0 < 1.0);
        assert!(day(600.0).queue().0 > day(800.0).queue().0);
    }
}
