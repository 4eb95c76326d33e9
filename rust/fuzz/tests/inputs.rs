//! Every input of the corpus, and every one that once failed, as an ordinary test: needs no fuzzer.

use std::fs;
use std::path::Path;

fn each(target: &str, run: fn(&[u8])) {
    let mut count = 0;
    for folder in ["corpus", "regressions"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
        let Ok(files) = fs::read_dir(&folder) else { continue };
        for file in files {
            let path = file.unwrap().path();
            println!("{}", path.display());
            run(&fs::read(&path).unwrap());
            count += 1;
        }
    }
    assert!(count > 0, "no inputs for {target}");
}

#[test]
fn options() {
    each("options", mptcp_fuzz::options);
}

#[test]
fn segments() {
    each("segments", mptcp_fuzz::segments);
}

#[test]
fn settings() {
    each("settings", mptcp_fuzz::settings);
}

#[test]
fn links() {
    each("links", mptcp_fuzz::links);
}
