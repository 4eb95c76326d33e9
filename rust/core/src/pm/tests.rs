//! Ids, announcements, removals, and which paths are wanted when.

use super::paths::{STEADY, common_prefix};
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
        core::iter::from_fn(|| self.pm.take_removed(now, &mut self.pool)).collect()
    }

    fn signals(&mut self, now: Instant) -> Vec<MpOption> {
        core::iter::from_fn(|| self.pm.take_signal(&self.agreed, now)).collect()
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
    let mut sent = 0;
    while let Some(next) = case.pm.next_signal() {
        sent += case.signals(next).len();
        assert!(sent < 50);
    }
    assert_eq!(sent, 1 + usize::from(Config::DEFAULT.timers.add_addr.retries));
}

#[test]
fn v0_announces_without_hmac_and_does_not_wait_for_an_echo() {
    let mut case = case(Role::Passive, Version::V0);
    case.addresses(&["10.0.1.2"], at(0));
    let mut forms = Vec::new();
    while let Some(next) = case.pm.next_signal() {
        forms.extend(case.signals(next));
    }
    assert_eq!(forms.len(), 3);
    assert!(forms.iter().all(|option| matches!(option, MpOption::AddAddr(add) if add.form == AddAddrForm::V0)));
}

#[test]
fn the_active_side_announces_nothing() {
    let mut case = case(Role::Active, Version::V1);
    case.addresses(&["10.0.1.1"], at(0));
    assert_eq!(case.pm.next_signal(), None);
    assert_eq!(case.signals(at(0)), []);
}

#[test]
fn disjoint_paths_come_before_a_mesh() {
    let mut case = case(Role::Active, Version::V1);
    case.addresses(&["10.0.1.1"], at(0));
    case.pm.on_add_addr(&announced(5, "10.0.1.2"), true, at(0), &mut case.pool).unwrap();
    assert_eq!(case.wanted(&[(0, 0)], at(0)), Some((1, 5)));
    let rest = case.wanted(&[(0, 0), (1, 5)], at(1)).unwrap();
    assert!(rest == (0, 5) || rest == (1, 0));
    assert_eq!(case.wanted(&[(0, 0), (1, 5), (0, 5), (1, 0)], at(1)), None);
}

#[test]
fn a_mesh_waits_until_no_more_addresses_come() {
    let mut case = case(Role::Active, Version::V1);
    case.addresses(&["10.0.1.1", "10.0.2.1"], at(0));
    case.pm.on_add_addr(&announced(5, "10.0.1.2"), true, at(1), &mut case.pool).unwrap();
    let have = [(0, 0), (1, 5), (2, 0)];
    // Each known address has its subflow. The next one may be announced with the next segment.
    assert_eq!(case.wanted(&have, at(1)), None);
    assert_eq!(case.pm.next_attempt(&existing(&have)), Some(at(1) + MESH_WAIT));
    let later = at(1) + Duration::from_millis(200);
    case.pm.on_add_addr(&announced(6, "10.0.2.2"), true, later, &mut case.pool).unwrap();
    assert_eq!(case.wanted(&have, later), Some((2, 6)), "a new address does not wait");
    let have = [(0, 0), (1, 5), (2, 0), (2, 6)];
    assert_eq!(case.wanted(&have, at(1) + MESH_WAIT), None, "it put the mesh off again");
    assert!(case.wanted(&have, later + MESH_WAIT).is_some());
}

#[test]
fn a_mesh_without_memory_waits() {
    let mut case = case(Role::Active, Version::V1);
    case.addresses(&["10.0.1.1"], at(0));
    case.pm.on_add_addr(&announced(5, "10.0.1.2"), true, at(0), &mut case.pool).unwrap();
    let (have, now) = ([(0, 0), (1, 5)], at(1));
    let (local, remote) = case.wanted(&have, now).unwrap();
    case.pm.postpone(Pair { local, remote }, now);
    let later = case.pm.next_attempt(&existing(&have)).unwrap();
    assert!(later > now);
    assert_eq!((case.wanted(&have, now), case.wanted(&have, later)), (None, Some((local, remote))));
}

#[test]
fn among_equal_pairs_the_nearer_addresses_come_first() {
    let mut case = case(Role::Active, Version::V1);
    case.addresses(&["10.0.1.1"], at(0));
    case.pm.on_add_addr(&announced(5, "10.0.1.2"), true, at(0), &mut case.pool).unwrap();
    // Both would share one address with one other subflow.
    assert_eq!(case.wanted(&[(0, 0), (1, 0)], at(0)), Some((1, 5)));
    assert_eq!((common_prefix(ip("10.0.1.1"), ip("10.0.1.2")), common_prefix(ip("fd00::1"), ip("fd00::1"))), (30, 128));
}

#[test]
fn a_lost_pair_of_a_mesh_waits_for_its_own_time_only() {
    let mut case = case(Role::Active, Version::V1);
    case.addresses(&["10.0.1.1"], at(0));
    case.pm.on_add_addr(&announced(5, "10.0.1.2"), true, at(0), &mut case.pool).unwrap();
    case.pm.pair_down(Pair { local: 0, remote: 5 }, Down::Lost, at(2), &mut case.pool);
    case.pm.on_add_addr(&announced(6, "fd00::6"), true, at(3), &mut case.pool).unwrap();
    assert_eq!(case.wanted(&[(0, 0), (1, 5), (1, 0)], at(3)), Some((0, 5)));
}

#[test]
fn flag_c_keeps_joins_from_the_first_address() {
    let mut case = case(Role::Active, Version::V1);
    case.pm.deny_remote_id0 = true;
    case.addresses(&["10.0.1.1"], at(0));
    assert_eq!(case.wanted(&[(0, 0)], at(0)), None);
    case.pm.on_add_addr(&announced(5, "10.0.1.2"), true, at(0), &mut case.pool).unwrap();
    assert!(matches!(case.wanted(&[(0, 0)], at(0)), Some((_, 5))));
}

#[test]
fn the_passive_side_joins_only_where_it_is_told_to() {
    let mut case = case(Role::Passive, Version::V1);
    case.addresses(&["10.0.1.2"], at(0));
    case.pm.on_add_addr(&announced(5, "10.0.2.1"), true, at(0), &mut case.pool).unwrap();
    assert_eq!(case.wanted(&[(0, 0)], at(0)), None);
    case.pm.joins_on_add_addr = true;
    assert_eq!(case.wanted(&[(0, 0)], at(0)), Some((1, 5)));
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
    for (id, addr) in [(0, "10.0.3.3"), (6, "224.0.0.1"), (6, "127.0.0.1"), (6, "0.0.0.0"), (5, "10.0.3.3")] {
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
    while let Some(next) = case.pm.next_signal().filter(|next| *next < at(100)) {
        for signal in case.signals(next.max(at(5))) {
            match signal {
                MpOption::RemoveAddr(gone) => {
                    assert_eq!(gone.as_slice(), [1]);
                    removals += 1;
                }
                MpOption::AddAddr(add) => ids.push(add.addr_id),
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(removals, 2);
    assert!(!ids.is_empty() && ids.iter().all(|id| *id == 2), "{ids:?}");
}

#[test]
fn a_removed_remote_is_not_joined_until_it_is_announced_again() {
    let mut case = case(Role::Active, Version::V1);
    let add = announced(5, "10.0.1.2");
    case.pm.on_add_addr(&add, true, at(0), &mut case.pool).unwrap();
    assert!(case.pm.on_remove_addr(5) && !case.pm.on_remove_addr(5));
    assert_eq!(case.signals(at(0)), [], "no echo for what is gone");
    assert_eq!(case.wanted(&[(0, 0)], at(0)), None);
    case.pm.on_add_addr(&add, true, at(0), &mut case.pool).unwrap();
    assert_eq!(case.wanted(&[(0, 0)], at(0)), Some((0, 5)));
}

#[test]
fn a_lost_path_is_tried_with_growing_waits_and_then_given_up() {
    let mut case = case(Role::Active, Version::V1);
    let (pair, backoff) = (Pair { local: 0, remote: 0 }, Config::DEFAULT.timers.rejoin);
    let mut now = at(0);
    assert!(case.pm.pair_down(pair, Down::Lost, now, &mut case.pool));
    let mut waits = Vec::new();
    while let Some(next) = case.pm.next_attempt(&existing(&[])) {
        assert_eq!(case.pm.next_attempt(&existing(&[(0, 0)])), None, "while it is being tried, nothing is due");
        assert_eq!(case.wanted(&[], now), None);
        waits.push(next - now);
        now = next;
        assert_eq!(case.wanted(&[], now), Some((0, 0)));
        case.pm.pair_down(pair, Down::Silent, now, &mut case.pool);
    }
    assert_eq!(waits.len(), usize::from(backoff.retries));
    assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]) && waits.iter().all(|wait| *wait <= backoff.cap));
    assert_eq!(waits[0], Duration::from_secs(1));
    // The interface is back.
    case.pm.retry_now(ip("10.0.0.1"), now);
    assert_eq!(case.wanted(&[], now), Some((0, 0)));
    assert!(case.pm.pair_up(pair, now), "it had worked before");
}

#[test]
fn a_path_that_does_not_last_waits_longer_each_time() {
    let mut case = case(Role::Active, Version::V1);
    let pair = Pair { local: 0, remote: 0 };
    let mut now = at(0);
    let mut wait = |case: &mut Case, lasts: Duration| {
        now = now + lasts;
        case.pm.pair_down(pair, Down::Lost, now, &mut case.pool);
        let from = now;
        now = case.pm.next_attempt(&existing(&[])).unwrap();
        case.pm.pair_up(pair, now);
        now.since(from).as_secs()
    };
    let short = Duration::from_millis(500);
    let waits: Vec<u64> = (0..4).map(|_| wait(&mut case, short)).collect();
    assert_eq!(waits, [1, 2, 4, 8]);
    assert_eq!(wait(&mut case, STEADY), 1);
    assert_eq!(wait(&mut case, short), 2);
}

#[test]
fn a_refused_address_is_left_alone_until_announced_again() {
    let mut case = case(Role::Active, Version::V1);
    let add = announced(5, "10.0.1.2");
    case.pm.on_add_addr(&add, true, at(0), &mut case.pool).unwrap();
    assert!(!case.pm.pair_down(Pair { local: 0, remote: 5 }, Down::Refused, at(0), &mut case.pool));
    assert_eq!(case.wanted(&[(0, 0)], at(1000)), None);
    case.pm.on_add_addr(&add, true, at(0), &mut case.pool).unwrap();
    assert_eq!(case.wanted(&[(0, 0)], at(1000)), Some((0, 5)));
}

#[test]
fn there_is_a_limit_to_what_a_peer_may_announce_and_memory_comes_back() {
    let mut case = case(Role::Active, Version::V1);
    for id in 1..=MAX_REMOTES as u8 {
        case.pm.on_add_addr(&announced(id, &std::format!("10.0.9.{id}")), true, at(0), &mut case.pool).unwrap();
    }
    let more = case.pm.on_add_addr(&announced(200, "10.0.8.8"), true, at(0), &mut case.pool);
    assert_eq!(more, Err(AddrRefused::NoRoom));
    case.pm.clear(&mut case.pool);
    assert_eq!(case.pool.used(), 0);
}

#[test]
fn families_are_not_mixed() {
    let mut case = case(Role::Active, Version::V1);
    case.addresses(&["fd00::1"], at(0));
    assert_eq!(case.wanted(&[(0, 0)], at(0)), None);
    case.pm.on_add_addr(&announced(5, "fd00::2"), true, at(0), &mut case.pool).unwrap();
    assert_eq!(case.wanted(&[(0, 0)], at(0)), Some((1, 5)));
}
