//! Messages to people.

use async_trait::async_trait;
use credential::Contact;

/// Sends messages. A call that has returned handed the message over; whether it arrives is told later, if at all. A second call sends a second message.
/// An error that holds [`Refused`] stays one however often the call is made.
#[async_trait]
pub trait Sender: Send + Sync {
    /// A text message to a telephone.
    async fn sms(&self, to: &Contact, text: &str) -> anyhow::Result<()>;

    /// A mail to an address.
    async fn mail(&self, to: &Contact, mail: &Mail) -> anyhow::Result<()>;
}

/// The message will never be taken: the address is none, or the provider wants nothing to do with it.
#[derive(Debug, thiserror::Error)]
#[error("the message is refused")]
pub struct Refused;

/// What a mail says. Personal data.
#[derive(Clone)]
pub struct Mail {
    /// Its subject.
    pub subject: String,
    /// Its text.
    pub text: String,
    /// Files that come with it.
    pub attachments: Vec<Attachment>,
    /// Where the receiver says that they want no more (RFC 8058), if they may.
    pub unsubscribe: Option<String>,
}

/// A file that comes with a mail.
#[derive(Clone)]
pub struct Attachment {
    /// Its name; of our own making.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}
