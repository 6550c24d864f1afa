//! What SES tells of mails that did not arrive or were not wanted: those addresses get no more.

use super::silence::silence;
use crate::App;
use anyhow::Result;
use credential::Contact;
use serde_json::Value;

/// Writes down who can't be reached and who complained, of an event that SNS brings from SES. A full mailbox is no reason: it will be emptied.
///
/// # Errors
/// When records do not answer: SNS brings the event again.
pub async fn record_bounces(app: &App, event: &Value) -> Result<()> {
    let records = event.get("Records").and_then(Value::as_array).into_iter().flatten();
    let messages = records.filter_map(|record| record.pointer("/Sns/Message")?.as_str());
    for message in messages.filter_map(|message| serde_json::from_str::<Value>(message).ok()) {
        let Some((why, recipients)) = unreachable(&message) else { continue };
        for address in recipients.iter().filter_map(|recipient| recipient.get("emailAddress")?.as_str()) {
            silence(app, &Contact::Email(address.trim().to_lowercase()), why).await?;
        }
        tracing::info!(why, addresses = recipients.len(), "mails are not wanted");
    }
    Ok(())
}

/// Why whom a message names gets no more mails.
fn unreachable(message: &Value) -> Option<(&'static str, &Vec<Value>)> {
    let text = |pointer: &str| message.pointer(pointer).and_then(Value::as_str);
    let kind = text("/eventType").or_else(|| text("/notificationType"))?;
    let (why, recipients) = match kind {
        "Bounce" if text("/bounce/bounceType") == Some("Permanent") => ("bounced", "/bounce/bouncedRecipients"),
        "Complaint" => ("complained", "/complaint/complainedRecipients"),
        _ => return None,
    };
    Some((why, message.pointer(recipients)?.as_array()?))
}
