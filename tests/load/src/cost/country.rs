//! Events of a whole country: what is counted depends on how many states a batch of them has, and how many districts a state.

use issuer::ports::{Dimension, Fact, FactKind};
use serde_json::{Value, json};
use tests::people;

/// The event of a person's first dose, in one of all districts.
pub(crate) fn event(person: u64) -> Value {
    let (district, state) = (person / 36 % DISTRICTS, usize::try_from(person % 36).unwrap_or_default());
    let mut event = people::event(person, 1);
    if let Some(address) = event.pointer_mut("/facility/address") {
        address["state"] = json!(STATES.get(state));
        address["district"] = json!(district_name(district));
    }
    event
}

/// Facts like these of every district and of all that is done in a day's course: with them, counters are as large as they become.
pub(crate) fn a_day_of(facts: &[Fact]) -> Vec<Fact> {
    let kinds = [FactKind::Issued, FactKind::Fetched, FactKind::Verified];
    let there = |fact: &Fact, kind: FactKind, district: u64| {
        let mut there = Fact { id: format!("{}-{}-{district}", fact.id, kind.as_str()), kind, ..fact.clone() };
        there.values.insert(Dimension::District, district_name(district));
        there
    };
    let of_district =
        |district| kinds.iter().flat_map(move |kind| facts.iter().map(move |fact| there(fact, *kind, district)));
    (0..DISTRICTS).flat_map(of_district).collect()
}

fn district_name(number: u64) -> String {
    format!("Sample District {number}")
}

/// Districts of a state: India has some 790 in all.
const DISTRICTS: u64 = 22;

const STATES: [&str; 36] = [
    "Andaman and Nicobar Islands",
    "Andhra Pradesh",
    "Arunachal Pradesh",
    "Assam",
    "Bihar",
    "Chandigarh",
    "Chhattisgarh",
    "Dadra and Nagar Haveli",
    "Daman and Diu",
    "Delhi",
    "Goa",
    "Gujarat",
    "Haryana",
    "Himachal Pradesh",
    "Jammu and Kashmir",
    "Jharkhand",
    "Karnataka",
    "Kerala",
    "Ladakh",
    "Lakshadweep",
    "Madhya Pradesh",
    "Maharashtra",
    "Manipur",
    "Meghalaya",
    "Mizoram",
    "Nagaland",
    "Odisha",
    "Punjab",
    "Rajasthan",
    "Sikkim",
    "Tamil Nadu",
    "Telangana",
    "Tripura",
    "Uttar Pradesh",
    "Uttarakhand",
    "West Bengal",
];
