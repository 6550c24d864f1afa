//! Messages to people.

use anyhow::{Result, bail};
use async_trait::async_trait;
use credential::Contact;
use issuer::ports::{Mail, Sender};

/// The [`Sender`] of a function that tells nobody anything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoSender;

#[async_trait]
impl Sender for NoSender {
    async fn sms(&self, _to: &Contact, _text: &str) -> Result<()> {
        bail!("this function sends nothing")
    }

    async fn mail(&self, _to: &Contact, _mail: &Mail) -> Result<()> {
        bail!("this function sends nothing")
    }
}
