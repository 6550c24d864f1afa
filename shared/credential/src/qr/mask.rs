//! The eight masks of ISO/IEC 18004 and the penalty that tells the best one.
//!
//! Choosing the mask is nearly all the work of making a symbol. Modules are therefore counted 64 at a time: every rule looks along a line, and a symbol
//! is kept both as its rows and as its columns. Where the standard leaves a choice (what lies beyond the edge, how often a finder-like pattern counts)
//! the rules follow Nayuki's `qrcodegen`, which the tests compare with.

use super::line::Line;

/// A square of modules, by rows and by columns.
#[derive(Clone)]
pub(super) struct Grid {
    pub(super) rows: Vec<Line>,
    pub(super) columns: Vec<Line>,
}

impl Grid {
    /// All light.
    pub(super) fn light(modules: usize) -> Self {
        Self { rows: vec![Line::default(); modules], columns: vec![Line::default(); modules] }
    }

    /// Makes one module dark or light.
    pub(super) fn put(&mut self, x: usize, y: usize, dark: bool) {
        if let (Some(row), Some(column)) = (self.rows.get_mut(y), self.columns.get_mut(x)) {
            row.put(x, dark);
            column.put(y, dark);
        }
    }

    /// Inverts the modules of `within` that the mask names.
    pub(super) fn masked(&self, within: &Self, mask: Mask) -> Self {
        let rows = xor(&self.rows, &within.rows, &stripes(|x, y| mask.inverts(x, y)));
        let columns = xor(&self.columns, &within.columns, &stripes(|y, x| mask.inverts(x, y)));
        Self { rows, columns }
    }

    /// The sum of the standard's four penalties; the mask with the smallest is the best.
    pub(super) fn penalty(&self) -> u32 {
        let modules = self.rows.len();
        let pairs = Line::first(modules.saturating_sub(1));
        let lines = self.rows.iter().chain(&self.columns);
        let along: u32 = lines.map(|line| long_runs(*line, pairs) + 40 * finders(*line)).sum();
        let blocks: u32 = self.rows.iter().zip(self.rows.iter().skip(1)).map(|(a, b)| blocks(*a, *b, pairs)).sum();
        let dark: u32 = self.rows.iter().map(|row| row.count()).sum();
        along + 3 * blocks + 10 * imbalance(dark, modules)
    }
}

/// One of the eight masks: 0 to 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mask(u8);

impl Mask {
    pub(super) const ALL: [Self; 8] = [Self(0), Self(1), Self(2), Self(3), Self(4), Self(5), Self(6), Self(7)];

    /// Whether it inverts the module in column `x`, row `y` (table 10 of the standard). Repeats every twelve modules both ways.
    fn inverts(self, x: usize, y: usize) -> bool {
        0 == match self.0 {
            0 => (x + y) % 2,
            1 => y % 2,
            2 => x % 3,
            3 => (x + y) % 3,
            4 => (x / 3 + y / 2) % 2,
            5 => x * y % 2 + x * y % 3,
            6 => (x * y % 2 + x * y % 3) % 2,
            _ => ((x + y) % 2 + x * y % 3) % 2,
        }
    }

    /// The fifteen bits of format information for level M and this mask, with error correction (annex C of the standard).
    pub(super) fn format(self) -> u16 {
        match self.0 {
            0 => 0x5412,
            1 => 0x5125,
            2 => 0x5E7C,
            3 => 0x5B4B,
            4 => 0x45F9,
            5 => 0x40CE,
            6 => 0x4F97,
            _ => 0x4AA0,
        }
    }
}

/// The twelve different lines of a mask.
fn stripes(inverts: impl Fn(usize, usize) -> bool) -> [Line; 12] {
    std::array::from_fn(|across| {
        let unit = (0..12).filter(|along| inverts(*along, across)).fold(0, |unit, along| unit | (1 << along));
        Line::repeating(unit)
    })
}

fn xor(lines: &[Line], within: &[Line], stripes: &[Line; 12]) -> Vec<Line> {
    lines
        .iter()
        .zip(within)
        .zip(stripes.iter().cycle())
        .map(|((line, within), stripe)| *line ^ (*stripe & *within))
        .collect()
}

/// Rule 1: a run of 5 or more modules of one colour costs its length less 2. `pairs` are the modules that have a next one.
fn long_runs(line: Line, pairs: Line) -> u32 {
    let same = !(line ^ (line >> 1)) & pairs;
    let three = same & (same >> 1);
    let five = three & (three >> 2);
    let starts = five & !(five << 1);
    // A run of length n has n - 4 windows of five.
    five.count() + 2 * starts.count()
}

/// Rule 2: the 2 × 2 blocks of one colour between two neighbouring rows.
fn blocks(above: Line, below: Line, pairs: Line) -> u32 {
    (!(above ^ (above >> 1)) & !(below ^ (below >> 1)) & !(above ^ below) & pairs).count()
}

/// Rule 3: patterns like a finder's, dark-light-dark-light-dark as 1:1:3:1:1 in any size, with light four times as wide on one side and once as wide on
/// the other. Light on both sides counts twice. Beyond the edge all is light.
fn finders(dark: Line) -> u32 {
    let mut found = 0;
    // For each module: whether `size` modules from it on are all dark, whether any of them is, and whether any of `size` modules before it is.
    let (mut all, mut ahead, mut behind) = (dark, dark, dark << 1);
    for size in 1.. {
        let centre = all & (all >> size) & (all >> (2 * size));
        if centre.is_empty() {
            break;
        }
        let core = centre & !behind & (all << (2 * size)) & !(ahead >> (3 * size)) & (all >> (4 * size));
        if !core.is_empty() {
            found += bordered(core, ahead, behind, size);
        }
        all = all & (dark >> size);
        ahead = ahead | (dark >> size);
        behind = behind | (dark << (size + 1));
    }
    found
}

/// How often the patterns whose centres begin at `core` count, by the light around them: they reach from 2 sizes before that module to 5 after it.
fn bordered(core: Line, ahead: Line, behind: Line, size: usize) -> u32 {
    let before = core & !(behind << (2 * size));
    let after = core & !(ahead >> (5 * size));
    let long_before = before & !((behind << (3 * size)) | (behind << (4 * size)) | (behind << (5 * size)));
    let long_after = after & !((ahead >> (6 * size)) | (ahead >> (7 * size)) | (ahead >> (8 * size)));
    (long_before & after).count() + (long_after & before).count()
}

/// Rule 4: by how many full steps of 5 % the share of dark modules differs from one half.
fn imbalance(dark: u32, modules: usize) -> u32 {
    let total = u32::try_from(modules * modules).unwrap_or(u32::MAX).max(1);
    ((dark * 20).abs_diff(total * 10)).div_ceil(total).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rules 1 and 3 the slow way: over the lengths of the runs, with the light beyond both edges as long as it takes.
    fn slowly(modules: &[bool]) -> (u32, u32) {
        let mut runs: Vec<(bool, usize)> = vec![(false, 0)];
        for dark in modules {
            match runs.last_mut().unwrap() {
                (colour, length) if colour == dark => *length += 1,
                _ => runs.push((*dark, 1)),
            }
        }
        let long =
            runs.iter().filter(|(_, length)| *length >= 5).map(|(_, length)| u32::try_from(*length).unwrap() - 2).sum();
        runs[0].1 += 1000;
        match runs.last_mut().unwrap() {
            (false, length) => *length += 1000,
            _ => runs.push((false, 1000)),
        }
        let finders = runs.windows(7).filter(|window| !window[0].0).map(|window| {
            let lengths: Vec<usize> = window.iter().map(|(_, length)| *length).collect();
            let (before, size, after) = (lengths[0], lengths[1], lengths[6]);
            let core = lengths[1..6] == [size, size, 3 * size, size, size];
            u32::from(core && before >= 4 * size && after >= size)
                + u32::from(core && after >= 4 * size && before >= size)
        });
        (long, finders.sum())
    }

    fn line(modules: &[bool]) -> Line {
        let mut line = Line::default();
        modules.iter().enumerate().for_each(|(module, dark)| line.put(module, *dark));
        line
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(2000))]

        /// Runs in multiples of one size, so that finder-like patterns of every size come up, in the open and at both edges.
        #[test]
        fn a_line_is_scored_as_the_lengths_of_its_runs_say(
            size in 1..8_usize,
            runs in proptest::collection::vec(proptest::sample::select(vec![1_usize, 1, 1, 1, 2, 3, 3, 4]), 7..60),
            spoiled in proptest::option::of(0..177_usize),
            first in proptest::bool::ANY,
        ) {
            let mut modules: Vec<bool> = runs
                .iter()
                .enumerate()
                .flat_map(|(index, length)| vec![(index % 2 == 0) == first; length * size])
                .take(177)
                .collect();
            if let Some(module) = spoiled.and_then(|index| modules.get_mut(index)) {
                *module = !*module;
            }
            let fast = (long_runs(line(&modules), Line::first(modules.len() - 1)), finders(line(&modules)));
            proptest::prop_assert_eq!(fast, slowly(&modules));
        }
    }

    #[test]
    fn a_finder_counts_twice_in_the_open_and_at_the_edge_and_in_any_size() {
        for size in 1..=25 {
            let pattern: Vec<bool> = [1, 0, 1, 1, 1, 0, 1].iter().flat_map(|module| vec![*module == 1; size]).collect();
            assert_eq!(finders(line(&pattern)), 2, "size {size}");
        }
    }

    #[test]
    fn the_four_rules_are_weighed_as_the_standard_says() {
        let mut dark = Grid::light(21);
        (0..21 * 21).for_each(|module| dark.put(module % 21, module / 21, true));
        // 42 lines are one run of 21 modules each, there are 20 × 20 blocks, and dark is nine full steps of 5 % above one half.
        assert_eq!(dark.penalty(), 42 * 19 + 3 * 400 + 10 * 9);
    }

    #[test]
    fn balance_costs_for_every_full_five_percent() {
        // 21 × 21 = 441 modules: half is 220.5, 5 % is 22.05.
        assert_eq!([220, 221, 198, 243, 176, 0, 441].map(|dark| imbalance(dark, 21)), [0, 0, 1, 1, 2, 9, 9]);
    }
}
