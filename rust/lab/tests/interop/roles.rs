//! One subflow, and joins.

use anyhow::{Result, ensure};

use super::bed::{Opener, Plan, cannot_run};
use super::judge::{Count, LINUX_JOINED, LINUX_WAS_JOINED};
use super::transfer::{FILE, Sender, transfer};

/// A file each way over one path.
fn one_subflow(opener: Opener) -> Result<()> {
    for sender in Sender::BOTH {
        let bed = Plan::new(1).build()?;
        let pair = bed.connect(opener)?;
        transfer(&bed, &pair, sender, FILE, &[])?;
        bed.our_mptcp()?;
        let opened = match opener {
            Opener::Ours => [("MPCapableSYNRX", Count::Sent(1)), ("MPCapableACKRX", Count::Is(1))],
            Opener::Linux => [("MPCapableSYNTX", Count::Sent(1)), ("MPCapableSYNACKRX", Count::Sent(1))],
        };
        bed.judge(&[&opened])?;
        drop(pair);
        bed.all_closed()?;
    }
    Ok(())
}

#[test]
fn one_subflow_as_client() -> Result<()> {
    if cannot_run("one_subflow_as_client") {
        return Ok(());
    }
    one_subflow(Opener::Ours)
}

#[test]
fn one_subflow_as_server() -> Result<()> {
    if cannot_run("one_subflow_as_server") {
        return Ok(());
    }
    one_subflow(Opener::Linux)
}

#[test]
fn we_join_linux() -> Result<()> {
    if cannot_run("we_join_linux") {
        return Ok(());
    }
    for sender in Sender::BOTH {
        let bed = Plan::new(2).extra(false).build()?;
        let pair = bed.connect(Opener::Ours)?;
        let took = transfer(&bed, &pair, sender, FILE, &[])?;
        ensure!(bed.our_mptcp()?.core.joins_opened == 1, "we opened no join");
        bed.judge(&[&LINUX_WAS_JOINED])?;
        bed.both_used(sender, took)?;
        drop(pair);
        bed.all_closed()?;
    }
    Ok(())
}

#[test]
fn linux_joins_us() -> Result<()> {
    if cannot_run("linux_joins_us") {
        return Ok(());
    }
    for sender in Sender::BOTH {
        let bed = Plan::new(2).endpoints("subflow").build()?;
        let pair = bed.connect(Opener::Linux)?;
        let took = transfer(&bed, &pair, sender, FILE, &[])?;
        ensure!(bed.our_mptcp()?.core.joins_accepted == 1, "we accepted no join");
        bed.judge(&[&LINUX_JOINED])?;
        bed.both_used(sender, took)?;
        drop(pair);
        bed.all_closed()?;
    }
    Ok(())
}
