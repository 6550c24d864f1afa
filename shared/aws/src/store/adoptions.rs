//! Certificates of another instance in the table. One that is not valid any more and is not there has a look-up by id that says so.

use super::{
    DEEDS, DynamoStore, STATUS, SUCCESSOR, UNTIL,
    commit::{ONLY_NEW, put},
    items::{self, Item, binary, instant, number, text},
    keys,
    retry::Patience,
};
use anyhow::{Context, Result, anyhow};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use credential::{CertificateId, EventDigest, Status};
use issuer::ports::{Adopted, Adoptions, Audit, AuditEvent, Certificate, Change, Commit, Deed, Disowned, Store};
use std::collections::{BTreeSet, HashMap};

#[async_trait]
impl Adoptions for DynamoStore {
    async fn adopt(&self, certificate: &Certificate, digest: EventDigest, audit: &Audit) -> Result<Adopted> {
        let id = &certificate.issuance.certificate_id;
        let mut patience = Patience::default();
        loop {
            let there = self.item(keys::id(id)).await.context("looking a certificate up")?;
            if let Some(there) = &there {
                let theirs = items::beneficiary(there)? == certificate.slot.beneficiary;
                if !theirs {
                    return Ok(Adopted::Contradicts);
                }
                if !there.contains_key(DISOWNED) {
                    let known = self.known(certificate, id).await?;
                    let same = known.is_some_and(|known| known.signed == certificate.signed);
                    return Ok(if same { Adopted::AlreadyThere } else { Adopted::Contradicts });
                }
            }
            let slot = self.item(keys::slot(&certificate.slot)?).await.context("reading a slot")?;
            let writes = self.adoption(certificate, digest, audit, there.as_ref(), slot.as_ref())?;
            if self.all_or_nothing(writes).await.context("taking a certificate over")? == Commit::Stored {
                return Ok(Adopted::Stored);
            }
            // Another certificate of the slot, or a word against this one, was faster.
            patience.wait(anyhow!("a slot changed while a certificate was taken over")).await?;
        }
    }

    async fn disown(&self, disowned: &Disowned, audit: &Audit) -> Result<Adopted> {
        let id = &disowned.certificate_id;
        let mut patience = Patience::default();
        loop {
            let there = self.item(keys::id(id)).await.context("looking a certificate up")?;
            let Some(there) = there else {
                if self.all_or_nothing(self.disowning(disowned, audit)?).await? == Commit::Stored {
                    return Ok(Adopted::Stored);
                }
                patience.wait(anyhow!("a certificate came while it was taken back")).await?;
                continue;
            };
            if items::beneficiary(&there)? != disowned.beneficiary {
                return Ok(Adopted::Contradicts);
            }
            let all = self.certificates(&disowned.beneficiary, None).await?;
            let known = all.into_iter().find(|certificate| certificate.issuance.certificate_id == *id);
            let Some(known) = known.filter(|it| !matches!(it.status, Status::Revoked | Status::Superseded)) else {
                return Ok(Adopted::AlreadyThere);
            };
            let change = Change { slot: known.slot, issuance: known.issuance, from: known.status, to: disowned.status };
            if self.change(&[change], audit).await? == Commit::Stored {
                return Ok(Adopted::Stored);
            }
            patience.wait(anyhow!("a certificate changed while it was taken back")).await?;
        }
    }
}

impl DynamoStore {
    async fn known(&self, like: &Certificate, id: &CertificateId) -> Result<Option<Certificate>> {
        let all = self.certificates(&like.slot.beneficiary, Some(like.issuance.kind)).await?;
        Ok(all.into_iter().find(|known| known.issuance.certificate_id == *id))
    }

    /// Everything that an adoption writes.
    fn adoption(
        &self,
        certificate: &Certificate,
        digest: EventDigest,
        audit: &Audit,
        there: Option<&Item>,
        slot: Option<&Item>,
    ) -> Result<Vec<TransactWriteItem>> {
        let status = there.and_then(word_against).unwrap_or_default();
        let id = &certificate.issuance.certificate_id;
        let mut row = items::of_certificate(certificate)?;
        if let Some(against) = there {
            // Its note and its entry in the log were written when it was said.
            row.insert(STATUS.to_owned(), text(status.as_str()));
            row.extend(against.get(SUCCESSOR).map(|successor| (SUCCESSOR.to_owned(), successor.clone())));
            let event = if status == Status::Revoked { AuditEvent::Revoked } else { AuditEvent::Superseded };
            let deeds = certificate.deeds.iter().cloned().chain([Deed { event, ..audit.deed.clone() }]);
            let deeds = deeds.map(|deed| items::of_deed(&deed)).collect::<Result<_>>()?;
            row.insert(DEEDS.to_owned(), AttributeValue::L(deeds));
        }
        let mut writes = vec![
            self.in_slot(certificate, digest, status, slot)?,
            put(&self.table, row, ONLY_NEW)?,
            // What was read stands still: nothing, or a word against it.
            put(
                &self.table,
                items::of_id(certificate),
                there.map_or(ONLY_NEW, |_| Some("attribute_exists(disowned)")),
            )?,
            put(&self.table, items::of_audit(id, &audit.deed, audit.key.as_deref())?, None)?,
        ];
        for contact in certificate.contacts.iter().collect::<BTreeSet<_>>() {
            writes.push(put(&self.table, keys::contact(contact, &certificate.slot.beneficiary), None)?);
        }
        Ok(writes)
    }

    /// One certificate more in the slot: as its newest, or, if it has a newer one, before all others in its history.
    fn in_slot(
        &self,
        certificate: &Certificate,
        digest: EventDigest,
        status: Status,
        slot: Option<&Item>,
    ) -> Result<TransactWriteItem> {
        let version = slot.map(items::version).unwrap_or_default();
        let newer = match slot.filter(|_| version > 0) {
            Some(slot) => {
                items::issuance(slot, "", certificate.issuance.kind)?.issued_at > certificate.issuance.issued_at
            }
            None => false,
        };
        let id = text(certificate.issuance.certificate_id.as_str());
        let made = HashMap::from([("digest".to_owned(), binary(&digest.0)), ("id".to_owned(), id.clone())]);
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(keys::slot(&certificate.slot)?))
            .expression_attribute_values(":next", number(version + 1))
            .expression_attribute_values(":made", AttributeValue::L(vec![AttributeValue::M(made)]));
        let update = if version == 0 {
            update.condition_expression("attribute_not_exists(version)")
        } else {
            update.condition_expression("version = :version").expression_attribute_values(":version", number(version))
        };
        let update = if newer {
            update.update_expression("SET version = :next, history = list_append(:made, history)")
        } else {
            update
                .update_expression(
                    "SET version = :next, id = :id, issued_at = :issued_at, #status = :status, \
                     history = list_append(if_not_exists(history, :none), :made) \
                     REMOVE next_id, next_issued_at, next_holder, lease, #until",
                )
                .expression_attribute_names("#status", STATUS)
                .expression_attribute_names("#until", UNTIL)
                .expression_attribute_values(":id", id)
                .expression_attribute_values(":issued_at", instant(certificate.issuance.issued_at)?)
                .expression_attribute_values(":status", text(status.as_str()))
                .expression_attribute_values(":none", AttributeValue::L(Vec::new()))
        };
        Ok(TransactWriteItem::builder().update(update.build().context("a slot's update")?).build())
    }

    /// What is written about a certificate that is not there.
    fn disowning(&self, disowned: &Disowned, audit: &Audit) -> Result<Vec<TransactWriteItem>> {
        let id = &disowned.certificate_id;
        let mut look_up = keys::id(id);
        look_up.insert("code".to_owned(), text(disowned.beneficiary.as_str()));
        look_up.insert(DISOWNED.to_owned(), text(disowned.status.as_str()));
        let successor = disowned.successor.as_ref().map(|id| (SUCCESSOR.to_owned(), text(id.as_str())));
        look_up.extend(successor);
        Ok(vec![
            put(&self.table, look_up, ONLY_NEW)?,
            put(&self.table, items::of_audit(id, &audit.deed, None)?, None)?,
            put(&self.table, items::of_note(id, disowned.status, audit.deed.at)?, None)?,
        ])
    }
}

/// What a look-up by id says against a certificate that is not there.
pub(super) fn word_against(look_up: &Item) -> Option<Status> {
    let word = look_up.get(DISOWNED)?.as_s().ok()?;
    [Status::Revoked, Status::Superseded].into_iter().find(|status| status.as_str() == word)
}

const DISOWNED: &str = "disowned";
