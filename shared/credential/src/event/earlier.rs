//! Earlier doses as a later report tells them (`meta.vaccinations[]`, which India's systems send along), and the correction that makes an earlier certificate
//! say what the report does.

use super::{
    Schema, SlotKey,
    dates::{begins_after, day, past_instant, utc, write_day, write_instant},
    reader::{Collector, Object, Reading, wrong},
    values::{Text, dose, text},
};
use crate::{Code, Dose, Facts, facts};
use serde_json::{Map, Value, json};
use time::{Date, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// What a report says of a dose that was given before the one it reports. What it leaves open is empty. Personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct EarlierDose {
    dose: Dose,
    batch: Text,
    name: Text,
    manufacturer: Text,
    given: Option<Given>,
}

/// When a dose was given: reports say the day, or the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Given {
    On(Date),
    At(OffsetDateTime),
}

/// One thing that a certificate and a later report say differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The member of `vaccination`: `batch`, `name`, `manufacturer` or `date`.
    pub member: &'static str,
    /// What the certificate says.
    pub certified: String,
    /// What the report says.
    pub reported: String,
}

impl EarlierDose {
    /// As [`EarlierDose::told`] wrote it.
    pub fn read(told: &Value, now: OffsetDateTime) -> Option<Self> {
        let faults = Collector::default();
        earlier_dose(&Object::new(told, String::new(), &faults)?, now)?.pop()
    }

    /// The members of the report, for keeping.
    pub fn told(&self) -> Value {
        json!({
            "dose": self.dose.number(),
            "batch": self.batch.as_str(),
            "name": self.name.as_str(),
            "manufacturer": self.manufacturer.as_str(),
            "date": self.given.map(Given::written).unwrap_or_default(),
        })
    }

    /// Which dose.
    pub fn dose(&self) -> Dose {
        self.dose
    }

    /// Where the certificate says something else. Texts are compared as they are written, times by their day, in UTC or in `zone`: a report says the day on
    /// which people went there, a certificate the moment.
    pub fn differences(&self, certified: &Facts, zone: UtcOffset) -> Vec<Difference> {
        let Some(evidence) = certified.evidence() else { return Vec::new() };
        let texts = [
            ("batch", &evidence.batch, &self.batch),
            ("name", &evidence.vaccine, &self.name),
            ("manufacturer", &evidence.manufacturer, &self.manufacturer),
        ];
        let differ = |(_, certified, reported): &(&str, &String, &Text)| {
            !reported.is_empty() && certified.as_str() != reported.as_str()
        };
        let mut differences: Vec<Difference> = texts
            .into_iter()
            .filter(differ)
            .map(|(member, certified, reported)| Difference {
                member,
                certified: certified.clone(),
                reported: reported.as_str().to_owned(),
            })
            .collect();
        if let Some(given) = self.given.filter(|given| !given.agrees_with(&evidence.date, zone)) {
            differences.push(Difference {
                member: "date",
                certified: evidence.date.clone(),
                reported: given.written(),
            });
        }
        differences
    }

    /// The request that corrects the certificate, in the schema of the certificate: vaccine, batch, manufacturer and day as they were reported, the person
    /// (`recipient`, as [`super::Event::recipient`] writes it) as the later report has them, all else as it was certified.
    pub fn correction(&self, slot: &SlotKey, recipient: &Value, certified: &Facts, zone: UtcOffset) -> Value {
        let evidence = certified.evidence().cloned().unwrap_or_default();
        let or = |reported: &Text, certified: &str| {
            if reported.is_empty() { certified.to_owned() } else { reported.as_str().to_owned() }
        };
        let given = self.given.filter(|given| !given.agrees_with(&evidence.date, zone));
        let mut request = Map::from_iter([
            ("preEnrollmentCode".to_owned(), json!(slot.beneficiary.as_str())),
            ("programId".to_owned(), json!(slot.programme.as_str())),
            ("recipient".to_owned(), recipient.clone()),
            (
                "vaccination".to_owned(),
                json!({
                    "name": or(&self.name, &evidence.vaccine),
                    "batch": or(&self.batch, &evidence.batch),
                    "manufacturer": or(&self.manufacturer, &evidence.manufacturer),
                    "date": given.map_or(evidence.date, Given::moment),
                    "effectiveStart": evidence.effective_start,
                    "effectiveUntil": evidence.effective_until,
                    "dose": self.dose.number(),
                    "totalDoses": evidence.total_doses,
                }),
            ),
        ]);
        if !evidence.verifier.name.is_empty() {
            request.insert("vaccinator".to_owned(), json!({ "name": evidence.verifier.name }));
        }
        let mut facility = Map::from_iter([("name".to_owned(), json!(evidence.facility.name))]);
        facility.extend(address(&evidence.facility.address).map(|address| ("address".to_owned(), address)));
        request.insert("facility".to_owned(), facility.into());
        request.into()
    }
}

impl Given {
    fn written(self) -> String {
        match self {
            Self::On(day) => write_day(day),
            Self::At(instant) => write_instant(instant),
        }
    }

    /// For a day that was told without a time: noon, which has that date nearly everywhere on earth.
    fn moment(self) -> String {
        match self {
            Self::On(day) => write_instant(day.midnight().assume_utc() + time::Duration::hours(12)),
            Self::At(instant) => write_instant(instant),
        }
    }

    fn agrees_with(self, certified: &str, zone: UtcOffset) -> bool {
        let Ok(certified) = OffsetDateTime::parse(certified, &Rfc3339) else { return false };
        [UtcOffset::UTC, zone].into_iter().any(|zone| {
            let day = |instant: OffsetDateTime| instant.to_offset(zone).date();
            match self {
                Self::On(reported) => day(certified) == reported,
                Self::At(reported) => day(certified) == day(reported),
            }
        })
    }
}

/// `meta.vaccinations[]` of an event for `reported`: of each earlier dose the last that is told.
pub(super) fn earlier_doses(
    event: &Object<'_>,
    schema: Schema,
    reported: Option<Dose>,
    now: OffsetDateTime,
) -> Option<Vec<EarlierDose>> {
    event.object_or_default("meta", |meta| {
        if schema == Schema::Test {
            return Some(Vec::new());
        }
        let told = meta.objects("vaccinations", MOST, |entry| earlier_dose(entry, now))?;
        let mut kept: Vec<EarlierDose> = Vec::new();
        for told in told.into_iter().flatten().filter(|told| reported.is_some_and(|reported| told.dose < reported)) {
            kept.retain(|other| other.dose != told.dose);
            kept.push(told);
        }
        Some(kept)
    })
}

/// More doses than anyone has had.
const MOST: usize = 50;

/// One entry; none, as with DIVOC, where it names no batch or no dose: such entries are fillers, and nothing else of them is looked at.
fn earlier_dose(entry: &Object<'_>, now: OffsetDateTime) -> Option<Vec<EarlierDose>> {
    let batch = entry.or_default("batch", text)?;
    let number = entry.or_default("dose", |value| if is_none(value) { Ok(None) } else { dose(value).map(Some) })?;
    let Some(dose) = number.filter(|_| !batch.as_str().trim().is_empty()) else { return Some(Vec::new()) };
    let name = entry.or_default("name", text);
    let manufacturer = entry.or_default("manufacturer", text);
    let given = entry.or_default("date", |value| given(value, now));
    Some(vec![EarlierDose { dose, batch, name: name?, manufacturer: manufacturer?, given: given? }])
}

/// `0`, or nothing in quotes: DIVOC's fillers.
fn is_none(dose: &Value) -> bool {
    dose.as_i64() == Some(0) || dose.as_str().is_some_and(|text| text.is_empty() || text == "0")
}

fn given(value: &Value, now: OffsetDateTime) -> Reading<Option<Given>> {
    if value.as_str() == Some("") {
        return Ok(None);
    }
    match day(value) {
        Ok(day) if begins_after(day, utc(now)) => Err(wrong(Code::Format, "This date lies in the future.")),
        Ok(day) => Ok(Some(Given::On(day))),
        Err(_) => past_instant(value, now).map(|instant| Some(Given::At(instant))),
    }
}

/// An address of a credential as requests write it; none where there is nothing in it but a country, which the service adds by itself.
fn address(address: &facts::Address) -> Option<Value> {
    let facts::Address {
        street_address,
        street_address2,
        district,
        city,
        address_region,
        address_country,
        postal_code,
    } = address;
    if [street_address, street_address2, district, city, address_region, postal_code].iter().all(|text| text.is_empty())
    {
        return None;
    }
    Some(json!({
        "addressLine1": street_address,
        "addressLine2": street_address2,
        "district": district,
        "city": city,
        "state": address_region,
        "country": address_country,
        "pincode": postal_code,
    }))
}
