//! Loss and reordering on both paths.

use anyhow::{Result, ensure};

use super::bed::{Opener, Plan, cannot_run};
use super::judge::{LINUX_JOINED, LINUX_WAS_JOINED};
use super::transfer::{FILE, Sender, transfer};

const LOSSY: &str = "rate=160mbit,delay=2ms,queue=256k,loss=1%,reorder=1%,reorder_delay=3ms";

#[test]
fn loss_and_reordering_on_both_paths() -> Result<()> {
    if cannot_run("loss_and_reordering_on_both_paths") {
        return Ok(());
    }
    for opener in Opener::BOTH {
        for sender in Sender::BOTH {
            let plan = Plan::over(&[LOSSY; 2]);
            let (plan, joined) = match opener {
                Opener::Ours => (plan.extra(false), LINUX_WAS_JOINED),
                Opener::Linux => (plan.endpoints("subflow"), LINUX_JOINED),
            };
            let bed = plan.build()?;
            let pair = bed.connect(opener)?;
            transfer(&bed, &pair, sender, FILE, &[])?;
            bed.our_mptcp()?;
            // A lost SYN or ACK of a join is sent again, and counted again.
            let joined = joined.map(|(name, _)| (name, super::judge::Count::AtLeast(1)));
            bed.judge(&[&joined])?;
            let lost: u64 =
                bed.testbed.bridge().counters()?.iter().flatten().map(|c| c.dropped_loss.min(c.reordered)).sum();
            ensure!(lost > 100, "the paths lost or reordered next to nothing");
            drop(pair);
        }
    }
    Ok(())
}
