//! Tests.

use super::{Cut, Evidence, Failing, Fallback, Situation, Verdict};
use crate::handshake::FallbackReason;
use crate::subflow::SubflowId;
use core::time::Duration;
use mptcp_wire::{MpFail, MpOption};
use std::vec::Vec;

const ALONE: Situation = Situation { sole: true, possible: true, in_data_order: true };

#[test]
fn options_that_are_missing_from_the_beginning_mean_plain_tcp() {
    let evidence = [
        Evidence::FirstData,
        Evidence::Acked { first: true, in_a_row: 1 },
        Evidence::Timeout { silent: 1 },
        Evidence::NeverConfirmed,
    ];
    for evidence in evidence {
        assert_eq!(ALONE.judge(evidence), Verdict::FallBack, "{evidence:?}");
        for refused in [Situation { possible: false, ..ALONE }, Situation { in_data_order: false, ..ALONE }] {
            assert_ne!(refused.judge(evidence), Verdict::FallBack, "{evidence:?} {refused:?}");
        }
    }
}

#[test]
fn options_that_vanish_later_need_more_than_one_sign() {
    for in_a_row in 0..8 {
        assert_eq!(ALONE.judge(Evidence::Acked { first: false, in_a_row }), Verdict::Wait);
    }
    assert_eq!(ALONE.judge(Evidence::Acked { first: false, in_a_row: 8 }), Verdict::FallBack);
}

#[test]
fn without_fallback_the_subflow_is_given_up() {
    let sole = Situation { possible: false, ..ALONE };
    let joined = Situation { sole: false, possible: false, in_data_order: false };
    for (situation, evidence, verdict) in [
        (sole, Evidence::FirstData, Verdict::Reset),
        (joined, Evidence::FirstData, Verdict::Reset),
        (sole, Evidence::Acked { first: true, in_a_row: 1 }, Verdict::Reset),
        (sole, Evidence::Acked { first: false, in_a_row: 8 }, Verdict::Wait),
        (joined, Evidence::Acked { first: false, in_a_row: 7 }, Verdict::Wait),
        (joined, Evidence::Acked { first: false, in_a_row: 8 }, Verdict::Reset),
        (sole, Evidence::Timeout { silent: 1 }, Verdict::Wait),
        (sole, Evidence::Timeout { silent: 2 }, Verdict::Reset),
        (joined, Evidence::Timeout { silent: 1 }, Verdict::Reset),
        (sole, Evidence::NeverConfirmed, Verdict::Wait),
        (joined, Evidence::NeverConfirmed, Verdict::Wait),
    ] {
        assert_eq!(situation.judge(evidence), verdict, "{situation:?} {evidence:?}");
    }
}

/// 300 bytes are outstanding of 1,000 that the subflow carried; 900 were never mapped to it.
const CUT: Cut = Cut { sf: SubflowId(3), next_ssn: 1001, una: 1601, nxt: 1901, rcv_dsn: 77, unheard: false };

#[test]
fn the_infinite_mapping_begins_at_the_first_byte_without_data_ack() {
    let mut fallback = Fallback::new(FallbackReason::PeerFailed, &CUT);
    assert_eq!((fallback.sf(), fallback.reason()), (SubflowId(3), FallbackReason::PeerFailed));
    assert_eq!(fallback.infinite_map(701), Some((701, 1601)));
    assert_eq!(fallback.infinite_map(1001), Some((701, 1601)), "nothing behind it was acknowledged");
    assert_eq!(fallback.infinite_map(1002), None);
    assert_eq!(fallback.data_acked(700), None, "from before");
    assert_eq!(fallback.data_acked(701), Some(1601));
    assert_eq!(fallback.data_acked(1101), Some(2001));
}

#[test]
fn whoever_falls_back_alone_says_so() {
    let mut fallback = Fallback::new(FallbackReason::NoDss, &CUT);
    let fail = Some(MpOption::Fail(MpFail { dsn: 77 }));
    assert!(fallback.keeps_data_ack() && !fallback.is_trusted());
    assert_eq!(fallback.fail_option(), fail);
    fallback.data_acked(1001);
    assert_eq!(fallback.fail_option(), fail, "acknowledged before the peer could know");
    fallback.data_acked(1002);
    assert_eq!(fallback.fail_option(), None, "the peer goes on");

    let unheard = Fallback::new(FallbackReason::NoDss, &Cut { unheard: true, ..CUT });
    assert!(unheard.is_trusted(), "nothing was taken that the peer could send again");

    let mut told = Fallback::new(FallbackReason::PeerFailed, &CUT);
    assert!(told.is_trusted() && !told.keeps_data_ack());
    assert_eq!(told.fail_option(), None);
    told.answer_fail(88);
    assert_eq!(told.fail_option(), Some(MpOption::Fail(MpFail { dsn: 88 })));
}

#[test]
fn mp_fail_is_repeated_for_a_while() {
    let mut fallback = Fallback::new(FallbackReason::NoDss, &CUT);
    let waits: Vec<_> = core::iter::from_fn(|| fallback.repeat_fail()).take(9).collect();
    assert_eq!(waits, [200, 400, 800, 1600].map(Duration::from_millis));
    assert_eq!(fallback.fail_option(), None);
    assert!(!fallback.keeps_data_ack());
    assert!(!fallback.is_trusted(), "the peer has still said nothing");
}

#[test]
fn an_infinite_mapping_is_asked_for_again_and_again() {
    let mut failing = Failing::new(77);
    assert_eq!(failing.option(), MpOption::Fail(MpFail { dsn: 77 }));
    let waits: Vec<_> = core::iter::from_fn(|| failing.repeat()).take(9).collect();
    assert_eq!(waits, [200, 400, 800, 1600, 3200, 6400].map(Duration::from_millis));
}

#[test]
fn the_peers_infinite_mapping_settles_it() {
    let mut fallback = Fallback::new(FallbackReason::NoDss, &CUT);
    fallback.peer_follows();
    assert!(fallback.is_trusted() && !fallback.keeps_data_ack());
    assert_eq!(fallback.fail_option(), None);
}
