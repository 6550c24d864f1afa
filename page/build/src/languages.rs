//! The page's languages: its own words (`page/languages/*.json`) and the labels that it shares with printed certificates (`shared/document/languages/*.toml`).

use crate::Files;
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, fs, path::Path};

/// The words that printed certificates have too.
const SHARED: [&str; 35] = [
    "certificate_id",
    "name",
    "age",
    "birth_date",
    "gender",
    "nationality",
    "identity",
    "beneficiary_id",
    "vaccine",
    "vaccine_type",
    "manufacturer",
    "batch",
    "date",
    "dose",
    "dose_of",
    "country",
    "valid_from",
    "valid_until",
    "vaccinator",
    "facility",
    "disease",
    "test_type",
    "test_name",
    "test_result",
    "sample_origin",
    "sample_date",
    "result_date",
    "laboratory",
    "tester",
    "male",
    "female",
    "positive",
    "negative",
    "inconclusive",
    "void",
];

/// `{tag}.json` of each language, and `languages.json` that lists them by name, English first.
///
/// # Errors
/// When a language lacks a word, has one too many, or has other placeholders than English; the error says which.
pub(crate) fn files(root: &Path) -> Result<Files> {
    let english = own(root, "en")?;
    let mut files = Files::new();
    let mut list = Vec::new();
    for tag in tags(root)? {
        let own = own(root, &tag)?;
        same_words(&english, &own).with_context(|| format!("page/languages/{tag}.json"))?;
        let (language, name) = merged(root, &tag, own)?;
        files.insert(format!("{tag}.json"), language.to_string().into_bytes());
        list.push((tag != "en", json!({ "tag": tag, "name": name })));
    }
    list.sort_by_key(|(later, _)| *later);
    let list: Vec<_> = list.into_iter().map(|(_, language)| language).collect();
    files.insert("languages.json".into(), Value::from(list).to_string().into_bytes());
    Ok(files)
}

/// The languages of printed certificates, all of which the page must have.
fn tags(root: &Path) -> Result<BTreeSet<String>> {
    let named = |folder: &str, extension: &str| -> Result<BTreeSet<String>> {
        let entries = fs::read_dir(root.join(folder))?.collect::<std::io::Result<Vec<_>>>()?;
        let names = entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned());
        Ok(names.filter_map(|name| name.strip_suffix(extension).map(str::to_owned)).collect())
    };
    let (printed, own) = (named("shared/document/languages", ".toml")?, named("page/languages", ".json")?);
    let odd: Vec<_> = printed.symmetric_difference(&own).collect();
    ensure!(odd.is_empty(), "page/languages and shared/document/languages differ: {odd:?}");
    Ok(own)
}

fn own(root: &Path, tag: &str) -> Result<Map<String, Value>> {
    let path = root.join(format!("page/languages/{tag}.json"));
    let text = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("reading {}", path.display()))
}

fn same_words(english: &Map<String, Value>, other: &Map<String, Value>) -> Result<()> {
    let names = |words: &Map<String, Value>| words.keys().cloned().collect::<BTreeSet<_>>();
    let odd: Vec<_> = names(english).symmetric_difference(&names(other)).cloned().collect();
    ensure!(odd.is_empty(), "other words than English: {odd:?}");
    for (name, word) in other {
        let (text, reference) = (word.as_str().unwrap_or_default(), english.get(name).and_then(Value::as_str));
        ensure!(!text.trim().is_empty(), "{name} is empty");
        let same = placeholders(text) == placeholders(reference.unwrap_or_default());
        ensure!(same, "{name} has other placeholders than English");
    }
    Ok(())
}

/// `{age}` and the like, in any order.
fn placeholders(text: &str) -> Vec<&str> {
    let mut found: Vec<_> = text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
    found.sort_unstable();
    found
}

/// What the browser loads, and the language's name.
fn merged(root: &Path, tag: &str, mut own: Map<String, Value>) -> Result<(Value, String)> {
    let path = root.join(format!("shared/document/languages/{tag}.toml"));
    let printed: toml::Table = toml::from_str(&fs::read_to_string(&path)?)?;
    let text = |name: &str| -> Result<String> {
        let value = printed.get(name).and_then(toml::Value::as_str);
        Ok(value.with_context(|| format!("{} has no {name}", path.display()))?.to_owned())
    };
    let words = printed.get("words").and_then(toml::Value::as_table).context("a language has words")?;
    for name in SHARED {
        let word = words.get(name).and_then(toml::Value::as_str);
        let word = word.with_context(|| format!("{} has no {name}", path.display()))?;
        ensure!(own.insert(name.to_owned(), word.into()).is_none(), "{name} is a word of printed certificates already");
    }
    let review = own.remove("review").context("it does not say who reviewed it")?;
    let language = json!({
        "tag": tag, "direction": text("direction")?, "review": review, "months": printed.get("months"), "dateForm": text("date")?, "words": own,
    });
    Ok((language, text("name")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &Value) -> Map<String, Value> {
        text.as_object().unwrap().clone()
    }

    #[test]
    fn every_language_says_what_english_says() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let files = files(&root).unwrap();
        let list: Vec<Value> = serde_json::from_slice(&files["languages.json"]).unwrap();
        assert_eq!(list[0], json!({ "tag": "en", "name": "English" }));
        assert_eq!((files.len(), list.len()), (31, 30));
        for language in &list[1..] {
            let read: Value =
                serde_json::from_slice(&files[&format!("{}.json", language["tag"].as_str().unwrap())]).unwrap();
            assert!(read["review"] == "draft" || read["review"] == "reviewed", "{language}");
            assert_eq!(read["months"].as_array().unwrap().len(), 12, "{language}");
        }
    }

    #[test]
    fn a_language_with_other_words_or_placeholders_is_refused() {
        let english = words(&json!({ "age": "{age} ago", "stop": "Stop" }));
        let fault = |other: Value| same_words(&english, &words(&other)).unwrap_err().to_string();
        assert_eq!(fault(json!({ "age": "il y a {age}" })), "other words than English: [\"stop\"]");
        assert_eq!(fault(json!({ "age": "il y a", "stop": "Stop" })), "age has other placeholders than English");
        assert_eq!(fault(json!({ "age": "{age}", "stop": " " })), "stop is empty");
        assert!(same_words(&english, &words(&json!({ "stop": "Arrêt", "age": "il y a {age}" }))).is_ok());
    }
}
