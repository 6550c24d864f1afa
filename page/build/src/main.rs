//! `make page`: the verification page into `target/page`, as the service hands it out.
//!
//! The code for browsers, the assets and the languages go into one folder named by what is in it, so that each may be kept for ever and all change together.
//! Beside it lie the few files whose names must not change. Every file has a packed neighbour (`.gz`). Prints what a browser loads and fails if it is too much.

mod languages;

use anyhow::{Context, Result, bail, ensure};
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

/// The most bytes that the whole page may take on its way to a browser, packed.
const MOST: usize = 1_500_000;
const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "browser";

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);

    let mut assets = code(&root, &target)?;
    assets.extend(folder(&root.join("page/static/assets"))?);
    assets.extend(languages::files(&root)?);
    let entries = folder(&root.join("page/static"))?;
    let version = version(&[&assets, &entries]);

    let list: Vec<_> = assets.keys().map(|name| format!("\n  '{version}/{name}',")).collect();
    let list = format!("\n  './',\n  'manifest.webmanifest',{}\n", list.concat());
    let mut files: Files = assets.into_iter().map(|(name, bytes)| (format!("{version}/{name}"), bytes)).collect();
    for (name, bytes) in entries {
        let text = String::from_utf8(bytes).with_context(|| format!("{name} is not text"))?;
        files.insert(name, text.replace("{version}", &version).replace("{files}", &list).into_bytes());
    }
    write(&files, &target.join("page"))
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

/// Puts the files in the place of `folder`, each with its packed neighbour.
fn write(files: &Files, folder: &Path) -> Result<()> {
    let fresh = folder.with_extension("new");
    let _ = fs::remove_dir_all(&fresh);
    let mut total = 0;
    for (name, bytes) in files {
        let path = fresh.join(name);
        fs::create_dir_all(path.parent().context("a file has a folder")?)?;
        fs::write(&path, bytes)?;
        let packed = pack(bytes)?;
        total += packed.len();
        fs::write(fresh.join(format!("{name}.gz")), &packed)?;
        if packed.len() >= 4096 {
            println!("{:>9} bytes, packed {:>9}  {name}", bytes.len(), packed.len());
        }
    }
    println!("{total:>33} bytes in all, {} files", files.len());
    if total > MOST {
        bail!("the page is larger than {MOST} bytes");
    }
    let _ = fs::remove_dir_all(folder);
    fs::rename(&fresh, folder).with_context(|| format!("writing {}", folder.display()))
}

fn pack(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(bytes)?;
    Ok(packed.finish()?)
}
