//! A request's JSON object, read member by member: all its faults are collected, each with its JSON Pointer, so that one answer tells all that is wrong.

use crate::Error;
use credential::{Code, Fault, Faults};
use serde_json::{Map, Value};
use std::ops::RangeInclusive;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

/// The members of a body, and what is wrong with those that were read so far.
pub(crate) struct Body<'b> {
    members: Option<&'b Map<String, Value>>,
    faults: Vec<Fault>,
}

impl<'b> Body<'b> {
    pub(crate) fn of(body: &'b Value) -> Self {
        let mut read = Self { members: body.as_object(), faults: Vec::new() };
        if read.members.is_none() {
            read.fault("", Code::Type, "it is no JSON object");
        }
        read
    }

    pub(crate) fn fault(&mut self, pointer: &str, code: Code, detail: impl Into<String>) {
        self.faults.push(Fault { pointer: pointer.to_owned(), code, detail: detail.into() });
    }

    /// What was read, if nothing was wrong.
    pub(crate) fn done<T>(self, read: Option<T>) -> Result<T, Error> {
        match read {
            Some(read) if self.faults.is_empty() => Ok(read),
            _ => Err(Error::Invalid(Faults(self.faults))),
        }
    }

    /// The text of a member; a fault where it is something else.
    pub(crate) fn text(&mut self, name: &str) -> Option<&'b str> {
        let value = self.member(name)?;
        if value.as_str().is_none() {
            self.fault(&format!("/{name}"), Code::Type, "it is no text");
        }
        value.as_str()
    }

    /// The text of a member that must be there.
    pub(crate) fn required(&mut self, name: &str) -> Option<&'b str> {
        if self.member(name).is_none() { self.missing(name) } else { self.text(name) }
    }

    /// The text of a member, if it has that many characters.
    pub(crate) fn text_of(&mut self, name: &str, length: RangeInclusive<usize>) -> Option<&'b str> {
        let text = self.text(name)?;
        let characters = text.chars().count();
        if length.contains(&characters) {
            return Some(text);
        }
        let code = if characters < *length.start() { Code::TooShort } else { Code::TooLong };
        self.fault(&format!("/{name}"), code, format!("it has not {} to {} characters", length.start(), length.end()));
        None
    }

    /// The whole number of a member, if it lies in the range.
    pub(crate) fn number(&mut self, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.member(name)?;
        let number = value.as_u64();
        let code = match number {
            Some(number) if range.contains(&number) => return Some(number),
            Some(number) if number > *range.end() => Code::TooLarge,
            Some(_) => Code::TooSmall,
            None => Code::Type,
        };
        self.fault(
            &format!("/{name}"),
            code,
            format!("it is no whole number from {} to {}", range.start(), range.end()),
        );
        None
    }

    /// The same of a member that must be there.
    pub(crate) fn required_number(&mut self, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        if self.member(name).is_none() { self.missing(name) } else { self.number(name, range) }
    }

    pub(crate) fn time(&mut self, name: &str) -> Option<OffsetDateTime> {
        let time = OffsetDateTime::parse(self.text(name)?, &Rfc3339).ok();
        let time = time.and_then(|time| time.checked_to_offset(UtcOffset::UTC));
        if time.is_none() {
            self.fault(
                &format!("/{name}"),
                Code::Format,
                "it is no RFC 3339 time with offset, such as 2026-12-31T23:59:59Z",
            );
        }
        time
    }

    /// One of the words that `all` are called; `usual` where none is given.
    pub(crate) fn word<T: Copy, const N: usize>(
        &mut self,
        name: &str,
        all: [T; N],
        of: fn(T) -> &'static str,
        usual: T,
    ) -> T {
        let Some(word) = self.text(name) else { return usual };
        let known = all.into_iter().find(|one| of(*one) == word);
        if known.is_none() {
            self.fault(&format!("/{name}"), Code::Enum, format!("it is none of {}", all.map(of).join(", ")));
        }
        known.unwrap_or(usual)
    }

    /// A member that is there; null is not.
    pub(crate) fn member(&self, name: &str) -> Option<&'b Value> {
        self.members?.get(name).filter(|value| !value.is_null())
    }

    /// A body that is no object has been called so already.
    pub(crate) fn missing<T>(&mut self, name: &str) -> Option<T> {
        if self.members.is_some() {
            self.fault(&format!("/{name}"), Code::Required, "it is missing");
        }
        None
    }
}
