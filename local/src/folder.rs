//! `DATA_DIR`: one process at a time, secrets for the owner alone, nothing half written.

use anyhow::{Context, Result, bail};
use aws_lc_rs::rand;
use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// What keeps nothing, in the place of a folder's path.
pub const MEMORY: &str = ":memory:";

/// The folder of one running service, or none.
#[derive(Debug)]
pub struct Folder {
    path: Option<PathBuf>,
    /// Locked while this lives; the system lets go of it however the process ends.
    _lock: Option<File>,
}

impl Folder {
    /// Takes the folder for this process and makes it if it is not there; `:memory:` takes none.
    ///
    /// # Errors
    /// When another process has it, or it can't be made.
    pub fn take(data: &str) -> Result<Self> {
        if data == MEMORY {
            return Ok(Self { path: None, _lock: None });
        }
        let path = PathBuf::from(data);
        let private = |folder: &Path| DirBuilder::new().recursive(true).mode(0o700).create(folder);
        private(&path.join(KEYS)).with_context(|| format!("making {data}"))?;
        let lock = File::create(path.join("lock")).with_context(|| format!("writing in {data}"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: Some(path), _lock: Some(lock) }),
            Err(TryLockError::WouldBlock) => bail!("{data} is in use by another process"),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("locking {data}")),
        }
    }

    /// Where something lies, if anything is kept.
    pub fn at(&self, name: &str) -> Option<PathBuf> {
        self.path.as_ref().map(|path| path.join(name))
    }

    /// The secret of that name: as it was kept, or new and kept from now on.
    ///
    /// # Errors
    /// When it can't be read, made or kept.
    pub fn secret(&self, name: &str, new: impl FnOnce() -> Result<String>) -> Result<String> {
        let Some(file) = self.at(KEYS).map(|keys| keys.join(name)) else { return new() };
        match fs::read_to_string(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secret = new()?;
                write_private(&file, secret.as_bytes()).with_context(|| format!("keeping {name}"))?;
                Ok(secret)
            }
            read => read.with_context(|| format!("reading {name}")),
        }
    }
}

/// The identity provider's key in `data`, for a command beside the running service.
///
/// # Errors
/// When no service was ever started there.
pub fn secret_of(data: &str, name: &str) -> Result<String> {
    let file = Path::new(data).join(KEYS).join(name);
    fs::read_to_string(file).with_context(|| format!("{data} has no {name}: start the service there first"))
}

/// Writes a file that its owner alone may read: aside, flushed, renamed, so that it is whole or not there.
///
/// # Errors
/// The file system's.
pub fn write_private(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut random = [0; 8];
    rand::fill(&mut random).map_err(io::Error::other)?;
    let aside = file.with_extension(format!("{:016x}", u64::from_le_bytes(random)));
    let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    new.write_all(content)?;
    new.sync_all()?;
    fs::rename(aside, file)?;
    file.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

const KEYS: &str = "keys";

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_is_for_one_process() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        let data = data.to_str().unwrap();
        let first = Folder::take(data).unwrap();
        assert_eq!(Folder::take(data).unwrap_err().to_string(), format!("{data} is in use by another process"));
        drop(first);
        Folder::take(data).unwrap();
    }

    #[test]
    fn secrets_are_the_owners_and_stay() {
        let place = tempfile::tempdir().unwrap();
        let data = place.path().join("data");
        let folder = Folder::take(data.to_str().unwrap()).unwrap();
        assert_eq!(folder.secret("a", || Ok("first".into())).unwrap(), "first");
        assert_eq!(folder.secret("a", || Ok("second".into())).unwrap(), "first");
        let mode = |path: &str| fs::metadata(data.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!([mode(""), mode("keys"), mode("keys/a")], [0o700, 0o700, 0o600]);
        assert_eq!(fs::read_dir(data.join("keys")).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_kept_in_memory() {
        let folder = Folder::take(MEMORY).unwrap();
        assert_eq!(folder.at("records.sqlite"), None);
        assert_eq!(folder.secret("a", || Ok("first".into())).unwrap(), "first");
        assert_eq!(folder.secret("a", || Ok("second".into())).unwrap(), "second");
    }
}
