//! Limits: how often somebody may do something in a while.

pub(crate) mod clients;

pub use clients::Counted;

use crate::{App, Error};
use time::Duration;

/// How often `what` may be done in each window of time.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    /// What is counted; the name of one window only.
    pub(crate) what: &'static str,
    /// The window.
    pub(crate) window: Duration,
    /// So often.
    pub(crate) most: u64,
}

impl Limit {
    /// Counts one more by `who`, which is a keyed hash or an id of ours.
    ///
    /// # Errors
    /// [`Error::TooMany`] beyond the limit, with when the next window begins.
    pub(crate) async fn count(self, app: &App, who: &str) -> Result<(), Error> {
        let now = (app.clock)();
        if app.cabinet.count(self.what, who, self.window, now).await? <= self.most {
            return Ok(());
        }
        let length = self.window.whole_seconds().max(1);
        let left = length - now.unix_timestamp().rem_euclid(length);
        Err(Error::TooMany { seconds: left.unsigned_abs() })
    }
}
