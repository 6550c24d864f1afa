//! The costs side by side, with the target of each and whether it is met.

use crate::{Cost, steps};

/// The most milliseconds a step of ours may cost. `None`: the row is there to compare.
const TARGETS: [(&str, Option<f64>); 5] = [
    (steps::BARE, None),
    (steps::SIGN, Some(0.34)),
    (steps::VERIFY, Some(0.1)),
    (steps::QR, Some(2.0)),
    (steps::PDF, Some(5.0)),
];

/// How much longer signing may take than the RSA operation inside it.
const SIGN_TO_BARE: f64 = 1.2;

/// Markdown that can be read as it stands. What was not measured is a dash.
pub(crate) fn table(ours: &[Cost], theirs: &[Cost]) -> String {
    let times = |(step, target)| row(step, of(ours, step), of(theirs, step), target, "ms");
    let share = row("sign ÷ bare RSA", over_bare(ours), over_bare(theirs), Some(SIGN_TO_BARE), "×");
    HEAD.to_owned() + &TARGETS.map(times).concat() + &share
}

fn row(step: &str, ours: Option<f64>, theirs: Option<f64>, target: Option<f64>, unit: &str) -> String {
    let figure = |figure: Option<f64>| or_dash(figure.map(|figure| format!("{figure:.3} {unit}")));
    let times = or_dash(ours.zip(theirs).map(|(ours, theirs)| format!("{:.1}", theirs / ours)));
    let limit = or_dash(target.map(|target| format!("≤ {target} {unit}")));
    let met = or_dash(ours.zip(target).map(|(ours, target)| if ours <= target { "yes" } else { "**no**" }.to_owned()));
    let (ours, theirs) = (figure(ours), figure(theirs));
    format!("| {step:<18} | {ours:>8} | {theirs:>17} | {times:>13} | {limit:>9} | {met:<6} |\n")
}

fn of(costs: &[Cost], step: &str) -> Option<f64> {
    costs.iter().find(|(name, _)| name == step).map(|(_, milliseconds)| *milliseconds)
}

fn over_bare(costs: &[Cost]) -> Option<f64> {
    Some(of(costs, steps::SIGN)? / of(costs, steps::BARE)?)
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

const HEAD: &str = "\
| step               |     ours | DIVOC's libraries | theirs ÷ ours |    target | met    |
|:-------------------|---------:|------------------:|--------------:|----------:|:-------|
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_target_stands_in_the_table_and_so_does_what_was_not_measured() {
        let costs =
            |list: &[(&str, f64)]| list.iter().map(|(step, cost)| ((*step).to_owned(), *cost)).collect::<Vec<_>>();
        let ours = costs(&[(steps::BARE, 0.25), (steps::SIGN, 0.31), (steps::PDF, 4.5)]);
        let theirs = costs(&[(steps::BARE, 0.5), (steps::SIGN, 3.5)]);
        let rows = "\
| bare RSA signature | 0.250 ms |          0.500 ms |           2.0 |         – | –      |
| sign               | 0.310 ms |          3.500 ms |          11.3 | ≤ 0.34 ms | yes    |
| verify             |        – |                 – |             – |  ≤ 0.1 ms | –      |
| QR PNG             |        – |                 – |             – |    ≤ 2 ms | –      |
| PDF with QR        | 4.500 ms |                 – |             – |    ≤ 5 ms | yes    |
| sign ÷ bare RSA    |  1.240 × |           7.000 × |           5.6 |   ≤ 1.2 × | **no** |
";
        assert_eq!(table(&ours, &theirs), HEAD.to_owned() + rows);
    }
}
