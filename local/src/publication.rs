//! What schedules and a stream do on AWS: publishes changes of status, seals the log, delivers the post, reconciles earlier doses, checks days, counts what was
//! done, lets recoveries take effect and goes on with recalls every few seconds until the service stops.

use anyhow::{Context, Result};
use issuer::{
    App,
    analytics::{Gatherer, export},
    audit::seal,
    post::deliver,
    recall::{self, Task},
    reconcile, recovery,
    status::publish,
};
use std::time::Duration;
use tokio::{
    select,
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval},
};

/// The task that publishes.
pub(crate) struct Publishing {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Publishes the first list before it returns, if there is none yet; everything else beside the service.
///
/// # Errors
/// When the first list can't be made.
pub(crate) async fn start(app: App, every: Duration) -> Result<Publishing> {
    let is_first = app.journal.published().await?.is_none();
    if is_first {
        publish(&app).await.context("publishing the first status list")?;
    }
    let mut gatherer = Gatherer::resume(&app).await.context("finding where counting stopped")?;
    let (stop, mut stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        let mut count_again = Instant::now();
        let mut ticks = interval(every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        if is_first {
            // The first tick comes at once.
            ticks.tick().await;
        }
        loop {
            select! {
                // A service that is dropped without a word is gone: so are its readers.
                _ = &mut stopped => return,
                _ = ticks.tick() => {}
            }
            // Between two steps of a run nothing is lost: the next one, by whomever, goes on.
            if let Err(fault) = publish(&app).await {
                tracing::error!(cause = format!("{fault:#}"), "status lists were not published");
            }
            if let Err(fault) = seal(&app).await {
                tracing::error!(cause = format!("{fault:#}"), "the log was not sealed");
            }
            if let Err(fault) = deliver(&app, every.max(Duration::from_secs(5))).await {
                tracing::error!(cause = format!("{fault:#}"), "the post was not delivered");
            }
            if let Err(fault) = reconcile::work(&app, every.max(Duration::from_secs(5))).await {
                tracing::error!(cause = format!("{fault:#}"), "earlier doses were not reconciled");
            }
            if let Err(fault) = reconcile::check::work(&app, every.max(Duration::from_secs(5))).await {
                tracing::error!(cause = format!("{fault:#}"), "a day was not checked");
            }
            if let Err(fault) = recovery::work(&app).await {
                tracing::error!(cause = format!("{fault:#}"), "a recovery did not take effect");
            }
            if Instant::now() >= count_again {
                let began = Instant::now();
                if let Err(fault) = gatherer.step(&app, every.max(Duration::from_secs(5))).await {
                    tracing::error!(cause = format!("{fault:#}"), "what was done was not counted");
                }
                count_again = Instant::now() + (began.elapsed() * RESTS).min(Duration::from_mins(1));
            }
            if let Err(fault) = export(&app, every.max(Duration::from_secs(5))).await {
                tracing::error!(cause = format!("{fault:#}"), "facts were not exported");
            }
            // For less than a change may take to be published.
            for task in [Task::Status, Task::Signature] {
                if let Err(fault) = recall::work(&app, task, every.max(Duration::from_secs(5))).await {
                    tracing::error!(cause = format!("{fault:#}"), "a recall did not go on");
                }
            }
        }
    });
    Ok(Publishing { stop, task })
}

impl Publishing {
    /// Lets a run that has begun end.
    ///
    /// # Errors
    /// When the task broke.
    pub(crate) async fn shutdown(self) -> Result<()> {
        // Nobody listens if the task ended by itself; joining tells why.
        let _ = self.stop.send(());
        Ok(self.task.await?)
    }
}

/// Counting reads the last minutes of the log whole. It rests so many times as long as it took, or a flood of events would be read over and over.
const RESTS: u32 = 4;
