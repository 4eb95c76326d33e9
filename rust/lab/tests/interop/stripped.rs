//! Middleboxes that strip MPTCP options, and a peer that has none.

use std::io::{Read, Write};
use std::thread;

use anyhow::{Result, ensure};
use mptcp_lab::link::LinkRng;
use rand::{Rng, SeedableRng};

use super::bed::{Opener, Plan, cannot_run};
use super::judge::{Count, LIMIT};
use super::transfer::{FILE, Sender, transfer};

/// Linux's names for "this is plain TCP now", where the handshake decides.
const HANDSHAKE: [&str; 5] =
    ["MPCapableFallbackACK", "MPCapableFallbackSYNACK", "MPCapableDataFallback", "DssFallback", "Blackhole"];

/// All options, from the first megabyte of a connection on.
const STRIPPED: &str = "strip:after=1m";

/// A file each way; the connection must have become plain TCP, and `fell` of [`HANDSHAKE`] say so in Linux.
fn plain(plan: impl Fn() -> Plan, opener: Opener, fell: Count) -> Result<()> {
    for sender in Sender::BOTH {
        let bed = plan().build()?;
        let pair = bed.connect(opener)?;
        transfer(&bed, &pair, sender, FILE, &[])?;
        let stats = bed.our_conn()?;
        ensure!(!stats.is_mptcp && stats.fallback.is_some(), "not plain TCP\n{}", bed.knows());
        let counted = bed.linux()?;
        let total = HANDSHAKE.iter().map(|name| counted.get(&format!("MPTcpExt{name}"))).sum::<u64>();
        ensure!(fell.admits(total), "Linux fell back {total} times, not {fell:?}\n{}", bed.knows());
        let any = HANDSHAKE.map(|name| (name, Count::Any));
        bed.judge(&[&any])?;
    }
    Ok(())
}

#[test]
fn stripped_from_the_syn() -> Result<()> {
    if cannot_run("stripped_from_the_syn") {
        return Ok(());
    }
    let plan = || Plan::new(1).middlebox(0, "strip:on=syn");
    plain(plan, Opener::Ours, Count::Is(0))?;
    plain(plan, Opener::Linux, Count::Is(1))
}

#[test]
fn stripped_from_the_syn_ack() -> Result<()> {
    if cannot_run("stripped_from_the_syn_ack") {
        return Ok(());
    }
    let plan = || Plan::new(1).middlebox(0, "strip:on=synack");
    plain(plan, Opener::Ours, Count::Is(1))?;
    plain(plan, Opener::Linux, Count::Is(1))
}

#[test]
fn stripped_from_the_third_ack() -> Result<()> {
    if cannot_run("stripped_from_the_third_ack") {
        return Ok(());
    }
    let plan = || Plan::new(1).middlebox(0, "strip:on=thirdack");
    plain(plan, Opener::Ours, Count::Is(1))?;
    plain(plan, Opener::Linux, Count::AtLeast(1))
}

/// From the first megabyte on, all options of a connection are stripped, both ways, while we send.
#[test]
fn stripped_in_mid_connection_from_us() -> Result<()> {
    if cannot_run("stripped_in_mid_connection_from_us") {
        return Ok(());
    }
    for opener in Opener::BOTH {
        let bed = Plan::new(1).middlebox(0, STRIPPED).build()?;
        let pair = bed.connect(opener)?;
        transfer(&bed, &pair, Sender::Ours, FILE, &[])?;
        let stats = bed.our_conn()?;
        ensure!(!stats.is_mptcp && stats.fallback.is_some(), "not plain TCP\n{}", bed.knows());
    }
    Ok(())
}

/// The same while Linux sends. Linux waits for DATA_ACKs for ever then (mptcp_net-next issue 518), and after a while it
/// sends what it sent before as new bytes of the only path. So the subflow is reset, and a join, whose first megabyte
/// passes again, carries on: not a byte is wrong or missing.
#[test]
fn stripped_in_mid_connection_from_linux() -> Result<()> {
    if cannot_run("stripped_in_mid_connection_from_linux") {
        return Ok(());
    }
    for opener in Opener::BOTH {
        let bed = Plan::new(1).middlebox(0, STRIPPED).build()?;
        let pair = bed.connect(opener)?;
        let mut sent = vec![0; (1 << 20) + 200_000];
        LinkRng::seed_from_u64(3).fill_bytes(&mut sent);
        let mut arrived = Vec::new();
        pair.linux.set_write_timeout(Some(LIMIT))?;
        pair.ours.set_read_timeout(Some(LIMIT))?;
        thread::scope(|scope| {
            scope.spawn(|| (&pair.linux).write_all(&sent));
            // An error is an honest answer where no join came about.
            let _ = (&pair.ours).take(sent.len() as u64).read_to_end(&mut arrived);
        });
        ensure!(sent.starts_with(&arrived), "what arrived is not what was sent\n{}", bed.knows());
        ensure!(arrived.len() > 1 << 19, "only {} octets arrived\n{}", arrived.len(), bed.knows());
        let fallback = bed.our_conn().ok().and_then(|stats| stats.fallback);
        ensure!(fallback.is_none(), "plain TCP\n{}", bed.knows());
    }
    Ok(())
}

#[test]
fn linux_peer_without_mptcp() -> Result<()> {
    if cannot_run("linux_peer_without_mptcp") {
        return Ok(());
    }
    for opener in Opener::BOTH {
        plain(|| Plan::new(2).extra(false).plain_kernel(), opener, Count::Is(0))?;
    }
    plain(|| Plan::new(1).sysctl("net.mptcp.enabled", "0").plain_kernel(), Opener::Ours, Count::Is(0))
}

#[test]
fn our_side_without_mptcp() -> Result<()> {
    if cannot_run("our_side_without_mptcp") {
        return Ok(());
    }
    for (opener, fell) in [(Opener::Ours, Count::Is(0)), (Opener::Linux, Count::Is(1))] {
        for sender in Sender::BOTH {
            let bed = Plan::new(1).build_with(|host| host.mptcp.enable = false)?;
            let pair = bed.connect(opener)?;
            transfer(&bed, &pair, sender, FILE, &[])?;
            ensure!(!bed.our_conn()?.is_mptcp, "MPTCP although it is off");
            bed.judge(&[&[("MPCapableFallbackSYNACK", fell)]])?;
        }
    }
    Ok(())
}
