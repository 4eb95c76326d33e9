//! DSS checksums, and what they find.

use anyhow::{Result, ensure};

use super::bed::{Opener, Plan, cannot_run};
use super::judge::{Count, LINUX_WAS_JOINED};
use super::transfer::{FILE, Sender, transfer};

#[test]
fn linux_asks_for_checksums() -> Result<()> {
    if cannot_run("linux_asks_for_checksums") {
        return Ok(());
    }
    for opener in Opener::BOTH {
        for sender in Sender::BOTH {
            let bed = Plan::new(2).extra(false).sysctl("net.mptcp.checksum_enabled", "1").build()?;
            let pair = bed.connect(opener)?;
            transfer(&bed, &pair, sender, FILE, &[])?;
            bed.our_mptcp()?;
            // Whoever was joined: the other tests count that.
            let any = ["MPJoinSynRx", "MPJoinAckRx", "MPJoinSynTx", "MPJoinSynAckRx", "AddAddr", "EchoAddTx"];
            bed.judge(&[&any.map(|name| (name, Count::Any))])?;
            drop(pair);
            bed.all_closed()?;
        }
    }
    Ok(())
}

#[test]
fn we_ask_for_checksums() -> Result<()> {
    if cannot_run("we_ask_for_checksums") {
        return Ok(());
    }
    for sender in Sender::BOTH {
        let bed = Plan::new(2).extra(false).build_with(|host| host.mptcp.checksum = true)?;
        let pair = bed.connect(Opener::Ours)?;
        transfer(&bed, &pair, sender, FILE, &[])?;
        bed.our_mptcp()?;
        bed.judge(&[&LINUX_WAS_JOINED])?;
    }
    Ok(())
}

/// A box changes payload on one of two paths: the checksum finds it, the path is reset, the file is whole.
#[test]
fn corruption_on_one_of_two_paths() -> Result<()> {
    if cannot_run("corruption_on_one_of_two_paths") {
        return Ok(());
    }
    for (sender, way) in [(Sender::Ours, "ab"), (Sender::Linux, "ba")] {
        let bed = Plan::new(2)
            .extra(false)
            .sysctl("net.mptcp.checksum_enabled", "1")
            // Far apart: on a busy machine a hundred segments in a row may be lost behind it, or be repetitions.
            .middlebox(1, &format!("corrupt:dir={way},on=data,after=2m,nth=500,limit=5"))
            .build()?;
        let pair = bed.connect(Opener::Ours)?;
        transfer(&bed, &pair, sender, FILE, &[])?;
        let stats = bed.our_conn()?;
        ensure!(stats.is_mptcp, "our connection fell back: {:?}", stats.fallback);
        if sender == Sender::Ours {
            let found =
                [("DataCsumErr", Count::AtLeast(1)), ("MPFailTx", Count::AtLeast(1)), ("MPRstTx", Count::AtLeast(1))];
            // We join again over the path.
            let joins = [("MPJoinSynRx", Count::AtLeast(1)), ("MPJoinAckRx", Count::AtLeast(1))];
            bed.judge(&[&found, &joins])?;
            ensure!(stats.core.fail_received >= 1, "we got no MP_FAIL: {:?}", stats.core);
        } else {
            let told = [("MPFailRx", Count::AtLeast(1)), ("MPRstRx", Count::Any)];
            let joins = [("MPJoinSynRx", Count::AtLeast(1)), ("MPJoinAckRx", Count::AtLeast(1))];
            bed.judge(&[&told, &joins])?;
            ensure!(stats.core.checksum_errors >= 1, "we found no checksum error: {:?}", stats.core);
        }
    }
    Ok(())
}
