//! How earlier doses are reconciled with what later reports say of them.

use anyhow::{Context, Result, bail};
use time::{UtcOffset, macros::format_description};

/// What a country sets of it.
#[derive(Clone, Copy, Debug)]
pub struct Reconcile {
    /// `RECONCILE`: `update` (default, as India's service does), `review` or `off`.
    pub policy: Policy,
    /// `RECONCILE_UTC_OFFSET` (`+05:30`): the country's time, in which reports tell the day of a dose.
    pub zone: UtcOffset,
}

/// What becomes of a certificate that a later report contradicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// It is corrected; what can't be, or is newer than the report, is looked at by an administrator.
    Update,
    /// An administrator looks at it and decides.
    Review,
    /// Nothing: such reports are not kept.
    Off,
}

impl Reconcile {
    /// # Errors
    /// Names the variable that is wrong.
    pub(super) fn from_lookup(lookup: &impl Fn(&str) -> Option<String>) -> Result<Self> {
        let text =
            |name: &str, default: &str| lookup(name).filter(|v| !v.is_empty()).unwrap_or_else(|| default.to_owned());
        let policy = match text("RECONCILE", "update").as_str() {
            "update" => Policy::Update,
            "review" => Policy::Review,
            "off" => Policy::Off,
            _ => bail!("RECONCILE must be update, review or off"),
        };
        let offset = text("RECONCILE_UTC_OFFSET", "+05:30");
        let form = format_description!("[offset_hour sign:mandatory]:[offset_minute]");
        let zone = UtcOffset::parse(&offset, form).ok().context("RECONCILE_UTC_OFFSET must be such as +05:30")?;
        Ok(Self { policy, zone })
    }
}
