//! `src/abi.rs` is what bindgen makes of the header today.
//!
//! `MPTCP_UPDATE_ABI=1 cargo test -p mptcp-kern --test abi` writes it anew. Needs libclang (Debian: libclang-dev).

use std::io::{self, Write};
use std::panic;
use std::path::Path;

const HEAD: &str = "\
// Generated from sys/netinet/mptcp_core.h by `MPTCP_UPDATE_ABI=1 cargo test -p mptcp-kern --test abi`.
// Committed, so that building the kernel object needs no libclang. Do not edit.
";

fn generated() -> String {
    let header = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sys/netinet/mptcp_core.h");
    let header = header.to_str().expect("the repository's path is UTF-8");
    let bindings = bindgen::Builder::default()
        .header(header)
        // The kernel's machines are LP64, and no type of the header depends on more than that.
        .clang_args(["-std=c99", "--target=x86_64-unknown-freebsd", "-ffreestanding", "-isystem"])
        .clang_arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/include"))
        .allowlist_item("[mM][pP][tT][cC][pP]_.*")
        .allowlist_recursively(false)
        .blocklist_function("mptcp_core_errno")
        .use_core()
        .generate_comments(false)
        .layout_tests(true)
        .disable_header_comment()
        .rust_target(bindgen::RustTarget::stable(85, 0).expect("bindgen knows Rust 1.85"))
        .rust_edition(bindgen::RustEdition::Edition2024)
        .generate()
        .expect("bindgen reads mptcp_core.h");
    format!("{HEAD}\n{bindings}")
}

/// Whether there is no libclang, which bindgen says by a panic. The line is for `tools/run-tests`.
fn skip(test: &str) -> bool {
    let missing = panic::catch_unwind(bindgen::clang_version).is_err();
    if missing {
        let reason = "libclang is missing: run `apt-get install libclang1-19`";
        assert!(std::env::var("MPTCP_NO_SKIP").as_deref() != Ok("1"), "{test} may not be skipped: {reason}");
        // Not eprintln!: the test harness would keep it to itself.
        let _ = writeln!(io::stderr(), "SKIPPED {test}: {reason}");
    }
    missing
}

#[test]
fn the_generated_file_is_up_to_date() {
    if skip("the_generated_file_is_up_to_date") {
        return;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/abi.rs");
    let fresh = generated();
    if std::env::var_os("MPTCP_UPDATE_ABI").is_some() {
        std::fs::write(&file, &fresh).expect("src/abi.rs can be written");
    }
    let committed = std::fs::read_to_string(&file).expect("src/abi.rs can be read");
    assert!(
        committed == fresh,
        "src/abi.rs is stale: run `MPTCP_UPDATE_ABI=1 cargo test -p mptcp-kern --test abi` and commit it"
    );
}
