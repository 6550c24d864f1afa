//! Work for later on SQS: a FIFO queue for each lane.

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_sqs::{Client, types::SendMessageBatchRequestEntry};
use issuer::{
    config::Queues,
    ports::{Lane, Message, Queue},
};
use tokio::time::{Duration, sleep};

/// The [`Queue`] on SQS.
#[derive(Debug)]
pub struct SqsQueue {
    client: Client,
    queues: Queues,
}

impl SqsQueue {
    /// The queues of those URLs; sends nothing yet.
    pub fn new(sdk: &SdkConfig, queues: Queues) -> Self {
        Self { client: Client::new(sdk), queues }
    }

    /// Sends messages of one lane, few enough to be one request and each of another group, so that those that SQS could not take in may be sent again without
    /// overtaking each other.
    async fn send_some(&self, url: &str, messages: &[&Message]) -> Result<()> {
        let mut left = messages.to_vec();
        for pause in PAUSES {
            let entries = left.iter().enumerate().map(|(index, message)| {
                SendMessageBatchRequestEntry::builder()
                    .id(index.to_string())
                    .message_group_id(&message.group)
                    .message_deduplication_id(&message.id)
                    .message_body(&message.body)
                    .build()
            });
            let entries = entries.collect::<Result<_, _>>().context("a message that is none")?;
            let request = self.client.send_message_batch().queue_url(url).set_entries(Some(entries));
            let answer = request.send().await.context("sending messages")?;
            let failed = answer.failed.iter().filter_map(|failed| failed.id.parse::<usize>().ok());
            let failed: Vec<_> = failed.filter_map(|index| left.get(index).copied()).collect();
            if failed.is_empty() {
                return Ok(());
            }
            left = failed;
            sleep(pause).await;
        }
        bail!("the queue did not take {} messages", left.len())
    }
}

#[async_trait]
impl Queue for SqsQueue {
    async fn send(&self, messages: &[Message]) -> Result<()> {
        for lane in Lane::ALL {
            let url = match lane {
                Lane::Certify => &self.queues.certify,
                Lane::Bulk => &self.queues.bulk,
            };
            let waiting: Vec<_> = messages.iter().filter(|message| message.lane == lane).collect();
            let mut waiting = waiting.as_slice();
            while let Some(first) = waiting.first() {
                if first.body.len() > Message::MOST_BYTES {
                    bail!("a message of {} bytes", first.body.len());
                }
                let (some, rest) = waiting.split_at(fitting(waiting));
                self.send_some(url, some).await?;
                waiting = rest;
            }
        }
        Ok(())
    }
}

/// How many of the next messages make one request: at least one, at most ten, of one group one, for SQS may take the second in and not the first.
fn fitting(waiting: &[&Message]) -> usize {
    let mut bytes = 0;
    let mut groups = Vec::new();
    let fit = waiting.iter().take(MOST_ENTRIES).take_while(|message| {
        bytes += message.body.len() + ATTRIBUTES;
        let is_new = !groups.contains(&&message.group);
        groups.push(&message.group);
        is_new && bytes <= MOST_BYTES
    });
    fit.count().max(1)
}

/// Entries of a request.
const MOST_ENTRIES: usize = 10;
/// Bytes of a request's messages.
const MOST_BYTES: usize = 256 << 10;
/// What a message's names may need.
const ATTRIBUTES: usize = 512;
/// Between tries for what SQS could not take in.
const PAUSES: [Duration; 4] =
    [Duration::from_millis(50), Duration::from_millis(200), Duration::from_millis(800), Duration::ZERO];

/// The [`Queue`] of a function that puts nothing off.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NoQueue;

#[async_trait]
impl Queue for NoQueue {
    async fn send(&self, _messages: &[Message]) -> Result<()> {
        bail!("this function puts nothing off")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(group: &str, bytes: usize) -> Message {
        Message { lane: Lane::Certify, group: group.to_owned(), id: group.to_owned(), body: "x".repeat(bytes) }
    }

    #[test]
    fn a_request_has_at_most_ten_messages_256_kilobytes_and_one_of_each_group() {
        let fitting = |messages: &[Message]| super::fitting(&messages.iter().collect::<Vec<_>>());
        let small: Vec<_> = (0..12).map(|number| message(&number.to_string(), 10)).collect();
        assert_eq!(fitting(&small), 10);
        assert_eq!(fitting(&[message("a", 200 << 10), message("b", 50 << 10), message("c", 10 << 10)]), 2);
        assert_eq!(fitting(&[message("a", 10), message("b", 10), message("a", 10)]), 2);
        assert_eq!(fitting(&[message("a", Message::MOST_BYTES)]), 1);
    }
}
