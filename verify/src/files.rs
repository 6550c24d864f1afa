//! Files and the files in folders.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Every file of the given paths, folders walked and sorted by name. Links to folders are not followed, for they may lead round in a circle.
pub(crate) fn walk(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in paths {
        add(path, &mut files).map_err(|fault| format!("{}: {fault}", path.display()))?;
    }
    Ok(files)
}

fn add(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !fs::metadata(path)?.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let entries: io::Result<Vec<_>> = fs::read_dir(path)?.collect();
    let mut entries = entries?;
    entries.retain(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        if kind.is_dir() {
            add(&entry.path(), files)?;
        } else if kind.is_file() || (kind.is_symlink() && !entry.path().is_dir()) {
            files.push(entry.path());
        }
    }
    Ok(())
}
