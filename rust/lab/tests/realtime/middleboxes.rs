//! The middleboxes between two hosts of the kernel: what its MPTCP makes of them. Needs root.

use mptcp_lab::link::{LinkConfig, PathConfig};
use mptcp_lab::measure::{Counters, Iperf, Progress, counters, kernel_pair};
use mptcp_lab::netns::{Interrupt, Need, Side, address, skip};

/// A second of iperf3 with this middlebox on both paths (`{n}` is the path's number): the counters
/// of client and server.
fn with(middlebox: &str) -> (Counters, Counters) {
    let path = |n: usize| {
        let mut path = PathConfig::symmetric(LinkConfig::new(20, 2, 64 * 1024));
        path.middleboxes = vec![middlebox.replace("{n}", &n.to_string()).parse().unwrap()];
        path
    };
    let testbed = kernel_pair(&[path(0), path(1)], 1, true).unwrap();
    let (a, b) = (testbed.host(Side::A), testbed.host(Side::B));
    let iperf = Iperf { server: address(Side::B, 0, false), mptcp: true, reverse: false, seconds: 1 };
    let mut progress = Progress::new(middlebox, 1, testbed.bridge());
    let through = iperf.run(a, b, &Interrupt::default(), &mut progress).unwrap();
    assert!(through.received_mbit > 1.0, "{middlebox}: {through:?}");
    (counters(a).unwrap(), counters(b).unwrap())
}

#[test]
fn boxes_that_mptcp_survives() {
    if skip("boxes_that_mptcp_survives", &Need::INTEROP) {
        return;
    }
    for middlebox in ["sequence", "split:rate=20%", "nat:v4=10.73.{n}.77"] {
        let (a, b) = with(middlebox);
        // iperf3 has a control connection and one for the data.
        assert_eq!(b.get("MPTcpExtMPCapableACKRX"), 2, "{middlebox}");
        assert_eq!(b.get("MPTcpExtMPJoinAckRx"), 2, "{middlebox}");
        for host in [a, b] {
            assert_eq!(host.get("MPTcpExtDSSNoMatchTCP") + host.get("TcpExtTCPRetransFail"), 0, "{middlebox}");
            assert_eq!(host.get("TcpInCsumErrors"), 0, "{middlebox}");
        }
    }
}

#[test]
fn boxes_that_take_multipath_away() {
    if skip("boxes_that_take_multipath_away", &Need::INTEROP) {
        return;
    }
    let (a, b) = with("strip:on=syn");
    assert_eq!((a.get("MPTcpExtMPCapableSYNTX"), b.get("MPTcpExtMPCapableSYNRX")), (2, 0));

    let (a, b) = with("strip:on=synack");
    assert_eq!((b.get("MPTcpExtMPCapableSYNRX"), a.get("MPTcpExtMPCapableSYNACKRX")), (2, 0));

    let (a, b) = with("drop:on=syn,subtype=1");
    assert_eq!(b.get("MPTcpExtMPCapableACKRX"), 2);
    assert!(a.get("MPTcpExtMPJoinSynTx") >= 2);
    assert_eq!(b.get("MPTcpExtMPJoinSynRx"), 0);
}
