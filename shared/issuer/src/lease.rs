//! Leases: of many workers one has a folder of sheets for a while.

use crate::{
    App,
    ports::{Commit, Drawer, Sheet},
};
use anyhow::Result;

/// The right to work on a folder, as long as the revision is ours and the time is not over.
pub(crate) struct Lease(Sheet);

impl Lease {
    /// `None` while another worker has it.
    pub(crate) async fn of(app: &App, drawer: Drawer, folder: &str) -> Result<Option<Self>> {
        let now = (app.clock)();
        let there = app.cabinet.sheet(drawer, LEASES, folder, now).await?;
        let until = there.as_ref().and_then(|sheet| sheet.text.parse::<i64>().ok()).unwrap_or_default();
        if until > now.unix_timestamp() {
            return Ok(None);
        }
        let free = there.unwrap_or_else(|| Sheet { revision: 0, ..Sheet::new(drawer, LEASES, folder, "") });
        Self(free).renewed(app).await
    }

    /// The same for longer; `None` if it is another's.
    pub(crate) async fn renewed(&self, app: &App) -> Result<Option<Self>> {
        let now = (app.clock)();
        let next = self.0.saying((now.unix_timestamp() + LEASE).to_string());
        let stored = app.cabinet.put(std::slice::from_ref(&next), now).await?;
        Ok((stored == Commit::Stored).then_some(Self(next)))
    }

    pub(crate) async fn end(self, app: &App) -> Result<()> {
        // Lost: it is another's already.
        app.cabinet.put(&[self.0.saying("0")], (app.clock)()).await.map(drop)
    }
}

/// The folder of leases, beside those that are leased.
const LEASES: &str = "leases";
/// Seconds that a worker may have a folder without a word.
const LEASE: i64 = 180;
