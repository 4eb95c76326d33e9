//! ADD_ADDR and REMOVE_ADDR from both sides.

use anyhow::{Context, Result, ensure};
use mptcp_core::config::AddressList;
use mptcp_lab::netns::Side;

use super::bed::{Bed, Opener, Plan, cannot_run};
use super::judge::{Count, LINUX_JOINED, LINUX_WAS_JOINED};
use super::transfer::{FILE, Sender, transfer};

/// ADD_ADDR from us, echoed by Linux, which joins.
/// One that is sent again may be dropped, as Linux has the first still before it.
const WE_ANNOUNCE: [(&str, Count); 3] =
    [("AddAddr", Count::Sent(1)), ("EchoAddTx", Count::Sent(1)), ("AddAddrDrop", Count::Any)];
/// ADD_ADDR from Linux, echoed by us.
const LINUX_ANNOUNCES: [(&str, Count); 2] = [("AddAddrTx", Count::Sent(1)), ("EchoAdd", Count::Sent(1))];

#[test]
fn we_announce_an_address() -> Result<()> {
    if cannot_run("we_announce_an_address") {
        return Ok(());
    }
    for sender in Sender::BOTH {
        let bed = Plan::new(2).extra(false).build()?;
        let pair = bed.connect(Opener::Linux)?;
        let took = transfer(&bed, &pair, sender, FILE, &[])?;
        let core = bed.our_mptcp()?.core;
        ensure!(core.joins_accepted == 1, "{core:?}");
        // It is sent again, and answered again, until an echo has come.
        ensure!((1..=core.add_addr_sent).contains(&core.add_addr_echoed), "{core:?}");
        bed.judge(&[&WE_ANNOUNCE, &LINUX_JOINED])?;
        bed.both_used(sender, took)?;
        drop(pair);
        bed.all_closed()?;
    }
    Ok(())
}

#[test]
fn linux_announces_an_address() -> Result<()> {
    if cannot_run("linux_announces_an_address") {
        return Ok(());
    }
    for sender in Sender::BOTH {
        let bed = Plan::new(2).endpoints("signal").build()?;
        let pair = bed.connect(Opener::Ours)?;
        let took = transfer(&bed, &pair, sender, FILE, &[])?;
        let core = bed.our_mptcp()?.core;
        ensure!(core.joins_opened == 1 && core.add_addr_received >= 1, "{core:?}");
        bed.judge(&[&LINUX_ANNOUNCES, &LINUX_WAS_JOINED])?;
        bed.both_used(sender, took)?;
        drop(pair);
        bed.all_closed()?;
    }
    Ok(())
}

fn forget_ours(bed: &Bed) -> Result<()> {
    bed.gateway.with_host(|host, _, now| host.set_mp_addresses(AddressList::EMPTY, now))
}

fn forget_linux(bed: &Bed) -> Result<()> {
    let linux = bed.testbed.host(Side::B);
    let shown = linux.ip("mptcp endpoint show")?;
    let words: Vec<&str> = shown.split_whitespace().collect();
    let id = words.iter().position(|w| *w == "id").and_then(|at| words.get(at + 1)).context("no endpoint")?;
    linux.ip(&format!("mptcp endpoint delete id {id}")).map(drop)
}

#[test]
fn we_remove_an_address() -> Result<()> {
    if cannot_run("we_remove_an_address") {
        return Ok(());
    }
    for sender in Sender::BOTH {
        let bed = Plan::new(2).extra(false).build()?;
        let pair = bed.connect(Opener::Ours)?;
        transfer(&bed, &pair, sender, FILE, &[(FILE / 2, &forget_ours)])?;
        bed.until("the subflow of the removed address has gone", |s| s.subflows.len() == 1)?;
        bed.our_mptcp()?;
        // We say it on every subflow; Linux may have seen our FIN before. It drops the second if it has not got round
        // to the first, and resets what it removes if that has not come to its end in time.
        let removed = [("RmAddr", Count::AtLeast(1))];
        let busy = ["RmSubflow", "RmAddrDrop", "MPRstTx"].map(|name| (name, Count::Any));
        bed.judge(&[&LINUX_WAS_JOINED, &removed, &busy])?;
        drop(pair);
        bed.all_closed()?;
    }
    Ok(())
}

#[test]
fn linux_removes_an_address() -> Result<()> {
    if cannot_run("linux_removes_an_address") {
        return Ok(());
    }
    for sender in Sender::BOTH {
        let bed = Plan::new(2).endpoints("subflow").build()?;
        let pair = bed.connect(Opener::Linux)?;
        transfer(&bed, &pair, sender, FILE, &[(FILE / 2, &forget_linux)])?;
        let core = bed.our_mptcp()?.core;
        ensure!(core.remove_addr_received >= 1, "no REMOVE_ADDR from Linux\n{}", bed.knows());
        // Linux closes the subflow, or resets it if that does not come to its end in time.
        let removed = [("RmAddrTx", Count::Sent(1)), ("RmSubflow", Count::Any), ("MPRstTx", Count::Any)];
        bed.judge(&[&LINUX_JOINED, &removed])?;
        drop(pair);
        bed.all_closed()?;
    }
    Ok(())
}
