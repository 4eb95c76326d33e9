//! Walking option areas as segments carry them, and broken ones.

use mptcp_wire::tcp_options::{TcpOptions, mptcp_options};
use mptcp_wire::{MpOption, MpPrio, ParseError};

const PRIO: MpOption = MpOption::Prio(MpPrio { backup: true, addr_id: None });

#[test]
fn a_syn_as_stacks_send_it() {
    // MSS, SACK permitted, timestamps, NOP, window scale, MP_CAPABLE: 24 octets.
    let area = [2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7, 30, 4, 0x01, 0x01];
    let walked: Vec<(u8, usize)> = TcpOptions::new(&area)
        .map(|option| option.map(|(kind, option)| (kind, option.len())))
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(walked, [(2, 4), (4, 2), (8, 10), (3, 3), (30, 4)]);
    let found: Vec<_> = mptcp_options(&area).collect();
    assert!(matches!(found[..], [Ok(MpOption::Capable(_))]));
}

#[test]
fn padding_and_the_end_of_the_list() {
    assert_eq!(TcpOptions::new(&[]).count(), 0);
    assert_eq!(TcpOptions::new(&[1, 1, 1, 1]).count(), 0);
    assert_eq!(TcpOptions::new(&[0, 30, 0, 0]).count(), 0);
    let area = [1, 30, 3, 0x51, 1, 1, 0, 30];
    assert_eq!(mptcp_options(&area).collect::<Vec<_>>(), [Ok(PRIO)]);
}

#[test]
fn a_bad_length_is_told_once_and_ends_the_walk() {
    for len in [0, 1] {
        let area = [30, 3, 0x51, 8, len, 30, 3, 0x51];
        assert_eq!(mptcp_options(&area).collect::<Vec<_>>(), [Ok(PRIO), Err(ParseError::BadLength)]);
    }
}

#[test]
fn an_option_longer_than_the_area_is_told_once() {
    for area in [&[30, 3, 0x51, 8, 10, 0][..], &[30, 3, 0x51, 8][..]] {
        assert_eq!(mptcp_options(area).collect::<Vec<_>>(), [Ok(PRIO), Err(ParseError::Truncated)]);
    }
}

#[test]
fn an_option_not_understood_does_not_hide_the_next() {
    let area = [30, 5, 0x60, 0, 0, 30, 3, 0x90, 30, 2, 30, 3, 0x51];
    assert_eq!(
        mptcp_options(&area).collect::<Vec<_>>(),
        [Err(ParseError::BadLength), Err(ParseError::UnknownSubtype(9)), Err(ParseError::BadLength), Ok(PRIO)]
    );
}
