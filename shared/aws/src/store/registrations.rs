//! Whose certificates are registered to which contact: look-ups by contact, and what was moved.
//!
//! What was moved stands twice in the beneficiary's partition, at the head of each kind's certificates: the query that reads certificates brings it along, at
//! no request more. Both are written in one transaction and say the same.

use super::{
    DEEDS, DynamoStore, cabinet, commit,
    items::{self, Item, number, string, text},
    keys::{self, SORT},
};
use anyhow::{Context, Result};
use async_trait::async_trait;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use credential::{BeneficiaryCode, CertificateId, Kind};
use issuer::ports::{Audit, Certificate, Commit, NO_CONTACT, Registration, Registrations, Sheet};
use std::collections::{BTreeSet, HashMap};

#[async_trait]
impl Registrations for DynamoStore {
    async fn beneficiaries_of(&self, contact: &str) -> Result<Vec<BeneficiaryCode>> {
        let found = self.all(&keys::contacts(contact), "").await.context("looking a contact up")?;
        let code = |item: &Item| {
            let name = string(item, SORT)?;
            name.strip_prefix("B#").and_then(BeneficiaryCode::parse).context("a contact of nobody")
        };
        found.iter().map(code).collect()
    }

    async fn registration(&self, beneficiary: &BeneficiaryCode) -> Result<Option<Registration>> {
        let head = keys::registration(beneficiary, Kind::Vaccination);
        // A query, for that is what functions that read certificates may do.
        let found = self.client.query().table_name(&self.table);
        let found = found
            .key_condition_expression("PK = :partition AND SK = :head")
            .expression_attribute_values(":partition", text(keys::beneficiary(beneficiary)))
            .expression_attribute_values(":head", head.get(SORT).cloned().context("a key without sort")?)
            .consistent_read(true)
            .send()
            .await
            .context("reading a registration")?;
        found.items().first().map(of_item).transpose()
    }

    async fn rebind(
        &self,
        beneficiary: &BeneficiaryCode,
        next: &Registration,
        certificate: &CertificateId,
        audit: &Audit,
        sheets: &[Sheet],
    ) -> Result<Commit> {
        let mut writes = Vec::new();
        for kind in KINDS {
            writes.push(put(&self.table, beneficiary, kind, next)?);
        }
        let entry = items::of_audit(certificate, &audit.deed, audit.key.as_deref())?;
        writes.push(commit::put(&self.table, entry, None)?);
        for contact in next.moved.values().collect::<BTreeSet<_>>() {
            writes.push(commit::put(&self.table, keys::contact(contact, beneficiary), None)?);
        }
        for contact in next.moved.keys().filter(|contact| *contact != NO_CONTACT).take(MOST_GONE) {
            let gone = Delete::builder().table_name(&self.table).set_key(Some(keys::contact(contact, beneficiary)));
            writes.push(TransactWriteItem::builder().delete(gone.build()?).build());
        }
        for sheet in sheets {
            writes.push(cabinet::write(&self.table, sheet, audit.deed.at)?);
        }
        self.all_or_nothing(writes).await.context("moving a registration")
    }
}

/// Certificates as their rows say them, read through what was moved, if that is among the rows.
pub(super) fn read_through(rows: &[Item], beneficiary: &BeneficiaryCode) -> Result<Vec<Certificate>> {
    let (heads, rows): (Vec<&Item>, Vec<&Item>) = rows.iter().partition(|item| is_head(item));
    let registration = heads.first().map(|head| of_item(head)).transpose()?;
    let certificate = |row: &Item| {
        let certificate = items::certificate(row, beneficiary)?;
        Ok(match &registration {
            Some(registration) => through(registration, certificate),
            None => certificate,
        })
    };
    rows.into_iter().map(certificate).collect()
}

fn through(registration: &Registration, mut certificate: Certificate) -> Certificate {
    certificate.contacts = registration.read(certificate.contacts);
    let since = certificate.issuance.issued_at;
    certificate.deeds.extend(registration.deeds.iter().filter(|deed| deed.at >= since).cloned());
    certificate.deeds.sort_by_key(|deed| deed.at);
    certificate
}

/// A head's sort key is what those of its kind start with.
fn is_head(item: &Item) -> bool {
    KINDS.iter().any(|kind| items::is(item, SORT, &keys::kind(*kind)))
}

fn put(table: &str, beneficiary: &BeneficiaryCode, kind: Kind, next: &Registration) -> Result<TransactWriteItem> {
    let mut item = keys::registration(beneficiary, kind);
    let moved = next.moved.iter().map(|(from, to)| (from.clone(), text(to))).collect();
    let deeds = next.deeds.iter().map(items::of_deed).collect::<Result<_>>()?;
    item.insert("moved".to_owned(), AttributeValue::M(moved));
    item.insert(DEEDS.to_owned(), AttributeValue::L(deeds));
    item.insert("revision".to_owned(), number(next.revision));
    let put = Put::builder().table_name(table).set_item(Some(item));
    let put = match next.revision {
        1 => put.condition_expression("attribute_not_exists(PK)"),
        revision => put
            .condition_expression("revision = :before")
            .expression_attribute_values(":before", number(revision.saturating_sub(1))),
    };
    Ok(TransactWriteItem::builder().put(put.build().context("a registration's write")?).build())
}

fn of_item(item: &Item) -> Result<Registration> {
    let moved: &HashMap<String, AttributeValue> =
        item.get("moved").and_then(|moved| moved.as_m().ok()).context("a registration without moves")?;
    let one = |(from, to): (&String, &AttributeValue)| {
        Ok((from.clone(), to.as_s().ok().cloned().context("a move to nowhere")?))
    };
    let revision = item.get("revision").and_then(|value| value.as_n().ok()?.parse().ok());
    Ok(Registration {
        moved: moved.iter().map(one).collect::<Result<_>>()?,
        deeds: items::deeds(item)?,
        revision: revision.context("a registration without revision")?,
    })
}

const KINDS: [Kind; 2] = [Kind::Vaccination, Kind::Test];
/// A transaction takes a hundred writes. A look-up that stays leads to a beneficiary none of whose certificates is registered there any more: to nothing.
const MOST_GONE: usize = 50;
