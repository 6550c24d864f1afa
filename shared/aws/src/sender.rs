//! Messages to people: text messages through SNS, mails through SES.

use anyhow::{Context, Error, Result, bail};
use async_trait::async_trait;
use aws_config::{SdkConfig, timeout::TimeoutConfig};
use aws_sdk_sesv2::{
    operation::send_email::SendEmailError,
    primitives::Blob,
    types::{Attachment, Body, Content, Destination, EmailContent, Message, MessageHeader},
};
use aws_sdk_sns::{
    error::{ProvideErrorMetadata, SdkError},
    operation::publish::PublishError,
    types::MessageAttributeValue,
};
use credential::Contact;
use issuer::{
    config::Messages,
    ports::{self, Mail, Refused, Sender},
};
use std::time::Duration;

/// The [`Sender`] on SNS and SES.
#[derive(Debug)]
pub struct AwsSender {
    sns: aws_sdk_sns::Client,
    ses: aws_sdk_sesv2::Client,
    messages: Messages,
}

impl AwsSender {
    /// The sender whose messages come from whom `messages` says; sends nothing yet.
    pub fn new(sdk: &SdkConfig, messages: Messages) -> Self {
        // A message that was taken late is taken: asking again too soon would send it twice.
        let patience = TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).build();
        let sns = aws_sdk_sns::config::Builder::from(sdk).timeout_config(patience.clone()).build();
        let ses = aws_sdk_sesv2::config::Builder::from(sdk).timeout_config(patience).build();
        Self { sns: aws_sdk_sns::Client::from_conf(sns), ses: aws_sdk_sesv2::Client::from_conf(ses), messages }
    }
}

#[async_trait]
impl Sender for AwsSender {
    async fn sms(&self, to: &Contact, text: &str) -> Result<()> {
        let Contact::Telephone(digits) = to else { bail!("a text message to no telephone") };
        let request = self
            .sns
            .publish()
            .phone_number(format!("+{digits}"))
            .message(text)
            .message_attributes("AWS.SNS.SMS.SMSType", attribute("Transactional")?);
        let request = match self.messages.sms_sender.as_str() {
            "" => request,
            name => request.message_attributes("AWS.SNS.SMS.SenderID", attribute(name)?),
        };
        let Err(error) = request.send().await else { return Ok(()) };
        let refused = error.as_service_error().is_some_and(|error| {
            matches!(
                error,
                PublishError::InvalidParameterException(_) | PublishError::InvalidParameterValueException(_)
            )
        });
        Err(cause(&error, refused)).context("asking SNS to send a text message")
    }

    async fn mail(&self, to: &Contact, mail: &Mail) -> Result<()> {
        let Contact::Email(address) = to else { bail!("a mail to no address") };
        let mut message = Message::builder()
            .subject(content(&mail.subject)?)
            .body(Body::builder().text(content(&mail.text)?).build())
            .set_attachments(Some(mail.attachments.iter().map(attachment).collect::<Result<_>>()?));
        for (name, value) in mail.unsubscribe.iter().flat_map(|url| unsubscribing(url)) {
            message = message.headers(MessageHeader::builder().name(name).value(value).build()?);
        }
        let request = self
            .ses
            .send_email()
            .from_email_address(&self.messages.mail_from)
            .destination(Destination::builder().to_addresses(address).build())
            .content(EmailContent::builder().simple(message.build()).build());
        let request = match self.messages.mail_events.as_str() {
            "" => request,
            set => request.configuration_set_name(set),
        };
        let Err(error) = request.send().await else { return Ok(()) };
        let refused = error.as_service_error().is_some_and(|error| {
            matches!(error, SendEmailError::MessageRejected(_) | SendEmailError::BadRequestException(_))
        });
        Err(cause(&error, refused)).context("asking SES to send a mail")
    }
}

/// What went wrong, as a port tells it; never with the message or the address, which an SDK's error may repeat.
fn cause<E: ProvideErrorMetadata>(error: &SdkError<E>, refused: bool) -> Error {
    let code = error.as_service_error().and_then(|error| error.meta().code()).unwrap_or("no answer").to_owned();
    if refused { Error::new(Refused).context(code) } else { Error::msg(code) }
}

fn attribute(value: &str) -> Result<MessageAttributeValue> {
    Ok(MessageAttributeValue::builder().data_type("String").string_value(value).build()?)
}

fn content(text: &str) -> Result<Content> {
    Ok(Content::builder().data(text).charset("UTF-8").build()?)
}

fn attachment(file: &ports::Attachment) -> Result<Attachment> {
    let bytes = Blob::new(file.bytes.as_slice());
    Ok(Attachment::builder().file_name(&file.name).content_type(&file.media_type).raw_content(bytes).build()?)
}

/// The headers of RFC 8058.
fn unsubscribing(url: &str) -> [(&'static str, String); 2] {
    [("List-Unsubscribe", format!("<{url}>")), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())]
}

/// How long AWS may take over a message with an attachment.
const PATIENCE: Duration = Duration::from_secs(8);

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
