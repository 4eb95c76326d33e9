//! Paths that die and come back.

use anyhow::{Result, ensure};

use super::bed::{Bed, Opener, Plan, cannot_run};
use super::judge::{Count, LINUX_JOINED, LINUX_WAS_JOINED};
use super::transfer::{FILE, Sender, transfer};

fn cut_first(bed: &Bed) -> Result<()> {
    bed.path_up(0, false)
}

#[test]
fn first_path_cut_for_good() -> Result<()> {
    if cannot_run("first_path_cut_for_good") {
        return Ok(());
    }
    for opener in Opener::BOTH {
        for sender in Sender::BOTH {
            let plan = Plan::new(2);
            let (plan, joined) = match opener {
                Opener::Ours => (plan.extra(false), LINUX_WAS_JOINED),
                Opener::Linux => (plan.endpoints("subflow"), LINUX_JOINED),
            };
            let bed = plan.build()?;
            let pair = bed.connect(opener)?;
            transfer(&bed, &pair, sender, FILE, &[(FILE / 2, &cut_first)])?;
            bed.our_mptcp()?;
            bed.judge(&[&joined])?;
        }
    }
    Ok(())
}

/// The second path is cut, and its subflow reset by a box as an impatient NAT would; when the path is
/// whole again it is joined again and used.
#[test]
fn a_path_healed_is_joined_again() -> Result<()> {
    if cannot_run("a_path_healed_is_joined_again") {
        return Ok(());
    }
    for sender in Sender::BOTH {
        let bed = Plan::over(&["rate=60mbit,delay=3ms,queue=128k"; 2]).extra(false).build()?;
        let pair = bed.connect(Opener::Ours)?;
        let lose = |bed: &Bed| {
            bed.path_up(1, false)?;
            let addr = mptcp_lab::netns::address(mptcp_lab::netns::Side::A, 1, false);
            bed.gateway.with_host(move |host, _, _| host.address_lost(addr))
        };
        let find = |bed: &Bed| {
            bed.path_up(1, true)?;
            let addr = mptcp_lab::netns::address(mptcp_lab::netns::Side::A, 1, false);
            bed.gateway.with_host(move |host, _, now| host.address_back(addr, now))
        };
        let carried = std::cell::Cell::new([0; 2]);
        let note = |bed: &Bed| {
            carried.set(bed.carried(1)?);
            Ok(())
        };
        transfer(&bed, &pair, sender, FILE, &[(FILE / 4, &lose), (FILE / 2, &note), (FILE / 2, &find)])?;
        let stats = bed.our_mptcp()?;
        ensure!(stats.core.rejoins >= 1, "not joined again: {:?}\n{}", stats.core, bed.knows());
        let way = usize::from(sender == Sender::Linux);
        let more = bed.carried(1)?[way] - carried.get()[way];
        ensure!(more > FILE / 50, "only {more} bytes over the path after it was healed\n{}", bed.knows());
        let joins = [("MPJoinSynRx", Count::AtLeast(2)), ("MPJoinAckRx", Count::AtLeast(2))];
        let quiet = ["RmAddr", "MPRstRx", "MPRstTx", "MPJoinRejected"].map(|name| (name, Count::Any));
        bed.judge(&[&joins, &quiet])?;
        drop(pair);
        bed.all_closed()?;
    }
    Ok(())
}

/// A short outage that nobody is told of: the stalled subflow is not used, and used again afterwards.
#[test]
fn a_short_outage_is_survived() -> Result<()> {
    if cannot_run("a_short_outage_is_survived") {
        return Ok(());
    }
    for sender in Sender::BOTH {
        let bed = Plan::over(&["rate=40mbit,delay=3ms,queue=128k"; 2]).extra(false).build()?;
        let pair = bed.connect(Opener::Ours)?;
        let carried = std::cell::Cell::new([0; 2]);
        let heal = |bed: &Bed| {
            carried.set(bed.carried(0)?);
            bed.path_up(0, true)
        };
        transfer(&bed, &pair, sender, FILE, &[(FILE / 4, &cut_first), (FILE / 3, &heal)])?;
        bed.our_mptcp()?;
        bed.judge(&[&[("MPJoinSynRx", Count::AtLeast(1)), ("MPJoinAckRx", Count::AtLeast(1))]])?;
        let way = usize::from(sender == Sender::Linux);
        let more = bed.carried(0)?[way] - carried.get()[way];
        ensure!(more > FILE / 50, "only {more} bytes over the path after it was healed\n{}", bed.knows());
        drop(pair);
        bed.all_closed()?;
    }
    Ok(())
}
