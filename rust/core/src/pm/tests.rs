//! Ids, announcements and removals; the helpers of all tests of the path manager.

mod joins;
mod limits;

use super::attempts::STEADY;
use super::pairs::common_prefix;
use super::*;
use crate::config::LocalAddress;
use crate::crypto::KeyMaterial;
use mptcp_wire::{AddAddrForm, Key, MpOption};
use std::time::Duration;
use std::vec::Vec;

const SERVER: &str = "10.0.0.2:443";

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn agreed(role: Role, version: Version) -> Agreed {
    Agreed {
        version,
        role,
        local: KeyMaterial::derive(version, Key(1)),
        remote: KeyMaterial::derive(version, Key(2)),
        checksum: false,
        peer_denies_id0: false,
        first_data: None,
    }
}

fn list(addrs: &[&str]) -> AddressList {
    let mut list = AddressList::EMPTY;
    for addr in addrs {
        list.push(LocalAddress { addr: ip(addr), backup: false }).unwrap();
    }
    list
}

struct Case {
    pm: Pm,
    agreed: Agreed,
    pool: Pool,
}

fn case(role: Role, version: Version) -> Case {
    let agreed = agreed(role, version);
    let (ours, theirs) = ("10.0.0.1:4000".parse().unwrap(), SERVER.parse().unwrap());
    Case { pm: Pm::new(&agreed, &Config::DEFAULT, ours, theirs), agreed, pool: Pool::new(1 << 16) }
}

fn at(secs: u64) -> Instant {
    Instant::from_millis(secs * 1000)
}

fn announced(id: u8, addr: &str) -> AddAddr {
    AddAddr { addr_id: id, addr: ip(addr), port: None, form: AddAddrForm::Announce { hmac: 0 } }
}

fn existing(pairs: &[(u8, u8)]) -> [Option<Existing>; 32] {
    let mut list = [None; 32];
    for (slot, (local, remote)) in list.iter_mut().zip(pairs) {
        *slot = Some(Existing { pair: Pair { local: *local, remote: *remote } });
    }
    list
}

impl Case {
    fn addresses(&mut self, addrs: &[&str], now: Instant) -> Vec<u8> {
        self.pm.set_locals(&list(addrs), now, &mut self.pool).unwrap();
        core::iter::from_fn(|| self.pm.take_removed(now)).take(300).collect()
    }

    /// The peer announces `addr`.
    fn hears(&mut self, id: u8, addr: &str, now: Instant) {
        self.pm.on_add_addr(&announced(id, addr), true, now, &mut self.pool).unwrap();
    }

    /// A join began on `pair` and was confirmed.
    fn opened(&mut self, pair: Pair, now: Instant) {
        self.pm.begin(pair, Instant::ZERO, &mut self.pool).unwrap();
        self.pm.pair_up(pair, now);
    }

    /// A join began on `pair` and came to nothing.
    fn failed(&mut self, pair: Pair, down: Down, now: Instant) {
        self.pm.begin(pair, Instant::ZERO, &mut self.pool).unwrap();
        self.pm.pair_down(pair, down, now);
    }

    fn signals(&mut self, now: Instant) -> Vec<MpOption> {
        core::iter::from_fn(|| self.pm.take_signal(&self.agreed, now)).take(300).collect()
    }

    /// Everything that is sent from now on, and when.
    fn all_signals(&mut self) -> Vec<(Instant, MpOption)> {
        let mut all = Vec::new();
        for _ in 0..100 {
            let Some(next) = self.pm.next_signal() else {
                return all;
            };
            all.extend(self.signals(next).into_iter().map(|signal| (next, signal)));
        }
        panic!("it never ends: {all:?}");
    }

    fn wanted(&self, have: &[(u8, u8)], now: Instant) -> Option<(u8, u8)> {
        self.pm.wanted(&existing(have), now).map(|wanted| (wanted.pair.local, wanted.pair.remote))
    }
}

#[test]
fn the_passive_side_announces_until_the_echo_comes() {
    let mut case = case(Role::Passive, Version::V1);
    case.addresses(&["10.0.1.2", "10.0.0.1"], at(0));
    let first = case.signals(at(0));
    let [MpOption::AddAddr(add)] = first[..] else {
        panic!("one ADD_ADDR, none for the first address: {first:?}");
    };
    assert_eq!((add.addr_id, add.addr), (1, ip("10.0.1.2")));
    assert_eq!(case.signals(at(0)), []);
    assert_eq!(case.pm.next_signal(), Some(at(1)));
    assert_eq!(case.signals(at(1)), first, "again");
    assert!(case.pm.on_echo(&AddAddr { form: AddAddrForm::Echo, ..add }));
    assert_eq!(case.pm.next_signal(), None);
    assert!(!case.pm.on_echo(&announced(1, "10.9.9.9")), "an echo of something else");
}

#[test]
fn an_announcement_without_echo_is_given_up() {
    let mut case = case(Role::Passive, Version::V1);
    case.addresses(&["10.0.1.2"], at(0));
    assert_eq!(case.all_signals().len(), 1 + usize::from(Config::DEFAULT.timers.add_addr.retries));
}

#[test]
fn v0_announces_without_hmac_and_does_not_wait_for_an_echo() {
    let mut case = case(Role::Passive, Version::V0);
    case.addresses(&["10.0.1.2"], at(0));
    let forms = case.all_signals();
    assert_eq!(forms.len(), 3);
    assert!(forms.iter().all(|(_, option)| matches!(option, MpOption::AddAddr(add) if add.form == AddAddrForm::V0)));
}

#[test]
fn the_active_side_announces_nothing() {
    let mut case = case(Role::Active, Version::V1);
    case.addresses(&["10.0.1.1"], at(0));
    assert_eq!(case.pm.next_signal(), None);
    assert_eq!(case.signals(at(0)), []);
}

#[test]
fn an_announcement_is_echoed_even_if_known_and_refused_if_bad() {
    let mut case = case(Role::Active, Version::V1);
    let add = announced(5, "10.0.1.2");
    assert_eq!(case.pm.on_add_addr(&add, false, at(0), &mut case.pool), Err(AddrRefused::BadHmac));
    assert_eq!(case.signals(at(0)), []);
    for _ in 0..2 {
        case.pm.on_add_addr(&add, true, at(0), &mut case.pool).unwrap();
        let echo = MpOption::AddAddr(AddAddr { form: AddAddrForm::Echo, ..add });
        assert_eq!(case.signals(at(0)), [echo]);
    }
    for (id, addr) in [(0, "10.0.3.3"), (6, "240.0.0.1"), (6, "127.0.0.1"), (6, "169.254.0.1"), (5, "10.0.3.3")] {
        let refused = case.pm.on_add_addr(&announced(id, addr), true, at(0), &mut case.pool);
        assert_eq!(refused, Err(AddrRefused::Unusable), "{id} {addr}");
    }
}

#[test]
fn a_removed_id_is_said_twice_and_not_given_to_another_address_meanwhile() {
    let mut case = case(Role::Passive, Version::V1);
    case.addresses(&["10.0.1.2"], at(0));
    case.signals(at(0));
    assert_eq!(case.addresses(&["10.0.2.2"], at(5)), [1]);
    let mut removals = 0;
    let mut ids = Vec::new();
    for (_, signal) in case.all_signals() {
        match signal {
            MpOption::RemoveAddr(gone) => {
                assert_eq!(gone.as_slice(), [1]);
                removals += 1;
            }
            MpOption::AddAddr(add) => ids.push(add.addr_id),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(removals, 2);
    assert!(!ids.is_empty() && ids.iter().all(|id| *id == 2), "{ids:?}");
}

fn only_add(signals: &[MpOption]) -> AddAddr {
    match signals {
        [MpOption::AddAddr(add)] => *add,
        other => panic!("{other:?}"),
    }
}

/// How often each signal comes, if `lost` dies with its subflow the first time that it is handed out.
fn times_sent(case: &mut Case, mut lost: Option<MpOption>) -> usize {
    let mut sent = 0;
    for _ in 0..100 {
        let Some(now) = case.pm.next_signal() else {
            return sent;
        };
        for signal in case.signals(now) {
            sent += 1;
            if let Some(dead) = lost.take_if(|lost| *lost == signal) {
                case.pm.signal_lost(&dead, now);
                sent -= 1;
            }
        }
    }
    panic!("it never ends");
}

#[test]
fn what_died_with_its_subflow_is_sent_again_and_no_more_often_than_else() {
    let announcing = || {
        let mut case = case(Role::Passive, Version::V1);
        case.addresses(&["10.0.1.2"], at(0));
        case
    };
    let add = announcing().signals(at(0))[0];
    assert_eq!(times_sent(&mut announcing(), None), times_sent(&mut announcing(), Some(add)));
    let removing = || {
        let mut case = case(Role::Active, Version::V1);
        case.addresses(&["10.0.1.2"], at(0));
        assert_eq!(case.addresses(&[], at(0)), [1]);
        case
    };
    let removal = removing().signals(at(0))[0];
    assert_eq!((times_sent(&mut removing(), None), times_sent(&mut removing(), Some(removal))), (2, 2));
    let echoing = || {
        let mut case = case(Role::Active, Version::V1);
        case.hears(5, "10.0.1.2", at(0));
        case
    };
    let echo = echoing().signals(at(0))[0];
    assert_eq!((times_sent(&mut echoing(), None), times_sent(&mut echoing(), Some(echo))), (1, 1));
}

#[test]
fn the_last_repetition_too_is_sent_again_if_it_is_lost() {
    let mut case = case(Role::Passive, Version::V1);
    case.addresses(&["10.0.1.2", "10.0.1.3"], at(0));
    case.addresses(&["10.0.1.2"], at(0));
    case.signals(at(0));
    let removals = case.signals(at(1));
    let removal = removals.into_iter().find(|signal| matches!(signal, MpOption::RemoveAddr(_))).unwrap();
    case.pm.signal_lost(&removal, at(1));
    assert_eq!(case.signals(at(1)), [removal]);
    let (now, add) = *case.all_signals().last().unwrap();
    case.pm.signal_lost(&add, now);
    assert_eq!(case.signals(now), [add]);
    assert_eq!(case.pm.next_signal(), None, "and then no more");
}

#[test]
fn an_echo_that_came_before_the_loss_ends_the_announcement() {
    let mut case = case(Role::Passive, Version::V1);
    case.addresses(&["10.0.1.2"], at(0));
    let sent = case.signals(at(0));
    assert!(case.pm.on_echo(&only_add(&sent)));
    case.pm.signal_lost(&sent[0], at(0));
    assert_eq!(case.pm.next_signal(), None);
}

#[test]
fn a_lost_echo_is_not_sent_for_what_was_removed_meanwhile() {
    let mut case = case(Role::Active, Version::V1);
    case.hears(5, "10.0.1.2", at(0));
    let echo = case.signals(at(0));
    case.pm.on_remove_addr(5);
    case.pm.signal_lost(&echo[0], at(0));
    assert_eq!(case.pm.next_signal(), None);
    case.hears(5, "10.0.1.3", at(1));
    case.signals(at(1));
    case.pm.signal_lost(&echo[0], at(1));
    assert_eq!(case.pm.next_signal(), None, "another address has the id");
}

#[test]
fn an_address_that_a_peer_joined_to_is_announced_when_it_is_configured() {
    let mut case = case(Role::Passive, Version::V1);
    assert_eq!(case.pm.local_id(ip("10.0.1.2"), &mut case.pool), Ok(1));
    assert_eq!(case.addresses(&[], at(0)), [], "it was never configured");
    assert_eq!(case.pm.next_signal(), None);
    case.addresses(&["10.0.1.2"], at(0));
    assert_eq!(only_add(&case.signals(at(0))).addr_id, 1);
    assert_eq!(case.addresses(&[], at(0)), [1]);
}

#[test]
fn an_address_that_comes_back_is_announced_with_another_id() {
    let mut case = case(Role::Passive, Version::V1);
    case.addresses(&["10.0.1.2"], at(0));
    assert_eq!(case.addresses(&[], at(0)), [1]);
    // Before the caller has dealt with it, it is as if nothing had happened.
    assert_eq!(case.addresses(&["10.0.1.2"], at(0)), []);
    let ids: Vec<_> = case.signals(at(0)).into_iter().filter(|signal| matches!(signal, MpOption::AddAddr(_))).collect();
    assert_eq!(only_add(&ids).addr_id, 2);
    assert_eq!(case.pm.local_id(ip("10.0.1.2"), &mut case.pool), Ok(2));
    let mut case = self::case(Role::Passive, Version::V1);
    case.addresses(&["10.0.1.2"], at(0));
    case.pm.set_locals(&AddressList::EMPTY, at(0), &mut case.pool).unwrap();
    assert_eq!(case.addresses(&["10.0.1.2"], at(0)), []);
    assert_eq!(only_add(&case.signals(at(0))).addr_id, 1);
}

#[test]
fn the_first_subflows_address_is_neither_announced_nor_removed_with_the_list() {
    let mut case = case(Role::Passive, Version::V1);
    case.addresses(&["10.0.0.1", "10.0.1.2"], at(0));
    assert_eq!(only_add(&case.signals(at(0))).addr, ip("10.0.1.2"));
    assert_eq!(case.addresses(&["10.0.1.2"], at(0)), []);
    assert_eq!(case.pm.local_id(ip("10.0.0.1"), &mut case.pool), Ok(0));
    assert!(case.pm.is_primary(ip("10.0.0.1")) && !case.pm.is_primary(ip("10.0.1.2")));
}

#[test]
fn loopback_is_announced_only_where_the_connection_runs_over_it() {
    for (primary, announced) in [("10.0.0.1:1", 0), ("127.0.0.1:1", 1)] {
        let mut case = case(Role::Passive, Version::V1);
        case.pm.primary_local = primary.parse().unwrap();
        case.addresses(&["127.0.0.2"], at(0));
        assert_eq!(case.signals(at(0)).len(), announced, "{primary}");
    }
}
