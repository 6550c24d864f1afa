//! `make page`: the verification page, the portal, the page of shared links, the page for files and the dashboard into `target/page`, as the service hands them out.
//!
//! A page's code, assets and languages go into one folder named by what is in it, so that each may be kept for ever and all change together.
//! Beside it lie the few files whose names must not change. Every file has a packed neighbour (`.gz`). Prints what a browser loads and fails if it is too much.

mod languages;

use crate::languages::{PORTAL, VERIFY};
use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeMap,
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};
use wasm_bindgen_cli_support::Bindgen;

/// Files by name.
type Files = BTreeMap<String, Vec<u8>>;

/// The most bytes that the verification page may take on its way to a browser, packed.
const MOST: usize = 1_500_000;
/// The most bytes that portal and page of shared links together may have unpacked, in one language and without anyone's data.
const MOST_BEFORE_DATA: usize = 100_000;
const LANGUAGES: &str = "languages.json";
const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "browser";

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let fresh = target.join("page.new");
    let _ = fs::remove_dir_all(&fresh);
    write(&verify(&root, &target)?, &fresh)?;
    write(&portal(&root)?, &fresh)?;
    write(&bulk(&root)?, &fresh)?;
    write(&dashboard(&root)?, &fresh)?;
    let built = target.join("page");
    let _ = fs::remove_dir_all(&built);
    fs::rename(&fresh, &built).with_context(|| format!("writing {}", built.display()))
}

/// The verification page, under `verify/`.
fn verify(root: &Path, target: &Path) -> Result<Files> {
    let mut assets = code(root, target)?;
    assets.extend(folder(&root.join("page/static/assets"))?);
    let files = put_together(root, assets, languages::files(root, &VERIFY)?, folder(&root.join("page/static"))?)?;
    let packed = files.values().map(|bytes| Ok(pack(bytes)?.len())).sum::<Result<usize>>()?;
    println!("{packed:>33} bytes, packed, are the verification page");
    ensure!(packed <= MOST, "the verification page is larger than {MOST} bytes");
    Ok(files.into_iter().map(|(name, bytes)| (format!("verify/{name}"), bytes)).collect())
}

/// The portal under `portal/`, and what of the page of shared links is not the portal's under `share/`.
fn portal(root: &Path) -> Result<Files> {
    let assets = folder(&root.join("page/portal/static/assets"))?;
    let words = languages::files(root, &PORTAL)?;
    let largest = words.iter().filter(|(name, _)| *name != LANGUAGES).max_by_key(|(_, bytes)| bytes.len());
    let (largest, _) = largest.context("the portal speaks no language")?;
    let files = put_together(root, assets, words.clone(), folder(&root.join("page/portal/static"))?)?;
    let loaded = files.iter().filter(|(name, _)| {
        let name = name.rsplit('/').next().unwrap_or_default();
        name == LANGUAGES || name == largest || !words.contains_key(name)
    });
    let sizes = loaded.map(|(_, bytes)| Ok((bytes.len(), pack(bytes)?.len()))).collect::<Result<Vec<_>>>()?;
    let (size, packed) = sizes.iter().fold((0, 0), |(size, packed), one| (size + one.0, packed + one.1));
    println!(
        "{size:>9} bytes, packed {packed:>9} bytes, are the portal and the page of shared links before data, in their longest language ({largest})"
    );
    ensure!(size <= MOST_BEFORE_DATA, "the portal is larger than {MOST_BEFORE_DATA} bytes");
    let place =
        |name: String| if name == "share.html" { "share/index.html".to_owned() } else { format!("portal/{name}") };
    Ok(files.into_iter().map(|(name, bytes)| (place(name), bytes)).collect())
}

/// The page for files of many rows, under `bulk/`. It speaks English alone: those who use it read the columns' names.
fn bulk(root: &Path) -> Result<Files> {
    let assets = folder(&root.join("page/bulk/static/assets"))?;
    let files = put_together(root, assets, Files::new(), folder(&root.join("page/bulk/static"))?)?;
    Ok(files.into_iter().map(|(name, bytes)| (format!("bulk/{name}"), bytes)).collect())
}

/// The dashboard, under `dashboard/`; it speaks English alone.
fn dashboard(root: &Path) -> Result<Files> {
    let assets = folder(&root.join("page/dashboard/static/assets"))?;
    let files = put_together(root, assets, Files::new(), folder(&root.join("page/dashboard/static"))?)?;
    Ok(files.into_iter().map(|(name, bytes)| (format!("dashboard/{name}"), bytes)).collect())
}

/// A page's files: assets, languages and what all pages share in a folder named by its content, and beside it `entries`, which are told that name and that list.
fn put_together(root: &Path, mut assets: Files, languages: Files, entries: Files) -> Result<Files> {
    assets.extend(folder(&root.join("page/shared"))?);
    assets.extend(languages);
    let version = version(&[&assets, &entries]);
    let list: Vec<_> = assets.keys().map(|name| format!("\n  '{version}/{name}',")).collect();
    let list = format!("\n  './',\n  'manifest.webmanifest',{}\n", list.concat());
    let mut files: Files = assets.into_iter().map(|(name, bytes)| (format!("{version}/{name}"), bytes)).collect();
    for (name, bytes) in entries {
        let text = String::from_utf8(bytes).with_context(|| format!("{name} is not text"))?;
        files.insert(name, text.replace("{version}", &version).replace("{files}", &list).into_bytes());
    }
    Ok(files)
}

/// The page's crate as WebAssembly, and the module that loads it.
fn code(root: &Path, target: &Path) -> Result<Files> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["build", "--quiet", "--package", "page", "--profile", PROFILE, "--target", TARGET];
    let built = Command::new(cargo).args(arguments).current_dir(root).status().context("starting cargo")?;
    ensure!(built.success(), "the page's code does not compile; if its target is missing: rustup target add {TARGET}");
    let module = target.join(TARGET).join(PROFILE).join("reader.wasm");
    let mut bindgen = Bindgen::new();
    let bound = bindgen
        .input_path(module)
        .out_name("reader")
        .web(true)?
        .omit_default_module_path(false)
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true);
    let mut bound = bound.generate_output().context("binding the page's code to JavaScript")?;
    let alone = bound.snippets().values().all(Vec::is_empty) && bound.local_modules().is_empty();
    ensure!(alone, "the code needs scripts beside its own");
    Ok(Files::from([
        ("reader.js".to_owned(), bound.js().as_bytes().to_vec()),
        ("reader_bg.wasm".to_owned(), bound.wasm_mut().emit_wasm()),
    ]))
}

/// The files that lie in a folder itself.
fn folder(path: &Path) -> Result<Files> {
    let mut files = Files::new();
    for entry in fs::read_dir(path).with_context(|| format!("reading {}", path.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
        }
    }
    Ok(files)
}

/// Names everything that is in the page.
fn version(parts: &[&Files]) -> String {
    let mut hash = Sha256::new();
    for (name, bytes) in parts.iter().flat_map(|files| files.iter()) {
        hash.update(name);
        hash.update([0]);
        hash.update(Sha256::digest(bytes));
    }
    let number = hash.finalize().iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("{number:016x}")
}

/// Writes the files into a folder, each with its packed neighbour.
fn write(files: &Files, folder: &Path) -> Result<()> {
    for (name, bytes) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        fs::write(&path, bytes)?;
        let packed = pack(bytes)?;
        fs::write(folder.join(format!("{name}.gz")), &packed)?;
        if packed.len() >= 4096 {
            println!("{:>9} bytes, packed {:>9}  {name}", bytes.len(), packed.len());
        }
    }
    Ok(())
}

fn pack(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes)?;
    Ok(packed.finish()?)
}
