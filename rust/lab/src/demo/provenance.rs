//! When and where the figures came about.

use std::fs;
use std::process::Command;

use serde::Serialize;

use crate::clock::Clock;

/// What tells one report from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// When the demo ended: UTC, as RFC 3339 writes it.
    pub when: String,
    /// The commit of the sources, with `-dirty` if they were changed since; `unknown` where git does not say.
    pub commit: String,
    /// Name and release of the running kernel.
    pub kernel: String,
}

impl Provenance {
    /// Of here and now.
    #[must_use]
    pub fn here() -> Provenance {
        let when = humantime::format_rfc3339_seconds(Clock::time_of_day()).to_string();
        Provenance { when, commit: commit().unwrap_or_else(|| "unknown".into()), kernel: kernel() }
    }
}

/// Of the sources that this program was built from.
fn commit() -> Option<String> {
    let mut git = Command::new("git");
    git.args(["-C", env!("CARGO_MANIFEST_DIR"), "describe", "--always", "--dirty", "--abbrev=10"]);
    let said = git.output().ok().filter(|said| said.status.success())?;
    Some(String::from_utf8_lossy(&said.stdout).trim().to_owned()).filter(|commit| !commit.is_empty())
}

fn kernel() -> String {
    let of = |file: &str| fs::read_to_string(format!("/proc/sys/kernel/{file}"));
    match (of("ostype"), of("osrelease")) {
        (Ok(name), Ok(release)) => format!("{} {}", name.trim(), release.trim()),
        _ => "unknown".into(),
    }
}
