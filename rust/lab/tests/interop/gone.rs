//! The only path is gone, and what is on the way has forgotten it: our host joins anew (`docs/DECISIONS.md`, 67).

use anyhow::{Result, ensure};
use std::thread;
use std::time::Duration;

use super::bed::{Bed, Opener, Plan, cannot_run};
use super::judge::Count;
use super::transfer::{Sender, transfer};

const BYTES: u64 = 24 << 20;
/// What the path takes for it at 60 Mbit/s, and what TCP loses at its start and after the outage.
const ALONE: Duration = Duration::from_secs(6);
const DOWN: Duration = Duration::from_millis(1500);
/// Longest outage after the path is there again.
const BAR: Duration = Duration::from_secs(3);

/// The router restarts: nothing passes for a while, and then it gives each flow that it sees a new port. Linux answers segments of
/// the old subflow with a RST, and sends to a port that nobody knows.
#[test]
fn a_nat_that_forgets_its_flows() -> Result<()> {
    if cannot_run("a_nat_that_forgets_its_flows") {
        return Ok(());
    }
    let down = |bed: &Bed| {
        bed.path_up(0, false)?;
        thread::sleep(DOWN);
        bed.path_up(0, true)
    };
    for sender in Sender::BOTH {
        let plan = Plan::over(&["rate=60mbit,delay=3ms,queue=128k"]).middlebox(0, "nat:v4=10.73.0.77,idle=700ms");
        let bed = plan.build()?;
        let pair = bed.connect(Opener::Ours)?;
        let took = transfer(&bed, &pair, sender, BYTES, &[(BYTES / 3, &down)])?;
        let stats = bed.our_mptcp()?;
        ensure!(stats.core.rescues >= 1, "{sender:?}: no rescue: {:?}\n{}", stats.core, bed.knows());
        ensure!(took < ALONE + DOWN + BAR, "{sender:?}: {took:?}\n{}", bed.knows());
        let joins = [("MPJoinSynRx", Count::AtLeast(1)), ("MPJoinAckRx", Count::AtLeast(1))];
        let quiet = ["MPRstRx", "MPRstTx", "MPJoinRejected"].map(|name| (name, Count::Any));
        bed.judge(&[&joins, &quiet])?;
    }
    Ok(())
}
