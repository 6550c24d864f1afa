//! What goes wrong, and how often: everything is drawn from one seed, in the order in which calls are made, so that a seed is a run.

use fastrand::Rng;
use std::time::Duration;

/// How often calls go wrong, of ten thousand, and how far clocks are apart.
#[derive(Clone, Copy, Debug)]
pub struct Weather {
    /// Refused before anything happens: throttled, or an error of theirs.
    pub refused: u32,
    /// Done, and nobody hears of it.
    pub unheard: u32,
    /// Given up by the caller, and done some time later.
    pub abandoned: u32,
    /// Done late, or the answer comes late.
    pub late: u32,
    /// Done twice, because the first answer was lost on the way.
    pub twice: u32,
    /// The process dies before the call leaves, or with the answer on the way.
    pub deadly: u32,
    /// How far a process's clock may be from the true time, either way.
    pub skew: Duration,
}

impl Weather {
    /// A bad week: one call of thirty goes wrong. Clocks are kept by AWS to milliseconds; here they may be a second off.
    pub const STORM: Self = Self {
        refused: 100,
        unheard: 60,
        abandoned: 40,
        late: 60,
        twice: 60,
        deadly: 20,
        skew: Duration::from_secs(1),
    };
    /// Nothing is lost, and much is late: leases run out under those who hold them.
    pub const MUD: Self = Self { late: 1_500, skew: Duration::from_secs(1), ..Self::CALM };
    /// Nothing goes wrong.
    pub const CALM: Self =
        Self { refused: 0, unheard: 0, abandoned: 0, late: 0, twice: 0, deadly: 0, skew: Duration::ZERO };

    /// What becomes of the next call.
    pub(crate) fn draw(&self, dice: &mut Rng) -> Fate {
        let pause = |dice: &mut Rng, most: u64| Duration::from_millis(1 + dice.u64(..most));
        let (there, back) = (pause(dice, 8), pause(dice, 8));
        let usual = Fate { there, back, turn: Turn::Heard };
        let mut roll = dice.u32(..10_000);
        let mut falls = |share: u32| {
            let hit = roll < share;
            roll = roll.wrapping_sub(share);
            hit
        };
        if falls(self.refused) {
            return Fate { turn: Turn::Refused, ..usual };
        }
        if falls(self.unheard) {
            return Fate { turn: Turn::Unheard, back: GIVEN_UP + pause(dice, 5_000), ..usual };
        }
        if falls(self.abandoned) {
            return Fate { turn: Turn::Unheard, there: GIVEN_UP + pause(dice, LONG), ..usual };
        }
        if falls(self.late) {
            let long = pause(dice, LONG);
            return if dice.bool() { Fate { there: long, ..usual } } else { Fate { back: long, ..usual } };
        }
        if falls(self.twice) {
            return Fate { turn: Turn::Twice { after: pause(dice, 6_000) }, ..usual };
        }
        if falls(self.deadly) {
            let turn = if dice.bool() { Turn::DiesBefore } else { Turn::DiesAfter };
            return Fate { turn, ..usual };
        }
        usual
    }
}

/// When a caller gives a call up.
pub(crate) const GIVEN_UP: Duration = Duration::from_secs(9);
/// Milliseconds that a late call takes at most: longer than a lease.
const LONG: u64 = 15_000;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fate {
    /// How long it is on its way.
    pub(crate) there: Duration,
    /// How long the answer is.
    pub(crate) back: Duration,
    pub(crate) turn: Turn,
}

/// What goes wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Turn {
    Heard,
    Refused,
    Unheard,
    Twice { after: Duration },
    DiesBefore,
    DiesAfter,
}

impl Fate {
    /// Whether it is as it should be.
    pub(crate) fn is_fine(&self) -> bool {
        self.turn == Turn::Heard && self.there + self.back < Duration::from_millis(20)
    }

    /// Its name in the report.
    pub(crate) fn name(&self) -> &'static str {
        match self.turn {
            Turn::Heard => "late",
            Turn::Refused => "refused",
            Turn::Unheard => "answer lost, or done after the caller gave up",
            Turn::Twice { .. } => "done twice",
            Turn::DiesBefore => "process died before the call",
            Turn::DiesAfter => "process died before the answer",
        }
    }
}
