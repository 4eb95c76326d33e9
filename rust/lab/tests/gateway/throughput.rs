//! How much of the paths an iperf3 gets.

use anyhow::{Result, bail, ensure};
use mptcp_lab::measure::{Freedom, Watch, counters, demo_paths};
use mptcp_lab::netns::{Side, not_judged};

use super::bed::{Bed, cannot_run};

/// Seconds of each transfer: long enough for slow start not to count.
const SECONDS: u32 = 8;
/// More than the better path alone can carry, with room: both carry data. How much more is measured by the
/// interop tests against Linux, and by the demo.
const BOTH_PATHS_MBIT: f64 = 24.0;
/// What either path must carry at least, in bytes, however busy the machine is: far more than handshakes and ACKs.
const EITHER_PATH: u64 = 200_000;
/// A run on a busy machine does not count; there are so many.
const TRIES: u32 = 3;

fn fills_both(test: &str, ours: bool, reverse: bool) -> Result<()> {
    let mut short = Vec::new();
    let mut busy = String::new();
    for _ in 0..TRIES {
        let (mbit, freedom) = measure(ours, reverse)?;
        if mbit > BOTH_PATHS_MBIT {
            return Ok(());
        }
        if freedom.is_free() {
            short.push(mbit);
        } else {
            busy = format!("{mbit:.1} Mbit/s; {freedom}");
        }
    }
    if busy.is_empty() {
        bail!("ours {ours} reverse {reverse}: {short:?} Mbit/s on a free machine");
    }
    not_judged(test, &format!("reverse {reverse}: {busy}"));
    Ok(())
}

fn measure(ours: bool, reverse: bool) -> Result<(f64, Freedom)> {
    let bed = Bed::new(demo_paths(), |_| {})?;
    let watch = Watch::start();
    let mbit = bed.iperf(ours, reverse, SECONDS)?;
    let freedom = watch.stop();
    let stats = bed.gateway.stats()?;
    let kernel = counters(bed.testbed.host(Side::B))?;
    println!("ours {ours} reverse {reverse}: {mbit:.2} Mbit/s; {freedom}; {:?}", kernel.nonzero("MPTcpExt"));
    println!("{stats:#?}");
    for name in ["MPTcpExtMPJoinAckHMacFailure", "MPTcpExtDataCsumErr", "MPTcpExtMPFallbackTokenInit"] {
        ensure!(kernel.get(name) == 0, "{name}");
    }
    let carried: Vec<u64> = bed
        .testbed
        .bridge()
        .counters()?
        .iter()
        .map(|path| path.iter().map(|way| way.delivered_bytes).max().unwrap_or(0))
        .collect();
    ensure!(carried.iter().all(|bytes| *bytes > EITHER_PATH), "bytes over the paths: {carried:?}");
    Ok((mbit, freedom))
}

#[test]
fn our_client_fills_both_paths() -> Result<()> {
    if cannot_run("our_client_fills_both_paths") {
        return Ok(());
    }
    for reverse in [false, true] {
        fills_both("our_client_fills_both_paths", true, reverse)?;
    }
    Ok(())
}

#[test]
fn our_server_fills_both_paths() -> Result<()> {
    if cannot_run("our_server_fills_both_paths") {
        return Ok(());
    }
    for reverse in [false, true] {
        fills_both("our_server_fills_both_paths", false, reverse)?;
    }
    Ok(())
}
