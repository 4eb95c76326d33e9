//! Every input of the corpus, every one that once failed, and seeded random ones, as an ordinary test: needs
//! no fuzzer, and keeps the targets building.

use std::fs;
use std::path::Path;

use mptcp_lab::link::LinkRng;
use rand::{Rng, RngExt, SeedableRng};

/// Random inputs of each target.
const RANDOM: u64 = 1000;
/// Longest random input in octets.
const LONGEST: usize = 400;

fn each(target: &str, run: fn(&[u8])) {
    for folder in ["corpus", "regressions"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(target);
        let Ok(files) = fs::read_dir(&folder) else { continue };
        for file in files {
            let path = file.unwrap().path();
            println!("{}", path.display());
            run(&fs::read(&path).unwrap());
        }
    }
    for seed in 0..RANDOM {
        let mut random = LinkRng::seed_from_u64(seed);
        let mut input = vec![0; random.random_range(0..=LONGEST)];
        random.fill_bytes(&mut input);
        println!("seed {seed}");
        run(&input);
    }
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
