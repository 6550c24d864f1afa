//! Work for later: messages that are durable once they were sent, and are delivered until somebody did what they ask for.

use async_trait::async_trait;

/// Takes messages in. [`crate::work::take`] is where they arrive: those of a group one at a time and in the order sent, groups side by side, each at least once.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Sends messages, durable once the call has returned. A second call within five minutes sends none of the same id again; a later one does, and whoever
    /// takes them finds done what is done. After an error some may have been sent.
    async fn send(&self, messages: &[Message]) -> anyhow::Result<()>;
}

/// A piece of work.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Who does it.
    pub lane: Lane,
    /// What must be done in order: at most 128 letters, digits and `-_`, nothing personal.
    pub group: String,
    /// Unique in its lane, made as a group's name is.
    pub id: String,
    /// What is to be done: at most [`Message::MOST_BYTES`] of text. May be personal data.
    pub body: String,
}

impl Message {
    /// The longest body: what SQS takes, with some room for its attributes.
    pub const MOST_BYTES: usize = 250 << 10;
}

/// What kind of work; each lane is a queue of its own, so that much of one does not hold up the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Events that are certified, or correct what was.
    Certify,
    /// Parts of uploaded files.
    Bulk,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 2] = [Self::Certify, Self::Bulk];

    /// Its name in keys and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certify => "certify",
            Self::Bulk => "bulk",
        }
    }

    /// The lane of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.as_str() == name)
    }
}
