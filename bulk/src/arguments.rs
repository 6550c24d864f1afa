//! What the command is asked for.

use std::{ffi::OsString, path::PathBuf};

/// What stands on the command line.
pub(crate) enum Asked {
    ToBring(Arguments),
    ForHelp,
}

pub(crate) struct Arguments {
    /// Where the service is.
    pub(crate) service: String,
    /// The file with the bearer token: on a command line everyone on the machine could read it.
    pub(crate) token: PathBuf,
    /// The rows report tests.
    pub(crate) tests: bool,
    /// The upload that goes on.
    pub(crate) upload: Option<String>,
    /// Goes on although the first rows are all wrong.
    pub(crate) go_on: bool,
    pub(crate) file: PathBuf,
}

pub(crate) const USAGE: &str =
    "usage: bulk --service URL --token FILE [--tests] [--upload ID] [--yes] FILE.csv      (bulk --help says more)";

pub(crate) const HELP: &str = "\
bulk --service URL --token FILE [--tests] [--upload ID] [--yes] FILE.csv

Brings DIVOC's CSV of vaccinations to the service and waits until its rows are certified. What fails comes back in FILE.errors.csv, to be mended and brought again.

--service URL   where the service is, such as https://certificates.example
--token FILE    the file with the bearer token of a certifier, a facility's administrator or an administrator
--tests         the rows are results of tests
--upload ID     goes on with an upload that was interrupted
--yes           goes on although the first rows are all wrong

Exit code: 0 if every row is certified, 1 if some are not, 2 if the command can't be understood or the service refuses.";

/// Reads the command line.
///
/// # Errors
/// Says what cannot be understood.
pub(crate) fn read(mut words: impl Iterator<Item = OsString>) -> Result<Asked, String> {
    let (mut service, mut token, mut upload, mut file) = (None, None, None, None);
    let (mut tests, mut go_on) = (false, false);
    while let Some(word) = words.next() {
        let mut value = |name: &str| words.next().ok_or_else(|| format!("{name} needs a value"));
        match word.to_str() {
            Some("--help" | "-h") => return Ok(Asked::ForHelp),
            Some("--service") => service = Some(text(value("--service")?)?),
            Some("--token") => token = Some(PathBuf::from(value("--token")?)),
            Some("--upload") => upload = Some(text(value("--upload")?)?),
            Some("--tests") => tests = true,
            Some("--yes") => go_on = true,
            Some(option) if option.starts_with("--") => return Err(format!("{option} is no option")),
            _ if file.is_some() => return Err("one file at a time".into()),
            _ => file = Some(PathBuf::from(word)),
        }
    }
    Ok(Asked::ToBring(Arguments {
        service: service.ok_or("--service is missing")?.trim_end_matches('/').to_owned(),
        token: token.ok_or("--token is missing")?,
        tests,
        upload,
        go_on,
        file: file.ok_or("the file is missing")?,
    }))
}

fn text(word: OsString) -> Result<String, String> {
    word.into_string().map_err(|_| "an option's value is no text".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Result<Asked, String> {
        read(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn what_is_missing_or_unknown_is_said() {
        for (line, fault) in [
            ("", "--service is missing"),
            ("--service", "--service needs a value"),
            ("--service http://127.0.0.1:1 rows.csv", "--token is missing"),
            ("--service http://127.0.0.1:1 --token t", "the file is missing"),
            ("a.csv b.csv", "one file at a time"),
            ("--resume", "--resume is no option"),
        ] {
            assert_eq!(said(line).err().as_deref(), Some(fault), "{line}");
        }
    }

    #[test]
    fn options_stand_in_any_order() {
        let asked = said("rows.csv --yes --upload 7 --token t --tests --service https://a.example/").unwrap();
        let Asked::ToBring(read) = asked else { panic!("it was no question for help") };
        assert_eq!((read.service.as_str(), read.upload.as_deref()), ("https://a.example", Some("7")));
        assert!(read.tests && read.go_on && matches!(said("--help"), Ok(Asked::ForHelp)));
    }
}
