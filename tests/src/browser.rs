//! Chromium, driven by a program of `page/tests` as people use a page.

use std::{path::Path, process::Command};

/// Runs the program on a service; the folder holds what it needs, and what it leaves to be looked at.
///
/// # Panics
/// When something is missing, or the program says that the page failed.
#[allow(clippy::expect_used, clippy::print_stdout, reason = "a test that can't drive its browser has failed")]
pub async fn drive(program: &str, folder: &Path, url: &str) {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../page/tests").join(program);
    assert!(
        program.with_file_name("node_modules").is_dir(),
        "what drives the browser is not installed: use `make test`"
    );
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
    assert!(
        Path::new(&chromium).exists(),
        "{chromium} is missing: install Debian's package chromium, or name a browser in CHROMIUM"
    );
    let mut command = Command::new("node");
    command.arg(program).arg(url).arg(folder).env("CHROMIUM", chromium);
    let driven = tokio::task::spawn_blocking(move || command.output().expect("node runs")).await;
    let driven = driven.expect("the program ends");
    let (said, wrong) = (String::from_utf8_lossy(&driven.stdout), String::from_utf8_lossy(&driven.stderr));
    println!("{said}");
    assert!(driven.status.success(), "{said}\n{wrong}");
}
