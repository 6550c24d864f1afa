//! The pages' languages: their own words (JSON) and the labels that they share with printed certificates (`shared/document/languages/*.toml`).

use crate::Files;
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, fs, path::Path};

/// The words of the verification page that printed certificates have too.
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

/// The words of a page: where its own lie, and which it takes from elsewhere.
pub(crate) struct Vocabulary {
    /// The folder with its own words.
    pub(crate) folder: &'static str,
    /// Words of printed certificates.
    pub(crate) printed: &'static [&'static str],
    /// Words of another page: its vocabulary, and what a word is called here and there.
    pub(crate) borrowed: Option<(&'static Vocabulary, &'static [(&'static str, &'static str)])>,
}

/// The verification page's.
pub(crate) const VERIFY: Vocabulary = Vocabulary { folder: "page/languages", printed: &SHARED, borrowed: None };

/// The portal's, and that of the page of shared links.
pub(crate) const PORTAL: Vocabulary = Vocabulary {
    folder: "page/portal/languages",
    printed: &[
        "name",
        "certificate_id",
        "birth_date",
        "gender",
        "vaccine",
        "date",
        "dose",
        "dose_of",
        "facility",
        "sample_date",
        "test_result",
        "test_title",
    ],
    borrowed: Some((
        &VERIFY,
        &[
            ("language", "language"),
            ("draft", "draft"),
            ("valid", "valid"),
            ("revoked", "revoked"),
            ("suspended", "suspended"),
            ("superseded", "superseded"),
            ("superseded_next", "superseded_next"),
            ("until", "until"),
            ("paste_label", "paste_label"),
            ("check_title", "title"),
        ],
    )),
};

/// `{tag}.json` of each language, and `languages.json` that lists them by name, English first.
///
/// # Errors
/// When a language lacks a word, has one too many, or has other placeholders than English; the error says which.
pub(crate) fn files(root: &Path, vocabulary: &Vocabulary) -> Result<Files> {
    let english = own(root, vocabulary, "en")?;
    let mut files = Files::new();
    let mut list = Vec::new();
    for tag in tags(root, vocabulary)? {
        let mut words = own(root, vocabulary, &tag)?;
        same_words(&english, &words).with_context(|| format!("{}/{tag}.json", vocabulary.folder))?;
        if let Some((other, names)) = &vocabulary.borrowed {
            let theirs = own(root, other, &tag)?;
            for (here, there) in *names {
                let word = theirs.get(*there).with_context(|| format!("{}/{tag}.json has no {there}", other.folder))?;
                ensure!(
                    words.insert((*here).to_owned(), word.clone()).is_none(),
                    "{here} is a word of {}",
                    other.folder
                );
            }
        }
        let (language, name) = merged(root, vocabulary, &tag, words)?;
        files.insert(format!("{tag}.json"), language.to_string().into_bytes());
        list.push((tag != "en", json!({ "tag": tag, "name": name })));
    }
    list.sort_by_key(|(later, _)| *later);
    let list: Vec<_> = list.into_iter().map(|(_, language)| language).collect();
    files.insert("languages.json".into(), Value::from(list).to_string().into_bytes());
    Ok(files)
}

/// The languages of printed certificates, all of which a page must have.
fn tags(root: &Path, vocabulary: &Vocabulary) -> Result<BTreeSet<String>> {
    let named = |folder: &str, extension: &str| -> Result<BTreeSet<String>> {
        let entries = fs::read_dir(root.join(folder))?.collect::<std::io::Result<Vec<_>>>()?;
        let names = entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned());
        Ok(names.filter_map(|name| name.strip_suffix(extension).map(str::to_owned)).collect())
    };
    let (printed, own) = (named("shared/document/languages", ".toml")?, named(vocabulary.folder, ".json")?);
    let odd: Vec<_> = printed.symmetric_difference(&own).collect();
    ensure!(odd.is_empty(), "{} and shared/document/languages differ: {odd:?}", vocabulary.folder);
    Ok(own)
}

fn own(root: &Path, vocabulary: &Vocabulary, tag: &str) -> Result<Map<String, Value>> {
    let path = root.join(format!("{}/{tag}.json", vocabulary.folder));
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
fn merged(root: &Path, vocabulary: &Vocabulary, tag: &str, mut own: Map<String, Value>) -> Result<(Value, String)> {
    let path = root.join(format!("shared/document/languages/{tag}.toml"));
    let printed: toml::Table = toml::from_str(&fs::read_to_string(&path)?)?;
    let text = |name: &str| -> Result<String> {
        let value = printed.get(name).and_then(toml::Value::as_str);
        Ok(value.with_context(|| format!("{} has no {name}", path.display()))?.to_owned())
    };
    let words = printed.get("words").and_then(toml::Value::as_table).context("a language has words")?;
    for name in vocabulary.printed {
        let word = words.get(*name).and_then(toml::Value::as_str);
        let word = word.with_context(|| format!("{} has no {name}", path.display()))?;
        ensure!(
            own.insert((*name).to_owned(), word.into()).is_none(),
            "{name} is a word of printed certificates already"
        );
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
        for vocabulary in [VERIFY, PORTAL] {
            let files = files(&root, &vocabulary).unwrap();
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
