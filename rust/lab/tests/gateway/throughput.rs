//! How much of the paths an iperf3 gets.

use anyhow::Result;
use mptcp_lab::measure::{counters, demo_paths};
use mptcp_lab::netns::Side;

use super::bed::{Bed, cannot_run};

/// Seconds of each transfer: long enough for slow start not to count.
const SECONDS: u32 = 8;
/// More than the better path alone can carry, with room: both carry data. How much more is measured by the
/// interop tests against Linux, and by the demo.
const BOTH_PATHS_MBIT: f64 = 24.0;
/// A busy machine gets another chance.
const TRIES: u32 = 3;

fn fills_both(ours: bool, reverse: bool) -> Result<()> {
    let mut best: f64 = 0.0;
    for _ in 0..TRIES {
        best = best.max(measure(ours, reverse)?);
        if best > BOTH_PATHS_MBIT {
            return Ok(());
        }
    }
    anyhow::bail!("ours {ours} reverse {reverse}: {best} Mbit/s at best")
}

fn measure(ours: bool, reverse: bool) -> Result<f64> {
    let bed = Bed::new(demo_paths(), |_| {})?;
    let mbit = bed.iperf(ours, reverse, SECONDS)?;
    let stats = bed.gateway.stats()?;
    let kernel = counters(bed.testbed.host(Side::B))?;
    println!("ours {ours} reverse {reverse}: {mbit:.2} Mbit/s {:?}", kernel.nonzero("MPTcpExt"));
    println!("{stats:#?}");
    for name in ["MPTcpExtMPJoinAckHMacFailure", "MPTcpExtDataCsumErr", "MPTcpExtMPFallbackTokenInit"] {
        assert_eq!(kernel.get(name), 0, "{name}");
    }
    Ok(mbit)
}

#[test]
fn our_client_fills_both_paths() -> Result<()> {
    if cannot_run("our_client_fills_both_paths") {
        return Ok(());
    }
    for reverse in [false, true] {
        fills_both(true, reverse)?;
    }
    Ok(())
}

#[test]
fn our_server_fills_both_paths() -> Result<()> {
    if cannot_run("our_server_fills_both_paths") {
        return Ok(());
    }
    for reverse in [false, true] {
        fills_both(false, reverse)?;
    }
    Ok(())
}
