//! Joins that must not come up (RFC 8684 section 3.2), packet by packet.

use std::net::SocketAddr;
use std::time::Duration;

use mptcp_wire::{MpJoin, MpOption, MpTcpRst, RstReason};

use super::hand::{Flow, Hand, PORT, Packet, Sent, between, join_syn};
use super::world::address;
use crate::host::Flags;

const SYN_ACK: Flags = Flags(Flags::SYN.0 | Flags::ACK.0);

fn second() -> Duration {
    Duration::from_secs(1)
}

/// The only packet of `sent` on the flow: a RST that a host with a half-open flow accepts, for it lies where the
/// SYN/ACK's acknowledgement says. Returns its options.
fn the_reset<'a>(sent: &'a [Sent], flow: &Flow) -> &'a [MpOption] {
    let ours: Vec<&Sent> = sent.iter().filter(|sent| between(sent, flow)).collect();
    let [rst] = ours.as_slice() else { panic!("not one packet: {ours:?}") };
    assert!(rst.flags.has(Flags::RST) && !rst.flags.has(Flags::SYN), "{rst:?}");
    assert_eq!((rst.seq, rst.payload.len()), (flow.ack, 0), "{rst:?}");
    &rst.options
}

fn says(reason: RstReason) -> [MpOption; 1] {
    [MpOption::TcpRst(MpTcpRst { transient: false, reason })]
}

#[test]
fn a_syn_ack_with_a_wrong_hmac_is_reset() {
    let mut hand = Hand::new(|_| {});
    let (_, conn, sent) = hand.be_opened();
    let (mut flow, join) = hand.joined(&join_syn(&sent));
    let MpOption::Join(MpJoin::SynAck { hmac, backup, addr_id, nonce }) = join else { panic!("{join:?}") };
    let forged = MpOption::Join(MpJoin::SynAck { hmac: hmac ^ 1, backup, addr_id, nonce });
    let answer = hand.send(&mut flow, Packet { flags: SYN_ACK, options: &[forged], payload: &[] });
    assert_eq!(the_reset(&answer, &flow), says(RstReason::MPTCP_ERROR));
    assert_eq!(hand.host.stats(conn).unwrap().core.bad_hmacs, 1);
    assert_eq!(hand.host.remains().flows, 1, "the first flow alone");
    // The peer says it again: it did not get the RST.
    flow.seq = flow.seq.wrapping_sub(1);
    let answer = hand.send(&mut flow, Packet { flags: SYN_ACK, options: &[forged], payload: &[] });
    the_reset(&answer, &flow);
}

#[test]
fn a_syn_ack_without_mp_join_is_reset() {
    let mut hand = Hand::new(|_| {});
    let (_, conn, sent) = hand.be_opened();
    let (mut flow, _) = hand.joined(&join_syn(&sent));
    let answer = hand.send(&mut flow, Packet { flags: SYN_ACK, options: &[], payload: &[] });
    assert_eq!(the_reset(&answer, &flow), says(RstReason::MPTCP_ERROR));
    assert!(hand.host.stats(conn).unwrap().is_mptcp);
}

#[test]
fn a_syn_ack_with_the_right_hmac_is_answered_by_the_third_ack() {
    let mut hand = Hand::new(|_| {});
    let (_, conn, sent) = hand.be_opened();
    let (mut flow, join) = hand.joined(&join_syn(&sent));
    let answer = hand.send(&mut flow, Packet { flags: SYN_ACK, options: &[join], payload: &[] });
    let third =
        |ack: &Sent| ack.is(Flags::ACK) && matches!(ack.options.as_slice(), [MpOption::Join(MpJoin::Ack { .. })]);
    assert!(!answer.is_empty() && answer.iter().all(third), "{answer:?}");
    hand.send(&mut flow, Packet::ACK);
    assert_eq!(hand.host.stats(conn).unwrap().core.joins_opened, 1);
}

#[test]
fn a_syn_ack_that_comes_after_the_end_is_reset() {
    // What the application, or the peer, does while our SYN is on its way.
    let ends: [fn(&mut Hand, &mut Flow, crate::host::ConnId); 3] = [
        |hand, _, conn| hand.host.abort(conn, hand.now),
        |hand, _, conn| hand.host.close(conn, hand.now),
        |hand, flow, _| {
            let close = MpOption::FastClose(mptcp_wire::MpFastClose { receiver_key: hand.theirs.key });
            hand.send(flow, Packet { flags: Flags::RST.and(Flags::ACK), options: &[close], payload: &[] });
        },
    ];
    for end in ends {
        let mut hand = Hand::new(|_| {});
        let (mut first, conn, sent) = hand.be_opened();
        let syn = join_syn(&sent);
        let (mut flow, join) = hand.joined(&syn);
        end(&mut hand, &mut first, conn);
        hand.poll();
        let answer = hand.send(&mut flow, Packet { flags: SYN_ACK, options: &[join], payload: &[] });
        the_reset(&answer, &flow);
        // And later, when the connection has been forgotten.
        hand.wait(5 * second());
        let (mut flow, _) = hand.joined(&syn);
        let answer = hand.send(&mut flow, Packet { flags: SYN_ACK, options: &[join], payload: &[] });
        the_reset(&answer, &flow);
    }
}

#[test]
fn a_syn_ack_that_comes_after_our_patience_is_reset() {
    let mut hand = Hand::new(|_| {});
    let (mut first, conn, sent) = hand.be_opened();
    let (mut flow, join) = hand.joined(&join_syn(&sent));
    for _ in 0..6 {
        // The connection lives on meanwhile.
        hand.wait(second());
        let dss = hand.data_ack(1);
        hand.send(&mut first, Packet { options: &[dss], ..Packet::ACK });
    }
    let answer = hand.send(&mut flow, Packet { flags: SYN_ACK, options: &[join], payload: &[] });
    the_reset(&answer, &flow);
    assert!(hand.host.stats(conn).unwrap().is_mptcp);
}

/// A RST in answer to a SYN of the hand's.
fn refused(sent: &[Sent], flow: &Flow) -> Vec<MpOption> {
    let [rst] = sent else { panic!("not one packet: {sent:?}") };
    assert!(between(rst, flow) && rst.is(Flags::RST.and(Flags::ACK)), "{rst:?}");
    assert_eq!((rst.seq, rst.ack, rst.window), (0, flow.seq, 0), "{rst:?}");
    rst.options.clone()
}

#[test]
fn a_join_goes_to_a_port_of_its_connection() {
    for (port, other, admitted) in [(PORT, None, true), (PORT + 1, None, false), (PORT + 1, Some(PORT + 1), false)] {
        let mut hand = Hand::new(|_| {});
        let (_, conn) = hand.open(false);
        if let Some(other) = other {
            hand.host.listen(other).unwrap();
        }
        for host in [address(1, 1), address(1, 2)] {
            let (flow, sent) = hand.join(SocketAddr::new(host, port));
            if admitted {
                assert!(sent.len() == 1 && sent[0].is(SYN_ACK), "{port}: {sent:?}");
            } else {
                assert_eq!(refused(&sent, &flow), says(RstReason::PROHIBITED), "{port}");
            }
        }
        assert!(hand.host.stats(conn).unwrap().is_mptcp);
    }
}

#[test]
fn a_join_to_the_port_that_we_connected_from_is_admitted() {
    // It has no listener, and is where an address without a port is announced from (RFC 8684 section 3.4.1).
    let mut hand = Hand::new(|cfg| cfg.mptcp.join_on_add_addr = mptcp_core::config::JoinOnAddAddr::Both);
    let (first, _, _) = hand.be_opened();
    let (_, sent) = hand.join(SocketAddr::new(address(1, 2), first.remote.port()));
    assert!(sent.iter().any(|sent| sent.is(SYN_ACK)), "{sent:?}");
}

#[test]
fn a_join_with_a_token_of_nobody_is_refused() {
    let mut hand = Hand::new(|_| {});
    hand.open(false);
    hand.theirs.token ^= 1;
    let (flow, sent) = hand.join(SocketAddr::new(address(1, 1), PORT));
    assert_eq!(refused(&sent, &flow), says(RstReason::MPTCP_ERROR));
}
