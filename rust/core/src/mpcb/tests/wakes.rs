//! `take_wakes` beside `poll_action`: the short way for the usual segment overlooks nothing.

use super::*;
use crate::config::{AddressList, LocalAddress};

/// The way to a state.
type Make = fn() -> Mpcb;

/// What there is to do on a connection that was brought there twice: all of it, and the wakeups with what is left.
fn both_ways(make: Make) -> (Vec<Action>, Wakes, Vec<Action>) {
    let (mut whole, mut short) = (make(), make());
    let wakes = short.take_wakes(NOW);
    (actions(&mut whole, NOW), wakes, actions(&mut short, NOW))
}

fn unread() -> Mpcb {
    let mut mpcb = mapped();
    mpcb.set_rcv_space(0);
    mpcb
}

fn acked() -> Mpcb {
    let mut mpcb = passive();
    mpcb.snd_append(100, NOW);
    maps(&mut mpcb, SF, 100, NOW).unwrap();
    actions(&mut mpcb, NOW);
    let ack = acks(&mpcb, 101);
    comes(&mut mpcb, SF, (1, 0, 101), &[ack], NOW);
    mpcb
}

/// A write that memory is refused for.
fn starved() -> Mpcb {
    let mut mpcb = passive();
    mpcb.snd_append(100, NOW);
    actions(&mut mpcb, NOW);
    let mut tx = mpcb.subflow_tx(SF).unwrap();
    mpcb.pool_mut().set_limit(0);
    assert_eq!(mpcb.mp_get_map(SF, &mut tx, &WANT), MapGrant::NoMemory);
    mpcb
}

fn with_an_address_more() -> Mpcb {
    let mut mpcb = mapped();
    let mut list = AddressList::EMPTY;
    list.push(LocalAddress { addr: "10.0.0.9".parse().unwrap(), backup: false }).unwrap();
    mpcb.addresses_changed(&list, NOW).unwrap();
    mpcb
}

fn half_closed() -> Mpcb {
    let mut mpcb = mapped();
    let fin = data_fin(&mpcb, 101, None);
    arrives(&mut mpcb, 101, 0, &[fin]);
    assert_eq!(mpcb.mp_do_reass(SF, 0, NOW), RxStep::Wait);
    mpcb
}

fn aborted() -> Mpcb {
    let mut mpcb = mapped();
    mpcb.abort();
    mpcb
}

#[test]
fn the_wakeups_and_what_is_left_are_what_poll_action_gives() {
    let states: [(&str, Make); 8] = [
        ("new", passive),
        ("read", mapped),
        ("unread", unread),
        ("acked", acked),
        ("starved", starved),
        ("with an address more", with_an_address_more),
        ("half closed", half_closed),
        ("aborted", aborted),
    ];
    for (state, make) in states {
        let (whole, wakes, left) = both_ways(make);
        assert_eq!(wakes.reader, whole.contains(&Action::WakeReader), "{state}");
        assert_eq!(wakes.writer, whole.contains(&Action::WakeWriter), "{state}");
        let others = |action: &&Action| !matches!(action, Action::WakeReader | Action::WakeWriter);
        assert_eq!(left, whole.iter().filter(others).copied().collect::<Vec<_>>(), "{state}");
        // Asking in vain is allowed, overlooking is not.
        assert!(wakes.more || left.is_empty(), "{state}: {left:?}");
    }
}

#[test]
fn data_wakes_the_reader_once_and_leaves_nothing_to_ask_for() {
    let mut mpcb = mapped();
    actions(&mut mpcb, NOW);
    let map = mapping(&mpcb, 101, 100);
    arrives(&mut mpcb, 101, 100, &[map]);
    assert!(matches!(mpcb.mp_do_reass(SF, 100, NOW), RxStep::Deliver { len: 100, .. }));
    assert_eq!(mpcb.take_wakes(NOW), Wakes { reader: true, writer: false, more: false });
    assert_eq!(mpcb.take_wakes(NOW), Wakes::default());
}

#[test]
fn a_data_ack_wakes_the_writer_and_what_waits_for_memory_is_asked_for() {
    let mut mpcb = acked();
    assert!(mpcb.take_wakes(NOW).writer);
    assert!(!mpcb.take_wakes(NOW).writer, "taken twice");
    let mut mpcb = starved();
    assert!(mpcb.take_wakes(NOW).more, "nobody arms the timer for another try");
    actions(&mut mpcb, NOW);
    assert!(mpcb.next_timer().is_some_and(|at| at <= NOW + Duration::from_millis(50)));
}
