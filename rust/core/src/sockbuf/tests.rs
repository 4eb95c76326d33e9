//! The two buffers' invariants under any order of events.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Copy, Debug)]
enum Op {
    Append(u64),
    Shut,
    Map(u64),
    Ack(u64),
    Window(u64, u32),
    Release,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..3000_u64).prop_map(Op::Append),
        Just(Op::Shut),
        (0..2000_u64).prop_map(Op::Map),
        (0..20_000_u64).prop_map(Op::Ack),
        (0..20_000_u64, 0..5000_u32).prop_map(|(ack, window)| Op::Window(ack, window)),
        Just(Op::Release),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn order_holds_whatever_happens(ops in proptest::collection::vec(op(), 0..60)) {
        let mut snd = SndBuf::new(4000);
        for op in ops {
            let before = snd;
            match op {
                Op::Append(bytes) => snd.append(bytes),
                Op::Shut => snd.shut(),
                Op::Map(bytes) => snd.mapped(bytes.min(snd.unmapped())),
                Op::Ack(ack) => {
                    let outcome = snd.data_ack(ack);
                    prop_assert_eq!(outcome == DataAcked::Advanced, snd.una() > before.una());
                    prop_assert!(outcome == DataAcked::Advanced || snd.una() == before.una());
                }
                Op::Window(ack, window) => {
                    prop_assert_eq!(snd.window(ack, window), snd.edge() > before.edge());
                }
                Op::Release => {
                    let bytes = snd.release();
                    prop_assert_eq!(snd.base(), before.base() + bytes);
                    prop_assert_eq!(snd.sb_cc(), snd.sb_actual());
                }
            }
            prop_assert!(snd.base() <= snd.una() && snd.una() <= snd.nxt());
            prop_assert!(snd.nxt() <= snd.end() || (snd.fin_acked() && snd.una() == snd.end() + 1));
            prop_assert!(snd.edge() >= before.edge() && snd.end() >= before.end());
            prop_assert!(snd.sb_cc() <= snd.sb_actual());
            prop_assert!(snd.mappable() <= snd.unmapped());
            prop_assert!(!before.is_shut() || snd.end() == before.end());
        }
    }

    #[test]
    fn the_receive_edge_never_moves_left(spaces in proptest::collection::vec((0..900_u64, 0..70_000_u32), 0..40)) {
        let (mut rcv, mut nxt) = (RcvWindow::new(65_535), 1_u64);
        for (read, space) in spaces {
            let before = rcv.edge();
            nxt = (nxt + read).min(rcv.edge());
            let moved = rcv.set_space(nxt, space);
            prop_assert_eq!(rcv.edge(), before + moved);
            prop_assert_eq!(rcv.edge(), before.max(nxt + u64::from(space)));
            prop_assert_eq!(u64::from(rcv.advertise(nxt)), rcv.edge() - nxt);
        }
    }
}

#[test]
fn a_data_fin_takes_one_number_after_all_data_is_mapped() {
    let mut snd = SndBuf::new(1000);
    snd.append(10);
    snd.shut();
    assert_eq!(snd.fin_due(), None);
    assert_eq!(snd.data_ack(12), DataAcked::Invalid, "nothing was sent");
    snd.mapped(10);
    assert_eq!(snd.fin_due(), Some(11));
    assert!(snd.outstanding());
    assert_eq!(snd.data_ack(11), DataAcked::Advanced);
    assert!(snd.outstanding() && !snd.fin_acked());
    assert_eq!(snd.data_ack(13), DataAcked::Invalid);
    assert_eq!(snd.data_ack(12), DataAcked::Advanced);
    assert!(snd.fin_acked() && !snd.outstanding());
    assert_eq!(snd.sb_cc(), 0);
    assert_eq!(snd.release(), 10);
}

#[test]
fn acknowledged_bytes_stay_until_they_are_released() {
    let mut snd = SndBuf::new(1000);
    snd.append(100);
    snd.mapped(100);
    assert_eq!(snd.data_ack(61), DataAcked::Advanced);
    assert_eq!((snd.sb_cc(), snd.sb_actual()), (40, 100));
    assert_eq!(snd.release(), 60);
    assert_eq!((snd.sb_cc(), snd.sb_actual()), (40, 40));
    assert_eq!(snd.release(), 0);
}

#[test]
fn what_may_be_mapped_is_written_and_within_the_window() {
    let mut snd = SndBuf::new(100);
    assert_eq!((snd.mappable(), snd.outstanding(), snd.is_shut()), (0, false, false));
    snd.append(40);
    assert_eq!((snd.mappable(), snd.unmapped()), (40, 40), "all that was written");
    snd.append(200);
    assert_eq!((snd.mappable(), snd.unmapped()), (100, 240), "what the window admits");
    snd.mapped(30);
    assert_eq!((snd.mappable(), snd.outstanding()), (70, true));
    assert!(!snd.window(1, 100), "known");
    assert!(!snd.window(1, 50), "it never shrinks");
    assert!(snd.window(11, 100), "by ten bytes");
    assert_eq!((snd.mappable(), snd.edge()), (80, 111));
    assert_eq!(snd.data_ack(31), DataAcked::Advanced);
    assert!(!snd.outstanding(), "all that was mapped is acknowledged");
    snd.shut();
    assert!(snd.is_shut());
    snd.append(1);
    assert_eq!(snd.end(), 241, "nothing behind the end");
}

#[test]
fn the_receive_edge_can_be_opened_beyond_what_is_free() {
    let mut rcv = RcvWindow::new(100);
    assert_eq!(rcv.edge(), 101);
    assert!(!rcv.open_to(101) && !rcv.open_to(50), "it is there already");
    assert_eq!(rcv.edge(), 101);
    assert!(rcv.open_to(102));
    assert_eq!((rcv.edge(), rcv.advertise(1)), (102, 101));
}
