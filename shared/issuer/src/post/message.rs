//! The message to the citizen: that a certificate is there, and nothing of what it says.

use super::{
    deliver::Outcome,
    parcel::{Event, Parcel, Sealed, SealingKey},
    silence,
};
use crate::{
    App,
    auth::contact_hash,
    config::Channel,
    messages::{Word, text},
    ports::{Mail, Refused},
};
use anyhow::{Context, Result};
use credential::{Contact, Status};

/// Tells the person at one of their contacts, in the language in which their certificate would be printed; nothing of a certificate that does not stand, and
/// nothing to someone who wants no messages.
pub(super) async fn tell(app: &App, parcel: &Parcel, contact: &Sealed) -> Result<Outcome> {
    let pepper = app.pepper.contact_key().await.context("reading the contact key")?;
    let Some(contact) = SealingKey::new(&pepper)?.open(contact) else { return Ok(Outcome::Never("unreadable".into())) };
    if !app.config.post.channels.contains(&Channel::of(&contact)) || silence::is_silent(app, &contact).await? {
        return Ok(Outcome::Needless);
    }
    let Some(language) = language(app, parcel, &contact_hash(&pepper, &contact)).await? else {
        return Ok(Outcome::Needless);
    };
    match send(app, &contact, parcel.event, language).await {
        Ok(()) => Ok(Outcome::Told),
        Err(fault) if fault.is::<Refused>() => Ok(Outcome::Never("refused".into())),
        Err(_) => Ok(Outcome::Later("no-answer".into())),
    }
}

async fn send(app: &App, contact: &Contact, event: Event, language: &str) -> Result<()> {
    let link = format!("{}/portal/", app.config.public_url);
    let say = |word| text(language, word, &[("link", &link)]);
    let (sms, subject, mail) = match event {
        Event::Created => (Word::IssuedSms, Word::IssuedSubject, Word::IssuedMail),
        Event::Corrected => (Word::CorrectedSms, Word::CorrectedSubject, Word::CorrectedMail),
    };
    match contact {
        Contact::Telephone(_) => app.sender.sms(contact, &say(sms)?).await,
        Contact::Email(_) => {
            let stop = silence::unsubscribing(app, contact, language).await?;
            let end = text(language, Word::StopMail, &[("stop", &stop)])?;
            let text = format!("{}\n\n{end}\n", say(mail)?);
            let mail = Mail { subject: say(subject)?, text, attachments: Vec::new(), unsubscribe: Some(stop) };
            app.sender.mail(contact, &mail).await
        }
    }
}

/// The language of the facility's region, else the country's; `None` if the certificate was taken back or corrected meanwhile, or is not registered to the
/// contact any more: who has a number that somebody lost hears nothing of them.
async fn language(app: &App, parcel: &Parcel, contact: &String) -> Result<Option<&'static str>> {
    let id = parcel.certificate()?;
    let all = app.store.certificates(&parcel.beneficiary()?, None).await?;
    let found = all.into_iter().find(|certificate| certificate.issuance.certificate_id == id);
    let standing = found.filter(|certificate| {
        certificate.status.at((app.clock)()) == Status::Valid && certificate.contacts.contains(contact)
    });
    Ok(standing.map(|certificate| {
        let facts = certificate.signed.facts();
        app.printer.as_deref().and_then(|printer| printer.language(None, &facts)).unwrap_or("en")
    }))
}
