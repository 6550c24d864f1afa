//! Trying again where the SDK does not: writes that met another transaction, keys that a batch put off.

use anyhow::{Error, Result, anyhow};
use aws_lc_rs::rand;
use std::time::Duration;

/// How often an attempt was put off so far.
#[derive(Debug, Default)]
pub(super) struct Patience {
    tries: u32,
}

impl Patience {
    /// Pauses before the next try: at random below 10, 20, 40 … milliseconds, so that those who met do not meet again. Gives up after [`MOST`] tries.
    pub(super) async fn wait(&mut self, reason: impl Into<Error>) -> Result<()> {
        self.tries += 1;
        if self.tries == MOST {
            return Err(reason.into().context(format!("tried {MOST} times")));
        }
        let mut random = [0; 8];
        rand::fill(&mut random).map_err(|_| anyhow!("no randomness"))?;
        let pause = u64::from_le_bytes(random) % (5 << self.tries);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        Ok(())
    }
}

const MOST: u32 = 7;
