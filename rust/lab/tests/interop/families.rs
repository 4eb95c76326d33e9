//! IPv6, and both families in one connection.

use anyhow::{Result, ensure};

use super::bed::{Opener, Plan, cannot_run};
use super::judge::{Count, LINUX_JOINED, LINUX_WAS_JOINED};
use super::transfer::{FILE, Sender, transfer};

#[test]
fn two_ipv6_paths() -> Result<()> {
    if cannot_run("two_ipv6_paths") {
        return Ok(());
    }
    for opener in Opener::BOTH {
        for sender in Sender::BOTH {
            let plan = Plan::new(2).v6(true, true);
            let (plan, joined) = match opener {
                Opener::Ours => (plan.extra(false), LINUX_WAS_JOINED),
                Opener::Linux => (plan.endpoints("subflow"), LINUX_JOINED),
            };
            let bed = plan.build()?;
            let pair = bed.connect(opener)?;
            let took = transfer(&bed, &pair, sender, FILE, &[])?;
            let stats = bed.our_mptcp()?;
            ensure!(stats.remote.is_ipv6(), "not IPv6: {}", stats.remote);
            bed.judge(&[&joined])?;
            bed.both_used(sender, took)?;
        }
    }
    Ok(())
}

/// The server announces its IPv6 address on the second path, the client joins there.
#[test]
fn ipv4_with_an_ipv6_second_path() -> Result<()> {
    if cannot_run("ipv4_with_an_ipv6_second_path") {
        return Ok(());
    }
    for opener in Opener::BOTH {
        for sender in Sender::BOTH {
            let plan = Plan::new(2).v6(false, true);
            let told = match opener {
                Opener::Ours => [("AddAddrTx", Count::Sent(1)), ("EchoAdd", Count::Sent(1))],
                Opener::Linux => [("AddAddr", Count::Sent(1)), ("EchoAddTx", Count::Sent(1))],
            };
            let (plan, joined) = match opener {
                Opener::Ours => (plan.endpoints("signal").extra(false), LINUX_WAS_JOINED),
                Opener::Linux => (plan.extra(false), LINUX_JOINED),
            };
            let bed = plan.build()?;
            let pair = bed.connect(opener)?;
            let took = transfer(&bed, &pair, sender, FILE, &[])?;
            let stats = bed.our_mptcp()?;
            ensure!(stats.remote.is_ipv4(), "the first path is not IPv4: {}", stats.remote);
            // Linux drops an ADD_ADDR that is sent again while it has the first still before it.
            bed.judge(&[&told, &joined, &[("AddAddrDrop", Count::Any)]])?;
            bed.both_used(sender, took)?;
        }
    }
    Ok(())
}
