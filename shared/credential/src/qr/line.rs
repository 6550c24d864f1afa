//! One row or column of a symbol as a set of bits, so that 64 modules are looked at in one step.

use std::ops::{BitAnd, BitOr, BitXor, Not, Shl, Shr};

/// Up to 192 modules; module `i` is bit `i % 64` of word `i / 64`. Version 40 has 177 modules a side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Line([u64; 3]);

/// Modules of a line.
const MODULES: usize = 192;

impl Line {
    /// A pattern that repeats every twelve modules, given by the twelve low bits of `unit`.
    pub(super) fn repeating(unit: u64) -> Self {
        let fill = |unit: u64| unit | (unit << 12) | (unit << 24) | (unit << 36) | (unit << 48) | (unit << 60);
        let turned = |by: u32| ((unit >> by) | (unit << (12 - by))) & 0xFFF;
        // The words begin at modules 0, 64 and 128, which are 0, 4 and 8 modulo 12.
        Self([fill(unit), fill(turned(4)), fill(turned(8))])
    }

    /// The first `modules` modules.
    pub(super) fn first(modules: usize) -> Self {
        let mut line = Self::default();
        (0..modules).for_each(|module| line.put(module, true));
        line
    }

    /// Whether the module is in the set; false beyond the line.
    pub(super) fn has(self, module: usize) -> bool {
        self.0.get(module / 64).is_some_and(|word| (word >> (module % 64)) & 1 == 1)
    }

    /// Puts the module into the set, or takes it out.
    pub(super) fn put(&mut self, module: usize, inside: bool) {
        if let Some(word) = self.0.get_mut(module / 64) {
            let bit = 1 << (module % 64);
            *word = if inside { *word | bit } else { *word & !bit };
        }
    }

    /// Modules in the set.
    pub(super) fn count(self) -> u32 {
        let [a, b, c] = self.0;
        a.count_ones() + b.count_ones() + c.count_ones()
    }

    /// Groups of neighbouring modules in the set, as (first, length), in order.
    pub(super) fn runs(self) -> impl Iterator<Item = (usize, usize)> {
        let (mut rest, mut passed) = (self, 0);
        std::iter::from_fn(move || {
            let gap = rest.lowest()?;
            let start = passed + gap;
            rest = rest >> gap;
            let length = (!rest).lowest().unwrap_or(MODULES);
            rest = rest >> length;
            passed = start + length;
            Some((start, length))
        })
    }

    fn lowest(self) -> Option<usize> {
        let (word, before) = match self.0 {
            [0, 0, 0] => return None,
            [0, 0, word] => (word, 128),
            [0, word, _] => (word, 64),
            [word, ..] => (word, 0),
        };
        usize::try_from(word.trailing_zeros()).ok().map(|bit| before + bit)
    }

    /// Word by word.
    fn with(self, other: Self, join: impl Fn(u64, u64) -> u64) -> Self {
        let [first, second, third] = self.0;
        let [its_first, its_second, its_third] = other.0;
        Self([join(first, its_first), join(second, its_second), join(third, its_third)])
    }

    /// Whether the set has no module.
    pub(super) fn is_empty(self) -> bool {
        let [a, b, c] = self.0;
        a | b | c == 0
    }
}

/// `line >> n` has module `i` where `line` has module `i + n`. What comes in at the end is outside the set.
impl Shr<usize> for Line {
    type Output = Self;

    fn shr(self, modules: usize) -> Self {
        let [a, b, c] = self.0;
        let (a, b, c) = match modules / 64 {
            0 => (a, b, c),
            1 => (b, c, 0),
            2 => (c, 0, 0),
            _ => (0, 0, 0),
        };
        let by = modules % 64;
        // In two steps, because a shift by 64 is none.
        let carry = |next: u64| (next << 1) << (63 - by);
        Self([(a >> by) | carry(b), (b >> by) | carry(c), c >> by])
    }
}

/// `line << n` has module `i` where `line` has module `i - n`. What comes in at the beginning is outside the set.
impl Shl<usize> for Line {
    type Output = Self;

    fn shl(self, modules: usize) -> Self {
        let [a, b, c] = self.0;
        let (a, b, c) = match modules / 64 {
            0 => (a, b, c),
            1 => (0, a, b),
            2 => (0, 0, a),
            _ => (0, 0, 0),
        };
        let by = modules % 64;
        let carry = |previous: u64| (previous >> 1) >> (63 - by);
        Self([a << by, (b << by) | carry(a), (c << by) | carry(b)])
    }
}

impl BitAnd for Line {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        self.with(other, |mine, theirs| mine & theirs)
    }
}

impl BitOr for Line {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.with(other, |mine, theirs| mine | theirs)
    }
}

impl BitXor for Line {
    type Output = Self;

    fn bitxor(self, other: Self) -> Self {
        self.with(other, |mine, theirs| mine ^ theirs)
    }
}

impl Not for Line {
    type Output = Self;

    fn not(self) -> Self {
        Self(self.0.map(|word| !word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(modules: &[usize]) -> Line {
        let mut line = Line::default();
        for module in modules {
            line.put(*module, true);
        }
        line
    }

    #[test]
    fn a_shift_moves_every_module_across_the_words() {
        let modules = [0_usize, 1, 63, 64, 100, 127, 128, 191];
        for by in 0..200 {
            let down: Vec<_> = modules.iter().filter_map(|module| module.checked_sub(by)).collect();
            let up: Vec<_> = modules.iter().map(|module| module + by).filter(|module| *module < 192).collect();
            assert_eq!(of(&modules) >> by, of(&down), "down by {by}");
            assert_eq!(of(&modules) << by, of(&up), "up by {by}");
        }
    }

    #[test]
    fn runs_are_the_groups_of_neighbours() {
        let mut line = of(&[0, 2, 3, 190, 191]);
        for module in 60..140 {
            line.put(module, true);
        }
        assert_eq!(line.runs().collect::<Vec<_>>(), [(0, 1), (2, 2), (60, 80), (190, 2)]);
        assert_eq!((!Line::default()).runs().collect::<Vec<_>>(), [(0, 192)]);
        assert_eq!(Line::default().runs().next(), None);
    }

    #[test]
    fn a_repeated_pattern_has_period_twelve_over_the_whole_line() {
        let line = Line::repeating(0b1010_0110_0001);
        for module in 0..192 {
            assert_eq!(line.has(module), [0, 5, 6, 9, 11].contains(&(module % 12)), "module {module}");
        }
    }
}
