//! Looking: what the log speaks of, whether it is there and is what it shall be, and what of a declaration was certified at all.

use super::entry::{Declared, Logged, Slot, letters};
use crate::{
    App,
    http::with_member,
    ports::{AuditEvent, Certificate, Occupant},
};
use anyhow::{Context, Result};
use credential::{CertificateId, VerificationMethod, verify};
use serde_json::{Value, json};
use std::sync::Arc;
use time::{Date, OffsetDateTime};
use tokio::task::JoinSet;

/// One thing that does not fit. Nothing of a person: a certificate's id, or a line of a declaration.
#[derive(Clone)]
pub(super) struct Finding {
    pub(super) kind: &'static str,
    about: Value,
}

impl Finding {
    pub(super) fn of(kind: &'static str, about: Value) -> Self {
        Self { kind, about }
    }

    pub(super) fn told(self) -> Value {
        with_member(self.about, "finding", Some(self.kind))
    }
}

/// An entry of the log that says that a certificate was made.
#[derive(Clone)]
pub(super) struct Made {
    id: CertificateId,
    actor: String,
}

pub(super) async fn made_within(app: &App, minute: OffsetDateTime) -> Result<Vec<Made>> {
    let making = [AuditEvent::Issued, AuditEvent::Corrected].map(AuditEvent::as_str);
    let mut made = Vec::new();
    for entry in app.ledger.entries(minute, minute + time::Duration::MINUTE).await? {
        let member = |name: &str| entry.members.get(name).map(String::as_str).unwrap_or_default();
        if making.contains(&member("event")) {
            let id = CertificateId::parse(member("id")).context("an entry without certificate")?;
            made.push(Made { id, actor: member("actor").to_owned() });
        }
    }
    Ok(made)
}

/// What entries of the log lead to: certificates that are what they shall be, and findings.
pub(super) async fn looked_at(app: &App, made: Vec<Made>) -> Result<(Vec<Logged>, Vec<Finding>)> {
    let methods: Vec<_> = app.key_ring.keys().await?.into_iter().map(|known| known.method).collect();
    let methods = Arc::new(methods);
    let (mut waiting, mut working) = (made.into_iter(), JoinSet::new());
    let (mut sound, mut findings) = (Vec::new(), Vec::new());
    loop {
        while working.len() < AT_A_TIME {
            let Some(made) = waiting.next() else { break };
            let (app, methods) = (app.clone(), Arc::clone(&methods));
            working.spawn(async move { (look(&app, &made, &methods).await, made) });
        }
        let Some(done) = working.join_next().await else { break };
        let (looked, made) = done.context("looking at a certificate broke")?;
        match looked? {
            Ok(certificate) => sound.push((certificate, made)),
            Err(finding) => findings.push(finding),
        }
    }
    let slots: Vec<_> = sound.iter().map(|(certificate, _)| certificate.slot.clone()).collect();
    let occupants = app.store.occupants(&slots).await?;
    let mut logged = Vec::new();
    for ((certificate, made), occupant) in sound.into_iter().zip(occupants) {
        match occupant.and_then(|occupant| digest_of(&occupant, &made.id)) {
            Some(digest) => logged.push(Logged {
                slot: Slot::of(&certificate.slot)?,
                digest,
                id: made.id.as_str().to_owned(),
                actor: made.actor,
            }),
            None => findings.push(Finding::of("notInItsSlot", json!({ "certificateId": made.id.as_str() }))),
        }
    }
    Ok((logged, findings))
}

/// The certificate of an entry, if it is there and its signature holds.
async fn look(app: &App, made: &Made, methods: &[VerificationMethod]) -> Result<Result<Certificate, Finding>> {
    let id = made.id.as_str();
    let all = match app.store.beneficiary_of(&made.id).await? {
        Some(code) => app.store.certificates(&code, None).await?,
        None => Vec::new(),
    };
    let Some(certificate) = all.into_iter().find(|it| it.issuance.certificate_id == made.id) else {
        return Ok(Err(Finding::of("loggedNotStored", json!({ "certificateId": id }))));
    };
    let names = |verified: credential::Verified| {
        let evidence = verified.facts.evidence().map(|evidence| evidence.certificate_id == id);
        let person = verified.facts.credential_subject.ref_id == certificate.slot.beneficiary.as_str();
        evidence == Some(true) && person
    };
    Ok(match verify(certificate.signed.as_str(), methods).map(names) {
        Ok(true) => Ok(certificate),
        Ok(false) => Err(Finding::of("saysSomethingElse", json!({ "certificateId": id }))),
        Err(why) => Err(Finding::of("notVerifiable", json!({ "certificateId": id, "why": why.to_string() }))),
    })
}

fn digest_of(occupant: &Occupant, id: &CertificateId) -> Option<String> {
    occupant.history.iter().find(|(_, known)| known == id).map(|(digest, _)| letters(digest))
}

/// Lines that the day's log knows nothing of: how many of them were certified as declared on another day, and what is to be said of the others.
pub(super) async fn looked_for(app: &App, day: Date, open: &[&Declared]) -> Result<(u64, Vec<Finding>)> {
    let (mut agreed, mut findings) = (0, Vec::new());
    for some in open.chunks(A_BATCH) {
        let slots = some.iter().map(|line| line.slot.key()).collect::<Result<Vec<_>>>()?;
        for (line, occupant) in some.iter().zip(app.store.occupants(&slots).await?) {
            let about = json!({ "declaration": line.declaration, "line": line.line });
            let Some(there) = occupant else {
                findings.push(Finding::of("notCertified", about));
                continue;
            };
            let current = there.current.certificate_id.as_str();
            let made = match &line.digest {
                Some(declared) => there.history.iter().rfind(|(digest, _)| letters(digest) == *declared),
                None => there.history.last(),
            };
            match made {
                None => {
                    let about = with_member(about, "certificateId", Some(current));
                    findings.push(Finding::of("certifiedOtherwise", about));
                }
                // It was made on the day, and the day's log does not know it.
                Some((_, id)) if *id == there.current.certificate_id && there.current.issued_at.date() == day => {
                    findings.push(Finding::of("storedNotLogged", json!({ "certificateId": current })));
                }
                Some(_) => agreed += 1,
            }
        }
    }
    Ok((agreed, findings))
}

/// Certificates that are looked at at a time.
const AT_A_TIME: usize = 32;
/// Slots that are asked for at a time.
const A_BATCH: usize = 100;
