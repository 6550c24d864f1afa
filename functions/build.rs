//! Leaves the tables for unwinding a stack out of what is deployed: nothing unwinds there (`panic = "abort"`), and they are 360 kB of certificate_pdf's zip. The
//! compiler's own switch, `-C force-unwind-tables=no`, leaves all of them in where the program is optimised as a whole together with the standard library.
//!
//! A panic still says what and where; only the list of calls that `RUST_BACKTRACE` asks for is empty.

fn main() {
    println!("cargo:rerun-if-changed=no-unwind-tables.ld");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|found| found == value);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{}/no-unwind-tables.ld", env!("CARGO_MANIFEST_DIR"));
    }
}
