//! From an event back to the request that it was read from, member by member.

use super::{
    dates::write_day,
    identity::Identity,
    parts::{Address, Birth, Recipient},
};
use crate::Contact;
use serde_json::{Map, Value, json};

/// `recipient`: read again, it is the same person to the letter. Personal data.
pub(super) fn recipient(recipient: &Recipient) -> Value {
    let mut members = Map::from_iter([
        ("name".to_owned(), json!(recipient.name.as_str())),
        ("gender".to_owned(), json!(recipient.gender.as_str())),
        ("nationality".to_owned(), json!(recipient.nationality.as_str())),
        ("identity".to_owned(), json!(identity(&recipient.identity))),
        ("contact".to_owned(), recipient.contacts.iter().map(contact).collect()),
    ]);
    let (day, age) = match recipient.birth {
        Birth::Day(day) => (Some(day), None),
        Birth::Age(age) => (None, Some(age)),
        Birth::DayAndAge(day, age) => (Some(day), Some(age)),
        Birth::Unknown => (None, None),
    };
    members.extend(day.map(|day| ("dob".to_owned(), json!(write_day(day)))));
    members.extend(age.map(|age| ("age".to_owned(), json!(age.to_string()))));
    members.extend(address(&recipient.address).map(|address| ("address".to_owned(), address)));
    members.into()
}

fn identity(identity: &Identity) -> &str {
    match identity {
        Identity::Iri(text) | Identity::Number(text) => text,
        Identity::Unknown => "NA",
    }
}

fn contact(contact: &Contact) -> String {
    match contact {
        Contact::Telephone(digits) => format!("tel:+{digits}"),
        Contact::Email(address) => format!("email:{address}"),
    }
}

/// None where all of it is empty: the schema let it be absent.
fn address(address: &Address) -> Option<Value> {
    let Address { line1, line2, district, city, state, country, postal_code } = address;
    let is_there = ![line1, line2, district, city, state, country, postal_code].iter().all(|text| text.is_empty());
    is_there.then(|| {
        json!({
            "addressLine1": line1.as_str(),
            "addressLine2": line2.as_str(),
            "district": district.as_str(),
            "city": city.as_str(),
            "state": state.as_str(),
            "country": country.as_str(),
            "pincode": postal_code.as_str(),
        })
    })
}
