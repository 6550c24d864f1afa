//! DIVOC's summary of a person's certificates: who, which vaccine, how far, when.

use crate::{App, Error, fetch::Selection};
use anyhow::anyhow;
use credential::{Facts, facts::Evidence};
use serde::Serialize;
use time::macros::format_description;

/// DIVOC's members. Personal data.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    name: String,
    age: String,
    gender: String,
    /// The document and its number, masked.
    identity: String,
    ref_id: String,
    /// In capitals.
    vaccine: String,
    status: Stage,
    /// The first dose's day, `dd-MM-yyyy`; empty if it is not known.
    date_of_dose1: String,
    /// The day of the dose that completed the course; empty before.
    date_of_dose2: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
enum Stage {
    #[serde(rename = "NOT_VACCINATED")]
    Not,
    #[serde(rename = "PARTIALLY_VACCINATED")]
    Partially,
    #[serde(rename = "FULLY_VACCINATED")]
    Fully,
}

/// The summary of the newest certificate and the doses before it.
pub(super) fn summary(app: &App, selection: &Selection) -> Result<Summary, Error> {
    let printer = app.printer.as_deref().ok_or_else(|| Error::Internal(anyhow!("this process has no printer")))?;
    let newest = selection.certificate.signed.facts();
    let doses: Vec<Facts> = selection.history.iter().map(|certificate| certificate.signed.facts()).collect();
    let doses: Vec<&Evidence> = doses.iter().filter(|facts| !facts.is_test()).filter_map(Facts::evidence).collect();
    let day = |dose: Option<&&Evidence>| {
        let day = dose.and_then(|dose| printer.day(&dose.date));
        day.and_then(|day| day.format(format_description!("[day]-[month]-[year]")).ok()).unwrap_or_default()
    };
    let last = doses.iter().find(|dose| completes(dose));
    let first = doses.first().filter(|dose| dose.dose == 1 || last.is_none());
    let identity = printer.identity(&newest);
    let subject = newest.credential_subject;
    Ok(Summary {
        name: subject.name,
        age: subject.age,
        gender: subject.gender,
        identity,
        ref_id: subject.ref_id,
        vaccine: doses.last().map(|dose| dose.vaccine.to_uppercase()).unwrap_or_default(),
        status: match (doses.is_empty(), last) {
            (true, _) => Stage::Not,
            (false, None) => Stage::Partially,
            (false, Some(_)) => Stage::Fully,
        },
        date_of_dose1: day(first),
        date_of_dose2: day(last),
    })
}

fn completes(dose: &Evidence) -> bool {
    dose.total_doses > 0 && dose.dose >= dose.total_doses
}
