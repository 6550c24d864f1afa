//! What messages to people say: a file of words for each language in `messages/`, read when a message first needs it.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::{collections::BTreeMap, sync::OnceLock};

/// A text in a language, or in English where there is no such language; `filled` says what stands for each `{name}` in it.
///
/// # Errors
/// Never in practice: a test reads every file.
pub fn text(language: &str, word: Word, filled: &[(&str, &str)]) -> Result<String> {
    let known = FILES.iter().zip(&READ).find(|((tag, _), _)| *tag == language).or(FILES.iter().zip(&READ).next());
    let ((tag, file), read) = known.context("no languages")?;
    let words = read.get_or_init(|| toml::from_str::<File>(file).map(|file| file.words).unwrap_or_default());
    let text = words.get(&word).with_context(|| format!("messages/{tag}.toml lacks {word:?}"))?;
    Ok(filled.iter().fold(text.clone(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value)))
}

/// A language's file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Who has read it.
    #[allow(dead_code, reason = "for its readers; a test holds its values")]
    review: String,
    words: BTreeMap<Word, String>,
}

macro_rules! words {
    ($($word:ident,)*) => {
        /// What messages say. What each is for stands in `messages/en.toml`.
        #[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
        #[serde(rename_all = "snake_case")]
        #[allow(missing_docs, reason = "the file of words says it")]
        pub enum Word { $($word,)* }

        #[cfg(test)]
        const WORDS: &[Word] = &[$(Word::$word,)*];
    };
}

words! {
    IssuedSms,
    CorrectedSms,
    IssuedSubject,
    CorrectedSubject,
    IssuedMail,
    CorrectedMail,
    StopMail,
    StopQuestion,
    StopButton,
    Stopped,
    SharedSubject,
    SharedMail,
    MovingAwaySms,
    MovedHereSms,
    LogInCode,
    BindNumberCode,
}

macro_rules! files {
    ($($tag:literal)*) => {
        /// English first: it stands in for what is not known.
        const FILES: &[(&str, &str)] = &[$(($tag, include_str!(concat!("../messages/", $tag, ".toml")))),*];
    };
}

files!("en" "ar" "as" "bn" "brx" "doi" "es" "fil" "fr" "gu" "hi" "id" "kn" "kok" "ks" "mai" "ml" "mni" "mr" "ne" "or" "pa" "pt" "sa" "sat" "sd" "si" "ta" "te" "ur");

static READ: [OnceLock<BTreeMap<Word, String>>; FILES.len()] = [const { OnceLock::new() }; FILES.len()];

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: &str) -> File {
        let (_, file) = FILES.iter().find(|(known, _)| *known == tag).unwrap();
        toml::from_str(file).unwrap_or_else(|fault| panic!("messages/{tag}.toml: {fault}"))
    }

    fn placeholders(text: &str) -> Vec<&str> {
        let mut found: Vec<_> = text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn every_language_says_every_word_with_english_s_placeholders() {
        let english = read("en");
        for (tag, _) in FILES {
            let file = read(tag);
            assert!(["reference", "reviewed", "draft"].contains(&file.review.as_str()), "{tag}: {}", file.review);
            for word in WORDS {
                let text = file.words.get(word).unwrap_or_else(|| panic!("{tag} lacks {word:?}"));
                assert!(!text.trim().is_empty(), "{tag}: {word:?} is empty");
                assert_eq!(placeholders(text), placeholders(&english.words[word]), "{tag}: {word:?}");
            }
            assert_eq!(file.words.len(), WORDS.len(), "{tag}");
        }
    }

    #[test]
    fn every_language_of_certificates_has_messages() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../document/languages");
        let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut tags: Vec<_> = names.filter_map(|name| name.strip_suffix(".toml").map(str::to_owned)).collect();
        let mut known: Vec<_> = FILES.iter().map(|(tag, _)| (*tag).to_owned()).collect();
        tags.sort_unstable();
        known.sort_unstable();
        assert_eq!(known, tags);
    }

    #[test]
    fn a_text_message_is_short() {
        let link = "https://certificates.health.example/portal/";
        for (tag, _) in FILES {
            for word in [Word::IssuedSms, Word::CorrectedSms] {
                let text = text(tag, word, &[("link", link)]).unwrap();
                // Three parts of 67 letters, where a letter takes two bytes.
                assert!(text.encode_utf16().count() <= 201, "{tag}: {text}");
                assert!(text.ends_with(link), "{tag}: {text}");
            }
        }
    }

    #[test]
    fn a_code_comes_in_two_parts_at_most() {
        for (tag, _) in FILES {
            for word in [Word::LogInCode, Word::BindNumberCode] {
                let text = text(tag, word, &[("code", "123456")]).unwrap();
                assert_eq!(text.matches("123456").count(), 1, "{tag}: {text}");
                // Two parts have 306 letters of seven bits, or 134 that take two bytes.
                assert!(text.encode_utf16().count() <= if text.is_ascii() { 306 } else { 134 }, "{tag}: {text}");
            }
        }
    }

    #[test]
    fn an_unknown_language_is_english() {
        assert_eq!(text("tlh", Word::StopButton, &[]).unwrap(), "Stop the messages");
        assert_eq!(text("fr", Word::StopMail, &[("stop", "x")]).unwrap(), "Pour ne plus recevoir ces messages : x");
    }
}
