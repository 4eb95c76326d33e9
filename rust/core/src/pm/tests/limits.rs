//! What a peer may make grow, and what happens without memory.

use super::*;

#[test]
fn there_is_a_limit_to_what_a_peer_may_announce_and_memory_comes_back() {
    let mut case = case(Role::Active, Version::V1);
    for id in 1..=MAX_REMOTES as u8 {
        case.pm.on_add_addr(&announced(id, &std::format!("10.0.9.{id}")), true, at(0), &mut case.pool).unwrap();
    }
    let more = case.pm.on_add_addr(&announced(200, "10.0.8.8"), true, at(0), &mut case.pool);
    assert_eq!(more, Err(AddrRefused::NoRoom));
    case.failed(Pair { local: 0, remote: 1 }, Down::Silent, at(0));
    case.pm.clear(&mut case.pool);
    assert_eq!(case.pool.used(), 0);
}

#[test]
fn without_room_there_is_no_echo_so_that_the_peer_repeats() {
    let mut case = case(Role::Active, Version::V1);
    let add = announced(5, "10.0.1.2");
    case.pool.refuse_nth(0);
    assert_eq!(case.pm.on_add_addr(&add, true, at(0), &mut case.pool), Err(AddrRefused::NoRoom));
    assert_eq!((case.pm.next_signal(), case.wanted(&[(0, 0)], at(0))), (None, None));
    case.hears(5, "10.0.1.2", at(1));
    assert_eq!(case.signals(at(1)).len(), 1);
    for id in 6..=20 {
        case.hears(id, &std::format!("10.0.9.{id}"), at(1));
    }
    assert_eq!(case.signals(at(1)).len(), MAX_REMOTES - 1, "every one that was taken is echoed");
    let more = announced(21, "10.0.9.21");
    assert_eq!(case.pm.on_add_addr(&more, true, at(1), &mut case.pool), Err(AddrRefused::NoRoom));
    assert_eq!(case.pm.next_signal(), None);
    // One that is known needs no room.
    case.hears(20, "10.0.9.20", at(1));
    assert_eq!(case.signals(at(1)).len(), 1);
}

#[test]
fn a_join_that_cannot_be_remembered_is_not_begun() {
    let mut case = case(Role::Active, Version::V1);
    case.addresses(&["10.0.1.1"], at(0));
    let pair = Pair { local: 1, remote: 0 };
    case.pool.refuse_nth(0);
    assert_eq!(case.pm.begin(pair, Instant::ZERO, &mut case.pool), Err(NoMemory));
    case.pm.postpone(at(0));
    assert_eq!(case.wanted(&[(0, 0)], at(0)), None, "not at once");
    assert_eq!(case.pm.next_attempt(&existing(&[(0, 0)])), Some(at(1)));
    assert_eq!(case.wanted(&[(0, 0)], at(1)), Some((1, 0)));
    // Once begun, the end of it needs no memory.
    case.pm.begin(pair, Instant::ZERO, &mut case.pool).unwrap();
    case.pool.set_limit(0);
    assert_eq!(case.wanted(&[(0, 0)], at(1)), None, "it is under way");
    case.pm.pair_down(pair, Down::Silent, at(1));
    assert_eq!(case.wanted(&[(0, 0)], at(1)), None, "it has its wait");
    assert_eq!(case.wanted(&[(0, 0)], at(2)), Some((1, 0)));
    case.pm.begin(pair, Instant::ZERO, &mut case.pool).unwrap();
}

#[test]
fn the_first_subflows_pair_needs_no_memory() {
    let mut case = case(Role::Active, Version::V1);
    case.pool.set_limit(0);
    case.pm.on_remove_addr(0);
    case.hears(0, "10.0.0.2", at(0));
    case.failed(Pair { local: 0, remote: 0 }, Down::Silent, at(0));
    assert_eq!((case.wanted(&[], at(0)), case.wanted(&[], at(1))), (None, Some((0, 0))));
}

#[test]
fn addresses_that_come_and_go_leave_nothing_behind() {
    let mut case = case(Role::Active, Version::V1);
    for round in 0..1000_u32 {
        let id = u8::try_from(round % 255 + 1).unwrap();
        case.hears(id, "10.0.0.9", at(0));
        let pair = Pair { local: 0, remote: id };
        case.pm.begin(pair, Instant::ZERO, &mut case.pool).unwrap();
        case.pm.on_remove_addr(id);
        case.pm.pair_down(pair, Down::Refused, at(0));
        assert_eq!(case.pm.attempts.len(), 0);
    }
    assert_eq!(case.pm.next_signal(), None);
    assert!(case.pool.peak() < 2048, "{}", case.pool.peak());
}

#[test]
fn a_peer_may_join_to_so_many_addresses_that_are_not_configured() {
    let mut case = case(Role::Passive, Version::V1);
    for n in 1..=MAX_IMPLICIT {
        let addr = ip(&std::format!("10.1.0.{n}"));
        assert_eq!(case.pm.local_id(addr, &mut case.pool), Ok(n as u8));
        assert_eq!(case.pm.local_id(addr, &mut case.pool), Ok(n as u8), "the same id");
    }
    assert_eq!(case.pm.local_id(ip("10.1.1.1"), &mut case.pool), Err(NoMemory));
    case.addresses(&["10.1.1.1"], at(0));
    assert_eq!(
        case.pm.local_id(ip("10.1.1.1"), &mut case.pool),
        Ok(MAX_IMPLICIT as u8 + 1),
        "configured ones have ids"
    );
    case.pm.clear(&mut case.pool);
    assert_eq!(case.pool.used(), 0);
}

#[test]
fn addresses_without_memory_are_left_out_and_come_with_the_next_list() {
    let mut case = case(Role::Active, Version::V1);
    case.pool.refuse_nth(0);
    assert_eq!(case.pm.set_locals(&list(&["10.0.1.1"]), at(0), &mut case.pool), Err(NoMemory));
    assert_eq!(case.wanted(&[(0, 0)], at(1)), None);
    case.addresses(&["10.0.1.1"], at(1));
    assert_eq!(case.wanted(&[(0, 0)], at(1)), Some((1, 0)));
}

#[test]
fn the_ids_of_ours_end_at_255() {
    let mut case = case(Role::Active, Version::V1);
    // Removals that nobody takes keep their ids.
    let mut removed = 0;
    for n in 0..255 {
        let (second, fourth) = (n / 200 + 1, n % 200 + 1);
        removed += case.addresses(&[&std::format!("10.0.{second}.{fourth}")], at(0)).len();
    }
    assert_eq!(removed, 254);
    assert_eq!(case.pm.set_locals(&list(&["10.0.9.1"]), at(0), &mut case.pool), Err(NoMemory));
}

/// With 32 addresses of ours and 16 of the peer's every pair may have been tried.
#[test]
fn the_next_attempt_is_found_without_comparing_every_pair_with_every_attempt() {
    let mut case = case(Role::Active, Version::V1);
    case.pool.set_limit(1 << 20);
    let ours: Vec<_> = (1..=32).map(|n| std::format!("10.1.0.{n}")).collect();
    case.addresses(&ours.iter().map(std::string::String::as_str).collect::<Vec<_>>(), at(0));
    for id in 1..=MAX_REMOTES as u8 {
        case.hears(id, &std::format!("10.2.0.{id}"), at(0));
    }
    for local in (0..=32).rev() {
        for remote in 0..=MAX_REMOTES as u8 {
            case.failed(Pair { local, remote }, Down::Silent, at(u64::from(local) + 1));
        }
    }
    let pairs = 33 * (1 + MAX_REMOTES);
    assert_eq!(case.pm.attempts.len(), pairs - 1);
    case.pm.attempts.looks.set(0);
    assert_eq!(case.pm.next_attempt(&existing(&[])), Some(at(2)));
    assert_eq!(case.wanted(&[], at(1)), None);
    let looks = case.pm.attempts.looks.get();
    assert!(looks <= 2 * pairs * 12, "{looks} looks for {pairs} pairs, twice");
}
