//! The built pages, read from their folder.

use anyhow::{Context, Result};
use issuer::page::Page;
use std::{fs, path::Path};

/// The pages in the folder that `make page` fills: their files, and those of their folders of one version each.
///
/// # Errors
/// When it can't be read, or a page is missing.
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
        } else if kind.is_dir() && prefix.matches('/').count() < 2 {
            read(&path, &format!("{name}/"), files)?;
        }
    }
    Ok(())
}
