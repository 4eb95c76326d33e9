//! Compiles the C driver of `tests/driver.rs`. The library itself needs no C: nothing is done for the kernel.

use std::env;
use std::path::PathBuf;

fn main() {
    let sources = ["tests/driver.c", "tests/fake_os.c", "tests/fake_tcp.c"];
    for file in sources.iter().chain(&["tests/fake.h", "../../sys/netinet/mptcp_core.h"]) {
        println!("cargo::rerun-if-changed={file}");
    }
    if env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("none") || env::var_os("CARGO_CFG_MIRI").is_some() {
        return;
    }
    cc::Build::new()
        .files(sources)
        .include("../../sys/netinet")
        .std("c11")
        .warnings(true)
        .extra_warnings(true)
        .warnings_into_errors(true)
        .cargo_metadata(false)
        .compile("driver");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    println!("cargo::rustc-link-arg-tests={}", out.join("libdriver.a").display());
}
