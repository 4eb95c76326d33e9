//! `mptcp-lab check`

use anyhow::{Result, bail};
use mptcp_lab::netns::{Need, missing};

/// Says whether the interop tests and the demo can run on this machine.
pub(crate) fn run() -> Result<()> {
    let missing = missing(&Need::INTEROP);
    if missing.is_empty() {
        say!("everything that the interop tests need is there");
        return Ok(());
    }
    bail!("the interop tests cannot run here:\n  {}", missing.join("\n  "))
}
