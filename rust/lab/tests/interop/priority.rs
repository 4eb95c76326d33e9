//! Backup subflows and MP_PRIO.

use anyhow::{Context, Result, bail, ensure};
use mptcp_lab::netns::Side;

use super::bed::{Bed, Opener, Plan, cannot_run};
use super::judge::{Count, LINUX_JOINED, LINUX_WAS_JOINED, report};
use super::transfer::{FILE, Sender, transfer};

/// What may go over a path that carries no data: handshakes, ACKs, DATA_FIN.
const LITTLE: u64 = FILE / 50;

/// Bytes over path 1 in the direction of the data.
fn second_path(bed: &Bed, sender: Sender) -> Result<u64> {
    let [to_linux, to_us] = bed.carried(1)?;
    Ok(if sender == Sender::Ours { to_linux } else { to_us })
}

/// A sender may take to a backup when the other path stalls, as it may look on a busy machine: then it is not judged.
fn little(bed: &Bed, bytes: u64, what: &str) -> Result<()> {
    if bytes >= LITTLE {
        let Some(stalled) = bed.first_path_stalled()? else {
            bail!("{bytes} bytes {what}\n{}", bed.knows());
        };
        report(&format!("{bytes} bytes {what}; {stalled}"));
    }
    Ok(())
}

fn cut_first(bed: &Bed) -> Result<()> {
    for sender in Sender::BOTH {
        let sent = second_path(bed, sender)?;
        little(bed, sent, "over a backup path while the other works")?;
    }
    bed.path_up(0, false)
}

/// The backup carries nothing before, and everything after, the other path is cut.
fn backup(plan: impl Fn() -> Plan, opener: Opener, joined: &[(&str, Count)]) -> Result<()> {
    for sender in Sender::BOTH {
        let bed = plan().build()?;
        let pair = bed.connect(opener)?;
        transfer(&bed, &pair, sender, FILE, &[(FILE / 2, &cut_first)])?;
        bed.our_mptcp()?;
        bed.judge(&[joined])?;
        let sent = second_path(&bed, sender)?;
        ensure!(sent > FILE / 4, "only {sent} bytes over the backup path after the other was cut");
    }
    Ok(())
}

#[test]
fn we_join_as_backup() -> Result<()> {
    if cannot_run("we_join_as_backup") {
        return Ok(());
    }
    let joined = [LINUX_WAS_JOINED.as_slice(), &[("MPJoinSynBackupRx", Count::Sent(1))]].concat();
    backup(|| Plan::new(2).extra(true), Opener::Ours, &joined)
}

#[test]
fn linux_joins_as_backup() -> Result<()> {
    if cannot_run("linux_joins_as_backup") {
        return Ok(());
    }
    backup(|| Plan::new(2).endpoints("subflow backup"), Opener::Linux, &LINUX_JOINED)
}

/// From the second quarter of a file on the second path is a backup; then there is no third.
fn demoted(plan: Plan, opener: Opener, sender: Sender, demote: &dyn Fn(&Bed) -> Result<()>) -> Result<Bed> {
    let bed = plan.build()?;
    let pair = bed.connect(opener)?;
    let before = std::cell::Cell::new((0, 0));
    let note = |bed: &Bed| {
        before.set((second_path(bed, Sender::Ours)?, second_path(bed, Sender::Linux)?));
        Ok(())
    };
    let took = transfer(&bed, &pair, sender, FILE, &[(FILE / 4, demote), (FILE / 2, &note)])?;
    let noted = if sender == Sender::Ours { before.get().0 } else { before.get().1 };
    let more = second_path(&bed, sender)? - noted;
    if noted <= LITTLE {
        bed.both_used(sender, took)?;
    }
    little(&bed, more, "over the second path after MP_PRIO")?;
    bed.our_mptcp()?;
    Ok(bed)
}

#[test]
fn we_send_mp_prio() -> Result<()> {
    if cannot_run("we_send_mp_prio") {
        return Ok(());
    }
    let demote = |bed: &Bed| {
        bed.with_conn(|host, conn, _| {
            let subflows = host.stats(conn).map(|s| s.subflows).unwrap_or_default();
            let second = subflows.iter().find(|s| s.remote != subflows[0].remote || s.local != subflows[0].local);
            let id = second.and_then(|s| s.id).context("no second subflow")?;
            host.set_backup(conn, id, true);
            Ok(())
        })?
    };
    for sender in Sender::BOTH {
        let bed = demoted(Plan::new(2).extra(false), Opener::Ours, sender, &demote)?;
        bed.judge(&[&LINUX_WAS_JOINED, &[("MPPrioRx", Count::Sent(1))]])?;
    }
    Ok(())
}

#[test]
fn linux_sends_mp_prio() -> Result<()> {
    if cannot_run("linux_sends_mp_prio") {
        return Ok(());
    }
    let demote = |bed: &Bed| {
        let linux = bed.testbed.host(Side::B);
        let shown = linux.ip("mptcp endpoint show")?;
        let words: Vec<&str> = shown.split_whitespace().collect();
        let id = words.iter().position(|w| *w == "id").and_then(|at| words.get(at + 1)).context("no endpoint")?;
        linux.ip(&format!("mptcp endpoint change id {id} backup")).map(drop)
    };
    for sender in Sender::BOTH {
        let bed = demoted(Plan::new(2).endpoints("subflow"), Opener::Linux, sender, &demote)?;
        ensure!(bed.our_conn()?.core.prio_received >= 1, "we got no MP_PRIO");
        bed.judge(&[&LINUX_JOINED, &[("MPPrioTx", Count::Sent(1))]])?;
    }
    Ok(())
}
