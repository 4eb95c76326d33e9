//! Which paths are wanted when.

use super::*;

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
    case.pm.postpone(now);
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
    let pair = Pair { local: 0, remote: 5 };
    case.opened(pair, at(1));
    case.pm.pair_down(pair, Down::Lost, at(2));
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
fn a_lost_path_is_tried_at_a_steady_pace_then_seldom_and_is_not_given_up() {
    let mut case = case(Role::Active, Version::V1);
    let pair = Pair { local: 0, remote: 0 };
    let mut now = at(0);
    case.pm.pair_down(pair, Down::Lost, now);
    let mut tries = Vec::new();
    while now < at(3600) {
        let next = case.pm.next_attempt(&existing(&[])).unwrap();
        assert_eq!(case.pm.next_attempt(&existing(&[(0, 0)])), None, "while it is being tried, nothing is due");
        assert_eq!(case.wanted(&[], now).is_some(), next <= now);
        now = next.max(now);
        assert_eq!(case.wanted(&[], now), Some((0, 0)));
        tries.push((now - at(0)).as_secs());
        // Nobody answers for two seconds.
        case.pm.begin(pair, now, &mut case.pool).unwrap();
        now = now + Duration::from_secs(2);
        case.pm.pair_down(pair, Down::Silent, now);
    }
    assert_eq!(tries[..3], [1, 3, 5]);
    let between = |from: u64, to: u64| tries.iter().filter(|at| (from..to).contains(at)).count();
    assert_eq!((between(0, 60), between(60, 600), between(600, 3600)), (30, 54, 45));
    // The interface is back.
    case.pm.retry_now(ip("10.0.0.1"), now);
    assert_eq!(case.wanted(&[], now), Some((0, 0)));
    assert!(case.pm.pair_up(pair, now), "it had worked before");
}

#[test]
fn a_join_over_a_lost_path_that_fails_at_once_is_not_tried_again_at_once() {
    let mut case = case(Role::Active, Version::V1);
    let pair = Pair { local: 0, remote: 0 };
    case.pm.pair_down(pair, Down::Lost, at(0));
    // Its address is on no interface: the caller's connect(2) fails.
    case.pm.begin(pair, at(1), &mut case.pool).unwrap();
    case.pm.pair_down(pair, Down::Silent, at(1));
    assert_eq!(case.pm.next_attempt(&existing(&[])), Some(at(3)));
}

#[test]
fn a_path_that_never_worked_is_tried_with_growing_waits_and_then_given_up() {
    let mut case = case(Role::Active, Version::V1);
    let (pair, backoff) = (Pair { local: 0, remote: 0 }, Config::DEFAULT.timers.rejoin);
    let mut now = at(0);
    case.pm.pair_down(pair, Down::Silent, now);
    let mut waits = Vec::new();
    while let Some(next) = case.pm.next_attempt(&existing(&[])) {
        waits.push(next - now);
        assert!(waits.len() < 50);
        now = next;
        case.failed(pair, Down::Silent, now);
    }
    assert_eq!(waits.len(), usize::from(backoff.retries));
    assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]) && waits.iter().all(|wait| *wait <= backoff.cap));
    assert_eq!(waits[0], Duration::from_secs(1));
}

#[test]
fn a_path_that_does_not_last_waits_longer_each_time() {
    let mut case = case(Role::Active, Version::V1);
    let pair = Pair { local: 0, remote: 0 };
    let mut now = at(0);
    let mut wait = |case: &mut Case, lasts: Duration| {
        now = now + lasts;
        case.pm.pair_down(pair, Down::Lost, now);
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
    case.failed(Pair { local: 0, remote: 5 }, Down::Refused, at(0));
    assert_eq!(case.wanted(&[(0, 0)], at(1000)), None);
    case.pm.on_add_addr(&add, true, at(0), &mut case.pool).unwrap();
    assert_eq!(case.wanted(&[(0, 0)], at(1000)), Some((0, 5)));
}

#[test]
fn families_are_not_mixed() {
    let mut case = case(Role::Active, Version::V1);
    case.addresses(&["fd00::1"], at(0));
    assert_eq!(case.wanted(&[(0, 0)], at(0)), None);
    case.pm.on_add_addr(&announced(5, "fd00::2"), true, at(0), &mut case.pool).unwrap();
    assert_eq!(case.wanted(&[(0, 0)], at(0)), Some((1, 5)));
}

const FIRST: Pair = Pair { local: 0, remote: 0 };
const TO_5: Pair = Pair { local: 0, remote: 5 };

#[test]
fn the_first_address_of_the_peer_is_not_joined_after_it_was_removed() {
    let mut case = case(Role::Active, Version::V1);
    case.addresses(&["10.0.1.1"], at(0));
    assert_eq!(case.wanted(&[(0, 0)], at(0)), Some((1, 0)));
    assert!(case.pm.on_remove_addr(0) && !case.pm.on_remove_addr(0));
    assert!(!case.pm.may_rejoin(FIRST) && !case.pm.may_rejoin(Pair { local: 1, remote: 0 }));
    for have in [&[(0, 0)][..], &[]] {
        assert_eq!((case.wanted(have, at(1000)), case.pm.next_attempt(&existing(have))), (None, None));
    }
    case.pm.pair_down(FIRST, Down::ForGood, at(1));
    assert_eq!(case.wanted(&[], at(1000)), None);
}

#[test]
fn the_first_address_comes_back_when_it_is_announced_under_its_own_id_or_another() {
    let removed = || {
        let mut case = case(Role::Active, Version::V1);
        case.pm.on_remove_addr(0);
        case.pm.pair_down(FIRST, Down::ForGood, at(1));
        case
    };
    let mut case = removed();
    case.hears(0, "10.0.0.2", at(2));
    assert_eq!(case.signals(at(2)).len(), 1, "the echo");
    assert_eq!(case.wanted(&[], at(2)), Some((0, 0)));
    let mut case = removed();
    case.hears(7, "10.0.0.2", at(2));
    assert_eq!(case.wanted(&[], at(2)), Some((0, 7)));
    assert_eq!(case.pm.wanted(&existing(&[]), at(2)).unwrap().remote, SERVER.parse().unwrap());
    // Id 0 is the first subflow's address and port, nothing else.
    let mut case = removed();
    let other_port = AddAddr { port: Some(444), ..announced(0, "10.0.0.2") };
    for add in [announced(0, "10.0.0.3"), other_port] {
        let refused = case.pm.on_add_addr(&add, true, at(2), &mut case.pool);
        assert_eq!(refused, Err(AddrRefused::Unusable), "{add:?}");
    }
    assert_eq!((case.wanted(&[], at(2)), case.pm.next_signal()), (None, None));
}

#[test]
fn removed_and_announced_again_before_its_subflow_has_closed_it_is_joined() {
    for (pair, addr) in [(FIRST, "10.0.0.2"), (TO_5, "10.0.0.5")] {
        let mut case = case(Role::Active, Version::V1);
        if pair == TO_5 {
            case.hears(5, addr, at(0));
            case.opened(pair, at(0));
            case.pm.on_remove_addr(0);
        }
        case.pm.on_remove_addr(pair.remote);
        case.hears(pair.remote, addr, at(1));
        case.pm.pair_down(pair, Down::ForGood, at(2));
        assert_eq!(case.wanted(&[], at(2)), Some((0, pair.remote)));
    }
}

#[test]
fn removed_then_closed_then_announced_it_is_joined() {
    let mut case = case(Role::Active, Version::V1);
    case.hears(5, "10.0.0.5", at(0));
    case.opened(TO_5, at(0));
    case.pm.on_remove_addr(5);
    case.pm.pair_down(TO_5, Down::ForGood, at(1));
    case.hears(5, "10.0.0.5", at(2));
    assert_eq!(case.wanted(&[(0, 0)], at(2)), Some((0, 5)));
}

#[test]
fn removal_of_an_unknown_id_changes_nothing() {
    let mut case = case(Role::Active, Version::V1);
    case.hears(5, "10.0.0.5", at(0));
    case.failed(TO_5, Down::Silent, at(0));
    assert!(!case.pm.on_remove_addr(6));
    assert_eq!(case.wanted(&[(0, 0)], at(0)), None, "it still waits");
    assert_eq!(case.wanted(&[(0, 0)], at(1)), Some((0, 5)));
}

#[test]
fn announced_again_a_path_that_lives_or_waits_keeps_its_history() {
    let mut case = case(Role::Active, Version::V1);
    case.hears(5, "10.0.0.5", at(0));
    case.opened(TO_5, at(0));
    case.pm.pair_down(TO_5, Down::Lost, at(1));
    case.hears(5, "10.0.0.5", at(1));
    assert_eq!(case.wanted(&[(0, 0)], at(1)), None, "a path that waits is not hurried");
    case.opened(TO_5, at(2));
    case.hears(5, "10.0.0.5", at(2));
    case.pm.pair_down(TO_5, Down::Refused, at(3));
    assert_eq!(case.wanted(&[(0, 0)], at(4)), None, "the second wait is longer");
    assert_eq!(case.wanted(&[(0, 0)], at(5)), Some((0, 5)), "a path that worked is not given up after one refusal");
}

#[test]
fn a_path_is_up_since_it_came_up_first() {
    let mut case = case(Role::Active, Version::V1);
    case.pm.pair_down(FIRST, Down::Lost, at(0));
    case.opened(FIRST, at(10));
    case.pm.pair_up(FIRST, at(10) + STEADY);
    case.pm.pair_down(FIRST, Down::Lost, at(10) + STEADY);
    assert_eq!(case.pm.next_attempt(&existing(&[])), Some(at(11) + STEADY), "the first wait again");
}

#[test]
fn another_port_of_an_announced_address_is_tried_at_once() {
    let mut case = case(Role::Active, Version::V1);
    case.hears(5, "10.0.0.5", at(0));
    case.failed(TO_5, Down::Silent, at(0));
    let moved = AddAddr { port: Some(444), ..announced(5, "10.0.0.5") };
    case.pm.on_add_addr(&moved, true, at(0), &mut case.pool).unwrap();
    assert_eq!(case.pm.wanted(&existing(&[(0, 0)]), at(0)).unwrap().remote, "10.0.0.5:444".parse().unwrap());
    // The path that lives on the old port keeps its history.
    case.opened(TO_5, at(1));
    case.pm.pair_down(TO_5, Down::Lost, at(2));
    case.opened(TO_5, at(3));
    case.hears(6, "10.0.0.6", at(4));
    case.failed(Pair { local: 0, remote: 6 }, Down::Refused, at(4));
    case.hears(5, "10.0.0.5", at(4));
    case.pm.pair_down(TO_5, Down::Refused, at(5));
    assert_eq!((case.wanted(&[(0, 0)], at(6)), case.wanted(&[(0, 0)], at(7))), (None, Some((0, 5))));
    case.opened(TO_5, at(7));
    assert_eq!(case.wanted(&[(0, 0), (0, 5)], at(60)), None, "6 stays refused");
    let nowhere = AddAddr { port: Some(0), ..announced(5, "10.0.0.5") };
    assert_eq!(case.pm.on_add_addr(&nowhere, true, at(0), &mut case.pool), Err(AddrRefused::Unusable));
}

#[test]
fn a_lost_address_of_ours_waits_until_it_is_back() {
    let mut case = case(Role::Active, Version::V1);
    case.addresses(&["10.0.1.1"], at(0));
    let from_1 = Pair { local: 1, remote: 0 };
    for (pair, addr, other) in [(FIRST, "10.0.0.1", (1, 0)), (from_1, "10.0.1.1", (0, 0))] {
        case.failed(pair, Down::Silent, at(0));
        case.pm.note_lost(ip("10.9.9.9"));
        assert_eq!(case.pm.next_attempt(&existing(&[other])), Some(at(1)), "another address was lost");
        case.pm.note_lost(ip(addr));
        assert_eq!(case.pm.next_attempt(&existing(&[other])), None);
        case.pm.retry_now(ip("10.9.9.9"), at(5));
        assert_eq!(case.wanted(&[other], at(5)), None, "another address came back");
        case.pm.retry_now(ip(addr), at(5));
        assert_eq!(case.wanted(&[other], at(5)), Some((pair.local, 0)));
        case.opened(pair, at(5));
        // What lives stays as it is.
        case.pm.note_lost(ip(addr));
        case.pm.retry_now(ip(addr), at(5));
        assert_eq!(case.wanted(&[other], at(6)), None);
    }
}

#[test]
fn a_withdrawn_address_of_ours_is_forgotten_with_its_paths() {
    let mut case = case(Role::Active, Version::V1);
    case.addresses(&["10.0.1.1"], at(0));
    let from_1 = Pair { local: 1, remote: 0 };
    case.failed(from_1, Down::Refused, at(0));
    case.addresses(&[], at(0));
    assert!(!case.pm.may_rejoin(from_1) && case.pm.may_rejoin(FIRST));
    case.all_signals();
    case.addresses(&["10.0.1.2"], at(10));
    assert_eq!(case.wanted(&[(0, 0)], at(10)), Some((1, 0)), "the id is free, and nothing is held against it");
}

#[test]
fn paths_of_a_backup_address_are_backups() {
    let mut case = case(Role::Active, Version::V1);
    let mut list = AddressList::EMPTY;
    list.push(LocalAddress { addr: ip("10.0.1.1"), backup: true }).unwrap();
    case.pm.set_locals(&list, at(0), &mut case.pool).unwrap();
    let wanted = case.pm.wanted(&existing(&[(0, 0)]), at(0)).unwrap();
    assert!(wanted.backup && wanted.local == ip("10.0.1.1") && wanted.remote == SERVER.parse().unwrap());
    assert!(case.pm.is_backup(1) && !case.pm.is_backup(0) && !case.pm.is_backup(2));
    case.addresses(&["10.0.1.1"], at(0));
    assert!(!case.pm.is_backup(1), "the list says otherwise now");
    case.pm.set_locals(&list, at(0), &mut case.pool).unwrap();
    case.pm.set_locals(&AddressList::EMPTY, at(0), &mut case.pool).unwrap();
    assert!(!case.pm.is_backup(1), "no address of ours any more");
}
