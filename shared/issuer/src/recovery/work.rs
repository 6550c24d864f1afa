//! What a schedule does: moves that waited long enough take effect.

use super::{
    Move, Moved, Replaced, apply, messages,
    request::{Case, DUE, KEPT, Kept, State, instant, telephone},
    stamp, unsent,
};
use crate::{
    App, Error,
    auth::contact_hash,
    ports::{Commit, Drawer},
};
use anyhow::Result;
use credential::{Contact, Status};
use time::Duration;

/// Lets everything take effect that is due. One that fails keeps no other waiting; the next run takes it up again.
///
/// # Errors
/// The last failure, after all were tried.
pub async fn work(app: &App) -> Result<()> {
    let now = (app.clock)();
    let (mut after, mut outcome) = (None, Ok(()));
    loop {
        let due = app.cabinet.sheets(Drawer::Rebindings, DUE, after.as_deref(), A_PAGE, now).await?;
        let Some(last) = due.last().map(|lead| lead.name.clone()) else { return outcome };
        for lead in due {
            if lead.name > stamp(now) {
                return outcome;
            }
            match settle(app, &lead.name).await {
                Ok(()) => drop(app.cabinet.take(&lead).await?),
                Err(fault) => outcome = Err(fault),
            }
        }
        after = Some(last);
    }
}

/// Brings the request that a lead names to its end, and tells the new number of it. Run again after a crash it finds how far it came.
async fn settle(app: &App, lead: &str) -> Result<()> {
    let Some((due, id)) = lead.split_once('-') else { return Ok(()) };
    loop {
        let kept = match Kept::read(app, id).await {
            Ok(kept) => kept,
            Err(Error::NoRecovery) => return Ok(()),
            Err(Error::Unavailable(cause) | Error::Internal(cause)) => return Err(cause),
            Err(other) => return Err(other.into()),
        };
        match &kept.recovery.state {
            State::Waiting { case, .. } => take_effect(app, &kept, case).await?,
            State::Done => return tell(app, &kept, due).await,
            _ => return Ok(()),
        }
    }
}

/// The certificate must still stand, or have been corrected: what was taken back leads nowhere. And the number that was known must still be the registered one.
async fn take_effect(app: &App, kept: &Kept, case: &Case) -> Result<()> {
    let (beneficiary, shown, now) = (case.beneficiary()?, case.certificate()?, (app.clock)());
    let certificates = app.store.certificates(&beneficiary, None).await?;
    let stands = certificates.iter().any(|it| it.issuance.certificate_id == shown && it.status != Status::Revoked);
    if stands {
        let to = contact_hash(&app.pepper.contact_key().await?, &new_number(kept)?);
        let from = Replaced::Contact(&case.from);
        let moving = Move { beneficiary: &beneficiary, from, to: &to, actor: BY_PAPER.to_owned() };
        let done = kept.next(State::Done, now + KEPT)?;
        if apply(app, &moving, &done).await? != Moved::Nothing {
            return Ok(());
        }
    }
    // Who loses here lost to an objection, and reads it next.
    if kept.follow(app, State::Refused, now + KEPT, Vec::new()).await? == Commit::Stored {
        tracing::info!(recovery.id = kept.id, "recovery refused");
    }
    Ok(())
}

/// The message is a courtesy: it is tried for a day, and the certificates are there without it.
async fn tell(app: &App, kept: &Kept, due: &str) -> Result<()> {
    let since = (app.clock)() - instant(due.parse().unwrap_or_default())?;
    let text = messages::moved(kept.recovery.language.as_deref())?;
    let sent = app.sender.sms(&new_number(kept)?, &text).await;
    if since > Duration::DAY { Ok(()) } else { sent.map_err(|_| unsent()) }
}

fn new_number(kept: &Kept) -> Result<Contact> {
    telephone(&kept.recovery.new)
}

/// Who moves, for the log: no caller, for the citizen's code was no token.
const BY_PAPER: &str = "recovery-by-paper";
const A_PAGE: usize = 100;
