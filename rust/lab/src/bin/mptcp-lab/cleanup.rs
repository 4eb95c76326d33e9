//! `mptcp-lab cleanup`

use anyhow::Result;
use mptcp_lab::netns;

/// Removes what dead runs left behind and says what that was.
pub(crate) fn run() -> Result<()> {
    let removed = netns::remove_stale()?;
    match removed.len() {
        0 => say!("nothing to remove"),
        n => say!("removed {n} namespaces: {}", removed.join(", ")),
    }
    Ok(())
}
