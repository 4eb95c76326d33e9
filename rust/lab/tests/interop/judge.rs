//! What Linux and our host counted, held against what should have happened.

use std::thread;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use mptcp_lab::clock::Clock;
use mptcp_lab::host::ConnStats;
use mptcp_lab::measure::{Counters, counters};
use mptcp_lab::netns::{Side, not_judged};

use super::bed::Bed;
use super::transfer::{FILE, Sender};

/// How long anything is waited for that must come: longer than any load makes it wait.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);
/// A segment or signal is sent again so often at most, where its answer is late.
const REPEATS: u64 = 8;

/// Of the kernel's counters (`MPTcpExt*`), those that stay 0 unless a test says otherwise: HMAC and
/// checksum errors, every way back to TCP, every reset, signals that nobody asked for.
const QUIET: [&str; 29] = [
    "MPCapableFallbackACK",
    "MPCapableFallbackSYNACK",
    "MPFallbackTokenInit",
    "MPJoinNoTokenFound",
    "MPJoinSynAckHMacFailure",
    "MPJoinAckHMacFailure",
    "MPJoinRejected",
    "MPJoinSynTxBindErr",
    "MPJoinSynTxConnectErr",
    "DSSNotMatching",
    "DSSCorruptionFallback",
    "DSSCorruptionReset",
    "DSSNoMatchTCP",
    "InfiniteMapTx",
    "InfiniteMapRx",
    "DataCsumErr",
    "AddAddrDrop",
    "RmAddrDrop",
    "MismatchPortSynRx",
    "MPFailTx",
    "MPFailRx",
    "MPFastcloseTx",
    "MPFastcloseRx",
    "MPRstTx",
    "MPRstRx",
    "Blackhole",
    "MPCapableDataFallback",
    "DssFallback",
    "FallbackFailed",
];

/// Those that tell of joins and addresses: exactly as a test says, 0 where it says nothing.
const SIGNALS: [&str; 13] = [
    "MPJoinSynRx",
    "MPJoinSynBackupRx",
    "MPJoinAckRx",
    "MPJoinSynTx",
    "MPJoinSynAckRx",
    "AddAddr",
    "AddAddrTx",
    "EchoAdd",
    "EchoAddTx",
    "RmAddr",
    "RmAddrTx",
    "MPPrioTx",
    "MPPrioRx",
];

/// How often something should have been counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Count {
    Is(u64),
    /// So often, and more where an answer was so late that something was sent again: then it is not judged.
    Sent(u64),
    AtLeast(u64),
    /// It may happen, and does not matter.
    Any,
}

impl Count {
    pub(crate) fn admits(self, value: u64) -> bool {
        match self {
            Count::Is(n) => value == n,
            Count::Sent(n) => (n..=n * REPEATS).contains(&value),
            Count::AtLeast(n) => value >= n,
            Count::Any => true,
        }
    }

    /// Waiting will not help: counters only grow.
    fn is_exceeded(self, value: u64) -> bool {
        match self {
            Count::Is(n) => value > n,
            Count::Sent(n) => value > n * REPEATS,
            Count::AtLeast(_) | Count::Any => false,
        }
    }
}

/// Names without `MPTcpExt`.
pub(crate) type Expected<'a> = &'a [(&'a str, Count)];

/// What a join that Linux answered leaves behind.
pub(crate) const LINUX_WAS_JOINED: [(&str, Count); 2] =
    [("MPJoinSynRx", Count::Sent(1)), ("MPJoinAckRx", Count::Is(1))];
/// What a join that Linux opened leaves behind.
pub(crate) const LINUX_JOINED: [(&str, Count); 2] =
    [("MPJoinSynTx", Count::Sent(1)), ("MPJoinSynAckRx", Count::Sent(1))];

impl Bed {
    /// The kernel's counters.
    pub(crate) fn linux(&self) -> Result<Counters> {
        counters(self.testbed.host(Side::B))
    }

    /// Checks the kernel's counters: those named as said, the others of [`QUIET`] and [`SIGNALS`] zero.
    /// Waits for what is still on its way.
    pub(crate) fn judge(&self, expected: &[Expected<'_>]) -> Result<()> {
        let expected: Vec<_> = expected.iter().copied().flatten().copied().collect();
        let clock = Clock::start();
        loop {
            let counted = self.linux()?;
            let of = |name: &str| counted.get(&format!("MPTcpExt{name}"));
            let wrong = |(name, count): &(&str, Count)| {
                (!count.admits(of(name))).then(|| format!("{name} is {}, not {count:?}", of(name)))
            };
            let named = |name: &&&str| expected.iter().any(|(other, _)| other == *name);
            let silent = QUIET.iter().chain(&SIGNALS).filter(|name| !named(name)).map(|name| (*name, Count::Is(0)));
            let all: Vec<String> = expected.iter().copied().chain(silent.clone()).filter_map(|e| wrong(&e)).collect();
            if all.is_empty() {
                for (name, count) in &expected {
                    if matches!(count, Count::Sent(n) if of(name) > *n) {
                        report(&format!("{name} is {}: answers were late", of(name)));
                    }
                }
                return Ok(());
            }
            let hopeless = expected.iter().copied().chain(silent).any(|(name, count)| count.is_exceeded(of(name)));
            ensure!(!hopeless && late_by(clock).is_none(), "Linux counted: {}\n{}", all.join("; "), self.knows());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// The only connection of our host: still multipath, and nothing wrong was seen on it.
    pub(crate) fn our_mptcp(&self) -> Result<ConnStats> {
        let stats = self.our_conn()?;
        ensure!(stats.is_mptcp, "our connection fell back: {:?}", stats.fallback);
        let core = &stats.core;
        let wrong = [core.bad_hmacs, core.checksum_errors, core.bad_options, core.bad_data_acks, core.maps_conflicting];
        ensure!(wrong == [0; 5], "hmacs, checksums, options, DATA_ACKs, maps that were wrong: {wrong:?}");
        Ok(stats)
    }

    /// The only connection of our host.
    pub(crate) fn our_conn(&self) -> Result<ConnStats> {
        let mut all = self.ours()?;
        ensure!(all.len() == 1, "{} connections", all.len());
        Ok(all.remove(0))
    }

    /// Waits until something holds of our connection.
    pub(crate) fn until(&self, what: &str, holds: impl Fn(&ConnStats) -> bool) -> Result<()> {
        let clock = Clock::start();
        while !self.ours()?.last().is_some_and(&holds) {
            ensure!(late_by(clock).is_none(), "not within {LIMIT:?}: {what}\n{}", self.knows());
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Waits until Linux has no MPTCP connection any more: both sides closed in good order.
    pub(crate) fn all_closed(&self) -> Result<()> {
        let clock = Clock::start();
        while self.linux()?.get("MPTcpExtMPCurrEstab") != 0 {
            ensure!(late_by(clock).is_none(), "Linux still has connections\n{}", self.knows());
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Both paths have carried more than a fiftieth of a file for which the transfer took so long. If one of them
    /// did not, and the other was not full either, the programs were what was slow: then it is not judged.
    pub(crate) fn both_used(&self, sender: Sender, took: Duration) -> Result<()> {
        let carried = [self.carried(0)?, self.carried(1)?];
        if carried.iter().all(|ways| ways.iter().any(|bytes| *bytes > FILE / 50)) {
            return Ok(());
        }
        let most = carried.iter().flatten().max().copied().unwrap_or(0) as f64 * 8e-6 / took.as_secs_f64();
        let rate = self.rate();
        if most < 0.7 * rate {
            report(&format!("{sender:?} used one path only, with {most:.0} of {rate:.0} Mbit/s"));
            return Ok(());
        }
        bail!("{sender:?} used one path only, which was full\n{}", self.knows())
    }

    /// Why the first path may have looked dead to a sender although it was up: a retransmission timeout of either
    /// side. `None`: there was none.
    pub(crate) fn first_path_stalled(&self) -> Result<Option<String>> {
        let stalls = self.our_conn()?.core.stalls;
        let timeouts = self.linux()?.get("TcpExtTCPTimeouts");
        Ok((stalls + timeouts > 0).then(|| format!("{stalls} stalls of our subflows, {timeouts} timeouts of Linux")))
    }

    /// What both sides know, for messages.
    pub(crate) fn knows(&self) -> String {
        let linux = self.linux().map(|c| format!("{:?}", c.nonzero("MPTcpExt"))).unwrap_or_default();
        let ours = self.ours().map(|all| {
            let last = all.into_iter().next_back();
            last.map(|s| {
                let core: Vec<_> = s.core.iter().filter(|(_, n)| *n != 0).collect();
                format!(
                    "mptcp {} fallback {:?} read {} written {} queues {}/{} held {} core {core:?}\n{:#?}",
                    s.is_mptcp,
                    s.fallback,
                    s.octets_read,
                    s.octets_written,
                    s.send_queue,
                    s.receive_queue,
                    s.held,
                    s.subflows
                )
            })
        });
        let late = self.testbed.bridge().lateness();
        format!("Linux: {linux}\nours: {}\npaths: {late:?}", ours.ok().flatten().unwrap_or_default())
    }
}

/// How long past the limit it is, if it is.
fn late_by(clock: Clock) -> Option<Duration> {
    Duration::from_micros(clock.now().micros()).checked_sub(LIMIT)
}

/// Says that the test that is running did not judge something.
pub(crate) fn report(reason: &str) {
    not_judged(thread::current().name().unwrap_or("interop"), reason);
}
