//! The built verification page, read from its folder.

use anyhow::{Context, Result};
use issuer::page::Page;
use std::{fs, path::Path};

/// The page in the folder that `make page` fills: its files, and those of its folders one level down.
///
/// # Errors
/// When it can't be read, or what lies there is no page.
pub fn page(folder: &Path) -> Result<Page> {
    let mut files = Vec::new();
    read(folder, "", &mut files).context("reading PAGE_DIR")?;
    Page::new(files).context("PAGE_DIR")
}

fn read(folder: &Path, prefix: &str, files: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = format!("{prefix}{}", path.file_name().unwrap_or_default().to_string_lossy());
        // What a link leads to lies outside.
        let kind = path.symlink_metadata()?.file_type();
        if kind.is_file() {
            let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
            files.push((name, bytes));
        } else if kind.is_dir() && prefix.is_empty() {
            read(&path, &format!("{name}/"), files)?;
        }
    }
    Ok(())
}
