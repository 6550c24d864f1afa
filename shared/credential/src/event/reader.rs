//! Reads a JSON object member by member and collects every fault on the way, each with its JSON Pointer (RFC 6901).
//!
//! A reading that returns `None` has left a fault behind; the caller reads on, so that one answer tells all that is wrong.

use crate::{Code, Fault};
use serde_json::{Map, Value};
use std::{borrow::Cow, cell::RefCell};

/// An object of the body, and where it stands.
pub(super) struct Object<'a> {
    members: &'a Map<String, Value>,
    pointer: String,
    faults: &'a Collector,
}

/// Every fault found so far, in the order of reading.
#[derive(Default)]
pub(super) struct Collector(RefCell<Vec<Fault>>);

/// What a rule says about a value that breaks it.
pub(super) struct Wrong {
    code: Code,
    detail: Cow<'static, str>,
}

impl Wrong {
    /// Why the value is refused.
    #[cfg(test)]
    pub(super) fn code(&self) -> Code {
        self.code
    }
}

/// What a rule makes of a value.
pub(super) type Reading<T> = Result<T, Wrong>;

impl<'a> Object<'a> {
    /// `value` as an object that stands at `pointer`.
    pub(super) fn new(value: &'a Value, pointer: String, faults: &'a Collector) -> Option<Self> {
        match value.as_object() {
            Some(members) => Some(Self { members, pointer, faults }),
            None => faults.add(pointer, wrong(Code::Type, "This must be a JSON object.")),
        }
    }

    /// A member that must be there.
    pub(super) fn required<T>(&self, name: &str, rule: impl FnOnce(&Value) -> Reading<T>) -> Option<T> {
        match self.present(name) {
            Some(value) => self.keep(name, rule(value)),
            None => self.refuse(name, Code::Required, "This member is required and must not be null."),
        }
    }

    /// A member that may be missing or null and is then the default.
    pub(super) fn or_default<T: Default>(&self, name: &str, rule: impl FnOnce(&Value) -> Reading<T>) -> Option<T> {
        self.present(name).map_or_else(|| Some(T::default()), |value| self.keep(name, rule(value)))
    }

    /// An object that must be there, read by `read`.
    pub(super) fn object<T>(&self, name: &str, read: impl FnOnce(&Object<'a>) -> Option<T>) -> Option<T> {
        match self.present(name) {
            Some(value) => Object::new(value, self.at(name), self.faults).and_then(|object| read(&object)),
            None => self.refuse(name, Code::Required, "This object is required and must not be null."),
        }
    }

    /// An object that may be missing or null; what would have been read from it is the default then.
    pub(super) fn object_or_default<T: Default>(
        &self,
        name: &str,
        read: impl FnOnce(&Object<'a>) -> Option<T>,
    ) -> Option<T> {
        if self.present(name).is_none() { Some(T::default()) } else { self.object(name, read) }
    }

    /// A list that may be missing or null and is then empty; `most` entries at most, each read by `rule`.
    pub(super) fn list<T>(&self, name: &str, most: usize, rule: impl Fn(&Value) -> Reading<T>) -> Option<Vec<T>> {
        let kept = self
            .entries(name, most)?
            .iter()
            .enumerate()
            .map(|(index, entry)| self.faults.keep(|| format!("{}/{index}", self.at(name)), rule(entry)));
        // Collected twice: the first `collect` reads every entry, so that no fault is left out; the second asks whether all were kept.
        kept.collect::<Vec<_>>().into_iter().collect()
    }

    /// The same of objects, each read by `read`.
    pub(super) fn objects<T>(
        &self,
        name: &str,
        most: usize,
        read: impl Fn(&Object<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let kept = self.entries(name, most)?.iter().enumerate().map(|(index, entry)| {
            let object = Object::new(entry, format!("{}/{index}", self.at(name)), self.faults)?;
            read(&object)
        });
        kept.collect::<Vec<_>>().into_iter().collect()
    }

    /// A list that must be there, possibly empty.
    pub(super) fn required_list<T>(
        &self,
        name: &str,
        most: usize,
        rule: impl Fn(&Value) -> Reading<T>,
    ) -> Option<Vec<T>> {
        if self.present(name).is_none() {
            return self.refuse(name, Code::Required, "This list is required and must not be null.");
        }
        self.list(name, most, rule)
    }

    /// Records a fault at the member `name`, or at the object itself when `name` is empty.
    pub(super) fn refuse<T>(&self, name: &str, code: Code, detail: impl Into<Cow<'static, str>>) -> Option<T> {
        let pointer = if name.is_empty() { self.pointer.clone() } else { self.at(name) };
        self.faults.add(pointer, wrong(code, detail))
    }

    fn entries(&self, name: &str, most: usize) -> Option<&'a [Value]> {
        let Some(value) = self.present(name) else { return Some(&[]) };
        let Some(entries) = value.as_array() else { return self.refuse(name, Code::Type, "This must be a list.") };
        if entries.len() > most {
            return self.refuse(name, Code::TooLong, format!("This list may have at most {most} entries."));
        }
        Some(entries)
    }

    fn present(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    fn keep<T>(&self, name: &str, reading: Reading<T>) -> Option<T> {
        self.faults.keep(|| self.at(name), reading)
    }

    fn at(&self, name: &str) -> String {
        format!("{}/{}", self.pointer, name.replace('~', "~0").replace('/', "~1"))
    }
}

impl Collector {
    /// Records one fault; always `None`, so that a reading can end with it.
    pub(super) fn add<T>(&self, pointer: String, Wrong { code, detail }: Wrong) -> Option<T> {
        self.0.borrow_mut().push(Fault { pointer, code, detail: detail.into_owned() });
        None
    }

    /// Everything that was recorded.
    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.0.into_inner()
    }

    fn keep<T>(&self, pointer: impl FnOnce() -> String, reading: Reading<T>) -> Option<T> {
        reading.map_or_else(|wrong| self.add(pointer(), wrong), Some)
    }
}

/// A broken rule; `detail` says what would be right and never repeats the value.
pub(super) fn wrong(code: Code, detail: impl Into<Cow<'static, str>>) -> Wrong {
    Wrong { code, detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pointers_escape_tilde_and_slash() {
        let (body, faults) = (json!({}), Collector::default());
        let object = Object::new(&body, "/0".into(), &faults).unwrap();
        let nothing: Option<()> = object.required("a/b~c", |_| Ok(()));
        assert_eq!(nothing, None);
        assert_eq!(faults.into_faults()[0].pointer, "/0/a~1b~0c");
    }

    #[test]
    fn every_entry_of_a_list_is_read_even_after_a_fault() {
        let (body, faults) = (json!({ "list": [1, 2, 3] }), Collector::default());
        let object = Object::new(&body, "/4".into(), &faults).unwrap();
        let odd = |value: &Value| match value.as_u64() {
            Some(2) => Ok(2),
            _ => Err(wrong(Code::Format, "two")),
        };
        assert_eq!(object.list("list", 9, odd), None);
        let pointers: Vec<_> = faults.into_faults().into_iter().map(|fault| fault.pointer).collect();
        assert_eq!(pointers, ["/4/list/0", "/4/list/2"]);
    }

    #[test]
    fn null_is_absent() {
        let (body, faults) = (json!({ "a": null }), Collector::default());
        let object = Object::new(&body, String::new(), &faults).unwrap();
        assert_eq!(object.or_default("a", |_| Ok(1)), Some(0));
        assert_eq!(object.required("a", |_| Ok(1)), None);
        assert_eq!(faults.into_faults()[0].code, Code::Required);
    }
}
