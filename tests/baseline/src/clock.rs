//! Milliseconds of CPU time a call: the clock of this thread, which stands still while others have the core.

use crate::Cost;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

/// Something to measure: a name, how many calls make a round, and the call. It answers the bytes it made, so that none of its work can be left out.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) calls: u32,
    pub(crate) run: Box<dyn FnMut() -> usize>,
}

/// The median of the rounds, with a dot on stderr for each. The steps take turns, so that a change of the machine's pace meets all of them.
/// The first rounds warm up and do not count. The same is done in `baseline.js`.
pub(crate) fn measure(steps: &mut [Step]) -> Vec<Cost> {
    let mut times = vec![Vec::new(); steps.len()];
    for round in 0..WARM + ROUNDS {
        for (step, times) in steps.iter_mut().zip(&mut times) {
            let milliseconds = time(step);
            if round >= WARM {
                times.push(milliseconds);
            }
        }
        eprint!(".");
    }
    eprintln!();
    steps.iter().zip(times).map(|(step, times)| (step.name.to_owned(), median(times))).collect()
}

fn time(step: &mut Step) -> f64 {
    let start = now();
    for _ in 0..step.calls {
        std::hint::black_box((step.run)());
    }
    now().saturating_sub(start).as_secs_f64() * 1000.0 / f64::from(step.calls)
}

fn now() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(spent).unwrap_or_default()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

const WARM: usize = 5;
const ROUNDS: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slow_round_does_not_move_the_median() {
        assert_eq!(median(vec![9000.0, 2.0, 1.0, 3.0, 2.0]).to_string(), "2");
    }
}
