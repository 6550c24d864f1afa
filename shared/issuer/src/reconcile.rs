//! Reconciliation: a report of a later dose says what the vaccinating system knows of the earlier ones (`meta.vaccinations[]`, as India's systems send it).
//! Where their certificates say something else, they are corrected, or an administrator decides (`RECONCILE`).
//!
//! What a report says is a sheet of the cabinet, stored in the transaction of the later dose's certificate: what was certified is also reconciled, whatever
//! dies in between. [`work`] goes through the sheets; corrections are [`crate::certify::issue`]'s, as everyone's are. A report that is sent again stores no
//! certificate, and so no sheet. Of a dose that is not certified yet it waits for ninety days, looked at in growing steps; `certify` knows nothing of it.
//! A certificate that came after the report is the newer word: where they differ then, an administrator decides, whatever the policy. [`check`] compares the whole of a day: what sources say they sent, what the log says, what certificates say.
//!
//! | folder | name | what |
//! |---|---|---|
//! | one of sixteen | when it is looked at, and the later certificate's id | what its report says of earlier doses |
//! | `open` | the same and the dose | a contradiction that nobody has decided on |
//! | `decided` | the same | what became of it |

pub mod check;
mod review;
mod statement;
mod work;

pub use review::routes;
pub use work::{Round, work};

use crate::{
    App,
    config::Policy,
    ports::{Certificate, Deed, Sheet},
    post::shard,
};
use anyhow::Result;
use credential::Event;
use statement::Statement;

/// What the report of a certificate that is about to be stored says of earlier doses, to be looked at later; nothing if it says nothing.
pub(crate) fn statements(
    app: &App,
    pepper: &[u8; 32],
    certificate: &Certificate,
    event: &Event,
    deed: &Deed,
) -> Result<Vec<Sheet>> {
    if app.config.reconcile.policy == Policy::Off || event.earlier().is_empty() {
        return Ok(Vec::new());
    }
    let folder = shard(pepper, &certificate.slot.beneficiary);
    Ok(vec![Statement::new(pepper, certificate, event, deed)?.sheet(&folder, deed.at)?])
}
